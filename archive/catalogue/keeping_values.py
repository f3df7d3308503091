"""What the catalogue hands out of dossiers and holds: frozen values, no rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from policies.dossiers import DossierState, Fields
from policies.holds import HoldState
from policies.retention import Filing, Keeping, keeping


@dataclass(frozen=True, slots=True)
class Retention:
    """The code that a closing chose, as the table had it then. `years` is None for ever."""

    code: str
    maintenance: str
    years: int | None
    name: str
    basis: str
    work_ended: date


@dataclass(frozen=True, slots=True)
class Dossier:
    """One dossier. `version` counts its acts, each of which is a record; `entries` is the last entry's number, and
    those up to `listed` stood in a list that a closing fixed. `retention` is what the last closing decided."""

    id: str
    agency: str
    code: str
    fields: Fields
    state: DossierState
    version: int
    entries: int
    listed: int
    retention: Retention | None
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    updated_at: datetime

    @property
    def filing(self) -> Filing:
        """What it says of the records in it: nothing ends while it is open."""
        if self.retention is None or self.state is DossierState.OPEN:
            return Filing(None, None)
        return Filing(self.retention.years, self.retention.work_ended)

    @property
    def decided(self) -> Keeping | None:
        """Until when its last closing keeps it, also when it was opened again since."""
        kept = self.retention
        return keeping([Filing(kept.years, kept.work_ended)]) if kept else None


@dataclass(frozen=True, slots=True)
class DossierVersion:
    """One act on a dossier, and the leaf and digest of its record."""

    dossier: str
    ordinal: int
    act: str
    reason: str
    actor: str
    at: datetime
    leaf: str
    record_sha256: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the clerk says of a plain file, for the list of the dossier (NĐ 30/2020/NĐ-CP, PL V)."""

    subject: str
    author: str = ""
    number_text: str = ""
    document_date: date | None = None
    pages: int = 0


@dataclass(frozen=True, slots=True)
class DossierFile:
    """A plain file, stored once under the keys of the `dossier` into which it came first."""

    id: str
    dossier: str
    sha256: str
    size: int
    name: str
    media_type: str
    facts: FileFacts
    uploaded_by: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class FiledDocument:
    """As much of a document as the list of a dossier tells. `sha256`: the bytes as issued."""

    id: str
    public_code: str
    kind: str
    number_text: str
    document_date: date | None
    subject: str
    author: str
    pages: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a dossier: a document or a file, never both. Taken out by the version `removed_in`."""

    dossier: str
    ordinal: int
    document: FiledDocument | None
    file: DossierFile | None
    note: str
    filed_in: int
    filed_by: str
    filed_at: datetime
    removed_in: int | None = None
    removed_reason: str = ""

    @property
    def date(self) -> date | None:
        """That of the document, or of the file as the clerk told it."""
        if self.document is not None:
            return self.document.document_date
        return self.file.facts.document_date if self.file else None

    @property
    def subject(self) -> str:
        if self.document is not None:
            return self.document.subject
        return self.file.facts.subject if self.file else ""

    @property
    def pages(self) -> int:
        if self.document is not None:
            return self.document.pages
        return self.file.facts.pages if self.file else 0


@dataclass(frozen=True, slots=True)
class DossierDeposit:
    """A planned version that leaves nothing to decide. `files` are stored with it, from the work area."""

    leaf: str
    dossier: str
    version: int
    files: tuple[dict[str, Any], ...]
    record_key: str
    record: bytes
    content_salt: bytes
    record_salt: bytes
    predecessor: str | None
    entry: bytes
    retain_until: datetime
    planned_at: datetime


@dataclass(frozen=True, slots=True)
class Hold:
    """A legal hold over a dossier with all that lies in it, or over the `documents` that it names."""

    id: str
    agency: str
    dossier: str | None
    documents: tuple[str, ...]
    state: HoldState
    version: int
    reason: str
    basis: str
    placed_by: str
    placed_by_display: str
    placed_at: datetime
    asked_by: str | None = None
    asked_by_display: str = ""
    asked_at: datetime | None = None
    asked_reason: str = ""
    decided_by: str | None = None
    decided_by_display: str = ""
    decided_at: datetime | None = None
    released_at: datetime | None = None
