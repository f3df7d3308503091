"""The few keys that are written over on S3: the newest version is the object, older ones are removed.

Each process removes at once the version that it wrote before, and now and then looks for what others, or a crash,
left. Older versions stay as far as the bucket's default retention locks them.
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

EVERY = 16  # writes of a key, of which the first looks for old versions
_MOST = 20  # old versions that one look removes


class MutableKeys:
    """Writings over `wire`. Safe for threads: one write at a time, so that what was written before is older."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._lock = Lock()
        self._last: dict[str, str] = {}  # version by key
        self._writes: dict[str, int] = {}

    def put(self, key: str, data: bytes, deadline: Deadline) -> None:
        """Raises StoreUnavailable when the bytes may not have been written; what is left over is no failure."""
        headers = {SHA256_META: sha256(data).hexdigest(), **digests(data, len(data) + 1).parts[0].headers}
        with self._lock:
            answer = self._wire.ask("PUT", key, headers=headers, body=data, deadline=deadline)
            # Crash: older versions stay, and a later write removes them.
            for version in self._outdated(key, answer.headers.get(VERSION, ""), deadline):
                with suppress(StoreUnavailable, ServerSaid):
                    self._wire.ask(
                        "DELETE", key, query={"versionId": version}, expected=DENIED | GONE, deadline=deadline
                    )

    def _outdated(self, key: str, written: str, deadline: Deadline) -> list[str]:
        """Versions before the one just written, the oldest first."""
        before, turn = self._last.get(key, ""), self._writes.get(key, 0)
        self._last[key], self._writes[key] = written, (turn + 1) % EVERY
        if turn:
            # A bucket that lost its versioning calls every version the same.
            return [before] if before not in ("", "null", written) else []
        with suppress(StoreUnavailable):
            return [entry.version for entry in newest_of(self._wire, key, deadline)[:0:-1][:_MOST]]
        return []
