"""Raw signature values under a public key: certificates, CRLs, OCSP responses, CMS (RFC 5652, 8017, 5758)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from asn1crypto import keys
from cryptography.exceptions import InternalError, InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from policies.validation import AlgorithmFacts
from signer.trust import pss
from signer.trust.unreadable import MALFORMED

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | ed448.Ed448PublicKey
MAX_RSA_BITS = 16384
_NO_MASKS = frozenset({"shake256", "md5"})  # MGF1 wants a digest of fixed length (RFC 8017, B.2.1)
# Of NIST and brainpool, over prime fields (docs/policy.md); what the profiles say of bits is about these.
_CURVES = (
    ec.SECP192R1, ec.SECP224R1, ec.SECP256R1, ec.SECP384R1, ec.SECP521R1,
    ec.BrainpoolP256R1, ec.BrainpoolP384R1, ec.BrainpoolP512R1,
)  # fmt: skip


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
    "shake256": hashes.SHAKE256(64),  # as CMS uses it, with Ed448 (RFC 8702, 3.1; RFC 8419, 3.1)
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
        kind = "ec" if isinstance(key.curve, _CURVES) else f"ec-{key.curve.name}"
        return AlgorithmFacts(digest_name, kind, key.curve.key_size)
    if isinstance(key, ed25519.Ed25519PublicKey):
        return AlgorithmFacts(digest_name, "ed", 255)
    return AlgorithmFacts(digest_name, "ed", 448)


_PKCS1 = "1.2.840.113549.1.1."
_NIST = "2.16.840.1.101.3.4.3."
_ALGORITHMS: dict[str, tuple[str, str | None]] = {
    _PKCS1 + "1": ("rsassa_pkcs1v15", None),
    _PKCS1 + "4": ("rsassa_pkcs1v15", "md5"),
    _PKCS1 + "5": ("rsassa_pkcs1v15", "sha1"),
    "1.3.14.3.2.29": ("rsassa_pkcs1v15", "sha1"),
    _PKCS1 + "10": ("rsassa_pss", None),
    _PKCS1 + "11": ("rsassa_pkcs1v15", "sha256"),
    _PKCS1 + "12": ("rsassa_pkcs1v15", "sha384"),
    _PKCS1 + "13": ("rsassa_pkcs1v15", "sha512"),
    _PKCS1 + "14": ("rsassa_pkcs1v15", "sha224"),
    _PKCS1 + "15": ("rsassa_pkcs1v15", "sha512_224"),
    _PKCS1 + "16": ("rsassa_pkcs1v15", "sha512_256"),
    _NIST + "13": ("rsassa_pkcs1v15", "sha3_224"),
    _NIST + "14": ("rsassa_pkcs1v15", "sha3_256"),
    _NIST + "15": ("rsassa_pkcs1v15", "sha3_384"),
    _NIST + "16": ("rsassa_pkcs1v15", "sha3_512"),
    "1.2.840.10045.2.1": ("ecdsa", None),
    "1.2.840.10045.4": ("ecdsa", None),
    "1.2.840.10045.4.1": ("ecdsa", "sha1"),
    "1.2.840.10045.4.3.1": ("ecdsa", "sha224"),
    "1.2.840.10045.4.3.2": ("ecdsa", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa", "sha512"),
    _NIST + "9": ("ecdsa", "sha3_224"),
    _NIST + "10": ("ecdsa", "sha3_256"),
    _NIST + "11": ("ecdsa", "sha3_384"),
    _NIST + "12": ("ecdsa", "sha3_512"),
    "1.3.101.112": ("eddsa", "sha512"),
    "1.3.101.113": ("eddsa", "shake_256"),
}


def scheme(algorithm: Any) -> str:
    """`rsassa_pkcs1v15`, `rsassa_pss`, `ecdsa` or `eddsa`. Raises `AlgorithmUnknown`."""
    return _known(algorithm)[0]


def digest_name(algorithm: Any, fallback: str | None = None) -> str:
    """Digest that a signature algorithm names; `fallback` where it names none (CMS `rsaEncryption`).

    Raises `AlgorithmUnknown`.
    """
    kind, name = _known(algorithm)
    if kind == "rsassa_pss":
        try:
            return str(algorithm["parameters"]["hash_algorithm"]["algorithm"].native)
        except MALFORMED as exc:
            raise AlgorithmUnknown("RSASSA-PSS parameters") from exc
    if name is None and fallback is None:
        raise AlgorithmUnknown("signature algorithm without digest")
    return name or fallback or ""


def _known(algorithm: Any) -> tuple[str, str | None]:
    try:
        dotted = algorithm["algorithm"].dotted
    except MALFORMED as exc:
        raise AlgorithmUnknown("signature algorithm") from exc
    if dotted not in _ALGORITHMS:
        raise AlgorithmUnknown(f"OID {dotted[:60]}")
    return _ALGORITHMS[dotted]


def verify(
    public_key: bytes, algorithm: Any, signature: bytes, data: bytes, *, digest_hint: str | None = None
) -> str:
    """Verify a signature over `data`; returns the digest's name.

    `digest_hint`: the digest that a CMS SignerInfo names beside an algorithm that does not name one.
    Raises `SignatureWrong` (it is a no) or `AlgorithmUnknown` (nobody knows).
    """
    return _guarded(public_key, algorithm, signature, digest_hint, data, None)


def verify_digest(
    public_key: bytes, algorithm: Any, signature: bytes, value: bytes, *, digest_hint: str
) -> str:
    """The same over data of which only the digest is at hand (it was made with `digest_hint`).

    `AlgorithmUnknown` for algorithms that do not sign a digest (EdDSA), or another one.
    """
    return _guarded(public_key, algorithm, signature, digest_hint, None, value)


def _guarded(
    public_key: bytes,
    algorithm: Any,
    signature: bytes,
    hint: str | None,
    data: bytes | None,
    value: bytes | None,
) -> str:
    try:
        name = digest_name(algorithm, hint)
        key = load_key(public_key)
        if isinstance(key, ed25519.Ed25519PublicKey | ed448.Ed448PublicKey):
            _verify_edwards(key, scheme(algorithm), signature, data)
            return name
        if isinstance(key, rsa.RSAPublicKey) and not _permitted(public_key, algorithm):
            raise SignatureWrong("the key forbids these parameters")
        if value is None:
            value = digest(name, data or b"")
        elif name != hint:
            raise AlgorithmUnknown("two digests")
        _verify(key, algorithm, signature, value, name)
    except InvalidSignature as exc:
        raise SignatureWrong from exc
    except (
        UnsupportedAlgorithm,
        InternalError,
    ) as exc:  # OpenSSL refuses some combinations only when it is used
        raise AlgorithmUnknown("signature algorithm") from exc
    except MALFORMED as exc:
        raise AlgorithmUnknown("signature parameters") from exc
    return name


def _verify_edwards(
    key: ed25519.Ed25519PublicKey | ed448.Ed448PublicKey, kind: str, signature: bytes, data: bytes | None
) -> None:
    if data is None:
        raise AlgorithmUnknown("EdDSA over a digest")
    if kind != "eddsa":
        raise SignatureWrong
    key.verify(signature, data)


def _verify(
    key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    algorithm: Any,
    signature: bytes,
    value: bytes,
    name: str,
) -> None:
    kind = scheme(algorithm)
    hashed = Prehashed(hash_algorithm(name))
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


def _permitted(public_key: bytes, algorithm: Any) -> bool:
    """Whether an RSA key lets itself be used so (RFC 4055, 3.3)."""
    demanded = pss.restriction(public_key)
    if demanded is None:
        return True
    is_pss = scheme(algorithm) == "rsassa_pss"
    return demanded.permits(pss.parameters(algorithm["parameters"]) if is_pss else None)


def _pss(found: Any) -> padding.PSS:
    used = pss.parameters(found)
    if used.mask in _NO_MASKS:
        raise AlgorithmUnknown(f"MGF1 with {used.mask}")
    return padding.PSS(padding.MGF1(hash_algorithm(used.mask)), used.salt)
