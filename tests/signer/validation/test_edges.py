"""The first and the last second of certificates, answers, algorithms and profiles, in whatever time zone."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.profiles import profiles
from policies.validation import (
    PASSED,
    AlgorithmFacts,
    failed,
    indeterminate,
    weigh_algorithm,
    weigh_ca_algorithm,
    weigh_end,
)
from policies.vocabulary import SubIndication
from signer.trust.anchors import Standing, TrustAnchors
from signer.validation.context import Context
from signer.validation.names import day, moment
from signer.validation.proof import Proof
from signer.validation.revocation_freshness import status
from signer.validation.values import Evidence
from signer.validation.x509_validation import Use, validate
from tests.profiles import AGENCY, HISTORICAL
from tests.signer.trust.forge import NOW, YEAR, answer, crl, issue

SECOND = timedelta(seconds=1)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HERE = timezone(timedelta(hours=7))
PATIENT = replace(AGENCY, clock_tolerance=timedelta(0))
EXPIRED = indeterminate(SubIndication.OUT_OF_BOUNDS_NO_POE)

ROOT = issue("Root", ca=True, since=NOW - 9 * YEAR, until=NOW + 9 * YEAR)
CA = issue("CA", ROOT, ca=True, since=NOW - 9 * YEAR, until=NOW + 9 * YEAR)
LEAF = issue("Leaf", CA, since=NOW - HOUR, until=NOW + HOUR)
UPPER = crl(ROOT, this=NOW - DAY, until=NOW + 2 * DAY)
zones = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))


def context(at, *lists, profile=AGENCY, trust=None):
    return Context.start(
        trust or TrustAnchors((ROOT.der,)), profile, at, Evidence((CA.der,), (), (UPPER, *lists))
    )


def known(at, profile=AGENCY, *, ocsp=(), crls=()):
    """A context with these answers alone."""
    return Context.start(TrustAnchors((ROOT.der,)), profile, at, Evidence((), ocsp, crls))


def judged(at, proof=None, **options):
    """The verdict on the leaf at this time, its status being known."""
    current = crl(CA, this=min(at, NOW + HOUR), until=at + DAY)
    return validate(
        context(at, current, **options), LEAF.parsed, Use.SIGNING, proof or Proof()
    ).outcome.verdict


class TestCertificates:
    """RFC 5280, 4.1.2.5: from notBefore through notAfter, inclusive."""

    @given(offset=st.integers(-2 * 3600, 2 * 3600), zone=zones)
    @settings(max_examples=60, deadline=None)
    def test_valid_through_both_ends(self, offset, zone):
        at = (NOW + offset * SECOND).astimezone(zone)
        assert LEAF.parsed.valid_at(at) is (abs(offset) <= 3600)

    @pytest.mark.parametrize(
        ("at", "verdict"),
        [
            (NOW - HOUR - SECOND, EXPIRED),
            (NOW - HOUR, PASSED),
            (NOW + HOUR, PASSED),
            (NOW + HOUR + timedelta.resolution, EXPIRED),
            (NOW + HOUR + SECOND, EXPIRED),
        ],
    )
    @pytest.mark.parametrize("zone", [UTC, HERE])
    def test_a_signature_at_either_end(self, at, verdict, zone):
        assert judged(at.astimezone(zone)) == verdict

    @pytest.mark.parametrize(
        ("claimed", "surely"), [(NOW + HOUR, False), (NOW + HOUR + SECOND, True), (NOW + 2 * HOUR, True)]
    )
    def test_who_claims_the_last_second_did_not_sign_after_it(self, claimed, surely):
        """A time-stamp from after the end alone does not prove a signature after it (EN 319 102-1, 5.5.4)."""
        proof = Proof(existed_at=NOW + 2 * HOUR, claimed=claimed)
        verdict = judged(NOW + 3 * HOUR, proof)
        assert verdict == (failed(SubIndication.EXPIRED) if surely else EXPIRED)

    def test_made_at_the_last_second_at_the_earliest_may_be_made_in_it(self):
        proof = Proof(existed_at=NOW + 2 * HOUR, made_after=NOW + HOUR)
        assert judged(NOW + 3 * HOUR, proof) == EXPIRED

    @pytest.mark.parametrize(("existed", "good"), [(-SECOND, True), (0 * SECOND, False), (SECOND, False)])
    def test_revoked_in_the_very_second(self, existed, good):
        """What is proven of the second of the revocation is not proven to be older."""
        revoked = crl(CA, [(LEAF, NOW)], this=NOW + HOUR)
        proof = Proof(existed_at=NOW + existed)
        found = validate(context(NOW + HOUR, revoked), LEAF.parsed, Use.SIGNING, proof).outcome.verdict
        assert (found == PASSED) is good


class TestAnswers:
    @given(
        this=st.integers(-10, 10),
        until=st.integers(0, 20),
        now=st.integers(-10, 30),
        proven=st.integers(-10, 30),
    )
    @settings(max_examples=150, deadline=None)
    def test_of_the_proven_time_or_current(self, this, until, now, proven):
        """thisUpdate counts from its own second, nextUpdate through its own (EN 319 102-1, 5.2.5)."""
        made, ends, at, when = (NOW + each * HOUR for each in (this, this + until, now, min(now, proven)))
        der = answer(LEAF, CA, this=made, until=ends)
        found = status(known(at, PATIENT, ocsp=(der,)), LEAF.parsed, CA.parsed, when)
        kept = made <= NOW + HOUR  # after the leaf's end it may have been dropped
        assert (found.answer is not None) is (kept and made <= at and (made >= when or at <= ends))

    @pytest.mark.parametrize(("late", "good"), [(0 * SECOND, True), (SECOND, False)])
    @pytest.mark.parametrize("zone", [UTC, HERE])
    def test_next_update_is_the_last_second(self, late, good, zone):
        der = answer(LEAF, CA, this=NOW - HOUR, until=NOW)
        at = (NOW + late).astimezone(zone)
        found = status(known(at, AGENCY, ocsp=(der,)), LEAF.parsed, CA.parsed, at)
        assert (found.answer is not None) is good

    def test_an_authoritys_list_counts_through_its_last_second(self):
        der = crl(ROOT, this=NOW, until=NOW + HOUR)
        for when, good in ((-SECOND, True), (0 * SECOND, True), (HOUR, True), (HOUR + SECOND, False)):
            found = status(
                known(NOW + 9 * HOUR, PATIENT, crls=(der,)),
                CA.parsed,
                ROOT.parsed,
                NOW + when,
            )
            assert (found.answer is not None) is good, when

    def test_this_update_in_the_second_in_which_the_certificate_ends(self):
        for late, good in ((0 * SECOND, True), (SECOND, False)):
            der = answer(LEAF, CA, this=NOW + HOUR + late, until=NOW + DAY)
            found = status(
                known(NOW + 2 * HOUR, AGENCY, ocsp=(der,)),
                LEAF.parsed,
                CA.parsed,
                NOW,
            )
            assert (found.answer is not None) is good


SHA1 = AlgorithmFacts("sha1", "rsa", 2048)
SHORT = AlgorithmFacts("sha256", "rsa", 1024)
GOOD = AlgorithmFacts("sha256", "rsa", 2048)
SUNSET = datetime(2017, 1, 1, tzinfo=UTC)
edges = st.integers(-2, 2).map(lambda seconds: seconds * SECOND)


class TestAlgorithms:
    """Reliable until a time: not in that second any more, wherever the profile names a time."""

    @given(late=edges, zone=zones)
    def test_a_weak_one_was_reliable_before_its_end(self, late, zone):
        proven = (SUNSET + late).astimezone(zone)
        assert (weigh_algorithm(HISTORICAL, SHA1, proven) == PASSED) is (late < 0 * SECOND)
        short = proven.replace(year=proven.year - 6)  # RSA-1024: 2011
        assert (weigh_algorithm(HISTORICAL, SHORT, short) == PASSED) is (late < 0 * SECOND)

    @given(late=edges, zone=zones)
    def test_a_good_one_ends_in_the_second_of_its_end(self, late, zone):
        profile = replace(AGENCY, digest_ends=(("sha256", SUNSET.astimezone(HERE)),))
        at = (SUNSET + late).astimezone(zone)
        assert (weigh_end(profile, GOOD, None, at) == PASSED) is (late < 0 * SECOND)
        assert (weigh_end(profile, GOOD, at, NOW) == PASSED) is (late < 0 * SECOND)

    @given(late=edges, zone=zones)
    def test_an_old_authority_was_issued_before_the_day(self, late, zone):
        issued = (SUNSET + late).astimezone(zone)
        assert (weigh_ca_algorithm(AGENCY, SHA1, issued) == PASSED) is (late < 0 * SECOND)


FROM = "2026-01-01T00:00:00+07:00"


class TestProfiles:
    @given(late=edges, zone=zones)
    def test_a_profile_begins_in_its_first_second_and_ends_before_its_last(self, late, zone):
        begin = datetime(2026, 1, 1, tzinfo=HERE)
        made = replace(AGENCY, effective_from=begin, effective_until=begin + DAY)
        assert made.in_effect((begin + late).astimezone(zone)) is (late >= 0 * SECOND)
        assert made.in_effect((begin + DAY + late).astimezone(zone)) is (late < 0 * SECOND)

    def test_one_follows_the_other_without_a_gap_or_two_at_once(self):
        turn = datetime(2026, 1, 1, tzinfo=HERE)
        old, new = replace(AGENCY, effective_until=turn), replace(AGENCY, effective_from=turn.astimezone(UTC))
        for late in (-SECOND, 0 * SECOND, SECOND, 7 * HOUR):
            assert old.in_effect(turn + late) is not new.in_effect(turn + late)

    def test_a_midnight_of_vietnam_is_seventeen_hours_of_the_day_before(self):
        rows = tomllib.loads(Path("policies/validation.toml").read_text("utf-8"))["profile"]
        begin = tomllib.loads(f"at = {FROM}")["at"]
        made = profiles([{**rows[0], "effective_from": begin}])[rows[0]["name"]]
        last = datetime(2025, 12, 31, 16, 59, 59, tzinfo=UTC)
        assert [made.in_effect(last), made.in_effect(last + SECOND)] == [False, True]
        assert (day(last), day(last + SECOND)) == ("31/12/2025", "01/01/2026")
        assert moment(last + SECOND) == "01/01/2026 00:00:00 (+07:00)"


class TestAnchors:
    @pytest.mark.parametrize(("late", "good"), [(-SECOND, False), (0 * SECOND, True)])
    def test_granted_from_its_first_second(self, late, good):
        trust = TrustAnchors(
            (ROOT.der,), standings=(Standing(ROOT.der, "", granted_since=NOW.astimezone(HERE)),)
        )
        assert (judged(NOW + late, trust=trust) == PASSED) is good

    @pytest.mark.parametrize(("late", "good"), [(0 * SECOND, True), (SECOND, False)])
    def test_a_list_is_good_through_its_next_update(self, late, good):
        trust = TrustAnchors(
            (ROOT.der,), standings=(Standing(ROOT.der, "", good_until=NOW.astimezone(HERE)),)
        )
        assert (judged(NOW + late, trust=trust) == PASSED) is good
        assert TrustAnchors((ROOT.der,), good_until=NOW).stale(NOW + late) is not good
