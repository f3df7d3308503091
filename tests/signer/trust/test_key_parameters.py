"""A key for RSASSA-PSS alone, and what its own parameters demand of every signature (RFC 4055, 1.2 and 3.3)."""

from __future__ import annotations

import pytest
from asn1crypto import algos, core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from hypothesis import given
from hypothesis import strategies as st

from policies.validation import PASSED, weigh_algorithm
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong, facts, verify, verify_digest
from tests.profiles import AGENCY
from tests.signer.trust.forge import DER, SPKI, Pss, announced_key

KEY = rsa.generate_private_key(65537, 2048)
DATA = b"signed"
PKCS1 = {"algorithm": "sha256_rsa", "parameters": core.Null()}


def public(key_parameters: Pss | None) -> bytes:
    return announced_key(KEY.public_key(), key_parameters)


def passes(key: bytes, used: Pss) -> bool:
    """Whether a signature passes that was well made in this way; by its data and by the digest alone alike."""
    algorithm = algos.SignedDigestAlgorithm(used.algorithm)
    value, digest = used.sign(KEY, DATA), hashes.Hash(getattr(hashes, used.digest.upper())())
    digest.update(DATA)
    try:
        verify(key, algorithm, value, DATA)
    except SignatureWrong:
        with pytest.raises(SignatureWrong):
            verify_digest(key, algorithm, value, digest.finalize(), digest_hint=used.digest)
        return False
    verify_digest(key, algorithm, value, digest.finalize(), digest_hint=used.digest)
    return True


@pytest.mark.parametrize("mask", ["shake256", "md5"])
def test_a_mask_that_openssl_cannot_make_is_unknown_and_no_fault(mask):
    """Such a value needs no key: anybody may put it into an answer or a certificate."""
    algorithm = algos.SignedDigestAlgorithm(Pss(mask=mask).algorithm)
    for key in (public(None), KEY.public_key().public_bytes(DER, SPKI)):
        with pytest.raises(AlgorithmUnknown):
            verify(key, algorithm, bytes(256), DATA)


@pytest.mark.parametrize("digest", ["shake256", "shake128"])
def test_so_is_a_digest_of_no_fixed_length(digest):
    algorithm = algos.SignedDigestAlgorithm(Pss(digest=digest).algorithm)
    with pytest.raises((AlgorithmUnknown, SignatureWrong)):
        verify(public(None), algorithm, bytes(256), DATA)


@pytest.mark.parametrize(("curve", "good"), [(ec.BrainpoolP256R1, True), (ec.SECP256K1, False)])
def test_curves_are_those_of_nist_and_brainpool(curve, good):
    """docs/policy.md"""
    key = ec.generate_private_key(curve()).public_key().public_bytes(DER, SPKI)
    assert (weigh_algorithm(AGENCY, facts(key, "sha256"), None) == PASSED) == good


names = st.sampled_from(["sha256", "sha384", "sha512"])
parameters = st.builds(Pss, digest=names, mask=names, salt=st.integers(0, 64))


@given(fixed=parameters, used=parameters)
def test_digest_and_mask_are_the_keys_and_the_salt_is_as_long_at_least(fixed, used):
    permitted = (used.digest, used.mask) == (fixed.digest, fixed.mask) and used.salt >= fixed.salt
    assert passes(public(fixed), used) is permitted


@given(fixed=parameters, longer=st.integers(0, 64))
def test_a_longer_salt_is_no_fault(fixed, longer):
    assert passes(public(fixed), Pss(fixed.digest, fixed.mask, fixed.salt + longer))


@given(used=parameters)
def test_without_parameters_every_pss_is_good(used):
    assert passes(public(None), used)


@pytest.mark.parametrize("fixed", [None, Pss()])
def test_the_key_makes_no_other_signatures(fixed):
    algorithm = algos.SignedDigestAlgorithm(PKCS1)
    value = KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA256())
    with pytest.raises(SignatureWrong):
        verify(public(fixed), algorithm, value, DATA)


def test_a_common_key_makes_both():
    common = KEY.public_key().public_bytes(DER, SPKI)
    verify(
        common, algos.SignedDigestAlgorithm(PKCS1), KEY.sign(DATA, padding.PKCS1v15(), hashes.SHA256()), DATA
    )
    assert passes(common, Pss(mask="sha512", salt=1))


def spliced(der: bytes) -> bytes:
    """The key with these bytes for parameters."""
    spki, oid = public(None), core.ObjectIdentifier("1.2.840.113549.1.1.10").dump()
    inner = core.Sequence(contents=oid + der).dump()
    return core.Sequence(contents=inner + spki[spki.index(oid) + len(oid) :]).dump()


def test_an_empty_sequence_says_what_the_defaults_are():
    """SHA-1 with 20 bytes of salt: everything else is forbidden, which leaves nothing good."""
    assert passes(spliced(b""), Pss())
    assert not passes(spliced(b"\x30\x00"), Pss())


@pytest.mark.parametrize("junk", [core.Null(), core.OctetString(b"x"), core.Integer(1)])
def test_parameters_that_cannot_be_read_make_the_key_unknown(junk):
    with pytest.raises(AlgorithmUnknown):
        verify(
            spliced(junk.dump()), algos.SignedDigestAlgorithm(Pss().algorithm), Pss().sign(KEY, DATA), DATA
        )
