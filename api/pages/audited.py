"""What the auditor's pages are given: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from api.pages.proofs import LogView
from policies.vocabulary import Severity


@dataclass(frozen=True, slots=True)
class FsckFinding:
    """Something wrong, and where."""

    id: str
    where: str
    text: str
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class FsckView:
    """A run over objects, catalogue, log and number register."""

    ran_at: datetime | None
    seconds: float
    running: bool
    checked: tuple[tuple[Literal["objects", "catalogue", "log", "numbers", "audit"], int], ...]
    findings: tuple[FsckFinding, ...]
    errors: int = 0  # of which only the first ones may be listed


@dataclass(frozen=True, slots=True)
class TrailEntry:
    """A link of the audit chain."""

    index: int
    at: datetime
    actor: str
    act: str
    subject: str
    outcome: Literal["intent", "done", "failed"]
    digest: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class TrailView:
    """A page of the audit trail. `broken_at`: the first entry whose chain does not hold."""

    entries: tuple[TrailEntry, ...]
    query: str = ""
    broken_at: int | None = None
    older: str | None = None


@dataclass(frozen=True, slots=True)
class AuditorView:
    """The auditor's first page."""

    documents: int
    log: LogView
    fsck: FsckView
    latest: tuple[TrailEntry, ...] = field(default=())
    chain_holds: bool = True
