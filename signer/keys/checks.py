"""What is checked of a key and its certificate: at load, once; and before each signature.

TT 15/2025/TT-BKHCN asks that subject and validity be verified before signing; NĐ 23/2025/NĐ-CP, Điều 15
adds the issuer's certificate. Everything fails closed.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from policies.algorithms import OUTDATED_DIGESTS, SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.errors import SigningRefused
from signer.keys import primitives

MAX_CERTIFICATE = 16 << 10
MAX_CHAIN = 6


def check_at_load(
    certificate: bytes,
    chain: tuple[bytes, ...],
    public_key: primitives.PublicKey,
    algorithm: SignatureAlgorithm,
) -> None:
    """Limits of size, key strength, scheme, and that the key belongs to the certificate.

    Raises `SigningRefused`.
    """
    if len(chain) > MAX_CHAIN or any(len(der) > MAX_CERTIFICATE for der in (certificate, *chain)):
        raise SigningRefused(reasons.CERTIFICATE_UNREADABLE, cause="size")
    for der in chain:
        primitives.certificate(der)
    certified = primitives.public_key(certificate)
    if _spki(certified) != _spki(public_key):
        raise SigningRefused(reasons.KEY_MISMATCH)
    primitives.check_strength(certified, algorithm)


def _spki(key: primitives.PublicKey) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def subject_of(certificate: bytes | x509.Certificate) -> str:
    """The common name for messages, or the whole subject when there is none."""
    parsed = primitives.certificate(certificate) if isinstance(certificate, bytes) else certificate
    names = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(names[0].value) if names else parsed.subject.rfc4514_string()


def is_demo(certificate: bytes | x509.Certificate) -> bool:
    """Whether the common name of subject or issuer says DEMO."""
    parsed = primitives.certificate(certificate) if isinstance(certificate, bytes) else certificate
    names = (*parsed.subject, *parsed.issuer)
    return any(name.oid == NameOID.COMMON_NAME and "DEMO" in str(name.value).split() for name in names)


def hash_name(certificate: x509.Certificate) -> str:
    """Name of the hash that the issuer signed the certificate with, in lower case."""
    try:
        algorithm = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return "unknown"
    return algorithm.name if algorithm else "none"


def check_hash(certificate: x509.Certificate) -> None:
    """Refuse a certificate signed over an outdated hash (TT 15/2025/TT-BKHCN, PL I)."""
    found = hash_name(certificate)
    if found in OUTDATED_DIGESTS:
        raise SigningRefused(reasons.WEAK_CERTIFICATE, subject=subject_of(certificate), found=found)
