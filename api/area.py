"""The work area, with the archive behind it: bytes of an archived version are found, also when they were cleared away.

Steps on the way to what was archived (an unsigned draft, a signature without its token) go some weeks after it, and
are then nowhere: asking for them is a refusal that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from api.transactions import Transactions
from archive.catalogue import deposit_rows, documents
from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import Hashed, ObjectStore, WorkArea
from policies.reasons import archiving as reasons


class Area:
    """A `WorkArea` over another one; what is fetched back stays in it for as long as anything does."""

    def __init__(self, inner: WorkArea, store: ObjectStore, transactions: Transactions) -> None:
        self.inner = inner
        self._store = store
        self._transactions = transactions

    def put_work(self, source: Path | bytes | BinaryIO) -> str:
        return self.inner.put_work(source)

    def extend_work(self, sha256: str, tail: bytes) -> str:
        self.work_path(sha256)
        return self.inner.extend_work(sha256, tail)

    def hashed_work(self, sha256: str) -> Hashed:
        self.work_path(sha256)
        return self.inner.hashed_work(sha256)

    def work_path(self, sha256: str) -> Path:
        """Raises StorageRefused when the bytes were never here, or were a step on the way that is not kept."""
        try:
            return self.inner.work_path(sha256)
        except StorageRefused:
            self._fetch(sha256)
            return self.inner.work_path(sha256)

    def remove_work(self, sha256: str) -> None:
        self.inner.remove_work(sha256)

    def old_work(self, before: datetime) -> Iterator[str]:
        return self.inner.old_work(before)

    def clear_work(self, sha256: str, before: datetime) -> None:
        self.inner.clear_work(sha256, before)

    def _fetch(self, sha256: str) -> None:
        with self._transactions.read() as conn:
            kept = deposit_rows.content_object(conn, sha256)
            known = documents.by_digest(conn, sha256)
        if kept is None:
            archived = known is not None and known[0].archived_at is not None
            raise StorageRefused(reasons.STEP_NOT_KEPT if archived else reasons.OBJECT_MISSING, key=sha256)
        with self._store.open(kept.key, kept.version) as file:
            found = self.inner.put_work(file)
        if found != sha256:
            self.inner.remove_work(found)
            raise ArchiveDamaged(f"{kept.key}: holds other bytes ({found})")
