"""Having our log's head cosigned by another body, and believing nothing of its answer that was not verified.

    1 the shown head (or the highest locked one, while two processes show theirs), and the head cosigned last
    2 the proof that one continues the other, out of the tiles
    3 the witness is asked; told of another size, we prove from there
    4 its line is verified, then kept: an object beside the checkpoint, which outlives the database

A witness that knows a larger head than we show, or another one of the same size, has seen a log that is not this one:
`LogBehind`. It is asked for the head, which our own key must have signed. One that only claims it stops the log as
well, until its operator or ours has found out: no answer is not a yes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import NoReturn

from archive.errors import ArchiveUnavailable, LogBehind, ProofRefused, StaleSize, StorageRefused
from archive.log import merkle
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from archive.log.cosignature import Cosigned, WitnessKey, cosigned_by, read_answer, with_lines
from archive.log.note import MAX_NOTE, VerifierKey, parse_note
from archive.log.reader import TileReader, highest_checkpoint, highest_size, published_checkpoint
from archive.log.seen import Seen, check_continues, seen
from archive.log.submission import Submission
from archive.ports import CheckpointWitness, LogSigner, ObjectStore
from archive.storage import keys
from archive.storage.readback import put_bytes, read_bounded
from archive.storage.versions import borne_out
from policies.reasons import archiving as reasons

_TRIES = 4  # others may have it cosign larger heads meanwhile
_CONTRADICTIONS = (reasons.FORKED, reasons.NOT_CONSISTENT)


@dataclass(frozen=True, slots=True)
class Watcher:
    """A witness that the operator chose: its key, the way to it, and what pages call it."""

    key: WitnessKey
    witness: CheckpointWitness
    label: str = ""

    @property
    def id(self) -> str:
        return witness_id(self.key)

    @property
    def shown(self) -> str:
        return self.label or self.key.name


@dataclass(frozen=True, slots=True)
class CosignedHead:
    """A head of ours with the lines of witnesses in its note, and who they are."""

    head: SignedCheckpoint
    by: tuple[Cosigned, ...]


def witness_id(key: WitnessKey) -> str:
    """SHA-256 of the verifier key: names the witness in the store and in the catalogue."""
    return sha256(str(key).encode("utf-8")).hexdigest()


def open_cosigned(note: bytes, log: VerifierKey, witnesses: list[WitnessKey]) -> CosignedHead:
    """A head that our log and at least one of the witnesses signed. Raises `ProofRefused`."""
    head = open_checkpoint(note, log)
    by = cosigned_by(parse_note(note), witnesses)
    if not by:
        raise ProofRefused(reasons.NOT_WITNESSED, name=", ".join(key.name for key in witnesses))
    return CosignedHead(head, by)


class Cosigning:
    """The log's side. Safe for threads."""

    def __init__(self, store: ObjectStore, tiles: TileReader, signer: LogSigner) -> None:
        self._store = store
        self._tiles = tiles
        self._signer = signer
        self._key = VerifierKey.parse(signer.vkey)

    def ask(self, watcher: Watcher, last: SignedCheckpoint | None) -> CosignedHead | None:
        """The shown head with this witness's line; None while the log shows nothing.

        `last` is what it cosigned before. Raises `LogBehind`, ArchiveUnavailable when it does not answer,
        `ProofRefused` when it does not cosign for another reason or its answer does not hold.
        """
        old = last.size if last else 0
        head = self._newest(old)
        if head is None:
            return None
        if last is not None:
            check_continues(self._tiles, head, seen(last, f"the witness {watcher.key.name}"))
        for _ in range(_TRIES):
            try:
                answer = watcher.witness.add_checkpoint(self._submission(old, head))
            except StaleSize as exc:
                old, head = exc.size, self._reaching(watcher, exc.size)
            except ProofRefused as exc:
                if exc.reason in _CONTRADICTIONS:
                    self._judge(watcher, exc.text("en"))
                raise
            else:
                line = read_answer(head.note, answer, watcher.key)
                return open_cosigned(with_lines(head.note, [line]), self._key, [watcher.key])
        raise ArchiveUnavailable(f"{watcher.key.name}: its size changes faster than it can be asked")

    def probe(self, watcher: Watcher, committed: Callable[[], int]) -> Seen | None:
        """What the witness cosigned last; None when it does not tell, and knows no more than `committed` leaves.

        Raises ArchiveUnavailable when it does not answer, `LogBehind` when it knows more and shows nothing.
        """
        found = self._head_of(watcher)
        if found is not None:
            return found
        shown = published_checkpoint(self._store, self._key)
        empty = Checkpoint(self._signer.name, 0, merkle.EMPTY_ROOT)
        note = shown.note if shown else sign_checkpoint(empty, self._signer)
        try:
            watcher.witness.add_checkpoint(Submission(0, (), note).serialize())
        except StaleSize as exc:
            here = committed()
            if exc.size > here:
                raise _claims(watcher, f"it cosigned {exc.size} leaves, {here} are here") from exc
        return None

    def keep(self, watcher: Watcher, cosigned: CosignedHead, until: datetime | None) -> None:
        """Beside the checkpoint, locked, read back. Another line of the same witness may be there already."""
        key = keys.cosignature_key(watcher.id, cosigned.head.size)
        try:
            put_bytes(self._store, key, cosigned.head.note, until)
        except StorageRefused:
            open_cosigned(read_bounded(self._store, key, MAX_NOTE), self._key, [watcher.key])

    def _submission(self, old: int, head: SignedCheckpoint) -> bytes:
        path = merkle.consistency_path(old, head.size, self._tiles.at(head.size))
        root = merkle.root_hash(old, self._tiles.at(head.size))
        check_continues(
            self._tiles, head, Checkpoint(head.checkpoint.origin, old, root)
        )  # the tiles are sound
        return Submission(old, path, head.note).serialize()

    def _reaching(self, watcher: Watcher, size: int) -> SignedCheckpoint:
        """Our head, which another process may have moved on; the witness knows `size` leaves of it."""
        head = self._newest(size)
        if head is not None and head.size >= size:
            return head
        self._judge(watcher, f"it cosigned {size} leaves, {head.size if head else 0} are here")

    def _newest(self, size: int) -> SignedCheckpoint | None:
        """The shown head; the highest locked one, where that is shown too early or too late for `size` leaves."""
        head = published_checkpoint(self._store, self._key)
        if head is not None and head.size >= size:
            return head
        return highest_checkpoint(self._store, self._key) or head

    def _judge(self, watcher: Watcher, claim: str) -> NoReturn:
        """The witness contradicts our log: with the head that it shows, or without."""
        found = self._head_of(watcher)
        if found is None:
            raise _claims(watcher, claim)
        head = self._newest(found.size)
        empty = Checkpoint(self._signer.name, 0, merkle.EMPTY_ROOT)
        check_continues(self._tiles, head or empty, found)
        raise ArchiveUnavailable(
            f"{watcher.key.name} refuses ({claim}), and shows a head that is part of our log"
        )

    def _head_of(self, watcher: Watcher) -> Seen | None:
        """A head that our own key signed; whatever else the witness shows is no evidence."""
        note = watcher.witness.head(self._signer.name)
        try:
            return seen(open_checkpoint(note, self._key), f"the witness {watcher.key.name}") if note else None
        except ProofRefused:
            return None


def cosigned_in_store(store: ObjectStore, log: VerifierKey, key: WitnessKey, where: str) -> Seen | None:
    """The largest head with this witness's line that a store keeps. Raises `ProofRefused` for a false one."""
    prefix = keys.cosignatures_prefix(witness_id(key))
    size = highest_size(store, prefix)
    if size is None:
        return None
    name = keys.cosignature_key(witness_id(key), size)
    found = borne_out(
        store, name, lambda version: open_cosigned(read_bounded(store, name, MAX_NOTE, version), log, [key])
    )
    return seen(found.head, f"cosigned by {key.name}, {where}")


def merged(heads: list[CosignedHead], above: int = -1) -> CosignedHead | None:
    """Of heads larger than `above`, the one with the most witnesses, of those the largest, with all their lines."""
    groups: dict[tuple[int, bytes], list[CosignedHead]] = {}
    for one in heads:
        if one.head.size > above:
            groups.setdefault((one.head.size, one.head.root), []).append(one)
    if not groups:
        return None
    (_, _), best = max(groups.items(), key=lambda item: (len(item[1]), item[0][0]))
    note = best[0].head.note
    for other in best[1:]:
        note = with_lines(note, parse_note(other.head.note).signatures)
    first = best[0].head
    by = tuple(one for group in best for one in group.by)
    return CosignedHead(SignedCheckpoint(first.checkpoint, note, tuple(one.name for one in by)), by)


def _claims(watcher: Watcher, claim: str) -> LogBehind:
    return LogBehind(
        f"log: the witness {watcher.key.name} disputes it without showing a head ({claim}); ask its operator. If "
        "the witness is wrong, take it out of `witnesses`; if it is right, restore a newer backup (antin restore)"
    )
