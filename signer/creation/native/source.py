"""The bytes of the file to be signed: up to `WHOLE` bytes at once; of a larger file the end, then windows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from signer.creation.native.unfit import Unfit, Unfitness

if TYPE_CHECKING:
    from hashlib import _Hash

WHOLE = 1 << 20
BLOCK = 256 << 10
_TAIL = 64 << 10


class Source:
    """An open file, closed by the caller: its `size` in bytes, and its `end` in memory from offset `base` on."""

    __slots__ = ("_descriptor", "base", "end", "size")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.lseek(descriptor, 0, os.SEEK_END)
        self.base = 0 if self.size <= WHOLE else self.size - _TAIL
        self.end = os.pread(descriptor, self.size - self.base, self.base)
        if len(self.end) != self.size - self.base:
            raise Unfit(Unfitness.CHANGING)

    def window(self, offset: int, length: int) -> tuple[bytes, int]:
        """A buffer with the bytes at `offset`, and where it begins; what is in memory is not read again."""
        if offset >= self.base:
            return self.end, self.base
        return os.pread(self._descriptor, length, offset), offset

    def hash_into(self, *digests: _Hash) -> None:
        """Feed the file's bytes, in blocks. Raises `Unfit` when the file got shorter."""
        if not self.base:
            for digest in digests:
                digest.update(self.end)
            return
        buffer = bytearray(BLOCK)
        view = memoryview(buffer)
        done = 0
        while done < self.size:
            count = os.preadv(self._descriptor, (view[: min(BLOCK, self.size - done)],), done)
            if not count:
                raise Unfit(Unfitness.CHANGING)
            for digest in digests:
                digest.update(view[:count])
            done += count
