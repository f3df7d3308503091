"""Who takes jobs and has them run: one thread that looks, and as many as there are places that work.

It looks when somebody tells it of a new job, when a place becomes free, and else once in `POLL_SECONDS`: for what
other processes put in line, what a dead one left, and what was told too early to be seen. What a look finds is
decided by the database alone: to be told of a job that was never committed does no harm.

Where processes share the line, a job runs fenced: nothing that it does is committed once another process has it.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from functools import partial
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Any

from api.fence import Lost, fenced
from api.line import Postponed, Stopped
from api.store.job_rows import Failure, Job, JobRows
from api.transactions import Transactions
from archive.errors import ArchiveUnavailable

log = logging.getLogger("antin.jobs")
Handler = Callable[[str, dict[str, Any]], None]
POLL_SECONDS = 1.0
# A look that does not find what it was told of is repeated so soon, then twice as late each time: that transaction
# may be about to commit. On SQLite the first look waits for it. After the last look, it was rolled back.
SOON, LOOKS = 0.005, 7
REST = 4.0  # times as long as a job took that nobody waits for
AGAIN_SECONDS = 2.0  # until a job is done again that could not reach the database
ATTEMPTS = 100  # a job that takes its process with it each time is given up


class GivenUp(Exception):
    """The process died under the job too often."""


@dataclass
class Places:
    """One queue as the dispatcher sees it. `due`: when to look next; not before a place is free.

    `told`: jobs that should be there, with the looks that did not find them. `more`: the last look may have left some.
    """

    free: int
    prompt: bool
    due: float = 0.0
    more: bool = False
    used: int = 0
    told: dict[str, int] = field(default_factory=lambda: {"left by the life before": 0})

    def tell(self, operation: str) -> None:
        self.told[operation] = 0
        self.due = 0.0

    def hint(self) -> None:
        """There is, or was, something: one look."""
        self.due = 0.0

    def ended(self, seconds: float, *, crowded: bool) -> None:
        """A job did, after so long. Jobs that nobody waits for follow each other at once; beside others that do
        (`crowded`) they take a fifth of the time, and never come slower than the poll."""
        self.free += 1
        self.used -= 1
        if self.more and not self.prompt:
            self.due = monotonic() + (min(POLL_SECONDS, REST * seconds) if crowded else 0.0)

    def looked(self, found: list[Job]) -> None:
        """After a look into the queue: when to look again."""
        self.more = full = len(found) == self.free
        self.free -= len(found)
        self.used += len(found)
        for job in found:
            self.told.pop(job.operation, None)
        if full and self.prompt:
            self.due = 0.0  # there may be more: as soon as a place is free
            return
        self.told = {operation: looks + 1 for operation, looks in self.told.items() if looks < LOOKS}
        wait = SOON * 2 ** min(self.told.values()) if self.told else POLL_SECONDS
        self.due = monotonic() + wait


class Dispatcher:
    """Takes jobs for `handlers`, at most `parallel` of each queue at once.

    Only `prompt` queues are looked into for each new job and each free place: what nobody waits for takes little from
    those who wait. `shared`: other processes take jobs from the same line, and this one only while it is `fit`.
    """

    def __init__(
        self,
        transactions: Transactions,
        rows: JobRows,
        handlers: dict[str, Handler],
        parallel: dict[str, int],
        prompt: frozenset[str],
        *,
        shared: bool = False,
        fit: Callable[[], bool] = lambda: True,
    ) -> None:
        self.transactions = transactions
        self.fit = fit
        self.shared = shared
        self.rows = rows
        self.handlers = handlers
        self.queues = {queue: Places(free, queue in prompt) for queue, free in parallel.items()}
        self._most = sum(parallel.values())
        self._told: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._ended: list[tuple[Job, Failure | None]] = []
        self._returned: list[Job] = []
        self._postponed: list[Job] = []
        self._token = ""  # what is taken is marked with it; a new one after each commit
        self._doubtful = False  # whether the last commit was one
        self._running = 0
        self._stopping = False
        self._deadline = 0.0
        self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="job")
        self._thread = Thread(target=self._run, name="dispatcher", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def tell(self, queue: str, operation: str) -> None:
        """A job is being put in line; its transaction may end in either way. Callable from everywhere."""
        places = self.queues[queue]
        if places.prompt:
            self._told.put(lambda: places.tell(operation))

    def hint(self, queue: str) -> None:
        """Somebody put a job in line, or in line again, and that is committed. Callable from everywhere."""
        places = self.queues.get(queue)
        if places is not None and places.prompt:
            self._told.put(places.hint)

    @property
    def running(self) -> int:
        """How many jobs are under way."""
        return self._running

    def stop(self, seconds: float) -> None:
        """Nothing more is taken; those under way are given so many seconds. The rest stays open."""
        self._told.put(lambda: self._stop(seconds))
        self._thread.join()
        self._threads.shutdown(wait=False, cancel_futures=True)

    # All below, but `_work`, runs in the dispatcher's own thread.

    def _stop(self, seconds: float) -> None:
        self._stopping = True
        self._deadline = monotonic() + seconds

    def _run(self) -> None:
        while not self._stopping or (self._running and monotonic() < self._deadline):
            self._listen()
            try:
                self._turn()
            except ArchiveUnavailable as exc:
                log.warning("jobs: %s; tried again", exc)
                self._listen(POLL_SECONDS)
            except Exception:  # whatever it is: nobody else would take jobs
                log.exception("jobs could not be taken or ended; tried again")
                self._listen(POLL_SECONDS)
        with suppress(Exception):  # what is not written down is done again
            self._turn()

    def _listen(self, seconds: float | None = None) -> None:
        """Until somebody tells something, or it is time to look."""
        try:
            self._told.get(timeout=self._patience() if seconds is None else seconds)()
            while True:
                self._told.get_nowait()()
        except Empty:
            return

    def _patience(self) -> float:
        if self._stopping:
            return max(0.0, self._deadline - monotonic())
        due = min((places.due for places in self.queues.values() if places.free), default=None)
        return POLL_SECONDS if due is None else max(0.0, due - monotonic())

    def _turn(self) -> None:
        """What ended is written down and what is in line is taken, in one transaction."""
        now = monotonic()
        due = [] if self._stopping else [q for q, p in self.queues.items() if p.free and p.due <= now]
        if not due and not self._ended and not self._returned and not self._postponed:
            return
        if not self._doubtful:
            self._token = uuid.uuid4().hex
        repaired, self._doubtful = self._doubtful, True
        with self.transactions.note() as conn:
            if repaired:
                self.rows.give_back(conn, self._token)
            for job, error in self._ended:
                self.rows.end(conn, job, error)
            for job in self._postponed:
                self.rows.postpone(conn, job, AGAIN_SECONDS)
            for job in self._returned:
                self.rows.give_back_job(conn, job)
            # If it does not live, the next heartbeat brings a new name.
            lives = not self.shared or (self.fit() and self.rows.lives(conn))
            taken = {
                q: self.rows.take(conn, q, self.queues[q].free, self._token) if lives else [] for q in due
            }
        self._doubtful = False
        self._ended.clear()
        self._returned.clear()
        self._postponed.clear()
        for queue, jobs in taken.items():
            self.queues[queue].looked(jobs)
            for job in jobs:
                self._running += 1
                self._threads.submit(self._work, self.queues[queue], job)

    def _work(self, places: Places, job: Job) -> None:
        outcome: list[tuple[Job, Failure | None]] = []  # none: the job stays open
        since = monotonic()
        try:
            with fenced(partial(self.rows.owned, job=job), job.executor) if self.shared else nullcontext():
                outcome.append((job, self._outcome(job)))
        except Postponed:
            log.warning("job %s is done again: the database did not answer", job.operation)
            self._told.put(lambda: self._postponed.append(job))
        finally:  # `api.line.Stopped` ends nothing
            seconds = monotonic() - since
            self._told.put(lambda: self._free(places, job, outcome, seconds))

    def _outcome(self, job: Job) -> Failure | None:
        try:
            if job.attempts > ATTEMPTS:
                raise GivenUp(f"after {ATTEMPTS} attempts")
            kind, operation, payload = job.read()
            self.handlers[kind](operation, payload)
        except Lost as exc:
            raise Stopped from exc
        except Exception as exc:
            log.exception("job %s ended in an unforeseen fault", job.operation)
            return type(exc).__name__, str(exc)
        return None

    def _free(
        self, places: Places, job: Job, outcome: list[tuple[Job, Failure | None]], seconds: float
    ) -> None:
        self._running -= 1
        places.ended(seconds, crowded=any(each.prompt and each.used for each in self.queues.values()))
        self._ended += outcome
        if not outcome and self.shared:
            self._returned.append(job)
