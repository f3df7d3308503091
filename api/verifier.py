"""Validation without a service: one composition for the command line, the HTTP API and our own output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.unjudged import with_remains
from policies.validation import ValidationProfile
from signer.document.pdfa.context import PdfaLimits
from signer.document.pdfa.report import UNDONE, PdfaReport
from signer.errors import DocumentRefused, SandboxUnavailable
from signer.ports import CertificateSource, RevocationSource
from signer.sandbox import Calls, Sandbox
from signer.trust.anchors import TrustAnchors
from signer.validation.online import Foreseen, validate_online
from signer.validation.values import DocumentReport


@dataclass(frozen=True, slots=True)
class Examined:
    """What the signatures of a file are worth, and beside it whether it is the PDF/A that it says it is."""

    report: DocumentReport
    conformity: PdfaReport


@dataclass(frozen=True, slots=True)
class Verifier:
    """Validation without a service: a sandbox, maybe the network, the clock. All rounds together take no longer than
    one call may."""

    sandbox: Sandbox
    revocation: RevocationSource | None
    clock: Callable[[], datetime]
    foreseen: Foreseen | None = None
    issuers: CertificateSource | None = None

    def validate(
        self,
        path: Path,
        trust: TrustAnchors,
        at: datetime | None,
        profile: ValidationProfile,
        password: str | None = None,
    ) -> DocumentReport:
        """One report for the file, as of `at` (now when None). Raises UnjudgedFile, SandboxUnavailable."""
        return self._validated(self.sandbox.together(), path, trust, at, profile, password)

    def examine(
        self,
        path: Path,
        trust: TrustAnchors,
        at: datetime | None,
        profile: ValidationProfile,
        password: str | None = None,
    ) -> Examined:
        """The same, and PDF/A by our own check in what is left of the time. Raises as `validate`."""
        calls = self.sandbox.together()
        report = self._validated(calls, path, trust, at, profile, password)
        return Examined(report, _conformity(calls, path, password))

    def _validated(
        self,
        calls: Calls,
        path: Path,
        trust: TrustAnchors,
        at: datetime | None,
        profile: ValidationProfile,
        password: str | None,
    ) -> DocumentReport:
        now = self.clock()
        try:
            return validate_online(
                calls,
                path,
                trust.seen(now),
                at or now,
                profile,
                self.revocation,
                password=password,
                foreseen=self.foreseen,
                issuers=self.issuers,
            )
        except DocumentRefused as exc:
            raise with_remains(exc, self.sandbox, path) from exc


def _conformity(calls: Calls, path: Path, password: str | None) -> PdfaReport:
    """Whatever happens here changes no verdict: a check that did not come to its end is not complete, and no yes."""
    try:
        found: PdfaReport = calls.call("signer.document.pdfa:check", path, PdfaLimits(), password or "")
    except (DocumentRefused, SandboxUnavailable):
        return UNDONE
    return found
