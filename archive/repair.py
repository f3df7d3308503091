"""A damaged copy is mended from a whole one: bytes of the right digest, and of no other, wherever they still are.

    1 prove    the digest of the row is what the log committed to
    2 find     whole bytes: the copy itself read again, the other store's, the work area's, the catalogue's (log)
    3 write    them for the damaged copy, which stays as evidence; read back, bytes and lock
    4 record   the row's version, the event, and for documents a leaf: a rebuild knows it too    ← commit point
    (5. the caller carries out the deposit of that leaf)

A crash after 3 leaves a whole copy that no row names: it is found in 3 of the next attempt, and none is written a
second time. Where no whole bytes are left, that is told, loudly, and nothing is written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256 as new_sha256
from pathlib import Path
from typing import Any

from archive import ingest
from archive.catalogue import Connection, copy_rows, documents, watch_rows
from archive.catalogue.copies import FIRST, SECOND, Copy, Shelf
from archive.catalogue.identity import new_id
from archive.catalogue.values import Deposit
from archive.catalogue.watch_rows import EventOutcome, EventType, PreservationEvent
from archive.committed import Prove, check_committed
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.log.kept import LogKeeper
from archive.ports import ObjectStore, StoredObject, WorkArea
from archive.spool import fetched
from archive.storage.readback import check_object
from policies.locks import QUARANTINE, Lock
from policies.refusals import Refused

log = logging.getLogger("antin.repair")
Begin = Callable[[], AbstractContextManager[Connection]]
# The act's own rows (audit), in the transaction of step 4.
Note = Callable[[Connection, Copy, Mapping[str, Any]], None]
KIND, ACTOR = "repaired", "antin"
PAGE = 100
AGAIN, OTHER, WORK, DERIVED = "the copy itself", "the {} store", "the work area", "the catalogue"


@dataclass(frozen=True, slots=True)
class RepairDesk:
    """What repairs need. `stores` by name; the second one may be missing. `folder`: where large bytes lie meanwhile."""

    stores: Mapping[str, ObjectStore]
    work: WorkArea
    keeper: LogKeeper
    reading: Begin
    writing: Begin
    prove: Prove
    note: Note
    folder: Path | None = None


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of one damaged copy. `error` None: it is whole, and read back; `source` tells from where.

    `deposit`: the leaf of a document's repair, still to be carried out.
    """

    copy: Copy
    source: str = ""
    deposit: Deposit | None = None
    error: Refused | ArchiveDamaged | ArchiveUnavailable | None = None


def mend_all(desk: RepairDesk, at: datetime) -> Iterator[Mended]:
    """Every copy that is known to be damaged, those of the log first: the others are proved by it.

    Each is tried; what cannot be mended is told and left as it is.
    """
    for shelf in (Shelf.LOG, Shelf.DOCUMENTS, Shelf.SECOND):
        if shelf.store in desk.stores:
            for copy in _damaged(desk, shelf):
                yield tried(desk, copy, at)


def _damaged(desk: RepairDesk, shelf: Shelf) -> Iterator[Copy]:
    after = ""
    while True:
        with desk.reading() as conn:
            page = copy_rows.damaged(conn, shelf, after, PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].key


def tried(desk: RepairDesk, copy: Copy, at: datetime) -> Mended:
    """`mend`, and a failure told in the log and as an event instead of raised."""
    try:
        return mend(desk, copy, at)
    except (Refused, ArchiveDamaged, ArchiveUnavailable) as exc:
        log.error("%s in the %s store was NOT repaired: %s", copy.key, copy.shelf.store, exc)
        event = _event(copy, EventOutcome.FAIL, f"not repaired: {_words(exc)}", at)
        with desk.writing() as conn:
            watch_rows.add_fault_once(conn, event)
        return Mended(copy, error=exc)


def mend(desk: RepairDesk, copy: Copy, at: datetime) -> Mended:
    """Steps 1 to 4 for one copy.

    Raises ArchiveDamaged when no whole bytes are left, or they are not what was committed; ArchiveRefused when the
    document was disposed of; ArchiveUnavailable when its store does not answer: then it is tried again.
    """
    if copy.document is not None:
        with desk.reading() as conn:
            check_committed(conn, copy.key, copy.sha256, desk.prove)
    with _whole(desk, copy) as (source, whole):
        stored = _write(desk.stores[copy.shelf.store], copy, whole, at)
    # Crash: a whole copy beside the damaged one, and a row that still names that one; done again.
    return _record(desk, copy, stored, source, at)


@contextmanager
def _whole(desk: RepairDesk, copy: Copy) -> Iterator[tuple[str, Path | bytes]]:
    """Whole bytes, and where they are from. A source that fails, in whatever way, is passed by."""
    why = []
    for name, source in _sources(desk, copy):
        opened = source()
        try:
            whole = opened.__enter__()
        except (Refused, ArchiveDamaged, ArchiveUnavailable, OSError) as exc:
            why.append(f"{name}: {_words(exc)}")
            continue
        try:
            yield name, whole
        finally:
            opened.__exit__(None, None, None)
        return
    raise ArchiveDamaged(f"{copy.key}: no whole copy is left ({'; '.join(why)})")


Source = Callable[[], AbstractContextManager[Path | bytes]]


def _sources(desk: RepairDesk, copy: Copy) -> Iterator[tuple[str, Source]]:
    yield AGAIN, lambda: _stored(desk, copy, copy)
    other = _other(desk, copy)
    if other is not None:
        yield OTHER.format(other.shelf.store), lambda: _stored(desk, other, copy)
    if copy.document is not None:
        yield WORK, lambda: _worked(desk, copy)
    else:
        yield DERIVED, lambda: _derived(desk, copy)


def _other(desk: RepairDesk, copy: Copy) -> Copy | None:
    """The row of the same object in the other store, if there is one."""
    shelves = {FIRST: (Shelf.SECOND,), SECOND: (Shelf.DOCUMENTS, Shelf.LOG)}[copy.shelf.store]
    with desk.reading() as conn:
        rows = [copy_rows.find(conn, shelf, copy.key) for shelf in shelves if shelf.store in desk.stores]
    return next((row for row in rows if row is not None), None)


def _stored(desk: RepairDesk, where: Copy, copy: Copy) -> AbstractContextManager[Path | bytes]:
    """Bytes of a store, hashed and compared with the digest of the copy that is mended, not with that store's row."""
    store = desk.stores[where.shelf.store]
    return fetched(store, where.key, where.version, copy.sha256, copy.size, desk.folder)


@contextmanager
def _worked(desk: RepairDesk, copy: Copy) -> Iterator[Path | bytes]:
    desk.work.hashed_work(copy.sha256)
    yield desk.work.work_path(copy.sha256)


@contextmanager
def _derived(desk: RepairDesk, copy: Copy) -> Iterator[Path | bytes]:
    data = desk.keeper.expected(copy.key)
    if data is None or new_sha256(data).hexdigest() != copy.sha256:
        raise ArchiveDamaged(f"{copy.key}: does not follow from them")
    yield data


def _write(store: ObjectStore, copy: Copy, whole: Path | bytes, at: datetime) -> StoredObject:
    """Step 3. The store hashes what it is given, and all of it is read back."""
    until = max(copy.lock.until, (at + QUARANTINE).replace(microsecond=0))
    stored = store.replace_damaged(
        copy.key,
        whole,
        sha256=copy.sha256,
        retain_until=until,
        mode=copy.lock.mode,
        version=copy.version,
    )
    if copy.lock.hold and not stored.hold:
        store.set_hold(copy.key, True, version=stored.version)
    shown = check_object(
        store,
        copy.key,
        sha256=copy.sha256,
        size=copy.size,
        retain_until=until,
        mode=copy.lock.mode,
        version=stored.version,
    )
    if copy.lock.hold and not shown.hold:
        raise ArchiveDamaged(f"{copy.key}: the store was told of a legal hold and does not show it")
    return shown


def _record(desk: RepairDesk, copy: Copy, stored: StoredObject, source: str, at: datetime) -> Mended:
    """Step 4."""
    facts = {
        "key": copy.key,
        "store": copy.shelf.store,
        "sha256": copy.sha256,
        "size": copy.size,
        "version": stored.version,
        "damaged_version": copy.version,
        "source": source,
    }
    lock = Lock(stored.retain_until or copy.lock.until, stored.mode or copy.lock.mode, stored.hold)
    deposit = None
    with desk.writing() as conn:
        if copy.document is not None:
            documents.lock_row(conn, copy.document)
        if copy_rows.mend(conn, copy, stored.version, lock, at):
            watch_rows.add_event(conn, _event(copy, EventOutcome.SUCCESS, _told(copy, stored, source), at))
            desk.note(conn, copy, facts)
            if copy.document is not None:
                document = documents.get(conn, copy.document)
                deposit = ingest.plan_event(conn, document, KIND, facts, ACTOR, at)
    # ---- COMMIT POINT: the object is the whole copy. Before this line it was the damaged one.
    log.warning("%s in the %s store was repaired from %s", copy.key, copy.shelf.store, source)
    return Mended(copy, source, deposit)


def _told(copy: Copy, stored: StoredObject, source: str) -> str:
    what = f"whole bytes with SHA-256 {copy.sha256} from {source}"
    if stored.version == copy.version:
        return what
    return f"{what}; version {stored.version}, the damaged one is {copy.version or 'the first'}"


def _event(copy: Copy, outcome: EventOutcome, detail: str, at: datetime) -> PreservationEvent:
    return PreservationEvent(
        new_id(at), EventType.REPAIR, at, outcome, detail, copy.shelf.store, copy.key, copy.document
    )


def _words(exc: Exception) -> str:
    return exc.text("en") if isinstance(exc, Refused) else str(exc)
