"""The seal over a report, as foreign verifiers see it: good as it is, and no longer when a byte of it changes."""

from __future__ import annotations

import dataclasses
import subprocess
from datetime import timedelta

import pytest
from cryptography import x509
from lxml import etree
from signxml import InvalidDigest, InvalidSignature, SignatureConfiguration, XMLVerifier
from signxml.xades import XAdESSignatureConfiguration, XAdESVerifier

from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from signer.creation import xades
from signer.errors import SignerUnavailable, SigningRefused
from signer.reporting import etsi
from signer.reporting.values import ReportedFile
from tests.conftest import need_tool
from tests.signer.reporting.reading import NAMES, every, read, text
from tests.signer.reporting.test_etsi import HOSTILE, file_of
from tests.signer.trust.forge import NOW

ROLES = ["seal", "pss", "rsa-4096", "ecdsa-p256", "ecdsa-p384"]
AT = NOW + timedelta(hours=2)


@pytest.fixture
def unsigned(shelf):
    report = shelf.office.online(shelf.issued, at=shelf.now)
    return lambda key: etsi.build(report, file_of(shelf.issued), key.certificate)


@pytest.fixture(params=ROLES)
def sealed(request, unsigned, pki):
    key = pki.signing_key(request.param)
    return key, xades.sign_enveloped(unsigned(key), key, AT)


def verified(data, key, verifier=XMLVerifier, configuration=SignatureConfiguration):
    """What signxml says of it: the signed element."""
    certificate = x509.load_der_x509_certificate(key.certificate)
    expected = configuration(expect_references=2)
    return verifier().verify(data, x509_cert=certificate, expect_config=expected)[0].signed_xml


def by_xmlsec(path, pki):
    """Exit code of xmlsec1, which checks the certificate up to the demo's root too."""
    root = path.with_name("root.pem")
    root.write_bytes(pki.trust_pem)
    command = [need_tool("xmlsec1"), "--verify", "--id-attr:Id", "SignedProperties"]
    command += ["--trusted-pem", str(root), "--verification-gmt-time", f"{AT:%Y-%m-%d %H:%M:%S}", str(path)]
    return subprocess.run(command, capture_output=True, text=True).returncode


def test_signxml_finds_the_whole_report_signed(sealed):
    key, data = sealed
    signed = verified(data, key)
    assert signed.tag == "{http://uri.etsi.org/19102/v1.2.1#}ValidationReport"
    assert len(every(signed, "//vr:SignatureValidationReport")) == 2


def test_it_keeps_the_schema_with_its_signature(sealed):
    _, data = sealed
    root = read(data)
    assert root[-1].tag == f"{{{NAMES['ds']}}}Signature", "the last child, where the schema has room for it"


def test_signxml_takes_it_for_xades(sealed):
    key, data = sealed
    assert verified(data, key, XAdESVerifier, XAdESSignatureConfiguration).tag.endswith("ValidationReport")
    root = read(data)
    assert text(root, "//xades:SigningTime") == "2026-11-20T05:00:00Z"
    assert text(root, "//xades:DataObjectFormat/xades:MimeType") == "text/xml"
    assert len(every(root, "//ds:X509Certificate")) == 1 + len(key.chain)


@pytest.mark.parametrize("role", [role for role in ROLES if role != "pss"])
def test_xmlsec_verifies_it_up_to_the_root(unsigned, pki, tmp_path, role):
    """Without PSS, which its old release in Debian does not know; signxml does."""
    key, path = pki.signing_key(role), tmp_path / "report.xml"
    data = xades.sign_enveloped(unsigned(key), key, AT)
    path.write_bytes(data)
    assert by_xmlsec(path, pki) == 0
    path.write_bytes(data.replace(b"total-passed", b"total-failed", 1))
    assert by_xmlsec(path, pki) != 0


CHANGES = {
    "a-verdict": (b"mainindication:total-passed", b"mainindication:total-failed"),
    "a-name": ("Nguyễn Văn An".encode(), "Nguyễn Văn Ân".encode()),
    "the-time-of-validation": (b"ValidationTime>2026-11-20T05", b"ValidationTime>2026-11-20T06"),
    "the-claimed-time-of-the-seal": (b"SigningTime>2026-11-20T05", b"SigningTime>2026-11-20T06"),
    "one-piece-of-evidence": (b"<vr:base64>MII", b"<vr:base64>MIJ"),
    "a-space": (b"<vr:SignatureValidator>", b"<vr:SignatureValidator> "),
}


@pytest.mark.parametrize("what", sorted(CHANGES))
def test_a_changed_report_fails(sealed, what):
    key, data = sealed
    old, new = CHANGES[what]
    assert old in data
    with pytest.raises((InvalidDigest, InvalidSignature)):
        verified(data.replace(old, new, 1), key)


@pytest.mark.parametrize("name", [*HOSTILE, "a\r\n\tb", "\u00a0\u2028"], ids=range(len(HOSTILE) + 2))
def test_hostile_texts_are_under_the_seal_as_all_others_are(shelf, pki, name):
    report = shelf.office.online(shelf.issued, at=shelf.now)
    report = dataclasses.replace(report, trust_label=name)
    root = etsi.build(report, ReportedFile(name, 1, "00" * 32), pki.seal.certificate)
    data = xades.sign_enveloped(root, pki.seal, AT)
    assert verified(data, pki.seal).tag.endswith("ValidationReport")
    read(data)


def test_a_report_of_another_seal_fails(unsigned, pki):
    data = xades.sign_enveloped(unsigned(pki.seal), pki.seal, AT)
    with pytest.raises(InvalidSignature):
        verified(data, pki.leader)


def test_no_second_signature_over_the_first(unsigned, pki):
    root = etree.fromstring(xades.sign_enveloped(unsigned(pki.seal), pki.seal, AT))
    with pytest.raises(SigningRefused) as refused:
        xades.sign_enveloped(root, pki.seal, AT)
    assert refused.value.id == "signing.xml-signed-already"


class Device:
    """A key that does not do what it should."""

    def __init__(self, key, sign):
        self.certificate, self.chain, self.algorithm = key.certificate, key.chain, key.algorithm
        self.sign = sign


def test_a_value_that_does_not_verify_is_dropped(unsigned, pki):
    other = Device(pki.seal, pki.leader.sign)
    with pytest.raises(SigningRefused) as refused:
        xades.sign_enveloped(unsigned(other), other, AT)
    assert refused.value.id == "signing.wrong-signature"


def test_a_device_that_does_not_answer_leaves_nothing(unsigned, pki):
    def silent(_digest):
        raise SignerUnavailable("no answer")

    device = Device(pki.seal, silent)
    with pytest.raises(SignerUnavailable):
        xades.sign_enveloped(unsigned(device), device, AT)


@pytest.mark.parametrize("scheme", Scheme)
@pytest.mark.parametrize("digest", Digest)
def test_every_algorithm_has_the_name_that_the_standards_give(scheme, digest):
    assert (
        xades.method(SignatureAlgorithm(scheme, digest))
        == {
            Scheme.RSA_PKCS1V15: f"http://www.w3.org/2001/04/xmldsig-more#rsa-{digest}",
            Scheme.RSA_PSS: f"http://www.w3.org/2007/05/xmldsig-more#{digest}-rsa-MGF1",
            Scheme.ECDSA: f"http://www.w3.org/2001/04/xmldsig-more#ecdsa-{digest}",
        }[scheme]
    )
