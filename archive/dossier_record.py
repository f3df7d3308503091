"""The record of a dossier's version, `antin.dossier/1`, so that dossiers outlive the database. Formats only.

Every act on a dossier makes one, numbered from 1: canonical JSON as in `archive.record`, with

    dossier      all its fields as the act left them, its state and what was decided on its retention
    act, reason, actor, recorded_at
    filed        entries that this act put in: a document by its id and the digest of its bytes as issued, or a
                 plain file by its key, digest and size
    removed      entries that it took out, with why
    list         of a closing: the whole list of documents in order of time (mục lục văn bản, NĐ 30/2020/NĐ-CP, PL V)
    hold         of a hold's acts: which, why, by whom
    predecessor  the leaf of the version before
    leaf         its own id and salts; both of its commitments are to these very bytes

Files are bound by it: whoever has the leaf has the record's digest, and in the record theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from archive.catalogue.keeping_values import Dossier, DossierFile, Entry, FiledDocument, Retention
from archive.catalogue.values import Agency
from archive.record import LeafSecrets, canonical
from archive.storage import keys
from policies.dossiers import DossierAct
from policies.retention import kept_through

DOSSIER_SCHEMA = "antin.dossier/1"
MAX_DOSSIER_RECORD = 64 << 20  # bytes: 9,999 entries with every field at its longest


@dataclass(frozen=True, slots=True)
class Act:
    """One act on a dossier, by whom and when, and what it changed besides the dossier's own fields.

    `new_files` are those of the filed ones that come into the archive with it; others lie there already.
    """

    kind: DossierAct
    actor: str
    at: datetime
    reason: str = ""
    filed: Sequence[Entry] = ()
    new_files: Sequence[DossierFile] = ()
    removed: Sequence[Entry] = ()
    listed: Sequence[Entry] | None = None
    hold: Mapping[str, Any] | None = None


def dossier_record(
    agency: Agency,
    dossier: Dossier,
    act: Act,
    predecessor: str | None,
    leaf: LeafSecrets,
    retain_until: datetime,
) -> bytes:
    """The bytes of `version-N.json`."""
    return canonical(
        {
            "schema": DOSSIER_SCHEMA,
            "dossier": dossier_facts(dossier, agency),
            "version": dossier.version,
            "act": act.kind,
            "reason": act.reason,
            "actor": act.actor,
            "filed": [entry_facts(entry) for entry in act.filed],
            "removed": [{"entry": one.ordinal, "reason": act.reason} for one in act.removed],
            "list": None if act.listed is None else [entry_facts(one) for one in act.listed],
            "totals": None if act.listed is None else _totals(act.listed),
            "hold": None if act.hold is None else dict(act.hold),
            "predecessor": predecessor,
            "leaf": {
                "id": leaf.id,
                "content_salt": leaf.content_salt.hex(),
                "record_salt": leaf.record_salt.hex(),
            },
            "retain_until": retain_until.isoformat(),
            "recorded_at": act.at.isoformat(),
        }
    )


def dossier_facts(dossier: Dossier, agency: Agency) -> dict[str, Any]:
    """Everything that the dossier's row says."""
    said = dossier.fields
    return {
        "id": dossier.id,
        "agency": {"code": agency.code, "name": agency.name, "symbol": agency.symbol},
        "code": dossier.code,
        "catalog_year": said.catalog_year,
        "notation": said.notation,
        "heading": said.heading,
        "title": said.title,
        "creator": said.creator,
        "rights": said.rights,
        "language": said.language,
        "description": said.description,
        "start_date": said.start_date.isoformat(),
        "planned_code": said.planned_code,
        "state": dossier.state,
        "entries": dossier.entries,
        "listed": dossier.listed,
        "retention": _retention(dossier.retention),
        "opened_by": dossier.opened_by,
        "opened_at": dossier.opened_at.isoformat(),
        "closed_at": dossier.closed_at.isoformat() if dossier.closed_at else None,
        "updated_at": dossier.updated_at.isoformat(),
    }


def entry_facts(entry: Entry) -> dict[str, Any]:
    """One line of a dossier."""
    return {
        "entry": entry.ordinal,
        "document": _document(entry.document) if entry.document else None,
        "file": file_facts(entry.file) if entry.file else None,
        "note": entry.note,
        "filed_in": entry.filed_in,
        "filed_by": entry.filed_by,
        "filed_at": entry.filed_at.isoformat(),
    }


def file_facts(file: DossierFile) -> dict[str, Any]:
    """A plain file: where it is stored, and what the clerk said of it."""
    return {
        "id": file.id,
        "dossier": file.dossier,
        "key": keys.dossier_file_key(file.dossier, file.sha256),
        "sha256": file.sha256,
        "size": file.size,
        "name": file.name,
        "media_type": file.media_type,
        "number_text": file.facts.number_text,
        "document_date": _day(file.facts.document_date),
        "subject": file.facts.subject,
        "author": file.facts.author,
        "pages": file.facts.pages,
        "uploaded_by": file.uploaded_by,
        "created_at": file.created_at.isoformat(),
    }


def in_order_of_time(entries: Sequence[Entry]) -> list[Entry]:
    """As the list of a closed dossier has them; what has no date of its own stands where it was filed."""
    return sorted(entries, key=lambda one: (one.date or one.filed_at.date(), one.ordinal))


def _document(document: FiledDocument) -> dict[str, Any]:
    return {
        "id": document.id,
        "public_code": document.public_code,
        "sha256": document.sha256,
        "kind": document.kind,
        "number_text": document.number_text,
        "document_date": _day(document.document_date),
        "subject": document.subject,
        "author": document.author,
        "pages": document.pages,
    }


def _retention(kept: Retention | None) -> dict[str, Any] | None:
    if kept is None:
        return None
    return {
        "code": kept.code,
        "maintenance": kept.maintenance,
        "years": kept.years,
        "name": kept.name,
        "basis": kept.basis,
        "work_ended": kept.work_ended.isoformat(),
        "retain_through": _day(kept_through(kept.years, kept.work_ended)),
    }


def _totals(entries: Sequence[Entry]) -> dict[str, int]:
    """DocTotal and PageTotal of NĐ 30/2020/NĐ-CP, PL VI."""
    return {"documents": len(entries), "pages": sum(one.pages for one in entries)}


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
