"""Which answers settle the status of a certificate at a proven time, seen from now."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from signer.trust.anchors import TrustAnchors
from signer.validation.context import Context
from signer.validation.revocation_freshness import status
from signer.validation.values import Evidence
from tests.profiles import AGENCY
from tests.signer.trust.forge import NO_CHECK, NOW, OCSP_SIGNING, YEAR, answer, crl, family, issue

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(now, *, ocsp=(), crls=(), root, profile=AGENCY):
    return Context.start(TrustAnchors((root.der,)), profile, now, Evidence((), tuple(ocsp), tuple(crls)))


def settled(now, moment, *, profile=AGENCY, **answers):
    """Status of a leaf by one OCSP answer with these times."""
    root, ca, leaf = family()
    context = at(now, ocsp=[answer(leaf, ca, **answers)], root=root, profile=profile)
    return status(context, leaf.parsed, ca.parsed, moment)


class TestFresh:
    def test_an_answer_newer_than_the_proven_time_settles_for_ever(self):
        assert settled(NOW + 9 * YEAR, NOW - HOUR).answer is not None

    def test_the_current_answer_settles_though_older_than_the_token(self):
        found = settled(NOW + 2 * HOUR, NOW + HOUR)
        assert found.answer is not None
        assert found.older_than_moment

    def test_an_older_answer_whose_time_is_up_settles_nothing(self):
        assert settled(NOW + 2 * DAY, NOW + HOUR).answer is None

    def test_for_long_term_data_only_a_newer_one_will_do(self):
        strict = replace(AGENCY, current_answers_suffice=False)
        assert settled(NOW + 2 * HOUR, NOW + HOUR, profile=strict).answer is None
        assert settled(NOW + 2 * HOUR, NOW - HOUR, profile=strict).answer is not None

    def test_an_answer_from_the_future_settles_nothing(self):
        found = settled(NOW - DAY, NOW - DAY)
        assert found.answer is None
        assert "after the time of checking" in found.rejected[0][1]

    def test_without_next_update_it_is_current_for_a_day(self):
        assert settled_without_next(NOW + 23 * HOUR, NOW + 22 * HOUR).answer is not None
        assert settled_without_next(NOW + 25 * HOUR, NOW + 24 * HOUR).answer is None


def settled_without_next(now, moment):
    root, ca, leaf = family()
    context = at(now, ocsp=[answer(leaf, ca, until=None)], root=root)
    return status(context, leaf.parsed, ca.parsed, moment)


def test_a_ca_may_rely_on_a_list_whose_period_includes_the_time():
    """Roots publish about their CAs a few times a year."""
    root, ca, leaf = family()
    listed = crl(root, until=NOW + 90 * DAY)
    context = at(NOW + YEAR, crls=[listed], root=root)
    assert status(context, ca.parsed, root.parsed, NOW + DAY).answer is not None
    assert status(context, ca.parsed, root.parsed, NOW + 91 * DAY).answer is None
    other = crl(ca, until=NOW + 90 * DAY)
    context = at(NOW + YEAR, crls=[other], root=root)
    assert status(context, leaf.parsed, ca.parsed, NOW + DAY).answer is None


def test_good_after_expiry_may_only_mean_dropped_from_the_list():
    root, ca, leaf = family(until=NOW - DAY)
    context = at(NOW + HOUR, crls=[crl(ca)], root=root)
    assert status(context, leaf.parsed, ca.parsed, NOW - 2 * DAY).answer is None
    kept = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
    context = at(NOW + HOUR, crls=[crl(ca, extensions=[(kept, False)])], root=root)
    assert status(context, leaf.parsed, ca.parsed, NOW - 2 * DAY).answer is not None


class TestRevoked:
    def test_a_revocation_outweighs_any_number_of_good_answers(self):
        root, ca, leaf = family()
        good = answer(leaf, ca, this=NOW + HOUR)
        bad = answer(leaf, ca, this=NOW, revoked=NOW - DAY)
        context = at(NOW + 2 * HOUR, ocsp=[good, bad], crls=[crl(ca)], root=root)
        assert status(context, leaf.parsed, ca.parsed, NOW).revoked_at == NOW - DAY

    def test_an_old_revocation_still_counts(self):
        root, ca, leaf = family()
        context = at(NOW + 9 * YEAR, ocsp=[answer(leaf, ca, revoked=NOW - DAY)], root=root)
        assert status(context, leaf.parsed, ca.parsed, NOW + YEAR).revoked_at == NOW - DAY

    def test_a_hold_is_lifted_by_a_newer_answer_alone(self):
        root, ca, leaf = family()
        hold = answer(leaf, ca, revoked=NOW - DAY, reason=x509.ReasonFlags.certificate_hold)
        older = answer(leaf, ca, this=NOW - HOUR, until=NOW + DAY)
        newer = answer(leaf, ca, this=NOW + HOUR)
        now = NOW + 2 * HOUR
        held = at(now, ocsp=[hold, older], root=root)
        lifted = at(now, ocsp=[hold, newer], root=root)
        assert status(held, leaf.parsed, ca.parsed, NOW - 2 * HOUR).revoked_at == NOW - DAY
        assert status(lifted, leaf.parsed, ca.parsed, NOW).revoked_at is None

    def test_the_list_says_the_same(self):
        root, ca, leaf = family()
        context = at(NOW + HOUR, crls=[crl(ca, [(leaf, NOW - DAY)])], root=root)
        assert status(context, leaf.parsed, ca.parsed, NOW).revoked_at == NOW - DAY


class TestResponders:
    def test_one_without_nocheck_is_itself_checked(self):
        root, ca, leaf = family()
        responder = issue("R", ca, extensions=[(OCSP_SIGNING, False)])
        response = answer(leaf, ca, responder)
        alone = at(NOW + HOUR, ocsp=[response], root=root)
        assert status(alone, leaf.parsed, ca.parsed, NOW).answer is None
        assert alone.needs
        checked = at(NOW + HOUR, ocsp=[response], crls=[crl(ca)], root=root)
        assert status(checked, leaf.parsed, ca.parsed, NOW).answer is not None

    def test_a_revoked_one_settles_nothing(self):
        root, ca, leaf = family()
        responder = issue("R", ca, extensions=[(OCSP_SIGNING, False)])
        context = at(
            NOW + HOUR,
            ocsp=[answer(leaf, ca, responder)],
            crls=[crl(ca, [(responder, NOW - DAY)])],
            root=root,
        )
        found = status(context, leaf.parsed, ca.parsed, NOW)
        assert found.answer is None or found.answer.kind == "crl"

    def test_two_that_vouch_for_each_other_settle_nothing(self):
        root, ca, leaf = family()
        one = issue("R1", ca, extensions=[(OCSP_SIGNING, False)])
        two = issue("R2", ca, extensions=[(OCSP_SIGNING, False)])
        answers = [answer(leaf, ca, one), answer(one, ca, two), answer(two, ca, one)]
        context = at(NOW + HOUR, ocsp=answers, root=root)
        assert status(context, leaf.parsed, ca.parsed, NOW).answer is None

    def test_a_responder_with_nocheck(self):
        root, ca, leaf = family()
        responder = issue("R", ca, extensions=[(OCSP_SIGNING, False), (NO_CHECK, False)])
        context = at(NOW + HOUR, ocsp=[answer(leaf, ca, responder)], root=root)
        assert status(context, leaf.parsed, ca.parsed, NOW).answer is not None


def test_what_the_file_carries_decides_before_what_was_fetched():
    root, ca, leaf = family()
    carried, fetched = answer(leaf, ca), answer(leaf, ca, this=NOW + HOUR)
    context = at(NOW + 2 * HOUR, ocsp=[fetched], root=root)
    context.embed(Evidence(ocsp=(carried,)))
    assert status(context, leaf.parsed, ca.parsed, NOW).answer.der == carried


@pytest.mark.parametrize("material", [b"", b"junk", bytes(1000)])
def test_junk_in_the_store_is_passed_over(material):
    root, ca, leaf = family()
    context = at(NOW, ocsp=[material, answer(leaf, ca)], crls=[material], root=root)
    found = status(context, leaf.parsed, ca.parsed, NOW)
    assert found.answer is not None
    assert found.rejected
