"""The report as JSON, schema `antin.verify/1`: a versioned contract for the command line and the service.

    schema, indication (or NO-SIGNATURE), sub_indication, at, profile, policy, trust, signatures, findings, evidence,
    pdfa

Fields may be added within version 1; none changes its meaning. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from policies.vocabulary import Coverage, Indication, Integrity, SubIndication, TrustDomain
from policies.words import DOMAINS
from signer.document.pdfa.report import PdfaReport
from signer.document.pdfa.words import to_json as conformity_json
from signer.validation.names import moment
from signer.validation.pieces import EvidencePiece, pieces
from signer.validation.values import (
    CertificateFacts,
    ChangeFacts,
    DocumentReport,
    Finding,
    PolicyFacts,
    SignatureReport,
)

SCHEMA = "antin.verify/1"

_COVERAGE = {
    "vi": {
        Coverage.WHOLE: "Chữ ký bao phủ toàn bộ tệp.",
        Coverage.REVISION: "Chữ ký bao phủ phiên bản {number}/{total} của tệp; sau đó tệp có cập nhật.",
        Coverage.PARTIAL: "Chữ ký chỉ bao phủ một phần tệp.",
    },
    "en": {
        Coverage.WHOLE: "The signature covers the whole file.",
        Coverage.REVISION: "The signature covers revision {number} of {total}; the file was updated afterwards.",
        Coverage.PARTIAL: "The signature covers a part of the file only.",
    },
}
_INTEGRITY = {
    "vi": {
        Integrity.INTACT: "Nội dung được ký còn nguyên vẹn.",
        Integrity.BROKEN: "Nội dung được ký đã bị sửa hoặc chữ ký sai.",
        Integrity.UNKNOWN: "Chưa kiểm tra được tính toàn vẹn.",
    },
    "en": {
        Integrity.INTACT: "The signed content is intact.",
        Integrity.BROKEN: "The signed content was altered, or the signature is wrong.",
        Integrity.UNKNOWN: "Integrity could not be checked.",
    },
}
_STATUS = {
    "vi": {
        "valid": "còn hiệu lực khi ký",
        "expired": "đã hết hạn khi ký",
        "not-yet-valid": "chưa có hiệu lực khi ký",
        "revoked": "đã bị thu hồi khi ký",
        "unknown": "chưa xác định được",
    },
    "en": {
        "valid": "valid when signed",
        "expired": "expired when signed",
        "not-yet-valid": "not yet valid when signed",
        "revoked": "revoked when signed",
        "unknown": "unknown",
    },
}
_VERDICTS = {
    "vi": {
        Indication.TOTAL_PASSED: "Chữ ký số hợp lệ",
        Indication.TOTAL_FAILED: "Không hợp lệ",
        Indication.INDETERMINATE: "Chưa kết luận được",
        Indication.NO_SIGNATURE: "Không có chữ ký số",
    },
    "en": {
        Indication.TOTAL_PASSED: "Valid",
        Indication.TOTAL_FAILED: "Not valid",
        Indication.INDETERMINATE: "No conclusion",
        Indication.NO_SIGNATURE: "No digital signature",
    },
}
_ALTERED = {"vi": "Không hợp lệ: nội dung đã bị sửa", "en": "Not valid: the content was altered"}
_NOT_VALID_THEN = {
    "vi": "Không hợp lệ: chứng thư không còn hiệu lực khi ký",
    "en": "Not valid: the certificate was not valid when signed",
}
_ISSUER_UNKNOWN = {
    "vi": "Chưa xác định được nơi cấp chứng thư",
    "en": "The certificate's issuer is not trusted",
}
_WORDS: dict[SubIndication, dict[str, str]] = {
    SubIndication.HASH_FAILURE: _ALTERED,
    SubIndication.FORMAT_FAILURE: _ALTERED,
    SubIndication.SIG_CRYPTO_FAILURE: {
        "vi": "Không hợp lệ: giá trị chữ ký sai",
        "en": "Not valid: the signature value is wrong",
    },
    SubIndication.REVOKED: _NOT_VALID_THEN,
    SubIndication.EXPIRED: _NOT_VALID_THEN,
    SubIndication.NOT_YET_VALID: _NOT_VALID_THEN,
    SubIndication.NO_CERTIFICATE_CHAIN_FOUND: _ISSUER_UNKNOWN,
}


def headline(indication: Indication, sub_indication: SubIndication | None, language: str = "vi") -> str:
    """The verdict in the words that users know."""
    if sub_indication in _WORDS:
        return _WORDS[sub_indication][language]
    return _VERDICTS[language][indication]


def to_json(
    report: DocumentReport, language: str = "vi", conformity: PdfaReport | None = None
) -> dict[str, Any]:
    """A validation's answer as the contract's object. `language` of sentences: `vi` or `en`. `conformity`: what the
    check of PDF/A found beside it; no part of the verdict, and `pdfa` is left out where there is none."""
    language = "en" if language == "en" else "vi"
    verdict = report.verdict
    return {
        "schema": SCHEMA,
        "indication": verdict.indication.value,
        "sub_indication": None if verdict.sub_indication is None else verdict.sub_indication.value,
        "text": headline(verdict.indication, verdict.sub_indication, language),
        "at": _time(report.at),
        "profile": report.profile,
        "policy": _policy(report.policy),
        "trust": report.trust_label,
        "signatures": [_signature(each, language) for each in report.signatures],
        "findings": [_finding(each, language) for each in report.findings],
        "evidence": [_piece(each) for each in pieces(report)],
        **({} if conformity is None else {"pdfa": conformity_json(conformity, language)}),
    }


def _policy(facts: PolicyFacts) -> dict[str, Any]:
    return {
        "id": facts.identifier,
        "version": facts.version,
        "basis": facts.basis,
        "sha256": facts.fingerprint.hex(),
    }


def _piece(piece: EvidencePiece) -> dict[str, Any]:
    return {
        "kind": piece.kind,
        "subject": piece.subject,
        "time": _time(piece.time),
        "size": piece.size,
        "sha256": piece.sha256,
    }


def _signature(report: SignatureReport, language: str) -> dict[str, Any]:
    verdict, stamp = report.verdict, report.timestamp
    shown = report.signing_time or report.claimed_time
    coverage = _COVERAGE[language][report.coverage]
    return {
        "field": report.field,
        "type": report.type,
        "indication": verdict.indication.value,
        "sub_indication": None if verdict.sub_indication is None else verdict.sub_indication.value,
        "text": headline(verdict.indication, verdict.sub_indication, language),
        "integrity": report.integrity.value,
        "integrity_text": _INTEGRITY[language][report.integrity],
        "coverage": report.coverage.value,
        "coverage_text": coverage.format(number=report.revision + 1, total=report.revisions),
        "changes": report.changes.value,
        "change_items": [_change(each, language) for each in report.change_items],
        "level": report.level.value,
        "subfilter": report.subfilter,
        "signer": report.signer,
        "trust_domain": report.trust_domain,
        "trust_domain_text": domain(report.trust_domain, language),
        "signing_time": _time(shown),
        "signing_time_text": None if shown is None else moment(shown),
        "signing_time_source": _source(report),
        "claimed_time": _time(report.claimed_time),
        "certificate": None if report.certificate is None else _certificate(report.certificate, language),
        "timestamp": None
        if stamp is None
        else {"authority": stamp.authority, "time": _time(stamp.time), "valid": stamp.valid},
        "digest_algorithm": report.digest_algorithm,
        "signature_algorithm": report.signature_algorithm,
        "revision": report.revision + 1,
        "revisions": report.revisions,
        "findings": [_finding(each, language) for each in report.findings],
    }


def domain(domain: str, language: str) -> str:
    """The words for a trust domain; empty when there is none."""
    return DOMAINS[TrustDomain(domain)][language == "en"] if domain else ""


def _source(report: SignatureReport) -> str:
    if report.signing_time is not None:
        return "timestamp"
    return "claimed" if report.claimed_time is not None else "none"


def _certificate(facts: CertificateFacts, language: str) -> dict[str, Any]:
    return {
        "subject": facts.subject,
        "title": facts.title,
        "organisation": facts.organisation,
        "issuer": facts.issuer,
        "managing_organisation": facts.managing_organisation,
        "serial": facts.serial,
        "not_before": _time(facts.not_before),
        "not_after": _time(facts.not_after),
        "fingerprint": facts.fingerprint,
        "status_at_signing": facts.status,
        "status_text": _STATUS[language][facts.status],
    }


def _change(item: ChangeFacts, language: str) -> dict[str, Any]:
    return {
        "kind": item.kind.value,
        "id": item.reason.id,
        "text": item.text(language),
        "broke": list(item.broke),
        "revision": item.revision + 1,
        "object": item.object_number,
    }


def _finding(found: Finding, language: str) -> dict[str, Any]:
    text = {"id": found.reason.id, "severity": found.severity.value, "text": found.text(language)}
    details: dict[str, Any] = {"basis": found.reason.basis}
    if found.revision is not None:
        details["revision"] = found.revision + 1
    return {**text, **details}


def _time(value: datetime | None) -> str | None:
    return None if value is None else value.isoformat().replace("+00:00", "Z")
