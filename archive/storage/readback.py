"""Believing a store only after reading it: bytes and lock are compared with what was meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from hashlib import sha256 as new_sha256
from pathlib import Path

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore, StoredObject
from archive.storage.blocks import BLOCK, hash_ahead
from policies.vocabulary import LockMode


def check_object(
    store: ObjectStore,
    key: str,
    *,
    sha256: str,
    size: int | None = None,
    retain_until: datetime | None = None,
    mode: LockMode = LockMode.GOVERNANCE,
    version: str = "",
) -> StoredObject:
    """Reads it all: digest, size and a lock at least until `retain_until` and as hard as `mode`, else
    `ArchiveDamaged`."""
    try:
        return _checked(store, key, version, sha256, size, retain_until, mode)
    except StorageRefused as exc:
        raise ArchiveDamaged(f"{key}: stored, but the store does not have it") from exc


def _checked(
    store: ObjectStore,
    key: str,
    version: str,
    sha256: str,
    size: int | None,
    retain_until: datetime | None,
    mode: LockMode,
) -> StoredObject:
    stored, stream = store.read(key, version, locks=retain_until is not None)
    with stream:
        found, length = hash_ahead(stream)
    if found != sha256 or stored.sha256 != sha256 or length != stored.size or size not in (None, length):
        raise ArchiveDamaged(f"{key}: has SHA-256 {found} and {length} bytes, expected {sha256}")
    check_lock(stored, retain_until, mode)
    return stored


def check_lock(stored: StoredObject, retain_until: datetime | None, mode: LockMode) -> None:
    """Raises `ArchiveDamaged` for a lock that ends earlier or is softer; without `retain_until` none is needed."""
    if retain_until is None:
        return
    softer = stored.mode is None or (mode is LockMode.COMPLIANCE and stored.mode is not mode)
    if stored.retain_until is None or stored.retain_until < retain_until or softer:
        told = f"{stored.mode or 'not locked'} until {stored.retain_until}"
        raise ArchiveDamaged(f"{stored.key}: {told}, expected {mode} until {retain_until}")


def put_and_read_back(
    store: ObjectStore,
    key: str,
    source: Path | bytes,
    *,
    sha256: str,
    retain_until: datetime | None = None,
    mode: LockMode = LockMode.COMPLIANCE,
    taken: Callable[[], object] = lambda: None,
) -> StoredObject:
    """Puts, then reads bytes and lock of that version back. Only after this may anything be called archived.

    `taken` is called between the two: the store says that it has the object, and nobody believes it yet.
    """
    stored = store.put(key, source, sha256=sha256, retain_until=retain_until, mode=mode)
    taken()
    return read_back(store, stored, sha256=sha256, retain_until=retain_until, mode=mode)


def read_back(
    store: ObjectStore,
    stored: StoredObject,
    *,
    sha256: str,
    retain_until: datetime | None = None,
    mode: LockMode = LockMode.COMPLIANCE,
) -> StoredObject:
    """What `put` has just told, read: bytes and lock. Raises ArchiveDamaged, ArchiveUnavailable (not there yet)."""
    try:
        return _checked(store, stored.key, stored.version, sha256, stored.size, retain_until, mode)
    except StorageRefused as exc:
        raise ArchiveUnavailable(f"{stored.key}: the store took it and does not show it yet") from exc


def put_bytes(
    store: ObjectStore, key: str, data: bytes, retain_until: datetime | None = None
) -> StoredObject:
    """`put_and_read_back` of bytes at hand."""
    return put_and_read_back(store, key, data, sha256=new_sha256(data).hexdigest(), retain_until=retain_until)


def read_bounded(store: ObjectStore, key: str, limit: int, version: str = "") -> bytes:
    """All bytes of a small object; more than `limit` is `ArchiveDamaged`."""
    with store.open(key, version) as stream:
        data = b""
        while len(data) <= limit and (block := stream.read(min(BLOCK, limit + 1 - len(data)))):
            data += block
    if len(data) > limit:
        raise ArchiveDamaged(f"{key}: longer than {limit} bytes")
    return data
