"""Gives committed leaves their places in the log, signs the new head, and only then shows it.

    1 recover   read the bucket's highest checkpoint and the catalogue's row; refuse a row that is behind
    2 commit    one transaction: indices for pending leaves, and the checkpoint row swapped   ← commit point
    3 publish   what opens the leaves, then tiles; all read back; the checkpoint locked; then shown

After any error the state in memory is forgotten, and the next run begins with step 1. Step 3 is the same
code after a crash and on a good day, and each of its writes can be repeated. So at most one batch is ever
committed and not published, whoever sequenced it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Generic, TypeVar

from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict, ProofRefused, StorageRefused
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from archive.log.edge import Edge, Growth, grow
from archive.log.merkle import EMPTY_ROOT
from archive.log.note import MAX_NOTE, VerifierKey
from archive.log.reader import published_checkpoint
from archive.log.recovery import check_heads, check_known, load_edge, read_heads
from archive.log.tail import keep_tail
from archive.log.tiles import stored_partials
from archive.ports import CheckpointRow, LogCatalogue, LogSigner, ObjectStore
from archive.storage import keys
from archive.storage.readback import read_back, read_bounded

BATCH = 1024  # leaves that a sequencer of the service takes at once
MAX_BATCH = 4096  # leaves; the most that may lie between the bucket and the catalogue's row
_PARALLEL_WRITES = 8  # lets a disk or server group its syncs
_MOVED = "another sequencer moved the checkpoint"

C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is to do for a sequencer: the oldest leaf that waits, the committed size, the shown size."""

    waits: str
    committed: int
    shown: int

    @property
    def idle(self) -> bool:
        return not self.waits and self.shown == self.committed

    @property
    def set_back(self) -> bool:
        """More is shown than was committed: the catalogue is an older one than it was."""
        return self.shown > self.committed


@dataclass(frozen=True, slots=True)
class Batch:
    """What one run did: indices by leaf id, and the head that is now shown (None: an empty log).

    `complete`: every leaf that was pending when the run began is in it.
    """

    assigned: dict[str, int]
    head: SignedCheckpoint | None
    complete: bool


class Sequencer(Generic[C]):
    """One log's sequencer. Several may run over one catalogue: the row's swap lets one win. Not for threads.

    `transaction` opens a transaction that commits when its block ends well and rolls back otherwise; it, and
    the catalogue's functions, raise `ArchiveUnavailable` when the database does not answer. `reading` opens
    one for reading only, `looking` one in which a single statement reads. `retain_until` tells how long an object
    written now is to be locked. `known` gives the heads seen elsewhere (a second store, a witness): the log refuses
    to start behind them. It is asked at each recovery; where it raises ArchiveUnavailable, nothing is sequenced until
    it answers. `beside` tells what is to be stored before the tiles of the leaves from start to stop, whose
    checkpoint is the given note: keys and bytes, the same ones whenever it is asked.
    """

    def __init__(
        self,
        *,
        store: ObjectStore,
        catalogue: LogCatalogue[C],
        transaction: Callable[[], AbstractContextManager[C]],
        reading: Callable[[], AbstractContextManager[C]] | None = None,
        looking: Callable[[], AbstractContextManager[C]] | None = None,
        signer: LogSigner,
        retain_until: Callable[[], datetime | None],
        known: Callable[[], Iterable[Checkpoint]] = tuple,
        beside: Callable[[int, int, bytes], Iterable[tuple[str, bytes]]] = lambda *_stretch: (),
        batch: int = BATCH,
        parallel: bool = True,
    ) -> None:
        if not 0 < batch <= MAX_BATCH:
            raise ValueError(f"a batch has 1 to {MAX_BATCH} leaves")
        self._store = store
        self._catalogue = catalogue
        self._transaction = transaction
        self._reading = reading or transaction
        self._looking = looking or self._reading
        self._signer = signer
        self._key = VerifierKey.parse(signer.vkey)
        self._retain_until = retain_until
        self._known = known
        self._beside = beside
        self._batch = batch
        self._writers = ThreadPoolExecutor(_PARALLEL_WRITES, "log-tiles") if parallel else None
        self._edge: Edge | None = None
        self._shown: SignedCheckpoint | None = None
        self._kept = 0  # the size at which the tail was kept last
        self._attempt: tuple[bytes, dict[str, int]] = (b"", {})  # root and indices of the last commit

    def close(self) -> None:
        """Ends the writer threads."""
        if self._writers is not None:
            self._writers.shutdown()

    def run_once(self) -> Batch:
        """One batch, published. Raises `LogConflict` (run again), `ArchiveUnavailable`, `ArchiveDamaged`."""
        edge, self._edge = self._edge, None
        if edge is None:
            edge = self._publish(self._recover())
        assigned = self._outcome(edge)
        taken = self._commit(edge)
        if taken:
            edge = self._publish(edge)
            assigned |= self._outcome(edge)
        self._edge = edge
        return Batch(assigned, self._shown, complete=taken < self._batch)

    def keep_tail(self) -> None:
        """The last leaves as a partial bundle, unless they are kept: for when there is time. Raises
        ArchiveUnavailable; once for each size ArchiveDamaged."""
        edge = self._edge
        if edge is None or edge.size == self._kept:
            return
        before, self._kept = self._kept, edge.size
        try:
            keep_tail(self._store, edge.size, edge.bundle, before)
        except ArchiveUnavailable:
            self._kept = before
            raise

    def tidy(self) -> None:
        """What nobody waits for, after a run."""
        self._store.tidy(keys.CHECKPOINT)

    @property
    def shown(self) -> SignedCheckpoint | None:
        """The head that this sequencer showed, or found, last."""
        return self._shown

    def look(self) -> Standing:
        """How the log stands, whoever sequences it. A shown head that fell back is shown anew by the next run: a
        sequencer that was frozen while others went on may have shown its own. A catalogue that fell back, as a replica
        does that lagged, is found out by it."""
        with self._reading() as conn:
            row = self._catalogue.current_checkpoint(conn)
            first = self._catalogue.pending(conn, 1)
        try:
            shown = published_checkpoint(self._store, self._key)
        except ProofRefused as exc:
            raise ArchiveDamaged(f"log: the shown checkpoint is not this log's: {exc}") from exc
        size, committed = shown.size if shown else 0, row.size if row else 0
        if size > committed:
            committed = self._row().size  # others may have gone on between the two questions
        found = Standing(first[0][0] if first else "", committed, size)
        if found.shown != found.committed:
            self._edge = None
        return found

    def _outcome(self, edge: Edge) -> dict[str, int]:
        """Indices of the last commit, if the published tree is the one it made."""
        (root, pairs), self._attempt = self._attempt, (b"", {})
        return pairs if pairs and root == edge.root() else {}

    # 1 recover

    def _recover(self) -> Edge:
        known = tuple(self._known())  # before the row: another process may go on meanwhile
        heads, row = read_heads(self._store, self._key), self._row()
        check_heads(heads, row, self._signer.name, known, MAX_BATCH)
        edge = load_edge(self._store, heads.base(self._signer.name), self._entries)
        check_known(self._store, heads, edge, known, self._entries)
        self._shown = heads.shown
        return edge

    # 2 commit

    def _commit(self, edge: Edge) -> int:
        """Indices and the new head in one transaction; how many leaves were pending and got their place."""
        old = CheckpointRow(edge.size, edge.root(), b"")
        with self._transaction() as conn:
            row = self._catalogue.current_checkpoint(conn) or CheckpointRow(0, EMPTY_ROOT, b"")
            if (row.size, row.root) != (old.size, old.root):
                raise LogConflict(_MOVED)
            leaves = self._catalogue.pending(conn, self._batch)
            if not leaves:
                return 0
            new = self._sign(grow(edge, [entry for _, entry in leaves]).edge)
            # Crash: the note was seen by nobody; another may be signed for this size.
            pairs = [(leaf_id, edge.size + place) for place, (leaf_id, _) in enumerate(leaves)]
            self._attempt = (new.root, dict(pairs))
            self._catalogue.assign(conn, pairs)
            if not self._catalogue.swap_checkpoint(conn, old.size, old.root, new.size, new.root, new.note):
                raise LogConflict(_MOVED)
            # Crash: the transaction rolls back; the leaves stay pending, without an index.
        # COMMIT POINT. The leaves have their places for ever; whichever sequencer runs next publishes them.
        return len(pairs)

    def _sign(self, edge: Edge) -> CheckpointRow:
        head = Checkpoint(self._signer.name, edge.size, edge.root())
        return CheckpointRow(head.size, head.root, sign_checkpoint(head, self._signer))

    # 3 publish

    def _publish(self, edge: Edge) -> Edge:
        """Brings the bucket from `edge` to the catalogue's row, and shows that head."""
        row = self._row()
        if row.size == 0:
            return edge
        head, growth = self._signed(row), self._grow_to(edge, row)
        until = self._retain_until()
        beside = list(self._beside(edge.size, row.size, row.note)) if edge.size < row.size else []
        checks = [self._put(key, data, until) for key, data in beside]
        # Crash: a signed head with its leaves. Whoever has nothing but the bucket knows what was committed.
        self._together(checks + self._tile_writes(growth, until))
        # Crash: tiles that no checkpoint names; the next run writes the same bytes again.
        self._write(keys.checkpoint_key(row.size), row.note, until)
        # Crash: the bucket has the head but does not show it; the next run starts from it and shows it.
        self._show(head, row)
        # Crash: all is done; only partial tiles that became full are left over, out of 65,536 leaves each.
        self._remove_outgrown(edge, growth.edge)
        return growth.edge

    def _grow_to(self, edge: Edge, row: CheckpointRow) -> Growth:
        growth = grow(edge, self._entries(edge.size, row.size))
        if (growth.edge.size, growth.edge.root()) != (row.size, row.root):
            raise ArchiveDamaged(f"log: the catalogue's leaves do not give the root it signed at {row.size}")
        return growth

    def _tile_writes(self, growth: Growth, until: datetime | None) -> list[Callable[[], object]]:
        return [
            partial(self._write, keys.tile_key(tile.path), data, until if tile.full else None)
            for tile, data in growth.tiles.items()
        ]

    def _together(self, acts: Iterable[Callable[[], object]]) -> None:
        """All of them, side by side where there are writers."""
        if self._writers is None:
            for act in acts:
                act()
        else:
            list(self._writers.map(lambda act: act(), acts))

    def _write(self, key: str, data: bytes, until: datetime | None) -> None:
        """Written and read back; the same bytes may be there already."""
        self._put(key, data, until)()

    def _put(self, key: str, data: bytes, until: datetime | None) -> Callable[[], object]:
        """Written; what it returns reads it back."""
        digest = sha256(data).hexdigest()
        try:
            stored = self._store.put(key, data, sha256=digest, retain_until=until)
        except StorageRefused as exc:
            raise ArchiveDamaged(f"log: {key} is in the bucket with other bytes") from exc
        return partial(read_back, self._store, stored, sha256=digest, retain_until=until)

    def _show(self, head: SignedCheckpoint, row: CheckpointRow) -> None:
        """Replaces the mutable checkpoint, unless another sequencer went on in the meantime."""
        if self._shown is None or self._shown.note != head.note:
            if self._row() != row:
                raise LogConflict(_MOVED)
            self._store.put_mutable(keys.CHECKPOINT, head.note)
            if read_bounded(self._store, keys.CHECKPOINT, MAX_NOTE) != head.note:
                raise LogConflict("another sequencer shows its checkpoint")
            if self._row() != row:  # ours may lie over a newer one: the next run shows the newest again
                raise LogConflict(_MOVED)
        self._shown = head

    def _remove_outgrown(self, before: Edge, after: Edge) -> None:
        """Partial tiles whose full tile is now there (C2SP tlog-tiles allows it), unless the bucket's default
        retention keeps them."""
        for tile in stored_partials(before.size):
            if tile.outgrown(after.size):
                with suppress(StorageRefused):
                    self._store.delete(keys.tile_key(tile.path))

    def _signed(self, row: CheckpointRow) -> SignedCheckpoint:
        """The row's note, which must say what the row says."""
        try:
            head = open_checkpoint(row.note, self._key)
        except ProofRefused as exc:
            raise ArchiveDamaged(f"log: the catalogue's checkpoint is not this log's: {exc}") from exc
        if (head.size, head.root) != (row.size, row.root):
            raise ArchiveDamaged("log: the catalogue's checkpoint contradicts its row")
        return head

    def _row(self) -> CheckpointRow:
        with self._looking() as conn:
            return self._catalogue.current_checkpoint(conn) or CheckpointRow(0, EMPTY_ROOT, b"")

    def _entries(self, start: int, stop: int) -> Sequence[bytes]:
        """Leaves that the catalogue committed: one that lacks was taken out."""
        try:
            with self._looking() as conn:
                return self._catalogue.sequenced(conn, start, stop)
        except LogConflict as exc:
            raise ArchiveDamaged(f"log: {exc}") from exc
