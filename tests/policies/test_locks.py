"""Locks roll: never shorter, never softer, hard after quarantine, and whoever misses nights is told in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import locks
from policies.locks import ALARM_BEFORE, QUARANTINE, RENEW_EVERY, Alarm, Lock, Standing, Watched
from policies.retention import ROLLING_LOCK, lock_until
from policies.vocabulary import LockMode, State

AT = datetime(2026, 3, 5, 7, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
MODES = st.sampled_from(LockMode)
SPREAD = st.floats(0, 1)
LOCKS = st.builds(Lock, INSTANTS, MODES, st.booleans())
STANDINGS = st.builds(Standing, LOCKS, INSTANTS, st.booleans(), st.none() | INSTANTS, st.booleans())


def soft(cleared=True, since=AT, until=None):
    return Standing(
        Lock(until or lock_until(since), LockMode.GOVERNANCE), lock_until(since), False, since, cleared
    )


@given(STANDINGS, INSTANTS)
def test_a_lock_never_becomes_shorter_or_softer_and_a_hold_stays(found, at):
    now = locks.wanted(found, at)
    assert now.until >= found.lock.until
    assert now.mode is LockMode.COMPLIANCE or found.lock.mode is LockMode.GOVERNANCE
    assert now.hold == found.lock.hold
    assert not locks.weaker(now, found.lock)


@given(STANDINGS, INSTANTS, SPREAD)
def test_what_was_just_extended_is_not_looked_at_again_before_a_month_nearly_passed(found, at, spread):
    now = locks.wanted(found, at)
    after = locks.next_look(found, now, at, spread)
    if now.mode is LockMode.COMPLIANCE:
        assert RENEW_EVERY - locks.SPREAD <= after - at <= RENEW_EVERY
    else:
        assert after >= at


def test_quarantine_is_soft_as_long_as_the_whole_rolling_lock_and_then_hard():
    assert soft().lock.until == AT + ROLLING_LOCK
    assert locks.wanted(soft(), AT + QUARANTINE - timedelta(seconds=1)).mode is LockMode.GOVERNANCE
    assert locks.wanted(soft(), AT + QUARANTINE).mode is LockMode.COMPLIANCE


def test_where_nothing_may_be_hardened_the_lock_rolls_softly():
    late = AT + QUARANTINE + timedelta(days=30)
    found = replace(soft(), target=lock_until(late))
    assert locks.wanted(found, late).mode is LockMode.COMPLIANCE
    assert locks.wanted(found, late, hardens=False) == Lock(lock_until(late), LockMode.GOVERNANCE)
    daily = replace(found, lock=Lock(lock_until(late) - timedelta(days=1), LockMode.GOVERNANCE))
    assert locks.wanted(daily, late, hardens=False) == daily.lock, "not extended by one day each night"


def test_what_was_not_cleared_stays_soft_for_ever_and_its_lock_rolls_all_the_same():
    later = AT + timedelta(days=100)
    found = replace(soft(cleared=False), target=lock_until(later))
    now = locks.wanted(found, later)
    assert now == Lock(lock_until(later), LockMode.GOVERNANCE)
    looked = locks.next_look(found, now, later, 0.5)
    assert timedelta(0) < looked - later < timedelta(minutes=1), (
        "asked again the next night, and not in this one"
    )


def test_what_waits_for_its_clearance_is_not_extended_by_a_day_each_night():
    night = AT + QUARANTINE + timedelta(days=1)
    found = replace(soft(cleared=False), target=lock_until(night))
    assert locks.wanted(found, night).until == found.lock.until


def test_the_log_is_locked_hard_at_once():
    found = Standing(Lock(AT, LockMode.GOVERNANCE), lock_until(AT), False, None, False)
    assert locks.wanted(found, AT).mode is LockMode.COMPLIANCE


@pytest.mark.parametrize("state", State)
def test_what_was_stopped_or_voided_is_not_hardened(state):
    assert not locks.may_harden(state, False)
    assert locks.may_harden(state, True) is (state not in (State.STOPPED, State.VOIDED))


def test_a_lock_that_reaches_the_end_of_retention_is_let_end():
    end = AT + timedelta(days=100)
    found = Standing(Lock(end, LockMode.COMPLIANCE), end, True, AT, True)
    assert locks.let_end(found, locks.wanted(found, AT))
    assert not locks.let_end(replace(found, last=False), found.lock)
    near = replace(found, lock=Lock(end - timedelta(days=1), LockMode.COMPLIANCE))
    assert locks.wanted(near, AT).until == end, "the last days are not left out for being few"


@given(LOCKS, LOCKS)
def test_weaker_means_shorter_softer_or_without_the_hold(shown, told):
    hard = told.mode is LockMode.COMPLIANCE and shown.mode is LockMode.GOVERNANCE
    expected = shown.until < told.until or hard or (told.hold and not shown.hold)
    assert locks.weaker(shown, told) is bool(expected)
    assert locks.weaker(None, told)


def watched(**values):
    well = {
        "since": AT - timedelta(days=1000),
        "last_good": AT - timedelta(hours=20),
        "earliest_end": AT + timedelta(days=365),
        "last_shortened": None,
        "oldest_due": AT - timedelta(hours=3),
    }
    return Watched(**{**well, **values})


def test_a_good_night_alarms_nobody():
    assert locks.alarms(watched(), AT) == ()
    assert locks.alarms(watched(earliest_end=None, oldest_due=None), AT) == ()
    new = watched(since=AT - timedelta(days=1), last_good=None)
    assert locks.alarms(new, AT) == ()


@pytest.mark.parametrize(
    ("values", "alarm"),
    [
        ({"last_good": AT - timedelta(days=2, seconds=1)}, Alarm.NO_GOOD_NIGHT),
        ({"last_good": None}, Alarm.NO_GOOD_NIGHT),
        ({"earliest_end": AT + ALARM_BEFORE - timedelta(seconds=1)}, Alarm.END_NEAR),
        ({"last_shortened": AT - timedelta(days=29)}, Alarm.SHORTENED),
        ({"oldest_due": AT - timedelta(days=8)}, Alarm.OVERDUE),
    ],
)
def test_each_alarm(values, alarm):
    assert locks.alarms(watched(**values), AT) == (alarm,)


@given(st.integers(1, 400))
def test_nights_that_fail_alarm_long_before_the_first_lock_ends(nights):
    """Extended for the last time at worst a month before the first night that failed."""
    end = AT - RENEW_EVERY + ROLLING_LOCK
    at = AT + timedelta(days=nights)
    told = locks.alarms(watched(last_good=AT, earliest_end=end, oldest_due=AT), at)
    if nights > 2:
        assert Alarm.NO_GOOD_NIGHT in told
    if nights > 71:
        assert Alarm.END_NEAR in told
    if Alarm.END_NEAR not in told:
        assert end - at >= timedelta(days=300)
