"""The bytes of one version as they come. Whoever reads compares the digest: nothing is verified here.

A connection that breaks on the way is taken up again where it broke, at the same version and the same bytes (the
ETag must be the one of the first answer), a limited number of times. What cannot be taken up raises: a reader never
takes the beginning of an object for all of it.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any

from urllib3 import exceptions as net
from urllib3.response import BaseHTTPResponse

from archive.errors import ArchiveDamaged, StoreUnavailable
from archive.storage.s3_errors import EXISTS, ServerSaid, Where, broken
from archive.storage.s3_wire import SLOWEST, Deadline, Wire
from policies.reasons import storage as reasons

_BROKEN = (net.HTTPError, OSError)
_ALL_AT_ONCE = 1 << 20  # bytes


class S3Stream(io.RawIOBase):
    """The readable stream of a key's version. Raises `ServerSaid` when there is none, else as `Wire.stream`.

    The time that the store takes is bounded; whoever reads may take as long as it likes.
    """

    def __init__(self, wire: Wire, key: str, version: str, *, ticks: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._wire, self._key, self._ticks = wire, key, ticks
        self._query = {"versionId": version} if version else {}
        self._where = Where(wire.connection.place, f"GET {key}")
        self._at, self._waited, self._breaks = 0, 0.0, 0
        self._response = self._ask({})
        self.headers = self._response.headers
        size = self.headers.get("Content-Length", "")
        if not size.isdecimal():
            raise StoreUnavailable(reasons.NOT_S3, f"{self._where}: no Content-Length")
        self._size = int(size)

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        """`size` bytes, all that are left without one; fewer only at the end. Raises StoreUnavailable."""
        wanted = self._size - self._at if size is None or size < 0 else min(size, self._size - self._at)
        found: list[bytes] = []
        while wanted:
            block = self._block(min(wanted, _ALL_AT_ONCE))
            found.append(block)
            wanted -= len(block)
        return found[0] if len(found) == 1 else b"".join(found)

    def readall(self) -> bytes:
        return self.read()

    def readinto(self, buffer: Any) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """A connection with bytes left in it is not used again."""
        if not self.closed:
            self._drop() if self._at < self._size else self._response.release_conn()
        super().close()

    def _block(self, most: int) -> bytes:
        """At least one byte."""
        while True:
            start = self._ticks()
            try:
                data = self._response.read1(most, decode_content=False)
                if not data:
                    raise net.ProtocolError("the answer ended early")
            except _BROKEN as exc:
                self._take_up(broken(exc, self._where))
                continue
            finally:
                self._waited += self._ticks() - start
            self._at += len(data)
            if self._waited > self._wire.connection.act_seconds + self._at / SLOWEST:
                self._drop()
                raise StoreUnavailable(reasons.SILENT, f"{self._where}: too slow", passing=True)
            return data

    def _take_up(self, failure: StoreUnavailable) -> None:
        """The same bytes from where they broke off."""
        self._drop()
        if not self._wire.wait(failure, self._breaks, self._wire.deadline()):
            raise failure
        self._breaks += 1
        same = {"If-Match": self.headers["ETag"]} if "ETag" in self.headers else {}
        try:
            self._response = self._ask({**same, "Range": f"bytes={self._at}-"} if self._at else same)
        except ServerSaid as exc:
            how = "changed" if exc.code in EXISTS else "went away"
            raise ArchiveDamaged(f"{self._key}: {how} while it was read") from exc
        told = self._response.headers.get("Content-Range", "")
        if self._at and not told.startswith(f"bytes {self._at}-"):
            self._drop()
            raise ArchiveDamaged(f"{self._where}: asked from byte {self._at}, the store gave {told[:40]!r}")

    def _ask(self, headers: Mapping[str, str]) -> BaseHTTPResponse:
        deadline: Deadline = self._wire.deadline()
        return self._wire.stream(self._key, self._query, headers, self._where, deadline)

    def _drop(self) -> None:
        self._response.close()
        self._response.release_conn()
