"""States of SHA-256 over whole files, kept from when their bytes were hashed anyway, and of MD5 where S3 wants it.

A state is good for what is appended to the file without reading it again, and for sending it. It is given only while
the file is the one that was hashed: same inode, size and times of change. That is about programs that write into the
directory; a disk that changes bytes beneath a file is noticed when these are read, by whoever compares them with their
digest.
"""

from __future__ import annotations

from collections import OrderedDict
from hashlib import md5, sha256
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from archive.ports import Hashed

if TYPE_CHECKING:
    from hashlib import _Hash

_MOST_KEPT = 4096  # about 1 KiB each


class Kept(NamedTuple):
    """Size of a file and its digests: SHA-256, and MD5 where that is made. To be copied, never updated."""

    size: int
    digests: tuple[_Hash, ...]

    @property
    def hashed(self) -> Hashed:
        return Hashed(self.size, self.digests[0])

    @property
    def sha256(self) -> str:
        return self.digests[0].hexdigest()

    def extended(self, tail: bytes) -> Kept:
        """Those of the file followed by `tail`."""
        digests = tuple(digest.copy() for digest in self.digests)
        for digest in digests:
            digest.update(tail)
        return Kept(self.size + len(tail), digests)


class HashedFiles:
    """Bounded, the longest unused are forgotten; safe for threads. `md5`: whether that is to be made as well."""

    def __init__(self, *, md5: bool = False) -> None:
        self._md5 = md5
        self._kept: OrderedDict[str, tuple[tuple[int, ...], Kept]] = OrderedDict()
        self._lock = Lock()

    def begin(self) -> tuple[_Hash, ...]:
        """New digests of what is kept."""
        return (sha256(), md5(usedforsecurity=False)) if self._md5 else (sha256(),)

    def remember(self, path: Path, kept: Kept) -> None:
        """The file at `path` was hashed just now, and nobody else may have written to it since."""
        mark = _mark(path)
        if mark is None or mark[2] != kept.size:
            return
        with self._lock:
            self._kept[str(path)] = (mark, kept)
            self._kept.move_to_end(str(path))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)

    def of(self, path: Path) -> Kept | None:
        """What was remembered, if the file is still the same."""
        with self._lock:
            found = self._kept.get(str(path))
            if found is None:
                return None
            self._kept.move_to_end(str(path))
        return found[1] if _mark(path) == found[0] else None


def _mark(path: Path) -> tuple[int, ...] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
