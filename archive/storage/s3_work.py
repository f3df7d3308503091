"""Objects of the unlocked work bucket, through the minio SDK: put, got, listed, removed. No lock, no record.

What lies here is under a name that its bytes' digest is part of, so a repeated put writes the same bytes over. A
bucket without versioning is enough; where it has versions, they are removed with their key.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from archive.errors import StorageRefused
from archive.storage.hashed import HashedFiles
from archive.storage.keys import check_key
from archive.storage.s3_bodies import digests
from archive.storage.s3_connection import S3Connection
from archive.storage.s3_errors import ServerSaid, Where
from archive.storage.s3_stream import S3Stream
from archive.storage.s3_upload import STALE, Uploader
from archive.storage.s3_versions import inventory
from archive.storage.s3_wire import Wire
from policies.reasons import archiving as reasons


class S3WorkObjects:
    """`archive.storage.shared_work.WorkObjects` in the bucket of `connection`. Safe for threads and processes.

    `clock` (aware UTC) dates the signatures of requests. Everything raises StoreUnavailable when the server does
    not answer, or not as a bucket would. `hashed`: digests of the files that are put, as far as they are kept.
    """

    def __init__(
        self,
        connection: S3Connection,
        *,
        clock: Callable[[], datetime],
        hashed: HashedFiles | None = None,
    ) -> None:
        self._wire = Wire(connection, clock=clock)
        self._uploader = Uploader(self._wire)
        self._clock, self._hashed = clock, hashed

    def put(self, name: str, source: Path) -> None:
        made = digests(source, self._wire.connection.part_bytes, self._hashed)
        deadline = self._wire.deadline(made.size)
        self._wire.repeated(
            lambda: self._uploader.send(check_key(name), source, made, None, condition={}, deadline=deadline),
            Where(self._wire.connection.place, f"PUT {name}"),
            frozenset(),
            deadline,
        )

    def open(self, name: str) -> BinaryIO:
        try:
            return cast(BinaryIO, S3Stream(self._wire, check_key(name), ""))
        except ServerSaid as exc:
            raise StorageRefused(reasons.OBJECT_MISSING, key=name) from exc

    def names(self, prefix: str) -> Iterator[str]:
        last = ""
        for entry in inventory(self._wire, prefix, ""):
            if not entry.deleted and entry.key != last:
                yield (last := entry.key)

    def remove(self, name: str) -> None:
        for entry in list(inventory(self._wire, check_key(name), "")):
            if entry.key == name:
                query = {} if entry.version in ("", "null") else {"versionId": entry.version}
                self._wire.ask("DELETE", name, query=query)

    def sweep(self) -> None:
        """Gives up multipart uploads of more than a day ago, which a crash left."""
        self._uploader.sweep(self._clock() - STALE, self._wire.deadline())
