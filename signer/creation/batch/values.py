"""The values of a batch. All of them have a wire form."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from policies.refusals import Reason, Refused
from signer.stamping.appearance import Appearance

_SLOW_DISK = 5_000_000  # bytes a second, read and written


@dataclass(frozen=True, slots=True)
class Job:
    """One document: `source` is signed into `out`, which must not exist, in a folder that does.

    `make_field`: `field` does not exist yet; an invisible one is made. The rest is as in `SignatureRequest`;
    `name` is the certificate's subject when empty.
    """

    source: Path
    out: Path
    field: str
    make_field: bool = False
    name: str = ""
    appearance: Appearance | None = None
    fills: Mapping[str, str] = dataclasses.field(default_factory=dict)
    reason: str = ""
    location: str = ""


@dataclass(frozen=True, slots=True)
class Factory:
    """Makes the key session of a process: `target` is `module:function`, called with `arguments`, answers a
    `KeySession`. They reach the process over a pipe: never by its command line or its environment."""

    target: str
    arguments: Mapping[str, object] = dataclasses.field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """`processes` that hold the key. `bundle`: documents that a process takes at once, so that they share the
    waits for the disk; `bundle_bytes` closes a bundle earlier. `window`: documents that may be finished and not yet
    handed over, because an earlier one is slow. `waiting`: signatures that a process keeps while their time-stamps
    are on the way. `stamps`: questions to the authority in flight at once, over all processes. `tries`: processes
    that may die over one document. `sandbox_seconds`: for the reading of one document. `document_seconds`: how long a
    process may be silent for each document that it has in hand, on top of what a slow disk takes for its bytes,
    before it is killed. `unanswered`: documents in a row for which the key was used, and key or authority did not
    answer, after which the batch ends: the rest waits for a rerun."""

    processes: int = 2
    bundle: int = 16
    bundle_bytes: int = 64 << 20
    window: int = 4_096
    waiting: int = 32
    stamps: int = 4
    tries: int = 3
    sandbox_seconds: float = 120.0
    document_seconds: float = 300.0
    unanswered: int = 8

    def seconds(self, sizes: Iterable[int]) -> float:
        """For documents of so many bytes."""
        return sum(self.document_seconds + size / _SLOW_DISK for size in sizes)


class Status(StrEnum):
    """What became of a document."""

    SIGNED = "signed"
    DONE_BEFORE = "done-before"  # by an earlier run of the same batch; nothing was done now
    REFUSED = "refused"  # bad input or a rule; the same again would be refused again
    FAILED = "failed"  # something did not answer or broke; a rerun may help


@dataclass(frozen=True, slots=True)
class Failure:
    """A typed refusal, or what stopped a document, as a value. `refused`: the document's own fault."""

    reason: Reason
    values: Mapping[str, object]
    refused: bool = True

    def text(self, language: str = "vi") -> str:
        """The sentence in `vi` or `en`."""
        return Refused(self.reason, **self.values).text(language)

    @classmethod
    def of(cls, exc: Refused) -> Failure:
        """A refusal that was raised."""
        return cls(exc.reason, {name: _plain(value) for name, value in exc.values.items()})

    @classmethod
    def fault(cls, reason: Reason, **values: object) -> Failure:
        """Not the document's own fault."""
        return cls(reason, {name: _plain(value) for name, value in values.items()}, refused=False)


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float) or dataclasses.is_dataclass(value) else str(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One job's end. `failure` for those that are not signed. `lost_uses`: how often the key may have been used
    for this document without an output, because a process died in between. `lost_pdfa`: see `Draft`."""

    job: Job
    status: Status
    failure: Failure | None = None
    lost_uses: int = 0
    lost_pdfa: str = ""

    @property
    def good(self) -> bool:
        """Whether the output is there."""
        return self.failure is None


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a batch is: documents by status, and those in hand."""

    signed: int = 0
    done_before: int = 0
    refused: int = 0
    failed: int = 0
    in_hand: int = 0

    @property
    def finished(self) -> int:
        return self.signed + self.done_before + self.refused + self.failed
