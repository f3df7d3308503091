"""Values of the JSON API: what the service tells of dossiers, what lies in them, retention and holds."""

from __future__ import annotations

from datetime import date
from typing import Any

from api.moments import moment
from archive.catalogue.keeping_values import Dossier, Entry, Hold
from policies.dossiers import STATES
from policies.retention import Keeping, Open, Rule, kept_through


def day(value: date | None) -> str | None:
    return value.isoformat() if value else None


def kept(found: Keeping) -> dict[str, Any]:
    """Until when something is kept: a `last_day`, or the reason why it has none."""
    if isinstance(found, Open):
        return {"last_day": None, "because": found}
    return {"last_day": found.isoformat(), "because": "period"}


def dossier(found: Dossier) -> dict[str, Any]:
    """A dossier's row, with the fields of NĐ 30/2020/NĐ-CP, PL VI."""
    said, decided = found.fields, found.retention
    return {
        "id": found.id,
        "code": found.code,
        "state": found.state,
        "state_text": dict(zip(("vi", "en"), STATES[found.state], strict=True)),
        "version": found.version,
        "catalog_year": said.catalog_year,
        "notation": said.notation,
        "heading": said.heading,
        "title": said.title,
        "creator": said.creator,
        "rights": said.rights,
        "language": said.language,
        "description": said.description,
        "start_date": day(said.start_date),
        "planned_code": said.planned_code or None,
        "retention": None
        if decided is None
        else {
            "code": decided.code,
            "maintenance": decided.maintenance,
            "years": decided.years,
            "name": decided.name,
            "basis": decided.basis,
            "work_ended": day(decided.work_ended),
            "last_day": day(kept_through(decided.years, decided.work_ended)),
        },
        "opened_by": found.opened_by,
        "opened_at": moment(found.opened_at),
        "closed_at": moment(found.closed_at),
        "updated_at": moment(found.updated_at),
    }


def ending(found: Dossier, last: date) -> dict[str, Any]:
    """A dossier in the list of those that end: `kept` as one dossier tells it."""
    return {**dossier(found), "kept": kept(last)}


def entry(found: Entry) -> dict[str, Any]:
    """A line of a dossier: a `document` or a `file`."""
    document, file = found.document, found.file
    return {
        "entry": found.ordinal,
        "document": None if document is None else {"id": document.id, "code": document.public_code},
        "file": None
        if file is None
        else {
            "id": file.id,
            "name": file.name,
            "media_type": file.media_type,
            "size": file.size,
            "sha256": file.sha256,
        },
        "number": (document.number_text if document else file.facts.number_text if file else "") or None,
        "date": day(found.date),
        "subject": found.subject,
        "author": (document.author if document else file.facts.author if file else "") or None,
        "pages": found.pages,
        "note": found.note,
        "filed_by": found.filed_by,
        "filed_at": moment(found.filed_at),
    }


def rule(found: Rule) -> dict[str, Any]:
    """A retention code with its legal basis."""
    return {
        "code": found.code,
        "maintenance": found.maintenance,
        "years": found.years,
        "text": {"vi": found.name, "en": found.english},
        "basis": found.basis,
        "since": day(found.since),
        "until": day(found.until),
    }


def hold(found: Hold) -> dict[str, Any]:
    """A legal hold with the people who placed it, asked for its release and decided on that."""
    return {
        "id": found.id,
        "state": found.state,
        "dossier": found.dossier,
        "documents": found.documents,
        "reason": found.reason,
        "basis": found.basis,
        "placed": {"by": found.placed_by_display, "at": moment(found.placed_at)},
        "asked": None
        if found.asked_at is None
        else {"by": found.asked_by_display, "at": moment(found.asked_at), "reason": found.asked_reason},
        "decided": None
        if found.decided_at is None
        else {"by": found.decided_by_display, "at": moment(found.decided_at)},
        "released_at": moment(found.released_at),
        "version": found.version,
    }
