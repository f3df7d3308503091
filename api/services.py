"""The services of one process, as one value that is handed around. Made in `api.wiring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import BoundedSemaphore
from typing import Protocol

from api.claim import Claim
from api.demo.pki import DemoPki
from api.endings import Endings
from api.identity import LocalIdentity
from api.jobs import Jobs
from api.keyring import KeyRing
from api.line import Line
from api.metrics import Metrics
from api.proofs import Proofs
from api.settings import Settings
from api.stamps import Stamps
from api.store import idempotency
from api.store.idempotency import KeysInUse
from api.transactions import Transactions
from api.turns import Turns
from archive.ports import ObjectStore, WorkArea
from policies.intake import IntakeProfile
from policies.retention import Rule
from signer.creation.native.drawing import Stamps as DrawnStamps
from signer.keys.checks import SigningRules
from signer.ports import RevocationSource, TimestampAuthority
from signer.sandbox import Sandbox
from signer.trust.anchors import TrustAnchors
from signer.validation.online import Foreseen
from signer.validation.values import DocumentReport

WORKING = (
    8  # documents that are being stamped, validated or archived at once: some wait for the disk or the log
)
VISITS = 8  # verifications for strangers under way or waiting; more are told to come again


class Store(ObjectStore, WorkArea, Protocol):
    """Objects and the work area behind one adapter."""

    def sweep(self) -> None:
        """Remove what interrupted writers left. At start, before anyone writes."""


class Upkeep(Protocol):
    """Work that nobody asked for: `api.upkeep`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LastStamp:
    """How the time-stamp authority did when it was last asked; `failure` names the kind of error."""

    at: datetime
    failure: str | None


@dataclass
class Services:
    settings: Settings
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    transactions: Transactions
    store: Store
    sandbox: Sandbox
    background: Sandbox
    visitors: Sandbox  # for files that anybody may bring: other processes, each used once
    identity: LocalIdentity
    keys: KeyRing
    stamps: Stamps
    trust: TrustAnchors
    revocation: RevocationSource
    signing_rules: SigningRules
    tsa: TimestampAuthority
    intake_profile: IntakeProfile
    proofs: Proofs
    retention: tuple[Rule, ...]
    demo: DemoPki | None = None
    asking: Line = field(init=False)  # held while the time-stamp authority is asked, and for nothing else
    working: Line = field(init=False)  # held while a document is worked on, never while one waits for a token
    jobs: Jobs = field(init=False)
    upkeep: Upkeep = field(init=False)
    reports: dict[str, DocumentReport] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    endings: Endings = field(default_factory=Endings)
    keys_in_use: KeysInUse = field(default_factory=KeysInUse)
    last_stamp: LastStamp | None = None
    holds_enforced: bool = True  # the stores showed every hold when they were last told
    drawn: DrawnStamps = field(default_factory=DrawnStamps)
    metrics: Metrics = field(default_factory=Metrics)
    foreseen: Foreseen = field(default_factory=Foreseen)
    visits: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(VISITS))

    def __post_init__(self) -> None:
        self.asking = Line(self.settings.tsa_parallel)
        self.working = Line(WORKING)
        self.claim = Claim(self.settings.data_dir / "antin.lock")

    def recover(self) -> None:
        """Alone on the data from here on; what a crash left is finished by the code of the happy path.

        Raises SettingsError when another process serves this data, ArchiveDamaged when the log must not go on.
        """
        self.claim.take()
        try:
            self.store.sweep()
            with self.transactions.write() as conn:
                idempotency.forget_unanswered(conn)
            self.proofs.recover()
        except BaseException:
            self.claim.release()
            raise

    def start(self) -> None:
        """Recovery first, unless `recover` was called, then workers."""
        if not self.claim.held:
            self.recover()
        self.sandbox.warm()
        self.proofs.start()
        self.jobs.start()
        self.upkeep.start()

    def stop(self) -> None:
        """In a few seconds, however slow the authority is: a question that is then under way is given up.

        Jobs that did not end are taken up at the next start, as after a kill.
        """
        self.upkeep.stop()
        self.asking.close()
        self.working.close()
        self.jobs.stop()
        self.tsa.close()
        self.proofs.stop()
        self.sandbox.close()
        self.visitors.close()
        self.background.close()
        self.transactions.close()
        self.claim.release()
