"""Objects ⇔ rows: every byte is read, every lock and hold compared, every stored key and version accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from archive.catalogue import Connection, audit_rows
from archive.catalogue.values import ObjectRole
from archive.dossier_record import MAX_DOSSIER_RECORD
from archive.errors import ArchiveDamaged, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.findings import Progress, Report
from archive.fsck.log_objects import FREE, kind_of
from archive.ports import Listed, ObjectStore, StoredObject
from archive.record import MAX_RECORD
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.blocks import BLOCK, hash_blocks
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode

RowValues = dict[str, Any]
# How much is read of those whose bytes are looked into.
_WITH_DATA = {
    ObjectRole.RECORD: MAX_RECORD,
    ObjectRole.EVENT: MAX_RECORD,
    ObjectRole.DOSSIER: MAX_DOSSIER_RECORD,
}
_JUDGED_ELSEWHERE = (keys.LOG, keys.CANARY)  # with the log; by the canary itself


@dataclass(frozen=True, slots=True)
class Looked:
    """What the store has under a row's key: `data` of records alone, `sha256` None where bytes were not read."""

    row: RowValues
    head: StoredObject | None = None
    sha256: str | None = None
    size: int = 0
    data: bytes | None = None
    fault: str = ""


def look_at(
    store: ObjectStore, rows: Iterable[RowValues], pool: Executor, *, quick: bool
) -> Iterator[Looked]:
    """Each row's object, many at once, in their order. `quick`: only what the store says of them."""
    return ahead(pool, lambda row: _look(store, row, quick), rows)


def _look(store: ObjectStore, row: RowValues, quick: bool) -> Looked:
    key, version = row["key"], row["version"]
    try:
        if quick:
            return Looked(row, store.head(key, version))
        head, opened = store.read(key, version)
        with opened as stream:
            most = _WITH_DATA.get(row["role"])
            if most is None:
                digest, size = hash_blocks(stream)
                return Looked(row, head, digest, size)
            data = b""
            while len(data) <= most and (block := stream.read(min(BLOCK, most + 1 - len(data)))):
                data += block
        return Looked(row, head, sha256(data).hexdigest(), len(data), data)
    except StorageRefused as exc:
        return Looked(row) if exc.reason is reasons.OBJECT_MISSING else Looked(row, fault=str(exc))
    except (ArchiveDamaged, OSError) as exc:
        return Looked(row, fault=str(exc))


def check_object(looked: Looked, report: Report) -> None:
    """Bytes, size, lock, mode and hold are those of the row."""
    row, head, key = looked.row, looked.head, looked.row["key"]
    report.read["objects"] += 1
    if looked.fault:
        report.error(ids.OBJECT_UNREADABLE, key, looked.fault)
        return
    if head is None:
        report.error(ids.OBJECT_MISSING, key, "the catalogue has the object, the store has not")
        return
    _check_bytes(looked, head, report)
    _check_lock(row, head, report)


def _check_bytes(looked: Looked, head: StoredObject, report: Report) -> None:
    row, key = looked.row, looked.row["key"]
    archived = row["sha256"], row["size"]
    if looked.sha256 is None:
        if (head.sha256, head.size) != archived:
            what = f"the store says {head.size} bytes with SHA-256 {head.sha256}; archived were {row['size']} bytes"
            report.error(ids.OBJECT_HEAD_DIFFERS, key, what)
        return
    report.read["bytes"] += looked.size
    found = looked.sha256, looked.size
    if found != archived:
        was = f"{row['size']} bytes with SHA-256 {row['sha256']}"
        what = f"{looked.size} bytes with SHA-256 {looked.sha256}; archived were {was}"
        report.error(ids.OBJECT_CHANGED, key, what)
    elif (head.sha256, head.size) != found:
        told = f"{head.size} bytes with SHA-256 {head.sha256}"
        report.error(ids.OBJECT_HEAD_DIFFERS, key, f"the store says {told}, and has other bytes")


def _check_lock(row: RowValues, head: StoredObject, report: Report) -> None:
    key = row["key"]
    if head.retain_until is None or head.retain_until < row["retain_until"]:
        what = f"locked until {head.retain_until}, the catalogue says {row['retain_until']}"
        report.error(ids.RETENTION_SHORTENED, key, what)
    elif row["mode"] == LockMode.COMPLIANCE and head.mode is not LockMode.COMPLIANCE:
        report.error(ids.LOCK_SOFTER, key, f"locked in mode {head.mode}, the catalogue says {row['mode']}")
    if bool(row["hold"]) is not head.hold:
        report.again.append((key, "hold"))


def check_again(conn: Connection, store: ObjectStore, report: Report) -> None:
    """In a later snapshot: holds that were put on or taken off between the row and the look at the store."""
    for block in in_blocks(report.again):
        rows = audit_rows.by_id(conn, "objects", "key", [key for key, _ in block])
        for key, _ in block:
            row = rows.get(key)
            head = store.head(key, row["version"]) if row else None
            if row is None or head is None or bool(row["hold"]) is head.hold:
                continue
            if row["hold"]:
                report.error(
                    ids.HOLD_MISSING, key, "the catalogue has a legal hold on it, the store has none"
                )
            else:
                report.note(
                    ids.HOLD_UNKNOWN, key, "the store has a legal hold on it that nobody here put there"
                )
    report.again.clear()


# What is stored beside the rows.


def strangers(conn: Connection, store: ObjectStore, report: Report, progress: Progress) -> list[str]:
    """Keys that neither a row nor a deposit of this snapshot names; versions and markers that lie over an object.

    Keys of the log are judged with the log.
    """
    planned = audit_rows.planned_keys(conn)
    unknown: list[str] = []
    listed, before = 0, None
    for block in in_blocks(store.inventory("")):
        listed += len(block)
        names = sorted({entry.key for entry in block if not entry.key.startswith(_JUDGED_ELSEWHERE)})
        rows = audit_rows.by_id(conn, "objects", "key", names)
        unknown += [name for name in names if name not in rows and name not in planned]
        for entry in block:
            _check_version(entry, before, rows.get(entry.key), report)
            before = entry
        progress("objects", listed, None)
    return list(dict.fromkeys(unknown))


def _check_version(entry: Listed, before: Listed | None, row: RowValues | None, report: Report) -> None:
    """Over a write-once object nothing lies. What is written over it later does not change it, and is a trace.

    Of one key the newest version is listed first. The oldest, where the row names a newer one, is what a repair left as
    evidence.
    """
    key = entry.key
    if key.startswith(keys.CANARY) or (key.startswith(keys.LOG) and kind_of(key) == FREE):
        return
    if entry.deleted:
        report.error(ids.VERSION_SHADOWS, key, f"marker {entry.version} pretends that it was deleted")
    elif row is not None:
        if entry.version and entry.version != row["version"] and not row.get("repaired_at"):
            what = f"version {entry.version} ({entry.size} bytes) lies beside the archived one"
            report.error(ids.VERSION_SHADOWS, key, what)
    elif before is not None and before.key == key and not before.deleted:
        what = f"version {before.version} ({before.size} bytes) was written over it"
        report.error(ids.VERSION_SHADOWS, key, what)


def check_unknown(conn: Connection, unknown: list[str], report: Report) -> None:
    """In a later snapshot: what is still unknown was not archived meanwhile. What a rebuild told of is a remark."""
    planned = audit_rows.planned_keys(conn)
    for block in in_blocks(unknown):
        known = audit_rows.by_id(conn, "objects", "key", block)
        told = audit_rows.told_by_rebuild(conn, block)
        for key in block:
            if key in planned or key in known:
                continue
            if key in told:
                report.note(ids.OBJECT_WITHOUT_ROW, key, f"left as it is by the rebuild: {told[key]}")
            else:
                report.error(ids.OBJECT_WITHOUT_ROW, key, "in the store, but not in the catalogue")


def check_deposits(conn: Connection, report: Report) -> None:
    """Deposits are on their way; one that stays needs a look."""
    for row in audit_rows.deposits(conn):
        where = f"document {row['document']}, leaf {row['leaf']}"
        report.note(ids.DEPOSIT_LEFT, where, f"planned at {row['planned_at'].isoformat()}, not committed yet")
    for row in audit_rows.dossier_deposits(conn):
        where = f"dossier {row['dossier']}, version {row['version']}"
        report.note(ids.DEPOSIT_LEFT, where, f"planned at {row['planned_at'].isoformat()}, not committed yet")
