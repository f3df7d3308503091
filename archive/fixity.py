"""Fixity: stored copies are read back and hashed, in the order of their risk, at a pace that leaves others alone.

    1 choose   what is due: damaged, then new, then the longest unread (`policies.fixity`); rows tell, nothing else
    2 read     several at once, block by block; SHA-256 and size against the row, never against what a store says
    3 record   results and each copy's next turn, in one transaction                        ← commit point

A crash before 3 forgets a batch of results: those copies are still due, and are read again. There is no other state:
a scan that is killed goes on where its rows stand, whoever runs it next.

For a copy that is well its last result stands in its row; a fault is an event of its own, and so is each run. What is
damaged is left to `archive.repair`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from hashlib import sha256 as new_sha256

from archive.catalogue import Connection, copy_rows, watch_rows
from archive.catalogue.copies import SHELVES, Copy, FixityChange, Shelf
from archive.catalogue.copy_rows import Place
from archive.catalogue.identity import new_id
from archive.catalogue.watch_rows import EventOutcome, EventType, FixityRun, PreservationEvent
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.pace import Pace
from archive.ports import ObjectStore
from archive.storage.blocks import BLOCK
from archive.storage.giving import gives
from policies import fixity
from policies.fixity import Outcome, Risk, Work

log = logging.getLogger("antin.fixity")
Begin = Callable[[], AbstractContextManager[Connection]]
PAGE = 500
READERS = 4
FLUSH_OBJECTS, FLUSH_SECONDS = 500, 2.0  # what a crash makes the next scan read again
SILENT = 50  # copies that the store did not give: is it the store, or are they lost?


@dataclass(frozen=True, slots=True)
class FixityDesk:
    """What a scan of one store needs. `stopping` is asked all the time; `clock` gives the times of results."""

    store: ObjectStore
    name: str  # archive.catalogue.copies.FIRST or SECOND
    reading: Begin
    writing: Begin
    clock: Callable[[], datetime]
    pace: Pace = field(default_factory=Pace)
    readers: int = READERS
    stopping: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class Result:
    """What reading one copy said, and how many bytes were read."""

    copy: Copy
    outcome: Outcome
    detail: str
    size: int


class Stopping(Exception):
    """The scan was told to stop in the middle of an object."""


def read(desk: FixityDesk, copy: Copy) -> Result:
    """Step 2 for one copy. Raises Stopping."""
    size = 0
    try:
        mark = desk.pace.begin()
        digest = new_sha256()
        with desk.store.open(copy.key, copy.version) as stream:
            while block := stream.read(BLOCK):
                digest.update(block)
                size += len(block)
                mark = desk.pace.read(len(block), mark)
                if desk.stopping():
                    raise Stopping
    except (ArchiveUnavailable, OSError) as exc:
        return Result(copy, Outcome.UNREAD, str(exc), size)
    except StorageRefused as exc:
        return Result(copy, Outcome.DAMAGED, exc.text("en"), size)
    except ArchiveDamaged as exc:
        return Result(copy, Outcome.DAMAGED, str(exc), size)
    found = digest.hexdigest()
    if (found, size) == (copy.sha256, copy.size):
        return Result(copy, Outcome.INTACT, "", size)
    detail = f"{size} bytes with SHA-256 {found}; archived were {copy.size} bytes with SHA-256 {copy.sha256}"
    return Result(copy, Outcome.DAMAGED, detail, size)


def scan_due(desk: FixityDesk) -> FixityRun:
    """Reads what is due until nothing is, or it is told to stop. Its row tells how far it came.

    Raises ArchiveUnavailable when the catalogue does not answer. A store that does not is told in the run.
    """
    return _Scan(desk, _due(desk)).run()


def scan_all(desk: FixityDesk) -> FixityRun:
    """Reads every copy of the store, due or not, in the order of keys. Raises as `scan_due`."""
    return _Scan(desk, _all(desk), everything=True).run()


def scan_one(desk: FixityDesk, key: str) -> Result | None:
    """Reads one copy now, and records what it said; None when the store has no row of that key."""
    with desk.reading() as conn:
        rows = (copy_rows.find(conn, shelf, key) for shelf in SHELVES[desk.name])
        found = next((row for row in rows if row is not None), None)
    if found is None:
        return None
    result = read(desk, found)
    with desk.writing() as conn:
        record(conn, [result], desk.clock())
    return result


def _due(desk: FixityDesk) -> Iterator[Copy]:
    """The most urgent first; what becomes due meanwhile, and is more urgent, comes with the next page."""
    reached: dict[tuple[Risk, Shelf], Place] = {}
    while page := _most_urgent(desk, reached):
        yield from page


def _most_urgent(desk: FixityDesk, reached: dict[tuple[Risk, Shelf], Place]) -> tuple[Copy, ...]:
    at = desk.clock()
    with desk.reading() as conn:
        for risk in Risk:
            for shelf in SHELVES[desk.name]:
                page = copy_rows.due_fixity(conn, shelf, risk, at, reached.get((risk, shelf)), PAGE)
                if page:
                    reached[risk, shelf] = (page[-1].fixity_due, page[-1].key)
                    return page
    return ()


def _all(desk: FixityDesk) -> Iterator[Copy]:
    for shelf in SHELVES[desk.name]:
        after = ""
        while True:
            with desk.reading() as conn:
                page = copy_rows.by_key(conn, shelf, after, PAGE)
            yield from page
            if len(page) < PAGE:
                break
            after = page[-1].key


class _Scan:
    """One run: readers in threads, results written by the thread that runs it."""

    def __init__(self, desk: FixityDesk, copies: Iterator[Copy], *, everything: bool = False) -> None:
        self._desk, self._copies = desk, copies
        self._results: list[Result] = []
        self._unread: list[Result] = []  # not judged yet
        self._silent = 0
        self._begun = self._flushed = time.monotonic()
        at = desk.clock()
        with desk.reading() as conn:
            whole = sum((copy_rows.all_work(conn, shelf) for shelf in SHELVES[desk.name]), Work())
            due = sum((copy_rows.due_work(conn, shelf, at) for shelf in SHELVES[desk.name]), Work())
        left = whole if everything else due
        self._run = FixityRun(new_id(at), desk.name, at, at, None, 0.0, Work(), 0, 0, left, whole)
        with desk.writing() as conn:
            watch_rows.save_fixity_run(conn, self._run)

    def run(self) -> FixityRun:
        under_way: set[Future[Result]] = set()
        with ThreadPoolExecutor(self._desk.readers, "fixity") as threads:
            for copy in self._copies:
                under_way.add(threads.submit(read, self._desk, copy))
                if len(under_way) >= 2 * self._desk.readers:
                    under_way = self._collect(under_way)
                if self._desk.stopping() or self._gives_up():
                    break
            while under_way:
                under_way = self._collect(under_way)
        return self._end()

    def _collect(self, under_way: set[Future[Result]]) -> set[Future[Result]]:
        done, left = wait(under_way, FLUSH_SECONDS, FIRST_COMPLETED)
        for future in done:
            if not isinstance(future.exception(), Stopping):
                self._results.append(future.result())
        now = time.monotonic()
        if len(self._results) >= FLUSH_OBJECTS or now - self._flushed >= FLUSH_SECONDS:
            self._flush()
            self._flushed = now
        return left

    def _flush(self) -> None:
        """Step 3."""
        results, self._results = self._results, []
        at = self._desk.clock()
        self._count(results, at)
        with self._desk.writing() as conn:
            record(conn, results, at)
            watch_rows.save_fixity_run(conn, self._run)
        # ---- COMMIT POINT: these copies were read, and have their next turn.

    def _count(self, results: list[Result], at: datetime) -> None:
        read_now = [result for result in results if result.outcome is not Outcome.UNREAD]
        run, done = self._run, Work(len(read_now), sum(result.size for result in read_now))
        due = Work(len(read_now), sum(result.copy.size for result in read_now))
        self._run = replace(
            run,
            updated_at=at,
            seconds=time.monotonic() - self._begun,
            done=run.done + done,
            damaged=run.damaged + sum(result.outcome is Outcome.DAMAGED for result in results),
            unread=run.unread + len(results) - len(read_now),
            left=Work(max(0, run.left.objects - due.objects), max(0, run.left.size - due.size)),
        )
        for result in results:
            self._silent = self._silent + 1 if result.outcome is Outcome.UNREAD else 0
            if result.outcome is Outcome.UNREAD:
                self._unread.append(result)

    def _gives_up(self) -> bool:
        """A store that is down ends the run soon. One that gives others has lost these; whoever comes after them, and
        is as urgent, is read all the same."""
        if max(self._silent, len(self._unread)) < SILENT:
            return False
        self._flush()
        return not self._judge_unread() and self._silent >= SILENT

    def _end(self) -> FixityRun:
        self._flush()
        self._judge_unread()
        run = replace(self._run, ended_at=self._desk.clock())
        well = run.damaged == run.unread == 0
        detail = (
            f"read {run.done.objects} copies, {run.done.size} bytes in {run.seconds:.0f} s; damaged {run.damaged}, "
            f"unread {run.unread}, still due {run.left.objects}"
        )
        outcome = EventOutcome.SUCCESS if well else EventOutcome.WARNING
        if run.damaged:
            outcome = EventOutcome.FAIL
        with self._desk.writing() as conn:
            watch_rows.save_fixity_run(conn, run)
            event = PreservationEvent(
                new_id(run.updated_at), EventType.FIXITY, run.updated_at, outcome, detail, run.store
            )
            watch_rows.add_event(conn, event)
        return run

    def _judge_unread(self) -> bool:
        """Whether the store gives anything. One that is down says nothing about a copy; one that gives others and not
        this one does."""
        unread, self._unread = self._unread, []
        if unread and not gives(self._desk.store):
            return False
        self._silent, at = 0, self._desk.clock()
        with self._desk.writing() as conn:
            lost = record_unread(conn, unread, at)
        self._run = replace(self._run, damaged=self._run.damaged + lost)
        return True


def record_unread(conn: Connection, results: list[Result], at: datetime) -> int:
    """Copies that their store did not give; how many of them failed too often, and count as damaged now."""
    lost = 0
    for result in results:
        copy = result.copy
        state, turn = fixity.after_unread(copy.fixity_state, at)
        copy_rows.set_fixity(conn, copy.shelf, [FixityChange(copy.key, copy.version, state, turn)], at)
        if state == Outcome.DAMAGED and copy.fixity_state != Outcome.DAMAGED:
            lost += 1
            detail = f"not read {fixity.UNREAD_MOST} times in a row, while others were: {result.detail}"
            watch_rows.add_event(conn, _fault(replace(result, detail=detail), at))
    return lost


def record(conn: Connection, results: list[Result], at: datetime) -> None:
    """Step 3 in the caller's transaction: rows, and an event for each fault."""
    for shelf in Shelf:
        changes = [_change(result, at) for result in results if result.copy.shelf is shelf]
        copy_rows.set_fixity(conn, shelf, [change for change in changes if change is not None], at)
    for result in results:
        if result.outcome is Outcome.DAMAGED:
            log.error("%s in the %s store: %s", result.copy.key, result.copy.shelf.store, result.detail)
            watch_rows.add_event(conn, _fault(result, at))


def _change(result: Result, at: datetime) -> FixityChange | None:
    copy = result.copy
    turn = fixity.next_turn(result.outcome, at, copy.spread, copy.repaired_at)
    return None if turn is None else FixityChange(copy.key, copy.version, result.outcome, turn)


def _fault(result: Result, at: datetime) -> PreservationEvent:
    copy = result.copy
    return PreservationEvent(
        new_id(at),
        EventType.FIXITY,
        at,
        EventOutcome.FAIL,
        result.detail,
        copy.shelf.store,
        copy.key,
        copy.document,
    )
