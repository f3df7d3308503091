"""The twin of the object store: the same contract in memory, and every way to break it on command.

store.fail_at(3, Fault.KEPT)      the third write from now happens, and is reported as lost
store.flip(key, bit) …            bytes rot
store.lie(key, head)              `head` answers so from now on
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from hashlib import sha256 as new_sha256
from pathlib import Path
from threading import RLock
from typing import BinaryIO, TypeVar

from archive.errors import ArchiveUnavailable, StorageRefused
from archive.ports import Listed, StoredObject
from archive.storage.blocks import copy_hashed
from archive.storage.keys import MUTABLE, check_key, check_sha256
from archive.storage.retention import allow_delete, check_zone, extended, locked
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode

T = TypeVar("T")


class Fault(StrEnum):
    """What becomes of one write."""

    LOST = "lost"  # did not happen, reported as not known
    KEPT = "kept"  # happened, reported as not known
    LATE = "late"  # reported as done, seen by readers only after `settle`
    DUPLICATED = "duplicated"  # happened twice, as a client that repeats a request does
    SWALLOWED = "swallowed"  # reported as done, never happened
    SPOILED = "spoiled"  # reported as done, with one bit of the bytes wrong


@dataclass(frozen=True, slots=True)
class _Kept:
    head: StoredObject
    data: bytes


class MemoryStore:
    """`ObjectStore` in memory. `clock` judges retention. Safe for threads."""

    def __init__(self, *, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._objects: dict[str, _Kept] = {}
        self._lies: dict[str, StoredObject | None] = {}
        self._late: list[Callable[[], object]] = []
        self._faults: dict[int, Fault] = {}
        self._lock = RLock()
        self.writes = 0  # all writes so far, failed ones too

    def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime | None = None,
        mode: LockMode = LockMode.COMPLIANCE,
    ) -> StoredObject:
        check_key(key)
        check_zone(retain_until)
        buffer = io.BytesIO()
        found, size = copy_hashed(source, buffer)
        if found != check_sha256(sha256):
            raise StorageRefused(reasons.DIGEST_DIFFERS, key=key)
        meant = _Kept(locked(StoredObject(key, size, sha256, None), retain_until, mode), buffer.getvalue())
        with self._lock:
            return self._write(lambda: self._keep(meant), self._merged(meant).head, key)

    def open(self, key: str, version: str = "") -> BinaryIO:  # noqa: ARG002 (a key has one version here)
        with self._lock:
            kept = self._objects.get(check_key(key))
        if kept is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return io.BytesIO(kept.data)

    def head(self, key: str, version: str = "") -> StoredObject | None:  # noqa: ARG002
        with self._lock:
            if key in self._lies:
                return self._lies[key]
            kept = self._objects.get(check_key(key))
            return kept.head if kept else None

    def extend_retention(
        self,
        key: str,
        until: datetime,
        *,
        mode: LockMode = LockMode.COMPLIANCE,
        version: str = "",  # noqa: ARG002
    ) -> StoredObject:
        check_zone(until)
        return self._changed(key, lambda head: extended(head, until, mode))

    def set_hold(self, key: str, held: bool, *, version: str = "") -> StoredObject:  # noqa: ARG002
        return self._changed(key, lambda head: replace(head, hold=held))

    def _changed(self, key: str, change: Callable[[StoredObject], StoredObject]) -> StoredObject:
        with self._lock:
            kept = self._objects.get(check_key(key))
            if kept is None:
                raise StorageRefused(reasons.OBJECT_MISSING, key=key)
            meant = replace(kept, head=change(kept.head))
            return self._write(lambda: self._objects.update({key: meant}), meant.head, key)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        with self._lock:
            keys = sorted(key for key in self._objects if key.startswith(prefix) and key > after)
        yield from keys

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        for key in self.list(prefix, after):
            yield Listed(key, "", len(self._objects[key].data), latest=True, deleted=False)

    def delete(self, key: str, version: str = "") -> None:  # noqa: ARG002
        with self._lock:
            kept = self._objects.get(check_key(key))
            if kept is not None:
                allow_delete(kept.head, self._clock())
                self._write(lambda: self._objects.pop(key, None), None, key)

    def put_mutable(self, key: str, data: bytes) -> None:
        if key not in MUTABLE:
            raise StorageRefused(reasons.KEY_NOT_ALLOWED, key=key)
        head = StoredObject(key, len(data), new_sha256(data).hexdigest(), None)
        with self._lock:
            self._write(lambda: self._objects.update({key: _Kept(head, data)}), None, key)

    # Failing on command.

    def fail_at(self, write: int, fault: Fault) -> None:
        """The `write`-th write from now (1: the next) meets this fault."""
        with self._lock:
            self._faults[self.writes + write] = fault

    def settle(self) -> None:
        """Late writes are seen from now on."""
        with self._lock:
            late, self._late = self._late, []
            for effect in late:
                effect()

    def flip(self, key: str, bit: int = 0) -> None:
        """One bit of the object rots; `head` still tells the old digest."""
        data = bytearray(self._objects[key].data)
        data[bit // 8] ^= 1 << bit % 8
        self.overwrite(key, bytes(data))

    def truncate(self, key: str, size: int) -> None:
        """The object loses its end; `head` still tells the old size."""
        self.overwrite(key, self._objects[key].data[:size])

    def overwrite(self, key: str, data: bytes) -> None:
        """Somebody with access to the store changes the bytes behind the contract's back."""
        with self._lock:
            self._objects[key] = replace(self._objects[key], data=data)

    def vanish(self, key: str) -> None:
        """The object is gone, locked or not."""
        with self._lock:
            del self._objects[key]

    def lie(self, key: str, head: StoredObject | None) -> None:
        """`head` answers so from now on."""
        with self._lock:
            self._lies[key] = head

    def _merged(self, meant: _Kept) -> _Kept:
        known = self._objects.get(meant.head.key)
        if known is None:
            return meant
        if known.head.sha256 != meant.head.sha256:
            raise StorageRefused(reasons.OBJECT_EXISTS, key=meant.head.key)
        return replace(known, head=locked(known.head, meant.head.retain_until, meant.head.mode))

    def _keep(self, meant: _Kept) -> None:
        self._objects[meant.head.key] = self._merged(meant)

    def _write(self, effect: Callable[[], object], answer: T, key: str) -> T:
        self.writes += 1
        fault = self._faults.pop(self.writes, None)
        if fault is Fault.LATE:
            self._late.append(effect)
        elif fault not in (Fault.LOST, Fault.SWALLOWED):
            effect()
        if fault is Fault.DUPLICATED:
            effect()
        if fault is Fault.SPOILED and key in self._objects:
            self.flip(key)
        if fault in (Fault.LOST, Fault.KEPT):
            raise ArchiveUnavailable("the store did not say whether it kept the bytes")
        return answer
