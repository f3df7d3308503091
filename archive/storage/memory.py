"""The twin of the object store: the same contract in memory, and every way to break it on command.

store.fail_at(3, Fault.KEPT)      the third write from now happens, and is reported as lost
store.flip(key, bit) …            bytes rot
store.lie(key, head)              `head` answers so from now on
store.shadow(key, data)           somebody writes over it, or puts a delete marker on top
store.meets = call                before each act, with its name and key: waits, or raises ArchiveUnavailable

A key has one version, named "", until a repair writes a whole copy beside a damaged one, as a server with
versions does: that one is named.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
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
_MARKER = "marker"  # the version of a delete marker


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
        self._newer: dict[str, dict[str, _Kept]] = {}  # by key and version, the oldest first
        self._lies: dict[str, StoredObject | None] = {}
        self._late: list[Callable[[], object]] = []
        self._faults: dict[int, Fault] = {}
        self._lock = RLock()
        self._marked: set[str] = set()  # keys with a delete marker on top
        self.meets: Callable[[str, str], None] = lambda _act, _key: None
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
        self.meets("put", key)
        with self._lock:
            return self._write(lambda: self._keep(meant), self._merged(meant).head, key)

    def open(self, key: str, version: str = "") -> BinaryIO:
        self.meets("open", key)
        kept = self._found(key, version)
        if kept is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return io.BytesIO(kept.data)

    def head(self, key: str, version: str = "") -> StoredObject | None:
        self.meets("head", key)
        with self._lock:
            if key in self._lies:
                return self._lies[key]
            kept = self._found(key, version)
            return kept.head if kept else None

    def _found(self, key: str, version: str) -> _Kept | None:
        with self._lock:
            if version:
                return self._newer.get(check_key(key), {}).get(version)
            first = self._objects.get(check_key(key))
            return first or next(iter(self._newer.get(key, {}).values()), None)

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:  # noqa: ARG002
        stored = self.head(key, version)
        if stored is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return stored, self.open(key, version)

    def extend_retention(
        self,
        key: str,
        until: datetime,
        *,
        mode: LockMode = LockMode.COMPLIANCE,
        version: str = "",
    ) -> StoredObject:
        check_zone(until)
        self.meets("extend_retention", key)
        return self._changed(key, version, lambda head: extended(head, until, mode))

    def set_hold(self, key: str, held: bool, *, version: str = "") -> StoredObject:
        self.meets("set_hold", key)
        return self._changed(key, version, lambda head: replace(head, hold=held))

    def _changed(
        self, key: str, version: str, change: Callable[[StoredObject], StoredObject]
    ) -> StoredObject:
        with self._lock:
            kept = self._found(key, version)
            if kept is None:
                raise StorageRefused(reasons.OBJECT_MISSING, key=key)
            meant = replace(kept, head=change(kept.head))
            return self._write(lambda: self._set(meant), meant.head, key)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        self.meets("list", prefix)
        with self._lock:
            keys = sorted(key for key in self._keys() if key.startswith(prefix) and key > after)
        yield from keys

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        for key in self.list(prefix, after):
            versions = self._all(key)
            marked = key in self._marked
            if marked:
                yield Listed(key, _MARKER, 0, latest=True, deleted=True)
            for place, kept in enumerate(versions):
                latest = place == 0 and not marked
                yield Listed(key, kept.head.version, len(kept.data), latest=latest, deleted=False)

    def delete(self, key: str, version: str = "") -> None:
        self.meets("delete", key)
        with self._lock:
            found = [self._found(key, version)] if version else self._all(check_key(key))
            doomed = [kept for kept in found if kept is not None]
            for kept in doomed:
                allow_delete(kept.head, self._clock())
            if doomed:
                self._write(lambda: self._forget([kept.head for kept in doomed]), None, key)

    def _all(self, key: str) -> Sequence[_Kept]:
        """Every version of the key, the object last."""
        first = [self._objects[key]] if key in self._objects else []
        return [*reversed(self._newer.get(key, {}).values()), *first]

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
        buffer = io.BytesIO()
        found, size = copy_hashed(source, buffer)
        if found != check_sha256(sha256):
            raise StorageRefused(reasons.DIGEST_DIFFERS, key=key)
        self.meets("replace_damaged", key)
        with self._lock:
            pinned = self._found(key, version)
            newer = self._newer.get(key, {})
            for kept in ([pinned] if pinned else []) + list(newer.values()):
                if new_sha256(kept.data).hexdigest() == sha256:
                    return self.extend_retention(
                        key,
                        max(retain_until, kept.head.retain_until or retain_until),
                        mode=mode,
                        version=kept.head.version,
                    )
            name = f"r{len(newer) + 1}" if pinned or newer else ""
            head = locked(StoredObject(key, size, sha256, None, version=name), retain_until, mode)
            return self._write(lambda: self._set(_Kept(head, buffer.getvalue())), head, key)

    def _keys(self) -> set[str]:
        return self._objects.keys() | {key for key, versions in self._newer.items() if versions}

    def _set(self, kept: _Kept) -> None:
        if kept.head.version:
            self._newer.setdefault(kept.head.key, {})[kept.head.version] = kept
        else:
            self._objects[kept.head.key] = kept

    def _forget(self, heads: Sequence[StoredObject]) -> None:
        for head in heads:
            where = self._newer.get(head.key, {}) if head.version else self._objects
            where.pop(head.version or head.key, None)
            self._marked.discard(head.key)

    def put_mutable(self, key: str, data: bytes) -> None:
        if key not in MUTABLE:
            raise StorageRefused(reasons.KEY_NOT_ALLOWED, key=key)
        head = StoredObject(key, len(data), new_sha256(data).hexdigest(), None)
        self.meets("put_mutable", key)
        with self._lock:
            self._write(lambda: self._objects.update({key: _Kept(head, data)}), None, key)

    def tidy(self, key: str) -> None:
        """Nothing is left of what was replaced."""

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

    def flip(self, key: str, bit: int = 0, version: str = "") -> None:
        """One bit of the object rots; `head` still tells the old digest."""
        data = bytearray(self._kept(key, version).data)
        data[bit // 8] ^= 1 << bit % 8
        self.overwrite(key, bytes(data), version)

    def truncate(self, key: str, size: int) -> None:
        """The object loses its end; `head` still tells the old size."""
        self.overwrite(key, self._objects[key].data[:size])

    def overwrite(self, key: str, data: bytes, version: str = "") -> None:
        """Somebody with access to the store changes the bytes behind the contract's back."""
        with self._lock:
            self._set(replace(self._kept(key, version), data=data))

    def vanish(self, key: str) -> None:
        """The object is gone, locked or not."""
        with self._lock:
            del self._objects[key]

    def relock(self, key: str, until: datetime | None, mode: LockMode | None, *, hold: bool = False) -> None:
        """The lock is another one from now on, shorter or softer too."""
        with self._lock:
            kept = self._objects[key]
            self._objects[key] = replace(
                kept, head=replace(kept.head, retain_until=until, mode=mode, hold=hold)
            )

    def _kept(self, key: str, version: str) -> _Kept:
        found = self._found(key, version)
        if found is None:
            raise KeyError(key)
        return found

    def shadow(self, key: str, data: bytes | None) -> None:
        """Somebody writes a newer version over the object; None puts a delete marker on top."""
        with self._lock:
            if data is None:
                self._marked.add(key)
                return
            name = f"s{len(self._newer.get(key, {})) + 1}"
            self._set(
                _Kept(StoredObject(key, len(data), new_sha256(data).hexdigest(), None, version=name), data)
            )

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
        version = answer.version if isinstance(answer, StoredObject) else ""
        if fault is Fault.SPOILED and self._found(key, version):
            self.flip(key, version=version)
        if fault in (Fault.LOST, Fault.KEPT):
            raise ArchiveUnavailable("the store did not say whether it kept the bytes")
        return answer
