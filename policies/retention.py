"""How long stored objects are locked (Luật Lưu trữ 33/2024/QH15).

Locks roll: each is set for a bounded time and extended nightly as long as the record is to be kept. A lock of
70 years on a misfiled secret could never be undone.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from policies.numbering import VIETNAM

ROLLING_LOCK = timedelta(days=400)


def lock_until(at: datetime) -> datetime:
    """Until when an object stored at that time is locked first, to the whole second that stores keep."""
    return (at + ROLLING_LOCK).replace(microsecond=0)


def lock_target(at: datetime, retain_through: date | None) -> datetime:
    """Until when a lock should reach at that time, aware UTC, whole seconds: the rolling lock, or the end of the
    last day on which the record is kept (in Vietnam), whichever comes first.

    `retain_through` is None for what is kept for ever, or until somebody decides. The target may lie before the
    lock that an object has: nobody shortens that one, the caller extends or does nothing. ValueError without a zone.
    """
    rolling = lock_until(at).astimezone(UTC)
    if retain_through is None:
        return rolling
    return min(rolling, day_after(retain_through))


def day_after(day: date) -> datetime:
    """The instant, in UTC, at which that day is over in Vietnam."""
    return datetime.combine(day + timedelta(days=1), time(), VIETNAM).astimezone(UTC)
