"""Official time (Vietnam, +07:00): what people are shown, and what dates are counted in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

VIETNAM = timezone(timedelta(hours=7), "+07:00")
_LAST = datetime.max.replace(microsecond=0, tzinfo=VIETNAM)


def in_vietnam(at: datetime) -> datetime:
    """The aware moment on a Vietnamese clock.

    The calendar ends with the year 9999, and a certificate without an end names its last second in UTC (RFC 5280,
    4.1.2.5): what would be later here is that last second.
    """
    try:
        return at.astimezone(VIETNAM)
    except OverflowError:
        return _LAST if at.year > 1 else datetime.min.replace(tzinfo=UTC).astimezone(VIETNAM)
