"""Until when evidence is good, and when and how it is renewed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies import renewal
from policies.renewal import Cause, Outlook, Renewal, Support, SupportKind, outlook
from policies.validation import PASSED, AlgorithmFacts, algorithm_end, weigh_end
from policies.vocabulary import SubIndication
from tests.profiles import AGENCY

AT = datetime(2026, 11, 27, tzinfo=UTC)
YEAR = timedelta(days=365)
SHA256 = AlgorithmFacts("sha256", "rsa", 2048)
SHA512 = AlgorithmFacts("sha512", "rsa", 4096)
ENDING = replace(AGENCY, digest_ends=(("sha256", AT + 5 * YEAR),))


def stamp(until, *, document=False, algorithms=(SHA256,), since=AT):
    kind = SupportKind.DOCUMENT_TIMESTAMP if document else SupportKind.SIGNATURE_TIMESTAMP
    return Support(kind, "x", since, until, algorithms)


def test_the_earliest_end_counts():
    found = outlook([stamp(AT + 9 * YEAR), stamp(AT + 3 * YEAR), stamp(AT + 5 * YEAR)], AGENCY)
    assert (found.good_until, found.cause) == (AT + 3 * YEAR, Cause.CERTIFICATE)


def test_nothing_proves_nothing():
    assert outlook([], AGENCY) is None


@pytest.mark.parametrize(
    ("supports", "profile", "kind"),
    [
        ([stamp(AT + 3 * YEAR)], AGENCY, Renewal.FIRST),
        ([stamp(AT + 3 * YEAR, document=True)], AGENCY, Renewal.FURTHER),
        ([stamp(AT + 3 * YEAR, document=True)], ENDING, Renewal.FURTHER),
        ([stamp(AT + 9 * YEAR, document=True)], ENDING, Renewal.STRONGER),
        ([stamp(AT + 9 * YEAR, document=True, algorithms=(SHA512,))], ENDING, Renewal.FURTHER),
        ([stamp(AT + 9 * YEAR)], ENDING, Renewal.STRONGER),
    ],
)
def test_the_kind_of_renewal(supports, profile, kind):
    assert outlook(supports, profile).kind is kind


def test_a_year_before_the_end_and_an_alarm_half_a_year_before():
    found = outlook([stamp(AT + 9 * YEAR)], AGENCY)
    assert found.renew_from == AT + 8 * YEAR
    assert found.alarm_from == AT + 9 * YEAR - timedelta(days=180)


def test_an_authority_whose_certificate_ends_soon_is_not_asked_every_night():
    found = outlook([stamp(AT + timedelta(days=100))], AGENCY)
    assert found.renew_from == AT + timedelta(days=50)
    assert found.alarm_from == AT + timedelta(days=75)


_LOW, _HIGH = datetime(2020, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 (hypothesis wants them naive)
MOMENTS = st.datetimes(_LOW, _HIGH, timezones=st.just(UTC))


@given(MOMENTS, st.timedeltas(timedelta(), 40 * YEAR), st.floats(0, 1))
def test_renewed_before_the_alarm_and_alarmed_before_the_end(since, life, spread):
    found = Outlook(since + life, since, Cause.CERTIFICATE, Renewal.FIRST)
    assert since <= found.renew_from <= found.due(spread) <= found.alarm_from <= found.good_until


@given(st.uuids())
def test_a_document_keeps_its_place_in_the_spread(name):
    assert 0 <= renewal.spread_of(str(name)) < 1
    assert renewal.spread_of(str(name)) == renewal.spread_of(str(name))


def test_documents_that_end_on_one_day_are_not_due_on_one_night():
    found = outlook([stamp(AT + 9 * YEAR)], AGENCY)
    nights = {found.due(renewal.spread_of(f"document {n}")).date() for n in range(1000)}
    assert len(nights) > 80


def test_a_new_time_stamp_takes_a_digest_that_lasts():
    assert renewal.digest_for(AGENCY, AT) == "sha256"
    assert renewal.digest_for(ENDING, AT) == "sha384"
    far = replace(AGENCY, digest_ends=(("sha256", AT + 15 * YEAR),))
    assert renewal.digest_for(far, AT) == "sha256"
    all_end = replace(
        AGENCY, digest_ends=(("sha256", AT + YEAR), ("sha384", AT + 3 * YEAR), ("sha512", AT + 2 * YEAR))
    )
    assert renewal.digest_for(all_end, AT) == "sha384"


def test_a_version_that_proves_no_longer_is_not_kept():
    old, same = (outlook([stamp(AT + 3 * YEAR, document=d)], AGENCY) for d in (False, True))
    assert not renewal.worth_keeping(old, same)
    assert not renewal.worth_keeping(old, None)
    assert renewal.worth_keeping(None, same)
    assert renewal.worth_keeping(old, outlook([stamp(AT + 4 * YEAR, document=True)], AGENCY))


def test_other_ends_of_algorithms_are_other_rules():
    assert renewal.rules_of(AGENCY) == renewal.rules_of(replace(AGENCY, name="other"))
    assert renewal.rules_of(AGENCY) != renewal.rules_of(ENDING)
    assert len(renewal.rules_of(AGENCY)) == 16


class TestEndsOfAlgorithms:
    END = AT + 5 * YEAR

    def test_none_is_foreseen_today(self):
        assert algorithm_end(AGENCY, SHA256) is None
        assert weigh_end(AGENCY, SHA256, None, AT + 100 * YEAR) == PASSED

    @pytest.mark.parametrize(
        ("proven", "at", "passes"),
        [
            (None, AT, True),
            (AT, AT + 10 * YEAR, True),
            (None, AT + 10 * YEAR, False),
            (AT + 5 * YEAR, AT + 10 * YEAR, False),  # the end itself
            (AT + 6 * YEAR, AT + 10 * YEAR, False),
        ],
    )
    def test_proof_from_before_the_end_is_needed_after_it(self, proven, at, passes):
        found = weigh_end(ENDING, SHA256, proven, at)
        assert (found == PASSED) is passes
        if not passes:
            assert found.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE

    def test_keys_end_by_their_length(self):
        profile = replace(AGENCY, key_ends=(("rsa", 2048, self.END),))
        assert algorithm_end(profile, SHA256) == self.END
        assert algorithm_end(profile, SHA512) is None
        assert algorithm_end(profile, AlgorithmFacts("sha256", "ec", 256)) is None
