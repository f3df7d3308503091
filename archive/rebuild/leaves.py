"""The log's leaves as rows, and the chains behind their heads: registers, audit.

Stretch by stretch, as openings have them. Each head is proved by its leaf before a row behind it is believed. Where
openings are missing or not ours, the leaves are entered all the same, and their heads stay closed.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from archive import openings
from archive.catalogue import Connection, rebuild_rows
from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.fsck import findings as ids
from archive.log import leaf as leaf_format
from archive.log.leaf import LeafKind, Opening, Role
from archive.openings import MALFORMED, entries_of
from archive.ports import ObjectStore
from archive.rebuild.chains import Chains, LinkedRow
from archive.rebuild.log import Found, SourceLog, entries
from archive.record import digest, head_bytes
from archive.storage import keys
from archive.storage.ahead import ahead

UNKNOWN_TIME = datetime(1970, 1, 1, tzinfo=UTC)
_STRIDE = 1024  # leaves of a stretch without openings
_WINDOW = 8  # stretches read ahead: each may have megabytes of rows
Value = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """Leaves from `start` to `stop` that are entered with the help of these openings, which may begin earlier."""

    start: int
    stop: int
    parts: tuple[str, ...] = ()


def stretches(store: ObjectStore, done: int, size: int) -> Iterator[Stretch]:
    """The log from `done` to `size`, without a gap; where there are no openings, in stretches without parts."""
    for start, stop, parts in _listed(store, done, size):
        if stop <= done or stop > size or "" in parts:
            continue
        yield from _bare(done, start)
        yield Stretch(max(start, done), stop, parts)
        done = stop
    yield from _bare(done, size)


def _bare(start: int, stop: int) -> Iterator[Stretch]:
    for low in range(start, stop, _STRIDE):
        yield Stretch(low, min(stop, low + _STRIDE))


def _listed(store: ObjectStore, done: int, size: int) -> Iterator[tuple[int, int, tuple[str, ...]]]:
    """(start, stop, parts) of all openings, in the order of their ends."""
    place, parts = (-1, -1), list[str]()
    after = keys.openings_key(done - 1, done, 9999) if done else ""
    for name in store.list(keys.OPENINGS, after):
        try:
            start, stop, part = keys.openings_stretch(name)
        except ValueError:
            continue
        if (start, stop) != place:
            if parts:
                yield *place, tuple(parts)
            if stop > size:
                return
            place, parts = (start, stop), []
        parts.append(name if part == len(parts) else "")
    if parts:
        yield *place, tuple(parts)


@dataclass(slots=True)
class _Opened:
    """What the openings of one stretch tell, and which of their heads a leaf bears out."""

    parts: list[Value] = field(default_factory=list)
    proved: dict[int, tuple[Value, str]] = field(default_factory=dict)  # by index: the head, and its digest
    reach: dict[tuple[LeafKind, str], tuple[int, str]] = field(default_factory=dict)  # the last proved row


def enter_leaves(
    conn: Connection,
    stretch: Stretch,
    parts: list[Value] | str,
    added: list[bytes],
    chains: Chains,
    found: Found,
) -> None:
    """Rows for the leaves of the stretch. `parts` are its openings, or why they cannot be read."""
    opened = _open(conn, stretch, parts, added, chains, found)
    for (kind, agency), reach in opened.reach.items():
        rebuild_rows.insert_missing_agency(conn, agency, UNKNOWN_TIME)
        rows = _proved_rows(opened.parts, kind, agency, reach, chains)
        _insert_rows(conn, rows, kind, agency, chains, found)
    rebuild_rows.insert(
        conn,
        "leaves",
        [_row(opened, index, entry) for index, entry in enumerate(added, start=stretch.start)],
    )


def read_stretches(
    store: ObjectStore, log: SourceLog, done: int, pool: Executor
) -> Iterator[tuple[Stretch, list[Value] | str, list[bytes]]]:
    """Each stretch with its openings (or why they cannot be read) and its entries."""

    def fetch(stretch: Stretch) -> tuple[Stretch, list[Value] | str]:
        try:
            return stretch, [openings.read(store, name) for name in stretch.parts]
        except (StorageRefused, ArchiveDamaged) as exc:
            return stretch, str(exc)

    left = entries(store, log, done, pool)
    for stretch, parts in ahead(pool, fetch, stretches(store, done, log.head.size), _WINDOW):
        yield stretch, parts, list(islice(left, stretch.stop - stretch.start))


def _open(
    conn: Connection,
    stretch: Stretch,
    parts: list[Value] | str,
    added: list[bytes],
    chains: Chains,
    found: Found,
) -> _Opened:
    where = stretch.parts[0] if stretch.parts else f"leaves {stretch.start} to {stretch.stop - 1}"
    try:
        if isinstance(parts, str) or not parts:
            raise ValueError(parts or "no openings are in the store")
        offset = stretch.start - parts[0]["from"]
        if len(parts) != parts[0]["parts"] or entries_of(parts[0])[offset:] != added:
            raise ValueError("other entries than the log's, or parts are missing")
        opened = _Opened(parts)
        _prove(conn, opened, stretch, added, chains, found)
    except MALFORMED as exc:
        found(ids.OPENINGS_BROKEN, where, f"heads of these leaves stay closed: {exc}")
        return _Opened()
    return opened


def _prove(
    conn: Connection, opened: _Opened, stretch: Stretch, added: list[bytes], chains: Chains, found: Found
) -> None:
    hashes = _hashes(opened.parts, chains)
    for head in opened.parts[0]["heads"]:
        index, kind, agency, ordinal = head["index"], LeafKind[head["kind"]], head["agency"], head["ordinal"]
        if index < stretch.start:
            continue  # entered with the stretch before
        where = f"leaf {index}, {kind.name.lower()} of {agency}"
        chain = chains.get(kind)
        sha256 = hashes.get((kind, agency, ordinal)) or (chain and chain.sha256_at(conn, agency, ordinal))
        if not sha256:
            found(ids.LEAF_UNOPENED, where, f"row {ordinal} of its chain is not in the store")
            continue
        committed = digest(head_bytes(kind.name, agency, ordinal, sha256))
        try:
            _check_head(added[index - stretch.start], kind, head, committed)
        except (ProofRefused, ValueError) as exc:
            found(ids.HEAD_DIFFERS, where, f"the rows in the store do not lead to it: {exc}")
            continue
        opened.proved[index] = head, committed
        opened.reach[kind, agency] = max((ordinal, sha256), opened.reach.get((kind, agency), (0, "")))


def _hashes(parts: list[Value], chains: Chains) -> dict[tuple[LeafKind, str, int], str]:
    """The hash at each row that the openings carry. A row that does not continue the one before begins anew."""
    hashes: dict[tuple[LeafKind, str, int], str] = {}
    for kind, agency, row in _linked(parts, chains):
        hashes[kind, agency, row.ordinal] = row.sha256
    return hashes


def _linked(parts: list[Value], chains: Chains) -> Iterator[tuple[LeafKind, str, LinkedRow]]:
    for part in parts:
        for segment in part["chains"]:
            kind, agency, previous = LeafKind[segment["kind"]], segment["agency"], segment["previous"]
            if kind not in chains:
                continue
            for values in segment["rows"]:
                sha256 = chains[kind].link(agency, previous, values)
                yield kind, agency, LinkedRow(previous, sha256, values)
                previous = sha256


def _check_head(entry: bytes, kind: LeafKind, head: Value, committed: str) -> None:
    leaf = leaf_format.decode(entry)
    if leaf.kind is not kind:
        raise ValueError(f"its leaf is of kind {leaf.kind.name}")
    for role, part, salt in ((Role.PDF, leaf.pdf, "content_salt"), (Role.RECORD, leaf.record, "record_salt")):
        leaf_format.check_opening(part, role, Opening(committed, bytes.fromhex(head[salt])))


def _proved_rows(
    parts: list[Value], kind: LeafKind, agency: str, reach: tuple[int, str], chains: Chains
) -> list[LinkedRow]:
    """Rows that lead without a break to the last proved one."""
    rows = [row for k, a, row in _linked(parts, chains) if (k, a) == (kind, agency)]
    proved: list[LinkedRow] = []
    for row in reversed(rows):
        wanted = (proved[-1].ordinal - 1, proved[-1].previous) if proved else reach
        if (row.ordinal, row.sha256) == wanted:
            proved.append(row)
    return proved[::-1]


def _insert_rows(
    conn: Connection, rows: list[LinkedRow], kind: LeafKind, agency: str, chains: Chains, found: Found
) -> None:
    """But those that an earlier stretch brought. What is missing before them is told."""
    known = chains[kind].last(conn, agency)
    new = [row for row in rows if row.ordinal > known]
    if not new:
        return
    where = f"{kind.name.lower()} of {agency}, row {new[0].ordinal}"
    before = chains[kind].sha256_at(conn, agency, known) if known else None
    if new[0].ordinal != known + 1:
        found(ids.JOURNAL_SHORT, where, f"rows {known + 1} to {new[0].ordinal - 1} are not in the store")
    elif before is not None and before != new[0].previous:
        found(ids.JOURNAL_BROKEN, where, "does not continue the row before")
    chains[kind].insert(conn, agency, new)


def _row(opened: _Opened, index: int, entry: bytes) -> Value:
    leaf = leaf_format.decode(entry)
    head, committed = opened.proved.get(index, (None, None))
    return {
        "id": leaf.id.hex(),
        "kind": leaf.kind,
        "document": None,
        "agency": head["agency"] if head else None,
        "head_ordinal": head["ordinal"] if head else None,
        "content_sha256": committed,
        "record_sha256": committed,
        "content_salt": bytes.fromhex(head["content_salt"]) if head else None,
        "record_salt": bytes.fromhex(head["record_salt"]) if head else None,
        "predecessor": None,
        "entry": entry,
        "log_index": index,
        "created_at": _time(opened, index),
    }


def _time(opened: _Opened, index: int) -> datetime:
    if not opened.parts:
        return UNKNOWN_TIME
    first = opened.parts[0]
    try:
        at = datetime.fromisoformat(first["leaves"][index - first["from"]]["at"])
    except MALFORMED:
        return UNKNOWN_TIME
    return at if at.tzinfo is not None else UNKNOWN_TIME
