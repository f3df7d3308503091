"""What the file's bytes say about the document as a whole: tails, gaps, lost revisions, unsigned fields.

A verdict over signatures must not stand when a reader could show something that none of them covers.
"""

from __future__ import annotations

from policies.reasons import verification as reasons
from policies.validation import PASSED, Verdict, indeterminate
from policies.vocabulary import Changes, Severity, SubIndication
from signer.document.contradictions import contradictions
from signer.document.external_data import external_streams
from signer.document.fields import form_fields
from signer.document.pdfa_size import MOST_BYTES, beyond_pdfa
from signer.document.reader import PdfFile
from signer.document.revisions import History, SignatureField, StructuralFinding
from signer.errors import DocumentRefused
from signer.validation.document_facts import has_pictures
from signer.validation.names import clean
from signer.validation.values import Finding, Outcome

_MOST_SHOWN = 20
_SUSPICIOUS = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
_WORDS = {
    "no-end-mark": "thiếu %%EOF / no %%EOF",
    "revision-unreadable": "không rõ ranh giới một lần cập nhật / the end of a revision is unclear",
    "unreachable-revision": "có lần cập nhật bị gỡ khỏi chuỗi / a revision was cut out of the chain",
    "prev-forward": "chuỗi tham chiếu đi ngược / cross-references lead forward",
}


def examine(pdf: PdfFile, history: History, fields: tuple[SignatureField, ...], newest: Changes) -> Outcome:
    """Findings on the document, and the worst that they mean for it.

    `newest`: what was changed after the newest signature.
    """
    findings: list[Finding] = []
    verdict = PASSED
    for found in (*history.findings, *history.unreachable):
        finding, weight = _weigh(pdf, found)
        findings.append(finding)
        verdict = weight if weight != PASSED else verdict
    if not fields:
        findings.append(Finding(reasons.NO_SIGNATURE, Severity.WARNING))
        if has_pictures(pdf):
            findings.append(Finding(reasons.ONLY_PICTURE, Severity.WARNING))
    elif newest not in (Changes.NONE, Changes.LONG_TERM_DATA):
        findings.append(Finding(reasons.TAIL_NOT_COVERED, Severity.WARNING))
    findings += _empty_fields(pdf)
    findings += _beyond_pdfa(pdf)
    differing = [*_contradictions(pdf), *_external_data(pdf)]
    verdict = _SUSPICIOUS if differing else verdict
    findings += differing
    return Outcome(verdict, tuple(findings))


def _weigh(pdf: PdfFile, found: StructuralFinding) -> tuple[Finding, Verdict]:
    count = {"count": str(pdf.size - found.offset)}
    if found.id == "trailing-bytes":
        return Finding(reasons.TRAILING_BYTES, Severity.WARNING, count), PASSED
    if found.id == "hidden-bytes":
        return Finding(reasons.HIDDEN_BYTES, Severity.ERROR, count), _SUSPICIOUS
    values = {"what": _WORDS.get(found.id, found.id)}
    return Finding(reasons.STRUCTURE_SUSPICIOUS, Severity.ERROR, values), _SUSPICIOUS


def _beyond_pdfa(pdf: PdfFile) -> list[Finding]:
    """A claim that the file's size alone refutes. It says nothing about the signatures."""
    claim = beyond_pdfa(pdf, pdf.size)
    if not claim:
        return []
    values = {"claim": clean(claim), "size": f"{pdf.size:,}", "limit": f"{MOST_BYTES:,}"}
    return [Finding(reasons.BEYOND_PDFA, Severity.WARNING, values)]


def _contradictions(pdf: PdfFile) -> list[Finding]:
    """Fields that show something else than their value: the revisions' comparison sees only later changes."""
    try:
        found = contradictions(pdf)
    except DocumentRefused:
        return []
    return [
        Finding(
            reasons.VALUE_NOT_DRAWN,
            Severity.ERROR,
            {
                "field": clean(each.field),
                "value": clean(each.value, 60),
                "drawn": clean(each.drawn or "?", 60),
            },
        )
        for each in found[:_MOST_SHOWN]
    ]


def _external_data(pdf: PdfFile) -> list[Finding]:
    """What is shown from another file stands in no signature, and may be another thing tomorrow."""
    found = external_streams(pdf)
    if not found:
        return []
    numbers = ", ".join(str(num) for num in found[:_MOST_SHOWN])
    return [Finding(reasons.EXTERNAL_DATA, Severity.ERROR, {"numbers": numbers})]


def _empty_fields(pdf: PdfFile) -> list[Finding]:
    try:
        empty = [f for f in form_fields(pdf, pages=False) if f.type == "Sig" and f.value is None]
    except DocumentRefused:
        return []
    if not empty:
        return []
    return [Finding(reasons.EMPTY_SIGNATURE_FIELDS, Severity.INFO, {"count": str(len(empty))})]
