"""Raw signature values under a public key: certificates, CRLs, OCSP responses, CMS (RFC 5652, 8017, 5758)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asn1crypto import algos, keys
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from policies.validation import AlgorithmFacts
from signer.trust.unreadable import MALFORMED, Unreadable

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
MAX_RSA_BITS = 16384


class SignatureWrong(Exception):
    """The signature value does not verify under this key."""


class AlgorithmUnknown(Exception):
    """The mathematics is not ours to judge: neither a yes nor a no."""


_HASHES: dict[str, hashes.HashAlgorithm] = {
    "md5": hashes.MD5(),  # noqa: S303 (verified to be reported as weak, never made)
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
    "sha512_224": hashes.SHA512_224(),
    "sha512_256": hashes.SHA512_256(),
    "sha3_224": hashes.SHA3_224(),
    "sha3_256": hashes.SHA3_256(),
    "sha3_384": hashes.SHA3_384(),
    "sha3_512": hashes.SHA3_512(),
}


def hash_algorithm(name: str) -> hashes.HashAlgorithm:
    """By asn1crypto's name. Raises `AlgorithmUnknown`."""
    try:
        return _HASHES[name]
    except KeyError as exc:
        raise AlgorithmUnknown(f"digest {name[:40]}") from exc


def digest(name: str, data: bytes) -> bytes:
    """Digest of bytes. Raises `AlgorithmUnknown`."""
    context = hashes.Hash(hash_algorithm(name))
    context.update(data)
    return context.finalize()


@lru_cache(maxsize=512)
def load_key(public_key: bytes) -> PublicKey:
    """DER SubjectPublicKeyInfo → key. Raises `AlgorithmUnknown` for kinds that are not RSA, EC or EdDSA."""
    try:
        info = keys.PublicKeyInfo.load(public_key, strict=True)
        if info.algorithm == "rsassa_pss":  # the same key, announced for PSS alone (RFC 4055, 1.2)
            info = keys.PublicKeyInfo.load(public_key).copy()
            info["algorithm"] = {"algorithm": "rsa"}
            public_key = info.dump(force=True)
        key = serialization.load_der_public_key(public_key)
    except (*MALFORMED, UnsupportedAlgorithm) as exc:
        raise AlgorithmUnknown("public key") from exc
    if not isinstance(key, PublicKey):
        raise AlgorithmUnknown(type(key).__name__)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size > MAX_RSA_BITS:
        raise AlgorithmUnknown("RSA key too large")
    return key


def facts(public_key: bytes, digest_name: str) -> AlgorithmFacts:
    """Algorithm facts for `policies.validation.weigh_algorithm`. Raises `AlgorithmUnknown`."""
    key = load_key(public_key)
    if isinstance(key, rsa.RSAPublicKey):
        return AlgorithmFacts(digest_name, "rsa", key.key_size)
    if isinstance(key, ec.EllipticCurvePublicKey):
        return AlgorithmFacts(digest_name, "ec", key.curve.key_size)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return AlgorithmFacts(digest_name, "ed", 255)
    return AlgorithmFacts(digest_name, "ed", 448)


def digest_name(algorithm: algos.SignedDigestAlgorithm, fallback: str | None = None) -> str:
    """Digest that a signature algorithm names; `fallback` where it names none (CMS `rsaEncryption`)."""
    try:
        kind = algorithm.signature_algo
        if kind in ("ed25519", "ed448"):
            return "sha512" if kind == "ed25519" else "shake_256"
        return str(algorithm.hash_algo)
    except ValueError as exc:
        if fallback is None:
            raise AlgorithmUnknown("signature algorithm") from exc
        return fallback


def verify(
    public_key: bytes, algorithm: Any, signature: bytes, data: bytes, *, digest_hint: str | None = None
) -> str:
    """Verify a signature over `data`; returns the digest's name.

    `digest_hint`: the digest that a CMS SignerInfo names beside an algorithm that does not name one.
    Raises `SignatureWrong` (it is a no) or `AlgorithmUnknown` (nobody knows).
    """
    try:
        name = digest_name(algorithm, digest_hint)
        _verify(load_key(public_key), algorithm, signature, data, name)
    except (InvalidSignature, Unreadable) as exc:
        raise SignatureWrong from exc
    except UnsupportedAlgorithm as exc:
        raise AlgorithmUnknown("signature algorithm") from exc
    except MALFORMED as exc:
        raise AlgorithmUnknown("signature parameters") from exc
    return name


def _verify(key: PublicKey, algorithm: Any, signature: bytes, data: bytes, name: str) -> None:
    kind = _kind(algorithm)
    if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
        if kind not in ("ed25519", "ed448"):
            raise SignatureWrong
        key.verify(signature, data)
        return
    hashed = Prehashed(hash_algorithm(name))
    value = digest(name, data)
    if isinstance(key, ec.EllipticCurvePublicKey):
        if kind != "ecdsa":
            raise SignatureWrong
        key.verify(signature, value, ec.ECDSA(hashed))
    elif kind == "rsassa_pss":
        key.verify(signature, value, _pss(algorithm["parameters"]), hashed)
    elif kind == "rsassa_pkcs1v15":
        key.verify(signature, value, padding.PKCS1v15(), hashed)
    else:
        raise SignatureWrong


def _kind(algorithm: Any) -> str:
    try:
        return str(algorithm.signature_algo)
    except ValueError as exc:
        raise AlgorithmUnknown("signature algorithm") from exc


def _pss(parameters: Any) -> padding.PSS:
    mask = parameters["mask_gen_algorithm"]
    if mask["algorithm"].native != "mgf1" or parameters["trailer_field"].native != "trailer_field_bc":
        raise AlgorithmUnknown("RSASSA-PSS parameters")
    inner = hash_algorithm(mask["parameters"]["algorithm"].native)
    return padding.PSS(padding.MGF1(inner), parameters["salt_length"].native)
