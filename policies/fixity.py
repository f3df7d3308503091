"""When stored bytes are read and hashed again, and in which order. Pure.

Newest risk first: what was damaged or repaired, then what was never read again after it was archived, then whatever
was read longest ago. Each copy in each store has its own turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

FIRST = timedelta(days=1)  # the read-back at archiving may have come out of a cache
EVERY = timedelta(days=90)
SPREAD = timedelta(days=10)  # what was archived in one day is not read in one night for ever
AFTER_DAMAGE = timedelta(days=1)
WATCHED = timedelta(
    days=90
)  # how long a repaired copy is read more often: 1, 1, 2, 4, 8 … days after the repair
UNREAD_AGAIN = timedelta(hours=1)
# A copy that its store fails to give so often in a row, while it gives others, is as good as damaged: some servers
# find rot by themselves, and then answer with nothing but an error.
UNREAD_MOST = 3


_UNREAD = "unread-"


class Risk(IntEnum):
    """The order of the queue."""

    DAMAGED = 0  # or repaired not long ago
    NEW = 1
    KNOWN = 2


class Outcome(StrEnum):
    """What one reading of one copy said."""

    INTACT = "intact"
    DAMAGED = "damaged"  # other bytes than archived, or none
    UNREAD = "unread"  # the store did not answer: nothing is known, it stays due


@dataclass(frozen=True, slots=True)
class Turn:
    """When a copy is read next, and before whom."""

    risk: Risk
    due: datetime


@dataclass(frozen=True, slots=True)
class Work:
    """Copies and bytes."""

    objects: int = 0
    size: int = 0

    def __add__(self, other: Work) -> Work:
        return Work(self.objects + other.objects, self.size + other.size)


def first_turn(stored_at: datetime) -> Turn:
    """Of a new copy."""
    return Turn(Risk.NEW, stored_at + FIRST)


def after_repair(at: datetime) -> Turn:
    """Of a copy that was mended and read back."""
    return Turn(Risk.DAMAGED, at + AFTER_DAMAGE)


def next_turn(outcome: Outcome, at: datetime, spread: float, repaired_at: datetime | None) -> Turn | None:
    """After a reading at `at`; None when nothing was learned. `spread`: 0 to 1, the object's own."""
    if outcome is Outcome.UNREAD:
        return None
    if outcome is Outcome.DAMAGED:
        return Turn(Risk.DAMAGED, at + AFTER_DAMAGE)
    if repaired_at is not None and at - repaired_at < WATCHED:
        return Turn(Risk.DAMAGED, at + min(EVERY, max(AFTER_DAMAGE, at - repaired_at)))
    return Turn(Risk.KNOWN, at + EVERY - spread * SPREAD)


def after_unread(state: str, at: datetime) -> tuple[str, Turn]:
    """The next state of a copy that was not read, though its store gave others; and when it is tried again."""
    times = int(state.removeprefix(_UNREAD)) if state.startswith(_UNREAD) else 0
    if state == Outcome.DAMAGED or times + 1 >= UNREAD_MOST:
        return Outcome.DAMAGED, Turn(Risk.DAMAGED, at + AFTER_DAMAGE)
    return f"{_UNREAD}{times + 1}", Turn(Risk.DAMAGED, at + UNREAD_AGAIN)


def forecast(left: Work, done: Work, seconds: float) -> float | None:
    """Seconds until `left` is read at the pace of `done` in `seconds`; None while nothing was measured.

    The slower of both paces counts: small objects cost by number, large ones by size.
    """
    if seconds <= 0 or not done.objects:
        return None
    by_number = left.objects * seconds / done.objects
    by_size = left.size * seconds / done.size if done.size else 0.0
    return max(by_number, by_size)


def keeps_up(everything: Work, done: Work, seconds: float, night: float) -> bool | None:
    """Whether a pass over all copies takes less than `EVERY`, in nights of so many seconds; None when unknown."""
    whole = forecast(everything, done, seconds)
    return None if whole is None else whole / night <= EVERY.days
