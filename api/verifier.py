"""Validation without a service: one composition for the command line, the HTTP API and our own output."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from policies.validation import AGENCY, ValidationProfile
from signer.ports import RevocationSource
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

    def validate(
        self,
        path: Path,
        trust: TrustAnchors,
        at: datetime | None,
        profile: ValidationProfile = AGENCY,
        password: str | None = None,
    ) -> DocumentReport:
        """One report for the file, as of `at` (now when None)."""
        moment = at or self.clock()
        return validate_online(
            self.sandbox.together(),
            path,
            trust,
            moment,
            profile,
            self.revocation,
            password=password,
            foreseen=self.foreseen,
        )
