"""What opens the leaves of a stretch of the log, beside what stands in records: `antin.openings/1`, canonical JSON.

Documents and events bring their salts in their own records. Heads of chains have no record: without their salts,
and without the rows that they cover, nobody could ever prove again that a number was voided, or who used a key.
So the sequencer stores, locked and before it shows a checkpoint:

    from, to   the stretch: leaves with from ≤ index < to
    leaves     when each was committed, and whose it is: a record that is gone has a name then
    heads      index, kind, agency, number of rows covered, both salts
    chains     the rows behind each head, back to the head of that chain before it

A long stretch of rows goes into further parts. The bytes follow from rows that never change, so whoever publishes
the stretch again after a crash writes the same ones. Not trusted: a head's leaf bears out its rows, or they are
refused; what `leaves` tells is proved by nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive.catalogue import Connection, opening_rows
from archive.catalogue.opening_rows import NumberedLeaf
from archive.errors import ArchiveDamaged
from archive.log.leaf import LeafKind
from archive.ports import ObjectStore
from archive.record import canonical, parse
from archive.storage import keys
from archive.storage.readback import put_bytes, read_bounded

SCHEMA = "antin.openings/1"
ROWS_A_PART = 2000
MAX_OPENINGS = 64 << 20  # bytes; of a part as it is written here: about 2 MB
_STRIDE = 1024  # leaves

# Rows of a chain with after < ordinal ≤ upto, as JSON: (connection, agency, after, upto).
ChainRows = Callable[[Connection, str, int, int], list[dict[str, Any]]]
REGISTER_CHAIN: Mapping[LeafKind, ChainRows] = {LeafKind.REGISTER_HEAD: opening_rows.journal}


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
        chains: Mapping[LeafKind, ChainRows] = REGISTER_CHAIN,
    ) -> None:
        self._reading, self._origin, self._chains = reading, origin, chains

    def __call__(self, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
        """Key and bytes of each part, in order."""
        with self._reading() as conn:
            yield from self.of(conn, start, stop)

    def of(self, conn: Connection, start: int, stop: int) -> Iterator[tuple[str, bytes]]:
        """The same on the caller's snapshot. Raises ArchiveDamaged when a leaf of the stretch is missing."""
        found = list(opening_rows.stretch(conn, start, stop))
        if [leaf.log_index for leaf in found] != list(range(start, stop)):
            raise ArchiveDamaged(f"log: the catalogue lacks leaves between {start} and {stop}")
        segments = self._segments(conn, start, found)
        first = {
            "leaves": [{"at": leaf.created_at.isoformat(), "document": leaf.document} for leaf in found],
            "heads": [_head(leaf) for leaf in found if leaf.head_ordinal is not None],
        }
        chunks = list(self._chunks(segments))
        for part, chunk in enumerate(chunks or [[]]):
            value = {
                "schema": SCHEMA,
                "origin": self._origin,
                "from": start,
                "to": stop,
                "part": part,
                "parts": max(1, len(chunks)),
                "chains": [self._rows(conn, segment) for segment in chunk],
                **(first if part == 0 else {}),
            }
            yield keys.openings_key(stop, part), canonical(value)

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

    def _chunks(self, segments: list[_Segment]) -> Iterator[list[_Segment]]:
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

    def _rows(self, conn: Connection, segment: _Segment) -> dict[str, Any]:
        rows = self._chains[segment.kind](conn, segment.agency, segment.after, segment.upto)
        return {"kind": segment.kind.name, "agency": segment.agency, "rows": rows}


def _head(leaf: NumberedLeaf) -> dict[str, Any]:
    return {
        "index": leaf.log_index,
        "kind": leaf.kind.name,
        "agency": leaf.agency,
        "ordinal": leaf.head_ordinal,
        "content_salt": leaf.content_salt.hex() if leaf.content_salt else None,
        "record_salt": leaf.record_salt.hex() if leaf.record_salt else None,
    }


def read(store: ObjectStore, key: str) -> dict[str, Any]:
    """One part. Raises StorageRefused when it is not there, ArchiveDamaged when it is nothing of ours."""
    value = parse(read_bounded(store, key, MAX_OPENINGS), SCHEMA, key)
    start, stop, part = (value.get(name) for name in ("from", "to", "part"))
    if type(start) is not int or type(stop) is not int or type(part) is not int:
        raise ArchiveDamaged(f"{key}: a field is missing or of a wrong form")
    if start < 0 or not 0 <= part < 10_000 or stop <= start or keys.openings_key(stop, part) != key:
        raise ArchiveDamaged(f"{key}: is not what its name says")
    return value


def catch_up(store: ObjectStore, openings: Openings, size: int, retain_until: datetime | None) -> int:
    """Write what an earlier version of the service did not: stretches before the first that is there.

    From the end on backwards, so that a crash leaves one gap, at the beginning. Returns how many were written.
    """
    stop, written = _first_missing(store, size), 0
    while stop > 0:
        start = (stop - 1) // _STRIDE * _STRIDE
        # Backwards in the parts too: the first part, which says how many there are, is the last one written.
        for key, data in reversed(list(openings(start, stop))):
            put_bytes(store, key, data, retain_until)
        stop, written = start, written + 1
    return written


def _first_missing(store: ObjectStore, size: int) -> int:
    """Where the gap at the beginning ends."""
    first = next(iter(store.list(keys.OPENINGS)), None)
    if first is None:
        return size
    found = read(store, first)
    return int(found["from"] if found["part"] == 0 else found["to"])
