"""Whose turn it is: newest risk first, nobody forgotten, nobody read all the time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import fixity
from policies.fixity import EVERY, Outcome, Risk, Work

AT = datetime(2026, 3, 5, 7, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
WORKS = st.builds(Work, st.integers(0, 10**9), st.integers(0, 10**15))


def test_a_new_copy_is_read_before_what_was_read_before():
    new = fixity.first_turn(AT)
    known = fixity.next_turn(Outcome.INTACT, AT, 0.5, None)
    damaged = fixity.next_turn(Outcome.DAMAGED, AT, 0.5, None)
    assert damaged.risk < new.risk < known.risk
    assert new.due == AT + timedelta(days=1)


@given(st.sampled_from([Outcome.INTACT, Outcome.DAMAGED]), INSTANTS, st.floats(0, 1), st.none() | INSTANTS)
def test_every_reading_has_a_next_one_within_the_quarter_and_not_at_once(outcome, at, spread, repaired_at):
    turn = fixity.next_turn(outcome, at, spread, repaired_at)
    assert timedelta(days=1) <= turn.due - at <= EVERY


def test_a_store_that_does_not_answer_teaches_nothing():
    assert fixity.next_turn(Outcome.UNREAD, AT, 0.5, None) is None


def test_a_repaired_copy_is_read_more_often_and_less_and_less():
    at, gaps = fixity.after_repair(AT).due, []
    while True:
        turn = fixity.next_turn(Outcome.INTACT, at, 0.0, AT)
        gaps.append((turn.due - at).days)
        at = turn.due
        if turn.risk is Risk.KNOWN:
            break
        assert turn.risk is Risk.DAMAGED
    assert gaps == [1, 2, 4, 8, 16, 32, 64, 90]


@given(st.floats(0, 1), st.floats(0, 1))
def test_what_was_stored_together_is_not_read_together_for_ever(one, other):
    apart = abs(
        fixity.next_turn(Outcome.INTACT, AT, one, None).due
        - fixity.next_turn(Outcome.INTACT, AT, other, None).due
    )
    assert apart <= timedelta(days=10)
    if abs(one - other) > 0.2:
        assert apart >= timedelta(days=1.9)


@given(WORKS, WORKS, st.floats(0.001, 1e6))
def test_a_forecast_is_never_more_hopeful_than_either_pace(left, done, seconds):
    told = fixity.forecast(left, done, seconds)
    if not done.objects:
        assert told is None
        return
    assert told >= left.objects * seconds / done.objects * 0.999999
    if done.size:
        assert told >= left.size * seconds / done.size * 0.999999


def test_what_is_not_measured_is_not_foretold():
    assert fixity.forecast(Work(5, 5), Work(), 10) is None
    assert fixity.forecast(Work(5, 5), Work(5, 5), 0) is None
    assert fixity.keeps_up(Work(5, 5), Work(), 10, 3600) is None


@pytest.mark.parametrize(("size", "enough"), [(10**12, True), (10**15, False)])
def test_whether_the_nights_are_enough(size, enough):
    """100 MB in a second, eight hours a night."""
    told = fixity.keeps_up(Work(1000, size), Work(100, 10**8), 1.0, 8 * 3600)
    assert told is enough
