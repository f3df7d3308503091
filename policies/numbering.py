"""Numbers, symbols and dates of issued documents (NĐ 30/2020/NĐ-CP, Điều 15 and PL I, II.3–4).

A series runs from 01 on 1 January to 31 December in Vietnam's time, one per agency and kind, the same for
paper and electronic documents. The date of a document is the day on which its number is given: never earlier
than the leader's signature, as its time-stamp proves it, nor than the date of the number before.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from policies.kinds import BY_CODE, Kind
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.times import in_vietnam

SYMBOL = re.compile(r"[0-9A-Za-zÀ-ỹĐđ.&-]{1,30}")
TEXT = re.compile(r"(?P<number>0[1-9]|[1-9][0-9]+)/(?P<symbol>[^/\s]+)")


@dataclass(frozen=True, slots=True)
class Series:
    """The register that a number belongs to."""

    agency: str
    kind: str
    year: int


@dataclass(frozen=True, slots=True)
class SeriesState:
    """How far a series has come; while empty, `last_number` is `first_number - 1`, without a date.

    `closed`: the catalogue was made again, or came from a backup: it does not know the numbers that were given last.
    """

    series: Series
    first_number: int
    last_number: int
    last_date: date | None
    closed: bool = False


def civil_date(at: datetime) -> date:
    """The calendar day in Vietnam at that instant. `at` is aware."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone has no calendar day")
    return in_vietnam(at).date()


def kind_of(code: str) -> Kind:
    """The kind with that code. Raises Refused (UNKNOWN_KIND)."""
    if code not in BY_CODE:
        raise Refused(reasons.UNKNOWN_KIND, kind=code)
    return BY_CODE[code]


def number_text(number: int, kind: Kind, agency_symbol: str, unit: str = "") -> str:
    """`05/QĐ-UBND`; a letter, which has no abbreviation, names the drafting unit: `05/BNV-VP`.

    Raises Refused (BAD_SYMBOL) when a part cannot stand in a symbol, or a letter has no unit.
    """
    parts = [kind.abbreviation, agency_symbol] if kind.abbreviation else [agency_symbol, unit]
    for part in parts:
        if not SYMBOL.fullmatch(part):
            raise Refused(reasons.BAD_SYMBOL, symbol=part)
    return f"{number:02d}/{'-'.join(parts)}"


def number_in(text: str) -> int:
    """The number of a symbol such as `05/QĐ-UBND`. Raises Refused (BAD_SYMBOL)."""
    found = TEXT.fullmatch(text)
    if found is None:
        raise Refused(reasons.BAD_SYMBOL, symbol=text)
    return int(found["number"])


def document_date(at: datetime, leader_token_time: datetime, wanted: date | None = None) -> date:
    """The date of a document that is numbered `at`: that day in Vietnam, or the wanted earlier one.

    Raises Refused: DATE_IN_FUTURE, DATE_BEFORE_SIGNATURE.
    """
    today = civil_date(at)
    chosen = wanted or today
    if chosen > today:
        raise Refused(reasons.DATE_IN_FUTURE, date=show(chosen), today=show(today))
    signed = civil_date(leader_token_time)
    if chosen < signed:
        raise Refused(reasons.DATE_BEFORE_SIGNATURE, date=show(chosen), signed=show(signed))
    return chosen


def next_number(state: SeriesState, chosen: date, wanted: int | None = None) -> int:
    """The number that comes next for a document of that date. Without gaps, in the order of dates.

    Raises Refused: SERIES_CLOSED, DATE_BEFORE_LAST_NUMBER, NUMBER_TAKEN, NUMBER_LEAVES_GAP.
    """
    if state.closed:
        series, last = state.series, f"{state.last_number:02d}"
        raise Refused(reasons.SERIES_CLOSED, kind=series.kind, year=series.year, last=last)
    if state.last_date is not None and chosen < state.last_date:
        raise Refused(
            reasons.DATE_BEFORE_LAST_NUMBER,
            date=show(chosen),
            last=show(state.last_date),
            number=f"{state.last_number:02d}",
        )
    number = state.last_number + 1
    if wanted is not None and wanted < number:
        raise Refused(reasons.NUMBER_TAKEN, number=f"{wanted:02d}", next=f"{number:02d}")
    if wanted is not None and wanted > number:
        raise Refused(reasons.NUMBER_LEAVES_GAP, number=f"{wanted:02d}", next=f"{number:02d}")
    return number


def show(day: date) -> str:
    """`05/03/2026`, for sentences."""
    return day.strftime("%d/%m/%Y")
