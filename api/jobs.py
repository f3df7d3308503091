"""Durable work behind a thin port: enqueued in the act's transaction, done once, resumed after a kill.

Adapter: DBOS on the catalogue's own database, one workflow per stage. Every handler is idempotent by the
operation's id, because a worker that dies between its effect and its checkpoint is run again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any, Protocol

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions

from api.transactions import engine_for_jobs
from archive.catalogue import Connection

log = logging.getLogger("antin.jobs")
Handler = Callable[[str, dict[str, Any]], None]

# Queues of their own: a slow time-stamp authority holds up nothing else; what nobody waits for runs one by one.
# Of STAMPS more run than may ask or work at once (`Services.asking`, `.working`): the next question is ready
# when a place becomes free, and who works on a document that has its token keeps nobody from asking.
ACTS, STAMPS, QUIET = "acts", "stamps", "quiet"
STAMPING = frozenset({"initial", "stamp-leader", "finish"})
BACKGROUND = frozenset({"crosscheck", "augment"})
# A look into an empty queue costs 1 to 2 ms of processor time.
IN_LINE = 24  # jobs of STAMPS that wait for a place, beside those that have one
POLL_SECONDS = {ACTS: 0.25, STAMPS: 0.1, QUIET: 1.0}
OPEN = ["PENDING", "ENQUEUED", "DELAYED"]
WORKFLOW = "antin.act"
# Bumped on purpose when a workflow's steps change, so that old rows are not resumed by new code.
APPLICATION_VERSION = "1"
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

    def alive(self, operation_ids: list[str]) -> set[str]:
        """Those of the operations whose job still waits or runs."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class DbosJobs:
    """DBOS is one per process: a second instance in the same process is refused by `start`."""

    _running = threading.Lock()

    def __init__(
        self, database_url: str, handlers: dict[str, Handler], parallel: dict[str, int], executor: str
    ) -> None:
        self.handlers = handlers
        self.parallel = parallel
        config: DBOSConfig = {
            "name": "antin",
            "system_database_url": database_url,
            "application_version": APPLICATION_VERSION,
            "executor_id": executor,
            "serializer": DBOSPortableJSONSerializer(),
            "log_level": "ERROR",
            "console_log_level": "ERROR",
            "enable_otlp": False,
        }
        self.config = config
        self.database_url = database_url
        self._client: DBOSClient | None = None

    def start(self) -> None:
        """Launch workers; workflows that a dead process left pending are taken up again at once."""
        if not self._running.acquire(blocking=False):
            raise RuntimeError("jobs already run in this process")
        self._engine = engine_for_jobs(self.database_url)
        DBOS(config={**self.config, "system_database_engine": self._engine})

        def act(kind: str, operation_id: str, payload: dict[str, Any]) -> str:
            return self._act(kind, operation_id, payload)

        DBOS.workflow(name=WORKFLOW)(act)
        DBOS.launch()
        for queue, parallel in self.parallel.items():
            DBOS.register_queue(queue, worker_concurrency=parallel, polling_interval_sec=POLL_SECONDS[queue])
        self._client = DBOSClient(
            system_database_url=self.database_url,
            system_database_engine=self._engine,
            serializer=DBOSPortableJSONSerializer(),
        )

    def _act(self, kind: str, operation_id: str, payload: dict[str, Any]) -> str:
        try:
            self.handlers[kind](operation_id, payload)
        except Exception:
            log.exception("job %s %s ended in an unforeseen fault", kind, operation_id)
            raise
        return "done"

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
        if self._client is None:
            raise RuntimeError("jobs are not running")
        options: EnqueueOptions = {
            "workflow_name": WORKFLOW,
            "queue_name": queue or (STAMPS if kind in STAMPING else QUIET if kind in BACKGROUND else ACTS),
            "workflow_id": operation_id,
            "priority": priority,
            "app_version": APPLICATION_VERSION,
        }
        if delay > 0:
            options["delay_seconds"] = delay
        self._client.enqueue_in_transaction(conn, options, kind, operation_id, payload)

    @property
    def running(self) -> bool:
        return self._client is not None

    def alive(self, operation_ids: list[str]) -> set[str]:
        if self._client is None or not operation_ids:
            return set()
        found = self._client.list_workflows(
            workflow_ids=operation_ids, status=OPEN, load_input=False, load_output=False
        )
        return {row.workflow_id for row in found}

    def stop(self) -> None:
        """Let workflows under way end within a few seconds; the rest is resumed at the next start.

        Until then they enqueue what follows: an act that could not would be undone after its key was used.
        """
        if self._client is not None:
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=5)
            self._client.destroy()
            self._client = None
            if self._engine is not None:
                self._engine.dispose()
            self._running.release()
