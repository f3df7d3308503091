"""The log's leaves as rows, and the chains behind their heads: registers, audit.

Stretch by stretch, as openings have them. Each head is proved by its leaf before a row behind it is believed. Where
openings are missing or not ours, the leaves are entered all the same, and their heads stay closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

from archive import openings
from archive.catalogue import Connection, rebuild_rows
from archive.errors import ArchiveDamaged, ArchiveUnavailable, ProofRefused, StorageRefused
from archive.fsck import findings as ids
from archive.log import leaf as leaf_format
from archive.log.begun import MAX_OPENINGS
from archive.log.leaf import LeafKind, Opening, Role
from archive.openings import MALFORMED, entries_of
from archive.ports import ObjectStore
from archive.rebuild.chains import Chains, LinkedRow
from archive.rebuild.log import Found, SourceLog, entries
from archive.record import canonical, digest, head_bytes
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.versions import of_others

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


@dataclass(frozen=True, slots=True)
class Parts:
    """Openings of one stretch as they lie there: those that can be read, and why others cannot.

    `silent`: the store does not give one of them; another version may do.
    """

    values: list[Value]
    why: str = ""
    silent: ArchiveUnavailable | None = None


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
    parts: Parts,
    added: list[bytes],
    chains: Chains,
    found: Found,
    others: Callable[[Stretch], Iterable[Value]] = lambda _stretch: (),
) -> None:
    """Rows for the leaves of the stretch, with the help of its openings.

    `others` reads further versions of them, where these do not open all heads. Raises ArchiveUnavailable.
    """
    opened = _open(conn, stretch, parts, added, chains, found, others)
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
) -> Iterator[tuple[Stretch, Parts, list[bytes]]]:
    """Each stretch with its openings and its entries."""

    def fetch(stretch: Stretch) -> tuple[Stretch, Parts]:
        values, why, silent = list[Value](), "", None
        for name in stretch.parts:
            try:
                values.append(openings.read(store, name))
            except ArchiveUnavailable as exc:
                silent = exc
            except (StorageRefused, ArchiveDamaged) as exc:
                why = str(exc)
        return stretch, Parts(values, why, silent)

    left = entries(store, log, done, pool)
    for stretch, parts in ahead(pool, fetch, stretches(store, done, log.head.size), _WINDOW):
        yield stretch, parts, list(islice(left, stretch.stop - stretch.start))


def other_versions(store: ObjectStore, stretch: Stretch) -> Iterator[Value]:
    """Of each part, what can be read. Raises ArchiveUnavailable; ArchiveDamaged for more than anybody reads."""
    room = MAX_OPENINGS
    for name in stretch.parts:
        read = partial(openings.read, store, name, most=room)
        for value in of_others(store, name, read):
            room -= len(canonical(value))
            if room < 0:
                raise ArchiveDamaged(f"{name}: what lies over these openings is longer than anybody reads")
            yield value


def _open(
    conn: Connection,
    stretch: Stretch,
    parts: Parts,
    added: list[bytes],
    chains: Chains,
    found: Found,
    others: Callable[[Stretch], Iterable[Value]],
) -> _Opened:
    """With the openings as they lie there; and where these do not open all, with what lies over them, as a repair
    leaves it. Of all versions only what leads to a leaf is taken."""
    opened, told = _opened(conn, stretch, parts.values, parts.why, added, chains)
    if told or _is_short(conn, opened, chains):
        further = list[Value]()
        try:
            further.extend(others(stretch))
        except ArchiveDamaged as exc:
            told.append((ids.OPENINGS_BROKEN, stretch.parts[0], str(exc)))
        pool = [part for part in (*parts.values, *further) if _is_formed(part, chains)]
        again, told_again = _opened(conn, stretch, pool, parts.why, added, chains)
        if told_again and parts.silent is not None:
            raise parts.silent
        if further and len(again.proved) >= len(opened.proved):
            opened, told = again, told_again
            if _times_differ(opened.parts, chains):
                what = "versions of these openings tell different times, and nothing proves which: those of the oldest"
                told.append((ids.OPENINGS_BROKEN, stretch.parts[0], what))
    for each in told:
        found(*each)
    return opened


def _is_formed(part: Value, chains: Chains) -> bool:
    """One that is not must not keep the others from being read."""
    try:
        for _, _, row in _linked([part], chains):
            datetime.fromisoformat(row.values.get("at", UNKNOWN_TIME.isoformat()))
        heads = part["heads"] if part["part"] == 0 else ()
        return all(
            (head["index"], head["ordinal"], LeafKind[head["kind"]], head["agency"]) is not None
            for head in heads
        )
    except MALFORMED:
        return False


def _times_differ(parts: list[Value], chains: Chains) -> bool:
    """Heads prove rows and not when they were written."""
    rows: dict[tuple[LeafKind, str, int, str], Value] = {}
    for kind, agency, row in _linked(parts, chains):
        if rows.setdefault((kind, agency, row.ordinal, row.sha256), dict(row.values)) != row.values:
            return True
    firsts = [part for part in parts if part["part"] == 0]
    return any(first["leaves"] != firsts[0]["leaves"] for first in firsts)


def _is_short(conn: Connection, opened: _Opened, chains: Chains) -> bool:
    """Whether a proved row does not lead back to those that an earlier stretch brought."""
    for (kind, agency), reach in opened.reach.items():
        known = chains[kind].last(conn, agency)
        new = [row for row in _proved_rows(opened.parts, kind, agency, reach, chains) if row.ordinal > known]
        before = chains[kind].sha256_at(conn, agency, known) if known else None
        if reach[0] > known and (
            not new or new[0].ordinal != known + 1 or before not in (None, new[0].previous)
        ):
            return True
    return False


def _opened(
    conn: Connection, stretch: Stretch, parts: list[Value], why: str, added: list[bytes], chains: Chains
) -> tuple[_Opened, list[tuple[str, str, str]]]:
    where = stretch.parts[0] if stretch.parts else f"leaves {stretch.start} to {stretch.stop - 1}"
    told: list[tuple[str, str, str]] = []
    try:
        if not parts:
            raise ValueError(why or "no openings are in the store")
        firsts = [part for part in parts if part["part"] == 0 and _is_of(part, stretch, added)]
        rest = [part for part in parts if part["part"]]
        if not firsts or {part["part"] for part in (*firsts, *rest)} != set(range(firsts[0]["parts"])):
            raise ValueError(why or "other entries than the log's, or parts are missing")
        opened = _Opened([*firsts, *rest])
        _prove(conn, opened, stretch, added, chains, lambda *finding: told.append(finding))
    except MALFORMED as exc:
        return _Opened(), [(ids.OPENINGS_BROKEN, where, f"heads of these leaves stay closed: {exc}")]
    return opened, told


def _is_of(first: Value, stretch: Stretch, added: list[bytes]) -> bool:
    try:
        return entries_of(first)[stretch.start - first["from"] :] == added
    except MALFORMED:
        return False


def _prove(
    conn: Connection, opened: _Opened, stretch: Stretch, added: list[bytes], chains: Chains, found: Found
) -> None:
    hashes = _hashes(opened.parts, chains)
    claims = [head for part in opened.parts if part["part"] == 0 for head in part["heads"]]
    told: dict[int, tuple[str, str, str]] = {}
    for head in claims:
        index, kind, agency, ordinal = head["index"], LeafKind[head["kind"]], head["agency"], head["ordinal"]
        if index < stretch.start or index in opened.proved:
            continue  # entered with the stretch before, or another version of these openings opened it
        where = f"leaf {index}, {kind.name.lower()} of {agency}"
        chain = chains.get(kind)
        known = chain and chain.sha256_at(conn, agency, ordinal)
        told.setdefault(index, (ids.LEAF_UNOPENED, where, f"row {ordinal} of its chain is not in the store"))
        for sha256 in hashes.get((kind, agency, ordinal)) or ([known] if known else []):
            committed = digest(head_bytes(kind.name, agency, ordinal, sha256))
            try:
                _check_head(added[index - stretch.start], kind, head, committed)
            except (ProofRefused, ValueError) as exc:
                told[index] = ids.HEAD_DIFFERS, where, f"the rows in the store do not lead to it: {exc}"
                continue
            opened.proved[index] = head, committed
            opened.reach[kind, agency] = max((ordinal, sha256), opened.reach.get((kind, agency), (0, "")))
            break
    for index, finding in told.items():
        if index not in opened.proved:
            found(*finding)


def _hashes(parts: list[Value], chains: Chains) -> dict[tuple[LeafKind, str, int], list[str]]:
    """The hashes at each row that the openings carry: of several versions they may be several. A row that does not
    continue the one before begins anew."""
    hashes = defaultdict[tuple[LeafKind, str, int], list[str]](list)
    for kind, agency, row in _linked(parts, chains):
        known = hashes[kind, agency, row.ordinal]
        if row.sha256 not in known:
            known.append(row.sha256)
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
    rows: dict[tuple[int, str], LinkedRow] = {}
    for k, a, row in _linked(parts, chains):
        if (k, a) == (kind, agency):
            rows.setdefault((row.ordinal, row.sha256), row)
    proved: list[LinkedRow] = []
    wanted = reach
    while (found := rows.get(wanted)) is not None:
        proved.append(found)
        wanted = found.ordinal - 1, found.previous
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
