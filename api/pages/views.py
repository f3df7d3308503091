"""What each page is given: plain frozen values. Routes fill them, templates only show them.

Times are aware datetimes (UTC), sizes bytes, lengths on pages millimetres from the top left corner of the page
as it is displayed. `indication`, `coverage` and the like carry the values of `policies.vocabulary`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from policies.vocabulary import (
    Changes,
    Coverage,
    FieldRole,
    Indication,
    Integrity,
    Level,
    Role,
    Severity,
    State,
    SubIndication,
)

Day = date  # fields of that name would hide the type
Urgency = Literal[0, 1, 2, 3]  # thường, khẩn, thượng khẩn, hỏa tốc


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in. `csrf` goes into every form."""

    name: str
    title: str
    roles: frozenset[Role]
    csrf: str


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page rendered by the server from the very bytes. `width`, `height`: pixels; `text`: for screen readers."""

    number: int
    url: str
    width: int
    height: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence of a validation."""

    id: str
    severity: Severity
    text: str


@dataclass(frozen=True, slots=True)
class SignatureView:
    """One signature or time-stamp, with what TT 15/2025/TT-BKHCN wants shown to whoever checks it."""

    field: str
    indication: Indication
    sub_indication: SubIndication | None
    integrity: Integrity
    coverage: Coverage
    changes: Changes
    level: Level
    signer: str
    title: str = ""
    organisation: str = ""
    issuer: str = ""
    managing_body: str = ""
    trust_domain: str = ""  # in words, of the reader's language
    signing_time: datetime | None = None
    time_is_stamped: bool = False
    valid_at_signing: bool | None = None
    certificate_from: datetime | None = None
    certificate_to: datetime | None = None
    change_items: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class Witness:
    """Another body that cosigned a head of the log, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a document stands in the log. `witnesses`: who cosigned a head that has it."""

    index: int
    size: int
    logged_at: datetime
    witnesses: tuple[Witness, ...] = ()


@dataclass(frozen=True, slots=True)
class Kept:
    """What the archive knows of a file that was checked: ours, and in which state."""

    code: str
    number: str
    state: State
    archived_at: datetime
    recalled_at: datetime | None = None
    replaced_by: str | None = None
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class SeenPage:
    """A page that looks different; pictures are data addresses, None where there was, or is, no such page."""

    number: int
    signed: str | None
    now: str | None


@dataclass(frozen=True, slots=True)
class SeenState:
    """What changed to the eye after the signatures of `fields`; `problem` says why there are no pictures."""

    fields: str
    pages: tuple[SeenPage, ...]
    different: int = 0
    compared: int = 0
    total: int = 0
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One certificate, answer or time-stamp that was used: `kind` as `signer.validation.pieces` names it."""

    kind: str
    subject: str
    time: datetime | None
    sha256: str


@dataclass(frozen=True, slots=True)
class ConformityFinding:
    """One rule of PDF/A that is broken, with what it is about; `object` is 0 for the file itself. `text` is English."""

    rule: str
    area: str
    object: int
    text: str


@dataclass(frozen=True, slots=True)
class ConformityView:
    """Whether the file is the PDF/A that it says it is; `against` is what it was judged by, such as "2B"."""

    told: str
    against: str
    complete: bool
    findings: tuple[ConformityFinding, ...]
    unexamined: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VerificationView:
    """A checked upload. `kept` is None when the archive does not hold these bytes.

    `ticket` brings the result back for a sealed report; empty when there is none to be had. `policy`: the legal basis
    of the profile; `usual_policy`: nobody chose another than the one that counts for the agency's documents.
    """

    file_name: str
    size: int
    sha256: str
    checked_at: datetime
    indication: Indication
    sub_indication: SubIndication | None
    signatures: tuple[SignatureView, ...]
    findings: tuple[Finding, ...]
    kept: Kept | None
    report_json: str
    seen: tuple[SeenState, ...] = ()
    profile: str = ""
    policy: str = ""
    policy_id: str = ""
    policy_version: int = 0
    usual_policy: bool = True
    trust: str = ""
    evidence: tuple[Evidence, ...] = ()
    ticket: str = ""
    pdfa: ConformityView | None = None


@dataclass(frozen=True, slots=True)
class DocumentView:
    """The public face of an issued document."""

    code: str
    kind: str
    number: str
    date: Day
    subject: str
    agency: str
    state: State
    issued_at: datetime
    pages: tuple[PageImage, ...]
    signatures: tuple[SignatureView, ...]
    proof: Proof | None
    pdf_url: str
    receipt_url: str
    size: int
    sha256: str
    recalled_at: datetime | None = None
    recall_reason: str = ""
    replaced_by: str | None = None
    page_count: int = 1
    reports: bool = False  # whether sealed reports are to be had
    evidence_until: Day | None = None  # what proves it can be checked until then, or it is renewed before


@dataclass(frozen=True, slots=True)
class LogView:
    """The log's newest checkpoint, and who cosigned which size of it last."""

    origin: str
    size: int
    root: str
    published_at: datetime | None
    checkpoint: str
    key: str
    checkpoint_url: str
    key_url: str
    tiles_url: str
    witnesses: tuple[Witness, ...] = ()
    witnessed_size: int = 0


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


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a select field."""

    value: str
    text: str


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
class TimelineEntry:
    """An act that was done, is under way or failed."""

    at: datetime
    actor: str
    text: str
    outcome: Literal["done", "waiting", "failed"] = "done"
    note: str = ""


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
