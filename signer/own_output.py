"""What the service made itself, judged in one call of a worker: validation, the second opinion, PDF/A.

The second opinion opens and reads the file for itself and shares no code with the first; the process they share, as
calls of their own would too, since a pool hands out the worker that was used last. PDF/A, a rule and no opinion on a
signature, goes on with what validation has parsed. Runs in the sandbox.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from policies.validation import ValidationProfile
from policies.vocabulary import Indication
from signer.crosscheck import independent
from signer.crosscheck.independent import Expectation
from signer.document import pdfa
from signer.document.pdfa import PdfaReport
from signer.document.reader import PdfFile
from signer.trust.anchors import TrustAnchors
from signer.validation import process
from signer.validation.values import DocumentReport, Evidence, SignedDigest

PARTS = 3  # each may take as long as a call alone


@dataclass(frozen=True, slots=True)
class OwnOutput:
    """`agreed`: the second opinion was asked and is the same; never where the first is no pass. `conformity` only
    where it was asked for."""

    report: DocumentReport
    agreed: bool = False
    conformity: PdfaReport | None = None


def judge(
    path: Path,
    trust: TrustAnchors,
    at: datetime,
    profile: ValidationProfile,
    evidence: Evidence,
    digests: tuple[SignedDigest, ...],
    expectation: Expectation,
    conformity: bool,
) -> OwnOutput:
    """All opinions on the file, or the first alone when it is no TOTAL-PASSED (EN 319 102-1, 5.1.3).

    Raises `CrossCheckFailed` when the second differs, and `DocumentRefused` as `process.run` and `pdfa.check`.
    """
    with PdfFile.open(path, password="") as pdf:
        report = process.judged(pdf, trust, at, profile, evidence, digests)
        if report.verdict.indication is not Indication.TOTAL_PASSED:
            return OwnOutput(report)
        independent.check(path, expectation)
        return OwnOutput(report, agreed=True, conformity=pdfa.check_open(pdf) if conformity else None)
