"""CRLs (RFC 5280, 5 and 6.3): authentic statements about one certificate, or none.

Complete CRLs of the certificate's own issuer, whole or split by distribution point. Indirect ones are refused. A list
that does not cover the certificate (a delta, another scope), or that says something critical which is not understood
here (5.2, 5.3), calls nobody good; whom it lists is revoked all the same (so ITU-T X.509 of critical extensions).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from asn1crypto import core
from asn1crypto import crl as asn1_crl
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from signer.trust.certificates import Certificate, parse, same_name
from signer.trust.locations import distribution_points
from signer.trust.remembered import remembered
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong, facts, verify
from signer.trust.status import Answer, AnswerUnusable, Kind, NotSignedByIssuer, UnknownCritical
from signer.trust.unreadable import MALFORMED

MAX_CRL = 64 << 20
_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")
# Of lists: cRLNumber, issuingDistributionPoint, authorityKeyIdentifier, expiredCertsOnCRL.
_KNOWN = frozenset({"2.5.29.20", "2.5.29.28", "2.5.29.35", "2.5.29.60"})
# Of entries: reasonCode, invalidityDate.
_KNOWN_OF_ENTRIES = frozenset({"2.5.29.21", "2.5.29.24"})
_ISSUER = x509.ObjectIdentifier("2.5.29.29")  # certificateIssuer
_ISSUER_BYTES = b"\x06\x03\x55\x1d\x1d"
# TRUE between an object identifier, if not one of those known, and an octet string.
_CRITICAL = re.compile(rb"(?<!\x06\x03\x55\x1d\x15)(?<!\x06\x03\x55\x1d\x18)\x01\x01\xff\x04")


def answer(der: bytes, certificate: Certificate, issuer: Certificate) -> Answer | None:
    """The statement that the CRL makes about `certificate`; None when another CA issued it.

    Raises `AnswerUnusable`.
    """
    outcome = _answer(der, certificate.der, issuer.der)
    if isinstance(outcome, tuple):
        raise AnswerUnusable(*outcome)
    return outcome


@remembered(64)
def _answer(der: bytes, certificate: bytes, issuer: bytes) -> Answer | tuple[str, str] | None:
    try:
        return _read(der, parse(certificate), parse(issuer))
    except AnswerUnusable as exc:
        return exc.vi, exc.en
    except (*MALFORMED, UnsupportedAlgorithm, x509.InvalidVersion):
        return "không đọc được", "it cannot be read"


def _read(der: bytes, certificate: Certificate, issuer: Certificate) -> Answer | None:
    if len(der) > MAX_CRL:
        raise AnswerUnusable("quá lớn", "it is too large")
    parsed = asn1_crl.CertificateList.load(der, strict=True)
    body = parsed["tbs_cert_list"]
    if not same_name(body["issuer"], issuer.parsed.subject):
        return None
    digest = _verified(parsed, issuer)
    crl = x509.load_der_x509_crl(der)
    _check_whose(crl, parsed)
    revoked_at, reason, invalid_since = _entry(crl, certificate.serial)
    if revoked_at is None or reason == x509.ReasonFlags.remove_from_crl.name:
        if crl.last_update_utc > issuer.not_after:
            raise AnswerUnusable(
                "nơi cấp đã hết hạn khi công bố", "its issuer had expired when it was published"
            )
        _check_scope(crl, certificate)
        _check_entries(crl, parsed)
    return Answer(
        kind=Kind.CRL,
        der=der,
        this_update=crl.last_update_utc,
        next_update=crl.next_update_utc,
        produced_at=crl.last_update_utc,
        revoked_at=revoked_at,
        reason=reason,
        covers_expired_since=_covers_expired_since(crl),
        signer=issuer,
        algorithm=facts(issuer.public_key, digest),
        invalid_since=invalid_since,
    )


def _verified(parsed: Any, issuer: Certificate) -> str:
    if issuer.usages is not None and "crl_sign" not in issuer.usages:
        raise AnswerUnusable("nơi cấp không được phép ký CRL", "the issuer may not sign CRLs")
    algorithm = parsed["signature_algorithm"]
    if algorithm.dump() != parsed["tbs_cert_list"]["signature"].dump():
        raise NotSignedByIssuer
    try:
        return verify(
            issuer.public_key, algorithm, parsed["signature"].native, parsed["tbs_cert_list"].dump()
        )
    except (SignatureWrong, AlgorithmUnknown) as exc:
        raise NotSignedByIssuer from exc


def _check_whose(crl: x509.CertificateRevocationList, parsed: Any) -> None:
    """Are the numbers in it this issuer's, of certificates? If not, it says nothing at all (5.2.5, 5.3.3)."""
    for extension in crl.extensions:
        point = extension.value
        if isinstance(point, x509.IssuingDistributionPoint) and (
            point.indirect_crl or point.only_contains_attribute_certs
        ):
            raise _out_of_scope()
    if _ISSUER_BYTES in _entries_of(parsed) and any(each == _ISSUER for each, _ in _of_entries(crl)):
        raise AnswerUnusable("có mục của nơi cấp khác", "it has entries of another issuer")


def _check_scope(crl: x509.CertificateRevocationList, certificate: Certificate) -> None:
    """Does it cover the certificate, and is all that is critical understood?"""
    for extension in crl.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            _check_distribution_point(extension.value, certificate)
        elif isinstance(extension.value, x509.DeltaCRLIndicator):
            raise AnswerUnusable("chỉ là danh sách bổ sung", "it is a delta CRL")
        elif extension.critical and extension.oid.dotted_string not in _KNOWN:
            raise UnknownCritical


def _check_distribution_point(point: x509.IssuingDistributionPoint, certificate: Certificate) -> None:
    """RFC 5280, 6.3.3 (b)(2)."""
    wrong_kind = (point.only_contains_user_certs and certificate.authority) or (
        point.only_contains_ca_certs and not certificate.authority
    )
    if wrong_kind or point.only_some_reasons:
        raise _out_of_scope()
    if point.relative_name is not None:
        raise AnswerUnusable("điểm phân phối không rõ", "its distribution point is relative")
    if point.full_name is not None:
        names = {name.value for name in point.full_name if isinstance(name, x509.UniformResourceIdentifier)}
        if not names & set(distribution_points(certificate, every_reason=True)):
            raise AnswerUnusable("thuộc điểm phân phối khác", "it belongs to another distribution point")


def _out_of_scope() -> AnswerUnusable:
    return AnswerUnusable("không bao gồm chứng thư này", "its scope does not include the certificate")


def _check_entries(crl: x509.CertificateRevocationList, parsed: Any) -> None:
    """No entry, whoever it is about, says something critical that is not understood (5.3)."""
    if _CRITICAL.search(_entries_of(parsed)) is None:
        return  # to look at each entry takes long, and DER has but one form of what is sought
    if any(critical and each.dotted_string not in _KNOWN_OF_ENTRIES for each, critical in _of_entries(crl)):
        raise UnknownCritical


def _entries_of(parsed: Any) -> bytes:
    return parsed["tbs_cert_list"]["revoked_certificates"].contents or b""


def _of_entries(crl: x509.CertificateRevocationList) -> Iterator[tuple[x509.ObjectIdentifier, bool]]:
    for entry in crl:
        for extension in entry.extensions:
            yield extension.oid, extension.critical


def _entry(crl: x509.CertificateRevocationList, serial: int) -> tuple[datetime | None, str, datetime | None]:
    """When it was revoked, why, and since when its key is suspected."""
    entry = crl.get_revoked_certificate_by_serial_number(serial)
    if entry is None:
        return None, "", None
    reason, suspected = "unspecified", None
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            reason = extension.value.reason.name
        elif isinstance(extension.value, x509.InvalidityDate):
            suspected = extension.value.invalidity_date_utc
    return entry.revocation_date_utc, reason, suspected


def _covers_expired_since(crl: x509.CertificateRevocationList) -> datetime | None:
    for extension in crl.extensions:
        if extension.oid == _EXPIRED_CERTS_ON_CRL and isinstance(extension.value, x509.UnrecognizedExtension):
            moment: datetime = core.GeneralizedTime.load(extension.value.value, strict=True).native
            return moment.astimezone(UTC)
    return None
