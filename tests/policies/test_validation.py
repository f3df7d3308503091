"""Weights: of changes, of algorithms, of several verdicts together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.reasons.catalogue import all_reasons
from policies.validation import (
    NO_SIGNATURE,
    PASSED,
    AlgorithmFacts,
    Verdict,
    failed,
    indeterminate,
    severity_rank,
    weigh_algorithm,
    weigh_ca_algorithm,
    weigh_changes,
    worst,
)
from policies.vocabulary import Changes, Indication, SubIndication
from tests.profiles import AGENCY, HISTORICAL, PROFILES, STRICT

THEN = datetime(2015, 6, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 20, tzinfo=UTC)

verdicts = st.one_of(
    st.just(PASSED),
    st.sampled_from(SubIndication).map(failed),
    st.sampled_from(SubIndication).map(indeterminate),
)


@given(st.lists(verdicts, min_size=1))
def test_the_worst_is_one_of_them_and_no_other_is_worse(found):
    result = worst(found)
    assert result in found
    assert all(severity_rank(result) <= severity_rank(each) for each in found)


@given(st.lists(verdicts, min_size=1), st.randoms())
def test_the_worst_does_not_depend_on_order_or_grouping(found, random):
    shuffled = random.sample(found, len(found))
    cut = random.randrange(len(found))
    grouped = [worst(part) for part in (shuffled[:cut], shuffled[cut:]) if part]
    assert severity_rank(worst(grouped)) == severity_rank(worst(found))


@given(st.lists(verdicts))
def test_a_document_passes_only_when_every_signature_does(found):
    assert (worst(found) == PASSED) == (bool(found) and all(each == PASSED for each in found))


def test_nothing_to_judge_is_no_signature():
    assert worst([]) == NO_SIGNATURE


def test_what_no_material_can_cure_comes_before_try_later():
    both = [indeterminate(SubIndication.TRY_LATER), indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)]
    assert worst(both).sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE


def test_every_sub_indication_has_a_place():
    assert [severity_rank(Verdict(Indication.INDETERMINATE, each)) for each in SubIndication]


@pytest.mark.parametrize(
    ("changes", "permitted", "expected"),
    [
        (Changes.NONE, False, PASSED),
        (Changes.LONG_TERM_DATA, False, PASSED),
        (Changes.FORM_FILL, False, PASSED),
        (Changes.ANNOTATIONS, True, PASSED),
        (Changes.ANNOTATIONS, False, indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)),
        (Changes.SUSPICIOUS, False, indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)),
        (Changes.SUSPICIOUS, True, indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)),
        (Changes.FORBIDDEN, False, failed(SubIndication.FORMAT_FAILURE)),
        (Changes.FORBIDDEN, True, failed(SubIndication.FORMAT_FAILURE)),
    ],
)
def test_how_changes_weigh(changes, permitted, expected):
    assert weigh_changes(changes, annotations_permitted=permitted) == expected


@given(st.sampled_from(Changes), st.sampled_from(Changes), st.booleans())
def test_a_heavier_change_never_weighs_less(one, other, permitted):
    order = list(Changes)
    light, heavy = sorted((one, other), key=order.index)
    weights = [severity_rank(weigh_changes(each, annotations_permitted=permitted)) for each in (light, heavy)]
    assert weights[1] <= weights[0]


@pytest.mark.parametrize("digest", sorted(AGENCY.digests))
@pytest.mark.parametrize(("key", "bits"), [("rsa", 2048), ("rsa", 4096), ("ec", 256), ("ed", 255)])
def test_todays_algorithms_are_good(digest, key, bits):
    for profile in PROFILES.values():
        assert weigh_algorithm(profile, AlgorithmFacts(digest, key, bits), None) == PASSED


@pytest.mark.parametrize(
    "facts",
    [
        AlgorithmFacts("sha1", "rsa", 2048),
        AlgorithmFacts("sha256", "rsa", 1024),
        AlgorithmFacts("md5", "rsa", 512),
    ],
)
@pytest.mark.parametrize("profile", [AGENCY, STRICT])
def test_yesterdays_are_not(profile, facts):
    for proven in (None, THEN, NOW):
        found = weigh_algorithm(profile, facts, proven)
        assert found.indication is Indication.INDETERMINATE
        assert "CRYPTO_CONSTRAINTS_FAILURE" in found.sub_indication


def test_the_historical_profile_wants_proof_from_its_time():
    facts = AlgorithmFacts("sha1", "rsa", 2048)
    assert weigh_algorithm(HISTORICAL, facts, THEN) == PASSED
    assert weigh_algorithm(HISTORICAL, facts, NOW) != PASSED
    missing = weigh_algorithm(HISTORICAL, facts, None)
    assert missing == indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)


@pytest.mark.parametrize(
    "facts", [AlgorithmFacts("sha256", "dsa", 4096), AlgorithmFacts("ripemd", "rsa", 4096)]
)
def test_what_nobody_knows_is_never_good(facts):
    for profile in PROFILES.values():
        assert weigh_algorithm(profile, facts, THEN) != PASSED


def test_first_generation_cas_pass_where_the_profile_says_so():
    facts = AlgorithmFacts("sha1", "rsa", 4096)
    assert weigh_ca_algorithm(AGENCY, facts, THEN) == PASSED
    assert weigh_ca_algorithm(AGENCY, facts, NOW) != PASSED
    assert weigh_ca_algorithm(STRICT, facts, THEN) != PASSED
    assert weigh_ca_algorithm(AGENCY, AlgorithmFacts("md5", "rsa", 4096), THEN) != PASSED


@given(st.datetimes(timezones=st.just(UTC)), st.sampled_from(["sha1", "sha224", "md5"]))
def test_a_later_proof_never_helps(moment, digest):
    facts = AlgorithmFacts(digest, "rsa", 2048)
    early = min(moment, datetime.max.replace(tzinfo=UTC) - timedelta(days=3650))
    later = early + timedelta(days=3650)
    if weigh_algorithm(HISTORICAL, facts, later) == PASSED:
        assert weigh_algorithm(HISTORICAL, facts, early) == PASSED


def test_profiles_say_their_basis():
    for name, profile in PROFILES.items():
        assert profile.name == name
        assert profile.basis
        assert profile.effective_from.tzinfo is not None


def test_every_reason_has_its_own_id_and_both_languages():
    reasons = all_reasons()
    verification = [each for key, each in reasons.items() if key.startswith(("verification.", "change."))]
    assert len(verification) > 80
    for each in verification:
        assert each.basis
        assert each.vi
        assert each.en
