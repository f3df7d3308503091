"""How the locks of stored objects roll (Luật Lưu trữ 33/2024/QH15, Điều 15; S3 Object Lock).

A new object of a document or dossier is locked at once for the whole rolling time, but softly: under GOVERNANCE, which
a credential that the service does not hold can lift. It is the mode that is short-lived in quarantine, never the date:
a service that is down for weeks, or for most of a year, loses nothing. Once quarantine is over and the second
opinion agreed, the lock is hardened to COMPLIANCE, which nobody can lift. What was stopped is not hardened. The log's
objects hold nothing private and are locked hard at once.

    400 days   each lock reaches, from when it was set or extended
     30 days   after which it is extended again, a few days apart by object, so that a night extends a thirtieth
    300 days   are left when an end that is too near alarms: seventy nights have failed by then, three quarters remain
      2 days   without a good night alarm, long before
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from policies.vocabulary import LockMode, State

FIRST_MODE = LockMode.GOVERNANCE
QUARANTINE = timedelta(
    days=7
)  # a misfiled secret is noticed by the next working week, also over long holidays
RENEW_EVERY = timedelta(days=30)
SPREAD = timedelta(days=5)  # what was archived in one day is not extended in one night for ever
WORTH_EXTENDING = timedelta(days=20)  # what is looked at every night is not extended by one day each time
ALARM_BEFORE = timedelta(days=300)
NIGHTS_MISSED = timedelta(days=2)
SHORTENED_SHOWN = timedelta(days=30)
OVERDUE = timedelta(days=7)  # an object whose lock could not be looked at for so long
_NOT_HARDENED = frozenset({State.STOPPED, State.VOIDED})


@dataclass(frozen=True, slots=True)
class Lock:
    """Until when, how hard, and whether a legal hold lies on it. `until` is aware UTC."""

    until: datetime
    mode: LockMode
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """What the catalogue knows of one copy whose lock is due.

    `target`: how far a lock set now may reach; `last`: no later one will reach further, for retention ends there.
    `quarantine_from`: when it was read back first; None for what is locked hard at once. `cleared`: the second
    opinion agreed, and the document was not stopped.
    """

    lock: Lock
    target: datetime
    last: bool
    quarantine_from: datetime | None
    cleared: bool


class Alarm(StrEnum):
    """What an operator must look at."""

    NO_GOOD_NIGHT = "no-good-night"
    END_NEAR = "lock-end-near"
    SHORTENED = "lock-shortened"
    OVERDUE = "lock-overdue"


def may_harden(state: State, crosscheck_agreed: bool) -> bool:
    """Whether a document's objects leave quarantine: heard, agreed, and neither stopped nor voided."""
    return crosscheck_agreed and state not in _NOT_HARDENED


def wanted(found: Standing, at: datetime, *, hardens: bool = True) -> Lock:
    """The lock that the copy should have from now on: never an earlier end, never a softer mode.

    `hardens` False: its store keeps it under GOVERNANCE, and does not let that be changed.
    """
    old = found.lock
    over = found.quarantine_from is None or at >= found.quarantine_from + QUARANTINE
    hard = old.mode is LockMode.COMPLIANCE or (over and found.cleared) or found.quarantine_from is None
    hard = hard and hardens
    hardens = hard and old.mode is not LockMode.COMPLIANCE
    until = max(old.until, found.target)
    if not hardens and not found.last and until - old.until < WORTH_EXTENDING:
        until = old.until
    return Lock(until, LockMode.COMPLIANCE if hard else LockMode.GOVERNANCE, old.hold)


def first_look(stored_at: datetime, mode: LockMode, spread: float) -> datetime:
    """When the lock of a new copy is looked at first. `spread`: 0 to 1, the object's own."""
    if mode is LockMode.GOVERNANCE:
        return stored_at + QUARANTINE
    return stored_at + RENEW_EVERY - spread * SPREAD


_BEHIND_THE_PASS = timedelta(seconds=1)  # else the pass of this night comes upon it again


def next_look(found: Standing, now: Lock, at: datetime, spread: float) -> datetime:
    """When it is looked at again, after it has the lock `now`. What waits for its clearance is asked every night."""
    if now.mode is LockMode.COMPLIANCE:
        return at + RENEW_EVERY - spread * SPREAD
    begun = found.quarantine_from or at
    return max(begun + QUARANTINE, at + _BEHIND_THE_PASS)


def let_end(found: Standing, now: Lock) -> bool:
    """Whether the lock is never extended again: it reaches the end of retention, or beyond."""
    return found.last and now.until >= found.target and now.mode is LockMode.COMPLIANCE


def weaker(shown: Lock | None, told: Lock) -> bool:
    """Whether a store shows less than the catalogue was told: somebody shortened or softened the lock."""
    if shown is None:
        return True
    softer = told.mode is LockMode.COMPLIANCE and shown.mode is not LockMode.COMPLIANCE
    return shown.until < told.until or softer or (told.hold and not shown.hold)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of one store's locks. `since`: when this archive began to be watched."""

    since: datetime
    last_good: datetime | None
    earliest_end: datetime | None
    last_shortened: datetime | None
    oldest_due: datetime | None


def alarms(watched: Watched, at: datetime) -> Collection[Alarm]:
    """What is wrong now, none when all is well."""
    found = []
    if at - (watched.last_good or watched.since) > NIGHTS_MISSED:
        found.append(Alarm.NO_GOOD_NIGHT)
    if watched.earliest_end is not None and watched.earliest_end - at < ALARM_BEFORE:
        found.append(Alarm.END_NEAR)
    if watched.last_shortened is not None and at - watched.last_shortened < SHORTENED_SHOWN:
        found.append(Alarm.SHORTENED)
    if watched.oldest_due is not None and at - watched.oldest_due > OVERDUE:
        found.append(Alarm.OVERDUE)
    return tuple(found)
