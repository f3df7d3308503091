"""The number register: numbers are allotted once, in order, without gaps, and never used again.

Everything happens in the caller's one transaction, which holds the row of the series: of two documents that
ask at the same time, one waits. A crash before the commit leaves no trace of the number; after it, the retry
finds the document's own number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from archive.catalogue import Connection
from archive.catalogue import register_rows as rows
from archive.catalogue.values import Number
from archive.errors import RegisterRefused
from archive.registers import journal
from archive.registers.chain import ALLOTTED, VOIDED
from policies import numbering
from policies.numbering import Series, SeriesState
from policies.reasons import issuing as reasons
from policies.refusals import Refused

# Enters a new number elsewhere, and tells the journal what was entered.
Enter = Callable[[Number], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class NumberRequest:
    """Who asks for a number. `wanted_number` and `wanted_date` are wishes, refused when against the order."""

    document: str
    agency: str
    agency_symbol: str
    kind: str
    leader_token_time: datetime
    unit: str = ""
    wanted_number: int | None = None
    wanted_date: date | None = None


def allot(conn: Connection, request: NumberRequest, at: datetime, enter: Enter | None = None) -> Number:
    """The document's number: its own if it has one, else the next of its series (NĐ 30/2020/NĐ-CP, Điều 15).

    `enter` is called for a new number, before the journal has it.
    Raises RegisterRefused: UNKNOWN_KIND, BAD_SYMBOL, DATE_IN_FUTURE, DATE_BEFORE_SIGNATURE,
    DATE_BEFORE_LAST_NUMBER, NUMBER_TAKEN, NUMBER_LEAVES_GAP, NUMBER_VOIDED.
    """
    try:
        return _allot(conn, request, at, enter)
    except RegisterRefused:
        raise
    except Refused as exc:
        raise RegisterRefused(exc.reason, **exc.values) from exc


def of_document(conn: Connection, document_id: str) -> Number | None:
    """The document's number, voided or not."""
    return rows.number_of(conn, document_id)


def void(conn: Connection, document_id: str, reason: str, at: datetime) -> Number | None:
    """Void the document's number with a reason; None when it has none. A voided number stays as it is.

    Raises RegisterRefused REASON_NEEDED.
    """
    if not reason.strip():
        raise RegisterRefused(reasons.REASON_NEEDED)
    own = rows.number_of(conn, document_id)
    if own is None:
        return None
    rows.lock_series(conn, Series(own.agency, own.kind, own.year))
    own = rows.number_of(conn, document_id)
    if own is None or own.voided:
        return own
    voided = replace(own, voided=True, reason=reason)
    rows.void_number(conn, document_id, reason)
    journal.append(conn, VOIDED, voided, at)
    return voided


def open_series(conn: Connection, series: Series, first_number: int) -> SeriesState:
    """Start a series above 01, when its earlier numbers of the year are in another register.

    Raises RegisterRefused SERIES_OPENED when it has numbers already.
    """
    state = rows.lock_series(conn, series)
    if state.last_number != state.first_number - 1 or first_number < 1:
        raise RegisterRefused(reasons.SERIES_OPENED, kind=series.kind, year=series.year)
    opened = replace(state, first_number=first_number, last_number=first_number - 1)
    rows.set_series(conn, opened)
    return opened


def _allot(conn: Connection, request: NumberRequest, at: datetime, enter: Enter | None) -> Number:
    own = rows.number_of(conn, request.document)
    if own is not None:
        return _usable(own)
    kind = numbering.kind_of(request.kind)
    day = numbering.document_date(at, request.leader_token_time, request.wanted_date)
    state = rows.lock_series(conn, Series(request.agency, request.kind, day.year))
    # Whoever held the series before us may have numbered this very document.
    own = rows.number_of(conn, request.document)
    if own is not None:
        return _usable(own)
    value = numbering.next_number(state, day, request.wanted_number)
    text = numbering.number_text(value, kind, request.agency_symbol, request.unit)
    number = Number(
        agency=request.agency,
        kind=request.kind,
        year=day.year,
        number=value,
        document=request.document,
        text=text,
        document_date=day,
        allotted_at=at,
        voided=False,
        reason="",
    )
    rows.set_series(conn, replace(state, last_number=value, last_date=day))
    rows.insert_number(conn, number)
    journal.append(conn, ALLOTTED, number, at, enter(number) if enter else None)
    return number


def _usable(own: Number) -> Number:
    if own.voided:
        raise RegisterRefused(reasons.NUMBER_VOIDED, number=own.text, why=own.reason)
    return own
