"""Rules of a lock that every store enforces alike: extended and hardened, never shortened or softened; no deletion
before its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from archive.errors import StorageRefused
from archive.ports import StoredObject
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode


def check_zone(until: datetime | None) -> None:
    """ValueError for a time without a zone."""
    if until is not None and until.tzinfo is None:
        raise ValueError("a lock's end needs a zone")


def locked(stored: StoredObject, until: datetime | None, mode: LockMode | None) -> StoredObject:
    """The object with the longer and the harder of its own lock and the given one."""
    if until is None:
        return stored
    if stored.retain_until is None:
        return replace(stored, retain_until=until, mode=mode)
    hard = LockMode.COMPLIANCE in (stored.mode, mode)
    return replace(
        stored,
        retain_until=max(stored.retain_until, until),
        mode=LockMode.COMPLIANCE if hard else LockMode.GOVERNANCE,
    )


def extended(stored: StoredObject, until: datetime, mode: LockMode) -> StoredObject:
    """The object under the lock asked for. Raises `StorageRefused` when that would end earlier or be softer."""
    softer = stored.mode is LockMode.COMPLIANCE and mode is LockMode.GOVERNANCE
    if stored.retain_until is not None and (until < stored.retain_until or softer):
        raise StorageRefused(reasons.RETENTION_SHORTENED, key=stored.key)
    return replace(stored, retain_until=until, mode=mode)


def allow_delete(stored: StoredObject, now: datetime) -> None:
    """Raises `StorageRefused` while the lock or a legal hold keeps it."""
    if stored.hold:
        raise StorageRefused(reasons.UNDER_HOLD, key=stored.key)
    if stored.retain_until is not None and now < stored.retain_until:
        raise StorageRefused(reasons.UNDER_RETENTION, key=stored.key)
