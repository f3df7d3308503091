from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import retention
from policies.numbering import civil_date
from policies.reasons import keeping as reasons
from policies.refusals import Refused
from policies.retention import (
    NOTICE,
    Ending,
    Filing,
    Open,
    Rule,
    check_not_shortened,
    choose,
    ending,
    in_force,
    keeping,
    kept_through,
    last_day,
    last_year_ended,
    lock_target,
    lock_until,
    longest,
    rule,
    table,
    told_through,
)
from policies.times import VIETNAM

SHIPPED = tuple(
    rule(row)
    for row in tomllib.loads(Path(retention.__file__).with_suffix(".toml").read_text("utf-8"))["rule"]
)
TODAY = date(2026, 3, 5)
years = st.none() | st.integers(1, 100)
days = st.dates(date(1945, 9, 2), date(2100, 12, 31))
filings = st.builds(Filing, years, st.none() | days)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
keepings = st.sampled_from(list(Open)) | days


def a_rule(code="05", years=20, since=date(2025, 7, 1), until=None, maintenance="05") -> Rule:
    return Rule(code, maintenance, years, "20 năm", "20 years", "TT", since, until)


def test_the_shipped_table_has_the_codes_of_the_law():
    codes = {row.code: (row.maintenance, row.years) for row in in_force(table(SHIPPED), TODAY)}
    assert codes == {
        "01": ("01", None),
        "02": ("02", 70),
        "03": ("03", 50),
        "04": ("04", 30),
        "05": ("05", 20),
        "05.TCBC": ("05", 20),
        "06": ("06", 10),
        "07.05": ("07", 5),
    }


def test_every_row_names_its_legal_basis_and_its_first_day():
    assert all(row.basis and row.since >= date(2025, 7, 1) for row in SHIPPED)


@pytest.mark.parametrize(
    ("years", "ended", "last"),
    [
        (5, date(2024, 1, 1), date(2029, 12, 31)),
        (5, date(2024, 12, 31), date(2029, 12, 31)),
        (20, date(2024, 2, 29), date(2044, 12, 31)),
        (70, date(2025, 2, 28), date(2095, 12, 31)),
    ],
)
def test_a_period_is_counted_in_whole_years_after_the_year_in_which_the_work_ended(years, ended, last):
    assert kept_through(years, ended) == last


def test_for_ever_has_no_last_day():
    assert kept_through(None, TODAY) is None


@given(st.integers(1, 100), days)
def test_a_period_never_ends_before_its_years_are_over(years, ended):
    last = kept_through(years, ended)
    assert last is not None
    assert (last.month, last.day) == (12, 31)
    assert last.year - ended.year == years


@given(st.integers(1, 100), st.integers(1, 100), days)
def test_more_years_never_end_earlier(fewer, more, ended):
    fewer, more = sorted((fewer, more))
    assert kept_through(fewer, ended) <= kept_through(more, ended)


def weight(kept):
    order = [Open.UNDECIDED, Open.PERMANENT, Open.HELD]
    return (1 + order.index(kept), date.min) if isinstance(kept, Open) else (0, kept)


@given(st.lists(filings, min_size=1), filings)
def test_one_dossier_more_never_ends_a_record_earlier(some, more):
    assert weight(keeping([*some, more])) >= weight(keeping(some))


@given(st.lists(filings, min_size=1))
def test_the_longest_of_the_dossiers_wins(some):
    assert keeping(some) == max((keeping([one]) for one in some), key=weight)


@given(st.lists(filings))
def test_a_hold_beats_everything(some):
    assert keeping(some, held=True) is Open.HELD
    assert last_day(keeping(some, held=True)) is None


@given(st.lists(filings))
def test_for_ever_beats_any_number_of_years(some):
    assert keeping([*some, Filing(None, TODAY)]) is Open.PERMANENT


@given(st.lists(st.builds(Filing, st.integers(1, 100), days)))
def test_nothing_ends_while_a_dossier_is_open_or_there_is_none(some):
    assert keeping([*some, Filing(5, None)]) is Open.UNDECIDED
    assert keeping([]) is Open.UNDECIDED


@given(st.lists(keepings, min_size=1))
def test_the_longest_is_the_weightiest(some):
    assert longest(some) == max(some, key=weight)


@given(keepings, keepings)
def test_a_dossier_closed_again_is_never_kept_for_a_shorter_time(before, after):
    if weight(after) >= weight(before):
        check_not_shortened(before, after)
        return
    with pytest.raises(Refused) as caught:
        check_not_shortened(before, after)
    assert caught.value.reason is reasons.RETENTION_SHORTER


# Locks.


@given(moments, st.none() | days)
def test_a_lock_never_reaches_past_the_retention_nor_farther_than_it_rolls(at, through):
    target = lock_target(at, through)
    assert target <= lock_until(at)
    assert target.microsecond == 0 and target.utcoffset() == timedelta(0)
    if through is not None:
        assert civil_date(target - timedelta(seconds=1)) <= through


@given(moments, st.timedeltas(timedelta(0), timedelta(days=36500)), st.none() | days)
def test_a_later_night_never_asks_for_an_earlier_end(at, later, through):
    assert lock_target(at + later, through) >= lock_target(at, through)


@given(moments, st.none() | days, st.lists(filings, min_size=1), filings)
def test_one_dossier_more_never_shortens_a_lock(at, through, some, more):
    before = lock_target(at, last_day(keeping(some)))
    assert lock_target(at, last_day(keeping([*some, more]))) >= before


def test_the_last_day_ends_at_midnight_in_vietnam():
    at = datetime(2029, 12, 1, tzinfo=UTC)
    assert lock_target(at, date(2029, 12, 31)) == datetime(2030, 1, 1, tzinfo=VIETNAM)
    assert lock_target(at, date(2029, 12, 31)).isoformat() == "2029-12-31T17:00:00+00:00"


def test_a_lock_over_29_february_rolls_by_days():
    assert lock_target(datetime(2027, 12, 1, 5, tzinfo=UTC), None) == datetime(2029, 1, 4, 5, tzinfo=UTC)


def test_the_year_of_work_that_ended_on_new_years_eve_is_that_of_vietnam():
    """At 18:00 UTC it is the new year already; days are civil days, and never read off an instant in UTC."""
    assert civil_date(datetime(2025, 12, 31, 17, tzinfo=UTC)) == date(2026, 1, 1)
    assert kept_through(10, civil_date(datetime(2025, 12, 31, 17, tzinfo=UTC))) == date(2036, 12, 31)
    assert kept_through(10, civil_date(datetime(2025, 12, 31, 16, 59, tzinfo=UTC))) == date(2035, 12, 31)


def test_a_time_without_a_zone_ends_no_lock():
    with pytest.raises(ValueError):
        lock_target(datetime(2026, 1, 1), None)  # noqa: DTZ001


# The table.


def test_a_dossier_chooses_among_the_codes_in_force_when_it_was_opened():
    old, new = a_rule(years=20), a_rule(years=30, since=date(2027, 1, 1))
    rows = table([old, new])
    assert choose(rows, "05", date(2026, 12, 31)) == old
    assert choose(rows, "05", date(2027, 1, 1)) == new


def test_a_code_that_ended_or_has_not_begun_is_refused():
    rows = table([a_rule(until=date(2026, 1, 1))])
    assert in_force(rows, date(2025, 12, 31))
    for day in (date(2026, 1, 1), date(2025, 6, 30)):
        with pytest.raises(Refused) as caught:
            choose(rows, "05", day)
        assert caught.value.reason is reasons.UNKNOWN_RETENTION


def test_a_newer_row_that_ended_does_not_bring_the_older_one_back():
    rows = table([a_rule(), a_rule(years=30, since=date(2026, 1, 1), until=date(2027, 1, 1))])
    assert in_force(rows, date(2027, 6, 1)) == ()


def test_an_agency_adds_codes_and_replaces_those_that_begin_on_the_same_day():
    own = [a_rule(years=25), a_rule("07.15", 15, maintenance="07")]
    merged = {row.code: row.years for row in in_force(table(SHIPPED, own), TODAY)}
    assert merged["05"] == 25 and merged["07.15"] == 15 and merged["06"] == 10


def test_a_code_twice_in_one_file_is_a_mistake():
    with pytest.raises(ValueError, match="twice"):
        table([a_rule(), a_rule(years=30)])


GOOD = {"code": "07.15", "maintenance": "07", "years": 15, "name": "15 năm", "english": "15 years"}
GOOD |= {"basis": "QĐ 1/QĐ-UBND", "since": date(2026, 1, 1)}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"maintenance": "08"}, "maintenance"),
        ({"maintenance": "01"}, "01 has no years"),
        ({"years": None}, "01 has no years"),
        ({"years": 0}, "years"),
        ({"years": 201}, "years"),
        ({"years": True}, "years"),
        ({"years": 1.5}, "years"),
        ({"basis": ""}, "basis is missing"),
        ({"name": 5}, "name is missing"),
        ({"since": "2026-01-01"}, "dates"),
        ({"since": datetime(2026, 1, 1, tzinfo=UTC)}, "dates"),
        ({"until": date(2025, 1, 1)}, "until"),
        ({"yaers": 5}, "unknown yaers"),
        ({"code": "x" * 21}, "more than 20"),
    ],
)
def test_a_wrong_row_is_told_by_its_code_and_fault(change, told):
    assert rule(GOOD).years == 15
    with pytest.raises(ValueError, match=told):
        rule({**GOOD, **change})


def test_a_row_without_its_first_day_is_told():
    with pytest.raises(ValueError, match="since"):
        rule({name: value for name, value in GOOD.items() if name != "since"})


END = date(2031, 12, 31)


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (END - NOTICE - timedelta(days=1), None),
        (END - NOTICE, Ending.SOON),
        (END, Ending.SOON),  # kept through its last day
        (END + timedelta(days=1), Ending.ENDED),
        (date(2090, 1, 1), Ending.ENDED),
    ],
)
def test_the_archivist_is_told_half_a_year_before_the_last_day_and_from_then_on(today, said):
    assert ending(END, today) is said


@pytest.mark.parametrize("endless", list(Open))
def test_what_has_no_last_day_never_ends(endless):
    assert ending(endless, date(9000, 1, 1)) is None


@given(years=st.integers(1, 100), ended=days, through=days)
def test_a_period_has_ended_with_the_years_up_to_the_last_whole_one(years, ended, through):
    last = kept_through(years, ended)
    assert (last.year <= last_year_ended(through)) is (last <= through)


@given(keepings, days)
def test_what_is_told_is_what_ends_by_the_day_up_to_which_is_told(kept, today):
    told = ending(kept, today) is not None
    assert told is (not isinstance(kept, Open) and kept <= told_through(today))
