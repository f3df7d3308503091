"""What the pages of dossiers and holds are given: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from api.pages.views import Choice, TimelineEntry
from policies.dossiers import LANGUAGES, RIGHTS, DossierState
from policies.holds import HoldState
from policies.retention import Ending

Day = date  # fields of that name would hide the type
DossierTab = Literal["open", "closed", "ending"]
DOSSIER_TABS: tuple[DossierTab, ...] = ("open", "closed", "ending")


@dataclass(frozen=True, slots=True)
class KeptView:
    """Until when something is kept: the last day, or why there is none (`policies.retention.Open`)."""

    because: Literal["period", "held", "permanent", "undecided"]
    last_day: Day | None = None


@dataclass(frozen=True, slots=True)
class CodeView:
    """A retention code among which a closing chooses, with its law."""

    code: str
    name: str
    basis: str


@dataclass(frozen=True, slots=True)
class DossierFields:
    """The fields of NĐ 30/2020/NĐ-CP, PL V and VI as a form shows them, also after a refusal."""

    catalog_year: int
    notation: str = ""
    title: str = ""
    heading: str = ""
    creator: str = ""
    start_date: Day | None = None
    rights: str = RIGHTS[0]
    language: str = LANGUAGES[0]
    description: str = ""
    planned_code: str = ""


@dataclass(frozen=True, slots=True)
class DossierForm:
    """A form for a new dossier, or for the fields of one (`id`)."""

    fields: DossierFields
    years: tuple[int, ...]
    rights: tuple[str, ...]
    languages: tuple[str, ...]
    codes: tuple[CodeView, ...]
    today: Day
    id: str = ""
    code: str = ""
    version: int = 0


@dataclass(frozen=True, slots=True)
class DossierItem:
    """A row of the list of dossiers."""

    id: str
    code: str
    title: str
    heading: str
    state: DossierState
    opened_at: datetime
    entries: int
    retention: str = ""
    last_day: Day | None = None  # on which it is kept, in the list of those that end
    ending: Ending | None = None


@dataclass(frozen=True, slots=True)
class DossiersView:
    """A tab of the list of dossiers."""

    tab: DossierTab
    counts: dict[DossierTab, int | None]  # None: not counted for a page
    items: tuple[DossierItem, ...]
    query: str
    older: str | None
    form: DossierForm | None  # None: the viewer opens none
    notice_days: int = 0  # how long before its end a period is listed


@dataclass(frozen=True, slots=True)
class EntryView:
    """A line of a dossier. `document` and `file` are ids; one of them is empty. `ordinal` is the entry's own number,
    `position` its place in the list."""

    position: int
    ordinal: int
    document: str
    file: str
    number: str
    date: Day | None
    subject: str
    author: str
    pages: int
    note: str
    filed_by: str
    filed_at: datetime
    size: int = 0
    removable: bool = False


@dataclass(frozen=True, slots=True)
class HoldView:
    """A legal hold with who did what, and what the viewer may do now."""

    id: str
    state: HoldState
    over: str  # the dossier's code and title, or the documents' numbers
    links: tuple[Choice, ...]  # to what it is over: (address, text)
    reason: str
    basis: str
    placed_by: str
    placed_at: datetime
    asked_by: str = ""
    asked_at: datetime | None = None
    asked_reason: str = ""
    decided_by: str = ""
    released_at: datetime | None = None
    acts: frozenset[str] = frozenset()  # values of policies.holds.HoldAct
    own_request: bool = False  # the viewer asked for the release, so somebody else decides


@dataclass(frozen=True, slots=True)
class DossierView:
    """One dossier: its fields, what lies in it, what may be done."""

    id: str
    version: int
    code: str
    fields: DossierFields
    state: DossierState
    planned: str
    retention: CodeView | None
    work_ended: Day | None
    kept: KeptView
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    entries: tuple[EntryView, ...]
    total: int
    next_entry: int | None  # how many lines come before those that are not shown
    acts: frozenset[str]  # values of policies.dossiers.DossierAct, and "hold"
    holds: tuple[HoldView, ...]
    timeline: tuple[TimelineEntry, ...]
    limit: int


@dataclass(frozen=True, slots=True)
class FileableItem:
    """An issued document that may be filed."""

    id: str
    number: str
    date: Day | None
    kind: str
    subject: str
    filed: bool


@dataclass(frozen=True, slots=True)
class AddView:
    """Documents to choose from for one dossier."""

    id: str
    code: str
    title: str
    items: tuple[FileableItem, ...]
    query: str
    older: str | None


@dataclass(frozen=True, slots=True)
class FileView:
    """Dossiers to choose from for one document."""

    id: str
    subject: str
    number: str
    inside: tuple[DossierItem, ...]
    items: tuple[DossierItem, ...]
    query: str
    older: str | None


@dataclass(frozen=True, slots=True)
class CloseView:
    """What a closing decides."""

    id: str
    version: int
    code: str
    title: str
    total: int
    codes: tuple[CodeView, ...]
    chosen: str
    earliest: Day
    today: Day
    work_ended: Day


@dataclass(frozen=True, slots=True)
class HoldForm:
    """What is to be held, and what was entered before a refusal."""

    over: tuple[Choice, ...]  # (id, text) of documents, or of one dossier
    is_dossier: bool
    reason: str = ""
    basis: str = ""
    back: str = "/desk/holds"


@dataclass(frozen=True, slots=True)
class HoldsView:
    """A page of the holds."""

    items: tuple[HoldView, ...]
    older: str | None
    may_place: bool
    over: bool = False  # those that are over, too


@dataclass(frozen=True, slots=True)
class FiledView:
    """Of a document: where it lies, until when it is kept, what holds it."""

    dossiers: tuple[DossierItem, ...]
    kept: KeptView
    holds: tuple[HoldView, ...] = field(default=())
