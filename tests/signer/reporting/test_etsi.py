"""Reports by ETSI TS 119 102-2: every kind keeps the published schema and says what the validation found."""

from __future__ import annotations

import dataclasses
import hashlib
from base64 import b64decode
from datetime import timedelta

import pytest
from cryptography import x509
from lxml import etree

from policies.vocabulary import Indication
from signer.creation import cms as cms_builder
from signer.creation import token
from signer.errors import DocumentRefused
from signer.keys.development import DevelopmentKey
from signer.reporting import etsi
from signer.reporting.status import MOST_TOLD
from signer.reporting.values import ReportedFile
from signer.validation.values import Evidence
from tests.profiles import HISTORICAL, STRICT
from tests.signer.reporting.reading import every, objects, read, text
from tests.signer.trust.forge import issue
from tests.signer.validation.test_old_formats import FORMATS, PKCS7_SHA1, signed

SOURCES = {"led", "issued", "long_term", "archived"}


def file_of(path):
    data = path.read_bytes()
    return ReportedFile(path.name, len(data), hashlib.sha256(data).hexdigest())


def made(report, file, pki):
    """The report, still unsigned, as a stranger reads it."""
    return read(etree.tostring(etsi.build(report, file, pki.seal.certificate)))


def altered(shelf, out):
    data = bytearray(shelf.issued.read_bytes())
    data[2000] ^= 1
    out.write_bytes(data)
    return out


def wrong_value(shelf, out):
    value = cms_builder.signature_value(token.newest_hole(shelf.led, "leader-1").contents)
    data = shelf.led.read_bytes()
    at = data.index(value.hex().encode())
    out.write_bytes(data[:at] + (b"0" if data[at : at + 1] != b"0" else b"1") + data[at + 1 :])
    return out


def no_ranges(shelf, out):
    data = shelf.led.read_bytes()
    start = data.index(b"/ByteRange [")
    end = data.index(b"]", start) + 1
    out.write_bytes(data[:start] + b"/ByteRange [-1 10 20 30]".ljust(end - start) + data[end:])
    return out


def no_contents(shelf, out):
    data = shelf.led.read_bytes()
    start = data.index(b"/Contents <") + 10
    end = data.index(b">", start) + 1
    out.write_bytes(data[:start] + b"<3080>".ljust(end - start) + data[end:])
    return out


def hidden_bytes(shelf, out):
    out.write_bytes(shelf.issued.read_bytes() + b"\n7 0 obj\n<<>>\nendobj\n")
    return out


BROKEN = {
    "altered": altered,
    "wrong-value": wrong_value,
    "no-ranges": no_ranges,
    "no-contents": no_contents,
    "hidden-bytes": hidden_bytes,
}


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_what_was_issued_kept_and_archived(shelf, source):
    path = getattr(shelf, source)
    report = shelf.office.online(path, at=shelf.now)
    root = made(report, file_of(path), shelf.office.pki)
    assert len(every(root, "vr:SignatureValidationReport")) == len(report.signatures)
    assert {each.text for each in every(root, "vr:SignatureValidationReport//vr:MainIndication")} == {
        "urn:etsi:019102:mainindication:total-passed"
    }
    assert every(root, "vr:SignatureValidationReport//vr:SubIndication") == []


def test_every_fact_stands_where_the_standard_wants_it(shelf):
    report = shelf.office.online(shelf.issued, at=shelf.now)
    root = made(report, file_of(shelf.issued), shelf.office.pki)
    leader = every(root, "vr:SignatureValidationReport")[0]
    found = report.signatures[0]
    data = shelf.issued.read_bytes()
    _, first, second, rest = map(int, text(leader, ".//vr:ByteRange").split())
    covered = hashlib.sha256(data[:first] + data[second : second + rest]).digest()
    assert b64decode(text(leader, "vr:SignersDocument/vr:DigestAlgAndValue/ds:DigestValue")) == covered
    value = b64decode(text(leader, "vr:SignatureIdentifier/ds:SignatureValue"))
    assert value.hex().encode() in data[first:second]
    assert text(leader, "vr:ValidationTimeInfo/vr:ValidationTime") == "2026-11-20T05:00:00Z"
    assert text(leader, ".//vr:BestSignatureTime/vr:POETime") == "2026-11-20T03:00:00Z"
    assert text(leader, ".//vr:BestSignatureTime/vr:TypeOfProof") == "urn:etsi:019102:poetype:validation"
    (token_id,) = every(leader, ".//vr:BestSignatureTime/vr:POEObject/@VOReference")
    assert objects(root, "timestamp")[token_id] == found.timestamp.token
    assert text(leader, ".//xades:SigPolicyId/xades:Identifier") == "urn:antin:validation-policy:agency:1"
    assert text(leader, ".//vr:PolicyName") == "agency"
    assert "15/2025" in text(leader, ".//xades:Description")
    assert text(leader, ".//vr:SubFilterElement") == "ETSI.CAdES.detached"
    assert text(leader, ".//vr:SignerInformation/vr:Signer") == "DEMO Nguyễn Văn An"
    quality = text(leader, ".//vr:SignatureQualityInformation")
    assert quality == "http://uri.etsi.org/ades/191x2/level/baseline/B-T#"
    assert text(leader, ".//vr:CryptoInformation/vr:Algorithm").endswith("#rsa-sha256")
    assert text(leader, ".//vr:SecureAlgorithm") == "true"
    assert every(leader, ".//antin:Trust/@store") == ["demo"]
    assert every(leader, ".//antin:Trust/@domain") == ["demo"]
    assert every(leader, ".//antin:Signature/@changes") == ["form-fill"]
    whole = "vr:SignatureValidationObjects/vr:ValidationObject[@id='file']"
    stated = b64decode(text(root, f"{whole}/vr:ValidationObjectRepresentation//ds:DigestValue"))
    assert stated == hashlib.sha256(data).digest()
    assert text(root, f"{whole}//vr:MainIndication") == "urn:etsi:019102:mainindication:passed"
    assert every(root, "//antin:File/@size") == [str(len(data))]
    own = b64decode(text(root, "vr:SignatureValidator/vr:DigitalId/tsl:X509Certificate"))
    assert own == shelf.office.pki.seal.certificate


def test_all_evidence_is_carried_whole(shelf):
    report = shelf.office.online(shelf.long_term, at=shelf.now)
    root = made(report, file_of(shelf.long_term), shelf.office.pki)
    assert set(objects(root, "certificate").values()) == set(report.evidence.certificates)
    assert set(objects(root, "OCSPResponse").values()) == set(report.evidence.ocsp)
    assert set(objects(root, "CRL").values()) == set(report.evidence.crls)
    assert set(objects(root, "timestamp").values()) == {each.timestamp.token for each in report.signatures}
    assert report.evidence.ocsp and report.evidence.crls
    chain = every(root, "vr:SignatureValidationReport")[0]
    (anchor,) = every(chain, ".//vr:CertificateChain/vr:TrustAnchor/@VOReference")
    assert objects(root, "certificate")[anchor] == shelf.office.pki.root
    (leaf,) = every(chain, ".//vr:CertificateChain/vr:SigningCertificate/@VOReference")
    assert x509.load_der_x509_certificate(objects(root, "certificate")[leaf]).subject is not None
    assert len(every(chain, ".//vr:CertificateChain/vr:IntermediateCertificate")) == 1


def test_a_list_beyond_the_room_is_named_by_its_digest(shelf):
    report = shelf.office.online(shelf.issued, at=shelf.now)
    huge = b"\x30" + bytes(etsi.ROOM + 1)
    evidence = report.evidence + Evidence(crls=(huge,))
    root = made(dataclasses.replace(report, evidence=evidence), file_of(shelf.issued), shelf.office.pki)
    digest = hashlib.sha256(huge)
    entry = f"//vr:ValidationObject[@id='L-{digest.hexdigest()}']"
    assert b64decode(text(root, f"{entry}//ds:DigestValue")) == digest.digest()
    assert every(root, f"{entry}//vr:base64") == []
    assert set(objects(root, "OCSPResponse").values()) == set(report.evidence.ocsp), "the others are whole"


@pytest.mark.parametrize("how", sorted(BROKEN))
def test_what_is_broken_is_said_to_be(shelf, tmp_path, how):
    path = BROKEN[how](shelf, tmp_path / "broken.pdf")
    report = shelf.office.online(path, at=shelf.now)
    assert report.verdict.indication is not Indication.TOTAL_PASSED
    root = made(report, file_of(path), shelf.office.pki)
    told = [each.text for each in every(root, "vr:SignatureValidationReport/*/vr:MainIndication")]
    assert told == [
        f"urn:etsi:019102:mainindication:{each.verdict.indication.lower()}" for each in report.signatures
    ]
    subs = [
        [sub.text.rpartition(":")[2] for sub in every(each, "vr:SubIndication")]
        for each in every(root, "vr:SignatureValidationReport/vr:SignatureValidationStatus")
    ]
    assert subs == [
        [each.verdict.sub_indication] if each.verdict.sub_indication else [] for each in report.signatures
    ]
    of_all = text(root, "//vr:ValidationObject[@id='file']//vr:MainIndication")
    assert of_all != "urn:etsi:019102:mainindication:passed"


def test_each_finding_has_id_clause_and_both_sentences(shelf, tmp_path):
    report = shelf.office.online(altered(shelf, tmp_path / "altered.pdf"), at=shelf.now)
    root = made(report, file_of(shelf.issued), shelf.office.pki)
    (found,) = every(root, "vr:SignatureValidationReport[1]//antin:Finding[@id='verification.hash-wrong']")
    told = next(each for each in report.signatures[0].findings if each.reason.id == "verification.hash-wrong")
    assert found.get("severity") == "error" and found.get("basis") == told.reason.basis
    assert [each.text for each in found] == [told.text("vi"), told.text("en")]


def test_without_answers_it_is_indeterminate(shelf):
    report = shelf.office.validate(shelf.issued, at=shelf.now)
    root = made(report, file_of(shelf.issued), shelf.office.pki)
    status = every(root, "vr:SignatureValidationReport[1]/vr:SignatureValidationStatus")[0]
    assert text(status, "vr:MainIndication") == "urn:etsi:019102:mainindication:indeterminate"
    assert text(status, "vr:SubIndication") == "urn:etsi:019102:subindication:TRY_LATER"
    assert objects(root, "OCSPResponse") == {}


def test_a_revoked_signer(office):
    office.pki.revoke("initial", office.now + timedelta(minutes=1))
    path = office.sign(office.prepared(), role="initial")
    office.later(minutes=5)
    root = made(office.online(path), file_of(path), office.pki)
    (revoked,) = every(root, "vr:SignatureValidationReport//vr:RevocationStatusInformation")
    assert text(revoked, "vr:RevocationTime") == "2026-11-20T03:01:00Z"
    assert text(revoked, "vr:RevocationReason") == "urn:etsi:019102:revocationReason:keyCompromise"
    (holder,) = every(revoked, "vr:ValidationObjectId/@VOReference")
    assert objects(root, "certificate")[holder] == office.pki.signing_key("initial").certificate
    (answer,) = every(revoked, "vr:RevocationObject/@VOReference")
    assert answer in objects(root, "OCSPResponse")


def test_a_document_time_stamp_alone(office):
    path = office.with_document_timestamp(office.draft())
    report = office.online(path)
    root = made(report, file_of(path), office.pki)
    assert text(root, "//vr:SignatureQualityInformation") == "urn:antin:level:DTS"
    assert text(root, "//vr:SignerInformation/vr:Signer") == "DEMO An Tin TSA"
    assert text(root, "//vr:CryptoInformation/vr:Algorithm").endswith("#rsa-sha256")
    (stamp,) = objects(root, "timestamp").values()
    assert stamp == report.signatures[0].timestamp.token
    assert every(root, "//vr:PAdESFieldName") == []


def test_archive_time_stamps_are_told_with_the_signatures_that_they_cover(shelf):
    report = shelf.office.online(shelf.archived, at=shelf.now)
    root = made(report, file_of(shelf.archived), shelf.office.pki)
    reports = every(root, "vr:SignatureValidationReport")
    by_field = {text(each, "vr:SignatureIdentifier/vr:DAIdentifier"): each for each in reports}
    leader = by_field["leader-1"]
    assert len(every(leader, ".//vr:SignatureTimeStamp")) == 1
    assert len(every(leader, ".//vr:DocTimeStamp")) == 2
    assert text(leader, ".//vr:SignatureQualityInformation").endswith("/B-LTA#")


@pytest.mark.parametrize("subfilter", FORMATS)
def test_formats_from_before_pades(office, subfilter):
    path = signed(office, subfilter)
    report = office.online(path, profile=HISTORICAL)
    root = made(report, file_of(path), office.pki)
    assert text(root, "//vr:SubFilterElement") == subfilter
    assert text(root, "//vr:SignatureQualityInformation") == "urn:antin:level:CMS"
    assert every(root, "//antin:Finding[@id='verification.weak-algorithm']")
    inside = subfilter == PKCS7_SHA1  # there the value itself is over SHA-256
    assert text(root, "//vr:CryptoInformation/vr:SecureAlgorithm") == ("true" if inside else "false")


def test_under_another_profile_the_policy_has_another_digest(shelf):
    policies = set()
    for profile in (HISTORICAL, STRICT):
        report = shelf.office.online(shelf.issued, at=shelf.now, profile=profile)
        root = made(report, file_of(shelf.issued), shelf.office.pki)
        policies.add(text(root, "vr:SignatureValidationReport[1]//xades:SigPolicyHash/ds:DigestValue"))
    assert len(policies) == 2


@pytest.mark.parametrize("role", ["pss", "ecdsa-p256", "ecdsa-p384", "rsa-4096"])
def test_each_algorithm_by_its_own_name(office, role):
    path = office.sign(office.prepared(), role=role)
    root = made(office.online(path), file_of(path), office.pki)
    named = text(root, "//vr:CryptoInformation/vr:Algorithm").rpartition("#")[2]
    assert (
        named
        == {
            "pss": "sha256-rsa-MGF1",
            "ecdsa-p256": "ecdsa-sha256",
            "ecdsa-p384": "ecdsa-sha384",
            "rsa-4096": "rsa-sha512",
        }[role]
    )


def test_an_unsigned_file_has_no_such_report(office):
    path = office.draft()
    with pytest.raises(DocumentRefused) as refused:
        etsi.build(office.validate(path), file_of(path), office.pki.seal.certificate)
    assert refused.value.id == "reporting.nothing-signed"


HOSTILE = [
    "\x00\x01\x1b[2J",
    "\ud800 lone \udfff",
    "\ufffe\uffff",
    "]]><!--&<script>",
    "‮fdp",
    "ă" * 100_000,
    "",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_texts_make_no_broken_report(shelf, name):
    """Whatever reached the values: what is written is well-formed, valid and bounded."""
    report = shelf.office.online(shelf.issued, at=shelf.now)
    hostile = tuple(
        dataclasses.replace(
            each,
            field=name,
            signer=name,
            subfilter=name,
            trust_domain=name,
            findings=tuple(
                dataclasses.replace(found, values=dict.fromkeys(found.values, name))
                for found in each.findings
            ),
        )
        for each in report.signatures
    )
    report = dataclasses.replace(report, signatures=hostile, trust_label=name)
    data = etree.tostring(etsi.build(report, ReportedFile(name, 1, "00" * 32), b"\x30\x00"))
    read(data)
    assert len(data) < 1 << 20


def test_a_signer_whose_certificate_has_control_characters(office, tmp_path):
    """As a certificate may really be: names that no clerk would write, of a CA that nobody trusts."""
    party = issue("DEMO Ông\u0085‮‮ A\x0b\x1f<b>")
    key = DevelopmentKey(party.key, party.der, (), office.pki.signing_key("ecdsa-p256").algorithm)
    path = office.sign(office.prepared(), key=key)
    root = made(office.validate(path), file_of(path), office.pki)
    shown = text(root, "//vr:SignerInformation/vr:Signer")
    assert "Ông" in shown and not set(shown) & set("\x0b\x1f\u0085‮")


def test_of_ten_thousand_findings_the_first_are_told_and_the_rest_counted(shelf):
    report = shelf.office.online(shelf.issued, at=shelf.now)
    first = dataclasses.replace(report.signatures[0], findings=report.signatures[0].findings[:1] * 10_000)
    report = dataclasses.replace(report, signatures=(first,))
    root = made(report, file_of(shelf.issued), shelf.office.pki)
    assert len(every(root, "vr:SignatureValidationReport//antin:Finding")) == MOST_TOLD
    assert every(root, "//antin:LeftOut/@count") == [str(10_000 - MOST_TOLD)]


def test_the_same_validation_makes_the_same_bytes(shelf):
    report = shelf.office.online(shelf.led, at=shelf.now)
    built = [etsi.build(report, file_of(shelf.led), shelf.office.pki.seal.certificate) for _ in range(2)]
    assert etree.tostring(built[0]) == etree.tostring(built[1])
