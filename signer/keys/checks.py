"""What is checked of a key and its certificate: at load, once; and before each signature.

TT 15/2025/TT-BKHCN asks that subject and validity be verified before signing; NĐ 23/2025/NĐ-CP, Điều 15
adds the issuer's certificate. Everything fails closed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from policies.algorithms import OUTDATED_DIGESTS, SignatureAlgorithm
from policies.reasons import signing as reasons
from policies.reasons import trust as trust_reasons
from policies.times import in_vietnam
from signer.errors import SigningRefused
from signer.keys import primitives, status
from signer.ports import RevocationSource, SigningKey
from signer.trust import paths
from signer.trust.anchors import TrustAnchors
from signer.trust.certificates import Certificate, parse, parse_all
from signer.trust.unreadable import Unreadable

MAX_CERTIFICATE = 16 << 10
MAX_CHAIN = 6
OTHER_PURPOSES = frozenset({"time_stamping", "ocsp_signing", "server_auth", "code_signing"})


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


@lru_cache(maxsize=256)
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


def is_signing_certificate(certificate: Certificate) -> bool:
    """Key usage digitalSignature or nonRepudiation; a certificate without the extension may sign.

    One that was issued for servers, code, time-stamps or OCSP alone signs no documents.
    """
    usages, purposes = certificate.usages, certificate.purposes
    if certificate.authority or (purposes is not None and purposes <= OTHER_PURPOSES):
        return False
    return usages is None or bool(usages & {"digital_signature", "non_repudiation"})


@dataclass(frozen=True, slots=True)
class SigningRules:
    """What a certificate must meet at the moment of signing.

    `trust` gives the anchors that its path must reach. With `revocation` every certificate of the path below
    the anchor must be known good from it; None switches the question off (for the demo without a network).
    `production` refuses certificates named DEMO.
    """

    trust: TrustAnchors
    revocation: RevocationSource | None
    production: bool


def check_before_signing(key: SigningKey, at: datetime, rules: SigningRules) -> tuple[Certificate, ...]:
    """Check the certificate of a key at the moment `at`; returns its path, leaf first.

    1. name, hash and usage of the certificate
    2. its period
    3. path to an anchor of a trust store that is not stale, and the issuers' periods
    4. revocation of each certificate of the path; no answer is a refusal
    Raises `SigningRefused`. The key itself was checked at load.
    """
    leaf = _read(key.certificate)
    if rules.production and is_demo(leaf.der):
        raise SigningRefused(reasons.DEMO_IN_PRODUCTION, subject=subject_of(leaf.der))
    check_hash(primitives.certificate(leaf.der))
    if not is_signing_certificate(leaf):
        raise SigningRefused(reasons.CERTIFICATE_USAGE, subject=subject_of(leaf.der))
    check_period(leaf, at)
    check_store(rules.trust, at)
    path = trusted_path(leaf, key.chain, rules.trust)
    for issuer in path[1:]:
        check_period(issuer, at)
    if rules.revocation is not None:
        for certificate, issuer in pairwise(path):
            _check_status(certificate, issuer, at, rules.revocation)
    return path


def _check_status(
    certificate: Certificate, issuer: Certificate, at: datetime, source: RevocationSource
) -> None:
    subject = subject_of(certificate.der)
    try:
        since = status.revoked_since(certificate, issuer, at, source)
    except status.Unknown as exc:
        raise SigningRefused(reasons.STATUS_UNKNOWN, subject=subject, cause=str(exc)) from exc
    if since is not None:
        raise SigningRefused(reasons.CERTIFICATE_REVOKED, subject=subject, since=_day(since))


def _read(der: bytes) -> Certificate:
    try:
        return parse(der)
    except Unreadable as exc:
        raise SigningRefused(reasons.CERTIFICATE_UNREADABLE, cause="DER") from exc


def check_period(certificate: Certificate, at: datetime) -> None:
    """Refuse a certificate outside its period."""
    subject = subject_of(certificate.der)
    if at > certificate.not_after:
        raise SigningRefused(reasons.CERTIFICATE_EXPIRED, subject=subject, until=_day(certificate.not_after))
    if at < certificate.not_before:
        since = _day(certificate.not_before)
        raise SigningRefused(reasons.CERTIFICATE_NOT_YET_VALID, subject=subject, since=since)


def _day(moment: datetime) -> str:
    return f"{in_vietnam(moment):%d/%m/%Y %H:%M:%S}"


def check_store(trust: TrustAnchors, at: datetime) -> None:
    """Refuse to sign what could not be found valid afterwards: the store was to be reviewed before."""
    if trust.stale(at):
        until = "?" if trust.good_until is None else _day(trust.good_until)
        raise SigningRefused(trust_reasons.STORE_STALE, label=trust.label, until=until)


def trusted_path(leaf: Certificate, chain: tuple[bytes, ...], trust: TrustAnchors) -> tuple[Certificate, ...]:
    """The shortest path to an anchor that keeps the rules of RFC 5280, 6.1; else `SigningRefused`."""
    for path in paths.build(leaf, (*parse_all(chain), *trust.helpers()), trust.anchors()):
        if paths.violation(path) is None:
            return path
    raise SigningRefused(reasons.CHAIN_BROKEN, subject=subject_of(leaf.der))
