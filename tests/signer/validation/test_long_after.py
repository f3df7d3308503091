"""Verdicts ten and thirty years on: certificates expired, an algorithm ended, a CA was compromised in between."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509

from api.demo.pki import make_demo_pki
from policies.renewal import Renewal, SupportKind, outlook
from policies.validation import PASSED
from policies.vocabulary import Level, SubIndication
from signer.creation import cms as cms_builder
from signer.creation import token
from signer.errors import RevocationUnavailable
from signer.validation.values import Evidence
from tests.profiles import AGENCY
from tests.signer.trust.forge import NOW, YEAR
from tests.signer.validation.century import Authority, Century
from tests.signer.validation.office import Office, explain, found, ids

DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def first():
    return Authority("First", NOW - YEAR, 11)


@pytest.fixture(scope="module")
def second():
    return Authority("Second", NOW + 7 * YEAR)


@pytest.fixture(scope="module")
def third():
    return Authority("Third", NOW + 16 * YEAR, 18)


@pytest.fixture(scope="module")
def strong():
    """SHA-512 all the way up, so that the end of SHA-256 takes nothing from it."""
    return Authority("Strong", NOW + 2 * YEAR, 30, digest="sha512")


@pytest.fixture
def own_pki(pki, tmp_path):
    """The same PKI for a test that revokes in it."""
    return make_demo_pki(shutil.copytree(pki.directory, tmp_path / "pki"), NOW)


def passed(report):
    assert report.verdict == PASSED, explain(report)
    return report


def unsure(report, sub_indication):
    assert report.verdict.indication == "INDETERMINATE", explain(report)
    assert found(report, "leader-1").verdict.sub_indication is sub_indication, explain(report)
    return report


def all_ids(report):
    return set().union(*(ids(each) for each in report.signatures))


@pytest.fixture(scope="module")
def renewed(pki, tmp_path_factory, second, third):
    """One document as B-LT, and as it was renewed after 8, 16 and 29 years."""
    made = Century(Office(pki, tmp_path_factory.mktemp("century"), NOW), second, third)
    made.lt = made.long_term()
    made.pki_answers = False  # its responder's certificate expires, and then the CA is gone
    made.at_8 = made.renewed(made.lt, second, NOW + 8 * YEAR)
    made.at_16 = made.renewed(made.at_8, third, NOW + 16 * YEAR + 5 * DAY)
    made.at_29 = made.renewed(made.at_16, third, NOW + 29 * YEAR)
    return made


class TestWithRenewals:
    @pytest.fixture
    def century(self, renewed):
        return renewed

    @pytest.mark.parametrize(
        ("name", "years"), [("at_8", 10), ("at_8", 16), ("at_16", 17), ("at_16", 30), ("at_29", 30)]
    )
    def test_long_after_the_certificates_expired(self, century, name, years):
        report = passed(century.judge(getattr(century, name), NOW + years * YEAR))
        for field in ("leader-1", "seal-1"):
            signature = found(report, field)
            assert (signature.level, signature.signing_time.date()) == (Level.B_LTA, NOW.date())
            assert signature.certificate.not_after < NOW + 4 * YEAR

    def test_without_renewal_nothing_proves_the_time(self, century):
        passed(century.judge(century.lt, NOW + 8 * YEAR))
        unsure(century.judge(century.lt, NOW + 10 * YEAR), SubIndication.OUT_OF_BOUNDS_NO_POE)

    def test_a_document_time_stamp_that_expired_proves_nothing(self, century):
        report = century.judge(century.at_8, NOW + 20 * YEAR)
        unsure(report, SubIndication.OUT_OF_BOUNDS_NO_POE)
        assert report.signatures[-1].verdict.sub_indication is SubIndication.OUT_OF_BOUNDS_NO_POE

    def test_renewing_too_late_brings_nothing_back(self, century, third):
        """The archive slept: nothing that is added now proves what was then."""
        late = century.stamped(century.at_8, third, NOW + 18 * YEAR)
        unsure(century.judge(late, NOW + 19 * YEAR), SubIndication.OUT_OF_BOUNDS_NO_POE)

    def test_without_an_answer_about_the_last_authority_nothing_is_renewed(self, century, third):
        class Silent:
            def ocsp(self, *_):
                return None

            crl = ocsp

        with pytest.raises(RevocationUnavailable):
            century.renewed(century.at_8, third, NOW + 16 * YEAR, source=Silent())

    @pytest.mark.parametrize(
        ("name", "years", "kind"),
        [("lt", 9, Renewal.FIRST), ("at_8", 17, Renewal.FURTHER), ("at_29", 34, Renewal.FURTHER)],
    )
    def test_the_outlook_is_the_end_of_the_newest_authority(self, century, name, years, kind):
        at = NOW + {"lt": 1, "at_8": 9, "at_29": 30}[name] * YEAR
        report = passed(century.judge(getattr(century, name), at))
        told = outlook(report.supports, AGENCY)
        assert (told.good_until, told.kind) == (NOW + years * YEAR, kind)
        passed(century.judge(getattr(century, name), told.good_until - DAY))
        unsure(
            century.judge(getattr(century, name), told.good_until + DAY), SubIndication.OUT_OF_BOUNDS_NO_POE
        )


class TestAnAlgorithmEnds:
    """SHA-256 is declared broken five years from now; the profile says so, at whatever time it is told."""

    END = NOW + 5 * YEAR
    BROKEN = replace(AGENCY, digest_ends=(("sha256", END),))

    @pytest.fixture
    def century(self, office, first, strong):
        return Century(office, first, strong)

    def test_time_stamped_with_another_digest_before_it_passes(self, century, strong):
        path = century.renewed(century.long_term(), strong, NOW + 4 * YEAR, "sha512")
        for years in (5, 10, 30):
            passed(century.judge(path, NOW + years * YEAR, profile=self.BROKEN))

    def test_renewed_too_late_does_not(self, century, strong):
        path = century.stamped(century.long_term(), strong, NOW + 6 * YEAR, "sha512")
        report = century.judge(path, NOW + 7 * YEAR, profile=self.BROKEN)
        unsure(report, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)
        passed(century.judge(path, NOW + 7 * YEAR))

    def test_not_renewed_at_all_does_not(self, century):
        path = century.long_term()
        passed(century.judge(path, self.END - DAY, profile=self.BROKEN))
        report = century.judge(path, self.END + DAY, profile=self.BROKEN)
        unsure(report, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)

    def test_a_stronger_imprint_by_an_authority_of_the_old_digest_is_not_enough(self, century, first):
        """Its certificate and its token are signed with what has ended."""
        path = century.renewed(century.long_term(), first, NOW + 4 * YEAR, "sha512")
        report = century.judge(path, NOW + 7 * YEAR, profile=self.BROKEN)
        unsure(report, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)

    def test_an_imprint_of_the_old_digest_by_a_strong_authority_is_not_enough(self, century, strong):
        path = century.renewed(century.long_term(), strong, NOW + 4 * YEAR, "sha256")
        report = century.judge(path, NOW + 7 * YEAR, profile=self.BROKEN)
        unsure(report, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE)

    def test_answers_that_nothing_proves_to_be_older_are_not_believed(self, century, strong):
        """Of a plain B-T: time-stamped in time, but its answers are fetched after the end, made with what ended."""
        office = century.office
        path = century.stamped(office.issued(), strong, NOW + 3 * YEAR - 40 * DAY, "sha512")
        report = century.judge(path, NOW + 5 * YEAR + DAY, profile=self.BROKEN)
        assert report.verdict.indication == "INDETERMINATE", explain(report)
        assert not report.supports

    def test_the_outlook_knows_the_end(self, century, strong):
        path = century.long_term()
        told = outlook(century.judge(path, NOW + YEAR, profile=self.BROKEN).supports, self.BROKEN)
        assert (told.good_until, told.kind) == (self.END, Renewal.STRONGER)
        path = century.renewed(path, strong, NOW + 4 * YEAR, "sha512")
        told = outlook(century.judge(path, NOW + 4 * YEAR + DAY, profile=self.BROKEN).supports, self.BROKEN)
        assert (told.good_until, told.kind) == (NOW + 32 * YEAR, Renewal.FURTHER)


class TestTheSignersCaIsCompromised:
    STAMPED, LATER = NOW + YEAR, NOW + 3 * YEAR

    @pytest.fixture
    def century(self, own_pki, tmp_path, first):
        return Century(Office(own_pki, tmp_path, NOW), first)

    def compromised(self, century, at, reason="cACompromise"):
        century.office.pki.revoke("issuing", at, reason)

    def test_after_a_document_time_stamp_of_another_authority_it_takes_nothing(self, century, first):
        path = century.renewed(century.long_term(), first, self.STAMPED)
        self.compromised(century, NOW + 2 * YEAR)
        report = passed(self.fresh(century, path))
        assert "verification.compromised-ca-later" in ids(found(report, "leader-1"))

    @pytest.mark.parametrize("reason", ["cACompromise", "keyCompromise", "unspecified"])
    def test_before_it_everything_may_be_forged(self, century, first, reason):
        path = century.renewed(century.long_term(), first, self.STAMPED)
        self.compromised(century, self.STAMPED - DAY, reason)
        unsure(self.fresh(century, path), SubIndication.REVOKED_CA_NO_POE)

    def test_without_document_time_stamp_nothing_proves_the_answers_older(self, century):
        """The token in the signature is by an authority under that CA, and covers neither certificate nor answer."""
        path = century.long_term()
        self.compromised(century, NOW + 2 * YEAR)
        unsure(self.fresh(century, path), SubIndication.REVOKED_CA_NO_POE)

    def test_a_document_time_stamp_under_the_same_ca_is_no_help(self, century):
        office = century.office
        path = century.long_term()
        office.now = self.STAMPED
        path = office.with_document_timestamp(path)
        self.compromised(century, NOW + 2 * YEAR)
        unsure(self.fresh(century, path), SubIndication.REVOKED_CA_NO_POE)

    def test_answers_that_were_not_in_the_file_by_then_are_no_help(self, century, first):
        """B-T with a document time-stamp: signature and certificates are older, what is said about them is not."""
        path = century.stamped(century.office.issued(), first, self.STAMPED)
        self.compromised(century, NOW + 2 * YEAR)
        report = unsure(self.fresh(century, path), SubIndication.REVOKED_CA_NO_POE)
        assert "verification.compromised-ca-no-answer" in all_ids(report)

    def test_one_that_merely_ceased_takes_nothing(self, century, first):
        """It made nothing up before it ceased, nor after: what it says now is believed."""
        path = century.stamped(century.office.issued(), first, self.STAMPED)
        self.compromised(century, NOW + 2 * YEAR, "cessationOfOperation")
        passed(self.fresh(century, path))

    def fresh(self, century, path):
        """Judged with what the root says today: what is in the file is older than the compromise."""
        newest = century.source.crl(b"", century.office.pki.root, self.LATER)
        return century.judge(path, self.LATER, evidence=Evidence(crls=(newest,)))


class TestTheAuthoritysCaIsCompromised:
    RENEWED = NOW + 8 * YEAR

    @pytest.fixture
    def weak(self):
        return Authority("Weak", NOW - YEAR, 11)

    @pytest.fixture
    def century(self, office, weak, second):
        made = Century(office, weak, second)
        made.lt = made.long_term()
        made.pki_answers = False
        return made

    def twice(self, century, weak, second):
        """Time-stamped by the weak one after two years, renewed by the other after eight."""
        path = century.renewed(century.lt, weak, NOW + 2 * YEAR)
        return century.renewed(path, second, self.RENEWED)

    def judge(self, century, path, weak, at=NOW + 12 * YEAR):
        return century.judge(path, at, evidence=Evidence(crls=(weak.crl(weak.root.der, at),)))

    def test_after_the_renewal_it_takes_nothing(self, century, weak, second):
        path = self.twice(century, weak, second)
        weak.revoke(weak.ca, self.RENEWED + YEAR, x509.ReasonFlags.ca_compromise)
        report = passed(self.judge(century, path, weak))
        assert "verification.compromised-ca-later" in ids(found(report, "DocTimeStamp1"))

    def test_before_the_renewal_its_time_stamps_prove_nothing(self, century, weak, second):
        path = self.twice(century, weak, second)
        weak.revoke(weak.ca, self.RENEWED - DAY, x509.ReasonFlags.ca_compromise)
        report = self.judge(century, path, weak)
        stamp = found(report, "DocTimeStamp1")
        assert stamp.verdict.sub_indication is SubIndication.REVOKED_CA_NO_POE
        passed(report)  # the signatures' own tokens were good when the other authority covered them
        assert found(report, "leader-1").signing_time == NOW

    def test_suspected_before_the_renewal_is_compromised_before_it(self, century, weak, second):
        path = self.twice(century, weak, second)
        reason = x509.ReasonFlags.ca_compromise
        weak.revoke(weak.ca, self.RENEWED + YEAR, reason, suspected=self.RENEWED - YEAR)
        stamp = found(self.judge(century, path, weak), "DocTimeStamp1")
        assert stamp.verdict.sub_indication is SubIndication.REVOKED_CA_NO_POE

    def test_the_newest_ones_ca_takes_all(self, century, weak):
        path = century.renewed(century.lt, weak, NOW + 8 * YEAR)
        passed(self.judge(century, path, weak, NOW + 9 * YEAR + 300 * DAY))
        weak.revoke(weak.ca, NOW + 9 * YEAR, x509.ReasonFlags.ca_compromise)
        report = self.judge(century, path, weak, NOW + 9 * YEAR + 300 * DAY)
        unsure(report, SubIndication.OUT_OF_BOUNDS_NO_POE)


def test_an_authority_whose_ca_is_named_in_its_token_alone(office, first):
    """What a token brings along helps to build its path, also when it lies inside a signature."""
    path = office.sign(office.prepared())
    value = cms_builder.signature_value(token.newest_hole(path, "leader-1").contents)
    imprint = hashlib.sha256(value).digest()
    token.fill_token(path, "leader-1", first.token(imprint, "sha256", office.now))
    report = passed(Century(office, first).judge(path, office.now + timedelta(seconds=1)))
    assert (found(report, "leader-1").level, found(report, "leader-1").signing_time) == (Level.B_T, NOW)


class TestTheOrderOfDocumentTimeStamps:
    @pytest.fixture
    def century(self, office, first, second):
        return Century(office, first, second)

    def test_one_that_is_older_than_what_it_covers(self, century, first):
        """A clock that ran behind, or an authority that antedates: which of the two lies nobody knows."""
        path = century.stamped(century.long_term(), first, NOW + 2 * YEAR)
        path = century.stamped(path, first, NOW + YEAR)
        report = century.judge(path, NOW + 2 * YEAR + DAY)
        stamps = [each for each in report.signatures if each.type == "document-timestamp"]
        assert [each.verdict.sub_indication for each in stamps] == [SubIndication.TIMESTAMP_ORDER_FAILURE] * 2
        assert report.verdict.sub_indication is SubIndication.TIMESTAMP_ORDER_FAILURE
        assert "verification.timestamp-after-cover" in ids(stamps[0])
        assert found(report, "leader-1").verdict == PASSED, "its own token is good today"

    def test_it_does_not_prove_what_it_antedates(self, century, first):
        """Antedated to when the signer's certificate was valid: after that has expired it helps nobody."""
        path = century.stamped(century.office.sign(century.office.prepared()), first, NOW + 5 * YEAR)
        path = century.stamped(path, first, NOW + YEAR)
        report = century.judge(path, NOW + 6 * YEAR)
        assert found(report, "leader-1").signing_time is None
        unsure(report, SubIndication.OUT_OF_BOUNDS_NO_POE)

    def test_a_signatures_token_younger_than_what_covers_it(self, century, first):
        office = century.office
        path = office.stamp(office.sign(office.prepared()), at=NOW + DAY)
        path = century.stamped(path, first, NOW + timedelta(hours=1))
        report = century.judge(path, NOW + 2 * DAY)
        unsure(report, SubIndication.TIMESTAMP_ORDER_FAILURE)

    def test_two_clocks_may_differ_by_seconds(self, century, first):
        path = century.stamped(century.long_term(), first, NOW + YEAR)
        path = century.stamped(path, first, NOW + YEAR - timedelta(seconds=50))
        passed(century.judge(path, NOW + YEAR + DAY))


def test_what_does_not_pass_rests_on_nothing(office):
    path = office.stamp(office.sign(office.prepared(), role="revoked"))
    assert office.online(path).supports == ()


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("led", {SupportKind.SIGNATURE_TIMESTAMP, SupportKind.CERTIFICATE}),
        ("long_term", {SupportKind.SIGNATURE_TIMESTAMP}),
        ("archived", {SupportKind.DOCUMENT_TIMESTAMP}),
    ],
)
def test_what_a_verdict_rests_on(shelf, name, kinds):
    report = shelf.office.online(getattr(shelf, name), at=shelf.now)
    assert {each.kind for each in report.supports} == kinds
    assert all(each.since <= shelf.now < each.until for each in report.supports)
    assert all(any(used.digest == "sha256" for used in each.algorithms) for each in report.supports)


def pyhankos(path, century, at):
    """pyHanko's LTA report of each signature (EN 319 102-1, 5.6.3), with what was published at the time."""
    from asn1crypto import crl as asn1_crl
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation.ades import ades_lta_validation
    from pyhanko.sign.validation.policy_decl import (
        LocalKnowledge,
        PdfSignatureValidationSpec,
        RevinfoOnlineFetchingRule,
        RevocationInfoGatheringSpec,
        SignatureValidationSpec,
    )
    from pyhanko_certvalidator.context import CertValidationPolicySpec
    from pyhanko_certvalidator.ltv.types import ValidationTimingInfo
    from pyhanko_certvalidator.policy_decl import REQUIRE_REVINFO, CertRevTrustPolicy
    from pyhanko_certvalidator.registry import SimpleTrustManager
    from pyhanko_certvalidator.revinfo.archival import CRLContainer

    roots = [asn1_x509.Certificate.load(der) for der in century.trust.certificates]
    published = [each.crl(party.der, at) for each in century.authorities for party in (each.root, each.ca)]
    knowledge = LocalKnowledge(
        known_certs=roots, known_crls=[CRLContainer(asn1_crl.CertificateList.load(der)) for der in published]
    )
    policy = CertValidationPolicySpec(
        trust_manager=SimpleTrustManager.build(trust_roots=roots),
        revinfo_policy=CertRevTrustPolicy(REQUIRE_REVINFO),
    )
    spec = SignatureValidationSpec(
        cert_validation_policy=policy,
        local_knowledge=knowledge,
        revinfo_gathering_policy=RevocationInfoGatheringSpec(
            online_fetching_rule=RevinfoOnlineFetchingRule.LOCAL_ONLY
        ),
    )
    timing = ValidationTimingInfo(at, at, point_in_time_validation=True)
    told = {}
    with path.open("rb") as file:
        for embedded in PdfFileReader(file).embedded_regular_signatures:
            found = asyncio.run(ades_lta_validation(embedded, PdfSignatureValidationSpec(spec), timing))
            told[embedded.field_name] = found.ades_subindic.standard_name
    return told


@pytest.mark.parametrize(("name", "years"), [("at_8", 10), ("at_29", 30)])
def test_pyhanko_sees_it_otherwise(renewed, name, years):
    """It slides its control time back to when an answer that is not current any more was made, and then wants proof of
    the next certificate from before that: which nobody has whose first document time-stamp came later. Ours takes every
    answer of the proven time or later, as long as nothing above it was compromised."""
    at = NOW + years * YEAR
    passed(renewed.judge(getattr(renewed, name), at))
    told = set(pyhankos(getattr(renewed, name), renewed, at).values())
    assert told <= {"NO_POE", "CERTIFICATE_CHAIN_GENERAL_FAILURE"}
