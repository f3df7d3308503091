"""States of SHA-256 over whole files, kept from when their bytes were hashed anyway.

A state is good for what is appended to the file without reading it again. It is given only while the file is the one
that was hashed: same inode, size and times of change. That is about programs that write into the directory; a disk
that changes bytes beneath a file is noticed when these are read, by whoever compares them with their digest.
"""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from threading import Lock

from archive.ports import Hashed

_MOST_KEPT = 4096  # about 1 KiB each


class HashedFiles:
    """Bounded, the longest unused are forgotten; safe for threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[tuple[int, ...], Hashed]] = OrderedDict()
        self._lock = Lock()

    def remember(self, path: Path, hashed: Hashed) -> None:
        """The file at `path` was hashed just now, and nobody else may have written to it since."""
        mark = _mark(path)
        if mark is None or mark[2] != hashed.size:
            return
        with self._lock:
            self._kept[str(path)] = (mark, hashed)
            self._kept.move_to_end(str(path))
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)

    def of(self, path: Path) -> Hashed | None:
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
