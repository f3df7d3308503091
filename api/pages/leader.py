"""What the pages of the leader's desk are given: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from api.pages.views import PageImage, Urgency


@dataclass(frozen=True, slots=True)
class InboxItem:
    """A document that waits for this leader."""

    id: str
    subject: str
    kind: str
    urgency: Urgency
    sender: str
    since: datetime
    pages: int
    capacity: str
    initial: bool = False
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A document under review. `digest` is of the bytes whose pages are shown, and comes back with the form."""

    id: str
    digest: str
    subject: str
    kind: str
    urgency: Urgency
    sender: str
    since: datetime
    capacity: str
    signer: str
    recipients: str
    pages: tuple[PageImage, ...]
    page_count: int
    initial: bool = False
    notes: tuple[str, ...] = ()
    position: int = 1
    total: int = 1
    next_id: str | None = None


@dataclass(frozen=True, slots=True)
class BatchLine:
    """What became of one document of a batch. `note`: why it was not signed."""

    id: str
    subject: str
    kind: str
    outcome: Literal["done", "waiting", "failed"]
    note: str = ""


@dataclass(frozen=True, slots=True)
class BatchView:
    """A leader's batch: every document by name, signed or not and why."""

    id: str
    at: datetime
    lines: tuple[BatchLine, ...]
    running: bool

    def count(self, outcome: str) -> int:
        return sum(line.outcome == outcome for line in self.lines)
