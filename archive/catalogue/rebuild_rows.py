"""A catalogue that is made out of the object store: the row that says so, what was not taken over, rows in bulk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, literal, or_, select, update
from sqlalchemy import insert as insert_into

from archive.catalogue import Connection
from archive.catalogue.dialects import insert_missing, lock_name
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import (
    agencies,
    document_signers,
    documents,
    dossier_files,
    events,
    leaves,
    metadata,
    number_series,
    numbers,
    outgoing_register,
    rebuild_findings,
    rebuilds,
    register_journal,
)
from archive.log.leaf import LeafKind
from archive.ports import CheckpointRow
from policies.vocabulary import FieldRole, State

RESTORED, FROM_BACKUP = "restored", "backup"  # as stage and source of a catalogue that came from a backup
_IN = 500  # values that one query names
_OPENED = (
    "document",
    "content_sha256",
    "record_sha256",
    "content_salt",
    "record_salt",
    "predecessor",
    "created_at",
)
_DOSSIER_OPENED = ("dossier", *_OPENED[1:])


def _opening(columns: tuple[str, ...]) -> Prepared:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in columns}
    return Prepared(update(leaves).where(leaves.c.id == bindparam("wanted")).values(values))


_OPEN, _OPEN_DOSSIER = _opening(_OPENED), _opening(_DOSSIER_OPENED)
_THE_ONE = Prepared(select(rebuilds).where(rebuilds.c.id == 1))
_CLOSED = Prepared(
    select(rebuilds.c.closed_through).where(
        rebuilds.c.id == 1, rebuilds.c.closed_through >= bindparam("year")
    )
)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """`done_to`: how far its `stage` has come. `closed_through`: the last year whose series it closed."""

    source: str
    origin: str
    size: int
    root: bytes
    quick: bool
    stage: str
    done_to: str
    started_at: datetime
    finished_at: datetime | None = None
    closed_through: int | None = None


def current(conn: Connection) -> Rebuild | None:
    """The one of this catalogue, under way or finished, or its restore; None for one that was never lost."""
    row = _THE_ONE(conn).first()
    if row is None:
        return None
    values = dict(row._mapping)
    del values["id"]
    return Rebuild(**values)


def wait_for_others(conn: Connection) -> None:
    """No other block of a rebuild is written until this transaction ends."""
    lock_name(conn, "block of a rebuild")


def begin(conn: Connection, rebuild: Rebuild) -> None:
    """From here on nobody serves this catalogue until the rebuild is finished."""
    conn.execute(insert_into(rebuilds).values(id=1, **{n: getattr(rebuild, n) for n in Rebuild.__slots__}))


def change(conn: Connection, **values: Any) -> None:
    """Set columns: stage, done_to, finished_at, closed_through."""
    conn.execute(update(rebuilds).where(rebuilds.c.id == 1).values(**values))


def closes(conn: Connection, year: int) -> bool:
    """Whether series of that year may have had numbers of which this catalogue knows nothing."""
    return _CLOSED(conn, {"year": year}).first() is not None


def add_findings(conn: Connection, told: Sequence[tuple[str, str, str]]) -> None:
    """(finding, place, what) of what was not taken over, or was found damaged."""
    insert(
        conn,
        "rebuild_findings",
        [{"finding": one, "place": place, "what": what} for one, place, what in told],
    )


def findings(conn: Connection, limit: int) -> list[tuple[str, str, str]]:
    """(finding, place, what), in the order in which they were told."""
    here = rebuild_findings.c
    query = select(here.finding, here.place, here.what).order_by(here.id).limit(limit)
    return [(row.finding, row.place, row.what) for row in conn.execute(query)]


def count_findings(conn: Connection) -> dict[str, int]:
    """How many of each kind were told."""
    here = rebuild_findings.c
    rows = conn.execute(select(here.finding, func.count()).group_by(here.finding).order_by(here.finding))
    return {row[0]: row[1] for row in rows}


# What a rebuild fills: a catalogue is empty when none of these has a row. Parents come before children.
FILLED = (
    "documents",
    "dossiers",
    "dossier_versions",
    "dossier_files",
    "dossier_entries",
    "dossier_deposits",
    "holds",
    "hold_documents",
    "document_signers",
    "document_versions",
    "evidence_ends",
    "number_series",
    "numbers",
    "register_journal",
    "outgoing_register",
    "deposits",
    "leaves",
    "objects",
    "events",
    "checkpoint",
    "deployment",
)


def filled(conn: Connection) -> list[str]:
    """The tables of the archive that have rows."""
    found = []
    for name in FILLED:
        table = metadata.tables[name]
        if conn.execute(select(literal(1)).select_from(table).limit(1)).first() is not None:
            found.append(name)
    return found


def insert(conn: Connection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Many rows of one form at once."""
    if rows:
        conn.execute(metadata.tables[table].insert(), [dict(row) for row in rows])


def insert_missing_agency(conn: Connection, code: str, at: datetime) -> None:
    """A row for an agency of which nothing is known yet but its code."""
    row = {"code": code, "name": code, "symbol": "", "public_keys": {}, "created_at": at}
    insert_missing(conn, agencies, row)


def name_agencies(conn: Connection, rows: Sequence[tuple[str, str, str]], at: datetime) -> None:
    """(code, name, symbol) as records tell them, for agencies that have no name yet."""
    for code, name, symbol in dict.fromkeys(rows):
        insert_missing_agency(conn, code, at)
        conn.execute(
            update(agencies)
            .where(agencies.c.code == code, agencies.c.symbol == "", agencies.c.name == agencies.c.code)
            .values(name=name, symbol=symbol)
        )


@dataclass(frozen=True, slots=True)
class LeafRow:
    """What the log says of a leaf."""

    id: str
    kind: LeafKind
    entry: bytes
    log_index: int
    created_at: datetime
    document: str | None


def leaves_by_id(conn: Connection, wanted: Sequence[str]) -> dict[str, LeafRow]:
    """Those of the leaves that are in the log."""
    here = leaves.c
    columns = (here.id, here.kind, here.entry, here.log_index, here.created_at, here.document)
    found: dict[str, LeafRow] = {}
    for at in range(0, len(wanted), _IN):
        rows = conn.execute(select(*columns).where(here.id.in_(wanted[at : at + _IN])))
        found |= {row.id: LeafRow(**{**row._mapping, "kind": LeafKind(row.kind)}) for row in rows}
    return found


def open_leaves(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What opens them: document, digests, salts, predecessor, time of the commit."""
    _OPEN.many(
        conn, [{"wanted": row["id"], **{f"new_{name}": row[name] for name in _OPENED}} for row in rows]
    )


def open_dossier_leaves(conn: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """The same of dossiers' leaves."""
    _OPEN_DOSSIER.many(
        conn,
        [{"wanted": row["id"], **{f"new_{name}": row[name] for name in _DOSSIER_OPENED}} for row in rows],
    )


def known_things(conn: Connection, entries: Sequence[Mapping[str, Any]]) -> set[str]:
    """The documents and files of those entries that are there."""
    found: set[str] = set()
    for table, name in ((documents, "document"), (dossier_files, "file")):
        wanted = sorted({row[name] for row in entries if row[name] is not None})
        for at in range(0, len(wanted), _IN):
            found |= set(
                conn.execute(select(table.c.id).where(table.c.id.in_(wanted[at : at + _IN]))).scalars()
            )
    return found


def mark_filed(conn: Connection, wanted: Sequence[str | None]) -> None:
    """Documents that lie in a dossier are filed, or were when they were stopped."""
    ids = sorted(one for one in wanted if one is not None)
    for at in range(0, len(ids), _IN):
        here = documents.c.id.in_(ids[at : at + _IN])
        issued = update(documents).where(here, documents.c.state == State.ISSUED)
        conn.execute(issued.values(state=State.FILED))
        stopped = update(documents).where(here, documents.c.stopped_from == State.ISSUED)
        conn.execute(stopped.values(stopped_from=State.FILED))


def hold_events(conn: Connection) -> list[tuple[str, str, str, dict[str, Any]]]:
    """(document, agency, kind, facts) of all events that tell of holds, document by document in their order."""
    query = (
        select(events.c.document, documents.c.agency, events.c.kind, events.c.facts)
        .join(documents, documents.c.id == events.c.document)
        .where(events.c.kind.in_(("held", "released")))
        .order_by(events.c.document, events.c.ordinal)
    )
    return [(row.document, row.agency, row.kind, row.facts) for row in conn.execute(query)]


def unopened(conn: Connection, after: int, limit: int) -> list[tuple[int, LeafKind]]:
    """Leaves of documents, events and dossiers after an index that nothing in the store opened."""
    here = leaves.c
    query = select(here.log_index, here.kind).where(here.log_index > after, _WITH_RECORD, *_CLOSED_LEAF)
    return [
        (row.log_index, LeafKind(row.kind))
        for row in conn.execute(query.order_by(here.log_index).limit(limit))
    ]


def count_records(conn: Connection) -> int:
    """Leaves that a record or an event of a document opens."""
    return _count_leaves(conn)


def count_unopened(conn: Connection) -> int:
    """Those of them that nothing opened yet."""
    return _count_leaves(conn, leaves.c.document.is_(None))


def _count_leaves(conn: Connection, *where: ColumnElement[bool]) -> int:
    of_documents = leaves.c.kind.in_((LeafKind.DOCUMENT, LeafKind.EVENT))
    query = select(func.count()).select_from(leaves).where(of_documents, *where)
    return int(conn.execute(query).scalar_one())


_WITH_RECORD = leaves.c.kind.in_((LeafKind.DOCUMENT, LeafKind.EVENT, LeafKind.DOSSIER))
_CLOSED_LEAF = (leaves.c.document.is_(None), leaves.c.dossier.is_(None))


def entries(conn: Connection) -> Iterator[bytes]:
    """Every entry, in the order of the log."""
    query = select(leaves.c.entry).order_by(leaves.c.log_index)
    for row in conn.execute(query, execution_options={"yield_per": _IN}):
        yield row.entry


def entered_leaves(conn: Connection) -> int:
    """How many leaves are rows: they come in the order of the log."""
    return int(conn.execute(select(func.coalesce(func.max(leaves.c.log_index), -1))).scalar_one()) + 1


def journal_length(conn: Connection, agency: str) -> int:
    """The last row of the agency's journal, 0 without one."""
    here = register_journal.c
    query = select(func.coalesce(func.max(here.ordinal), 0)).where(here.agency == agency)
    return int(conn.execute(query).scalar_one())


def journal_after(conn: Connection, agency: str, ordinal: int, limit: int) -> list[tuple[str, int, str]]:
    """(agency, ordinal, entry) of journal rows behind that place, agency by agency."""
    here = register_journal.c
    behind = or_(here.agency > agency, and_(here.agency == agency, here.ordinal > ordinal))
    query = select(here.agency, here.ordinal, here.entry).where(behind)
    rows = conn.execute(query.order_by(here.agency, here.ordinal).limit(limit))
    return [(row.agency, row.ordinal, row.entry) for row in rows]


def documents_of(conn: Connection, wanted: Sequence[str]) -> dict[str, Any]:
    """Rows of documents by id."""
    rows = conn.execute(select(documents).where(documents.c.id.in_(wanted)))
    return {row.id: row for row in rows}


def last_leaders(conn: Connection, wanted: Sequence[str]) -> dict[str, str]:
    """Who signed last as a leader, by document."""
    here = document_signers.c
    rows = conn.execute(
        select(here.document, here.display)
        .where(here.document.in_(wanted), here.role == FieldRole.LEADER)
        .order_by(here.document, here.ordinal)
    )
    return {row.document: row.display for row in rows}


def void(conn: Connection, document: str, reason: str, note: str, at: datetime) -> None:
    """The number is voided, and so is its document."""
    conn.execute(update(numbers).where(numbers.c.document == document).values(state="voided", reason=reason))
    conn.execute(update(outgoing_register).where(outgoing_register.c.document == document).values(note=note))
    conn.execute(
        update(documents)
        .where(documents.c.id == document, documents.c.state != State.VOIDED)
        .values(state=State.VOIDED, stopped_from=None, reason=reason, updated_at=at)
    )


def last_position(conn: Connection, agency: str, year: int) -> int:
    """The last row of the outgoing register of that year."""
    here = outgoing_register.c
    query = select(func.coalesce(func.max(here.position), 0)).where(here.agency == agency, here.year == year)
    return int(conn.execute(query).scalar_one())


def insert_missing_series(conn: Connection, agency: str, kind: str, year: int) -> None:
    """A closed series, on which numbers can hang; `close_series` says how far it goes."""
    key = {"agency": agency, "kind": kind, "year": year}
    insert_missing(conn, number_series, {**key, "first_number": 1, "last_number": 0, "closed": True})


def close_series(conn: Connection) -> None:
    """Each series goes as far as the journal does, and gives no number until it is confirmed."""
    here, rows = register_journal.c, number_series.c
    columns = (here.agency, here.kind, here.year, func.min(here.number), func.max(here.number))
    for agency, kind, year, first, last in conn.execute(
        select(*columns).group_by(here.agency, here.kind, here.year)
    ).all():
        insert_missing_series(conn, agency, kind, year)
        newest = conn.execute(
            select(numbers.c.document_date)
            .where(numbers.c.agency == agency, numbers.c.kind == kind, numbers.c.year == year)
            .order_by(numbers.c.number.desc())
            .limit(1)
        ).scalar()
        conn.execute(
            update(number_series)
            .where(rows.agency == agency, rows.kind == kind, rows.year == year)
            .values(first_number=first, last_number=last, last_date=newest, closed=True)
        )


def close_restored(conn: Connection, origin: str, head: CheckpointRow, year: int, at: datetime) -> None:
    """A catalogue out of a backup: series up to that year, known or not, give no number until they are confirmed."""
    conn.execute(update(number_series).where(number_series.c.year <= year).values(closed=True))
    if current(conn) is not None:
        change(conn, closed_through=year)
        return
    made = Rebuild(FROM_BACKUP, origin, head.size, head.root, False, RESTORED, "", at, at, year)
    begin(conn, made)


def claims(conn: Connection) -> Iterator[tuple[str, str]]:
    """(document, number text) of documents that bear a number which the journal did not give them."""
    owned = select(numbers.c.number).where(numbers.c.document == documents.c.id)
    query = select(documents.c.id, documents.c.number_text).where(
        documents.c.number.is_not(None), ~owned.exists()
    )
    for row in conn.execute(query):
        yield row.id, row.number_text


def set_checkpoint(conn: Connection, row: CheckpointRow) -> None:
    insert(conn, "checkpoint", [{"id": 1, "size": row.size, "root": row.root, "note": row.note}])
