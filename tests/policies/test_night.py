"""A night is owed once, from 22:00 in Vietnam on, and a missed one is caught up."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import night
from policies.times import VIETNAM

INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("hour", "expected"),
    [(0, date(2026, 3, 4)), (6, date(2026, 3, 4)), (21, date(2026, 3, 4)), (22, date(2026, 3, 5))],
)
def test_a_night_begins_at_ten_in_vietnam(hour, expected):
    assert night.latest_night(datetime(2026, 3, 5, hour, tzinfo=VIETNAM)) == expected


def test_new_years_eve_belongs_to_the_old_year():
    assert night.latest_night(datetime(2026, 12, 31, 17, tzinfo=UTC)) == date(2026, 12, 31)


@given(INSTANTS)
def test_a_night_is_owed_once(at):
    owed = night.owed(None, at)
    assert owed == night.latest_night(at)
    assert night.owed(owed, at) is None
    assert night.owed(owed, at + timedelta(days=1)) == owed + timedelta(days=1)


@given(INSTANTS, st.integers(2, 400))
def test_however_many_were_missed_one_is_caught_up(at, days):
    last = night.latest_night(at)
    later = at + timedelta(days=days)
    owed = night.owed(last, later)
    assert owed == last + timedelta(days=days)
    assert night.owed(owed, later) is None


@given(INSTANTS, st.integers(1, 59))
def test_a_clock_that_jumps_back_over_the_beginning_owes_nothing_twice(at, minutes):
    done = night.owed(None, at)
    assert night.owed(done, at - timedelta(minutes=minutes)) is None


@given(INSTANTS)
def test_a_clock_that_was_years_ahead_does_not_silence_the_nights(at):
    wrong = night.owed(None, at + timedelta(days=1000))
    assert night.owed(wrong, at) == night.latest_night(at)
