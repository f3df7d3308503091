"""What opens the leaves of a stretch of the log, beside what stands in records: `antin.openings/1`, canonical JSON.

Documents and events bring their salts in their own records. Heads of chains have no record: without their salts,
and without the rows that they cover, nobody could ever prove again that a number was voided, or who used a key.
So the sequencer stores, locked and before anything else of the stretch:

    from, to   the stretch: leaves with from ≤ index < to
    note       the checkpoint at `to`, as the catalogue committed it, signed by the log
    leaves     the entry of each, when it was committed, and whose it is: a record that is gone has a name then
    heads      index, kind, agency, number of rows covered, both salts
    chains     the rows behind each head, back to the head of that chain before it, and the hash before the first

A long stretch of rows goes into further parts, and the first part is the last one written. So whoever finds tiles
that no checkpoint names, of a service that lost its catalogue in the middle of publishing, finds here what they are.
The bytes follow from rows that never change: whoever publishes the stretch again writes the same ones. Not trusted:
the note is signed, entries lead to its root, heads to entries, rows to heads; times and owners are proved by nothing.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from archive.catalogue import Connection, opening_rows
from archive.catalogue.opening_rows import NumberedLeaf
from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.log.begun import MAX_OPENINGS
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from archive.log.edge import Edge, grow
from archive.log.leaf import MAX_ENTRY, LeafKind
from archive.log.note import VerifierKey
from archive.log.recovery import load_edge, read_edge
from archive.log.tail import kept_tails
from archive.log.tiles import WIDTH, Entries
from archive.ports import ObjectStore
from archive.record import canonical, parse
from archive.storage import keys
from archive.storage.giving import given
from archive.storage.readback import put_bytes, read_bounded
from archive.storage.versions import others

SCHEMA = "antin.openings/1"
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)
ROWS_A_PART = 2000
_STRIDE = 1024  # leaves


@dataclass(frozen=True, slots=True)
class ChainRows:
    """Rows of one chain, as JSON, and the chain's hash (hex) before the first of them."""

    previous: str
    rows: list[dict[str, Any]]


# Rows with after < ordinal ≤ upto: (connection, agency, after, upto).
ReadChain = Callable[[Connection, str, int, int], ChainRows]


def register_rows(conn: Connection, agency: str, after: int, upto: int) -> ChainRows:
    """Of the registers' journal."""
    previous, rows = opening_rows.journal(conn, agency, after, upto)
    return ChainRows(previous, rows)


REGISTER_CHAIN: Mapping[LeafKind, ReadChain] = {LeafKind.REGISTER_HEAD: register_rows}


@dataclass(frozen=True, slots=True)
class _Segment:
    """Rows of one chain with after < ordinal ≤ upto."""

    kind: LeafKind
    agency: str
    after: int
    upto: int


class Openings:
    """Makes them out of the catalogue. `chains` tells how rows of each kind of chain are read."""

    def __init__(
        self,
        reading: Callable[[], AbstractContextManager[Connection]],
        origin: str,
        chains: Mapping[LeafKind, ReadChain] = REGISTER_CHAIN,
    ) -> None:
        self._reading, self._origin, self._chains = reading, origin, chains

    def __call__(self, start: int, stop: int, note: bytes) -> list[tuple[str, bytes]]:
        """Key and bytes of each part, in the order in which they are to be written."""
        with self._reading() as conn:
            return list(reversed(list(self.of(conn, start, stop, note))))

    def of(self, conn: Connection, start: int, stop: int, note: bytes) -> Iterator[tuple[str, bytes]]:
        """The parts in their order. Raises ArchiveDamaged when a leaf of the stretch is missing."""
        found = list(opening_rows.stretch(conn, start, stop))
        if [leaf.log_index for leaf in found] != list(range(start, stop)):
            raise ArchiveDamaged(f"log: the catalogue lacks leaves between {start} and {stop}")
        first = {
            "note": note.decode(),
            "leaves": [_leaf(leaf) for leaf in found],
            "heads": [_head(leaf) for leaf in found if leaf.head_ordinal is not None],
        }
        chunks = list(_chunks(self._segments(conn, start, found))) or [[]]
        for part, chunk in enumerate(chunks):
            value = {
                "schema": SCHEMA,
                "origin": self._origin,
                "from": start,
                "to": stop,
                "part": part,
                "parts": len(chunks),
                "chains": [self._rows(conn, segment) for segment in chunk],
                **(first if part == 0 else {}),
            }
            yield keys.openings_key(start, stop, part), canonical(value)

    def _segments(self, conn: Connection, start: int, found: list[NumberedLeaf]) -> list[_Segment]:
        covered: dict[tuple[LeafKind, str], int] = {}
        segments = []
        for leaf in found:
            if leaf.head_ordinal is None or leaf.agency is None or leaf.kind not in self._chains:
                continue
            chain = (leaf.kind, leaf.agency)
            if chain not in covered:
                covered[chain] = opening_rows.head_before(conn, leaf.agency, leaf.kind, start)
            if leaf.head_ordinal > covered[chain]:
                segments.append(_Segment(*chain, covered[chain], leaf.head_ordinal))
                covered[chain] = leaf.head_ordinal
        return segments

    def _rows(self, conn: Connection, segment: _Segment) -> dict[str, Any]:
        found = self._chains[segment.kind](conn, segment.agency, segment.after, segment.upto)
        return {
            "kind": segment.kind.name,
            "agency": segment.agency,
            "previous": found.previous,
            "rows": found.rows,
        }


def _chunks(segments: list[_Segment]) -> Iterator[list[_Segment]]:
    """The segments, cut so that no part has more than `ROWS_A_PART` rows."""
    chunk, room = [], ROWS_A_PART
    for segment in segments:
        after = segment.after
        while after < segment.upto:
            upto = min(segment.upto, after + room)
            chunk.append(_Segment(segment.kind, segment.agency, after, upto))
            room -= upto - after
            after = upto
            if room == 0:
                yield chunk
                chunk, room = [], ROWS_A_PART
    if chunk:
        yield chunk


def _leaf(leaf: NumberedLeaf) -> dict[str, Any]:
    return {
        "entry": base64.b64encode(leaf.entry).decode("ascii"),
        "at": leaf.created_at.isoformat(),
        "document": leaf.document,
    }


def _head(leaf: NumberedLeaf) -> dict[str, Any]:
    return {
        "index": leaf.log_index,
        "kind": leaf.kind.name,
        "agency": leaf.agency,
        "ordinal": leaf.head_ordinal,
        "content_salt": leaf.content_salt.hex() if leaf.content_salt else None,
        "record_salt": leaf.record_salt.hex() if leaf.record_salt else None,
    }


def read(store: ObjectStore, key: str, version: str = "", most: int = MAX_OPENINGS) -> dict[str, Any]:
    """One part of up to `most` bytes. Raises StorageRefused when it is not there, ArchiveDamaged when it is not what
    its name says."""
    value = parse(read_bounded(store, key, most, version), SCHEMA, key)
    start, stop, part = keys.openings_stretch(key)
    if (value.get("from"), value.get("to"), value.get("part")) != (start, stop, part):
        raise ArchiveDamaged(f"{key}: is not what its name says")
    return value


def entries_of(value: dict[str, Any]) -> list[bytes]:
    """The entries that a first part carries. Raises one of `MALFORMED`."""
    return [base64.b64decode(leaf["entry"], validate=True) for leaf in value["leaves"]]


def read_signed(
    store: ObjectStore, name: str, key: VerifierKey, version: str = ""
) -> tuple[SignedCheckpoint, list[bytes]]:
    """The head that a first part brings and the entries before it, as many as the name says. Whether they lead there is
    not looked at. Raises as `read` does; ProofRefused, ArchiveDamaged when the log did not sign it."""
    value = read(store, name, version)
    try:
        start, stop, part = keys.openings_stretch(name)
        head, entries = open_checkpoint(value["note"].encode(), key), entries_of(value)
    except MALFORMED as exc:
        raise ArchiveDamaged(f"{name}: a field is missing or of a wrong form: {exc}") from exc
    if part != 0 or not head.size == stop == start + len(entries):
        raise ArchiveDamaged(f"{name}: its head is not of the size that its name says")
    return head, entries


@dataclass(frozen=True, slots=True)
class _Opened:
    """Entries from `start` on, and the head to which they are said to lead."""

    start: int
    entries: list[bytes]
    head: Checkpoint


def tail(store: ObjectStore, key: VerifierKey, head: Checkpoint) -> Entries:
    """The last leaves of the log that `head` names (`archive.log.tiles`), for whoever has the store alone.

    From openings that the log signed, with a bundle that was kept where these do not lead to `head`. When nothing
    does, whatever has most leaves: it is proved by nothing. Raises ArchiveUnavailable. What this returns raises
    ArchiveDamaged when a leaf is missing.
    """
    start = head.size - head.size % WIDTH
    opened = list(_opened(store, key, start, head.size))
    best: dict[int, bytes] = {}
    for leaves in _candidates(store, key, opened, start, head.size):
        if _leads(store, head, leaves):
            return partial(_between, leaves)
        best = max(best, leaves, key=len)
    return partial(_between, best)


def _candidates(
    store: ObjectStore, key: VerifierKey, opened: list[_Opened], start: int, size: int
) -> Iterator[dict[int, bytes]]:
    yield _in_turn(store, opened, start)
    loose = _all_of(opened)
    yield loose
    for kept in kept_tails(store, size):
        yield loose | dict(enumerate(kept, start))
    yield _in_turn(store, _opened(store, key, start, size, repaired=True), start)


def _between(leaves: Mapping[int, bytes], start: int, stop: int) -> list[bytes]:
    lacking = [index for index in range(start, stop) if index not in leaves]
    if lacking:
        raise ArchiveDamaged(
            f"log: nothing in the store has leaf {lacking[0]}: read the other store, or restore a backup"
        )
    return [leaves[index] for index in range(start, stop)]


def _leads(store: ObjectStore, head: Checkpoint, leaves: Mapping[int, bytes]) -> bool:
    try:
        load_edge(store, head, partial(_between, leaves))
    except (ArchiveDamaged, StorageRefused):
        return False
    return True


def _opened(
    store: ObjectStore, key: VerifierKey, start: int, stop: int, *, repaired: bool = False
) -> Iterator[_Opened]:
    """What openings of the leaves with start ≤ index < stop say, in the order of their ends.

    `repaired`: every version of them, for there is one that a repair wrote.
    """
    for name in store.list(keys.OPENINGS, keys.openings_key(start - 1, start, 9999) if start else ""):
        found = _signed(store, name, key)
        if found is not None:
            yield found
            if found.start >= stop:
                return
        if repaired:
            yield from _other_versions(store, name, key)


def _other_versions(store: ObjectStore, name: str, key: VerifierKey) -> Iterator[_Opened]:
    with suppress(ArchiveDamaged):
        for version in others(store, name):
            found = _signed(store, name, key, version)
            if found is not None:
                yield found


def _in_turn(store: ObjectStore, opened: Iterable[_Opened], start: int) -> dict[int, bytes]:
    """Leaves of openings that lead from head to head. Anybody who may write there can add openings of his own, with a
    note of ours: those are passed over."""
    leaves: dict[int, bytes] = {}
    edge = _edge_before(store, start)
    if edge is None:
        return {}
    for each in opened:
        if each.start <= edge.size < each.head.size:
            further = each.entries[edge.size - each.start :]
            grown = grow(edge, further).edge
            if grown.root() == each.head.root:
                leaves |= dict(enumerate(further, edge.size))
                edge = grown
    return leaves


def _all_of(opened: list[_Opened]) -> dict[int, bytes]:
    leaves: dict[int, bytes] = {}
    for each in opened:
        leaves |= dict(enumerate(each.entries, each.start))
    return leaves


def _edge_before(store: ObjectStore, start: int) -> Edge | None:
    """Of the full bundles; None where the tiles above them are damaged."""
    try:
        return read_edge(store, start, lambda *_: ())
    except (ArchiveDamaged, StorageRefused):
        return None


def _signed(store: ObjectStore, name: str, key: VerifierKey, version: str = "") -> _Opened | None:
    """The first part of a stretch; None when it is another one, or the log did not sign it."""
    try:
        start, _, part = keys.openings_stretch(name)
        if part != 0:
            return None
        head, entries = given(store, lambda: read_signed(store, name, key, version))
    except (ProofRefused, StorageRefused, ArchiveDamaged, ValueError):
        return None
    if any(len(entry) > MAX_ENTRY for entry in entries):
        return None
    return _Opened(start, entries, head.checkpoint)


def catch_up(
    store: ObjectStore,
    openings: Openings,
    size: int,
    note_at: Callable[[int], bytes],
    retain_until: datetime | None,
    stopping: Callable[[], bool] = lambda: False,
) -> int:
    """Write what an earlier version of the service did not: stretches before the first that is there.

    From the end on backwards, so that a crash leaves one gap, at the beginning. `note_at` gives the checkpoint of a
    size, or nothing; `stopping` says that the rest is for another time. Returns how many were written.
    """
    stop, written = _first_missing(store, size), 0
    while stop > 0 and not stopping():
        start = (stop - 1) // _STRIDE * _STRIDE
        for key, data in openings(start, stop, note_at(stop)):
            put_bytes(store, key, data, retain_until)
        stop, written = start, written + 1
    return written


def _first_missing(store: ObjectStore, size: int) -> int:
    """Where the gap at the beginning ends. Keys that are none of openings are passed over: an audit tells of them."""
    for key in store.list(keys.OPENINGS):
        with suppress(ValueError):
            start, stop, part = keys.openings_stretch(key)
            return start if part == 0 else stop
    return size
