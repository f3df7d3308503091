"""The twin of the log's catalogue: same contract in memory, with commits that fail on command."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from threading import RLock

from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict
from archive.log.merkle import EMPTY_ROOT
from archive.ports import CheckpointRow
from archive.storage.memory import Fault


@dataclass(slots=True)
class MemoryConnection:
    """The rows as one transaction sees them. `order` holds leaf ids oldest first."""

    entries: dict[str, bytes] = field(default_factory=dict)
    indices: dict[int, str] = field(default_factory=dict)
    places: dict[str, int] = field(default_factory=dict)
    waiting: dict[str, None] = field(default_factory=dict)
    checkpoint: CheckpointRow | None = None

    def copy(self) -> MemoryConnection:
        return replace(
            self,
            entries=dict(self.entries),
            indices=dict(self.indices),
            places=dict(self.places),
            waiting=dict(self.waiting),
        )


class MemoryLogCatalogue:
    """`LogCatalogue` with its own `transaction`, one at a time. For small logs: it copies all rows."""

    def __init__(self) -> None:
        self._rows = MemoryConnection()
        self._lock = RLock()
        self._faults: dict[int, Fault] = {}
        self.commits = 0

    @contextmanager
    def transaction(self) -> Iterator[MemoryConnection]:
        """Commits when the block ends well."""
        with self._lock:
            rows = self._rows.copy()
            yield rows
            self._commit(rows)

    @contextmanager
    def reading(self) -> Iterator[MemoryConnection]:
        """A snapshot; changes to it are lost."""
        with self._lock:
            rows = self._rows.copy()
        yield rows

    def fail_at(self, commit: int, fault: Fault) -> None:
        """The `commit`-th commit from now is LOST, or KEPT though reported as lost."""
        self._faults[self.commits + commit] = fault

    def _commit(self, rows: MemoryConnection) -> None:
        self.commits += 1
        fault = self._faults.pop(self.commits, None)
        if fault is not Fault.LOST:
            self._rows = rows
        if fault is not None:
            raise ArchiveUnavailable("the database did not say whether it committed")

    def add(self, conn: MemoryConnection, leaf_id: str, entry: bytes) -> None:
        """A leaf as an act leaves it: without an index."""
        conn.entries[leaf_id] = entry
        conn.waiting[leaf_id] = None

    def index(self, leaf_id: str) -> int | None:
        """The leaf's index, when it has one."""
        return self._rows.places.get(leaf_id)

    def pending(self, conn: MemoryConnection, limit: int) -> Sequence[tuple[str, bytes]]:
        return [(leaf_id, conn.entries[leaf_id]) for leaf_id in list(conn.waiting)[:limit]]

    def assign(self, conn: MemoryConnection, pairs: Sequence[tuple[str, int]]) -> None:
        for leaf_id, index in pairs:
            if index in conn.indices or leaf_id in conn.places:
                raise LogConflict("a leaf or an index is taken")
            conn.indices[index], conn.places[leaf_id] = leaf_id, index
            del conn.waiting[leaf_id]

    def sequenced(self, conn: MemoryConnection, start: int, stop: int) -> Sequence[bytes]:
        if any(index not in conn.indices for index in range(start, stop)):
            raise ArchiveDamaged("a leaf is missing")
        return [conn.entries[conn.indices[index]] for index in range(start, stop)]

    def current_checkpoint(self, conn: MemoryConnection) -> CheckpointRow | None:
        return conn.checkpoint

    def swap_checkpoint(
        self,
        conn: MemoryConnection,
        old_size: int,
        old_root: bytes,
        new_size: int,
        new_root: bytes,
        note: bytes,
    ) -> bool:
        row = conn.checkpoint or CheckpointRow(0, EMPTY_ROOT, b"")
        if (row.size, row.root) != (old_size, old_root):
            return False
        conn.checkpoint = CheckpointRow(new_size, new_root, note)
        return True
