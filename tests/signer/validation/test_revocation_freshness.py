"""Which answers settle the status of a certificate at a proven time, seen from now."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from asn1crypto import core
from asn1crypto import crl as asn1_crl
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from policies.vocabulary import SubIndication
from signer.trust import crl as crl_module
from signer.trust.anchors import TrustAnchors
from signer.validation.context import Context
from signer.validation.proof import Proof
from signer.validation.revocation_freshness import status
from signer.validation.values import Evidence, Need
from signer.validation.x509_validation import Use, validate
from tests.profiles import AGENCY, HISTORICAL, STRICT
from tests.signer.trust.forge import NO_CHECK, NOW, OCSP_SIGNING, YEAR, Party, answer, crl, family, issue

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


def weakly(certificate, issuer, digest):
    """The same certificate, signed with another digest."""
    names = {"sha1": "sha1_rsa", "md5": "md5_rsa"}
    algorithm = {"algorithm": names[digest.name], "parameters": core.Null()}
    parsed = asn1_x509.Certificate.load(certificate.der)
    parsed["tbs_certificate"]["signature"] = parsed["signature_algorithm"] = algorithm
    body = parsed["tbs_certificate"].dump(force=True)
    parsed["signature_value"] = issuer.key.sign(body, padding.PKCS1v15(), digest)
    return Party(x509.load_der_x509_certificate(parsed.dump(force=True)), certificate.key)


def list_by_sha1(issuer, *revoked, **times):
    parsed = asn1_crl.CertificateList.load(crl(issuer, revoked, **times))
    algorithm = {"algorithm": "sha1_rsa", "parameters": core.Null()}
    parsed["tbs_cert_list"]["signature"] = parsed["signature_algorithm"] = algorithm
    body = parsed["tbs_cert_list"].dump(force=True)
    parsed["signature"] = issuer.key.sign(body, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    return parsed.dump(force=True)


@pytest.fixture(scope="module")
def rsa_family():
    root = issue("Root", ca=True)
    ca = issue("CA", root, ca=True, key=rsa.generate_private_key(65537, 2048))
    return root, ca, issue("Leaf", ca)


class TestWeakAnswers:
    @pytest.mark.parametrize("digest", [hashes.SHA1(), hashes.MD5()], ids=["sha1", "md5"])  # noqa: S303
    @pytest.mark.parametrize("profile", [AGENCY, STRICT, HISTORICAL], ids=lambda each: each.name)
    def test_the_certificate_of_a_responder_is_weighed_too(self, rsa_family, digest, profile):
        root, ca, leaf = rsa_family
        sound = issue("R", ca, extensions=[(OCSP_SIGNING, False), (NO_CHECK, False)])
        response = answer(leaf, ca, weakly(sound, ca, digest))
        context = at(NOW + HOUR, ocsp=[response], root=root, profile=profile)
        found = status(context, leaf.parsed, ca.parsed, NOW)
        assert found.answer is None
        assert "weak algorithm" in found.rejected[0][1]

    def test_nobody_proves_by_his_own_word_how_old_he_is(self):
        """A key that was factored since can say that it is of 2010."""
        then = datetime(2010, 6, 1, tzinfo=UTC)
        old = {"since": then - YEAR, "until": NOW + YEAR}
        root = issue("Root", ca=True, **old)
        ca = issue("CA", root, ca=True, **old)
        leaf = issue("Leaf", ca, **old)
        extensions = [(OCSP_SIGNING, False), (NO_CHECK, False)]
        short = rsa.generate_private_key(65537, 1024)  # noqa: S505
        weak = issue("R", ca, key=short, extensions=extensions, **old)
        said = answer(leaf, ca, weak, this=then, until=then + DAY)
        context = at(NOW, ocsp=[said], root=root, profile=HISTORICAL)
        assert status(context, leaf.parsed, ca.parsed, then - HOUR).answer is None
        context.prove([said], then + HOUR)
        assert status(context, leaf.parsed, ca.parsed, then - HOUR).answer is not None


class TestContrary:
    """An older "good" does not decide against an authentic "revoked", though that alone would not do."""

    def unsettled(self, rsa_family, *, ocsp=(), crls=()):
        root, ca, leaf = rsa_family
        good = answer(leaf, ca)
        context = at(NOW + 12 * HOUR, ocsp=[good, *ocsp], crls=crls, root=root)
        found = status(context, leaf.parsed, ca.parsed, NOW)
        assert found.answer is None
        assert found.contested
        return context

    def test_signed_with_a_weak_algorithm(self, rsa_family):
        _root, ca, leaf = rsa_family
        self.unsettled(rsa_family, crls=[list_by_sha1(ca, (leaf, NOW - DAY), this=NOW + HOUR)])

    def test_by_a_responder_whose_own_status_is_open(self, rsa_family):
        _root, ca, leaf = rsa_family
        responder = issue("R", ca, extensions=[(OCSP_SIGNING, False)])
        context = self.unsettled(rsa_family, ocsp=[answer(leaf, ca, responder, revoked=NOW - DAY)])
        assert Need(responder.der, ca.der) in context.needs

    def test_by_a_responder_that_had_expired(self, rsa_family):
        _root, ca, leaf = rsa_family
        extensions = [(OCSP_SIGNING, False), (NO_CHECK, False)]
        expired = issue("R", ca, until=NOW - DAY, extensions=extensions)
        self.unsettled(rsa_family, ocsp=[answer(leaf, ca, expired, this=NOW + HOUR, revoked=NOW - DAY)])

    def test_a_hold_that_a_newer_answer_lifted_does_not_count(self, rsa_family):
        root, ca, leaf = rsa_family
        held = list_by_sha1(ca, (leaf, NOW - DAY), this=NOW - HOUR, reason=x509.ReasonFlags.certificate_hold)
        context = at(NOW + HOUR, ocsp=[answer(leaf, ca)], crls=[held], root=root)
        assert status(context, leaf.parsed, ca.parsed, NOW).answer is not None

    def test_but_who_is_known_to_be_revoked_says_nothing(self, rsa_family):
        root, ca, leaf = rsa_family
        thief = issue("R", ca, extensions=[(OCSP_SIGNING, False), (NO_CHECK, False)])
        said = answer(leaf, ca, thief, this=NOW + HOUR, revoked=NOW - DAY)
        about_him = crl(ca, [(thief, NOW - HOUR)])
        context = at(NOW + 12 * HOUR, ocsp=[answer(leaf, ca), said], crls=[about_him], root=root)
        found = status(context, leaf.parsed, ca.parsed, NOW)
        assert found.answer is not None
        assert found.revoked_at is None


class TestUnchecked:
    """A responder with nocheck need not be asked about; a revocation that is known counts all the same."""

    def settled(self, reason, since):
        root, ca, leaf = family()
        extensions = [(OCSP_SIGNING, False), (NO_CHECK, False)]
        responder = issue("R", ca, extensions=extensions)
        listed = crl(root, this=NOW), crl(ca, [(responder, since)], this=NOW - DAY, until=NOW, reason=reason)
        context = at(NOW + HOUR, ocsp=[answer(leaf, ca, responder)], crls=listed, root=root)
        return status(context, leaf.parsed, ca.parsed, NOW).answer is not None

    def test_a_stolen_key_is_believed_nothing(self):
        assert not self.settled(x509.ReasonFlags.key_compromise, NOW - 2 * DAY)
        assert not self.settled(x509.ReasonFlags.key_compromise, NOW + HOUR / 2)

    def test_one_that_ceased_later_is(self):
        assert self.settled(x509.ReasonFlags.superseded, NOW + HOUR / 2)
        assert not self.settled(x509.ReasonFlags.superseded, NOW - 2 * DAY)

    def test_what_it_called_revoked_before_its_own_end_lets_no_older_good_decide(self):
        root, ca, leaf = family()
        responder = issue("R", ca, extensions=[(OCSP_SIGNING, False), (NO_CHECK, False)])
        said = answer(leaf, ca, responder, this=NOW - 2 * DAY, revoked=NOW - 3 * DAY)
        weekly = crl(ca, this=NOW - 4 * DAY, until=NOW + 3 * DAY)
        ended = crl(ca, [(responder, NOW - DAY)], reason=x509.ReasonFlags.unspecified)
        given = {"ocsp": [said], "crls": [weekly, ended], "root": root}
        context = at(NOW + HOUR, **given)
        found = status(context, leaf.parsed, ca.parsed, NOW - 5 * DAY)
        assert found.answer is None
        assert found.contested
        context = at(NOW + HOUR, **given)
        context.prove([said], NOW - 2 * DAY)
        assert status(context, leaf.parsed, ca.parsed, NOW - 5 * DAY).revoked_at == NOW - 3 * DAY

    @pytest.mark.parametrize(
        "extensions", [[(OCSP_SIGNING, False)], [(OCSP_SIGNING, False), (NO_CHECK, False)]]
    )
    def test_an_answer_that_is_proven_to_be_older_than_its_end_counts(self, extensions):
        root, ca, leaf = family()
        responder = issue("R", ca, extensions=extensions)
        said = answer(leaf, ca, responder, this=NOW - 20 * DAY, until=NOW - 19 * DAY)
        given = {"ocsp": [said], "crls": [crl(ca, [(responder, NOW - 5 * DAY)])], "root": root}
        context = at(NOW, **given)
        assert "was revoked" in status(context, leaf.parsed, ca.parsed, NOW - 21 * DAY).rejected[0][1]
        context = at(NOW, **given)
        context.prove([said], NOW - 20 * DAY)
        assert not status(context, leaf.parsed, ca.parsed, NOW - 21 * DAY).rejected

    def test_a_stolen_one_vouches_for_no_other(self):
        root, ca, leaf = family()
        thief = issue("R3", ca, extensions=[(OCSP_SIGNING, False), (NO_CHECK, False)])
        vouched = issue("Q", ca, extensions=[(OCSP_SIGNING, False)])
        answers = [answer(leaf, ca, vouched), answer(vouched, ca, thief)]
        unknown = at(NOW + HOUR, ocsp=answers, root=root)
        assert status(unknown, leaf.parsed, ca.parsed, NOW).answer is not None
        known = at(NOW + HOUR, ocsp=[*answers, answer(thief, ca, revoked=NOW - DAY)], root=root)
        assert status(known, leaf.parsed, ca.parsed, NOW).answer is None

    def test_thousands_of_them_and_of_lists_are_not_all_read(self, monkeypatch):
        """Each pair of a responder and a list takes its time: 300 of both took 35 s."""
        monkeypatch.setattr("signer.validation.context.MOST_READINGS", 60)
        root, ca, leaf = family()
        extensions = [(OCSP_SIGNING, False), (NO_CHECK, False)]
        answers = [answer(leaf, ca, issue(f"R{n}", ca, extensions=extensions)) for n in range(30)]
        lists = [crl(ca, this=NOW - n * HOUR) for n in range(1, 11)]
        context = at(NOW + HOUR, ocsp=answers, crls=lists, root=root)
        reading, read = [], crl_module.answer
        monkeypatch.setattr(crl_module, "answer", lambda *given: (reading.append(given), read(*given))[1])
        status(context, leaf.parsed, ca.parsed, NOW)
        assert len(reading) <= 60 + 10
        assert context.needs


def test_a_signers_certificate_that_says_it_is_a_cas_gets_no_concession():
    root, ca, leaf = family(ca=True, usage=("digital_signature", "key_cert_sign"))
    context = at(NOW + YEAR / 2, ocsp=[answer(leaf, ca, until=NOW + 2 * DAY)], root=root)
    assert status(context, leaf.parsed, ca.parsed, NOW + DAY).answer is not None
    assert status(context, leaf.parsed, ca.parsed, NOW + DAY, signs=True).answer is None


SHORT = (x509.UnrecognizedExtension(x509.ObjectIdentifier("0.4.0.194121.2.1"), b"\x05\x00"), False)


class TestShortLived:
    """EN 319 412-1, 5.2.2: no answer is asked for; one that is there counts."""

    def judged(self, *, until=NOW + 2 * DAY, answers=()):
        root, ca, _ = family()
        leaf = issue("Leaf", ca, since=NOW - DAY, until=until, extensions=[SHORT])
        given = [make(leaf, ca) for make in answers]
        context = at(NOW + HOUR, ocsp=given, crls=[crl(root)], root=root)
        context.certificates.update(dict.fromkeys([ca.parsed]))
        return validate(context, leaf.parsed, Use.SIGNING, Proof())

    def test_it_needs_no_answer(self):
        assert self.judged().passed

    def test_a_revocation_counts(self):
        revoked = self.judged(answers=[lambda leaf, ca: answer(leaf, ca, revoked=NOW - HOUR)])
        assert revoked.condition == "revoked"
        assert not revoked.passed

    def test_a_revocation_counts_below_a_compromised_ca_too(self):
        root, ca, leaf = family()
        context = at(NOW + HOUR, crls=[crl(ca, [(leaf, NOW - DAY)])], root=root)
        found = status(context, leaf.parsed, ca.parsed, NOW, known_before=NOW)
        assert found.answer is None
        assert found.contested

    def test_a_claim_for_years_is_none(self):
        found = self.judged(until=NOW + YEAR)
        assert found.outcome.verdict.sub_indication is SubIndication.TRY_LATER


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
