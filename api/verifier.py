"""Validation without a service: one composition for the command line, the HTTP API and our own output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from api.unjudged import with_remains
from policies.validation import ValidationProfile
from signer.errors import DocumentRefused
from signer.ports import CertificateSource, RevocationSource
from signer.sandbox import Sandbox
from signer.trust.anchors import TrustAnchors
from signer.validation.online import Foreseen, validate_online
from signer.validation.values import DocumentReport


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
        now = self.clock()
        moment = at or now
        try:
            return validate_online(
                self.sandbox.together(),
                path,
                trust.seen(now),
                moment,
                profile,
                self.revocation,
                password=password,
                foreseen=self.foreseen,
                issuers=self.issuers,
            )
        except DocumentRefused as exc:
            raise with_remains(exc, self.sandbox, path) from exc
