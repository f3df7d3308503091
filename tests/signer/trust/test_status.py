"""OCSP responses and CRLs: who may say what about whom."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from asn1crypto import core
from asn1crypto import ocsp as asn1_ocsp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from signer.trust import crl as crls
from signer.trust import ocsp
from signer.trust.status import AnswerUnusable
from tests.signer.trust.forge import (
    DER,
    NO_CHECK,
    NOW,
    OCSP_SIGNING,
    YEAR,
    answer,
    crl,
    family,
    issue,
    joined,
)


def responder(ca, **keywords):
    extensions = keywords.pop("extensions", [(OCSP_SIGNING, False), (NO_CHECK, False)])
    return issue("Responder", ca, extensions=extensions, **keywords)


def ask(der, about, issuer):
    return ocsp.answer(der, about.parsed, issuer.parsed)


def listed(der, about, issuer):
    return crls.answer(der, about.parsed, issuer.parsed)


def refused(call, *arguments):
    with pytest.raises(AnswerUnusable) as caught:
        call(*arguments)
    assert caught.value.vi
    return caught.value.en


class TestOcsp:
    def test_the_issuer_itself_answers(self):
        _, ca, leaf = family()
        found = ask(answer(leaf, ca), leaf, ca)
        assert found.revoked_at is None
        assert found.signer == ca.parsed
        assert found.this_update == NOW

    def test_a_delegated_responder_answers(self):
        _, ca, leaf = family()
        found = ask(answer(leaf, ca, responder(ca)), leaf, ca)
        assert found.signer.no_revocation_check

    def test_revoked_with_time_and_reason(self):
        _, ca, leaf = family()
        found = ask(answer(leaf, ca, revoked=NOW - timedelta(hours=1)), leaf, ca)
        assert found.revoked_at == NOW - timedelta(hours=1)
        assert found.reason == "key_compromise"

    def test_about_another_certificate_says_nothing(self):
        _, ca, leaf = family()
        assert ask(answer(issue("Other", ca), ca), leaf, ca) is None

    def test_about_the_same_serial_of_another_issuer_says_nothing(self):
        _, ca, leaf = family()
        other = issue("CA", ca=True)
        twin = issue("Leaf", other, serial=leaf.certificate.serial_number)
        assert ask(answer(twin, other), leaf, ca) is None

    def test_unknown_is_not_good(self):
        _, ca, leaf = family()
        assert "does not know" in refused(ask, answer(leaf, ca, unknown=True), leaf, ca)

    def test_two_statements_about_one_certificate_are_none_unless_they_are_the_same(self):
        _root, ca, leaf = family()
        other = joined(ca, answer(leaf, ca), answer(leaf, ca, this=NOW - YEAR))
        assert "two things" in refused(ask, other, leaf, ca)
        assert ask(joined(ca, answer(leaf, ca), answer(leaf, ca)), leaf, ca).revoked_at is None

    def test_of_two_statements_a_revocation_counts(self):
        _root, ca, leaf = family()
        earlier = answer(leaf, ca, revoked=NOW - YEAR)
        both = joined(ca, answer(leaf, ca), answer(leaf, ca, revoked=NOW), earlier)
        assert ask(both, leaf, ca).revoked_at == NOW - YEAR

    def test_nobody_knows_more_than_when_he_says_it(self):
        """Who has the key of a responder that expired could antedate the making and postdate the knowledge."""
        _root, ca, leaf = family()
        early = answer(leaf, ca, made=NOW - timedelta(minutes=6))
        assert "knows more" in refused(ask, early, leaf, ca)
        assert ask(answer(leaf, ca, made=NOW - timedelta(minutes=4)), leaf, ca).revoked_at is None

    def test_a_ca_that_expired_calls_nobody_good(self):
        root = issue("Root", ca=True)
        ca = issue("CA", root, ca=True, until=NOW - YEAR / 2)
        leaf = issue("Leaf", ca)
        assert "was not valid" in refused(ask, answer(leaf, ca), leaf, ca)
        assert ask(answer(leaf, ca, revoked=NOW), leaf, ca).doubt is not None
        assert "had expired" in refused(listed, crl(ca), leaf, ca)
        assert listed(crl(ca, [(leaf, NOW)]), leaf, ca).revoked_at == NOW

    def test_a_stranger_with_the_issuers_name(self):
        _, ca, leaf = family()
        stranger = issue("CA", ca=True)
        forged = answer(leaf, ca, stranger)
        assert "not signed by" in refused(ask, forged, leaf, ca)

    def test_a_responder_of_another_ca(self):
        _, ca, leaf = family()
        forged = answer(leaf, ca, responder(issue("CA", ca=True)))
        assert "not signed by" in refused(ask, forged, leaf, ca)

    def test_a_certificate_of_the_ca_that_was_not_delegated(self):
        """Any signer of the same CA could vouch for himself otherwise."""
        _, ca, leaf = family()
        assert "not delegated" in refused(ask, answer(leaf, ca, leaf), leaf, ca)

    def test_a_responder_that_had_expired(self):
        _, ca, leaf = family()
        old = responder(ca, until=NOW - timedelta(days=1))
        assert "not valid when" in refused(ask, answer(leaf, ca, old), leaf, ca)

    def test_an_altered_response(self):
        _, ca, leaf = family()
        good = answer(leaf, ca)
        at = good.index(b"20261120030000Z")
        refused(ask, good[:at] + b"20271120030000Z" + good[at + 15 :], leaf, ca)

    @pytest.mark.parametrize("junk", [b"", b"<html>", b"\x30\x03\x0a\x01\x06", b"\x30\x80"])
    def test_junk(self, junk):
        _, ca, leaf = family()
        refused(ask, junk, leaf, ca)

    def test_every_truncation_is_refused_or_says_nothing(self):
        _, ca, leaf = family()
        good = answer(leaf, ca, responder(ca))
        for length in range(0, len(good), 7):
            refused(ask, good[:length], leaf, ca)

    def test_the_digest_is_told(self):
        _, ca, leaf = family()
        assert ask(answer(leaf, ca, digest=hashes.SHA512()), leaf, ca).algorithm.digest == "sha512"


class TestCrl:
    def test_not_listed_is_good(self):
        _, ca, leaf = family()
        found = listed(crl(ca, [(issue("Other", ca), NOW)]), leaf, ca)
        assert found.revoked_at is None
        assert found.next_update == NOW + timedelta(days=7)

    def test_listed_is_revoked(self):
        _, ca, leaf = family()
        found = listed(crl(ca, [(leaf, NOW - timedelta(hours=2))]), leaf, ca)
        assert (found.revoked_at, found.reason) == (NOW - timedelta(hours=2), "key_compromise")

    def test_of_another_ca_says_nothing(self):
        _, ca, leaf = family()
        assert listed(crl(issue("Other CA", ca=True)), leaf, ca) is None

    def test_of_a_stranger_with_the_cas_name(self):
        _, ca, leaf = family()
        assert "not signed by" in refused(listed, crl(issue("CA", ca=True)), leaf, ca)

    def test_of_an_issuer_that_may_not_sign_lists(self):
        root = issue("Root", ca=True)
        ca = issue("CA", root, ca=True, usage=("key_cert_sign",))
        leaf = issue("Leaf", ca)
        assert "may not sign" in refused(listed, crl(ca), leaf, ca)

    @pytest.mark.parametrize(
        "scope",
        [
            {"only_contains_ca_certs": True},
            {"only_contains_attribute_certs": True},
            {"indirect_crl": True},
            {"only_some_reasons": frozenset({x509.ReasonFlags.key_compromise})},
            {"full_name": [x509.UniformResourceIdentifier("http://elsewhere/crl")]},
        ],
    )
    def test_a_scope_that_leaves_the_certificate_out(self, scope):
        _, ca, leaf = family()
        fields = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
        flags = dict.fromkeys(
            (
                "only_contains_user_certs",
                "only_contains_ca_certs",
                "indirect_crl",
                "only_contains_attribute_certs",
            ),
            False,
        )
        point = x509.IssuingDistributionPoint(**{**fields, **flags, **scope})
        refused(listed, crl(ca, extensions=[(point, True)]), leaf, ca)

    def test_its_own_distribution_point_is_in_scope(self):
        url = x509.UniformResourceIdentifier("http://here/ca.crl")
        points = x509.CRLDistributionPoints([x509.DistributionPoint([url], None, None, None)])
        _, ca, leaf = family(extensions=[(points, False)])
        scope = x509.IssuingDistributionPoint([url], None, False, False, None, False, False)
        assert listed(crl(ca, extensions=[(scope, True)]), leaf, ca).revoked_at is None

    def test_a_delta_is_no_list(self):
        _, ca, leaf = family()
        delta = crl(ca, extensions=[(x509.DeltaCRLIndicator(3), True)])
        assert "delta" in refused(listed, delta, leaf, ca)

    def test_an_unknown_critical_extension(self):
        _, ca, leaf = family()
        odd = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
        assert "critical" in refused(listed, crl(ca, extensions=[(odd, True)]), leaf, ca)

    def test_expired_certificates_are_kept_since(self):
        _, ca, leaf = family(until=NOW - timedelta(days=1))
        kept = x509.UnrecognizedExtension(x509.ObjectIdentifier("2.5.29.60"), b"\x18\x0f20200101000000Z")
        assert listed(crl(ca, extensions=[(kept, False)]), leaf, ca).covers_expired_since.year == 2020

    @pytest.mark.parametrize("junk", [b"", b"<html>", b"\x30\x00", bytes(100)])
    def test_junk(self, junk):
        _, ca, leaf = family()
        refused(listed, junk, leaf, ca)

    def test_a_bloated_list_is_searched_in_time(self):
        _, ca, leaf = family()
        other = issue("Other", ca)
        serials = (*range(1, 20_000), leaf.certificate.serial_number)
        builder = x509.CertificateRevocationListBuilder(
            ca.certificate.subject,
            NOW,
            NOW + YEAR,
            revoked_certificates=[x509.RevokedCertificateBuilder(serial, NOW).build() for serial in serials],
        )  # a list of its own: the builder's is every builder's of the process
        big = builder.sign(ca.key, hashes.SHA256()).public_bytes(DER)
        started = time.process_time()
        assert listed(big, leaf, ca).revoked_at == NOW
        assert listed(big, other, ca).revoked_at is None
        assert time.process_time() - started < 2


def test_a_response_that_says_since_when_the_key_is_suspected():
    """The CRL entry extension invalidityDate in a single response (RFC 6960, 4.4.5; RFC 5280, 5.3.2)."""
    _, ca, leaf = family()
    suspected = NOW - timedelta(days=30)
    response = asn1_ocsp.OCSPResponse.load(answer(leaf, ca, revoked=NOW - timedelta(days=1)))
    basic = response["response_bytes"]["response"].parsed
    single = basic["tbs_response_data"]["responses"][0]
    single["single_extensions"] = [
        {"extn_id": "invalidity_date", "critical": False, "extn_value": core.GeneralizedTime(suspected)}
    ]
    data = basic["tbs_response_data"].dump(force=True)
    basic["signature"] = ca.key.sign(data, ec.ECDSA(hashes.SHA256()))
    found = ask(response.dump(force=True), leaf, ca)
    assert found.revoked_at == NOW - timedelta(days=1)
    assert found.doubtful_since == suspected
