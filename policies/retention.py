"""How long records are kept, and how far their locks reach (Luật Lưu trữ 33/2024/QH15, Điều 15 and 16).

    in_force(table, day)          the codes among which a dossier opened on that day chooses
    kept_through(years, ended)    the last day of a period that is counted from the year in which the work ended
    keeping(filings, held=…)      what several dossiers and a hold make of one record: the longest wins
    lock_target(at, day)          until when the store's lock should reach tonight
    ending(day, today)            whether a period is over, or is told to the archivist because it ends before long

Locks roll: each is set for a bounded time and extended nightly as long as the record is to be kept. A lock of
70 years on a misfiled secret could never be undone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from policies.reasons import keeping as reasons
from policies.refusals import Refused
from policies.times import VIETNAM

ROLLING_LOCK = timedelta(days=400)
NOTICE = timedelta(
    days=180
)  # NĐ 113/2025/NĐ-CP, Điều 20 asks for a notice and names no days: half a year is ours
MAINTENANCE = ("01", "02", "03", "04", "05", "06", "07")  # TT 05/2025/TT-BNV: 01 for ever, 07 other
PERMANENT_MAINTENANCE = "01"
MOST_YEARS = 200
MAX_CODE = 20
_TEXTS = ("code", "maintenance", "name", "english", "basis")


class Ending(StrEnum):
    """What the archivist is told of a period (Luật Lưu trữ, Điều 16; NĐ 113/2025/NĐ-CP, Điều 20)."""

    ENDED = "ended"  # its last day is over: the council may be asked; nothing is deleted by that
    SOON = "soon"  # within `NOTICE`, its last day and today included


class Open(StrEnum):
    """Why a record has no last day, weightiest first."""

    HELD = "held"  # a legal hold, whatever else
    PERMANENT = "permanent"
    UNDECIDED = "undecided"  # filed nowhere, or in a dossier whose work goes on


Keeping = date | Open


@dataclass(frozen=True, slots=True)
class Rule:
    """One code of the table: how many `years` (None: for ever), by which law, in force from `since` up to, and
    without, `until`. `maintenance` is the code of TT 05/2025/TT-BNV."""

    code: str
    maintenance: str
    years: int | None
    name: str
    english: str
    basis: str
    since: date
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Filing:
    """What one dossier says of a record in it. `work_ended` is None while the dossier is open."""

    years: int | None
    work_ended: date | None


def rule(row: Mapping[str, Any]) -> Rule:
    """A row of a rules file. ValueError names what is wrong with it."""
    code = row.get("code", "?")
    unknown = set(row) - set(Rule.__slots__)
    if unknown:
        raise ValueError(f"retention code {code}: unknown {', '.join(sorted(unknown))}")
    for name in _TEXTS:
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise ValueError(f"retention code {code}: {name} is missing")
    made = Rule(**{"years": None, "since": None, **row})
    for what, wrong in _faults(made):
        if wrong:
            raise ValueError(f"retention code {code}: {what}")
    return made


def _faults(given: Rule) -> tuple[tuple[str, bool], ...]:
    years, until = given.years, given.until
    whole = years is None or (type(years) is int and 1 <= years <= MOST_YEARS)
    days = type(given.since) is date and (until is None or type(until) is date)
    permanent = given.maintenance == PERMANENT_MAINTENANCE
    return (
        (f"code has more than {MAX_CODE} characters", len(given.code) > MAX_CODE),
        (f"maintenance is none of {', '.join(MAINTENANCE)}", given.maintenance not in MAINTENANCE),
        (f"years is no number from 1 to {MOST_YEARS}", not whole),
        ("only maintenance 01 has no years, and it has none", permanent is not (years is None)),
        ("since and until are dates (2026-01-01)", not days),
        ("until is not after since", days and until is not None and until < given.since),
    )


def table(shipped: Iterable[Rule], own: Iterable[Rule] = ()) -> tuple[Rule, ...]:
    """One table. A code that starts on the same day in both is the agency's own. ValueError for two in one file."""
    merged: dict[tuple[str, date], Rule] = {}
    for rows in (shipped, own):
        seen: set[tuple[str, date]] = set()
        for row in rows:
            key = row.code, row.since
            if key in seen:
                raise ValueError(f"retention code {row.code} is there twice from {row.since}")
            seen.add(key)
            merged[key] = row
    return tuple(sorted(merged.values(), key=lambda row: (row.code, row.since)))


def in_force(rows: Iterable[Rule], day: date) -> tuple[Rule, ...]:
    """The table as it stood on that day, by code. Of two rows with one code the one that began last counts."""
    found: dict[str, Rule] = {}
    for row in rows:
        newer = row.code not in found or found[row.code].since < row.since
        if row.since <= day and newer:
            found[row.code] = row
    alive = [row for row in found.values() if row.until is None or day < row.until]
    return tuple(sorted(alive, key=lambda row: row.code))


def choose(rows: Iterable[Rule], code: str, day: date) -> Rule:
    """The code as a dossier opened on that day may have it. Raises Refused UNKNOWN_RETENTION."""
    for row in in_force(rows, day):
        if row.code == code:
            return row
    raise Refused(reasons.UNKNOWN_RETENTION, code=code[:MAX_CODE], day=day.strftime("%d/%m/%Y"))


def kept_through(years: int | None, work_ended: date) -> date | None:
    """The last day of the period, None when there is none.

    «Tính từ năm kết thúc công việc» (Điều 15, khoản 3): counted in whole years that follow the year in which the
    work ended, the longer of the two readings: 5 years after work that ended in 2024 end on 31/12/2029.
    """
    return None if years is None else date(work_ended.year + years, 12, 31)


def ending(kept: Keeping, today: date) -> Ending | None:
    """Whether the period is over or ends within `NOTICE` of `today`; None for what ends later, or has no last day.

    Records are kept through their last day: on 31/12 itself the period is not over yet.
    """
    if isinstance(kept, Open) or kept > told_through(today):
        return None
    return Ending.ENDED if kept < today else Ending.SOON


def told_through(today: date) -> date:
    """The last day of a period that is told to the archivist today."""
    return today + NOTICE


def last_year_ended(through: date) -> int:
    """The last year whose 31/12, with which periods end, is not after that day."""
    return through.year if (through.month, through.day) == (12, 31) else through.year - 1


def keeping(filings: Iterable[Filing], *, held: bool = False) -> Keeping:
    """Until when a record is kept that lies in all of these dossiers (Điều 15, khoản 4: the longest wins).

    A hold beats everything, for ever beats any number of years, and nothing ends while it is in no dossier or in
    one that is still open.
    """
    return Open.HELD if held else longest(_end(filing) for filing in filings)


def _end(filing: Filing) -> Keeping:
    if filing.work_ended is None:
        return Open.UNDECIDED
    return kept_through(filing.years, filing.work_ended) or Open.PERMANENT


def last_day(kept: Keeping) -> date | None:
    """For `lock_target`: the last day, or None when there is none yet."""
    return None if isinstance(kept, Open) else kept


def longest(several: Iterable[Keeping]) -> Keeping:
    """The weightiest of several; of none, undecided. What is linked with longer-lived records is kept as long as
    they are (Luật Lưu trữ, Điều 36, khoản 4)."""
    given = list(several)
    for endless in Open:
        if endless in given:
            return endless
    days = [one for one in given if not isinstance(one, Open)]
    return max(days) if days else Open.UNDECIDED


def check_not_shortened(before: Keeping, after: Keeping) -> None:
    """A dossier that is closed again is kept at least as long as it was to be. Raises Refused RETENTION_SHORTENED."""
    if longest((before, after)) != after:
        raise Refused(reasons.RETENTION_SHORTER)


def lock_until(at: datetime) -> datetime:
    """Until when an object stored at that time is locked first, to the whole second that stores keep."""
    return (at + ROLLING_LOCK).replace(microsecond=0)


def lock_target(at: datetime, retain_through: date | None) -> datetime:
    """Until when a lock should reach at that time, aware UTC, whole seconds: the rolling lock, or the end of the
    last day on which the record is kept (in Vietnam), whichever comes first.

    `retain_through` is None for what is kept for ever, or until somebody decides. The target may lie before the
    lock that an object has: nobody shortens that one, the caller extends or does nothing. ValueError without a zone.
    """
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot end a lock")
    rolling = lock_until(at).astimezone(UTC)
    if retain_through is None:
        return rolling
    return min(rolling, day_after(retain_through))


def day_after(day: date) -> datetime:
    """The instant, in UTC, at which that day is over in Vietnam."""
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM).astimezone(UTC)
