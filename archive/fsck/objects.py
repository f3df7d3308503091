"""Objects ⇔ rows: every byte is read, every lock and hold compared, every stored key and version accounted for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from archive.catalogue import Connection, audit_objects, audit_rows
from archive.catalogue.copies import FIRST
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
from archive.storage.giving import given
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode

RowValues = dict[str, Any]
# How much is read of those whose bytes are looked into.
_WITH_DATA = {
    ObjectRole.RECORD: MAX_RECORD,
    ObjectRole.EVENT: MAX_RECORD,
    ObjectRole.DOSSIER: MAX_DOSSIER_RECORD,
}
ON_ITS_WAY = timedelta(days=1)
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
    """Raises ArchiveUnavailable for a store that does not answer."""
    try:
        return given(store, lambda: _looked(store, row, quick))
    except ArchiveDamaged as exc:
        return Looked(row, fault=str(exc))


def _looked(store: ObjectStore, row: RowValues, quick: bool) -> Looked:
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


def check_object(looked: Looked, report: Report, store: str = FIRST) -> None:
    """Bytes, size, lock, mode and hold are those of the row."""
    row, head, where = looked.row, looked.head, place(store, looked.row["key"])
    report.read["objects" if store == FIRST else "copies"] += 1
    if looked.fault:
        report.error(ids.OBJECT_UNREADABLE, where, looked.fault)
        return
    if head is None:
        report.error(ids.OBJECT_MISSING, where, "the catalogue has the object, the store has not")
        report.is_gone(store, row["key"])
        return
    if (head.sha256, head.size) != (row["sha256"], row["size"]):
        report.is_gone(store, row["key"])
    _check_bytes(looked, head, where, report)
    _check_lock(row, head, where, report)
    if bool(row["hold"]) is not head.hold:
        report.again.append((store, row["key"]))


def place(store: str, key: str) -> str:
    """Where a finding is: the key, and in which store if that is not the first."""
    return key if store == FIRST else f"{store}: {key}"


def _check_bytes(looked: Looked, head: StoredObject, key: str, report: Report) -> None:
    row = looked.row
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


def _check_lock(row: RowValues, head: StoredObject, key: str, report: Report) -> None:
    if head.retain_until is None or head.retain_until < row["retain_until"]:
        what = f"locked until {head.retain_until}, the catalogue says {row['retain_until']}"
        report.error(ids.RETENTION_SHORTENED, key, what)
    elif row["mode"] == LockMode.COMPLIANCE and head.mode is not LockMode.COMPLIANCE:
        report.error(ids.LOCK_SOFTER, key, f"locked in mode {head.mode}, the catalogue says {row['mode']}")


def check_again(conn: Connection, stores: Mapping[str, ObjectStore], report: Report) -> None:
    """In a later snapshot: holds that were put on or taken off between the row and the look at the store."""
    for name, store in stores.items():
        for keys_ in in_blocks(key for where, key in report.again if where == name):
            rows = audit_objects.stored(conn, name, keys_)
            for key, row in rows.items():
                head = store.head(key, row["version"])
                if head is not None and bool(row["hold"]) is not head.hold:
                    _tell_hold(row, place(name, key), report)
    report.again.clear()


def _tell_hold(row: RowValues, where: str, report: Report) -> None:
    if row["hold"]:
        report.error(ids.HOLD_MISSING, where, "the catalogue has a legal hold on it, the store has none")
    else:
        report.note(ids.HOLD_UNKNOWN, where, "the store has a legal hold on it that nobody here put there")


# What is stored beside the rows.


def strangers(
    conn: Connection, store: ObjectStore, report: Report, progress: Progress, name: str = FIRST
) -> list[str]:
    """Keys that neither a row nor a deposit of this snapshot names; versions and markers that lie over an object.

    Keys of the log are judged with the log.
    """
    planned = audit_objects.planned_keys(conn)
    unknown: list[str] = []
    listed, passed = 0, ""
    for block in in_blocks(_neighbours(store.inventory(""))):
        listed += len(block)
        names = sorted({entry.key for entry, _, _ in block})
        rows = audit_objects.stored(conn, name, names)
        named = [key for key in names if not key.startswith(_JUDGED_ELSEWHERE)]
        unknown += [key for key in named if key not in rows and key not in planned]
        for entry, newer, older in block:
            row = rows.get(entry.key)
            _check_version(Around(store, name, entry, newer, older, row, passed == entry.key), report)
            if row is not None and entry.version == row["version"]:
                passed = entry.key
        progress("objects" if name == FIRST else "copies", listed, None)
    return list(dict.fromkeys(unknown))


def _neighbours(listed: Iterable[Listed]) -> Iterator[tuple[Listed, Listed | None, Listed | None]]:
    """Each entry with the next newer and the next older one of its key."""
    newer: Listed | None = None
    entry: Listed | None = None
    for older in listed:
        if entry is not None:
            yield entry, _of_key(entry.key, newer), _of_key(entry.key, older)
        newer, entry = entry, older
    if entry is not None:
        yield entry, _of_key(entry.key, newer), None


def _of_key(key: str, other: Listed | None) -> Listed | None:
    return other if other is not None and other.key == key else None


@dataclass(frozen=True, slots=True)
class Around:
    """A version as it was listed, the next newer and older ones, and the row of its key. `under`: the one that the row
    names is newer."""

    store: ObjectStore
    name: str
    entry: Listed
    newer: Listed | None
    older: Listed | None
    row: RowValues | None
    under: bool


def _check_version(found: Around, report: Report) -> None:
    """Over a write-once object nothing lies. What is written over it later does not change it, and is a trace.

    The oldest version, where the row names a newer one, is evidence: of what a repair mended, or of what the store
    spoiled when it was put.
    """
    entry, newer, row = found.entry, found.newer, found.row
    key, where = entry.key, place(found.name, entry.key)
    if key.startswith(keys.CANARY) or (key.startswith(keys.LOG) and kind_of(key) == FREE):
        return
    if entry.deleted:
        report.error(ids.VERSION_SHADOWS, where, f"marker {entry.version} pretends that it was deleted")
    elif row is not None:
        evidence = found.under and found.older is None
        if entry.version and entry.version != row["version"] and not evidence:
            _shadowed(found, row["sha256"], report)
    elif newer is not None and not newer.deleted:
        what = f"version {newer.version} ({newer.size} bytes) was written over it"
        report.error(ids.VERSION_SHADOWS, where, what)


def _shadowed(found: Around, archived: str, report: Report) -> None:
    """A server without conditional writes keeps a second version of the same bytes where a PUT was repeated; a repaired
    object may be damaged once more, and what the first repair wrote lies between."""
    entry, where = found.entry, place(found.name, found.entry.key)
    what = f"version {entry.version} ({entry.size} bytes) lies beside the archived one"
    looked = _look(found.store, {"key": entry.key, "version": entry.version, "role": ""}, quick=False)
    if looked.sha256 == archived:
        report.note(ids.VERSION_SHADOWS, where, f"{what}, with the same bytes")
    elif found.under and _was_whole(found, looked, archived):
        report.note(ids.VERSION_SHADOWS, where, f"{what}, and was stored with the same bytes: damaged since")
    else:
        report.error(ids.VERSION_SHADOWS, where, what)


def _was_whole(found: Around, looked: Looked, archived: str) -> bool:
    head = looked.head
    if head is None:  # its bytes are not given
        head = _look(found.store, {"key": found.entry.key, "version": found.entry.version}, quick=True).head
    return head is not None and head.sha256 == archived


def check_unknown(conn: Connection, unknown: list[str], report: Report) -> None:
    """In a later snapshot: what is still unknown was not archived meanwhile. What a rebuild told of is a remark."""
    planned = audit_objects.planned_keys(conn)
    for block in in_blocks(unknown):
        known = audit_rows.by_id(conn, "objects", "key", block)
        told = audit_objects.told_by_rebuild(conn, block)
        for key in block:
            if key in planned or key in known:
                continue
            if key in told:
                report.note(ids.OBJECT_WITHOUT_ROW, key, f"left as it is by the rebuild: {told[key]}")
            else:
                report.error(ids.OBJECT_WITHOUT_ROW, key, "in the store, but not in the catalogue")


def check_deposits(conn: Connection, at: datetime | None, report: Report) -> None:
    """Deposits are on their way; one that stays for a day is on none, unless its document is stopped or voided."""
    halted = audit_objects.halted(conn)
    left = [(f"document {row['document']}, leaf {row['leaf']}", row) for row in audit_objects.deposits(conn)]
    left += [
        (f"dossier {row['dossier']}, version {row['version']}", row)
        for row in audit_objects.dossier_deposits(conn)
    ]
    for where, row in left:
        planned: datetime = row["planned_at"]
        late = at is not None and at - planned > ON_ITS_WAY and row["leaf"] not in halted
        tell = report.error if late else report.note
        tell(ids.DEPOSIT_LEFT, where, f"planned at {planned.isoformat()}, not committed yet")
