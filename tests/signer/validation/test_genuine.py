"""What is good must pass: the document's whole legal way, and the forms that it meets in the country."""

from __future__ import annotations

import hashlib
import re
import subprocess
from datetime import timedelta

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.asymmetric import rsa

from api.demo.documents import DecisionSpec
from policies.validation import PASSED
from policies.vocabulary import Changes, Coverage, Integrity, Level, SubIndication
from signer import der
from signer.creation import two_step
from signer.creation.two_step import SignatureRequest
from signer.keys.development import DevelopmentKey
from signer.stages import Prepared
from signer.stamping.appearance import Appearance
from signer.trust.anchors import TrustAnchors
from tests.conftest import need_tool
from tests.profiles import HISTORICAL, PROFILES, STRICT
from tests.signer.trust.forge import NOW, YEAR, issue, with_sha1
from tests.signer.validation.office import explain, found, ids


def passed(report):
    assert report.verdict == PASSED, explain(report)
    return report


class TestTheIssuedDecision:
    def test_online_both_signatures_pass(self, shelf):
        report = passed(shelf.office.online(shelf.issued, at=shelf.now))
        leader, seal = report.signatures
        assert (leader.coverage, leader.changes) == (Coverage.REVISION, Changes.FORM_FILL)
        assert (seal.coverage, seal.changes) == (Coverage.WHOLE, Changes.NONE)
        assert {each.integrity for each in report.signatures} == {Integrity.INTACT}
        assert {each.level for each in report.signatures} == {Level.B_T}

    def test_the_proven_time_is_the_tokens(self, shelf):
        leader, seal = shelf.office.online(shelf.issued, at=shelf.now).signatures
        assert leader.signing_time == NOW
        assert seal.signing_time == NOW + timedelta(minutes=1)
        assert leader.timestamp.valid

    def test_what_the_circular_wants_shown_is_there(self, shelf):
        leader, seal = shelf.office.online(shelf.issued, at=shelf.now).signatures
        facts = leader.certificate
        assert facts.subject == "DEMO Nguyễn Văn An"
        assert facts.title == "Phó Chủ tịch"
        assert facts.issuer == "DEMO An Tin Issuing CA"
        assert facts.managing_organisation == "UBND tỉnh DEMO Sông Hồng"
        assert facts.not_before < NOW < facts.not_after
        assert facts.status == seal.certificate.status == "valid"

    def test_the_leader_alone_passes_before_the_seal(self, shelf):
        report = passed(shelf.office.online(shelf.led, at=shelf.now))
        assert report.signatures[0].coverage is Coverage.WHOLE
        assert "verification.empty-fields" in ids(report)


class TestLongTerm:
    def test_the_file_with_validation_data_passes_offline(self, shelf):
        report = passed(shelf.office.validate(shelf.long_term, at=shelf.now))
        assert {each.level for each in report.signatures} == {Level.B_LT}
        assert found(report, "seal-1").changes is Changes.LONG_TERM_DATA
        assert report.needs == ()

    @pytest.mark.parametrize("days", [1, 30, 700, 1090])
    def test_and_still_long_after_the_answers_ran_out(self, shelf, days):
        passed(shelf.office.validate(shelf.long_term, at=NOW + timedelta(days=days)))

    def test_after_a_data_store_and_two_document_timestamps(self, shelf):
        report = passed(shelf.office.validate(shelf.archived, at=shelf.now))
        leader, seal, *stamps = report.signatures
        assert leader.level is seal.level is Level.B_LTA
        assert leader.changes is Changes.FORM_FILL
        assert seal.changes is Changes.LONG_TERM_DATA
        assert [each.level for each in stamps] == [Level.DTS, Level.DTS]
        assert stamps[-1].coverage is Coverage.WHOLE

    @pytest.mark.parametrize("years", [2, 4, 8])
    def test_after_the_signers_certificates_expired(self, shelf, years):
        passed(shelf.office.validate(shelf.archived, at=NOW + years * YEAR))

    def test_evidence_is_told_and_suffices_when_given_again(self, shelf):
        online = passed(shelf.office.online(shelf.issued, at=shelf.now))
        again = shelf.office.validate(shelf.issued, at=shelf.now, evidence=online.evidence)
        passed(again)
        assert {each.level for each in again.signatures} == {Level.B_T}, "given is not embedded"


class TestForeignTools:
    """Where `pdfsig`, `mutool` and `qpdf` are right, they agree."""

    @pytest.mark.parametrize("name", ["issued", "long_term", "archived", "renewed"])
    def test_pdfsig_finds_both_signatures_valid(self, shelf, name):
        command = [need_tool("pdfsig"), "-nocert", str(getattr(shelf, name))]
        out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        assert out.count("Signature is Valid.") == 2
        assert ("Total document signed" in out) == (name != "long_term")

    @pytest.mark.parametrize("name", ["issued", "long_term", "archived", "renewed"])
    def test_mutool_finds_both_signatures_valid(self, shelf, name):
        command = [need_tool("mutool"), "sign", "-v", str(getattr(shelf, name))]
        out = subprocess.run(command, capture_output=True, text=True, check=False).stdout
        edited = out.count("The signature is valid but there have been edits since signing.")
        clean = out.count("The document is unchanged since signing.")
        assert edited + clean == 2, out

    @pytest.mark.parametrize("name", ["issued", "long_term", "archived", "renewed"])
    def test_qpdf_finds_no_fault(self, shelf, name):
        subprocess.run(
            [need_tool("qpdf"), "--check", str(getattr(shelf, name))], check=True, capture_output=True
        )


@pytest.mark.parametrize("role", ["pss", "rsa-4096", "ecdsa-p256", "ecdsa-p384"])
def test_every_algorithm_that_we_sign_with(office, role):
    path = office.stamp(office.sign(office.prepared(), role=role))
    passed(office.online(path))


def test_two_leaders_one_after_the_other(office):
    path = office.stamp(office.sign(office.prepared(("leader-1", "leader-2"))))
    office.later(minutes=1)
    path = office.stamp(office.sign(path, "leader-2", "second-leader"), "leader-2")
    report = passed(office.online(path))
    assert found(report, "leader-1").changes is Changes.FORM_FILL


def test_bytes_that_a_web_site_appended_are_a_finding_not_a_failure(shelf, tmp_path):
    path = tmp_path / "downloaded.pdf"
    path.write_bytes(
        shelf.issued.read_bytes() + b"\n<!-- Page cached by example.gov.vn at 10:00 -->" + b" " * 70
    )
    report = passed(shelf.office.online(path, at=shelf.now))
    assert "verification.trailing-bytes" in ids(report)
    assert found(report, "seal-1").coverage is Coverage.REVISION


def cms_by_openssl(office, prepared: Prepared, role: str, *extra: str) -> bytes:
    """A plain detached SignedData: no signing-certificate attribute, the leaf alone, a signing time."""
    openssl = need_tool("openssl")
    data = office.folder / "signed.bin"
    start, digits = prepared.hole
    whole = office.base.read_bytes() + prepared.tail
    data.write_bytes(whole[: start - 1] + whole[start + digits + 1 :])
    pem = office.pki.directory / f"{role}.pem"
    command = [openssl, "cms", "-sign", "-binary", "-md", "sha256", "-outform", "DER", "-in", str(data)]
    command += ["-signer", str(pem), "-inkey", str(pem), *extra]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.fixture
def plain(office):
    """A signature as plain PDF programs make it."""

    def sign(*extra, subfilter=b"adbe.pkcs7.detached", claimed=None):
        base = office.base = office.prepared()
        request = SignatureRequest(
            "leader-1", 12_000, "DEMO", claimed or office.now, Appearance(lines=("x",))
        )
        prepared = two_step.prepare_signature(base, request)
        tail = prepared.tail.replace(b"/ETSI.CAdES.detached", b"/" + subfilter)
        prepared = Prepared(
            prepared.base_size, tail, prepared.byte_range, prepared.hole, b"", "sha256", prepared.field
        )
        out = office.path()
        two_step.write(base, prepared, cms_by_openssl(office, prepared, "leader", *extra), out)
        return out

    return sign


class TestPlainSignatures:
    """`adbe.pkcs7.detached` without signing-certificate attribute, leaf only: what agencies really have."""

    def test_it_passes_with_a_finding_at_level_cms(self, office, plain):
        trust = TrustAnchors((office.pki.root,), (office.pki.issuing,))
        report = passed(office.online(plain(), trust=trust))
        (signature,) = report.signatures
        assert signature.level is Level.CMS
        assert signature.integrity is Integrity.INTACT
        assert "verification.signing-certificate-unreferenced" in ids(signature)
        assert "verification.claimed-only" in ids(signature)

    def test_without_signed_attributes(self, office, plain):
        trust = TrustAnchors((office.pki.root,), (office.pki.issuing,))
        report = passed(office.online(plain("-noattr"), trust=trust))
        assert report.signatures[0].level is Level.CMS

    def test_with_the_issuer_unknown_there_is_no_conclusion(self, office, plain):
        report = office.online(plain())
        assert report.verdict.sub_indication is SubIndication.NO_CERTIFICATE_CHAIN_FOUND
        assert report.signatures[0].integrity is Integrity.INTACT

    def test_the_strict_profile_does_not_take_it(self, office, plain):
        trust = TrustAnchors((office.pki.root,), (office.pki.issuing,))
        report = office.online(plain(), trust=trust, profile=STRICT)
        assert report.verdict.sub_indication is SubIndication.SIG_CONSTRAINTS_FAILURE
        assert "verification.format-not-permitted" in ids(report.signatures[0])

    def test_signer_by_key_identifier(self, office, plain):
        trust = TrustAnchors((office.pki.root,), (office.pki.issuing,))
        passed(office.online(plain("-keyid"), trust=trust))


def test_local_time_written_as_utc_is_a_finding_and_shifts_nothing(office):
    path = office.sign(office.prepared(), claimed=office.now + timedelta(hours=7))
    report = passed(office.online(office.stamp(path)))
    assert "verification.claimed-local-time" in ids(report.signatures[0])
    assert report.signatures[0].signing_time == NOW


def test_a_claim_later_than_the_token_is_a_warning(office):
    path = office.sign(office.prepared(), claimed=office.now + timedelta(hours=2))
    report = passed(office.online(office.stamp(path)))
    assert "verification.claimed-after-timestamp" in ids(report.signatures[0])


def _reordered(attributes: bytes) -> bytes:
    whole = der.read(attributes)
    parts = [attributes[each.start : each.end] for each in der.children(attributes, whole)]
    return attributes[: whole.content] + b"".join(reversed(parts))


@pytest.mark.parametrize("digested_in_order", [True, False])
def test_signed_attributes_may_travel_in_any_order(office, digested_in_order):
    """RFC 5652, 5.4: what is digested is their DER encoding; many signers digest them as they travel."""
    path = office.sign(office.prepared())
    data = path.read_bytes()
    contents = bytes.fromhex(max(re.findall(rb"/Contents ?<([0-9A-Fa-f]+)>", data), key=len).decode())
    content_info = cms.ContentInfo.load(contents)
    info = content_info["content"]["signer_infos"][0]
    sent = info["signed_attrs"].dump()
    mixed = _reordered(sent)
    assert mixed != sent
    made = contents.replace(sent, mixed)
    if not digested_in_order:
        value = info["signature"].native
        digest = hashlib.sha256(b"\x31" + mixed[1:]).digest()
        made = made.replace(value, office.pki.signing_key("leader").sign(digest))
    path.write_bytes(
        data.replace(contents.hex().encode(), made.hex().encode()).replace(
            contents.hex().upper().encode(), made.hex().upper().encode()
        )
    )
    report = passed(office.online(path))
    assert report.signatures[0].integrity is Integrity.INTACT
    broken = made.replace(mixed[-40:], bytes(40))
    path.write_bytes(
        path.read_bytes()
        .replace(made.hex().encode(), broken.hex().encode())
        .replace(made.hex().upper().encode(), broken.hex().upper().encode())
    )
    assert office.online(path).verdict != PASSED


def test_a_claim_that_has_not_come_yet_is_a_warning(office):
    path = office.sign(office.prepared(), claimed=office.now + timedelta(days=23 * 365))
    report = passed(office.online(path))
    assert "verification.claimed-in-future" in ids(report.signatures[0])
    assert "2049" in str(report.signatures[0].findings)
    now = passed(office.online(office.sign(office.prepared())))
    assert "verification.claimed-in-future" not in ids(now.signatures[0])


def test_a_first_generation_ca_signed_with_sha1(office, tmp_path):
    """Two generations of the government's CA are in use; the first has SHA-1 signatures on CA certificates."""
    root = issue("Root G1", ca=True, since=NOW - 12 * YEAR, key=rsa.generate_private_key(65537, 2048))
    ca = with_sha1(issue("CA G1", root, ca=True, since=NOW - 12 * YEAR), root)
    leaf = issue("DEMO Lãnh đạo G1", ca, key=rsa.generate_private_key(65537, 2048))
    key = DevelopmentKey(leaf.key, leaf.der, (ca.der,), office.pki.leader.algorithm)
    path = office.sign(office.prepared(), key=key)
    trust = TrustAnchors((root.der, office.pki.root))
    report = office.validate(path, trust=trust)
    assert report.verdict.sub_indication is SubIndication.TRY_LATER
    assert "verification.weak-algorithm" in ids(report.signatures[0])
    strict = office.validate(path, trust=trust, profile=STRICT)
    assert strict.verdict.sub_indication is not SubIndication.TRY_LATER


@pytest.mark.parametrize("name", sorted(PROFILES))
def test_every_profile_takes_our_own_output(shelf, name):
    passed(shelf.office.online(shelf.issued, at=shelf.now, profile=PROFILES[name]))


def test_a_file_without_signatures_says_so(office):
    report = office.validate(office.draft())
    assert report.verdict.indication == "NO-SIGNATURE"
    assert "verification.no-signature" in ids(report)


def test_the_historical_profile_is_no_loophole_today(office):
    assert HISTORICAL.accept_weak
    passed(office.online(office.led(), profile=HISTORICAL))


def test_a_picture_of_a_signature_is_told_to_be_a_picture(office):
    report = office.validate(office.draft(DecisionSpec(pictured=True)))
    assert report.verdict.indication == "NO-SIGNATURE"
    finding = next(f for f in report.findings if f.reason.id == "verification.only-picture")
    assert "chỉ là hình ảnh" in finding.text("vi")
    plain = office.validate(office.draft())
    assert "verification.only-picture" not in ids(plain)
