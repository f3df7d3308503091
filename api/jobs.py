"""Durable work behind a thin port: enqueued in the act's transaction, done once, resumed after a kill.

Adapter: DBOS on the catalogue's own database, one workflow per stage. Every handler is idempotent by the
operation's id, because a worker that dies between its effect and its checkpoint is run again.

DBOS keeps the tables, gives back what a dead process of this name had taken, and lets delayed jobs into the line.
Its own workers look into every queue ten times a second, and would take a job only at the next look: ours are
told (`api/dispatcher.py`).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from dbos import DBOS, DBOSConfig

from api.dispatcher import Dispatcher
from api.dispatcher import Handler as Handler
from api.messages import JOB, Messages
from api.store.job_rows import APPLICATION, APPLICATION_VERSION, SERIALIZER, WORKFLOW, JobRows
from api.transactions import Transactions
from archive.catalogue import Connection

# Queues of their own: a slow time-stamp authority holds up nothing else; what nobody waits for runs one by one.
# Of STAMPS more run than may ask or work at once (`Services.asking`, `.working`): the next question is ready
# when a place becomes free, and who works on a document that has its token keeps nobody from asking.
ACTS, STAMPS, QUIET = "acts", "stamps", "quiet"
STAMPING = frozenset({"initial", "stamp-leader", "finish"})
BACKGROUND = frozenset({"crosscheck", "augment"})
PROMPT = frozenset({ACTS, STAMPS})
IN_LINE = 24  # jobs of STAMPS that wait for a place, beside those that have one
STOP_SECONDS = 5.0
URGENT, NORMAL, BATCH = 1, 7, 9


class Jobs(Protocol):
    """Contract: `enqueue` takes part in the caller's transaction; when it commits, the handler of `kind` is
    run with (`operation_id`, `payload`) at least once and, unless the process dies under it, exactly once,
    lower `priority` first, not before `delay` seconds from now, on the `queue` of its kind when none is named.
    A handler owns its errors: what it raises is logged and not retried; `api.line.Stopped` leaves the job open."""

    def enqueue(
        self,
        conn: Connection,
        kind: str,
        operation_id: str,
        payload: dict[str, Any],
        priority: int = NORMAL,
        delay: float = 0.0,
        queue: str | None = None,
    ) -> None: ...

    @property
    def running(self) -> bool:
        """Whether workers take jobs."""

    @property
    def under_way(self) -> int:
        """How many jobs this process has."""

    def alive(self, operation_ids: list[str]) -> set[str]:
        """Those of the operations whose job still waits or runs."""

    def take_over(self, conn: Connection) -> None:
        """What those processes had who are gone is in line again; everybody is told when that is committed."""

    def give_back(self, conn: Connection, process_id: str) -> None:
        """What this process did not end is in line again, and nobody waits for its heart to stand still."""

    def renamed(self, process_id: str) -> None:
        """What is taken from now on is under that name."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class DbosJobs:
    """DBOS is one per process: a second instance in the same process is refused by `start`.

    `shared`: other processes put jobs in line and take them. `works`: whether this one takes any, and `fit`: whether
    it is able to, now.
    """

    _running = threading.Lock()

    def __init__(
        self,
        transactions: Transactions,
        handlers: dict[str, Handler],
        parallel: dict[str, int],
        executor: str,
        *,
        messages: Messages | None = None,
        works: bool = True,
        fit: Callable[[], bool] = lambda: True,
    ) -> None:
        self.transactions = transactions
        self.handlers = handlers
        self.parallel = parallel
        self.messages = messages
        self.works = works
        self.fit = fit
        self.rows = JobRows(transactions.engine.dialect.name, executor)
        self.config: DBOSConfig = {
            "name": APPLICATION,
            "system_database_url": transactions.url,
            "application_version": APPLICATION_VERSION,
            "executor_id": executor,
            "serializer": SERIALIZER,
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "enable_otlp": False,
        }
        self._dispatcher: Dispatcher | None = None
        self._open = False

    @property
    def shared(self) -> bool:
        return self.messages is not None

    def start(self) -> None:
        """Launch workers; workflows that a dead process left pending are taken up again at once."""
        if self.works:
            self._launch()
        else:
            DBOS.migrate(self.transactions.url)  # its tables, for what is put in line before a worker comes
        self._open = True

    def _launch(self) -> None:
        if not self._running.acquire(blocking=False):
            raise RuntimeError("jobs already run in this process")
        self._engine = self.transactions.engine_for_jobs()
        DBOS(config={**self.config, "system_database_engine": self._engine})

        def act(kind: str, operation_id: str, payload: dict[str, Any]) -> None:
            """For what somebody resumes with DBOS's own tools: that goes into a queue of DBOS's."""
            self.handlers[kind](operation_id, payload)

        DBOS.workflow(name=WORKFLOW)(act)
        DBOS.listen_queues([])
        DBOS.launch()
        self._dispatcher = Dispatcher(
            self.transactions,
            self.rows,
            self.handlers,
            self.parallel,
            PROMPT,
            shared=self.shared,
            fit=self.fit,
        )
        self._dispatcher.start()
        if self.messages is not None:
            self.messages.hear(JOB, self._dispatcher.hint)

    def enqueue(
        self,
        conn: Connection,
        kind: str,
        operation_id: str,
        payload: dict[str, Any],
        priority: int = NORMAL,
        delay: float = 0.0,
        queue: str | None = None,
    ) -> None:
        if not self._open:
            raise RuntimeError("jobs are not running")
        queue = queue or (STAMPS if kind in STAMPING else QUIET if kind in BACKGROUND else ACTS)
        self.rows.put(conn, queue, (kind, operation_id, payload), priority, delay)
        if delay > 0:
            return
        if self.shared:
            self.transactions.afterwards(partial(self.tell, queue))
        elif self._dispatcher is not None:
            self._dispatcher.tell(queue, operation_id)

    def tell(self, queue: str) -> None:
        """Something is in that line, and that is committed."""
        if self._dispatcher is not None:
            self._dispatcher.hint(queue)
        if self.messages is not None:
            self.messages.tell(JOB, queue)

    @property
    def running(self) -> bool:
        return self._dispatcher is not None

    @property
    def under_way(self) -> int:
        return self._dispatcher.running if self._dispatcher is not None else 0

    def alive(self, operation_ids: list[str]) -> set[str]:
        if not self._open or not operation_ids:
            return set()
        with self.transactions.read() as conn:
            return self.rows.open(conn).intersection(operation_ids)

    def take_over(self, conn: Connection) -> None:
        for queue in self.rows.take_over(conn):
            self.transactions.afterwards(partial(self.tell, queue))

    def give_back(self, conn: Connection, process_id: str) -> None:
        for queue in self.rows.give_back_of(conn, process_id, attempted=False):
            self.transactions.afterwards(partial(self.tell, queue))

    def renamed(self, process_id: str) -> None:
        self.rows.executor = process_id

    def stop(self) -> None:
        """Let workflows under way end within a few seconds; the rest is resumed at the next start.

        Until then they enqueue what follows: an act that could not would be undone after its key was used.
        """
        if self._dispatcher is not None:
            self._dispatcher.stop(STOP_SECONDS)
            DBOS.destroy(destroy_registry=True)
            self._dispatcher = None
            self._engine.dispose()
            self._running.release()
        self._open = False
