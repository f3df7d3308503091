"""Rows of number registers, their journal and the outgoing register; `archive.registers` has the rules."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, bindparam, func, insert, select, update
from sqlalchemy.engine import Row

from archive.catalogue import Connection, rebuild_rows
from archive.catalogue.dialects import insert_missing
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import agencies, number_series, numbers, outgoing_register, register_journal
from archive.catalogue.values import JournalEntry, Number, RegisterRow
from policies.numbering import Series, SeriesState

ACTIVE, VOIDED = "active", "voided"
_SERIES = and_(
    number_series.c.agency == bindparam("its_agency"),
    number_series.c.kind == bindparam("its_kind"),
    number_series.c.year == bindparam("its_year"),
)
# Built once: every number runs them.
_HELD_AGENCY = Prepared(
    select(agencies.c.code).where(agencies.c.code == bindparam("wanted")).with_for_update(key_share=True)
)
_HELD_SERIES = Prepared(select(number_series).where(_SERIES).with_for_update())
_SET_SERIES = Prepared(
    update(number_series)
    .where(_SERIES)
    .values(
        first_number=bindparam("new_first"),
        last_number=bindparam("new_last"),
        last_date=bindparam("new_date"),
        closed=bindparam("new_closed"),
    )
)
_ADD_NUMBER = Prepared(insert(numbers))
_NUMBER = Prepared(select(numbers).where(numbers.c.document == bindparam("wanted")))
_JOURNAL_HEAD = Prepared(
    select(register_journal)
    .where(register_journal.c.agency == bindparam("wanted"))
    .order_by(register_journal.c.ordinal.desc())
    .limit(1)
)
_ADD_JOURNAL = Prepared(insert(register_journal))
_LAST_POSITION = Prepared(
    select(func.coalesce(func.max(outgoing_register.c.position), 0)).where(
        outgoing_register.c.agency == bindparam("wanted"), outgoing_register.c.year == bindparam("which")
    )
)
_ADD_OUTGOING = Prepared(insert(outgoing_register))
_OUTGOING = Prepared(select(outgoing_register).where(outgoing_register.c.document == bindparam("wanted")))


def lock_series(conn: Connection, series: Series) -> SeriesState:
    """The series' row, opened at 01 if it is new, held by this transaction until it ends.

    A new one is closed in a catalogue that was made again or restored since the year began: it may have had numbers.

    The agency's row is held too: its series share one journal and one outgoing register.
    """
    _HELD_AGENCY(conn, {"wanted": series.agency})
    row = _HELD_SERIES(conn, _named(series)).first()
    if row is None:
        new = {"first_number": 1, "last_number": 0, "closed": rebuild_rows.closes(conn, series.year)}
        insert_missing(conn, number_series, {**_key(series), **new})
        row = _HELD_SERIES(conn, _named(series)).one()
    return _state(series, row)


def series(conn: Connection, of: Series) -> SeriesState | None:
    """The series as it stands, without holding it; None before its first number."""
    row = conn.execute(select(number_series).where(_SERIES), _named(of)).first()
    return _state(of, row) if row else None


def closed_series(conn: Connection) -> tuple[SeriesState, ...]:
    """Series that wait for a confirmation, in order."""
    here = number_series.c
    rows = conn.execute(select(number_series).where(here.closed).order_by(here.agency, here.year, here.kind))
    return tuple(_state(Series(row.agency, row.kind, row.year), row) for row in rows)


def set_series(conn: Connection, state: SeriesState) -> None:
    """Write the row that `lock_series` holds."""
    new = {
        "new_first": state.first_number,
        "new_last": state.last_number,
        "new_date": state.last_date,
        "new_closed": state.closed,
    }
    _SET_SERIES(conn, {**_named(state.series), **new})


def insert_number(conn: Connection, number: Number) -> None:
    """IntegrityError when the number or the document is in the register already."""
    row = {name: getattr(number, name) for name in Number.__slots__ if name != "voided"}
    _ADD_NUMBER(conn, {**row, "state": VOIDED if number.voided else ACTIVE})


def number_of(conn: Connection, document_id: str) -> Number | None:
    """The document's own number."""
    row = _NUMBER(conn, {"wanted": document_id}).first()
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
    row = _JOURNAL_HEAD(conn, {"wanted": agency}).first()
    return JournalEntry(**row._mapping) if row else None


def insert_journal(conn: Connection, entry: JournalEntry) -> None:
    _ADD_JOURNAL(conn, {name: getattr(entry, name) for name in JournalEntry.__slots__})


def next_position(conn: Connection, agency: str, year: int) -> int:
    """The next row of the outgoing register; the caller holds a series of the agency."""
    return int(_LAST_POSITION(conn, {"wanted": agency, "which": year}).scalar_one()) + 1


def insert_outgoing(conn: Connection, row: RegisterRow) -> None:
    values: dict[str, Any] = {name: getattr(row, name) for name in RegisterRow.__slots__}
    _ADD_OUTGOING(conn, {**values, "recipients": list(row.recipients)})


def update_outgoing(conn: Connection, document_id: str, **values: Any) -> None:
    """Set columns that are filled later: sent_on, acknowledged, copies, keeper, note."""
    conn.execute(
        update(outgoing_register).where(outgoing_register.c.document == document_id).values(**values)
    )


def outgoing_of(conn: Connection, document_id: str) -> RegisterRow | None:
    row = _OUTGOING(conn, {"wanted": document_id}).first()
    return _outgoing(row) if row else None


def outgoing_rows(
    conn: Connection, agency: str, year: int, after: int, limit: int
) -> tuple[RegisterRow, ...]:
    """Rows of the year after a position, in order of entry."""
    here = outgoing_register.c
    query = select(outgoing_register).where(here.agency == agency, here.year == year, here.position > after)
    return tuple(_outgoing(row) for row in conn.execute(query.order_by(here.position).limit(limit)))


def _state(series: Series, row: Any) -> SeriesState:
    return SeriesState(series, row.first_number, row.last_number, row.last_date, bool(row.closed))


def _key(series: Series) -> dict[str, Any]:
    return {"agency": series.agency, "kind": series.kind, "year": series.year}


def _named(series: Series) -> dict[str, Any]:
    return {f"its_{name}": value for name, value in _key(series).items()}


def _number(row: Row[Any]) -> Number:
    values = dict(row._mapping)
    state = values.pop("state")
    return Number(**values, voided=state == VOIDED)


def _outgoing(row: Row[Any]) -> RegisterRow:
    return RegisterRow(**{**row._mapping, "recipients": tuple(row.recipients)})
