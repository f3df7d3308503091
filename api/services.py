"""The services of one process, as one value that is handed around. Made in `api.wiring`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from threading import BoundedSemaphore
from typing import Protocol, Self

from api.claim import Claim
from api.demo.pki import DemoPki
from api.endings import Endings
from api.gate import ArchivingGate, OpenGate
from api.identity import LocalIdentity
from api.jobs import Jobs
from api.kept_reports import KeptReports
from api.keyring import KeyRing
from api.keys_in_use import KeysHeld, KeysInUse
from api.line import Line, Places
from api.messages import Messages, NobodyElse
from api.metrics import Metrics
from api.processes import Alone, Processes
from api.proofs import Proofs
from api.settings import Settings
from api.stamps import Stamps
from api.store import idempotency
from api.tickets import Tickets
from api.traffic import Traffic
from api.transactions import Transactions
from api.turns import Taking, Turns
from archive.ports import ObjectStore, WorkArea
from policies.intake import IntakeProfile
from policies.retention import Rule
from policies.validation import ValidationProfile
from signer.creation.native.drawing import Stamps as DrawnStamps
from signer.keys.checks import SigningRules
from signer.ports import CertificateSource, RevocationSource, TimestampAuthority
from signer.sandbox import Sandbox
from signer.trust.anchors import TrustAnchors
from signer.validation.online import Foreseen
from signer.validation.values import DocumentReport

WORKING = (
    8  # documents that are being stamped, validated or archived at once: some wait for the disk or the log
)
VISITS = 8  # verifications for strangers under way or waiting; more are told to come again


class Part(StrEnum):
    """What one process does. Alone it does everything; among others it answers requests, or works."""

    EVERYTHING = "everything"
    API = "api"
    WORKER = "worker"


class Sweepable(Protocol):
    def sweep(self) -> None:
        """Remove what interrupted writers left. At start, before anyone writes."""


class Watch(Protocol):
    """The lock canary: `api.canary`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Cache(Protocol):
    def trim(self, before: datetime) -> None:
        """Forget what was not used since; it is found again where it came from."""


class Pinned(Protocol):
    """A store in which repaired objects are their whole copies: `archive.storage.pinned`."""

    def forget(self) -> None:
        """Something was repaired just now."""


class Upkeep(Protocol):
    """Work that nobody asked for: `api.upkeep`, `api.nights`."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass(frozen=True, slots=True)
class LastStamp:
    """How the time-stamp authority did when it was last asked; `failure` names the kind of error."""

    at: datetime
    failure: str | None

    def told(self) -> list[str | None]:
        """For other processes."""
        return [self.at.isoformat(), self.failure]

    @classmethod
    def of(cls, told: list[str | None]) -> Self:
        at, failure = told
        return cls(datetime.fromisoformat(at or ""), failure)


@dataclass
class Services:
    settings: Settings
    clock: Callable[[], datetime]
    pause: Callable[[float], None]
    transactions: Transactions
    store: ObjectStore
    work_area: WorkArea
    sandbox: Sandbox
    background: Sandbox
    visitors: Sandbox  # for files that anybody may bring: other processes, each used once
    identity: LocalIdentity
    keys: KeyRing
    stamps: Stamps
    trust: TrustAnchors
    profiles: dict[str, ValidationProfile]  # by name
    revocation: RevocationSource
    signing_rules: SigningRules
    tsa: TimestampAuthority
    intake_profile: IntakeProfile
    proofs: Proofs
    retention: tuple[Rule, ...]
    issuers: CertificateSource | None = None  # of whom strangers' files may make us ask
    part: Part = Part.EVERYTHING
    inner_store: ObjectStore | None = None  # beneath `store`, where that one knows of repairs
    pinned: Pinned | None = None
    second: ObjectStore | None = None  # with credentials of its own; copies of everything archived
    traffic: Traffic = field(default_factory=Traffic)
    leftovers: tuple[Sweepable, ...] = ()  # what interrupted writers left, where no others write
    gate: ArchivingGate = field(default_factory=OpenGate)
    second_gate: ArchivingGate = field(default_factory=OpenGate)  # nothing waits for it: it is told
    canary: Watch | None = None
    stale: tuple[Sweepable, ...] = ()  # what writers left that were interrupted long ago
    caches: tuple[Cache, ...] = ()
    demo: DemoPki | None = None
    processes: Processes = field(default_factory=Alone)
    messages: Messages = field(default_factory=NobodyElse)
    asking: Places = field(init=False)  # held while the time-stamp authority is asked, and for nothing else
    working: Line = field(init=False)  # held while a document is worked on, never while one waits for a token
    jobs: Jobs = field(init=False)
    upkeep: Upkeep = field(init=False)
    nights: Upkeep = field(init=False)
    reports: dict[str, DocumentReport] = field(default_factory=dict)
    sealed: KeptReports = field(default_factory=KeptReports)
    turns: Taking = field(default_factory=Turns)
    endings: Endings = field(default_factory=Endings)
    keys_in_use: KeysHeld = field(default_factory=KeysInUse)
    last_stamp: LastStamp | None = None
    drawn: DrawnStamps = field(default_factory=DrawnStamps)
    metrics: Metrics = field(default_factory=Metrics)
    foreseen: Foreseen = field(default_factory=Foreseen)
    visits: BoundedSemaphore = field(default_factory=lambda: BoundedSemaphore(VISITS))

    def __post_init__(self) -> None:
        self._recovered = False
        self.asking = Line(self.settings.tsa_parallel)
        self.working = Line(WORKING)
        self.claim = Claim(self.settings.data_dir / "antin.lock")

    @property
    def tickets(self) -> Tickets:
        """Under a key that all processes of the deployment can make, and nobody else."""
        return Tickets(self.proofs.key.secret().encode())

    @property
    def shared(self) -> bool:
        """Whether other processes work on the same data."""
        return self.processes.shared

    @property
    def works(self) -> bool:
        """Whether this process takes jobs, numbers leaves and looks after what nobody does."""
        return self.part is not Part.API

    @property
    def bare_store(self) -> ObjectStore:
        """The first store itself: for whoever names the versions of the catalogue's rows."""
        return self.inner_store or self.store

    def busy(self) -> bool:
        """Whether anybody waits for this process now: what can wait steps back."""
        return self.traffic.busy() or self.working.taken > 0

    def repaired(self) -> None:
        """Whoever reads by key alone looks anew which versions repairs wrote."""
        if self.pinned is not None:
            self.pinned.forget()

    def recover(self) -> None:
        """What a crash left is finished by the code of the happy path; alone on the data from here on, unless it is
        shared.

        Raises SettingsError when another process serves data that are not shared, ArchiveRefused when they are
        another deployment's, ArchiveDamaged when the log must not go on.
        """
        if self.shared:
            self.proofs.recover()
        else:
            self._recover_alone()
        self._recovered = True

    def _recover_alone(self) -> None:
        self.claim.take()
        try:
            for each in self.leftovers:
                each.sweep()
            with self.transactions.write() as conn:
                idempotency.forget_unanswered(conn)
            self.proofs.recover()
        except BaseException:
            self.claim.release()
            raise

    def start(self) -> None:
        """Recovery first, unless `recover` was called, then workers."""
        if not self._recovered:
            self.recover()
        self.processes.start()
        self.messages.start()
        if self.canary is not None:
            self.canary.start()
        self.sandbox.warm()
        self.proofs.start()
        self.jobs.start()
        self.upkeep.start()
        if self.works:
            self.nights.start()

    def closing(self) -> None:
        """Who waits for something that this process may not live to see is sent away."""
        self.endings.close()

    def stop(self) -> None:
        """In a few seconds, however slow the authority is: a question that is then under way is given up.

        Jobs that did not end are taken up at the next start, as after a kill; where there are others, by them, now.
        """
        self.closing()
        self.nights.stop()
        self.upkeep.stop()
        if self.canary is not None:
            self.canary.stop()
        self.asking.close()
        self.working.close()
        self.turns.close()
        self.jobs.stop()
        self.tsa.close()
        self.proofs.stop()
        self.processes.stop()
        self.messages.stop()
        self.sandbox.close()
        self.visitors.close()
        self.background.close()
        self.transactions.close()
        self.claim.release()
        self._recovered = False
