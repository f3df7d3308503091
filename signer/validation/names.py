"""Names from certificates and files as text that is safe to show: no control or direction marks, bounded."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any

from policies.times import in_vietnam
from signer.trust.certificates import Certificate
from signer.trust.unreadable import MALFORMED
from signer.validation.values import CertificateFacts

LONGEST = 200


def clean(text: object, longest: int = LONGEST) -> str:
    """Printable, normalised, bounded. Right-to-left marks and the like cannot reorder a sentence."""
    kept = str(text)[: 4 * longest]
    if not kept.isprintable():  # no C and no Z but the space
        kept = "".join(c if unicodedata.category(c)[0] not in "CZ" or c == " " else " " for c in kept)
    return " ".join(unicodedata.normalize("NFC", kept).split())[:longest]


def moment(time: datetime) -> str:
    """As people here read it: dd/mm/yyyy hh:mm:ss, +07:00."""
    return in_vietnam(time).strftime("%d/%m/%Y %H:%M:%S (+07:00)")


def day(time: datetime) -> str:
    """dd/mm/yyyy, +07:00."""
    return in_vietnam(time).strftime("%d/%m/%Y")


_CAUSES = {
    "key_compromise": ("lộ khóa bí mật", "key compromise"),
    "ca_compromise": ("lộ khóa của tổ chức cấp", "CA compromise"),
    "aa_compromise": ("lộ khóa của tổ chức cấp", "attribute authority compromise"),
    "affiliation_changed": ("thay đổi nơi công tác", "affiliation changed"),
    "superseded": ("đã được thay thế", "superseded"),
    "cessation_of_operation": ("ngừng sử dụng", "cessation of operation"),
    "certificate_hold": ("tạm dừng", "certificate hold"),
    "privilege_withdrawn": ("bị thu quyền", "privilege withdrawn"),
}


def cause(reason: str, language: str) -> str:
    """Why a certificate was revoked (RFC 5280, 5.3.1), in words."""
    vi, en = _CAUSES.get(reason, ("không nêu", "unspecified"))
    return en if language == "en" else vi


def _attribute(name: Any, kind: str) -> str:
    try:
        value = name.native.get(kind)
    except MALFORMED:
        return ""
    if isinstance(value, list):
        value = ", ".join(str(each) for each in value)
    return clean(value or "")


def common_name(certificate: Certificate) -> str:
    """CN of the subject, else its organisation, else the serial number."""
    subject = certificate.parsed.subject
    return (
        _attribute(subject, "common_name")
        or _attribute(subject, "organization_name")
        or f"{certificate.serial:X}"
    )


def facts(certificate: Certificate, status: str) -> CertificateFacts:
    """What is shown of a certificate; `status` at the time of signing."""
    subject, issuer = certificate.parsed.subject, certificate.parsed.issuer
    issuer_name = _attribute(issuer, "common_name") or _attribute(issuer, "organization_name")
    organisation = _attribute(subject, "organization_name")
    return CertificateFacts(
        subject=common_name(certificate),
        title=_attribute(subject, "title"),
        organisation=organisation,
        issuer=issuer_name,
        managing_organisation=organisation or _attribute(issuer, "organization_name") or issuer_name,
        serial=f"{certificate.serial:X}",
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        fingerprint=certificate.fingerprint.hex(),
        status=status,
    )
