"""Rows of the catalogue, out of the records of dossiers that are believed."""

from __future__ import annotations

from datetime import date, datetime

from archive.rebuild.dossier_values import Believed, Row, Stored, day_of, time_of
from archive.rebuild.leaves import UNKNOWN_TIME
from archive.record import digest
from policies.vocabulary import LockMode

_SAME = (
    "id",
    "code",
    "catalog_year",
    "notation",
    "heading",
    "title",
    "creator",
    "rights",
    "language",
    "description",
    "planned_code",
    "state",
    "entries",
    "listed",
    "opened_by",
)


def dossier_row(newest: Believed) -> Row:
    told = newest.value["dossier"]
    kept = told["retention"] or {}
    return {
        **{name: told[name] for name in _SAME},
        "agency": told["agency"]["code"],
        "start_date": date.fromisoformat(told["start_date"]),
        "version": newest.version,
        "retention_code": kept.get("code"),
        "maintenance": kept.get("maintenance"),
        "years": kept.get("years"),
        "retention_name": kept.get("name"),
        "retention_basis": kept.get("basis"),
        "work_ended": day_of(kept.get("work_ended")),
        "opened_at": time_of(told["opened_at"]),
        "closed_at": time_of(told["closed_at"]),
        "updated_at": time_of(told["updated_at"]),
    }


def version_row(each: Believed) -> Row:
    told = each.value
    return {
        "dossier": told["dossier"]["id"],
        "ordinal": told["version"],
        "act": told["act"],
        "reason": told["reason"],
        "actor": told["actor"],
        "at": time_of(told["recorded_at"]),
        "leaf": each.leaf.id,
        "record_sha256": digest(each.stored.data),
    }


def file_row(told: Row) -> Row:
    same = (
        "id",
        "dossier",
        "sha256",
        "size",
        "name",
        "media_type",
        "number_text",
        "subject",
        "author",
        "pages",
    )
    return {
        **{name: told[name] for name in same},
        "document_date": day_of(told["document_date"]),
        "uploaded_by": told["uploaded_by"],
        "created_at": time_of(told["created_at"]),
    }


def leaf_row(each: Believed) -> Row:
    told, sha = each.value, digest(each.stored.data)
    recorded = time_of(told["recorded_at"])
    committed = each.leaf.created_at
    return {
        "id": each.leaf.id,
        "dossier": told["dossier"]["id"],
        "content_sha256": sha,
        "record_sha256": sha,
        "content_salt": bytes.fromhex(told["leaf"]["content_salt"]),
        "record_salt": bytes.fromhex(told["leaf"]["record_salt"]),
        "predecessor": told["predecessor"],
        "created_at": committed if committed != UNKNOWN_TIME and committed >= recorded else recorded,
    }


def record_object(each: Believed, at: datetime) -> Row:
    size, sha = len(each.stored.data), digest(each.stored.data)
    return _object(each, each.stored.key, "dossier", sha, size, each.stored, at)


def file_object(file: Row, by: Believed, stored: Stored | None, at: datetime) -> Row:
    """As the record promises it; of what is gone or damaged, what the record promises."""
    return _object(by, file["key"], "file", file["sha256"], file["size"], stored, at) | {"file": file["id"]}


def _object(
    by: Believed, key: str, role: str, sha: str, size: int, stored: Stored | None, at: datetime
) -> Row:
    head = stored.head if stored else None
    return {
        "key": key,
        "document": None,
        "leaf": by.leaf.id,
        "role": role,
        "sha256": sha,
        "size": size,
        "retain_until": (head.retain_until if head else None) or time_of(by.value["retain_until"]),
        "read_back_at": at,
        "version": head.version if head else "",
        "mode": (head.mode if head else None) or LockMode.GOVERNANCE,
        "hold": head.hold if head else False,
        "repaired_at": at if stored is not None and stored.over else None,
        "dossier": by.value["dossier"]["id"],
        "file": None,
    }
