"""Objects ⇔ rows: every byte is read, every lock compared, every stored key accounted for."""

from __future__ import annotations

from typing import Any

from archive.catalogue import Connection, audit_rows
from archive.errors import ArchiveDamaged, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Progress, Report
from archive.ports import ObjectStore
from archive.storage.blocks import hash_blocks
from archive.storage.keys import DOCUMENTS, pdf_key


def check_objects(conn: Connection, store: ObjectStore, report: Report, progress: Progress) -> None:
    """Each row has its object, with its bytes and a lock at least as long."""
    total = audit_rows.count(conn, "objects")
    for done, row in enumerate(audit_rows.objects(conn), start=1):
        _check_object(store, row, report)
        report.read["objects"] += 1
        progress("objects", done, total)


def unknown_objects(conn: Connection, store: ObjectStore) -> list[str]:
    """Keys of documents that neither a row nor a deposit of this snapshot names."""
    planned = _planned_keys(conn)
    return [
        key for key in store.list(DOCUMENTS) if key not in planned and audit_rows.object_at(conn, key) is None
    ]


def check_unknown(conn: Connection, unknown: list[str], report: Report) -> None:
    """In a later snapshot: what is still unknown was not archived meanwhile."""
    planned = _planned_keys(conn)
    for key in unknown:
        if key not in planned and audit_rows.object_at(conn, key) is None:
            report.error(ids.OBJECT_WITHOUT_ROW, key, "in the store, but not in the catalogue")


def check_deposits(conn: Connection, report: Report) -> None:
    """Deposits are on their way; one that stays needs a look."""
    for row in audit_rows.deposits(conn):
        where = f"document {row['document']}, leaf {row['leaf']}"
        report.note(ids.DEPOSIT_LEFT, where, f"planned at {row['planned_at'].isoformat()}, not committed yet")


def _planned_keys(conn: Connection) -> set[str]:
    keys = set()
    for row in audit_rows.deposits(conn):
        keys |= {row["record_key"], pdf_key(row["document"], row["content_sha256"])}
    return keys


def _check_object(store: ObjectStore, row: dict[str, Any], report: Report) -> None:
    key = row["key"]
    try:
        head = store.head(key, row["version"])
        if head is None:
            report.error(ids.OBJECT_MISSING, key, "the catalogue has the object, the store has not")
            return
        with store.open(key, row["version"]) as stream:
            digest, size = hash_blocks(stream)
    except (StorageRefused, ArchiveDamaged, OSError) as exc:
        report.error(ids.OBJECT_UNREADABLE, key, str(exc))
        return
    report.read["bytes"] += size
    if (digest, size) != (row["sha256"], row["size"]):
        archived = f"{row['size']} bytes with SHA-256 {row['sha256']}"
        report.error(ids.OBJECT_CHANGED, key, f"{size} bytes with SHA-256 {digest}; archived were {archived}")
    elif (head.sha256, head.size) != (digest, size):
        told = f"{head.size} bytes with SHA-256 {head.sha256}"
        report.error(ids.OBJECT_HEAD_DIFFERS, key, f"the store says {told}, and has other bytes")
    if head.retain_until is None or head.retain_until < row["retain_until"]:
        what = f"locked until {head.retain_until}, the catalogue says {row['retain_until']}"
        report.error(ids.RETENTION_SHORTENED, key, what)
