"""Rows of number registers, their journal and the outgoing register; `archive.registers` has the rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, func, insert, select, tuple_, update
from sqlalchemy.engine import Row

from archive.catalogue import Connection
from archive.catalogue.dialects import insert_missing
from archive.catalogue.tables import agencies, number_series, numbers, outgoing_register, register_journal
from archive.catalogue.values import JournalEntry, Number, RegisterRow
from policies.numbering import Series, SeriesState

ACTIVE, VOIDED = "active", "voided"


def lock_series(conn: Connection, series: Series) -> SeriesState:
    """The series' row, opened at 01 if it is new, held by this transaction until it ends.

    The agency's row is held too: its series share one journal and one outgoing register.
    """
    held = select(agencies.c.code).where(agencies.c.code == series.agency)
    conn.execute(held.with_for_update(key_share=True))
    insert_missing(conn, number_series, {**_key(series), "first_number": 1, "last_number": 0})
    row = conn.execute(select(number_series).where(_is(series)).with_for_update()).one()
    return SeriesState(series, row.first_number, row.last_number, row.last_date)


def series(conn: Connection, of: Series) -> SeriesState | None:
    """The series as it stands, without holding it; None before its first number."""
    row = conn.execute(select(number_series).where(_is(of))).first()
    return SeriesState(of, row.first_number, row.last_number, row.last_date) if row else None


def set_series(conn: Connection, state: SeriesState) -> None:
    """Write the row that `lock_series` holds."""
    conn.execute(
        update(number_series)
        .where(_is(state.series))
        .values(first_number=state.first_number, last_number=state.last_number, last_date=state.last_date)
    )


def insert_number(conn: Connection, number: Number) -> None:
    """IntegrityError when the number or the document is in the register already."""
    conn.execute(
        insert(numbers).values(
            agency=number.agency,
            kind=number.kind,
            year=number.year,
            number=number.number,
            document=number.document,
            text=number.text,
            document_date=number.document_date,
            allotted_at=number.allotted_at,
            state=VOIDED if number.voided else ACTIVE,
            reason=number.reason,
        )
    )


def number_of(conn: Connection, document_id: str) -> Number | None:
    """The document's own number."""
    row = conn.execute(select(numbers).where(numbers.c.document == document_id)).first()
    return _number(row) if row else None


def numbers_in(conn: Connection, series: Series) -> tuple[Number, ...]:
    """Every number of the series, in order."""
    here = and_(
        numbers.c.agency == series.agency, numbers.c.kind == series.kind, numbers.c.year == series.year
    )
    rows = conn.execute(select(numbers).where(here).order_by(numbers.c.number))
    return tuple(_number(row) for row in rows)


def void_number(conn: Connection, document_id: str, reason: str) -> None:
    conn.execute(update(numbers).where(numbers.c.document == document_id).values(state=VOIDED, reason=reason))


def journal_head(conn: Connection, agency: str) -> JournalEntry | None:
    """The newest entry of the agency's journal."""
    query = select(register_journal).where(register_journal.c.agency == agency)
    row = conn.execute(query.order_by(register_journal.c.ordinal.desc()).limit(1)).first()
    return JournalEntry(**row._mapping) if row else None


def insert_journal(conn: Connection, entry: JournalEntry) -> None:
    conn.execute(
        insert(register_journal).values(
            agency=entry.agency,
            ordinal=entry.ordinal,
            kind=entry.kind,
            year=entry.year,
            number=entry.number,
            entry=entry.entry,
            previous=entry.previous,
            sha256=entry.sha256,
            at=entry.at,
        )
    )


def next_position(conn: Connection, agency: str, year: int) -> int:
    """The next row of the outgoing register; the caller holds a series of the agency."""
    here = outgoing_register.c
    query = select(func.coalesce(func.max(here.position), 0)).where(here.agency == agency, here.year == year)
    return int(conn.execute(query).scalar_one()) + 1


def insert_outgoing(conn: Connection, row: RegisterRow) -> None:
    values: dict[str, Any] = {name: getattr(row, name) for name in RegisterRow.__slots__}
    conn.execute(insert(outgoing_register).values(**{**values, "recipients": list(row.recipients)}))


def update_outgoing(conn: Connection, document_id: str, **values: Any) -> None:
    """Set columns that are filled later: sent_on, acknowledged, copies, keeper, note."""
    conn.execute(
        update(outgoing_register).where(outgoing_register.c.document == document_id).values(**values)
    )


def outgoing_of(conn: Connection, document_id: str) -> RegisterRow | None:
    row = conn.execute(select(outgoing_register).where(outgoing_register.c.document == document_id)).first()
    return _outgoing(row) if row else None


def outgoing_rows(
    conn: Connection, agency: str, year: int, after: int, limit: int
) -> tuple[RegisterRow, ...]:
    """Rows of the year after a position, in order of entry."""
    here = outgoing_register.c
    query = select(outgoing_register).where(here.agency == agency, here.year == year, here.position > after)
    return tuple(_outgoing(row) for row in conn.execute(query.order_by(here.position).limit(limit)))


def _key(series: Series) -> dict[str, Any]:
    return {"agency": series.agency, "kind": series.kind, "year": series.year}


def _is(series: Series) -> Any:
    columns = tuple_(number_series.c.agency, number_series.c.kind, number_series.c.year)
    return columns == tuple_(series.agency, series.kind, series.year)


def _number(row: Row[Any]) -> Number:
    values = dict(row._mapping)
    state = values.pop("state")
    return Number(**values, voided=state == VOIDED)


def _outgoing(row: Row[Any]) -> RegisterRow:
    return RegisterRow(**{**row._mapping, "recipients": tuple(row.recipients)})
