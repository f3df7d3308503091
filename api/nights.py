"""The nights: who watches over the archive is put in line when it is owed, and does its work as a job.

    look     every few seconds, in every process that works: what is owed, and is not under way?
    claim    one transaction: the task's row, an operation, its job                 ← from here on it will be done
    do       a job as any other: whoever takes it, and again when its process dies
    end      the row says how it went; a bad end is tried again within the hour, and told on the health page

A night that was missed is owed when the service is back. Nothing of this is urgent, and nothing is done twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date, datetime
from threading import Event, Thread
from time import monotonic
from typing import Any

from api import jobs, keepers
from api.checking import Checking
from api.fixity_child import read_all_due
from api.line import Stopped
from api.outcomes import guarded
from api.proofs import NOT_NOW
from api.renewals import Renewals
from api.services import Services
from api.store import night_rows, operations
from api.store.night_rows import NightTask
from api.work import SYSTEM
from archive.catalogue import copy_rows, retention_rows, watch_rows
from archive.catalogue.copies import Shelf
from archive.catalogue.identity import new_id
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.gone import mark_gone
from archive.locks import extend_due
from archive.repair import mend_all
from archive.replication import copy_missing, lag
from policies import night
from policies.night import RETRY, Errand, Task
from policies.numbering import civil_date
from policies.refusals import Refused

log = logging.getLogger("antin.nights")
LOOK_SECONDS = 10.0
NIGHTLY = tuple(map(str, Task))  # in their order
NAMES = [*NIGHTLY, *map(str, Errand)]
STAND = frozenset({Task.LOCKS, Task.RECONCILE})  # what these found stands until they come to an end again
MOST = 1000  # damaged copies are counted, and marked by one audit, up to here
AT_WORK = 600.0  # seconds that one job of copying goes on looking for more
PAUSE = 2.0  # between its looks
Told = dict[str, Any]
Done = tuple[bool, Told]  # whether it ended well, and what it has to say


def kind_of(name: str) -> str:
    """The kind of its operations."""
    return f"night-{name}"


class Nights:
    """The scheduler, and the handlers of its jobs."""

    def __init__(self, services: Services) -> None:
        self.s = services
        self._begun = False
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="nights", daemon=True)
        self._acts: dict[str, Callable[[datetime], Done]] = {
            Task.LOCKS: self._locks,
            Task.RENEW: self._renew,
            Task.FIXITY: self._fixity,
            Task.RECONCILE: self._reconcile,
            Task.RETENTION: self._retention,
            Errand.COPIES: self._copies,
            Errand.REPAIR: self._repair,
        }

    def handlers(self) -> dict[str, jobs.Handler]:
        """What `api.jobs` runs."""
        return {kind_of(name): guarded(self.s, self._job(name)) for name in self._acts}

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(LOOK_SECONDS):
            try:
                self.put_in_line()
            except ArchiveUnavailable as exc:
                log.warning("nights: %s", exc)
            except Exception:  # whatever it is: nobody else puts the nights in line
                log.exception("the night's work could not be put in line; tried again")

    # Look and claim.

    def put_in_line(self) -> tuple[str, ...]:
        """What is owed now and is not under way. Raises ArchiveUnavailable."""
        at = self.s.clock()
        if not self._begun:
            with self.s.transactions.write() as conn:
                night_rows.begin(conn, NAMES, night.latest_night(at), at)
            self._begun = True
        with self.s.transactions.read() as conn:
            rows = night_rows.tasks(conn)
        under_way = self.s.jobs.alive([row.operation for row in rows.values() if row.operation])
        free = [rows[name] for name in NAMES if rows[name].operation not in under_way]
        return tuple(row.name for row in free if self._claimed(row, at))

    def _claimed(self, row: NightTask, at: datetime) -> bool:
        owed, of_night = self._owed(row, at)
        if not owed:
            return False
        operation = new_id(at)
        with self.s.transactions.write() as conn:
            if not night_rows.claim(conn, row.name, row.operation, operation, of_night, at):
                return False
            if row.name in NIGHTLY:  # errands are many, and their row says all
                kind = kind_of(row.name)
                operations.add(
                    conn, operation, kind, document=None, account=SYSTEM, payload={}, total=1, at=at
                )
            order = jobs.NORMAL + NAMES.index(row.name)
            queue = jobs.NIGHT if row.name in NIGHTLY else jobs.COPIES
            self.s.jobs.enqueue(conn, kind_of(row.name), operation, {}, order, queue=queue)
        # ---- COMMIT POINT: it will be done, by whoever takes the job.
        return True

    def _owed(self, row: NightTask, at: datetime) -> tuple[bool, date | None]:
        failed = not row.over or not row.good
        again = failed and abs(at - (row.ended_at or row.started_at or at)) >= RETRY
        if row.name in NIGHTLY:
            of_night = night.owed(row.night, at)
            return of_night is not None or again, of_night
        return self._wanted(row, again=again), None

    def _wanted(self, row: NightTask, *, again: bool) -> bool:
        """Whether an errand has something to do that it did not fail to do just now."""
        if row.name == Errand.COPIES and self.s.second is None:
            return False
        with self.s.transactions.read() as conn:
            left = self._lacking(conn) if row.name == Errand.COPIES else _damaged(conn)
        return left > 0 and (again or row.operation is None or row.good or left != row.told.get("left"))

    def _lacking(self, conn: Any) -> int:
        """What the second store lacks: objects, and whatever the log shows beyond what was copied."""
        shown = self.s.proofs.shown_head()
        behind = shown is not None and shown.size > copy_rows.highest_checkpoint(conn)
        return lag(conn).objects + behind

    # Do and end.

    def _job(self, name: str) -> Callable[[str, dict[str, Any]], dict[str, Any]]:
        def job(operation: str, _payload: dict[str, Any]) -> dict[str, Any]:
            with self._ending(name, operation):
                good, told = self._acts[name](self.s.clock())
                if self._stops():
                    raise Stopped
                with self.s.transactions.write() as conn:
                    night_rows.end(conn, name, operation, told, self.s.clock(), good=good)
            if not good:
                log.error("the night's work %s did not end well: %s", name, told)
            return told

        return job

    @contextmanager
    def _ending(self, name: str, operation: str) -> Iterator[None]:
        """A fault is an end too, and no good one."""
        try:
            yield
        except Exception as exc:
            if not self._stops():
                with self.s.transactions.write() as conn:
                    found = night_rows.tasks(conn)[name].told if name in STAND else {}
                    told = {**found, "fault": type(exc).__name__}
                    night_rows.end(conn, name, operation, told, self.s.clock(), good=False)
            raise

    def _stops(self) -> bool:
        return self.s.working.closed

    def _locks(self, at: datetime) -> Done:
        """Every store; then the log's new objects get their rows: whatever is wrong there, locks do not wait for it."""
        runs = [
            extend_due(keepers.lock_desk(self.s, name, self._stops), at) for name in keepers.stores(self.s)
        ]
        told: Told = {run.store: {"extended": run.extended, "failed": run.failed} for run in runs}
        for run in runs:
            if run.denied:
                told[run.store]["denied"] = run.denied
        good = all(run.good for run in runs)
        if self._stops():
            return False, told
        keeper = keepers.keeper(self.s)
        try:
            told["entered"] = keeper.enter_all(at)
        except (Refused, ArchiveUnavailable, ArchiveDamaged) as exc:
            log.error("the log's new objects have no rows yet: %s", exc)
            return False, {**told, "log": type(exc).__name__}
        return good and not keeper.failed, {**told, "unentered": keeper.failed}

    def _renew(self, _at: datetime) -> Done:
        """Evidence that ends within a year gets a new document time-stamp."""
        found = Renewals(self.s, self._stops).run()
        return found.good, found.told

    def _fixity(self, _at: datetime) -> Done:
        """In a process of its own, which keeps out of the service's way; then what it found is mended."""
        stores = list(keepers.stores(self.s))
        read_all_due(self.s.settings, stores, self.s.busy, self._stops)
        with self.s.transactions.read() as conn:
            runs = [watch_rows.last_fixity_run(conn, name) for name in stores]
        told = {
            run.store: {**asdict(run.done), "damaged": run.damaged, "unread": run.unread}
            for run in runs
            if run is not None
        }
        return all(run is not None and run.ended_at is not None and not run.unread for run in runs), told

    def _reconcile(self, _at: datetime) -> Done:
        """Objects ⇔ rows ⇔ leaves ⇔ locks ⇔ numbers, in one snapshot; bytes are fixity's. What is gone is mended."""
        found = Checking(self.s).report(quick=True)
        with self.s.transactions.write() as conn:
            mark_gone(conn, found.gone[:MOST], self.s.clock())
        return found.clean, {"clean": found.clean, "errors": found.errors}

    def _retention(self, at: datetime) -> Done:
        """Whose period is over or ends before long is counted; the archivist has the list. Nothing is deleted."""
        with self.s.transactions.read() as conn:
            told = retention_rows.count_ending(conn, civil_date(at))
        first = None if told.first is None else told.first.isoformat()
        return True, {"ended": told.ended, "soon": told.soon, "first": first}

    def _copies(self, at: datetime) -> Done:
        """One job for all that comes within minutes: most of them would be for one document."""
        if self.s.second is None:
            return True, {"left": 0}
        desk, until = keepers.copy_desk(self.s, self.s.second, self._stops), monotonic() + AT_WORK
        copied = copy_missing(desk, at)
        while copied.complete and monotonic() < until and not self._stops():
            self.s.pause(PAUSE)
            copied += copy_missing(desk, self.s.clock())
        with self.s.transactions.read() as conn:
            left = self._lacking(conn)
        return copied.complete, {"objects": copied.objects, "failed": copied.failed, "left": left}

    def _repair(self, at: datetime) -> Done:
        desk, mended = keepers.repair_desk(self.s), 0
        for tried in mend_all(desk, at):
            mended += tried.error is None
            self.s.repaired()
            if tried.deposit is not None:
                try:
                    self.s.proofs.carry_out(tried.deposit)
                except NOT_NOW as exc:  # `api.upkeep` carries it out
                    log.warning("the record of a repair waits for the archive: %s", exc)
            if self._stops():
                break
        with self.s.transactions.read() as conn:
            left = _damaged(conn)
        return left == 0, {"mended": mended, "left": left}


def _damaged(conn: Any) -> int:
    return sum(copy_rows.count_damaged(conn, shelf, MOST) for shelf in Shelf)
