"""The services of one process, as one value that is handed around. Made in `api.wiring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from api.demo.pki import DemoPki
from api.identity import LocalIdentity
from api.jobs import Jobs
from api.keyring import KeyRing
from api.proofs import Proofs
from api.settings import Settings
from api.stamps import Stamps
from api.transactions import Transactions
from archive.ports import ObjectStore, WorkArea
from policies.intake import IntakeProfile
from signer.keys.checks import SigningRules
from signer.ports import RevocationSource, TimestampAuthority
from signer.sandbox import Sandbox
from signer.trust.anchors import TrustAnchors
from signer.validation.online import Foreseen
from signer.validation.values import DocumentReport


class Store(ObjectStore, WorkArea, Protocol):
    """Objects and the work area behind one adapter."""


@dataclass
class Services:
    settings: Settings
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    transactions: Transactions
    store: Store
    sandbox: Sandbox
    identity: LocalIdentity
    keys: KeyRing
    stamps: Stamps
    trust: TrustAnchors
    revocation: RevocationSource
    signing_rules: SigningRules
    tsa: TimestampAuthority
    intake_profile: IntakeProfile
    proofs: Proofs
    demo: DemoPki | None = None
    jobs: Jobs = field(init=False)
    reports: dict[str, DocumentReport] = field(default_factory=dict)
    foreseen: Foreseen = field(default_factory=Foreseen)

    def start(self) -> None:
        """Recovery first, then workers: what a crash left is finished by the code of the happy path."""
        self.proofs.start()
        self.jobs.start()

    def stop(self) -> None:
        self.jobs.stop()
        self.proofs.stop()
        self.sandbox.close()
        self.transactions.close()
