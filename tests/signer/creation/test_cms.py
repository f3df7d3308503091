"""CMS: judged by OpenSSL and asn1crypto, attacked, and held to its sizes."""

from __future__ import annotations

import hashlib
import subprocess

import pytest
from asn1crypto import cms as asn1_cms
from asn1crypto import core
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.algorithms import Digest, Scheme, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer import der
from signer.creation import cms
from signer.errors import SignerUnavailable, SigningRefused
from signer.keys.twin import FailingSigningKey, Failure
from tests.conftest import need_tool
from tests.demo_pki import demo_pki, timestamp_authority

DATA = b"the two ranges of a document" * 999
SIGNERS = ("leader", "seal", "pss", "rsa-4096", "ecdsa-p256", "ecdsa-p384")
RSA_ALGORITHMS = [
    SignatureAlgorithm(scheme, digest)
    for scheme in (Scheme.RSA_PKCS1V15, Scheme.RSA_PSS)
    for digest in Digest
]


def digest_of(key, data=DATA):
    return hashlib.new(key.algorithm.digest, data).digest()


def openssl_accepts(folder, signed, data=DATA):
    openssl = need_tool("openssl")
    (folder / "signed.der").write_bytes(signed)
    (folder / "data").write_bytes(data)
    (folder / "root.pem").write_bytes(demo_pki().trust_pem)
    command = [openssl, "cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", folder / "signed.der"]
    command += ["-content", folder / "data", "-CAfile", folder / "root.pem", "-purpose", "any"]
    done = subprocess.run([*command, "-no_check_time", "-out", "/dev/null"], capture_output=True, text=True)
    return done.returncode == 0 and "CAdES Verification successful" in done.stderr


@pytest.mark.parametrize("name", SIGNERS)
def test_openssl_accepts_each_kind_of_key(name, tmp_path):
    key = demo_pki().signing_key(name)
    assert openssl_accepts(tmp_path, cms.build(digest_of(key), key))


@pytest.mark.parametrize("algorithm", RSA_ALGORITHMS, ids=str)
def test_openssl_accepts_each_rsa_algorithm(algorithm, tmp_path):
    key = demo_pki().signing_key("leader", algorithm)
    assert openssl_accepts(tmp_path, cms.build(digest_of(key), key))


def test_openssl_refuses_other_data(tmp_path):
    key = demo_pki().leader
    assert not openssl_accepts(tmp_path, cms.build(digest_of(key), key), DATA + b" ")


@pytest.mark.parametrize("name", SIGNERS)
def test_with_a_token_the_signature_still_holds_and_every_length_is_der(name, tmp_path):
    key = demo_pki().signing_key(name)
    signed = cms.build(digest_of(key), key)
    token = timestamp_authority(demo_pki()).token(hashlib.sha256(cms.imprint(signed)).digest(), "sha256")
    stamped = cms.with_token(signed, token)
    assert openssl_accepts(tmp_path, stamped)
    der.check(stamped, size=len(stamped))
    info = asn1_cms.ContentInfo.load(stamped, strict=True)
    (attribute,) = info["content"]["signer_infos"][0]["unsigned_attrs"]
    assert attribute["type"].native == "signature_time_stamp_token"
    assert attribute["values"][0].dump() == token
    assert len(stamped) <= cms.size(key, len(token))
    assert cms.imprint(stamped) == cms.imprint(signed)
    assert cms.has_token(stamped)
    assert not cms.has_token(signed)


def test_pades_attributes_and_no_signing_time():
    key = demo_pki().leader
    content = asn1_cms.ContentInfo.load(cms.build(digest_of(key), key), strict=True)["content"]
    (signer,) = content["signer_infos"]
    values = {each["type"].native: each["values"][0] for each in signer["signed_attrs"]}
    assert set(values) == {
        "content_type",
        "message_digest",
        "signing_certificate_v2",
        "cms_algorithm_protection",
    }
    assert values["message_digest"].native == digest_of(key)
    identifier = values["signing_certificate_v2"]["certs"][0]
    assert identifier["cert_hash"].native == hashlib.sha256(key.certificate).digest()
    protection = values["cms_algorithm_protection"]
    assert protection["signature_algorithm"].native == signer["signature_algorithm"].native
    assert content["version"].native == "v1"
    assert content["encap_content_info"]["content"].native is None
    assert {each.chosen.dump() for each in content["certificates"]} == {key.certificate, *key.chain}


@pytest.mark.parametrize("name", SIGNERS)
def test_sets_are_sorted_as_der_asks(name):
    key = demo_pki().signing_key(name)
    content = asn1_cms.ContentInfo.load(cms.build(digest_of(key), key), strict=True)["content"]
    for members in (content["certificates"], content["signer_infos"][0]["signed_attrs"]):
        encoded = [each.dump() for each in members]
        assert encoded == sorted(encoded)


@pytest.mark.parametrize("name", ["leader", "pss", "rsa-4096"])
def test_the_size_is_exact_for_rsa(name):
    key = demo_pki().signing_key(name)
    assert len(cms.build(digest_of(key), key)) == cms.size(key)


@pytest.mark.parametrize("name", ["ecdsa-p256", "ecdsa-p384"])
def test_the_size_is_the_maximum_for_ecdsa(name):
    key = demo_pki().signing_key(name)
    sizes = {len(cms.build(digest_of(key), key)) for _ in range(200)}
    assert max(sizes) == cms.size(key)
    assert min(sizes) >= cms.size(key) - 8


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40_000))
def test_the_size_with_a_token_is_exact_for_every_length(length):
    key = demo_pki().leader
    head = len(der.encode(der.OCTET_STRING, bytes(length))) - length
    token = der.encode(der.OCTET_STRING, bytes(max(0, length - head)))
    signed = cms.build(digest_of(key), key)
    assert len(cms.with_token(signed, token)) == cms.size(key, len(token))


def test_the_zeros_that_fill_the_hole_are_cut_off():
    key = demo_pki().leader
    signed = cms.build(digest_of(key), key)
    token = core.OctetString(b"t").dump()
    assert cms.with_token(signed + bytes(500), token) == cms.with_token(signed, token)
    with pytest.raises(SigningRefused) as refusal:
        cms.with_token(signed + bytes(500) + b"x", token)
    assert refusal.value.reason is reasons.CMS_UNREADABLE


def test_a_second_token_is_refused():
    key = demo_pki().leader
    token = core.OctetString(b"t").dump()
    stamped = cms.with_token(cms.build(digest_of(key), key), token)
    with pytest.raises(SigningRefused) as refusal:
        cms.with_token(stamped, token)
    assert refusal.value.reason is reasons.ALREADY_TIMESTAMPED


def test_a_digest_of_the_wrong_length_never_reaches_the_key():
    key = FailingSigningKey(demo_pki().leader)
    with pytest.raises(SigningRefused):
        cms.build(hashlib.sha512(DATA).digest(), key)
    assert key.used == 0


@pytest.mark.parametrize("name", ["leader", "pss", "ecdsa-p256"])
@pytest.mark.parametrize("failure", [Failure.WRONG_SIGNATURE, Failure.EMPTY_SIGNATURE])
def test_a_wrong_value_from_the_device_is_dropped(name, failure):
    key = FailingSigningKey(demo_pki().signing_key(name))
    key.fail_next(failure)
    with pytest.raises(SigningRefused) as refusal:
        cms.build(digest_of(key), key)
    assert refusal.value.reason is reasons.WRONG_SIGNATURE
    assert cms.build(digest_of(key), key)


def test_a_key_that_refuses_or_dies_says_so():
    key = FailingSigningKey(demo_pki().leader)
    key.fail_next(Failure.REFUSES, Failure.DIES, Failure.DIES_AFTER_SIGNING)
    with pytest.raises(SigningRefused):
        cms.build(digest_of(key), key)
    assert key.used == 0
    for used in (0, 1):
        with pytest.raises(SignerUnavailable):
            cms.build(digest_of(key), key)
        assert key.used == used


def test_the_signature_of_another_key_is_dropped():
    class Swapped(FailingSigningKey):
        def sign(self, digest):
            return demo_pki().seal.sign(digest)

    with pytest.raises(SigningRefused) as refusal:
        cms.build(digest_of(demo_pki().leader), Swapped(demo_pki().leader))
    assert refusal.value.reason is reasons.WRONG_SIGNATURE


BROKEN = {
    "empty": b"",
    "text": b"not DER at all",
    "a null": b"\x05\x00",
    "an empty sequence": b"\x30\x00",
    "indefinite length": b"\x30\x80\x00\x00",
    "non-minimal length": b"\x30\x81\x02\x05\x00",
    "data, not signed data": der.encode(der.SEQUENCE, der.oid(cms.ID_DATA)),
    "signed data without anything": der.encode(der.SEQUENCE, der.oid(cms.ID_SIGNED_DATA), b"\xa0\x00"),
    "length beyond the end": b"\x30\x84\x7f\xff\xff\xff",
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN.keys())
def test_broken_cms_is_a_typed_refusal(broken):
    for act in (cms.imprint, cms.has_token, lambda value: cms.with_token(value, b"\x05\x00")):
        with pytest.raises(SigningRefused) as refusal:
            act(broken)
        assert refusal.value.reason is reasons.CMS_UNREADABLE


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_hostile_cms_is_refused_or_kept_well_formed(data):
    key = demo_pki().leader
    hostile = bytearray(cms.build(digest_of(key), key))
    for _ in range(data.draw(st.integers(1, 4))):
        hostile[data.draw(st.integers(0, len(hostile) - 1))] = data.draw(st.integers(0, 255))
    del hostile[data.draw(st.integers(0, len(hostile))) :]
    try:
        stamped = cms.with_token(bytes(hostile), b"\x05\x00")
    except SigningRefused:
        return
    assert der.read(stamped).end == len(stamped)
