"""The work area of processes on several machines: an unlocked bucket, and on each machine a directory as its cache.

What `put_work` returns is in the bucket, so that an act which then commits speaks of bytes that every machine finds.
The directory alone makes nothing durable: what a machine's death leaves in it is of another boot, and is forgotten.

    {first two digits}/{sha256}.{day}    in the bucket; `day` of the last time that somebody brought these bytes

Bytes that nobody needs are removed by the name of their day. Who brings the same bytes meanwhile does so under
today's name, which is never removed: nothing is taken from under an act that is about to commit.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO, Protocol

from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import Hashed
from archive.storage.keys import check_sha256
from archive.storage.work import WorkDirectory
from policies.reasons import archiving as reasons

_DAY = "%Y%m%d"
_MOST_SHARED = 4096  # names that this process need not send again today


class WorkObjects(Protocol):
    """Unlocked objects by name. What `put` returned from is durable, and seen by all.

    Errors: ArchiveUnavailable when the store did not answer; the act may be repeated.
    """

    def put(self, name: str, source: Path) -> None:
        """The file's bytes; the same name always comes with the same bytes."""

    def open(self, name: str) -> BinaryIO:
        """The bytes; the caller compares the digest. StorageRefused when there are none."""

    def names(self, prefix: str) -> Iterator[str]:
        """Those that start so, lazily, in order."""

    def remove(self, name: str) -> None:
        """A missing one is a success."""

    def sweep(self) -> None:
        """Give up what writers began that were interrupted long ago."""


class SharedWork:
    """`WorkArea` over `objects`, with `cache` on this machine. Safe for threads and processes.

    `clock` gives the day, aware UTC; machines may differ by hours.
    """

    def __init__(self, cache: WorkDirectory, objects: WorkObjects, *, clock: Callable[[], datetime]) -> None:
        self._cache, self._objects, self._clock = cache, objects, clock
        self._shared: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()

    def put_work(self, source: Path | bytes | BinaryIO) -> str:
        return self._share(self._cache.put_work(source))

    def extend_work(self, sha256: str, tail: bytes) -> str:
        self.work_path(sha256)
        return self._share(self._cache.extend_work(sha256, tail))

    def hashed_work(self, sha256: str) -> Hashed:
        """A cached file that rotted is fetched anew."""
        self.work_path(sha256)
        try:
            return self._cache.hashed_work(sha256)
        except ArchiveDamaged:
            self._cache.remove_work(sha256)
            self.work_path(sha256)
            return self._cache.hashed_work(sha256)

    def work_path(self, sha256: str) -> Path:
        try:
            return self._cache.work_path(sha256)
        except StorageRefused:
            self._fetch(sha256)
            return self._cache.work_path(sha256)

    def remove_work(self, sha256: str) -> None:
        self._cache.remove_work(sha256)
        for name in list(self._objects.names(_stem(sha256))):
            self._objects.remove(name)
        with self._lock:
            self._shared.clear()

    def old_work(self, before: datetime) -> Iterator[str]:
        """Digests of bytes that somebody brought on a day before that one; perhaps also later."""
        last = ""
        for shard in range(256):
            for name in self._objects.names(f"{shard:02x}/"):
                sha256, day = _parts(name)
                if day < before.strftime(_DAY) and sha256 != last:
                    yield (last := sha256)

    def clear_work(self, sha256: str, before: datetime) -> None:
        """Nobody needs them: what was brought before that day goes. What was brought since stays."""
        self._cache.clear_work(sha256, before)
        for name in list(self._objects.names(_stem(sha256))):
            if _parts(name)[1] < before.strftime(_DAY):
                self._objects.remove(name)

    def trim(self, before: datetime) -> None:
        """This machine forgets what it has not used since; the bucket has it."""
        for sha256 in self._cache.old_work(before):
            self._cache.clear_work(sha256, before)

    def sweep(self) -> None:
        """What writers left in the bucket that were interrupted long ago."""
        self._objects.sweep()

    def _share(self, sha256: str) -> str:
        name = f"{_stem(sha256)}{self._clock().strftime(_DAY)}"
        with self._lock:
            known = name in self._shared
        if not known:
            self._objects.put(name, self._cache.work_path(sha256))
            with self._lock:
                self._shared[name] = None
                while len(self._shared) > _MOST_SHARED:
                    self._shared.popitem(last=False)
        return sha256

    def _fetch(self, sha256: str) -> None:
        """From the newest day on, which is nearly always today's. Other bytes are no bytes."""
        today = f"{_stem(sha256)}{self._clock().strftime(_DAY)}"
        if self._copied(today, sha256):
            return
        for name in sorted(self._objects.names(_stem(sha256)), reverse=True):
            if self._copied(name, sha256):
                return
        raise StorageRefused(reasons.OBJECT_MISSING, key=sha256)

    def _copied(self, name: str, sha256: str) -> bool:
        with suppress(StorageRefused), self._objects.open(name) as stream:
            found = self._cache.put_work(stream)
            if found != sha256:
                self._cache.remove_work(found)
                raise ArchiveDamaged(f"work area: {name} holds other bytes ({found})")
            return True
        return False


def _stem(sha256: str) -> str:
    return f"{check_sha256(sha256)[:2]}/{sha256}."


def _parts(name: str) -> tuple[str, str]:
    """Digest and day."""
    sha256, _, day = name.partition("/")[2].partition(".")
    return sha256, day
