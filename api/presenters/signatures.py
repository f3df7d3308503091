"""Validations for people."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import Any

from api.pages import proofs, verified
from api.seen import SeenAfter, data_address
from api.services import Services
from api.verification import DEFAULT_PROFILE, Ours
from archive.witnessing import CosignedHead
from policies import layout
from signer.document.pdfa.report import PdfaReport
from signer.document.pdfa.words import AREAS, UNEXAMINED, told, word
from signer.reporting.values import ReportedFile
from signer.validation import report as reports
from signer.validation.names import clean
from signer.validation.pieces import pieces
from signer.validation.values import DocumentReport, SignatureReport
from signer.validation.values import Finding as Found

FIELDS = {
    layout.NUMBER_FIELD: ("số văn bản", "number"),
    layout.DAY_FIELD: ("ngày", "day"),
    layout.MONTH_FIELD: ("tháng", "month"),
    layout.YEAR_FIELD: ("năm", "year"),
    layout.LEADER_FIELD: ("chữ ký lãnh đạo", "leader's signature"),
    layout.INITIAL_FIELD: ("ký nháy", "initials"),
    layout.SEAL_FIELD: ("ký số cơ quan", "agency's seal"),
}
FIELD = re.compile(rf"\b({'|'.join(FIELDS)})(\d*)\b")


def signature(report: SignatureReport, language: str) -> verified.SignatureView:
    """One signature with what TT 15/2025/TT-BKHCN wants shown."""
    holder = report.certificate
    return verified.SignatureView(
        field=report.field,
        indication=report.verdict.indication,
        sub_indication=report.verdict.sub_indication,
        integrity=report.integrity,
        coverage=report.coverage,
        changes=report.changes,
        level=report.level,
        signer=report.signer,
        title=holder.title if holder else "",
        organisation=holder.organisation if holder else "",
        issuer=holder.issuer if holder else "",
        managing_body=holder.managing_organisation if holder else "",
        trust_domain=reports.domain(report.trust_domain, language),
        signing_time=report.signing_time or report.claimed_time,
        time_is_stamped=report.signing_time is not None,
        valid_at_signing=_valid(holder.status) if holder else None,
        certificate_from=holder.not_before if holder else None,
        certificate_to=holder.not_after if holder else None,
        change_items=tuple(plain(item.text(language), language) for item in report.change_items),
        findings=tuple(finding(each, language) for each in report.findings),
    )


def _valid(status: str) -> bool | None:
    return None if status == "unknown" else status == "valid"


def finding(found: Found, language: str) -> verified.Finding:
    return verified.Finding(found.reason.id, found.severity, plain(found.text(language), language))


def plain(text: str, language: str) -> str:
    """Our own field names in words that a reader knows; names of other makers stay."""
    return FIELD.sub(
        lambda match: f"{FIELDS[match[1]][1 if language == 'en' else 0]}{_ordinal(match[2])}", text
    )


def _ordinal(index: str) -> str:
    return f" {index}" if index not in ("", "1") else ""


@dataclass(frozen=True, slots=True)
class Checked:
    """An upload that was checked. `conformity` is None where PDF/A was not asked about."""

    file_name: str
    size: int
    sha256: str
    report: DocumentReport
    ours: Ours | None
    seen: tuple[SeenAfter, ...] | None = None
    conformity: PdfaReport | None = None


def verification(services: Services, checked: Checked, language: str) -> verified.VerificationView:
    """The result page of a check."""
    return replace(known(services, checked, language), ticket=_ticket(services, checked))


def known(services: Services, checked: Checked, language: str) -> verified.VerificationView:
    """What was found, with what the archive says of these bytes."""
    ours = checked.ours
    return replace(found(checked, language), kept=kept(services, ours) if ours else None)


def found(checked: Checked, language: str) -> verified.VerificationView:
    """What was found in the bytes alone."""
    report = checked.report
    in_time = sorted(report.signatures, key=lambda one: one.revision)
    return verified.VerificationView(
        file_name=clean(checked.file_name),
        size=checked.size,
        sha256=checked.sha256,
        checked_at=report.at,
        indication=report.verdict.indication,
        sub_indication=report.verdict.sub_indication,
        signatures=tuple(signature(one, language) for one in in_time),
        findings=tuple(finding(each, language) for each in report.findings),
        kept=None,
        seen=tuple(state(each, language) for each in checked.seen or ()),
        report_json=json.dumps(
            reports.to_json(report, language, checked.conformity), ensure_ascii=False, indent=1
        ),
        profile=report.profile,
        policy=report.policy.basis,
        policy_id=report.policy.identifier,
        policy_version=report.policy.version,
        usual_policy=report.profile == DEFAULT_PROFILE,
        trust=clean(report.trust_label),
        evidence=tuple(
            verified.Evidence(each.kind, each.subject, each.time, each.sha256) for each in pieces(report)
        ),
        pdfa=conformity(checked.conformity, language) if checked.conformity else None,
    )


def conformity(report: PdfaReport, language: str) -> verified.ConformityView:
    """Whether the file is the PDF/A that it says it is; rules in the order of their numbers."""
    findings = tuple(
        verified.ConformityFinding(each.rule, word(AREAS, each.area, language), each.object, clean(each.text))
        for each in sorted(report.findings, key=lambda each: (_numbers(each.rule), each.object))
    )
    return verified.ConformityView(
        told=told(report, language),
        against=report.against,
        complete=report.complete,
        findings=findings,
        unexamined=tuple(word(UNEXAMINED, each, language) for each in report.unexamined),
    )


def _numbers(rule: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", rule)]


def _ticket(services: Services, checked: Checked) -> str:
    """Only where the service can seal: else the page offers nothing."""
    if not services.keys.reports:
        return ""
    return services.tickets.issue(
        ReportedFile(clean(checked.file_name), checked.size, checked.sha256),
        checked.report,
        checked.conformity,
    )


def state(each: SeenAfter, language: str) -> verified.SeenState:
    """The pages as one signature's signer saw them, and as they are now."""
    fields = plain(", ".join(clean(name) for name in each.fields), language)
    if each.seen is None:
        return verified.SeenState(fields, (), problem=each.refusal.text(language) if each.refusal else "")
    seen = each.seen
    pages = tuple(
        verified.SeenPage(page.page + 1, data_address(page.signed), data_address(page.now))
        for page in seen.pages
    )
    return verified.SeenState(fields, pages, seen.different, seen.compared, seen.total)


def kept(services: Services, ours: Ours) -> verified.Kept | None:
    """What the archive says of these bytes."""
    document = ours.document
    if document.archived_at is None:
        return None
    return verified.Kept(
        code=document.public_code,
        number=document.number_text or "",
        state=document.state,
        archived_at=document.archived_at,
        issued_at=document.issued_at,
        recalled_at=document.recalled_at,
        replaced_by=document.replaced_by,
        proof=proof(services, ours.document, ours.version.sha256),
    )


def proof(services: Services, document: Any, sha256: str | None = None) -> proofs.Proof | None:
    """The document's place in the log, once the shown head contains it."""
    leaf = services.proofs.leaf_of(document, sha256)
    head = services.proofs.shown_head()
    if leaf is None or leaf.log_index is None or head is None or leaf.log_index >= head.size:
        return None
    cosigned = services.proofs.cosigned(leaf.log_index)
    return proofs.Proof(leaf.log_index, head.size, leaf.created_at, witnesses(services, cosigned))


def witnesses(services: Services, cosigned: CosignedHead | None) -> tuple[proofs.Witness, ...]:
    """Who cosigned that head, by the names that the operator gave them."""
    by = cosigned.by if cosigned else ()
    return tuple(proofs.Witness(services.proofs.witnesses.label(one.name), one.at) for one in by)
