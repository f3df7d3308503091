"""Work that nobody asked for: deposits that were left behind, operations whose job has died.

At start and then twice a minute. Everything here is repeatable, and does nothing on a good day.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Event, Thread

from api import problems
from api.aftercare import Aftercare
from api.finishing import Finishing
from api.holding import Holding
from api.services import Services
from api.store import idempotency, operations
from archive.catalogue import deposit_rows, dossier_rows
from archive.catalogue.keeping_values import DossierDeposit
from archive.catalogue.values import Deposit
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.log.leaf import LeafKind
from policies.refusals import Refused

log = logging.getLogger("antin.upkeep")
SECONDS = 30.0
PATIENCE = timedelta(seconds=60)  # whoever planned a deposit is given this long to carry it out


class JobLost(Exception):
    """An operation whose job is no longer in the queue."""


class Upkeep:
    def __init__(self, services: Services) -> None:
        self.s = services
        self._stopping = Event()
        self.aftercare = Aftercare(services, self._stopping.is_set)
        self._thread = Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        self.end_lost_operations()
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        self._try(self.keep_what_is_held)
        while not self._stopping.wait(SECONDS):
            self._try(self.run_once)

    def _try(self, part: Callable[[], None]) -> None:
        try:
            part()
        except (ArchiveUnavailable, ArchiveDamaged) as exc:
            log.warning("upkeep: %s", exc)

    def run_once(self) -> None:
        """All parts. Raises ArchiveUnavailable when the database does not answer."""
        self.carry_out_what_is_left()
        self.end_lost_operations()
        self.aftercare.run_once()
        with self.s.transactions.note() as conn:
            idempotency.forget_old(conn, self.s.clock())
        self.keep_what_is_held()

    def carry_out_what_is_left(self) -> None:
        """Deposits that a store's bad moment left, by the code that makes them on a good day."""
        with self.s.transactions.read() as conn:
            left = deposit_rows.deposits_left(conn)
        for deposit in left:
            if self.s.clock() - deposit.planned_at > PATIENCE and not self._stopping.is_set():
                self._carry_out(deposit)
        with self.s.transactions.read() as conn:
            versions = dossier_rows.deposits_left(conn)
        for version in versions:
            if self.s.clock() - version.planned_at > PATIENCE and not self._stopping.is_set():
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
                Finishing(self.s).follow_up(deposit.document, last.account)

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
