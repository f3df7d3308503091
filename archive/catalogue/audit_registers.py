"""What an audit reads of the registers: series and their numbers, journals, the outgoing register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Table, and_, select, union

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.audit_rows import BLOCK, RowValues, first, stream

SeriesKey = tuple[str, str, int]  # agency, kind, year


def series(conn: Connection, key: SeriesKey) -> RowValues | None:
    return first(conn, select(t.number_series).where(_in_series(t.number_series, key)))


def series_keys(conn: Connection) -> list[SeriesKey]:
    """Every (agency, kind, year) that any of the register's tables knows."""
    tables = (t.number_series, t.numbers, t.register_journal)
    queries = [select(table.c.agency, table.c.kind, table.c.year) for table in tables]
    return sorted((row[0], row[1], row[2]) for row in conn.execute(union(*queries)))


def numbers_in(conn: Connection, key: SeriesKey) -> Iterator[RowValues]:
    """The series' numbers, in order."""
    return stream(conn, select(t.numbers).where(_in_series(t.numbers, key)).order_by(t.numbers.c.number))


def journal_in(conn: Connection, key: SeriesKey) -> Iterator[RowValues]:
    """The journal's acts on the series, number by number, in their order."""
    here = t.register_journal
    query = select(here).where(_in_series(here, key))
    return stream(conn, query.order_by(here.c.number, here.c.ordinal))


def _in_series(table: Table, key: SeriesKey) -> ColumnElement[bool]:
    agency, kind, year = key
    return and_(table.c.agency == agency, table.c.kind == kind, table.c.year == year)


def outgoing(conn: Connection) -> Iterator[RowValues]:
    here = t.outgoing_register.c
    return stream(conn, select(t.outgoing_register).order_by(here.agency, here.year, here.position))


def numbers_without_outgoing(conn: Connection) -> Iterator[RowValues]:
    """Numbers whose document is not in the outgoing register."""
    entered = select(t.outgoing_register.c.document).where(
        t.outgoing_register.c.document == t.numbers.c.document
    )
    return stream(conn, select(t.numbers).where(~entered.exists()))


def journal(conn: Connection) -> Iterator[RowValues]:
    """Every journal, agency by agency, in the order of its chain."""
    here = t.register_journal.c
    return stream(conn, select(t.register_journal).order_by(here.agency, here.ordinal))


def journal_at(conn: Connection, agency: str, ordinal: int) -> RowValues | None:
    here = t.register_journal
    return first(conn, select(here).where(here.c.agency == agency, here.c.ordinal == ordinal))


def journal_hashes(conn: Connection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Hashes of rows of journals, by agency and ordinal."""
    here = t.register_journal.c
    found: dict[tuple[str, int], str] = {}
    for agency in {one for one, _ in wanted}:
        ordinals = sorted({ordinal for one, ordinal in wanted if one == agency})
        for at in range(0, len(ordinals), BLOCK):
            query = select(here.ordinal, here.sha256).where(
                here.agency == agency, here.ordinal.in_(ordinals[at : at + BLOCK])
            )
            found |= {(agency, row.ordinal): row.sha256 for row in conn.execute(query)}
    return found
