from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from policies import numbering
from policies.kinds import BY_CODE, KINDS, OFFICIAL_LETTER
from policies.numbering import Series, SeriesState, civil_date, document_date, next_number, number_text
from policies.reasons import issuing as reasons
from policies.refusals import Refused

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
SERIES = Series("H99.01", "QĐ", 2026)


def test_the_decree_names_29_kinds_two_of_them_without_abbreviation():
    assert len(KINDS) == len(BY_CODE) == 29
    assert [kind.name for kind in KINDS if not kind.abbreviation] == ["Công văn", "Thư công"]
    assert len({kind.name for kind in KINDS}) == 29


@pytest.mark.parametrize(
    ("number", "kind", "symbol", "unit", "expected"),
    [
        (1, "QĐ", "UBND", "", "01/QĐ-UBND"),
        (9, "QĐ", "UBND", "VP", "09/QĐ-UBND"),
        (10, "QĐ", "UBND", "", "10/QĐ-UBND"),
        (15, "QĐ", "UBND", "", "15/QĐ-UBND"),
        (5, "CV", "BNV", "VP", "05/BNV-VP"),
        (1234, "TTr", "BNV", "", "1234/TTr-BNV"),
    ],
)
def test_symbols_as_the_decree_writes_them(number, kind, symbol, unit, expected):
    assert number_text(number, BY_CODE[kind], symbol, unit) == expected
    assert numbering.number_in(expected) == number


@given(st.integers(1, 10**6), st.sampled_from(KINDS), st.sampled_from(["UBND", "BNV", "HĐND", "STC"]))
def test_a_symbol_gives_its_number_back(number, kind, symbol):
    text = number_text(number, kind, symbol, "VP")
    assert numbering.number_in(text) == number
    assert text.split("/")[0] == str(number).zfill(2)


@pytest.mark.parametrize("symbol", ["", "UB ND", "UBND/VP", "UBND\n", "U" * 31, "UBND‮"])
def test_a_part_that_cannot_stand_in_a_symbol(symbol):
    with pytest.raises(Refused) as refused:
        number_text(1, BY_CODE["QĐ"], symbol)
    assert refused.value.reason is reasons.BAD_SYMBOL


def test_a_letter_needs_its_unit():
    with pytest.raises(Refused) as refused:
        number_text(1, OFFICIAL_LETTER, "UBND")
    assert refused.value.reason is reasons.BAD_SYMBOL


@pytest.mark.parametrize("text", ["5/QĐ-UBND", "005/QĐ-UBND", "00/QĐ-UBND", "QĐ-UBND", "05/", "05/QĐ/UBND"])
def test_what_is_no_symbol(text):
    with pytest.raises(Refused) as refused:
        numbering.number_in(text)
    assert refused.value.reason is reasons.BAD_SYMBOL


def test_an_unknown_kind():
    with pytest.raises(Refused) as refused:
        numbering.kind_of("XX")
    assert refused.value.reason is reasons.UNKNOWN_KIND


@pytest.mark.parametrize(
    ("at", "day"),
    [
        ("2026-03-05T16:59:59.999999+00:00", date(2026, 3, 5)),
        ("2026-03-05T17:00:00+00:00", date(2026, 3, 6)),
        ("2026-12-31T16:59:59+00:00", date(2026, 12, 31)),
        ("2026-12-31T17:00:00+00:00", date(2027, 1, 1)),
        ("2026-12-31T23:59:59+07:00", date(2026, 12, 31)),
        ("2027-01-01T00:00:00+07:00", date(2027, 1, 1)),
        ("2026-12-31T12:00:00-08:00", date(2027, 1, 1)),
    ],
)
def test_midnight_is_midnight_in_vietnam(at, day):
    assert civil_date(datetime.fromisoformat(at)) == day


def test_a_time_without_a_zone_has_no_day():
    with pytest.raises(ValueError, match="without a zone"):
        civil_date(datetime(2026, 1, 1))  # noqa: DTZ001


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=30)), st.integers(-40, 5))
@example(datetime(2026, 12, 31, 16, 59, tzinfo=UTC), timedelta(minutes=2), 0)
def test_the_date_lies_between_signature_and_today(token, later, days):
    at = token + later
    wanted = civil_date(at) + timedelta(days=days)
    if civil_date(token) <= wanted <= civil_date(at):
        assert document_date(at, token, wanted) == wanted
        return
    with pytest.raises(Refused) as refused:
        document_date(at, token, wanted)
    early = wanted < civil_date(token)
    assert refused.value.reason is (reasons.DATE_BEFORE_SIGNATURE if early else reasons.DATE_IN_FUTURE)


@given(INSTANTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_without_a_wish_the_date_is_the_day_of_the_number(token, later):
    assert document_date(token + later, token) == civil_date(token + later)


def test_a_clock_behind_the_time_stamp_gives_no_date():
    token = datetime(2026, 3, 5, 17, 0, tzinfo=UTC)
    with pytest.raises(Refused) as refused:
        document_date(token - timedelta(seconds=1), token)
    assert refused.value.reason is reasons.DATE_BEFORE_SIGNATURE
    assert "06/03/2026" in refused.value.text("vi")


@given(st.lists(st.integers(0, 364), min_size=1, max_size=30), st.integers(1, 500))
def test_numbers_follow_dates_without_gaps(days, first):
    """Whatever dates are asked for: what is given runs on by one, and its dates never go back."""
    state, given_numbers = SeriesState(SERIES, first, first - 1, None), []
    for day in (date(2026, 1, 1) + timedelta(days=n) for n in days):
        if state.last_date is not None and day < state.last_date:
            with pytest.raises(Refused) as refused:
                next_number(state, day)
            assert refused.value.reason is reasons.DATE_BEFORE_LAST_NUMBER
            continue
        number = next_number(state, day)
        state = SeriesState(SERIES, first, number, day)
        given_numbers.append((number, day))
    assert [number for number, _ in given_numbers] == list(range(first, first + len(given_numbers)))
    assert given_numbers == sorted(given_numbers, key=lambda item: item[1])


@given(st.integers(0, 100), st.integers(1, 120))
def test_a_wish_is_the_next_number_or_refused(last, wanted):
    state = SeriesState(SERIES, 1, last, None)
    if wanted == last + 1:
        assert next_number(state, date(2026, 1, 1), wanted) == wanted
        return
    with pytest.raises(Refused) as refused:
        next_number(state, date(2026, 1, 1), wanted)
    assert refused.value.reason is (reasons.NUMBER_TAKEN if wanted <= last else reasons.NUMBER_LEAVES_GAP)
