"""Heads of our own log that were seen elsewhere: in a store, by a witness, in a file that somebody kept.

The log refuses to go on behind any of them, or beside it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from archive.errors import LogBehind, ProofRefused
from archive.log import merkle
from archive.log.begun import Unread, begun
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from archive.log.note import VerifierKey
from archive.log.proofs import HEADER
from archive.log.reader import TileReader, highest_checkpoint, published_checkpoint
from archive.ports import ObjectStore

NOBODY_KNOWS = b""  # the root of a head that may lie where nobody could read
_ADVICE = (
    "do not serve from this catalogue: restore a newer backup (antin restore), or make it anew from the object "
    "store (antin rebuild)"
)


@dataclass(frozen=True, slots=True)
class Seen(Checkpoint):
    """A head that the log's own key signed, and where it was seen."""

    where: str = ""


def seen(head: SignedCheckpoint, where: str) -> Seen:
    return Seen(head.checkpoint.origin, head.size, head.root, where)


def maybe(unread: Unread, where: str) -> Seen:
    """A head that may lie in openings that nobody could read: a log that is as long has it, whatever it says."""
    return Seen(
        "", unread.size, NOBODY_KNOWS, f"perhaps, in {unread.name} in {where}, which the store does not give"
    )


def in_store(store: ObjectStore, key: VerifierKey, where: str) -> list[Seen]:
    """The highest locked head of a store, the one that it shows, and the one that openings bring beyond. Raises what
    the reader raises."""
    locked, shown = highest_checkpoint(store, key), published_checkpoint(store, key)
    beyond = begun(store, key, locked.size if locked else 0)
    found = [seen(head, where) for head in (locked, shown, beyond.head) if head is not None]
    return found + ([maybe(beyond.unread, where)] if beyond.unread else [])


def in_file(data: bytes, key: VerifierKey, where: str) -> Seen:
    """The head in a checkpoint, a proof or a receipt that somebody kept. Raises `ProofRefused`."""
    note = data
    if data.lstrip().startswith(b"{"):
        note = _proof_of(data)
    if note.startswith(HEADER.encode("ascii")):
        note = note.partition(b"\n\n")[2]
    return seen(open_checkpoint(note, key), where)


def _proof_of(receipt: bytes) -> bytes:
    try:
        return str(json.loads(receipt)["proof"]).encode("utf-8")
    except (ValueError, KeyError, TypeError, RecursionError):
        return receipt  # refused as a note


def behind(size: int, found: Checkpoint) -> LogBehind:
    """The error for a log of `size` leaves that is shorter than a head seen elsewhere."""
    return LogBehind(f"log: it ends at {size} leaves, {found.size} were signed ({where(found)}); {_ADVICE}")


def forked(found: Checkpoint) -> LogBehind:
    """The error for a log that has another history than a head seen elsewhere."""
    return LogBehind(f"log: {where(found)} has another history at {found.size} leaves; {_ADVICE}")


def where(found: Checkpoint) -> str:
    return found.where if isinstance(found, Seen) and found.where else "seen elsewhere"


def check_continues(
    tiles: TileReader, head: Checkpoint | SignedCheckpoint, old: Checkpoint
) -> tuple[bytes, ...]:
    """The proof, out of the tiles, that `head` continues `old`. Raises `LogBehind`; ArchiveDamaged for bad tiles."""
    if old.size > head.size:
        raise behind(head.size, old)
    path = merkle.consistency_path(old.size, head.size, tiles.at(head.size))
    try:
        merkle.verify_consistency(old.size, old.root, head.size, head.root, path)
    except ProofRefused as exc:
        tiles.forget_tail()
        raise forked(old) from exc
    return path
