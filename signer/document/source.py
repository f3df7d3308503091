"""Random access to the bytes of a file, up to an end; only a small file is held in memory."""

from __future__ import annotations

import os
from pathlib import Path

_SMALL = 1 << 20  # bytes


class Source:
    """The first `size` bytes of a file followed by `tail`, or (for `end`) a prefix of both.

    A small file is read at once: a slice costs less than a call of the kernel. The descriptor of a large one is
    closed by `close` of the source that opened it; views made by `until` share it.
    """

    def __init__(self, descriptor: int, stored: int, tail: bytes, size: int, owner: bool) -> None:
        self._descriptor = descriptor
        self._stored = stored
        self._tail = tail
        self._owner = owner
        self.size = size

    @classmethod
    def open(cls, path: Path, tail: bytes = b"") -> Source:
        """Open a file for reading. Raises OSError."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        stored = os.fstat(descriptor).st_size
        if stored <= _SMALL:
            with os.fdopen(descriptor, "rb") as file:
                return cls.of(file.read(stored) + tail)
        return cls(descriptor, stored, tail, stored + len(tail), owner=True)

    @classmethod
    def of(cls, data: bytes) -> Source:
        """Bytes that are in memory already."""
        return cls(-1, 0, data, len(data), owner=False)

    def until(self, end: int) -> Source:
        """The same bytes as if the file ended at `end`."""
        return Source(self._descriptor, self._stored, self._tail, max(0, min(end, self.size)), owner=False)

    def shares(self, other: Source) -> bool:
        """Whether both are the same bytes, apart from where they end."""
        if self._stored:
            return (self._descriptor, self._stored) == (other._descriptor, other._stored)
        return self._tail is other._tail

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes at `offset`; fewer (or none) at the end."""
        end = offset + length
        if end > self.size:
            end = self.size
        if offset < 0 or end <= offset:
            return b""
        if offset >= self._stored:
            return self._tail[offset - self._stored : end - self._stored]
        length = end - offset
        data = self._pread(offset, min(length, self._stored - offset))
        return data + self._tail[: length - len(data)] if len(data) < length else data

    def read_into(self, view: memoryview, offset: int) -> int:
        """Fill `view` with the bytes at `offset`; how many there were, fewer at the end."""
        if self._stored and 0 <= offset < min(self._stored, self.size):
            return os.preadv(self._descriptor, [view[: min(self._stored, self.size) - offset]], offset)
        found = self.read(offset, len(view))
        view[: len(found)] = found
        return len(found)

    def _pread(self, offset: int, length: int) -> bytes:
        data = os.pread(self._descriptor, length, offset)
        while len(data) < length:
            more = os.pread(self._descriptor, length - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def close(self) -> None:
        if self._owner:
            self._owner = False
            os.close(self._descriptor)
