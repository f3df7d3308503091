"""What the canary's acts, verdicts and reports are made of. Times are aware UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from archive.errors import ArchiveUnavailable
from policies.refusals import Both
from policies.vocabulary import LockMode


class Who(StrEnum):
    """As whom a request is sent."""

    SERVICE = "service"  # the credentials that the service archives with
    WEAKER = "weaker"  # credentials of somebody with fewer rights, when the operator gave some
    NOBODY = "nobody"  # without a signature
    FORGER = "forger"  # the service's name with a secret that is not its own


class Flaw(StrEnum):
    """What is wrong with an upload, so that a server that looks must refuse it."""

    MD5 = "Content-MD5"
    CHECKSUM = "x-amz-checksum-sha256"
    SIGNED_HASH = "x-amz-content-sha256"


class Trouble(StrEnum):
    """Why a server gave no verdict."""

    UNREACHABLE = "unreachable"  # no connection, or it broke off, or no answer in time
    CERTIFICATE = "certificate"
    CREDENTIALS = "credentials"  # unknown, wrong or expired
    CLOCK = "clock"  # the server finds our time too far from its own
    FORBIDDEN = "forbidden"  # the credentials may not read what the check must read
    NO_BUCKET = "no-bucket"
    BUSY = "busy"  # 5xx: it answers, and does not work
    FULL = "full"  # no room, or at its quota
    STRANGE = "strange"  # an answer that is not S3's


class ProbeUnanswered(ArchiveUnavailable):
    """The server gave no verdict; `trouble` says why. No answer is not a yes."""

    def __init__(self, trouble: Trouble, detail: str) -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble, self.detail = trouble, detail


@dataclass(frozen=True, slots=True)
class Lock:
    """A retention of one version, to the whole second that servers keep."""

    mode: LockMode
    until: datetime

    def as_strong_as(self, other: Lock) -> bool:
        """Whether this lock ends no earlier than the other and is no softer."""
        softer = other.mode is LockMode.COMPLIANCE and self.mode is not LockMode.COMPLIANCE
        return self.until >= other.until and not softer


@dataclass(frozen=True, slots=True)
class LockRule:
    """The bucket's default retention: None for a bucket that has Object Lock and no default."""

    mode: LockMode | None = None
    days: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered to one act: HTTP status, S3's error code, the version that it made."""

    status: int
    code: str = ""
    version: str = ""

    @property
    def accepted(self) -> bool:
        return 200 <= self.status < 300

    def __str__(self) -> str:
        return f"{self.status} {self.code}".strip()


@dataclass(frozen=True, slots=True)
class Seen:
    """A version as it was read: bytes, retention, legal hold."""

    data: bytes
    lock: Lock | None
    hold: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of the listing of versions."""

    key: str
    version: str
    marker: bool


class Outcome(StrEnum):
    HELD = "held"
    BROKEN = "broken"
    NOT_TRIED = "not-tried"
    NO_ANSWER = "no-answer"


class Weight(StrEnum):
    """FATAL stops archiving. WARNING is made up for by this service, or is the operator's to close."""

    FATAL = "fatal"
    WARNING = "warning"


class Kind(StrEnum):
    """CHECK: how the store is set up. ATTEMPT: an act that a sound server does not let happen."""

    CHECK = "check"
    ATTEMPT = "attempt"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`detail` is what the server said and what was read then: its codes, words of ours, no addresses, no dates.
    `why`: why it was not tried, or gave no answer."""

    outcome: Outcome
    detail: str = ""
    why: Both | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. `sentence` says what it means and what to do, for what did not hold."""

    id: str
    kind: Kind
    weight: Weight
    outcome: Outcome
    detail: str
    tried: Both
    sentence: Both


@dataclass(frozen=True, slots=True)
class Elder:
    """A locked version that a run left for the next one to find: nothing may take it away overnight."""

    key: str
    version: str
    sha256: str
    lock: Lock


class Conclusion(StrEnum):
    SOUND = "sound"  # archiving may go on
    BROKEN = "broken"  # an attempt succeeded that must not
    UNUSABLE = "unusable"  # the store is not set up as it must be
    NO_ANSWER = "no-answer"  # what had to be known is not known


@dataclass(frozen=True, slots=True)
class Report:
    """All of one run. `store` names endpoint and bucket, `server` what the server calls itself."""

    store: str
    server: str
    at: datetime
    seconds: float
    findings: tuple[Finding, ...]
    elders: tuple[Elder, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def failing(self) -> tuple[Finding, ...]:
        """The findings that stop archiving, in the order of the report."""
        return tuple(f for f in self.findings if f.weight is Weight.FATAL and f.outcome in _STOPPING)

    def warnings(self) -> tuple[Finding, ...]:
        """What to look at though archiving goes on."""
        return tuple(f for f in self.findings if f.weight is Weight.WARNING and f.outcome in _STOPPING)

    @property
    def conclusion(self) -> Conclusion:
        """One verdict: what is broken weighs more than what is not set up, that more than what is not known."""
        failing = self.failing()
        broken = [finding for finding in failing if finding.outcome is Outcome.BROKEN]
        if any(finding.kind is Kind.ATTEMPT for finding in broken):
            return Conclusion.BROKEN
        if broken:
            return Conclusion.UNUSABLE
        return Conclusion.NO_ANSWER if failing or not self.findings else Conclusion.SOUND


_STOPPING = frozenset({Outcome.BROKEN, Outcome.NO_ANSWER})
