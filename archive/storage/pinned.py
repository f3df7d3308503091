"""A store in which repaired objects are their whole copies, for whoever asks without naming a version.

The oldest version of a key is the object (`archive.ports.ObjectStore`). Where that one was damaged, the catalogue
knows which newer version a repair wrote and read back; readers that know only keys (the log's) get it here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from archive.errors import StorageRefused
from archive.ports import Listed, ObjectStore, StoredObject
from archive.storage.blocks import hash_blocks
from archive.storage.retention import locked
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode

SECONDS = 30.0  # until the repairs of other processes are known
Repaired = Callable[[], Mapping[str, str]]  # versions by key


class PinnedStore:
    """`ObjectStore` over another one. Safe for threads.

    `repaired` asks the catalogue; what it raises is raised, for the damaged bytes are no answer.
    """

    def __init__(
        self,
        store: ObjectStore,
        repaired: Repaired,
        *,
        seconds: float = SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._repaired = store, repaired
        self._seconds, self._monotonic = seconds, monotonic
        self._known: Mapping[str, str] = {}
        self._until = 0.0
        self._lock = Lock()

    def forget(self) -> None:
        """Something was repaired just now: the next question asks the catalogue."""
        with self._lock:
            self._until = 0.0

    def open(self, key: str, version: str = "") -> BinaryIO:
        return self._store.open(key, version or self._pinned(key))

    def head(self, key: str, version: str = "") -> StoredObject | None:
        return self._store.head(key, version or self._pinned(key))

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:
        return self._store.read(key, version or self._pinned(key), locks=locks)

    def extend_retention(
        self, key: str, until: datetime, *, mode: LockMode = LockMode.COMPLIANCE, version: str = ""
    ) -> StoredObject:
        return self._store.extend_retention(key, until, mode=mode, version=version or self._pinned(key))

    def set_hold(self, key: str, held: bool, *, version: str = "") -> StoredObject:
        return self._store.set_hold(key, held, version=version or self._pinned(key))

    def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime | None = None,
        mode: LockMode = LockMode.COMPLIANCE,
    ) -> StoredObject:
        """The same bytes again are a success, and here they are those that a repair wrote."""
        pinned = self._pinned(key)
        stored = self._store.head(key, pinned) if pinned else None
        if stored is None:
            return self._store.put(key, source, sha256=sha256, retain_until=retain_until, mode=mode)
        if sha256 != hash_blocks(source)[0]:
            raise StorageRefused(reasons.DIGEST_DIFFERS, key=key)
        if stored.sha256 != sha256:
            raise StorageRefused(reasons.OBJECT_EXISTS, key=key)
        meant = locked(stored, retain_until, mode)
        if meant == stored or meant.retain_until is None:
            return stored
        return self._store.extend_retention(key, meant.retain_until, mode=meant.mode or mode, version=pinned)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        return self._store.list(prefix, after)

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        return self._store.inventory(prefix, after)

    def delete(self, key: str, version: str = "") -> None:
        self._store.delete(key, version)

    def replace_damaged(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime,
        mode: LockMode = LockMode.COMPLIANCE,
        version: str = "",
    ) -> StoredObject:
        return self._store.replace_damaged(
            key, source, sha256=sha256, retain_until=retain_until, mode=mode, version=version
        )

    def put_mutable(self, key: str, data: bytes) -> None:
        self._store.put_mutable(key, data)

    def tidy(self, key: str) -> None:
        self._store.tidy(key)

    def _pinned(self, key: str) -> str:
        with self._lock:
            if self._monotonic() >= self._until:
                self._known = self._repaired()
                self._until = self._monotonic() + self._seconds
            return self._known.get(key, "")
