"""Rules of a lock that every store enforces alike: extended, never shortened, no deletion before its end."""

from __future__ import annotations

from datetime import datetime

from archive.errors import StorageRefused
from policies.reasons import archiving as reasons


def check_zone(until: datetime | None) -> None:
    """ValueError for a time without a zone."""
    if until is not None and until.tzinfo is None:
        raise ValueError("a lock's end needs a zone")


def longer(first: datetime | None, second: datetime | None) -> datetime | None:
    """The later of two ends; None is no lock."""
    if first is None or second is None:
        return first or second
    return max(first, second)


def not_shorter(key: str, known: datetime | None, until: datetime) -> datetime:
    """`until`, unless it would end the lock earlier (`StorageRefused`)."""
    if known is not None and until < known:
        raise StorageRefused(reasons.RETENTION_SHORTENED, key=key)
    return until


def allow_delete(key: str, retain_until: datetime | None, now: datetime) -> None:
    """Raises `StorageRefused` while the lock holds."""
    if retain_until is not None and now < retain_until:
        raise StorageRefused(reasons.UNDER_RETENTION, key=key)
