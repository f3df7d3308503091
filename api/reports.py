"""Sealed reports of the service. One use of the report's key each: check certificate → audit intent → seal → result.
Whoever asks the same again within minutes gets what was sealed then (`api.kept_reports`).

The audit names no file of a stranger, only the digest of the report that was sealed: nothing of an upload is kept.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from fastapi import Response

from api.pages.verified import VerificationView
from api.presenters.report_pages import printed
from api.presenters.signatures import Checked, known
from api.sealing import sealed_pdf, sealed_xml
from api.services import Services
from api.store import audit
from api.verification import Verification
from api.views import file_name
from api.work import SYSTEM
from archive.catalogue.values import Document
from signer import wire
from signer.errors import SandboxUnavailable
from signer.keys.checks import check_before_signing, subject_of
from signer.ports import SigningKey
from signer.reporting.values import ReportedFile

Form = Literal["xml", "pdf"]
MEDIA_TYPES: dict[Form, str] = {"xml": "application/xml", "pdf": "application/pdf"}
ACT = "report"
Seal = Callable[[SigningKey], bytes]
STRANGER = "report"  # the audit's subject for bytes that are not ours


@dataclass(frozen=True)
class Reports:
    """What a validation found, for those who were not there. Nothing leaves without its seal."""

    services: Services

    def kept(self, document: Document, sha256: str) -> Checked:
        """One version of a document of ours, as it is judged now."""
        verification = Verification(self.services)
        report = verification.kept_report(sha256)
        size = self.services.work_area.work_path(sha256).stat().st_size
        return Checked(file_name(document), size, sha256, report, verification.ours(sha256))

    def answer(self, checked: Checked, form: Form, language: str) -> Response:
        """The sealed report as a file to be saved.

        Raises SigningRefused NO_SEAL, DocumentRefused NOTHING_SIGNED (XML), SandboxUnavailable when too many are
        being made already, and what signing raises.
        """
        question, seal = self._xml(checked) if form == "xml" else self._pdf(checked, language)
        made = self._kept(question, checked, seal) if checked.ours else self._made(checked, seal)
        name = f"bao-cao-{checked.sha256[:12]}.{form}"
        headers = {"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"}
        return Response(made, media_type=MEDIA_TYPES[form], headers=headers)

    def _kept(self, question: str, checked: Checked, seal: Seal) -> bytes:
        """Of what is ours alone: nothing of a stranger's upload is kept."""
        sealed = self.services.sealed
        made = sealed.find(question, self.services.clock())
        if made is None:
            made = self._made(checked, seal)
            sealed.keep(question, made, self.services.clock())
        return made

    def _made(self, checked: Checked, seal: Seal) -> bytes:
        if not self.services.visits.acquire(blocking=False):
            raise SandboxUnavailable("too many reports at once")
        try:
            return self._sealed(checked, seal)
        finally:
            self.services.visits.release()

    def _xml(self, checked: Checked) -> tuple[str, Seal]:
        file = ReportedFile(checked.file_name, checked.size, checked.sha256)
        at = self.services.clock()
        question = _question("xml", wire.dumps((file, checked.report)))
        return question, lambda key: sealed_xml(checked.report, file, key, at)

    def _pdf(self, checked: Checked, language: str) -> tuple[str, Seal]:
        at, view = self.services.clock(), known(self.services, checked, language)
        question = _question("pdf", language, repr(_lasting(view)))
        return question, lambda key: sealed_pdf(printed(view, language), key, at, self.services.visitors)

    def _sealed(self, checked: Checked, seal: Seal) -> bytes:
        """After a crash between intent and result the audit shows an intent alone, and nobody has the report."""
        key = self.services.keys.report
        check_before_signing(key, self.services.clock(), self.services.signing_rules)
        subject = checked.ours.document.id if checked.ours else STRANGER
        facts = {"certificate": subject_of(key.certificate)}
        self._audit(subject, "intent", facts)
        try:
            self.services.processes.lease()
            made = seal(key)
        except Exception as exc:
            self._audit(subject, "failed", {**facts, "fault": type(exc).__name__})
            raise
        self._audit(subject, "result", {**facts, "sha256": hashlib.sha256(made).hexdigest()})
        return made

    def _audit(self, subject: str, phase: str, detail: dict[str, str]) -> None:
        agency, at = self.services.settings.agency_code, self.services.clock()
        with self.services.transactions.write() as conn:
            audit.write(
                conn, agency, actor=SYSTEM, act=ACT, phase=phase, subject=subject, detail=dict(detail), at=at
            )


def _question(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _lasting(view: VerificationView) -> VerificationView:
    """What a report says, but for how far the log has grown: with every document of the house it would be another."""
    if view.kept is None or view.kept.proof is None:
        return view
    witnesses = tuple(replace(each, at=view.checked_at) for each in view.kept.proof.witnesses)
    return replace(view, kept=replace(view.kept, proof=replace(view.kept.proof, size=0, witnesses=witnesses)))
