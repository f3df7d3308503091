"""RFC 9457 problems: the one table that maps refusals and faults to HTTP. No stack trace ever leaves."""

from __future__ import annotations

import logging
import secrets
from typing import Any

from api import unjudged
from api.identity import LOCKED_MINUTES
from api.store.database_errors import DatabaseUnavailable
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from policies.refusals import Refused
from signer.errors import (
    RevocationUnavailable,
    SignerUnavailable,
    TimestampRefused,
    TimestampUnavailable,
    TrustOverdue,
)

log = logging.getLogger("antin")
MEDIA_TYPE = "application/problem+json"
HANDLED = (Refused, SignerUnavailable, ArchiveUnavailable, ArchiveDamaged)
_STRING = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": _STRING,
        "title": _STRING,
        "status": {"type": "integer"},
        "instance": _STRING,
        "id": {**_STRING, "description": "stable id of the refusal"},
        "basis": {**_STRING, "description": "the rule that it rests on"},
        "text": {"type": "object", "properties": {"vi": _STRING, "en": _STRING}},
        "incident": _STRING,
        "signatures": {
            "type": "array",
            "description": "what stands in the bytes of a file that could not be validated; none of it is verified",
            "items": {"type": "object"},
        },
    },
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "description": "A refusal with its reason (RFC 9457)",
        "content": {MEDIA_TYPE: {"schema": SCHEMA}},
    },
    "5XX": {
        "description": "Nothing was done: something that we depend on does not answer, or a fault of ours",
        "content": {MEDIA_TYPE: {"schema": SCHEMA}},
    },
}

# Who did not answer, most special first: what the user is told.
UNANSWERED: dict[type[Exception], tuple[str, str]] = {
    TimestampUnavailable: (
        "Máy chủ dấu thời gian không trả lời đúng hạn. Chữ ký vẫn còn nguyên; văn bản chờ dấu thời gian, "
        "hãy yêu cầu lại sau.",
        "The time-stamp authority did not answer in time. The signature stands; the document waits for its "
        "time-stamp, ask again later.",
    ),
    RevocationUnavailable: (
        "Chưa hỏi được tình trạng thu hồi của chứng thư (OCSP/CRL không trả lời). Chưa có gì thay đổi; "
        "hãy thử lại sau.",
        "The revocation state of a certificate could not be asked (OCSP/CRL did not answer). Nothing was "
        "changed; try again later.",
    ),
    TrustOverdue: (
        "Kho chứng thư tin cậy đã quá hạn rà soát nên chưa kết luận được chữ ký nào là hợp lệ. Chưa có gì thay đổi; "
        "hãy báo quản trị rà soát kho rồi thử lại.",
        "The trust store is past its review date, so no signature is found valid. Nothing was changed; tell the "
        "administrator to review the store, then try again.",
    ),
    DatabaseUnavailable: (
        "Cơ sở dữ liệu hiện không trả lời. Hãy xem lại trạng thái văn bản rồi thử lại sau ít phút; việc đã xong "
        "không bị làm hai lần.",
        "The database does not answer now. Look at the document's state and try again in a few minutes; what was "
        "done is not done twice.",
    ),
    ArchiveUnavailable: (
        "Kho lưu trữ hoặc nhật ký minh bạch hiện không nhận dữ liệu. Chưa có gì được coi là đã lưu; "
        "hãy thử lại sau.",
        "The archive or its log does not take data now. Nothing is called archived; try again later.",
    ),
    Exception: (
        "Một dịch vụ mà hệ thống cần hiện không trả lời. Chưa có gì thay đổi; hãy thử lại sau.",
        "A service that we depend on does not answer now. Nothing was changed; try again later.",
    ),
}

# Longest prefix wins. Anything refused and not named here is the caller's content: 422.
STATUS_BY_PREFIX: dict[str, int] = {
    "access.not-signed-in": 401,
    "access.wrong-password": 401,
    "access.too-many-attempts": 429,
    "access.sign-in-busy": 503,
    "access.wrong-role": 403,
    "access.cross-site": 403,
    "access.not-found": 404,
    "access.changed-meanwhile": 412,
    "access.too-large": 413,
    "access.unreadable-body": 400,
    "access.idempotency-key-missing": 400,
    "access.idempotency-key-reused": 422,
    "access.idempotency-in-progress": 409,
    "issuing.wrong-order": 409,
    "issuing.issued-already": 409,
    "issuing.recalled-already": 409,
    "issuing.other-agency": 403,
    "issuing.no-receipt": 409,
    "issuing.number": 409,
    "archive.no-receipt-yet": 409,
    "keeping.no-": 404,
    "keeping.dossier-changed": 412,
    "keeping.wrong-dossier-state": 409,
    "keeping.dossier-exists": 409,
    "keeping.not-fileable": 409,
    "keeping.filed-already": 409,
    "keeping.entry-listed": 409,
    "keeping.under-hold": 409,
    "keeping.hold-wrong-state": 409,
    "keeping.second-person": 403,
    "archive.no-document": 404,
    "archive.stopped": 503,
    "reporting.no-seal": 503,
    "reporting.result-expired": 410,
    "": 422,
}


# When it is worth to ask again, in seconds (RFC 9110, 10.2.3).
RETRY_AFTER: dict[str, int] = {"access.sign-in-busy": 5, "access.too-many-attempts": LOCKED_MINUTES * 60}


def headers_of(reason_id: str) -> dict[str, str]:
    """What an answer says beside the problem."""
    return {"retry-after": str(RETRY_AFTER[reason_id])} if reason_id in RETRY_AFTER else {}


def status_of(reason_id: str) -> int:
    """HTTP status of a refusal, by the longest matching prefix of its id."""
    best = max((prefix for prefix in STATUS_BY_PREFIX if reason_id.startswith(prefix)), key=len)
    return STATUS_BY_PREFIX[best]


def of_refusal(exc: Refused, language: str = "vi") -> dict[str, Any]:
    """The problem document of a refusal: its id, what rule it rests on, what to do."""
    status = 502 if isinstance(exc, TimestampRefused) else status_of(exc.id)
    remains = unjudged.to_json(exc)
    return {
        "type": f"urn:antin:refusal:{exc.id}",
        "title": exc.text(language),
        "status": status,
        "id": exc.id,
        "basis": exc.basis,
        "text": {"vi": exc.text("vi"), "en": exc.text("en")},
        **({"signatures": remains} if remains else {}),
    }


def of_unavailable(exc: Exception, language: str = "vi") -> dict[str, Any]:
    """Something that we depend on did not answer: nothing was done, try again."""
    vi, en = next(words for kind, words in UNANSWERED.items() if isinstance(exc, kind))
    return {
        "type": "urn:antin:unavailable",
        "title": en if language == "en" else vi,
        "status": 503,
        "id": f"unavailable.{type(exc).__name__}",
        "basis": "RFC 9110, 15.6.4",
        "text": {"vi": vi, "en": en},
    }


def of_fault(exc: Exception, language: str = "vi") -> dict[str, Any]:
    """A fault of ours. The log gets the trace under an incident number; the user gets the number."""
    incident = secrets.token_hex(6)
    log.error("incident %s: %s", incident, type(exc).__name__, exc_info=exc)
    vi = (
        f"Hệ thống gặp lỗi ngoài dự kiến. Chưa có gì được xác nhận. Hãy báo mã sự cố {incident} cho quản trị."
    )
    en = f"An unexpected fault. Nothing was confirmed. Tell the administrator the incident number {incident}."
    return {
        "type": "urn:antin:fault",
        "title": en if language == "en" else vi,
        "status": 500,
        "id": "fault",
        "basis": "RFC 9110, 15.6.1",
        "incident": incident,
        "text": {"vi": vi, "en": en},
    }


def problem(exc: Exception, language: str = "vi") -> dict[str, Any]:
    """Any exception → its problem document."""
    if isinstance(exc, Refused):
        return of_refusal(exc, language)
    if isinstance(exc, SignerUnavailable | ArchiveUnavailable) and not isinstance(exc, ArchiveDamaged):
        return of_unavailable(exc, language)
    return of_fault(exc, language)
