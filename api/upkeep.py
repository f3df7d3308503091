"""Work that nobody asked for: deposits that were left behind, operations whose job has died.

At start and then twice a minute. Everything here is repeatable, and does nothing on a good day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice
from threading import Event, Thread

from api import problems
from api.aftercare import Aftercare
from api.holding import Holding
from api.owed import Owed
from api.services import Services
from api.store import idempotency, operations
from archive.catalogue import deposit_rows, document_lists, dossier_rows
from archive.catalogue.keeping_values import DossierDeposit
from archive.catalogue.values import Deposit
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.log.leaf import LeafKind
from policies.refusals import Refused

log = logging.getLogger("antin.upkeep")
SECONDS = 30.0
DUTY = "upkeep"  # of one process at a time
CLEARING = timedelta(hours=1)  # between two looks at the whole work area
UNUSED = timedelta(days=3)  # after which a machine forgets bytes that the others have too
FRESH = timedelta(days=2)  # bytes that were brought so lately may belong to an act that is about to commit
FEW = 500  # digests asked about at once
PATIENCE = timedelta(seconds=60)  # whoever planned a deposit is given this long to carry it out


class JobLost(Exception):
    """An operation whose job is no longer in the queue."""


class Upkeep:
    def __init__(self, services: Services) -> None:
        self.s = services
        self._stopping = Event()
        self.aftercare = Aftercare(services, self._stopping.is_set)
        self._cleared_at: datetime | None = None
        self._trimmed_at: datetime | None = None
        self._thread = Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        if self.s.works:
            with self.s.turns.attempt(DUTY) as mine:
                if mine:
                    self.end_lost_operations()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._first_look()
        while not self._stopping.wait(SECONDS):
            _tried(self._trim)
            if self.s.works:
                _tried(self._on_duty)

    def _first_look(self) -> None:
        """What a crash left of a hold is no matter of half a minute."""
        if self.s.works:
            _tried(self._first_duty)

    def _first_duty(self) -> None:
        with self.s.turns.attempt(DUTY) as mine:
            if mine:
                self.keep_what_is_held()

    def _trim(self) -> None:
        """What this machine keeps at hand; every process for itself."""
        at = self.s.clock()
        if self._trimmed_at is None or abs(at - self._trimmed_at) > CLEARING:
            self._trimmed_at = at
            for cache in self.s.caches:
                cache.trim(at - UNUSED)

    def _on_duty(self) -> None:
        with self.s.turns.attempt(DUTY) as mine:
            if mine:
                self.run_once()

    def run_once(self) -> None:
        """All parts, by whoever's turn it is. One that fails, in whatever way, keeps no other from its turn: it is
        told, and tried again by the next round."""
        parts = (
            self.carry_out_what_is_left,
            self.keep_what_is_held,  # what a release has in writing by now is let go
            self.end_lost_operations,
            *self.aftercare.parts(),
            self._clear,
            self._forget,
        )
        for part in parts:
            if not self._stopping.is_set():
                _tried(part)

    def _clear(self) -> None:
        at = self.s.clock()
        if self._cleared_at is None or abs(at - self._cleared_at) > CLEARING:
            self._cleared_at = at
            self.clear_work()
            for each in self.s.stale:
                each.sweep()

    def _forget(self) -> None:
        with self.s.transactions.note() as conn:
            idempotency.forget_old(conn, self.s.clock())
        self.s.identity.forget_attempts(self.s.clock())

    def carry_out_what_is_left(self) -> None:
        """Deposits that a store's bad moment left, by the code that makes them on a good day.

        While the gate is closed they wait; the first round after it opens takes them."""
        if not self.s.gate.state().open:
            return
        with self.s.transactions.read() as conn:
            left = deposit_rows.deposits_left(conn)
        for deposit in left:
            if abs(self.s.clock() - deposit.planned_at) > PATIENCE and not self._stopping.is_set():
                self._carry_out(deposit)
        with self.s.transactions.read() as conn:
            versions = dossier_rows.deposits_left(conn)
        for version in versions:
            if abs(self.s.clock() - version.planned_at) > PATIENCE and not self._stopping.is_set():
                self._carry_out_version(version)

    def _carry_out_version(self, deposit: DossierDeposit) -> None:
        try:
            self.s.proofs.carry_out(deposit)
        except (Refused, ArchiveUnavailable, ArchiveDamaged) as exc:
            log.warning("version %s of dossier %s: %s", deposit.version, deposit.dossier, exc)

    def keep_what_is_held(self) -> None:
        """Holds and the store's flags, brought together again: after a crash, and for what came under a hold since.

        Raises ArchiveUnavailable, ArchiveDamaged when a store does not show what it was told.
        """
        changed = Holding(self.s).enforce()
        if changed:
            log.info("holds: %s objects changed", changed)

    def clear_work(self) -> None:
        """Steps on the way to what was archived some time ago, and bytes that no act ever spoke of."""
        at = self.s.clock()
        archived_before = at - timedelta(days=self.s.settings.work_days)
        cleared = 0
        old = self.s.work_area.old_work(at - FRESH)
        while digests := list(islice(old, FEW)):
            with self.s.transactions.read() as conn:
                keep = document_lists.needed(conn, digests, archived_before) | operations.bytes_under_way(
                    conn
                )
                keep |= dossier_rows.planned_bytes(conn)
            for sha256 in set(digests) - keep:
                if self._stopping.is_set():
                    return
                self.s.work_area.clear_work(sha256, at - FRESH)
                cleared += 1
        if cleared:
            log.info("work area: %s files that nobody needs are gone", cleared)

    def _carry_out(self, deposit: Deposit) -> None:
        try:
            self.s.proofs.carry_out(deposit)
        except (Refused, ArchiveUnavailable, ArchiveDamaged) as exc:
            log.warning("deposit %s was not carried out: %s", deposit.leaf, exc)
            return
        if deposit.kind is LeafKind.DOCUMENT:
            with self.s.transactions.read() as conn:
                last = operations.latest(conn, deposit.document)
            if last is not None:
                Owed(self.s).follow_up(deposit.document, last.account)

    def end_lost_operations(self) -> None:
        """An operation ends with its job. One that a job left open (its last write failed) is marked failed."""
        with self.s.transactions.read() as conn:
            unfinished = [found.id for found in operations.unfinished(conn)]
        lost = set(unfinished) - self.s.jobs.alive(unfinished)
        if not lost:
            return
        with self.s.transactions.write() as conn:
            for found in operations.unfinished(conn):
                if found.id in lost:
                    log.error("operation %s (%s) lost its job", found.id, found.kind)
                    operations.fail(conn, found.id, problems.of_fault(JobLost(found.kind)), self.s.clock())
        for operation in lost:
            self.s.endings.announce(operation)


def _tried(part: Callable[[], object]) -> None:
    try:
        part()
    except ArchiveUnavailable as exc:
        log.warning("upkeep, %s: %s", part.__name__.strip("_"), exc)
    except Exception:  # whatever it is: nobody else looks after the rest
        log.exception("upkeep, %s: could not be done; tried again", part.__name__.strip("_"))
