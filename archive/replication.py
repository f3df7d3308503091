"""The second store: everything that was archived, copied after its commit, read back there, with its own lock.

    documents   content, records and events, one by one: read from the first store and hashed, put with the lock of
                the first copy, read back; then the row                                         ← commit point
    log         full tiles and bundles, then the partial ones of the head that is shown, then its checkpoint, those
                before it, and the shown one: the highest head in the second store has its tree beside it

A crash before a row leaves a copy that no row names; the same bytes put again are a success. What the second store
lacks is a mark in the rows of the first, so nothing is forgotten, and how far it lags can be told at any time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256 as new_sha256
from pathlib import Path

from archive.catalogue import Connection, copy_rows, hold_rows, watch_rows
from archive.catalogue.copies import SECOND, Copy, CopyRole, NewCopy, Shelf
from archive.catalogue.identity import new_id
from archive.catalogue.values import ObjectRole
from archive.catalogue.watch_rows import EventOutcome, EventType, PreservationEvent
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.log.checkpoint import SignedCheckpoint
from archive.log.kept import LogKeeper
from archive.log.reader import published_checkpoint
from archive.log.tiles import WIDTH, TileId, stored_partials
from archive.ports import ObjectStore, StoredObject
from archive.spool import fetched
from archive.storage import keys
from archive.storage.giving import gives
from archive.storage.readback import put_and_read_back, read_back
from archive.storage.versions import room
from archive.strays import TRIES
from policies.locks import QUARANTINE
from policies.reasons import archiving as reasons
from policies.refusals import Refused

log = logging.getLogger("antin.copies")
Begin = Callable[[], AbstractContextManager[Connection]]
PAGE = 100
PARALLEL = 4
COUNTED = 100_000  # a lag is told exactly up to here
NUMBERED = (ObjectRole.EVENT, ObjectRole.DOSSIER)
BEFORE_HEADS = (CopyRole.TILE, CopyRole.LOG)


@dataclass(frozen=True, slots=True)
class CopyDesk:
    """What copying needs. `folder`: where large bytes lie meanwhile. `stopping` is asked between pages."""

    first: ObjectStore
    second: ObjectStore
    keeper: LogKeeper
    reading: Begin
    writing: Begin
    folder: Path | None = None
    stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Copied:
    """What one run did. `complete`: nothing that it saw was left out. `unread`: those of the failed that the first
    store did not give, or not as they were archived."""

    objects: int = 0
    size: int = 0
    failed: int = 0
    complete: bool = True
    unread: int = 0

    def __add__(self, other: Copied) -> Copied:
        return Copied(
            self.objects + other.objects,
            self.size + other.size,
            self.failed + other.failed,
            self.complete and other.complete,
            self.unread + other.unread,
        )


@dataclass(frozen=True, slots=True)
class Lag:
    """What the second store lacks: copies, and legal holds that are not the first one's (each up to `COUNTED`); since
    when the oldest of them waits. What is held there for longer than here counts, and is late for nobody."""

    objects: int
    oldest: datetime | None


def copy_missing(desk: CopyDesk, at: datetime) -> Copied:
    """Everything that the second store lacks, the log last.

    Raises ArchiveUnavailable when the catalogue or the log's first store does not answer; what a store refuses or
    does not answer for single objects is told in the count and tried again by the next run.
    """
    copied = _follow_holds(desk, at)
    documents, goes_on = _copy_documents(desk, at)
    copied += documents
    return copied + _copy_log(desk, at) if goes_on else copied + Copied(complete=False)


def _copy_documents(desk: CopyDesk, at: datetime) -> tuple[Copied, bool]:
    """In the order of keys, and past what fails, which is there again in each run, unless a store gives or takes
    nothing. Whether the log is to be tried too."""
    copied, refused = Copied(), 0
    for page in _pages(desk, lambda conn, after: copy_rows.uncopied(conn, Shelf.DOCUMENTS, after, PAGE)):
        done = _copy_page(desk, page, at)
        copied += done
        if desk.stopping() or (done.unread and not gives(desk.first)):
            return copied, False
        refused += done.failed - done.unread
        if refused >= PAGE:
            if not _takes(desk):
                return copied, True
            refused = 0
    return copied, True


def _takes(desk: CopyDesk) -> bool:
    """Whether the second store takes anything, say the head that it shows: else the whole archive would be read in
    vain, for a full disk. One that shows none yet is not known to."""
    try:
        shown = published_checkpoint(desk.second, desk.keeper.key)
        if shown is not None:
            desk.second.put_mutable(keys.CHECKPOINT, shown.note)
    except (Refused, ArchiveDamaged, ArchiveUnavailable) as exc:
        log.warning("the second store takes nothing: %s", exc)
        return False
    return shown is not None


def lag(conn: Connection) -> Lag:
    """How far the second store is behind. Quick: looked at by the health page."""
    shelves = (Shelf.DOCUMENTS, Shelf.LOG)
    count = sum(copy_rows.count_uncopied(conn, shelf, COUNTED) for shelf in shelves)
    oldest = [copy_rows.oldest_uncopied(conn, shelf, COUNTED) for shelf in shelves]
    holds = copy_rows.count_other_holds(conn, COUNTED)
    if holds:
        unheld = copy_rows.other_holds(conn, "", PAGE, held=True)
        oldest.append(hold_rows.since(conn, [copy.key for copy in unheld]))
    return Lag(count + holds, min((each for each in oldest if each is not None), default=None))


def _follow_holds(desk: CopyDesk, at: datetime) -> Copied:
    """Legal holds lie on both copies. Read back, as everything; one that fails keeps no other from its hold."""
    copied = Copied()
    for held in (True, False):
        query = partial(copy_rows.other_holds, limit=PAGE, held=held)
        for page in _pages(desk, query):
            failed = sum(not _follows(desk, copy, held, at) for copy in page)
            copied += Copied(failed=failed, complete=not failed)
            if desk.stopping() or (failed and not gives(desk.second)):
                return copied + Copied(complete=False)
    return copied


def _follows(desk: CopyDesk, copy: Copy, held: bool, at: datetime) -> bool:
    try:
        shown = desk.second.set_hold(copy.key, held, version=copy.version)
    except (Refused, ArchiveDamaged, ArchiveUnavailable) as exc:
        log.warning("legal hold of %s in the second store: %s", copy.key, exc)
        return False
    with desk.writing() as conn:
        copy_rows.set_hold(conn, copy, shown.hold, at)
    return shown.hold is held


def _copy_log(desk: CopyDesk, at: datetime) -> Copied:
    head = published_checkpoint(desk.first, desk.keeper.key)
    desk.keeper.enter_new(at)
    copied = _copy_all(desk, BEFORE_HEADS, None, at)
    if head is None or not copied.complete:
        return copied
    before = published_checkpoint(desk.second, desk.keeper.key)
    if before is not None and before.size > head.size:
        raise ArchiveDamaged(
            f"log: shows {head.size} leaves, the second store {before.size}: it was set back"
        )
    _copy_partial(desk, head)
    own = keys.checkpoint_key(head.size)
    copied += _copy_one(desk, own, at)
    if copied.complete:
        copied += _copy_all(desk, (CopyRole.CHECKPOINT,), own, at)
        _show(desk, before, head)
    return copied


def _copy_one(desk: CopyDesk, key: str, at: datetime) -> Copied:
    with desk.reading() as conn:
        copy = copy_rows.find(conn, Shelf.LOG, key)
    if copy is None:
        raise ArchiveDamaged(f"{key}: is shown, and is not among the log's objects")
    return _copy_page(desk, [copy], at) if copy.copied_at is None else Copied()


def _copy_all(desk: CopyDesk, roles: Sequence[CopyRole], last: str | None, at: datetime) -> Copied:
    """The log's objects of these roles, in order, up to the key `last`: one that fails holds up those after it."""
    copied = Copied()
    for page in _pages(desk, lambda conn, after: copy_rows.uncopied_log(conn, roles, (after, last), PAGE)):
        copied += _copy_page(desk, page, at)
        if copied.failed or desk.stopping():
            return copied + Copied(complete=False)
    return copied


def _pages(desk: CopyDesk, query: Callable[[Connection, str], Sequence[Copy]]) -> Iterator[Sequence[Copy]]:
    after = ""
    while True:
        with desk.reading() as conn:
            page = query(conn, after)
        if page:
            yield page
        if len(page) < PAGE:
            return
        after = page[-1].key


def _copy_page(desk: CopyDesk, page: Sequence[Copy], at: datetime) -> Copied:
    with ThreadPoolExecutor(PARALLEL, "copies") as threads:
        stored = list(threads.map(lambda copy: _copy(desk, copy, at), page))
    done = [
        (copy, found) for copy, found in zip(page, stored, strict=True) if isinstance(found, StoredObject)
    ]
    with desk.writing() as conn:
        for copy, found in done:
            copy_rows.add(conn, _row(copy, found, at))
            copy_rows.mark_copied(conn, copy, at)
        for copy, fault in zip(page, stored, strict=True):
            if not isinstance(fault, StoredObject):
                _tell(conn, copy, fault, at)
    # ---- COMMIT POINT: the second store has them, read back.
    size = sum(found.size for _, found in done)
    failed = len(page) - len(done)
    unread = sum(isinstance(fault, _FirstDamaged | _FirstSilent) for fault in stored)
    return Copied(len(done), size, failed, complete=not failed, unread=unread)


class _FirstDamaged(ArchiveDamaged):
    """The copy in the first store is not what was archived: for the repair to look at."""


class _FirstSilent(ArchiveUnavailable):
    """The first store did not give the copy."""


def _copy(desk: CopyDesk, copy: Copy, at: datetime) -> StoredObject | Exception:
    try:
        return _put(desk, copy, at)
    except (Refused, ArchiveDamaged, ArchiveUnavailable, OSError) as exc:
        return exc


def _put(desk: CopyDesk, copy: Copy, at: datetime) -> StoredObject:
    try:
        source = fetched(desk.first, copy.key, copy.version, copy.sha256, copy.size, desk.folder)
        whole = source.__enter__()
    except (StorageRefused, ArchiveDamaged) as exc:
        raise _FirstDamaged(str(exc)) from exc
    except ArchiveUnavailable as exc:
        raise _FirstSilent(str(exc)) from exc
    try:
        until = max(copy.lock.until, (at + QUARANTINE).replace(microsecond=0))
        stored = _put_or_over(desk, copy, whole, until)
        return desk.second.set_hold(copy.key, True, version=stored.version) if copy.lock.hold else stored
    finally:
        source.__exit__(None, None, None)


def _put_or_over(desk: CopyDesk, copy: Copy, whole: Path | bytes, until: datetime) -> StoredObject:
    """The copy, read back; of what is numbered, over something else that lies there and of which no row speaks
    (`archive.strays`). Other bytes under the name of a digest, or of the log, are for somebody to look at."""
    given, mode = (desk.second, copy.key, whole), copy.lock.mode
    try:
        return put_and_read_back(*given, sha256=copy.sha256, retain_until=until, mode=mode)
    except StorageRefused as exc:
        taken = exc.reason is reasons.OBJECT_EXISTS and copy.role in NUMBERED
        if not taken or not room(desk.second, copy.key, TRIES):
            raise
    log.warning("%s: something else lies there in the second store; the copy is stored over it", copy.key)
    second, key, _ = given
    stored = second.replace_damaged(key, whole, sha256=copy.sha256, retain_until=until, mode=mode)
    return read_back(second, stored, sha256=copy.sha256, retain_until=until, mode=mode)


def _row(copy: Copy, stored: StoredObject, at: datetime) -> NewCopy:
    return NewCopy(
        store=SECOND,
        key=copy.key,
        version=stored.version,
        sha256=copy.sha256,
        size=copy.size,
        owner=copy.owner,
        document=copy.document,
        role=copy.role,
        retain_until=stored.retain_until or copy.lock.until,
        mode=stored.mode or copy.lock.mode,
        hold=stored.hold,
        read_back_at=at,
    )


def _tell(conn: Connection, copy: Copy, exc: Exception, at: datetime) -> None:
    """A store that does not answer is no event: it is asked again. The rest is."""
    log.warning("%s was not copied: %s", copy.key, exc)
    if isinstance(exc, _FirstDamaged):
        copy_rows.mark_damaged(conn, copy.shelf, [copy], at)
    if not isinstance(exc, ArchiveUnavailable | OSError):
        detail = f"not copied: {exc.text('en') if isinstance(exc, Refused) else exc}"
        event = PreservationEvent(
            new_id(at), EventType.REPLICATION, at, EventOutcome.FAIL, detail, SECOND, copy.key, copy.document
        )
        watch_rows.add_fault_once(conn, event)


def _partials(size: int) -> list[TileId]:
    n, width = divmod(size, WIDTH)
    return stored_partials(size) + ([TileId(None, n, width)] if width else [])


def _copy_partial(desk: CopyDesk, head: SignedCheckpoint) -> None:
    """What that head needs besides: its tail as a bundle, out of the leaves, and the partial tiles above, which the
    first store may have outgrown by now."""
    for tile in _partials(head.size):
        key = keys.tile_key(tile.path)
        data = desk.keeper.expected(key)
        if data is not None:
            put_and_read_back(desk.second, key, data, sha256=new_sha256(data).hexdigest())


def _show(desk: CopyDesk, before: SignedCheckpoint | None, head: SignedCheckpoint) -> None:
    if before is not None and before.note == head.note:
        return
    desk.second.put_mutable(keys.CHECKPOINT, head.note)
    kept = set(_partials(head.size))
    for tile in _partials(before.size) if before is not None else ():
        if tile not in kept:
            _remove(desk.second, tile)


def _remove(store: ObjectStore, tile: TileId) -> None:
    with suppress(StorageRefused):  # under the default lock of its bucket, which ends by itself
        store.delete(keys.tile_key(tile.path))
