"""Errors of the room.

policies.refusals.Refused
└── ArchiveRefused
    ├── StorageRefused        the store's contract forbids it (overwrite, shorten, delete under lock)
    ├── RegisterRefused       number or register rule
    ├── ArchivingStopped      the store does not keep its locks, or is not set up to: nothing more goes in
    └── ProofRefused          a proof, receipt or checkpoint does not hold
        └── StaleSize         a witness last cosigned another size than the request says
ArchiveUnavailable            a store did not answer, or its answer is not known: nothing is called archived
├── LogConflict               another sequencer moved the checkpoint: read again and retry
└── StoreUnavailable          the object store takes nothing now; its reason says what helps
ArchiveDamaged                what was read is not what was written: stop, an operator must look
└── LogBehind                 a larger or another head of the log was seen elsewhere: it was set back, or forked
"""

from __future__ import annotations

from policies.reasons import archiving as reasons
from policies.refusals import Reason, Refused


class ArchiveRefused(Refused):
    """Root of this room's refusals."""


class StorageRefused(ArchiveRefused):
    """The object store's contract forbids the act."""


class RegisterRefused(ArchiveRefused):
    """A number or register rule forbids the act."""


class ArchivingStopped(ArchiveRefused):
    """The lock canary found that the store must not be archived on."""


class ProofRefused(ArchiveRefused):
    """A proof, receipt or checkpoint does not hold."""


class StaleSize(ProofRefused):
    """`size`: what the witness last cosigned, in leaves; 0 for nothing."""

    def __init__(self, size: int) -> None:
        super().__init__(reasons.STALE_SIZE, size=size)
        self.size = size


class ArchiveUnavailable(Exception):
    """A store did not answer, or did not say whether it kept the bytes.

    `reason`, where it is known: why, and what an operator does. Others are told to try again.
    """

    reason: Reason | None = None


class LogConflict(ArchiveUnavailable):
    """The checkpoint row moved under us."""


class StoreUnavailable(ArchiveUnavailable):
    """The object store takes nothing now; `reason` says why, and what an operator does.

    `detail` is for the operator (no secrets). `passing`: trying again within seconds may help by itself, after
    `wait` seconds if the store asked for that.
    """

    reason: Reason

    def __init__(self, reason: Reason, detail: object, *, passing: bool = False, wait: float = 0.0) -> None:
        super().__init__(f"{reason.id} ({detail}): {reason.en}")
        self.reason = reason
        self.detail = str(detail)
        self.passing = passing
        self.wait = wait


class ArchiveDamaged(Exception):
    """Bytes or rows differ from what was committed."""


class LogBehind(ArchiveDamaged):
    """Our log is not the one that others have seen: nothing may be added to it. The text says who saw what."""

    reason: Reason = reasons.LOG_BEHIND
