"""What the catalogue hands out: frozen values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from archive.log.leaf import LeafKind
from policies.vocabulary import FieldRole, LockMode, State


class VersionRole(StrEnum):
    """Which act made a version of the document's bytes; those from SEAL_TIMESTAMPED on are archived."""

    UPLOADED = "uploaded"
    PREPARED = "prepared"
    INITIALLED = "initialled"
    LEADER_SIGNED = "leader-signed"
    LEADER_TIMESTAMPED = "leader-timestamped"
    SEALED = "sealed"
    SEAL_TIMESTAMPED = "seal-timestamped"
    LONG_TERM = "long-term"  # B-LT: validation data added after the grace period
    RENEWED = "renewed"  # B-LTA: an archive time-stamp added


LASTING = frozenset({VersionRole.LONG_TERM, VersionRole.RENEWED})
"""Versions that carry what is needed to validate them."""


class ObjectRole(StrEnum):
    CONTENT = "content"
    RECORD = "record"
    EVENT = "event"
    DOSSIER = "dossier"  # the record of a dossier's version
    FILE = "file"  # a plain file in a dossier


@dataclass(frozen=True, slots=True)
class Agency:
    """`symbol` is the agency's part of a document symbol; `public_keys` its certificates, for its page."""

    code: str
    name: str
    symbol: str
    public_keys: dict[str, Any]


@dataclass(frozen=True, slots=True)
class NewDocument:
    """What is known at upload. `metadata`: input fields of NĐ 30/2020/NĐ-CP, PL VI; urgency: 0 to 3."""

    agency: str
    kind: str
    subject: str
    uploader: str
    uploader_display: str
    unit: str = ""
    urgency: int = 0
    recipients: tuple[str, ...] = ()
    metadata: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One outgoing document. `version` counts changes of the row, for ETag, not versions of the bytes."""

    id: str
    public_code: str
    agency: str
    kind: str
    unit: str
    subject: str
    state: State
    stopped_from: State | None
    reason: str
    version: int
    urgency: int
    number: int | None
    number_text: str | None
    document_date: date | None
    uploader: str
    uploader_display: str
    recipients: tuple[str, ...]
    metadata: dict[str, Any]
    boxes: list[Any]
    current_sha256: str | None
    leader_token_time: datetime | None
    created_at: datetime
    updated_at: datetime
    archived_at: datetime | None
    issued_at: datetime | None
    recalled_at: datetime | None
    replaced_by: str | None

    @property
    def in_force(self) -> bool:
        """Issued, and neither stopped, recalled nor replaced."""
        out = self.state in (State.ISSUED, State.FILED)
        return out and self.recalled_at is None and self.replaced_by is None


@dataclass(frozen=True, slots=True)
class Signer:
    """Somebody whose signature the document waits for, or bears. `field` is the PDF field's name."""

    document: str
    ordinal: int
    role: FieldRole
    account: str
    display: str
    title: str
    field: str
    signed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewVersion:
    """Bytes that an act made, in the work area under their digest."""

    role: VersionRole
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Version:
    document: str
    ordinal: int
    role: VersionRole
    sha256: str
    size: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Number:
    """A row of the number register. `text` is the whole symbol, `15/QĐ-UBND`."""

    agency: str
    kind: str
    year: int
    number: int
    document: str
    text: str
    document_date: date
    allotted_at: datetime
    voided: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Deposit:
    """A plan that leaves nothing to decide: whoever carries it out, however often, makes the same bytes.

    An event names the content that it concerns, and stores its record only.
    """

    leaf: str
    kind: LeafKind
    document: str
    version_role: VersionRole
    content_sha256: str
    content_size: int
    content_salt: bytes
    record_key: str
    record: bytes
    record_salt: bytes
    predecessor: str | None
    entry: bytes
    retain_until: datetime
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """A stored object: what was read back, and when. Sizes are in bytes; `version` as `StoredObject` has it.

    It is a document's, or a dossier's; there it is a plain file's, or a record of the dossier itself. `repaired_at`: it
    lies beside a damaged version, and only the name of its own finds it.
    """

    key: str
    document: str | None
    leaf: str
    role: ObjectRole
    sha256: str
    size: int
    retain_until: datetime
    read_back_at: datetime
    version: str
    mode: LockMode
    hold: bool
    dossier: str | None = None
    file: str | None = None
    repaired_at: datetime | None = None

    @property
    def owner(self) -> str:
        """Whose retention and holds keep it: a document, a file or a dossier."""
        return self.document or self.file or self.dossier or ""


@dataclass(frozen=True, slots=True)
class Event:
    """A later fact of an archived document."""

    document: str
    ordinal: int
    kind: str
    facts: dict[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf and what opens it. Salts are None once the document was disposed of."""

    id: str
    kind: LeafKind
    document: str | None
    agency: str | None
    head_ordinal: int | None
    content_sha256: str | None
    record_sha256: str | None
    content_salt: bytes | None
    record_salt: bytes | None
    predecessor: str | None
    entry: bytes
    log_index: int | None
    created_at: datetime
    dossier: str | None = None


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One act on an agency's registers. `sha256` covers `previous`, `ordinal` and `entry`: a chain."""

    agency: str
    ordinal: int
    kind: str
    year: int
    number: int
    entry: str
    previous: str
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """The outgoing register, with the ten columns of NĐ 30/2020/NĐ-CP, PL IV."""

    document: str
    agency: str
    year: int
    position: int
    number_text: str
    document_date: date
    kind_name: str
    subject: str
    signer: str
    recipients: tuple[str, ...]
    keeper: str
    copies: int
    sent_on: date | None
    acknowledged: str
    note: str
    entered_at: datetime
