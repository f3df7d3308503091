"""The few keys that are written over on S3: the newest version is the object, older ones are removed.

Each process removes the versions that it wrote itself, and now and then looks for what others, or a crash, left. Older
versions stay as far as the bucket's default retention locks them.
"""

from __future__ import annotations

from contextlib import suppress
from hashlib import sha256
from threading import Lock

from archive.errors import StoreUnavailable
from archive.storage.s3_answers import SHA256_META, VERSION
from archive.storage.s3_bodies import digests
from archive.storage.s3_errors import DENIED, GONE, ServerSaid
from archive.storage.s3_versions import newest_of
from archive.storage.s3_wire import Deadline, Wire

EVERY = 16  # times that a key is tidied, of which the first looks for old versions
_MOST = 20  # old versions that are removed at a time
_NONE = ("", "null")  # a bucket that lost its versioning calls every version so


class MutableKeys:
    """Writings over `wire`. Safe for threads: one at a time, so that what was written before is older."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = Lock()
        self._written: dict[str, list[str]] = {}  # versions by key, the newest last
        self._turns: dict[str, int] = {}

    def put(self, key: str, data: bytes, deadline: Deadline) -> None:
        """Raises StoreUnavailable when the bytes may not have been written."""
        headers = {SHA256_META: sha256(data).hexdigest(), **digests(data, len(data) + 1).parts[0].headers}
        with self._lock:
            answer = self._wire.ask("PUT", key, headers=headers, body=data, deadline=deadline)
            # Crash: older versions stay, and are removed later.
            written = self._written.setdefault(key, [])
            written.append(answer.headers.get(VERSION, ""))
            del written[: -_MOST - 1]

    def tidy(self, key: str) -> None:
        """Removes versions before the newest. What is not removed now is found by a later look."""
        with self._lock:
            turn, written = self._turns.get(key, 0), self._written.get(key, [])
            self._turns[key] = (turn + 1) % EVERY
            self._written[key] = written[-1:]
        deadline = self._wire.deadline()
        with suppress(StoreUnavailable, ServerSaid):
            old = self._own(written) if turn else self._found(key, deadline)
            for version in old:
                self._remove(key, version, deadline)

    def _own(self, written: list[str]) -> list[str]:
        return [version for version in written[:-1] if version not in (*_NONE, written[-1])]

    def _found(self, key: str, deadline: Deadline) -> list[str]:
        """Of whoever wrote them, the oldest first."""
        return [entry.version for entry in newest_of(self._wire, key, deadline)[:0:-1][:_MOST]]

    def _remove(self, key: str, version: str, deadline: Deadline) -> None:
        with suppress(ServerSaid):  # it went already, or is locked
            query = {"versionId": version}
            self._wire.ask("DELETE", key, query=query, expected=DENIED | GONE, deadline=deadline)
