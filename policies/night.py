"""What is done every night, in which order, and when a night is owed. Pure.

A night begins at 22:00 in Vietnam (+07:00), when offices are closed. Whatever did not run then is owed from that hour
on, also by day: a service that starts in the morning catches up one night, however many it missed.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from enum import StrEnum

from policies.times import in_vietnam

BEGINS = 22  # o'clock
MISSED = timedelta(days=2)  # without a good end: an alarm
RETRY = timedelta(hours=1)  # after a night that went badly, or an errand that left something
HOURS = 8  # of the night, for what is spread over nights


class Task(StrEnum):
    """Once a night, in this order."""

    LOCKS = "locks"
    RENEW = "renew"
    FIXITY = "fixity"
    RECONCILE = "reconcile"
    RETENTION = "retention"


class Errand(StrEnum):
    """Whenever there is something to do."""

    COPIES = "copies"
    REPAIR = "repair"


def latest_night(at: datetime) -> date:
    """The date, in Vietnam, on which the latest night began."""
    local = in_vietnam(at)
    return local.date() if local.hour >= BEGINS else local.date() - timedelta(days=1)


def owed(last: date | None, at: datetime) -> date | None:
    """The night that a task still owes, when `last` is the one that it did last; None when it owes none.

    A clock that is set back over 22:00 owes nothing twice; a last night that is further ahead was told by a clock
    that was wrong, and does not silence the nights until then.
    """
    night = latest_night(at)
    done = last is not None and night <= last <= night + timedelta(days=1)
    return None if done else night
