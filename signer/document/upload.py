"""What the path asks about bytes that come in, in one call of a worker: intake's facts, then PDF/A of what is admitted.

Runs in the sandbox. The caller MUST still hand the facts to `policies.intake.decide`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from policies.intake import DocumentFacts, IntakeProfile, IntakeRefused, decide
from signer.document.intake import examined
from signer.document.pdfa import PdfaReport, check_open


@dataclass(frozen=True, slots=True)
class UploadFacts:
    """Facts of a file; `conformity` only of one that intake admits."""

    facts: DocumentFacts
    conformity: PdfaReport | None = None


def examine_upload(path: Path, profile: IntakeProfile) -> UploadFacts:
    """As `intake.examine_file`, and `pdfa.check` of a file that `profile` admits, over what was parsed already.

    Raises `DocumentRefused` as that check does, and OSError.
    """
    with examined(path, profile.limits) as (facts, pdf):
        try:
            decide(facts, profile)
        except IntakeRefused:
            return UploadFacts(facts)
        return UploadFacts(facts, check_open(pdf) if pdf is not None else None)
