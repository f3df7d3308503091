"""What a validation stands on: domains, a store that was reviewed in time, lists, and a profile that is in effect."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from policies.validation import PASSED, indeterminate
from policies.vocabulary import Indication, SubIndication, TrustDomain
from signer.errors import SigningRefused
from signer.keys.checks import SigningRules, check_before_signing
from signer.trust.anchors import Standing, TrustAnchors
from signer.validation import report as reports
from tests.profiles import AGENCY, HISTORICAL, PROFILES, PUBLIC, STRICT
from tests.signer.trust.forge import NOW, issue
from tests.signer.validation.office import Direct, PkiSource, explain, found, ids

DOMAIN = indeterminate(SubIndication.CHAIN_CONSTRAINTS_FAILURE)
STALE = indeterminate(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE)


def standing_in(office, domain, **values):
    root = office.pki.root
    return TrustAnchors((root,), label="thử v1", standings=(Standing(root, domain, **values),))


@pytest.mark.parametrize("profile", PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize("domain", TrustDomain)
def test_a_profile_believes_its_own_domains_alone(shelf, profile, domain):
    office = shelf.office
    report = office.online(shelf.issued, at=shelf.now, profile=profile, trust=standing_in(office, domain))
    leader = found(report, "leader-1")
    assert leader.trust_domain == domain
    if domain in profile.domains:
        assert report.verdict == PASSED, explain(report)
        return
    assert report.verdict == leader.verdict == DOMAIN, explain(report)
    finding = next(each for each in leader.findings if each.reason.id == "verification.other-domain")
    assert finding.values["profile"] == profile.name
    for language in ("vi", "en"):
        named = {finding.values[f"{name}_{language}"] for name in ("domain", "accepted")}
        assert all(each and each in finding.text(language) for each in named)


def test_agency_takes_official_duty_and_public_takes_both():
    expected = {
        AGENCY: {TrustDomain.OFFICIAL_DUTY, TrustDomain.DEMO},
        PUBLIC: {TrustDomain.OFFICIAL_DUTY, TrustDomain.PUBLIC, TrustDomain.DEMO},
        STRICT: set(TrustDomain),
        HISTORICAL: set(TrustDomain),
    }
    assert {profile.name: profile.domains for profile in expected} == {
        profile.name: domains for profile, domains in expected.items()
    }


def test_an_anchor_that_who_asks_gave_without_a_domain_stands_for_itself(shelf):
    office = shelf.office
    report = office.online(shelf.issued, at=shelf.now, trust=TrustAnchors((office.pki.root,)))
    assert report.verdict == PASSED
    assert {each.trust_domain for each in report.signatures} == {""}


def test_the_report_says_under_which_domain_each_signer_stands(shelf):
    office = shelf.office
    report = office.online(shelf.issued, at=shelf.now, trust=standing_in(office, "official-duty"))
    shown = reports.to_json(report, "vi")
    assert shown["trust"] == "thử v1"
    assert {each["trust_domain"] for each in shown["signatures"]} == {"official-duty"}
    assert {each["trust_domain_text"] for each in shown["signatures"]} == {"chuyên dùng công vụ"}


@pytest.mark.parametrize("domain", TrustDomain)
def test_the_right_name_from_the_wrong_issuer_is_in_no_domain(shelf, domain):
    """An anchor with the root's name and another key: no path by name, whatever domain it stands in."""
    office = shelf.office
    root = office.pki.identity("root").certificate
    impostor = issue("x", ca=True, subject=root.subject)
    trust = TrustAnchors((impostor.der,), standings=(Standing(impostor.der, domain),))
    report = office.online(shelf.issued, at=shelf.now, trust=trust)
    leader = found(report, "leader-1")
    assert leader.verdict == indeterminate(SubIndication.NO_CERTIFICATE_CHAIN_FOUND)
    assert leader.trust_domain == ""


def test_of_two_paths_the_one_into_an_accepted_domain_counts(shelf):
    """The issuing CA is an anchor of the public domain as well: its own anchor is found first, and does not decide."""
    office = shelf.office
    root, issuing = office.pki.root, office.pki.issuing
    standings = (Standing(root, "official-duty"), Standing(issuing, "public"))
    trust = TrustAnchors((root, issuing), standings=standings)
    assert found(office.online(shelf.issued, at=shelf.now, trust=trust), "leader-1").trust_domain == "public"
    report = office.online(
        shelf.issued, at=shelf.now, trust=trust, profile=replace(AGENCY, domains=frozenset({"public"}))
    )
    assert report.verdict == PASSED, explain(report)


# A store past its review


def test_a_stale_store_finds_nothing_valid(shelf):
    office = shelf.office
    trust = replace(office.trust, label="official-duty v9", good_until=shelf.now - timedelta(seconds=1))
    report = office.online(shelf.issued, at=shelf.now, trust=trust)
    assert report.verdict == STALE, explain(report)
    assert {each.verdict for each in report.signatures} == {STALE}
    assert all("trust-store.stale" in ids(each) for each in (report, *report.signatures))
    assert "official-duty v9" in report.findings[0].text("en")


def test_in_its_last_second_it_is_not_stale(shelf):
    office = shelf.office
    trust = replace(office.trust, good_until=shelf.now)
    assert office.online(shelf.issued, at=shelf.now, trust=trust).verdict == PASSED


def test_who_validates_as_of_yesterday_uses_the_store_of_today(shelf):
    office = shelf.office
    trust = replace(office.trust, good_until=shelf.now + timedelta(days=1))
    late = trust.seen(shelf.now + timedelta(days=2))
    assert office.online(shelf.issued, at=shelf.now, trust=trust).verdict == PASSED
    assert office.online(shelf.issued, at=shelf.now, trust=late).verdict == STALE


def test_a_stale_store_makes_nothing_that_is_broken_better(shelf):
    office = shelf.office
    broken = office.path()
    data = bytearray(shelf.issued.read_bytes())
    at = data.index(b"stream") + 12
    data[at] ^= 1
    broken.write_bytes(bytes(data))
    trust = replace(office.trust, overdue=True)
    report = office.online(broken, at=shelf.now, trust=trust)
    assert report.verdict.indication is Indication.TOTAL_FAILED, explain(report)


def test_nobody_signs_with_a_stale_store(shelf):
    pki, office = shelf.office.pki, shelf.office
    stale = replace(office.trust, label="v9", good_until=NOW - timedelta(days=1))
    with pytest.raises(SigningRefused) as caught:
        check_before_signing(pki.leader, NOW, SigningRules(stale, None, False))
    assert caught.value.id == "trust-store.stale"
    assert check_before_signing(pki.leader, NOW, SigningRules(office.trust, None, False))


def test_a_list_past_its_next_update_holds_for_its_own_anchors(shelf):
    office = shelf.office
    late = standing_in(office, "official-duty", good_until=shelf.now - timedelta(seconds=1))
    report = office.online(shelf.issued, at=shelf.now, trust=late)
    assert report.verdict == STALE
    assert "trust-list.stale" in ids(found(report, "leader-1"))
    good = standing_in(office, "official-duty", good_until=shelf.now)
    assert office.online(shelf.issued, at=shelf.now, trust=good).verdict == PASSED


def test_a_service_that_was_granted_later_vouches_for_nothing_before(shelf):
    office = shelf.office
    late = standing_in(office, "official-duty", granted_since=shelf.now)
    report = office.online(shelf.issued, at=shelf.now, trust=late)
    assert found(report, "leader-1").verdict == DOMAIN
    assert "verification.not-granted-then" in ids(found(report, "leader-1"))
    before = standing_in(office, "official-duty", granted_since=NOW - timedelta(days=1))
    assert office.online(shelf.issued, at=shelf.now, trust=before).verdict == PASSED


# Profiles


@pytest.mark.parametrize("side", ["effective_from", "effective_until"])
def test_a_profile_out_of_effect_decides_nothing(shelf, side):
    office = shelf.office
    moved = shelf.now + timedelta(seconds=1) if side == "effective_from" else shelf.now
    profile = replace(AGENCY, **{side: moved})
    report = office.online(shelf.issued, at=shelf.now, profile=profile)
    assert report.verdict == indeterminate(SubIndication.POLICY_PROCESSING_ERROR)
    assert all("verification.profile-not-in-effect" in ids(each) for each in (report, *report.signatures))
    edge = replace(AGENCY, effective_from=shelf.now, effective_until=shelf.now + timedelta(seconds=1))
    assert office.online(shelf.issued, at=shelf.now, profile=edge).verdict == PASSED


def test_everything_travels_through_the_worker(shelf):
    """Standings and domains as the service hands them over."""
    from signer.sandbox import Sandbox
    from signer.validation.online import validate_online

    office = shelf.office
    trust = standing_in(office, TrustDomain.PUBLIC, granted_since=NOW - timedelta(days=1))
    with Sandbox(1) as sandbox:
        report = validate_online(sandbox, shelf.issued, trust, shelf.now, PUBLIC, PkiSource(office.pki))
    assert report.verdict == PASSED, explain(report)
    direct = validate_online(Direct(), shelf.issued, trust, shelf.now, AGENCY, PkiSource(office.pki))
    assert direct.verdict == DOMAIN
