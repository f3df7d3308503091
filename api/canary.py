"""The lock canary of a process: at its start, each night, and soon again while the gate is closed."""

from __future__ import annotations

import json
import logging
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from threading import Event, Thread

from api.gate import CanaryGate
from api.store import check_rows
from api.transactions import Transactions
from api.turns import Taking
from archive import deployment
from archive.catalogue.deployment_rows import deployment_of
from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.ports import ObjectStore
from archive.storage.canary.bench import Surroundings
from archive.storage.canary.port import LockProbe
from archive.storage.canary.report import elders_of, to_json
from archive.storage.canary.run import RunStopped, run
from archive.storage.canary.values import Conclusion, Elder, Report
from policies.times import VIETNAM, in_vietnam

log = logging.getLogger("antin.canary")
STOP_SECONDS = 5.0
LOOK_SECONDS = 20.0  # between looks whether a run is due
DUTY = "canary"  # of one process at a time
NIGHT = time(1, 30)  # of the country
# How long a verdict that keeps the gate closed is believed.
AGAIN = {
    Conclusion.BROKEN: timedelta(minutes=15),
    Conclusion.UNUSABLE: timedelta(minutes=1),
    Conclusion.NO_ANSWER: timedelta(seconds=LOOK_SECONDS),
}
NEW, DAMAGED = "none yet: it is new", "its log/deployment.json is damaged"


@dataclass(frozen=True)
class StorageCheck:
    """The canary on one store, with what this installation knows of it. `file` gets the newest report as JSON."""

    probe: LockProbe
    store: ObjectStore
    transactions: Transactions
    clock: Callable[[], datetime]
    work_dir: Path
    file: Path
    process: str

    def run(self, stopping: Callable[[], bool] = lambda: False) -> Report:
        """Try everything, keep the report, then tell it. Raises ArchiveUnavailable when it could not be kept,
        RunStopped when the process ends."""
        report = run(self.probe, self._surroundings(), stopping=stopping)
        row = to_json(report)
        with self.transactions.write() as conn:
            check_rows.keep(conn, self.probe.store, self.process, self.clock(), row)
        self._write(row)
        return report

    def alone(self) -> Report:
        """The same without a database: nothing is kept but the file, and installations are not compared."""
        report = run(self.probe, Surroundings(at=self.clock(), free_bytes=self._free()))
        self._write(to_json(report))
        return report

    def latest(self, besides: str = "") -> check_rows.Check | None:
        """The newest kept report of this store."""
        with self.transactions.read() as conn:
            return check_rows.latest(conn, self.probe.store, besides)

    def _surroundings(self) -> Surroundings:
        with self.transactions.read() as conn:
            here = deployment_of(conn)
        there = self._stored()
        return Surroundings(
            at=self.clock(),
            deployment=here.id if here else NEW if there else "",
            found_deployment=there,
            free_bytes=self._free(),
            elders=self._elders(),
        )

    def _free(self) -> int:
        return shutil.disk_usage(self.work_dir).free

    def _stored(self) -> str:
        """Whose archive the store says it holds; empty when it says nothing, which `reach` judges."""
        try:
            found = deployment.stored(self.store)
        except ArchiveUnavailable:
            return ""
        except ArchiveDamaged:
            return DAMAGED
        return found.id if found else ""

    def _elders(self) -> tuple[Elder, ...]:
        last = self.latest()
        return elders_of(last.report) if last else ()

    def _write(self, row: dict[str, object]) -> None:
        """For who looks without a database: replaced whole."""
        part = self.file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps(row, ensure_ascii=False, indent=1) + "\n", "utf-8")
        part.replace(self.file)


class Watch:
    """Runs the canary when it is due. The first check's verdict moves the gate; of others it is only kept and told."""

    def __init__(
        self, gate: CanaryGate, checks: tuple[StorageCheck, ...], turns: Callable[[], Taking]
    ) -> None:
        self._gate, self._checks, self._turns = gate, checks, turns
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="canary", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Within the request that is under way; who is silent is not waited for."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(STOP_SECONDS)

    def _run(self) -> None:
        with suppress(RunStopped):
            self.run_all()
            while not self._stopping.wait(LOOK_SECONDS):
                self.run_due()

    def run_all(self) -> None:
        """Every store, due or not: at the start of a process."""
        for check in self._checks:
            self._run_one(check)

    def run_due(self) -> None:
        """Every store whose newest verdict has had its time, in one process at a time."""
        try:
            with self._turns().attempt(DUTY) as mine:
                for check in self._checks if mine else ():
                    if self._is_due(check):
                        self._run_one(check)
        except ArchiveUnavailable as exc:
            log.warning("canary: %s", exc)

    def _run_one(self, check: StorageCheck) -> None:
        """One run, whatever becomes of it: without a kept report the gate learns that nothing is known."""
        gates = check is self._checks[0]
        try:
            report = check.run(self._stopping.is_set)
        except ArchiveUnavailable as exc:
            log.error("canary of %s: the report could not be kept: %s", check.probe.store, exc)
            conclusion = Conclusion.NO_ANSWER
        else:
            conclusion = report.conclusion
            for found in report.failing():
                log.error("canary of %s: %s %s (%s)", report.store, found.id, found.outcome, found.detail)
        if gates:
            self._gate.found(conclusion)

    def _is_due(self, check: StorageCheck) -> bool:
        decided = check.latest(besides=Conclusion.NO_ANSWER)
        own = self._gate.own if check is self._checks[0] else None
        if decided is None or own is Conclusion.NO_ANSWER or decided.at > check.clock():
            return True  # the last: a clock that was wrong must not put off the nights
        return check.clock() >= next_run(Conclusion(decided.conclusion), decided.at)


def next_run(conclusion: Conclusion, at: datetime) -> datetime:
    """When a verdict of that time has had its time: the next night, or soon while the gate is closed."""
    if conclusion in AGAIN:
        return at + AGAIN[conclusion]
    local = in_vietnam(at)
    night = datetime.combine(local.date(), NIGHT, VIETNAM)
    return night if local < night else night + timedelta(days=1)
