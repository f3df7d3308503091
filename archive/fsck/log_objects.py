"""The log's objects by their names: nothing else lies among them, and what is to be locked is locked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor

from archive.errors import ArchiveDamaged, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Report
from archive.log.tiles import parse_path
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.giving import given

LOCKED, FREE, STRANGE = "locked", "free", "strange"


def check_log_objects(store: ObjectStore, pool: Executor, report: Report, *, quick: bool) -> None:
    """Every key below `log/`. `quick`: names alone."""
    strange: list[str] = []

    def to_be_locked() -> Iterator[str]:
        for key in store.list(keys.LOG):
            kind = kind_of(key)
            if kind == LOCKED and not quick:
                yield key
            elif kind == STRANGE:
                strange.append(key)

    def fault_of(key: str) -> tuple[str, str]:
        try:
            head = given(store, lambda: store.head(key))
        except (StorageRefused, ArchiveDamaged) as exc:
            return key, str(exc)
        if head is None:
            return key, "the store lists it and does not have it"
        return key, "" if head.retain_until is not None else "is not locked"

    for key, fault in ahead(pool, fault_of, to_be_locked()):
        if fault:
            report.error(ids.RETENTION_SHORTENED, key, fault)
    for key in strange:
        report.error(ids.OBJECT_WITHOUT_ROW, key, "no object of the log has such a name")


def kind_of(key: str) -> str:
    """Whether it is to be locked, need not be, or is nothing of the log's."""
    if key == keys.CHECKPOINT:
        return FREE
    if key == keys.DEPLOYMENT:
        return LOCKED
    if key.startswith(keys.CHECKPOINTS):
        return _parsed(keys.checkpoint_size, key)
    if key.startswith(keys.OPENINGS):
        return _parsed(keys.openings_stretch, key)
    if key.startswith(keys.COSIGNATURES):
        return _parsed(keys.cosignature_of, key)
    tile = parse_path(key.removeprefix(keys.LOG))
    if tile is None:
        return STRANGE
    return LOCKED if tile.full else FREE


def _parsed(parse: Callable[[str], object], key: str) -> str:
    try:
        parse(key)
    except ValueError:
        return STRANGE
    return LOCKED
