"""CRLs (RFC 5280, 5 and 6.3): authentic statements about one certificate, or none.

Complete CRLs of the certificate's own issuer, whole or split by distribution point. Indirect and delta CRLs
are refused: an answer that is not understood is no answer.
"""

from __future__ import annotations

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
from signer.trust.status import Answer, AnswerUnusable, Kind, NotSignedByIssuer
from signer.trust.unreadable import MALFORMED

MAX_CRL = 64 << 20
_EXPIRED_CERTS_ON_CRL = x509.ObjectIdentifier("2.5.29.60")


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
    except (*MALFORMED, UnsupportedAlgorithm):
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
    _check_scope(crl, certificate)
    revoked_at, reason, invalid_since = _entry(crl, certificate.serial)
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


def _check_scope(crl: x509.CertificateRevocationList, certificate: Certificate) -> None:
    for extension in crl.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            _check_distribution_point(extension.value, certificate)
        elif isinstance(extension.value, x509.DeltaCRLIndicator):
            raise AnswerUnusable("chỉ là danh sách bổ sung", "it is a delta CRL")
        elif extension.critical and isinstance(extension.value, x509.UnrecognizedExtension):
            raise AnswerUnusable(
                "có phần mở rộng bắt buộc không biết", "it has an unknown critical extension"
            )


def _check_distribution_point(point: x509.IssuingDistributionPoint, certificate: Certificate) -> None:
    wrong_kind = (point.only_contains_user_certs and certificate.authority) or (
        point.only_contains_ca_certs and not certificate.authority
    )
    if wrong_kind or point.only_contains_attribute_certs or point.only_some_reasons or point.indirect_crl:
        raise AnswerUnusable("không bao gồm chứng thư này", "its scope does not include the certificate")
    if point.relative_name is not None:
        raise AnswerUnusable("điểm phân phối không rõ", "its distribution point is relative")
    if point.full_name is not None:
        names = {name.value for name in point.full_name if isinstance(name, x509.UniformResourceIdentifier)}
        if not names & set(distribution_points(certificate)):
            raise AnswerUnusable("thuộc điểm phân phối khác", "it belongs to another distribution point")


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
