"""What an audit reads: every row, as it is, by statements that can only read.

Shares no query with the modules that write. Streams: memory does not grow with the tables. A column that the
service itself would never have written (a state that does not exist, say) comes back as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, func, select, union

from archive.catalogue import Connection
from archive.catalogue import tables as t

_BLOCK = 500
RowValues = dict[str, Any]
SeriesKey = tuple[str, str, int]  # agency, kind, year


def count(conn: Connection, table: str) -> int:
    """Rows of a table, for progress."""
    return int(conn.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one())


def by_id(conn: Connection, table: str, column: str, wanted: Sequence[str]) -> dict[str, RowValues]:
    """The rows of a table whose column is one of the wanted, by that column, which is unique."""
    here = t.metadata.tables[table]
    return {row[column]: row for row in _all(conn, select(here).where(here.c[column].in_(wanted)))}


def documents(conn: Connection) -> Iterator[RowValues]:
    return _stream(conn, select(t.documents).order_by(t.documents.c.id))


def document(conn: Connection, document_id: str) -> RowValues | None:
    return _one(conn, select(t.documents).where(t.documents.c.id == document_id))


def versions_of(conn: Connection, document_id: str) -> list[RowValues]:
    here = t.document_versions
    return _all(conn, select(here).where(here.c.document == document_id).order_by(here.c.ordinal))


def leaves_of(conn: Connection, document_id: str) -> list[RowValues]:
    """The document's leaves, oldest first."""
    return _all(
        conn, select(t.leaves).where(t.leaves.c.document == document_id).order_by(t.leaves.c.position)
    )


def events_of(conn: Connection, document_id: str) -> list[RowValues]:
    return _all(conn, select(t.events).where(t.events.c.document == document_id).order_by(t.events.c.ordinal))


def objects(conn: Connection) -> Iterator[RowValues]:
    return _stream(conn, select(t.objects).order_by(t.objects.c.key))


def object_of_leaf(conn: Connection, leaf_id: str, role: str) -> RowValues | None:
    return _one(conn, select(t.objects).where(t.objects.c.leaf == leaf_id, t.objects.c.role == role))


def object_at(conn: Connection, key: str) -> RowValues | None:
    return _one(conn, select(t.objects).where(t.objects.c.key == key))


def deposits(conn: Connection) -> list[RowValues]:
    """What is planned and not committed: few."""
    return _all(conn, select(t.deposits).order_by(t.deposits.c.planned_at))


def leaves(conn: Connection) -> Iterator[RowValues]:
    """Every leaf, in the order in which they were committed."""
    return _stream(conn, select(t.leaves).order_by(t.leaves.c.position))


def leaf(conn: Connection, leaf_id: str) -> RowValues | None:
    return _one(conn, select(t.leaves).where(t.leaves.c.id == leaf_id))


def entries(conn: Connection, start: int, stop: int) -> dict[int, bytes]:
    """Entries of the leaves with start ≤ index < stop that are there, by index."""
    here = t.leaves.c
    query = select(here.log_index, here.entry).where(here.log_index >= start, here.log_index < stop)
    return {row.log_index: row.entry for row in conn.execute(query)}


def highest_index(conn: Connection) -> int:
    """The highest index of a leaf, -1 without one."""
    found = conn.execute(select(func.max(t.leaves.c.log_index))).scalar()
    return -1 if found is None else int(found)


def checkpoint(conn: Connection) -> RowValues | None:
    return _one(conn, select(t.checkpoint))


def series(conn: Connection, key: SeriesKey) -> RowValues | None:
    return _one(conn, select(t.number_series).where(_in_series(t.number_series, key)))


def series_keys(conn: Connection) -> list[SeriesKey]:
    """Every (agency, kind, year) that any of the register's tables knows."""
    tables = (t.number_series, t.numbers, t.register_journal)
    queries = [select(table.c.agency, table.c.kind, table.c.year) for table in tables]
    return sorted((row[0], row[1], row[2]) for row in conn.execute(union(*queries)))


def numbers_in(conn: Connection, key: SeriesKey) -> Iterator[RowValues]:
    """The series' numbers, in order."""
    return _stream(conn, select(t.numbers).where(_in_series(t.numbers, key)).order_by(t.numbers.c.number))


def journal_in(conn: Connection, key: SeriesKey) -> Iterator[RowValues]:
    """The journal's acts on the series, number by number, in their order."""
    here = t.register_journal
    query = select(here).where(_in_series(here, key))
    return _stream(conn, query.order_by(here.c.number, here.c.ordinal))


def number_of(conn: Connection, document_id: str) -> RowValues | None:
    return _one(conn, select(t.numbers).where(t.numbers.c.document == document_id))


def outgoing_of(conn: Connection, document_id: str) -> RowValues | None:
    return _one(conn, select(t.outgoing_register).where(t.outgoing_register.c.document == document_id))


def outgoing(conn: Connection) -> Iterator[RowValues]:
    here = t.outgoing_register.c
    return _stream(conn, select(t.outgoing_register).order_by(here.agency, here.year, here.position))


def numbers_without_outgoing(conn: Connection) -> Iterator[RowValues]:
    """Numbers whose document is not in the outgoing register."""
    entered = select(t.outgoing_register.c.document).where(
        t.outgoing_register.c.document == t.numbers.c.document
    )
    return _stream(conn, select(t.numbers).where(~entered.exists()))


def journal(conn: Connection) -> Iterator[RowValues]:
    """Every journal, agency by agency, in the order of its chain."""
    here = t.register_journal.c
    return _stream(conn, select(t.register_journal).order_by(here.agency, here.ordinal))


def journal_at(conn: Connection, agency: str, ordinal: int) -> RowValues | None:
    here = t.register_journal
    return _one(conn, select(here).where(here.c.agency == agency, here.c.ordinal == ordinal))


def dangling(conn: Connection) -> Iterator[tuple[str, str, str]]:
    """(table, row, document) of rows whose document is not there, whatever the foreign keys say."""
    for table, row in _OWNED:
        here = t.metadata.tables[table]
        gone = ~select(t.documents.c.id).where(t.documents.c.id == here.c.document).exists()
        query = select(here.c[row], here.c.document).where(here.c.document.is_not(None), gone)
        for found in conn.execute(query):
            yield table, str(found[0]), found[1]


_OWNED = (
    ("document_versions", "sha256"),
    ("objects", "key"),
    ("leaves", "id"),
    ("events", "ordinal"),
    ("numbers", "text"),
    ("outgoing_register", "number_text"),
)


def _in_series(table: Table, key: SeriesKey) -> ColumnElement[bool]:
    agency, kind, year = key
    return and_(table.c.agency == agency, table.c.kind == kind, table.c.year == year)


def _stream(conn: Connection, query: Select[Any]) -> Iterator[RowValues]:
    result = conn.execute(query, execution_options={"yield_per": _BLOCK})
    for row in result:
        yield dict(row._mapping)


def _one(conn: Connection, query: Select[Any]) -> RowValues | None:
    row = conn.execute(query.limit(1)).first()
    return dict(row._mapping) if row else None


def _all(conn: Connection, query: Select[Any]) -> list[RowValues]:
    return [dict(row._mapping) for row in conn.execute(query)]
