"""OCSP responses (RFC 6960): authentic statements about one certificate, or none."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from asn1crypto import core, ocsp

from signer.trust.certificates import Certificate, parse, parse_all, same_name
from signer.trust.paths import issued, violation
from signer.trust.remembered import remembered
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong, facts, verify
from signer.trust.status import Answer, AnswerUnusable, Kind, NotSignedByIssuer, UnknownCritical
from signer.trust.unreadable import MALFORMED

MAX_RESPONSE = 1 << 20
_SKEW = timedelta(minutes=5)
_CERT_ID_DIGESTS = {"sha1", "sha256", "sha384", "sha512"}


def answer(der: bytes, certificate: Certificate, issuer: Certificate) -> Answer | None:
    """The statement that the response makes about `certificate`; None when it is about others.

    The signature is the issuer's own, or that of a responder whose certificate the issuer signed for
    OCSP signing (RFC 6960, 4.2.2.2). Raises `AnswerUnusable`.
    """
    outcome = _answer(der, certificate.der, issuer.der)
    if isinstance(outcome, tuple):
        raise AnswerUnusable(*outcome)
    return outcome


@remembered(256)
def _answer(der: bytes, certificate: bytes, issuer: bytes) -> Answer | tuple[str, str] | None:
    try:
        return _read(der, parse(certificate), parse(issuer))
    except AnswerUnusable as exc:
        return exc.vi, exc.en
    except MALFORMED:
        return "không đọc được", "it cannot be read"


def _read(der: bytes, certificate: Certificate, issuer: Certificate) -> Answer | None:
    if len(der) > MAX_RESPONSE:
        raise AnswerUnusable("quá lớn", "it is too large")
    response = ocsp.OCSPResponse.load(der, strict=True)
    status = response["response_status"].native
    if status != "successful":
        raise AnswerUnusable(f"máy chủ trả lời «{status}»", f"the responder said “{status}”")
    basic = response.basic_ocsp_response
    data = basic["tbs_response_data"]
    about = [each for each in data["responses"] if _about(each, certificate, issuer)]
    if not about:
        return None
    single = _weightiest(about)
    produced = data["produced_at"].native
    responder, digest = _responder(basic, issuer)
    revoked_at, reason = _status(single)
    doubt = _out_of_time(single["this_update"].native, produced, responder, issuer)
    if revoked_at is None:  # whatever else is said of it, what is revoked is not good
        if doubt is not None:
            raise AnswerUnusable(*doubt)
        _no_unknown_critical(data["response_extensions"])
        _no_unknown_critical(single["single_extensions"])
    return Answer(
        kind=Kind.OCSP,
        der=der,
        this_update=single["this_update"].native,
        next_update=single["next_update"].native,
        produced_at=produced,
        revoked_at=revoked_at,
        reason=reason,
        covers_expired_since=single.archive_cutoff_value.native if single.archive_cutoff_value else None,
        signer=responder,
        algorithm=facts(responder.public_key, digest),
        invalid_since=_suspected(single) if revoked_at is not None else None,
        doubt=doubt,
    )


@remembered(4096)
def serials(der: bytes) -> frozenset[int] | None:
    """The serial numbers that a response speaks of, unverified, to pass over the others cheaply; None when
    it cannot be read."""
    try:
        responses = ocsp.OCSPResponse.load(der).basic_ocsp_response["tbs_response_data"]["responses"]
        return frozenset(each["cert_id"]["serial_number"].native for each in responses)
    except MALFORMED:
        return None


def _about(single: Any, certificate: Certificate, issuer: Certificate) -> bool:
    identifier = single["cert_id"]
    digest = identifier["hash_algorithm"]["algorithm"].native
    if identifier["serial_number"].native != certificate.serial or digest not in _CERT_ID_DIGESTS:
        return False
    name = certificate.parsed["tbs_certificate"]["issuer"].dump()
    key = issuer.parsed.public_key["public_key"]
    return bool(
        identifier["issuer_name_hash"].native == hashlib.new(digest, name).digest()
        and identifier["issuer_key_hash"].native == hashlib.new(digest, bytes(key)).digest()
    )


def _weightiest(about: list[Any]) -> Any:
    """Of several statements about one certificate a "revoked" counts; two that say less contradict each other."""
    revoked = [each for each in about if each["cert_status"].name == "revoked"]
    if revoked:
        return min(revoked, key=lambda each: each["cert_status"].chosen["revocation_time"].native)
    if len({_said(each) for each in about}) > 1:
        raise AnswerUnusable("nói hai điều về chứng thư này", "it says two things about the certificate")
    return about[0]


def _said(single: Any) -> bytes:
    """Without about whom: responders name one certificate by several digests."""
    fields = ("cert_status", "this_update", "next_update", "single_extensions")
    return b"".join(single[each].dump() for each in fields)


def _out_of_time(
    known: datetime, produced: datetime, responder: Certificate, issuer: Certificate
) -> tuple[str, str] | None:
    """Nobody knows more than when he says it (RFC 6960, 2.4), or answers with a certificate that has expired."""
    if known > produced + _SKEW:
        return "thời điểm của câu trả lời sau lúc nó được lập", "it knows more than when it was made"
    begins = produced if responder == issuer else responder.not_before - _SKEW
    if not begins <= produced <= responder.not_after:
        return (
            "chứng thư của người trả lời không có hiệu lực lúc trả lời",
            "its signer's certificate was not valid when it answered",
        )
    return None


def _status(single: Any) -> tuple[datetime | None, str]:
    status = single["cert_status"]
    if status.name == "good":
        return None, ""
    if status.name == "revoked":
        return status.chosen["revocation_time"].native, status.chosen[
            "revocation_reason"
        ].native or "unspecified"
    raise AnswerUnusable("máy chủ không biết chứng thư này", "the responder does not know the certificate")


def _suspected(single: Any) -> datetime | None:
    """The CRL entry extension invalidityDate, which a response may carry (RFC 6960, 4.4.5)."""
    for extension in single["single_extensions"] or ():
        if extension["extn_id"].dotted == _INVALIDITY_DATE:
            moment: datetime = core.GeneralizedTime.load(bytes(extension["extn_value"]), strict=True).native
            return moment.astimezone(UTC)
    return None


def _responder(basic: Any, issuer: Certificate) -> tuple[Certificate, str]:
    """Who signed the response, and with which digest."""
    data = basic["tbs_response_data"].dump()
    value = basic["signature"].native
    embedded = parse_all([each.dump() for each in basic["certs"] or ()][:16])
    for candidate in (issuer, *embedded):
        if not _named(basic["tbs_response_data"]["responder_id"], candidate):
            continue
        try:
            digest = verify(candidate.public_key, basic["signature_algorithm"], value, data)
        except (SignatureWrong, AlgorithmUnknown):
            continue
        if candidate != issuer:
            _delegated(candidate, issuer)
        return candidate, digest
    raise NotSignedByIssuer


def _named(responder: Any, candidate: Certificate) -> bool:
    if responder.name == "by_name":
        return same_name(responder.chosen, candidate.parsed.subject)
    key = bytes(candidate.parsed.public_key["public_key"])
    return bool(responder.chosen.native == hashlib.sha1(key, usedforsecurity=False).digest())


def _delegated(responder: Certificate, issuer: Certificate) -> None:
    if not issued(issuer, responder):
        raise NotSignedByIssuer
    if "ocsp_signing" not in (responder.purposes or ()):
        raise AnswerUnusable(
            "người trả lời không được ủy quyền trả lời OCSP", "its signer is not delegated to answer OCSP"
        )
    if violation((responder, issuer)) is not None or not _may_sign(responder):
        raise AnswerUnusable(
            "chứng thư của người trả lời vi phạm quy tắc đường dẫn",
            "its signer's certificate breaks the rules of paths",
        )


def _may_sign(responder: Certificate) -> bool:
    """RFC 5280, 4.2.1.12: which key usages go with OCSP signing, where key usage speaks."""
    return responder.usages is None or bool(responder.usages & {"digital_signature", "non_repudiation"})


_INVALIDITY_DATE = "2.5.29.24"
_KNOWN = {"2.5.29.24", "1.3.6.1.5.5.7.48.1.2", "1.3.6.1.5.5.7.48.1.6", "1.3.6.1.5.5.7.48.1.9"}


def _no_unknown_critical(extensions: Iterable[Any]) -> None:
    for extension in extensions or ():
        if extension["critical"].native and extension["extn_id"].dotted not in _KNOWN:
            raise UnknownCritical


@remembered(1024)
def responders(der: bytes) -> tuple[bytes, ...]:
    """DER certificates that an OCSP response carries; empty when it cannot be read."""
    try:
        basic = ocsp.OCSPResponse.load(der, strict=True).basic_ocsp_response
        return tuple(each.dump() for each in basic["certs"] or ())[:16]
    except MALFORMED:
        return ()
