"""A key from a PKCS#12 file (RFC 7292), checked once at load."""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12KeyAndCertificates, load_pkcs12

from policies.algorithms import DEFAULT, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.errors import SigningRefused
from signer.keys.checks import is_demo, subject_of
from signer.keys.software import SoftwareKey

MAX_FILE = 1 << 20


def load(
    source: Path | bytes,
    password: str | None,
    algorithm: SignatureAlgorithm = DEFAULT,
    *,
    production: bool = False,
) -> SoftwareKey:
    """The key with its certificate and those above it, as far as the file has them.

    Raises `SigningRefused`: wrong password or damaged file, no key or no certificate in it, mismatch, weak
    key, a scheme that does not fit, a DEMO certificate in production. OSError when the file is not there.
    """
    bundle = _open(source if isinstance(source, bytes) else _read(source), password)
    key, certificate = bundle.key, bundle.cert
    if certificate is None or key is None:
        raise SigningRefused(reasons.PKCS12_UNREADABLE)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise SigningRefused(reasons.WEAK_KEY, found=type(key).__name__)
    der = certificate.certificate.public_bytes(Encoding.DER)
    if production and is_demo(der):
        raise SigningRefused(reasons.DEMO_IN_PRODUCTION, subject=subject_of(der))
    above = tuple(each.certificate.public_bytes(Encoding.DER) for each in bundle.additional_certs)
    return SoftwareKey(key, der, tuple(each for each in above if each != der), algorithm)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_FILE + 1)


def _open(blob: bytes, password: str | None) -> PKCS12KeyAndCertificates:
    if len(blob) > MAX_FILE:
        raise SigningRefused(reasons.PKCS12_UNREADABLE)
    try:
        return load_pkcs12(blob, password.encode() if password is not None else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as exc:
        raise SigningRefused(reasons.PKCS12_UNREADABLE) from exc
