"""The nightly pass over locks: whatever is due is extended, hardened and held again, and read back.

    1 page     copies whose lock is due, the longest due first
    2 decide   the lock that each should have: retention, quarantine, legal hold (`policies.locks`)
    3 look     what the store shows now; less than the catalogue was told means that somebody went around us
    4 set      a later end, a harder mode, the hold; nothing when it stands already. Where the store does not let us
               harden, the end moves all the same, and the failure is told
    5 read     the store again: date, mode and hold
    6 record   the page's rows, in one transaction                                         ← commit point

A crash after 4 or 5 leaves locks that reach further than their rows; the next pass finds them by looking, and
records them. After 6 a copy is not due any more. So the pass begins again wherever it was killed, and a night that
was missed is made up for by the next one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from archive.catalogue import Connection, copy_rows, retention_rows, watch_rows
from archive.catalogue.copies import SHELVES, Copy, LockChange, Shelf
from archive.catalogue.identity import new_id
from archive.catalogue.watch_rows import EventOutcome, EventType, LockRun, PreservationEvent
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StoreUnavailable
from archive.ports import ObjectStore, StoredObject
from archive.storage.giving import gives
from archive.storage.readback import check_lock
from policies import locks
from policies.locks import Lock, Standing
from policies.reasons import storage as reasons
from policies.refusals import Refused
from policies.retention import lock_target
from policies.vocabulary import LockMode

log = logging.getLogger("antin.locks")
Begin = Callable[[], AbstractContextManager[Connection]]
# Of these documents, those whose second opinion was heard and agreed, or was overruled by a person.
Agreed = Callable[[Connection, Collection[str]], Collection[str]]
PAGE = 200
PARALLEL = 8  # a server answers several at once; a directory groups its syncs


@dataclass(frozen=True, slots=True)
class LockDesk:
    """What a pass over one store needs. `stopping` is asked between pages."""

    store: ObjectStore
    name: str  # archive.catalogue.copies.FIRST or SECOND
    reading: Begin
    writing: Begin
    agreed: Agreed
    stopping: Callable[[], bool] = lambda: False
    # Of these documents something is kept in quarantine though its time is over.
    withheld: Callable[[Collection[str]], None] = lambda _: None


@dataclass(frozen=True, slots=True)
class _Looked:
    """What became of one copy. `change` None: it failed, and stays due. With both, the lock reaches further and is not
    as hard as it should be."""

    copy: Copy
    change: LockChange | None = None
    extended: bool = False
    withheld: bool = False
    shortened: str = ""
    failure: Exception | None = None

    @property
    def damaged(self) -> bool:
        """Gone, or with a lock that cannot be read: for the repair to look at."""
        return isinstance(self.failure, ArchiveDamaged)

    @property
    def denied(self) -> bool:
        return _is_denied(self.failure)


@dataclass(slots=True)
class _Counts:
    run: LockRun
    silent: int = 0  # copies in a row for which the store did not answer
    events: list[PreservationEvent] = field(default_factory=list)


def extend_due(desk: LockDesk, at: datetime) -> LockRun:
    """One pass over everything that is due at `at`. Its row is written as it goes, and says how it ended.

    Raises ArchiveUnavailable when the catalogue does not answer. A store that does not is told in the run.
    """
    counts = _Counts(LockRun(new_id(at), desk.name, at))
    with desk.writing() as conn:
        watch_rows.save_lock_run(conn, counts.run)
    _roll_again(desk, at)
    whole = True
    with ThreadPoolExecutor(PARALLEL, "locks") as threads:
        for page in _pages(desk, at):
            looked = list(threads.map(lambda found: _one(desk.store, found[0], found[1], at), page))
            _record(desk, counts, looked, at)
            if desk.stopping() or _gives_up(desk, counts):
                whole = False
                break
    return _end(desk, counts, at, whole=whole)


def _gives_up(desk: LockDesk, counts: _Counts) -> bool:
    """A store that is down ends the night soon. One that gives others has lost these; they, the longest due each
    night, keep nobody else from a lock."""
    if counts.silent < PAGE:
        return False
    counts.silent = 0
    return not gives(desk.store)


def _roll_again(desk: LockDesk, at: datetime) -> None:
    """What was let end, and is kept longer by now, or held: due again. Whoever decided that need not tell us."""
    for shelf in SHELVES[desk.name]:
        after, page = "", None
        while page is None or len(page) == PAGE:
            with desk.reading() as conn:
                page = copy_rows.let_end(conn, shelf, after, PAGE)
                standings = _standings(conn, desk.agreed, page, at)
            again = [
                copy.key
                for copy, standing in zip(page, standings, strict=True)
                if not locks.let_end(standing, copy.lock)
            ]
            if again:
                with desk.writing() as conn:
                    copy_rows.look_again(conn, shelf, again, at)
            after = page[-1].key if page else after


def _pages(desk: LockDesk, at: datetime) -> Iterator[list[tuple[Copy, Standing]]]:
    for shelf in SHELVES[desk.name]:
        after = None
        while True:
            with desk.reading() as conn:
                page = copy_rows.due_locks(conn, shelf, at, after, PAGE)
                standings = _standings(conn, desk.agreed, page, at)
            if page:
                yield list(zip(page, standings, strict=True))
            if len(page) < PAGE:
                break
            after = (page[-1].lock_due, page[-1].key)


def _standings(conn: Connection, agreed: Agreed, page: Sequence[Copy], at: datetime) -> list[Standing]:
    """What retention, quarantine and the second opinion say of each."""
    owners = sorted({copy.owner for copy in page if copy.owner is not None})
    ids = sorted({copy.document for copy in page if copy.document is not None})
    through = retention_rows.retain_through(conn, owners) if owners else {}
    states, heard = (copy_rows.states_of(conn, ids), set(agreed(conn, ids))) if ids else ({}, set[str]())
    cleared = {each for each, state in states.items() if locks.may_harden(state, each in heard)}
    return [_standing(copy, through, cleared, at) for copy in page]


def _standing(
    copy: Copy, through: Mapping[str, date | None], cleared: Collection[str], at: datetime
) -> Standing:
    """A legal hold suspends the end of retention: what is held is locked as what is kept for ever."""
    last_day = through.get(copy.owner) if copy.owner and not copy.lock.hold else None
    target, rolling = lock_target(at, last_day), lock_target(at, None)
    # Of dossiers and files nobody has a second opinion: they leave quarantine when its time is over.
    clear = copy.document is None or copy.document in cleared
    return Standing(copy.lock, target, target < rolling, copy.quarantine_from, clear)


def _one(store: ObjectStore, copy: Copy, standing: Standing, at: datetime) -> _Looked:
    """Steps 2 to 5 for one copy. Nothing in the catalogue changes."""
    wanted = locks.wanted(standing, at)
    denied = None
    try:
        shown = _shown(store, copy)
        seen = _lock(shown)
        shortened = _told(seen, copy.lock) if locks.weaker(seen, copy.lock) else ""
        if seen is not None:  # what was set before a crash, or by somebody who extended it, is not taken back
            wanted = _stronger(wanted, seen)
        if seen is None or locks.weaker(seen, wanted):
            try:
                _set(store, copy, seen, wanted)
            except StoreUnavailable as exc:
                if seen is None or not _is_denied(exc):
                    raise
                denied, wanted = exc, _stronger(locks.wanted(standing, at, hardens=False), seen)
                _set(store, copy, seen, wanted)
            shown = _shown(store, copy)
            check_lock(shown, wanted.until, wanted.mode)
            _check_hold(shown, wanted)
    except (Refused, ArchiveUnavailable, ArchiveDamaged) as exc:
        return _Looked(copy, failure=exc)
    if denied is not None and locks.weaker(wanted, copy.lock):
        return _Looked(copy, failure=denied)  # its row goes on saying how hard it was
    return _looked(copy, standing, wanted, shortened, at, denied)


def _is_denied(failure: Exception | None) -> bool:
    return isinstance(failure, StoreUnavailable) and failure.reason is reasons.HARDENING_DENIED


def _looked(
    copy: Copy, standing: Standing, now: Lock, shortened: str, at: datetime, denied: Exception | None
) -> _Looked:
    change = LockChange(
        key=copy.key,
        version=copy.version,
        lock=now,
        look_next=locks.next_look(standing, now, at, copy.spread),
        kept=not locks.let_end(standing, now),
        hardened=now.mode is not copy.lock.mode,
    )
    withheld = denied is None and now.mode is LockMode.GOVERNANCE
    withheld = withheld and at >= copy.read_back_at + locks.QUARANTINE
    return _Looked(copy, change, now.until > copy.lock.until, withheld, shortened, denied)


def _shown(store: ObjectStore, copy: Copy) -> StoredObject:
    shown = store.head(copy.key, copy.version)
    if shown is None:
        raise ArchiveDamaged(f"{copy.key}: the catalogue has it, the store has not")
    return shown


def _lock(shown: StoredObject) -> Lock | None:
    if shown.retain_until is None or shown.mode is None:
        return None
    return Lock(shown.retain_until, shown.mode, shown.hold)


def _stronger(wanted: Lock, seen: Lock) -> Lock:
    hard = LockMode.COMPLIANCE in (wanted.mode, seen.mode)
    mode = LockMode.COMPLIANCE if hard else LockMode.GOVERNANCE
    return Lock(max(wanted.until, seen.until), mode, wanted.hold)


def _set(store: ObjectStore, copy: Copy, seen: Lock | None, wanted: Lock) -> None:
    if seen is None or (seen.until, seen.mode) != (wanted.until, wanted.mode):
        store.extend_retention(copy.key, wanted.until, mode=wanted.mode, version=copy.version)
    if wanted.hold and not (seen and seen.hold):
        store.set_hold(copy.key, True, version=copy.version)


def _check_hold(shown: StoredObject, wanted: Lock) -> None:
    if wanted.hold and not shown.hold:
        raise ArchiveDamaged(f"{shown.key}: the store was told of a legal hold and does not show it")


def _told(seen: Lock | None, told: Lock) -> str:
    """What the store shows, and what it should."""
    found = "no lock" if seen is None else _words(seen)
    return f"{found}; expected {_words(told)}"


def _words(lock: Lock) -> str:
    return f"{lock.mode} until {lock.until.isoformat()}{' with a legal hold' if lock.hold else ''}"


def _record(desk: LockDesk, counts: _Counts, looked: Sequence[_Looked], at: datetime) -> None:
    """Step 6."""
    _count(counts, looked)
    with desk.writing() as conn:
        for shelf in Shelf:
            here = [found for found in looked if found.copy.shelf is shelf]
            changes = [found.change for found in here if found.change is not None]
            copy_rows.set_locks(conn, shelf, changes, at)
            copy_rows.mark_damaged(conn, shelf, [found.copy for found in here if found.damaged], at)
        for event in _events(looked, at):
            watch_rows.add_event(conn, event)
        watch_rows.save_lock_run(conn, counts.run)
    # ---- COMMIT POINT: what was read back is known, and is not due any more.
    withheld = {found.copy.document for found in looked if found.withheld}
    if withheld:
        desk.withheld(sorted(each for each in withheld if each is not None))


def _count(counts: _Counts, looked: Sequence[_Looked]) -> None:
    run = counts.run
    changes = [found.change for found in looked if found.change is not None]
    counts.run = replace(
        run,
        examined=run.examined + len(looked),
        extended=run.extended + sum(found.extended for found in looked),
        hardened=run.hardened + sum(change.hardened for change in changes),
        withheld=run.withheld + sum(found.withheld for found in looked),
        shortened=run.shortened + sum(bool(found.shortened) for found in looked),
        failed=run.failed + sum(found.failure is not None for found in looked),
        denied=run.denied + sum(found.denied for found in looked),
    )
    for found in looked:
        silent = isinstance(found.failure, ArchiveUnavailable) and not found.denied
        counts.silent = counts.silent + 1 if silent else 0
        if found.failure is not None:
            log.warning("lock of %s: %s", found.copy.key, found.failure)
        if found.shortened:
            log.error("the lock of %s was shortened: %s", found.copy.key, found.shortened)


def _events(looked: Sequence[_Looked], at: datetime) -> Iterator[PreservationEvent]:
    """Of what somebody shortened, and of what is damaged; the rest has its results in its row."""
    for found in looked:
        detail = found.shortened and f"the lock was shortened and was set again: {found.shortened}"
        if found.damaged:
            detail = str(found.failure)
        if detail:
            copy = found.copy
            yield PreservationEvent(
                new_id(at),
                EventType.EXTENSION,
                at,
                EventOutcome.FAIL,
                detail,
                copy.shelf.store,
                copy.key,
                copy.document,
            )


def _end(desk: LockDesk, counts: _Counts, at: datetime, *, whole: bool) -> LockRun:
    run = counts.run
    good = whole and not run.denied and run.failed * 10 <= run.examined
    with desk.writing() as conn:
        ends = [copy_rows.earliest_end(conn, shelf) for shelf in SHELVES[desk.name]]
        earliest = min((end for end in ends if end is not None), default=None)
        run = watch_rows.ended(run, at, earliest, good=good)
        watch_rows.save_lock_run(conn, run)
        detail = (
            f"examined {run.examined}, extended {run.extended}, hardened {run.hardened}, kept in quarantine "
            f"{run.withheld}, shortened by others {run.shortened}, failed {run.failed}"
        )
        if run.denied:
            detail += f"; {reasons.HARDENING_DENIED.id}: {run.denied} not hardened"
        outcome = EventOutcome.SUCCESS if good else EventOutcome.FAIL
        watch_rows.add_event(
            conn, PreservationEvent(new_id(at), EventType.EXTENSION, at, outcome, detail, desk.name)
        )
    return run


def watched(conn: Connection, store: str, since: datetime) -> locks.Watched:
    """What `policies.locks.alarms` judges. Quick: looked at by the health page."""
    good = watch_rows.last_lock_run(conn, store, good=True)
    ends = [copy_rows.earliest_end(conn, shelf) for shelf in SHELVES[store]]
    due = [copy_rows.oldest_due(conn, shelf) for shelf in SHELVES[store]]
    return locks.Watched(
        since=since,
        last_good=good.started_at if good else None,
        earliest_end=min((end for end in ends if end is not None), default=None),
        last_shortened=watch_rows.last_shortened(conn, store),
        oldest_due=min((each for each in due if each is not None), default=None),
    )
