"""What was signed before PAdES: verified as mathematics, said to be below today's standard, never skipped."""

from __future__ import annotations

import hashlib
import subprocess
from datetime import UTC, datetime

import pytest
from asn1crypto import core
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from api.demo.pki import make_demo_pki
from policies.validation import PASSED
from policies.vocabulary import Coverage, Indication, Integrity, Level, SubIndication
from signer.creation import cms as cms_builder
from signer.document.syntax import HexString
from signer.validation.old_formats import PKCS7_SHA1, X509_RSA_SHA1
from tests.conftest import need_tool
from tests.profiles import HISTORICAL, PROFILES
from tests.signer.validation.by_hand import sign_by_hand
from tests.signer.validation.office import Office, explain, found, ids

THEN = datetime(2015, 6, 1, 3, 0, tzinfo=UTC)
FORMATS = (PKCS7_SHA1, X509_RSA_SHA1)


@pytest.fixture(scope="module")
def pki_then(tmp_path_factory):
    return make_demo_pki(tmp_path_factory.mktemp("pki-2015"), THEN)


@pytest.fixture
def office(pki_then, tmp_path):
    return Office(pki_then, tmp_path, THEN)


def digest_inside(office):
    """CMS over the document's SHA-1."""
    key = office.pki.leader
    return lambda signed: cms_builder.build_encapsulated(
        "1.2.840.113549.1.7.1", hashlib.sha1(signed, usedforsecurity=False).digest(), key
    )


def bare_value(office):
    private = office.pki.identity("leader").private_key
    return lambda signed: core.OctetString(private.sign(signed, PKCS1v15(), hashes.SHA1())).dump()  # noqa: S303


def certificate(office):
    return HexString(office.pki.leader.certificate)


def from_openssl(office):
    """The same as OpenSSL makes it, SHA-1 throughout, as the programs of that time did."""
    identity = office.pki.identity("leader")
    key, signer = office.folder / "key.pem", office.folder / "signer.pem"
    key.write_bytes(
        identity.private_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    signer.write_bytes(identity.certificate.public_bytes(serialization.Encoding.PEM))
    command = [need_tool("openssl"), "cms", "-sign", "-nodetach", "-binary", "-md", "sha1", "-outform", "DER"]
    command += ["-signer", str(signer), "-inkey", str(key)]

    def value(signed):
        inside = hashlib.sha1(signed, usedforsecurity=False).digest()
        return subprocess.run(command, input=inside, check=True, capture_output=True).stdout

    return value


def signed(office, subfilter, value_of=None, **entries):
    if subfilter == X509_RSA_SHA1:
        chain = [HexString(each) for each in office.pki.leader.chain]
        entries = {"Cert": [certificate(office), *chain], **entries}
        value_of = value_of or bare_value(office)
    return sign_by_hand(
        office.prepared(), office.path(), "leader-1", subfilter, value_of or digest_inside(office), **entries
    )


def proven(office, path):
    office.later(minutes=5)
    return office.with_document_timestamp(path)


@pytest.mark.parametrize("subfilter", FORMATS)
def test_proven_in_its_own_time_it_passes_the_historical_profile(office, subfilter):
    path = proven(office, signed(office, subfilter))
    report = office.online(path, profile=HISTORICAL)
    assert report.verdict == PASSED, explain(report)
    old = found(report, "leader-1")
    assert (old.subfilter, old.level, old.integrity) == (subfilter, Level.CMS, Integrity.INTACT)
    assert old.signer == "DEMO Nguyễn Văn An"
    assert "verification.weak-algorithm" in ids(old), "below today's standard, and said so"


@pytest.mark.parametrize("subfilter", FORMATS)
@pytest.mark.parametrize("name", sorted(set(PROFILES) - {"historical"}))
def test_no_other_profile_passes_it(office, subfilter, name):
    path = proven(office, signed(office, subfilter))
    old = found(office.online(path, profile=PROFILES[name]), "leader-1")
    assert old.verdict.indication is Indication.INDETERMINATE
    assert old.integrity is Integrity.INTACT, "and the mathematics is told all the same"
    assert {"verification.format-not-permitted", "verification.weak-algorithm"} <= ids(old)


@pytest.mark.parametrize("subfilter", FORMATS)
def test_unproven_it_is_no_pass_today(office, subfilter):
    old = found(office.online(signed(office, subfilter), profile=HISTORICAL), "leader-1")
    assert old.verdict.sub_indication is SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE


@pytest.mark.parametrize("subfilter", FORMATS)
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_one_flipped_byte_is_seen(office, subfilter, share):
    path = signed(office, subfilter)
    data = bytearray(path.read_bytes())
    at = int(data.rindex(b"/ByteRange") * share)
    data[at] ^= 1
    path.write_bytes(data)
    old = found(office.online(path, profile=HISTORICAL), "leader-1")
    assert old.verdict.indication is Indication.TOTAL_FAILED, explain(office.online(path, profile=HISTORICAL))
    assert old.integrity is Integrity.BROKEN


def test_the_digest_inside_is_of_another_document(office):
    value = digest_inside(office)(b"another document")
    old = found(office.online(signed(office, PKCS7_SHA1, lambda _: value), profile=HISTORICAL), "leader-1")
    assert old.verdict.sub_indication is SubIndication.HASH_FAILURE
    assert old.integrity is Integrity.BROKEN


@pytest.mark.parametrize("inside", [b"", b"x" * 20, b"x" * 32])
def test_what_is_inside_is_no_digest_of_it(office, inside):
    value = cms_builder.build_encapsulated("1.2.840.113549.1.7.1", inside, office.pki.leader)
    old = found(office.online(signed(office, PKCS7_SHA1, lambda _: value), profile=HISTORICAL), "leader-1")
    assert old.integrity is not Integrity.INTACT
    assert old.verdict.indication is Indication.TOTAL_FAILED


def test_nothing_is_inside(office):
    """Detached under this name: the value is over no digest of the document."""
    value = cms_builder.build(hashlib.sha256(b"").digest(), office.pki.leader)
    old = found(office.online(signed(office, PKCS7_SHA1, lambda _: value), profile=HISTORICAL), "leader-1")
    assert old.verdict.indication is Indication.TOTAL_FAILED


@pytest.mark.parametrize(
    "entries",
    [{"Cert": None}, {"Cert": []}, {"Cert": HexString(b"no certificate")}, {"Cert": [1, None]}],
    ids=["none", "empty", "junk", "no-strings"],
)
def test_without_a_certificate_there_is_no_signer(office, entries):
    old = found(office.online(signed(office, X509_RSA_SHA1, **entries), profile=HISTORICAL), "leader-1")
    assert old.verdict.indication is not Indication.TOTAL_PASSED
    assert old.integrity is not Integrity.INTACT


def test_another_certificate_of_the_list_first(office):
    others = [HexString(office.pki.seal.certificate), certificate(office)]
    old = found(office.online(signed(office, X509_RSA_SHA1, Cert=others), profile=HISTORICAL), "leader-1")
    assert old.verdict.sub_indication is SubIndication.SIG_CRYPTO_FAILURE


@pytest.mark.parametrize("contents", [b"\x30\x80\x00\x00", b"\x04\x02\x01", b"\x04\x82\xff\xff", b"\x04\x00"])
def test_broken_values_of_a_bare_signature(office, contents):
    old = found(
        office.online(signed(office, X509_RSA_SHA1, lambda _: contents), profile=HISTORICAL), "leader-1"
    )
    assert old.verdict.indication is Indication.TOTAL_FAILED


def test_a_page_that_changed_afterwards_is_judged_as_for_any_other(office):
    path = signed(office, PKCS7_SHA1)
    path.write_bytes(path.read_bytes() + b"\n7 0 obj\n<<>>\nendobj\n")
    old = found(office.online(path, profile=HISTORICAL), "leader-1")
    assert old.coverage is not Coverage.WHOLE
    assert old.verdict.indication is not Indication.TOTAL_PASSED


def test_what_openssl_signed_passes_and_pdfsig_agrees(office):
    path = signed(office, PKCS7_SHA1, from_openssl(office))
    out = subprocess.run([need_tool("pdfsig"), "-nocert", str(path)], capture_output=True, text=True).stdout
    assert PKCS7_SHA1 in out and "Signature is Valid." in out, out
    report = office.online(proven(office, path), profile=HISTORICAL)
    assert report.verdict == PASSED, explain(report)
