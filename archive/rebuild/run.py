"""A rebuild from end to end. Stages, each of which goes on where it was killed:

    log        the head is found and proved; then every leaf is a row, with the chains behind its heads
    documents  every record that a leaf commits to
    dossiers   theirs, with their files; then what lies in them, and who held what
    numbers    the registers, out of their journal
    end        what nothing opened is told; whose archive it is; the checkpoint's row; the series closed; the
               catalogue may be served

Every block of rows and how far it goes are one transaction, which begins by comparing how far it had come: whoever was
overtaken by another rebuild writes nothing. Until the last one the catalogue is half made, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from archive import deployment, openings
from archive.catalogue import Connection, rebuild_rows
from archive.catalogue.deployment_rows import Deployment, begin
from archive.catalogue.rebuild_rows import Rebuild
from archive.errors import ArchiveDamaged, ArchiveRefused, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.findings import Progress, quiet
from archive.log.checkpoint import Checkpoint, SignedCheckpoint
from archive.log.note import VerifierKey
from archive.openings import MALFORMED
from archive.ports import CheckpointRow, ObjectStore
from archive.rebuild import documents, dossier_objects, dossiers, holds, leaves, log, registers
from archive.rebuild.chains import Chains
from archive.rebuild.gathering import further
from archive.rebuild.log import SourceLog
from archive.storage import keys
from archive.storage.ahead import PARALLEL_READS
from policies.numbering import civil_date
from policies.reasons import archiving as reasons

LOG, DOCUMENTS, DOSSIERS, ENTRIES = "log", "documents", "dossiers", "entries"
NUMBERS, END, DONE = "numbers", "end", "done"
_BEFORE_NUMBERS = (LOG, DOCUMENTS, DOSSIERS, ENTRIES)
_LEAVES_A_COMMIT = 2000
_DOCUMENTS_A_COMMIT = 100
_DOSSIERS_A_COMMIT = 20
_JOURNAL_A_COMMIT = 500
_TOLD = 200  # unopened leaves that are looked up at once

Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Source:
    """The store that is read, by the name that settings give it, and the log's key.

    `known`: heads seen elsewhere; it is told how many leaves this store's log has.
    """

    name: str
    store: ObjectStore
    key: VerifierKey
    known: Callable[[int], tuple[Checkpoint, ...]] = lambda _size: ()


@dataclass(frozen=True, slots=True)
class Target:
    """The catalogue: `begin` opens a transaction that commits at its end. `finished` takes part in the last one."""

    begin: Begin
    chains: Chains
    finished: Callable[[Connection, Rebuild], None] = lambda _conn, _rebuild: None


def rebuild(
    source: Source, target: Target, *, quick: bool, clock: Callable[[], datetime], progress: Progress = quiet
) -> Rebuild:
    """Make the archived facts again, or go on where an earlier run of this was stopped.

    `quick`: contents are not read, their rows say what their records promise. Findings are rows of the catalogue.
    Raises ArchiveRefused: CATALOGUE_NOT_EMPTY, NOTHING_TO_REBUILD, REBUILD_DIFFERS, REBUILD_RUNS, OTHER_LOG_KEY;
    LogBehind when more was seen elsewhere, before anything is written; ArchiveDamaged when the log does not hold;
    ArchiveUnavailable (run it again).
    """
    with ThreadPoolExecutor(PARALLEL_READS, "rebuild") as pool:
        return _Run(source, target, quick, clock, progress, pool).run()


class _Run:
    def __init__(
        self,
        source: Source,
        target: Target,
        quick: bool,
        clock: Callable[[], datetime],
        progress: Progress,
        pool: ThreadPoolExecutor,
    ) -> None:
        self.source, self.target, self.quick = source, target, quick
        self.clock, self.progress, self.pool = clock, progress, pool
        self.store = source.store
        self.owner: Deployment | None = None
        self.row: Rebuild | None = None  # as this run has left it
        self.told: list[tuple[str, str, str]] = []

    def run(self) -> Rebuild:
        self.owner = deployment.stored(self.store)
        if self.owner is not None and self.owner.log_key != str(self.source.key):
            expected, own = self.owner.log_key, str(self.source.key)
            raise ArchiveRefused(reasons.OTHER_LOG_KEY, found=own, expected=expected)
        found = log.find(self.store, self.source.key)
        begun = self._begun(found)
        if begun.finished_at is not None:
            raise ArchiveRefused(reasons.CATALOGUE_NOT_EMPTY, tables="rebuilds")
        known = self.source.known(found.head.size)
        log.check_reaches(found, known)
        if begun.stage == LOG:
            log.verify(self.store, found, known, self.pool, self._tell, self.progress)
            self._begin(begun)
            self._log(found)
        else:
            self._check_passes(found.head, known)
        if begun.stage in (LOG, DOCUMENTS):
            self._documents(begun.done_to if begun.stage == DOCUMENTS else "")
        if begun.stage in (LOG, DOCUMENTS, DOSSIERS):
            self._dossiers(begun.done_to if begun.stage == DOSSIERS else "")
        if begun.stage in _BEFORE_NUMBERS:
            self._entries(begun.done_to if begun.stage == ENTRIES else "")
        if begun.stage in (*_BEFORE_NUMBERS, NUMBERS):
            self._numbers(begun.done_to if begun.stage == NUMBERS else "")
        return self._end(found)

    def _tell(self, finding: str, place: str, what: str) -> None:
        """Kept until the block's transaction."""
        self.told.append((finding, place[:200], what))

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """A block's transaction. Raises ArchiveRefused REBUILD_RUNS when another run came further meanwhile.

        Who started us keeps others away, and may lose what it does that with: a connection, or its data directory.
        """
        with self.target.begin() as conn:
            rebuild_rows.wait_for_others(conn)
            if rebuild_rows.current(conn) != self.row:
                raise ArchiveRefused(reasons.REBUILD_RUNS)
            yield conn
            now = rebuild_rows.current(conn)
        self.row = now

    def _done(self, conn: Connection, stage: str, done_to: str) -> None:
        """The end of each block's transaction."""
        rebuild_rows.add_findings(conn, self.told)
        self.told.clear()
        rebuild_rows.change(conn, stage=stage, done_to=done_to)

    # The row that says so.

    def _begun(self, found: SourceLog) -> Rebuild:
        """The row as it is, or as it will be when the log has been verified."""
        head = found.head
        new = Rebuild(
            source=self.source.name,
            origin=head.checkpoint.origin,
            size=head.size,
            root=head.root,
            quick=self.quick,
            stage=LOG,
            done_to="0",
            started_at=self.clock(),
        )
        with self.target.begin() as conn:
            begun = self.row = rebuild_rows.current(conn)
            if begun is None:
                _check_empty(conn)
                return new
        same = replace(new, stage=begun.stage, done_to=begun.done_to, started_at=begun.started_at)
        if begun.finished_at is None and same != begun:
            raise ArchiveRefused(reasons.REBUILD_DIFFERS, source=begun.source, size=begun.size)
        return begun

    def _begin(self, begun: Rebuild) -> None:
        with self._alone() as conn:
            if self.row is None:
                _check_empty(conn)
                rebuild_rows.begin(conn, begun)

    # The stages.

    def _log(self, found: SourceLog) -> None:
        with self._alone() as conn:
            done = rebuild_rows.entered_leaves(conn)
        waiting: list[tuple[leaves.Stretch, leaves.Parts, list[bytes]]] = []
        for each in leaves.read_stretches(self.store, found, done, self.pool):
            waiting.append(each)
            if each[0].stop - waiting[0][0].start >= _LEAVES_A_COMMIT or each[0].stop == found.head.size:
                self._enter_leaves(waiting, found.head.size)
                waiting.clear()
        self._compare_root(found)

    def _enter_leaves(
        self, waiting: list[tuple[leaves.Stretch, leaves.Parts, list[bytes]]], size: int
    ) -> None:
        with self._alone() as conn:
            for stretch, parts, added in waiting:
                others = partial(leaves.other_versions, self.store)
                leaves.enter_leaves(conn, stretch, parts, added, self.target.chains, self._tell, others)
            stop = waiting[-1][0].stop
            self._done(conn, LOG, str(stop))
        self.progress("log", stop, size)

    def _compare_root(self, found: SourceLog) -> None:
        """The store may have changed between the proof and the reading."""
        with self._alone() as conn:
            if log.edge_of(rebuild_rows.entries(conn)).root() != found.head.root:
                raise ArchiveDamaged(
                    "log: the store changed while it was read; begin again with an empty database"
                )
            self._done(conn, DOCUMENTS, "")

    def _check_passes(self, head: SignedCheckpoint, known: tuple[Checkpoint, ...]) -> None:
        """What was seen elsewhere since the leaves became rows. Raises ArchiveDamaged for another history."""
        if any((seen.size, seen.root) != (head.size, head.root) for seen in known):
            with self._alone() as conn:
                log.edge_of(rebuild_rows.entries(conn), known)

    def _documents(self, done_to: str) -> None:
        with self._alone() as conn:
            total = rebuild_rows.count_records(conn)
            done = total - rebuild_rows.count_unopened(conn)
        gathered = documents.gathered(self.store, done_to, self.pool, quick=self.quick)
        for block in in_blocks(gathered, _DOCUMENTS_A_COMMIT):
            with self._alone() as conn:
                entered = documents.enter_documents(
                    conn, block, self.clock(), self._tell, partial(further, self.store)
                )
                self._done(conn, DOCUMENTS, block[-1].document)
            done += entered.leaves
            self.progress("documents", done, total)
        with self._alone() as conn:
            self._done(conn, DOSSIERS, "")

    def _dossiers(self, done_to: str) -> None:
        done = 0
        gathered = dossier_objects.gathered(self.store, done_to, self.pool, quick=self.quick)
        for block in in_blocks(gathered, _DOSSIERS_A_COMMIT):
            with self._alone() as conn:
                dossiers.enter_dossiers(
                    conn, block, self.clock(), self._tell, partial(dossier_objects.further, self.store)
                )
                self._done(conn, DOSSIERS, block[-1].dossier)
            done += len(block)
            self.progress("dossiers", done, None)
        with self._alone() as conn:
            self._done(conn, ENTRIES, "")

    def _entries(self, done_to: str) -> None:
        gathered = dossier_objects.gathered(self.store, done_to, self.pool, quick=self.quick, files=False)
        for block in in_blocks(gathered, _DOSSIERS_A_COMMIT):
            with self._alone() as conn:
                dossiers.enter_entries(conn, block, self._tell, partial(dossier_objects.further, self.store))
                self._done(conn, ENTRIES, block[-1].dossier)
        with self._alone() as conn:
            holds.enter_document_holds(conn, self._tell)
            self._done(conn, NUMBERS, "")

    def _numbers(self, done_to: str) -> None:
        agency, _, ordinal = done_to.rpartition("/")
        place = (agency, int(ordinal or 0))
        done = 0
        while True:
            with self._alone() as conn:
                block = rebuild_rows.journal_after(conn, *place, _JOURNAL_A_COMMIT)
                if not block:
                    self._done(conn, END, "")
                    return
                registers.enter_numbers(conn, block, self._tell)
                place = block[-1][:2]
                self._done(conn, NUMBERS, f"{place[0]}/{place[1]}")
            done += len(block)
            self.progress("numbers", done, None)

    def _end(self, found: SourceLog) -> Rebuild:
        head, at = found.head, self.clock()
        with self._alone() as conn:
            self._tell_unopened(conn)
            for document, text in rebuild_rows.claims(conn):
                what = f"bears number {text}, which the registers did not give it"
                self._tell(ids.NUMBER_CLAIMED, f"document {document}", what)
            rebuild_rows.close_series(conn)
            if self.owner is not None:
                begin(conn, self.owner)
            rebuild_rows.set_checkpoint(conn, CheckpointRow(head.size, head.root, head.note))
            self._done(conn, DONE, "")
            rebuild_rows.change(conn, finished_at=at, closed_through=civil_date(at).year)
            made = rebuild_rows.current(conn)
            if made is None:
                raise ArchiveDamaged("the row of the rebuild is gone")
            self.target.finished(conn, made)
            # ---- COMMIT POINT: the catalogue may be served.
        return made

    def _tell_unopened(self, conn: Connection) -> None:
        after, owners = -1, _Owners(self.store)
        while block := rebuild_rows.unopened(conn, after, _TOLD):
            for index, kind in block:
                whose = owners.of(index)
                owner = f"it is of document {whose}" if whose else "nothing tells whose it is"
                what = f"no record in the store opens this leaf ({kind.name.lower()}); {owner}"
                self._tell(ids.LEAF_UNOPENED, f"leaf {index}", what)
            after = block[-1][0]
            rebuild_rows.add_findings(conn, self.told)
            self.told.clear()


def _check_empty(conn: Connection) -> None:
    """Raises ArchiveRefused CATALOGUE_NOT_EMPTY."""
    filled = rebuild_rows.filled(conn)
    if filled:
        raise ArchiveRefused(reasons.CATALOGUE_NOT_EMPTY, tables=", ".join(filled))


class _Owners:
    """Whose leaves are, as openings tell without proof. Asked in rising order of index."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store
        self._names: Iterator[str] = iter(store.list(keys.OPENINGS))
        self._start, self._owners = 0, list[str | None]()

    def of(self, index: int) -> str | None:
        while index >= self._start + len(self._owners):
            name = next(self._names, None)
            if name is None:
                return None
            self._take(name, index)
        return self._owners[index - self._start] if index >= self._start else None

    def _take(self, name: str, index: int) -> None:
        try:
            start, stop, part = keys.openings_stretch(name)
            if part != 0 or not start <= index < stop:
                return
            value = openings.read(self._store, name)
            self._start, self._owners = start, [leaf["document"] for leaf in value["leaves"]]
        except (StorageRefused, ArchiveDamaged, *MALFORMED):
            return
