"""A store with everything of a simulated archive in it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from hashlib import sha256
from typing import BinaryIO

from archive.errors import StorageRefused
from archive.ports import Listed, ObjectStore, StoredObject
from archive.registers.chain import GENESIS
from archive.storage import keys
from benchmarks.simulated_documents import LOCK, Made, SimulatedDocuments
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode


class SimulatedStore:
    """`ObjectStore` for reading: documents' objects are made when they are asked for, the others are the inner's."""

    def __init__(self, archive: SimulatedDocuments, inner: ObjectStore) -> None:
        self.archive, self.inner = archive, inner
        self._chain = JournalHashes(archive)

    def head(self, key: str, version: str = "") -> StoredObject | None:
        if not key.startswith(keys.DOCUMENTS):
            return self.inner.head(key, version)
        data = self._data(key)
        if data is None:
            return None
        digest = sha256(data).hexdigest()
        return StoredObject(key, len(data), digest, LOCK, LockMode.COMPLIANCE, False, "v")

    def open(self, key: str, version: str = "") -> BinaryIO:
        if not key.startswith(keys.DOCUMENTS):
            return self.inner.open(key, version)
        data = self._data(key)
        if data is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return io.BytesIO(data)

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:
        if not key.startswith(keys.DOCUMENTS):
            return self.inner.read(key, version, locks=locks)
        stored = self.head(key, version)
        if stored is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return stored, self.open(key, version)

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        if prefix in ("", keys.DOCUMENTS):
            yield from (key for key in self._documents(after) if key > after)
        if prefix != keys.DOCUMENTS:
            yield from (key for key in self.inner.list(prefix) if key > after)

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        for key in self.list(prefix, after):
            yield Listed(key, "v" if key.startswith(keys.DOCUMENTS) else "", 0, latest=True, deleted=False)

    def _documents(self, after: str) -> Iterator[str]:
        document = after.removeprefix(keys.DOCUMENTS)[:36]
        first = self.archive.place(document) or 0
        for i in range(first, self.archive.size):
            one = self._made(i)
            yield from sorted(self._of(one))

    def _of(self, one: Made) -> dict[str, bytes]:
        prefix = keys.document_prefix(one.id)
        return {
            f"{prefix}{one.content_sha256}.pdf": one.content,
            f"{prefix}{one.record_sha256}.record.json": one.record,
            f"{prefix}event-1.json": one.event,
        }

    def _data(self, key: str) -> bytes | None:
        i = self.archive.place(key.split("/")[1])
        return None if i is None else self._of(self._made(i)).get(key)

    def _made(self, i: int) -> Made:
        return self.archive.make(i, self.archive.journal(i), self._chain.at(i))


class JournalHashes:
    """The hash of each row of the journal. 32 bytes a document, as an index of the test."""

    def __init__(self, archive: SimulatedDocuments) -> None:
        self._hashes = bytearray()
        previous = GENESIS
        for i in range(archive.size):
            digest = sha256(f"{previous}\n{i + 1}\n{archive.journal(i)}".encode())
            previous = digest.hexdigest()
            self._hashes += digest.digest()

    def at(self, i: int) -> str:
        return bytes(self._hashes[32 * i : 32 * i + 32]).hex()
