"""A process that does jobs, to be killed or stopped. What its handlers did stands in the table `ran`."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress

from dbos import DBOS
from sqlalchemy import text

from api.jobs import ACTS, QUIET, STAMPS, DbosJobs
from api.transactions import Transactions
from tests.service import PATIENCE, until

RAN = {
    "sqlite": text("insert into ran values (:operation, (julianday('now') - 2440587.5) * 86400)"),
    "postgresql": text("insert into ran values (:operation, extract(epoch from clock_timestamp()))"),
}


class Process:
    """Its jobs by kind: "plain" ends, "held" is held for ever, "deadly" kills the process."""

    def __init__(self, url: str) -> None:
        self.transactions = Transactions(url)
        with self.transactions.write() as conn:
            conn.execute(text("create table if not exists ran (operation text, at double precision)"))
        handlers = {"plain": self.ran, "finish": self.ran, "held": self.held, "deadly": self.deadly}
        self.jobs = DbosJobs(self.transactions, handlers, {ACTS: 4, STAMPS: 4, QUIET: 1}, "embedded")

    def ran(self, operation: str, _payload: dict) -> None:
        with self.transactions.write() as conn:
            conn.execute(RAN[conn.dialect.name], {"operation": operation})

    def held(self, operation: str, payload: dict) -> None:
        self.ran(operation, payload)
        threading.Event().wait(PATIENCE)

    def deadly(self, operation: str, payload: dict) -> None:
        self.ran(operation, payload)
        os.kill(os.getpid(), signal.SIGKILL)
        threading.Event().wait()

    def put(self, operation: str, kind: str = "plain", **options) -> None:
        with self.transactions.write() as conn:
            self.jobs.enqueue(conn, kind, operation, {}, **options)

    def have_run(self) -> list[str]:
        with self.transactions.read() as conn:
            return list(conn.execute(text("select operation from ran order by at")).scalars())

    def run_out(self) -> None:
        """Until nothing is open."""
        until(lambda: not self.open(), lambda: self.open())

    def open(self) -> set[str]:
        with self.transactions.read() as conn:
            return self.jobs.rows.open(conn)


def dies(url: str) -> None:
    """Killed under one job, while another runs, one waits and one is delayed."""
    process = Process(url)
    process.jobs.start()
    process.put("held", "held")
    until(process.have_run, "the first")
    process.put("delayed", delay=3600)
    with suppress(LookupError), process.transactions.write() as conn:
        process.jobs.enqueue(conn, "plain", "rolled back", {})
        raise LookupError
    process.put("deadly", "deadly")
    threading.Event().wait(PATIENCE)


def comes_after(url: str) -> None:
    """The same process's next life: it does what was left, each kind of it harmless now."""
    process = Process(url)
    process.jobs.handlers.update(held=process.ran, deadly=process.ran)
    process.jobs.start()
    assert process.jobs.alive(["held", "deadly", "delayed", "never"]) >= {"delayed"}
    until(lambda: process.open() == {"delayed"}, lambda: process.open())
    assert sorted(process.have_run()) == ["deadly", "deadly", "held", "held"]
    process.jobs.stop()


def stops_and_starts(url: str) -> None:
    process = Process(url)
    for life in range(2):
        process.jobs.start()
        try:
            Process(url).jobs.start()
        except RuntimeError:
            pass
        else:
            raise AssertionError("two in one process")
        process.put(f"life {life}")
        process.run_out()
        process.jobs.stop()
        assert not process.jobs.running
    assert process.have_run() == ["life 0", "life 1"]


def delays(url: str) -> None:
    process = Process(url)
    process.jobs.start()
    process.put("late", delay=1.5)
    process.put("at once")
    process.run_out()
    assert process.have_run() == ["at once", "late"]
    with process.transactions.read() as conn:
        early = conn.execute(
            text(
                "select count(*) from ran join workflow_status on workflow_uuid = operation"
                " where at * 1000 < delay_until_epoch_ms"
            )
        ).scalar()
    assert early == 0
    process.jobs.stop()


def is_known_to_dbos(url: str) -> None:
    """DBOS's own means know our jobs, and run one."""
    process = Process(url)
    process.jobs.start()
    process.put("a")
    process.run_out()
    (known,) = DBOS.list_workflows(workflow_ids=["a"])
    assert (known.status, known.queue_name, known.input["args"]) == ("SUCCESS", ACTS, ("plain", "a", {}))
    process.put("b", delay=3600)
    DBOS.resume_workflow("b")
    until(lambda: process.have_run() == ["a", "b"], "the second")
    process.jobs.stop()
