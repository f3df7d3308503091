"""What the pages of the clerk's desk are given: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from api.pages.verified import SignatureView
from api.pages.views import Choice, Day, PageImage, TimelineEntry, Urgency
from policies.vocabulary import FieldRole, State


@dataclass(frozen=True, slots=True)
class UploadOptions:
    """What the clerk may choose when bringing in a draft, and what he entered before a refusal."""

    kinds: tuple[Choice, ...]
    leaders: tuple[Choice, ...]
    initials: tuple[Choice, ...]
    limit: int
    kind: str = "QĐ"
    subject: str = ""
    recipients: str = ""
    unit: str = ""
    urgency: int = 0
    chosen: frozenset[str] = frozenset()  # account names ticked as leaders
    chosen_initials: frozenset[str] = frozenset()


Tab = Literal["draft", "circulating", "timestamp", "number", "issue", "issued"]
TABS: tuple[Tab, ...] = ("draft", "circulating", "timestamp", "number", "issue", "issued")


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row of the clerk's desk."""

    id: str
    subject: str
    kind: str
    number: str
    state: State
    urgency: Urgency
    with_whom: str
    since: datetime
    overdue: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True)
class BoxView:
    """A field on a page, in millimetres from the top left of the displayed page."""

    name: str
    role: FieldRole
    label: str
    page: int
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class PrepareView:
    """Fields found (or not) on a draft. `sizes`: width and height in millimetres of each page shown."""

    id: str
    digest: str
    subject: str
    pages: tuple[PageImage, ...]
    sizes: tuple[tuple[float, float], ...]
    page_count: int
    boxes: tuple[BoxView, ...]
    problem: str = ""
    qr: bool = False  # the QR code of the document's public page is wanted


@dataclass(frozen=True, slots=True)
class WorkView:
    """A document at the clerk's desk with everything that happened to it."""

    id: str
    kind: str
    subject: str
    number: str
    date: Day | None
    state: State
    urgency: Urgency
    sender: str
    leaders: tuple[str, ...]
    pages: tuple[PageImage, ...]
    page_count: int
    timeline: tuple[TimelineEntry, ...]
    acts: frozenset[str]  # values of policies.issuing.Act that are possible now for this viewer
    signatures: tuple[SignatureView, ...] = ()
    waiting: bool = False  # an operation is under way: the page looks again by itself
    code: str | None = None
    pdf_url: str | None = None
    receipt_url: str | None = None
    issued_at: datetime | None = None  # from then on it has a public page
    recalled_at: datetime | None = None
    evidence_until: Day | None = None


@dataclass(frozen=True, slots=True)
class NumberView:
    """What the clerk confirms: the number that the register will give and the seal that will be set."""

    id: str
    digest: str
    kind: str
    subject: str
    next_number: str
    own_number: bool  # the document has this number already, from an attempt before
    date: Day
    earliest: Day
    latest: Day
    leader: str
    stamped_at: datetime | None
    seal_holder: str
    page: PageImage | None = None


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """A row of the outgoing register: the ten columns of NĐ 30/2020/NĐ-CP, PL IV."""

    number: str
    date: Day
    kind_and_subject: str
    signer: str
    recipients: str
    keeper: str
    copies: int
    sent_at: Day | None
    received_by: str
    note: str
    voided: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class RegisterView:
    """The outgoing register of a year."""

    agency: str
    year: int
    years: tuple[int, ...]
    kind: str
    kinds: tuple[Choice, ...]
    query: str
    rows: tuple[RegisterRow, ...]
