"""Sign and verify one digest with RSA PKCS#1 v1.5, RSA-PSS or ECDSA, over pyca/cryptography."""

from __future__ import annotations

from functools import lru_cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from policies.algorithms import CURVES, DIGEST_BYTES, RSA_BITS, Digest, Scheme, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.errors import SigningRefused

PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

HASHES: dict[Digest, hashes.HashAlgorithm] = {
    Digest.SHA256: hashes.SHA256(),
    Digest.SHA384: hashes.SHA384(),
    Digest.SHA512: hashes.SHA512(),
}

_PREHASHED = {digest: Prehashed(kind) for digest, kind in HASHES.items()}


def certificate(der: bytes) -> x509.Certificate:
    """Parse one DER certificate. Raises `SigningRefused` when it cannot be read."""
    try:
        return x509.load_der_x509_certificate(der)
    except (ValueError, UnsupportedAlgorithm, x509.InvalidVersion) as exc:
        raise SigningRefused(reasons.CERTIFICATE_UNREADABLE, cause="DER") from exc


def public_key(der: bytes) -> PublicKey:
    """The public key of a DER certificate. Raises `SigningRefused` for kinds of key that never sign here."""
    try:
        key = certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm) as exc:
        raise SigningRefused(reasons.CERTIFICATE_UNREADABLE, cause="key") from exc
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
        raise SigningRefused(reasons.WEAK_KEY, found=type(key).__name__)
    return key


def describe(key: PublicKey) -> str:
    """`RSA 2048` or `secp256r1`."""
    return f"RSA {key.key_size}" if isinstance(key, rsa.RSAPublicKey) else key.curve.name


def check_strength(key: PublicKey, algorithm: SignatureAlgorithm) -> None:
    """RSA 2048–4096 or P-256/P-384, and a scheme that fits the kind of key; else `SigningRefused`."""
    is_rsa = isinstance(key, rsa.RSAPublicKey)
    allowed = key.key_size in RSA_BITS if is_rsa else describe(key) in CURVES
    if not allowed:
        raise SigningRefused(reasons.WEAK_KEY, found=describe(key))
    if is_rsa is (algorithm.scheme is Scheme.ECDSA):
        raise SigningRefused(reasons.ALGORITHM_MISMATCH, algorithm=algorithm, found=describe(key))


def signature_size(key: PublicKey) -> int:
    """Bytes of the longest signature value: the RSA block, or `Ecdsa-Sig-Value` with two long integers."""
    octets = (key.key_size + 7) // 8
    if isinstance(key, rsa.RSAPublicKey):
        return octets
    return 2 + 2 * (2 + octets + 1)  # P-256 and P-384: all lengths fit one byte


@lru_cache(maxsize=16)
def _padding(algorithm: SignatureAlgorithm) -> padding.AsymmetricPadding:
    if algorithm.scheme is Scheme.RSA_PKCS1V15:
        return padding.PKCS1v15()
    return padding.PSS(padding.MGF1(HASHES[algorithm.digest]), DIGEST_BYTES[algorithm.digest])


def sign(key: PrivateKey, algorithm: SignatureAlgorithm, digest: bytes) -> bytes:
    """Signature value over a digest that is already made."""
    prehashed = _PREHASHED[algorithm.digest]
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(digest, _padding(algorithm), prehashed)
    return key.sign(digest, ec.ECDSA(prehashed))


def verifies(key: PublicKey, algorithm: SignatureAlgorithm, signature: bytes, digest: bytes) -> bool:
    """Whether the value verifies. For the compare step of a signer; validation raises, with reasons."""
    prehashed = _PREHASHED[algorithm.digest]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, digest, _padding(algorithm), prehashed)
        else:
            key.verify(signature, digest, ec.ECDSA(prehashed))
    except InvalidSignature:
        return False
    return True
