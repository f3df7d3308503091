"""What an answer on revocation does not speak of, or says in words that nobody here knows: it is no "good".

What a list may not call good by, it still calls revoked by: ITU-T X.509 has it so of critical extensions that are not
understood, and who is on a list of some reasons, or on a delta, is revoked all the same.
"""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
from asn1crypto import core
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.hazmat.primitives import hashes

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
    extended,
    family,
    issue,
    named,
    signed_again,
)

ODD = "1.3.6.1.4.1.99999.5"
STRANGE = x509.UnrecognizedExtension(x509.ObjectIdentifier(ODD), b"\x05\x00")
ELSEWHERE = x509.CertificateIssuer([x509.DirectoryName(named("Another CA"))])
SUSPECTED = x509.InvalidityDate((NOW - YEAR).replace(tzinfo=None))
ROOT, CA, LEAF = family()
OTHER = issue("Other", CA)


def said(der, about=LEAF):
    """`good`, `revoked`, or why it is not used."""
    try:
        found = crls.answer(der, about.parsed, CA.parsed)
    except AnswerUnusable as exc:
        return exc.en
    return "good" if found.revoked_at is None else "revoked"


def point(**scope) -> x509.IssuingDistributionPoint:
    names = dict.fromkeys(("full_name", "relative_name", "only_some_reasons"))
    flags = (
        "only_contains_user_certs",
        "only_contains_ca_certs",
        "indirect_crl",
        "only_contains_attribute_certs",
    )
    return x509.IssuingDistributionPoint(**{**names, **dict.fromkeys(flags, False), **scope})


class TestEntriesOfLists:
    def test_an_unknown_critical_one_spoils_the_whole_list(self):
        """RFC 5280, 5.3: whoever it is about."""
        der = crl(CA, [(OTHER, NOW)], of_entries=[(STRANGE, True)])
        assert "unknown critical" in said(der)
        assert said(der, OTHER) == "revoked"

    def test_an_unknown_one_that_is_not_critical_says_nothing(self):
        assert said(crl(CA, [(OTHER, NOW)], of_entries=[(STRANGE, False)])) == "good"

    def test_those_that_are_known_may_be_critical(self):
        assert said(crl(CA, [(OTHER, NOW)], of_entries=[(SUSPECTED, True)])) == "good"

    @pytest.mark.parametrize("critical", [True, False])
    def test_entries_of_another_issuer_make_the_list_nobodys(self, critical):
        """RFC 5280, 5.3.3: they, and what follows them, may be of another CA; in the list of one CA they are wrong."""
        der = crl(CA, [(OTHER, NOW)], of_entries=[(ELSEWHERE, critical)])
        assert "another issuer" in said(der)
        assert "another issuer" in said(der, OTHER)

    def test_bytes_that_look_like_one_are_none(self):
        """The search for critical extensions starts at their bytes: a serial number may hold the same."""
        serial = int.from_bytes(b"\x06\x03\x55\x1d\x1d\x01\x01\xff\x04\x02")
        assert said(crl(CA, [(issue("Odd", CA, serial=serial), NOW)])) == "good"

    @pytest.mark.parametrize("of_entries", [(), ((SUSPECTED, True),), ((STRANGE, False),)])
    def test_a_long_list_is_searched_in_time(self, of_entries):
        entries = []
        for serial in range(1, 30_000):
            entry = x509.RevokedCertificateBuilder(serial, NOW)
            for extension, critical in of_entries:
                entry = entry.add_extension(extension, critical)
            entries.append(entry.build())
        builder = x509.CertificateRevocationListBuilder(
            CA.certificate.subject, NOW, NOW + YEAR, revoked_certificates=entries
        )
        der = builder.sign(CA.key, hashes.SHA256()).public_bytes(DER)
        started = time.process_time()
        assert said(der) == "good"
        assert time.process_time() - started < 2


class TestLists:
    @pytest.mark.parametrize(
        "extension",
        [STRANGE, x509.IssuerAlternativeName([x509.DNSName("ca")]), x509.FreshestCRL([])],
        ids=["unknown", "issuerAltName", "freshestCRL"],
    )
    def test_a_critical_one_that_is_not_processed_leaves_only_revocations(self, extension):
        """RFC 5280, 5.2."""
        if isinstance(extension, x509.FreshestCRL):
            where = x509.UniformResourceIdentifier("http://here/delta.crl")
            extension = x509.FreshestCRL([x509.DistributionPoint([where], None, None, None)])
        assert "critical" in said(crl(CA, [(OTHER, NOW)], extensions=[(extension, True)]))
        assert said(crl(CA, [(OTHER, NOW)], extensions=[(extension, True)]), OTHER) == "revoked"
        assert said(crl(CA, [(OTHER, NOW)], extensions=[(extension, False)])) == "good"

    def test_number_and_key_identifier_may_be_critical(self):
        key = x509.AuthorityKeyIdentifier.from_issuer_public_key(CA.key.public_key())
        assert said(crl(CA, extensions=[(x509.CRLNumber(1), True), (key, True)])) == "good"

    @pytest.mark.parametrize(
        "scope",
        [
            {"only_contains_ca_certs": True},
            {"only_some_reasons": frozenset({x509.ReasonFlags.key_compromise})},
            {"full_name": [x509.UniformResourceIdentifier("http://elsewhere/crl")]},
        ],
    )
    @pytest.mark.parametrize("critical", [True, False])
    def test_who_is_on_a_list_of_another_scope_is_revoked_all_the_same(self, scope, critical):
        der = crl(CA, [(OTHER, NOW)], extensions=[(point(**scope), critical)])
        assert "scope" in said(der) or "distribution point" in said(der)
        assert said(der, OTHER) == "revoked"

    @pytest.mark.parametrize("scope", ["indirect_crl", "only_contains_attribute_certs"])
    def test_the_numbers_of_others_are_others(self, scope):
        """An indirect list has entries of other CAs, and attribute certificates have numbers of their own."""
        der = crl(CA, [(OTHER, NOW)], extensions=[(point(**{scope: True}), True)])
        assert said(der) == said(der, OTHER) == "its scope does not include the certificate"

    def test_users_and_authorities(self):
        """RFC 5280, 6.3.3 (b)(2)."""
        users = crl(CA, extensions=[(point(only_contains_user_certs=True), True)])
        authorities = crl(CA, extensions=[(point(only_contains_ca_certs=True), True)])
        below = issue("CA below", CA, ca=True)
        assert (said(users), said(authorities, below)) == ("good", "good")
        assert "scope" in said(users, below)
        assert "scope" in said(authorities)

    def test_a_point_of_some_reasons_does_not_cover_the_others(self):
        """RFC 5280, 6.3.3 (d)(3): the certificate says for which reasons it looks there."""
        where = x509.UniformResourceIdentifier("http://here/some.crl")
        some = x509.DistributionPoint([where], None, frozenset({x509.ReasonFlags.superseded}), None)
        leaf = issue("Leaf", CA, extensions=[(x509.CRLDistributionPoints([some]), False)])
        assert "distribution point" in said(crl(CA, extensions=[(point(full_name=[where]), True)]), leaf)
        assert said(crl(CA), leaf) == "good"

    def test_a_delta_says_who_is_revoked_and_never_who_is_not(self):
        delta = [(x509.DeltaCRLIndicator(3), True)]
        assert "delta" in said(crl(CA, extensions=delta))
        assert said(crl(CA, [(LEAF, NOW)], extensions=delta)) == "revoked"
        lifted = crl(CA, [(LEAF, NOW)], extensions=delta, reason=x509.ReasonFlags.remove_from_crl)
        assert "delta" in said(lifted)

    def test_a_version_that_nobody_knows(self):
        parsed = asn1_crl.CertificateList.load(crl(CA, extensions=[(x509.CRLNumber(1), False)]))
        parsed["tbs_cert_list"]["version"] = 2
        signed_again(parsed, ("tbs_cert_list", "signature"), CA.key)
        assert said(parsed.dump(force=True)) == "it cannot be read"


class TestResponses:
    @pytest.mark.parametrize("place", ["of_all", "of_one"])
    def test_a_critical_extension_that_is_not_known(self, place):
        """RFC 6960, 4.4: in the response or in what it says of this certificate."""

        def told(critical, **status):
            more = {place: [(ODD, critical, core.ParsableOctetString(core.Null().dump()))]}
            der = extended(answer(LEAF, CA, **status), CA.key, **more)
            return ocsp.answer(der, LEAF.parsed, CA.parsed).revoked_at

        with pytest.raises(AnswerUnusable, match="critical"):
            told(True)
        assert told(True, revoked=NOW - YEAR / 2) == NOW - YEAR / 2
        assert told(False) is None

    @pytest.mark.parametrize(
        ("more", "usage", "right"),
        [
            (((STRANGE, True),), None, False),
            (((STRANGE, False),), None, True),
            ((), ("key_encipherment",), False),
            ((), ("content_commitment",), True),
        ],
    )
    def test_a_responders_certificate_keeps_the_rules_of_paths(self, more, usage, right):
        """RFC 5280, 6.1.5 (f) and 4.2.1.12."""
        extensions = [(OCSP_SIGNING, False), (NO_CHECK, False), *more]
        der = answer(LEAF, CA, issue("Responder", CA, usage=usage, extensions=extensions))
        if right:
            assert ocsp.answer(der, LEAF.parsed, CA.parsed).revoked_at is None
            return
        with pytest.raises(AnswerUnusable):
            ocsp.answer(der, LEAF.parsed, CA.parsed)


def test_an_answer_to_the_second():
    """thisUpdate and nextUpdate are read as they are written."""
    found = crls.answer(crl(CA, this=NOW, until=NOW + timedelta(seconds=1)), LEAF.parsed, CA.parsed)
    assert (found.this_update, found.next_update) == (NOW, NOW + timedelta(seconds=1))
