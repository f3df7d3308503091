"""A batch: jobs in, outcomes out in the same order, bounded all the way.

    1. examine   done before, output taken, source gone: decided without a key process
    2. sign      by whichever key process is free (`attendant`, `worker`)
    3. stamp     one authority for all, at most `stamps` questions in flight
    4. hand over in order; at most `window` finished ones wait for an earlier one

A process that dies loses nothing: what it published is found by the journal's intent and the output's digest, the
rest is done again, one by one, so that a document that kills its process is found. Nothing is signed twice: an
output is linked to its name once, and never over another.
"""

from __future__ import annotations

import dataclasses
import itertools
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from policies.reasons import signing as reasons
from policies.refusals import Refused
from signer.creation.batch.attendant import Answer, Attendant
from signer.creation.batch.journal import Journal, key_of
from signer.creation.batch.process import KeyProcess, Stuck
from signer.creation.batch.stampers import Stampers
from signer.creation.batch.values import BatchLimits, Counts, Factory, Failure, Job, Outcome, Status
from signer.creation.batch.worker import Report, Task, failure_of
from signer.creation.staging import sync_folder
from signer.errors import SignerUnavailable, SigningRefused
from signer.ports import TimestampAuthority

_DEFAULT = BatchLimits()
_PATIENCE = 5  # seconds


@dataclass
class _Entry:
    """What the batch remembers of a task in hand."""

    task: Task
    size: int
    deaths: int = 0
    lost_uses: int = 0


class Batch:
    """Signs `jobs` and yields their outcomes in order. A context manager; iterate once.

    `folder` holds the journal, beside the outputs; a batch that was stopped or killed goes on where it was when the
    same jobs are run with the same folder. `authority` is used by this process, for all key processes.
    `progress` is called from the iterating thread whenever something ended. Leaving the block early lets documents
    in hand be finished; a second interruption then kills the key processes.

    Raises `SigningRefused` when another batch runs in `folder` or the key does not open, `SignerUnavailable` when no
    key process can be had; outcomes that were not handed over are in the journal, and a rerun tells them.
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        folder: Path,
        factory: Factory,
        *,
        authority: TimestampAuthority | None = None,
        limits: BatchLimits = _DEFAULT,
        progress: Callable[[Counts], None] | None = None,
    ) -> None:
        self.limits = limits
        self._jobs = iter(jobs)
        self._folder = folder
        self._factory = factory
        self._authority = authority
        self._stampers = Stampers(authority, limits.stamps) if authority is not None else None
        self._progress = progress
        self._changed = threading.Condition()
        self._entries: dict[int, _Entry] = {}
        self._outs: set[Path] = set()
        self._queue: deque[int] = deque()
        self._alone: deque[int] = deque()
        self._ready: dict[int, Outcome] = {}
        self._counts: Counter[Status] = Counter()
        self._exhausted = self._stopped = False
        self._fed = 0
        self._fatal: Exception | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._journal = stack.enter_context(Journal(self._folder))
            self._attendants = [Attendant(self) for _ in range(self.limits.processes)]
            self._threads = [threading.Thread(target=each.run, daemon=True) for each in self._attendants]
            stack.callback(self._join)
            self._stack = stack.pop_all()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _join(self) -> None:
        """Documents in hand are finished; a KeyboardInterrupt meanwhile kills the processes."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        try:
            for thread in self._threads:
                thread.join()
        except KeyboardInterrupt:
            for attendant in self._attendants:
                attendant.end_process()
            for thread in self._threads:
                thread.join(_PATIENCE)
            raise

    # --- the iterating thread

    def __iter__(self) -> Iterator[Outcome]:
        for number in itertools.count():
            outcome = self._outcome(number)
            if outcome is None:
                return
            yield outcome

    def _outcome(self, number: int) -> Outcome | None:
        """The outcome with this number, feeding the processes meanwhile; None after the last."""
        while True:
            self._feed(number)
            with self._changed:
                outcome = self._ready.pop(number, None)
            if outcome is not None:
                self._tell()
                return outcome
            with self._changed:
                if number in self._ready:
                    continue
                if self._fatal is not None:
                    raise self._fatal
                if self._exhausted and number >= self._fed:
                    return None
                self._changed.wait()
            self._tell()

    def _feed(self, handed_over: int) -> None:
        most = 2 * self.limits.processes * self.limits.bundle
        while not self._exhausted and self._fed - handed_over < self.limits.window:
            with self._changed:
                if len(self._queue) >= most or self._fatal is not None:
                    return
            job = next(self._jobs, None)
            if job is None:
                with self._changed:
                    self._exhausted = True
                    self._changed.notify_all()
                return
            self._admit(self._fed, job)
            self._fed += 1

    def _admit(self, number: int, job: Job) -> None:
        try:
            key, size = key_of(job, self._folder)
        except OSError as exc:
            self._finish(Outcome(job, Status.REFUSED, failure_of(exc)), number)
            return
        entry = _Entry(Task(number, key, job), size)
        with self._changed:
            outcome = self._examined(entry)
            if outcome is None:
                self._entries[number] = entry
                self._outs.add(job.out)
                self._queue.append(number)
                self._changed.notify_all()
        if outcome is not None:
            self._finish(outcome, number)

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(self.counts)

    @property
    def counts(self) -> Counts:
        """How far it is."""
        with self._changed:
            by_status = {status.value.replace("-", "_"): count for status, count in self._counts.items()}
            return Counts(**by_status, in_hand=len(self._entries))

    def _finish(self, outcome: Outcome, number: int) -> None:
        with self._changed:
            self._entries.pop(number, None)
            self._counts[outcome.status] += 1
            self._ready[number] = outcome
            self._changed.notify_all()

    # --- what the journal and the folder say of a job; under the lock

    def _examined(self, entry: _Entry) -> Outcome | None:
        """The outcome of a job that needs no key process (any more); None when it is to be signed."""
        task, job = entry.task, entry.task.job
        if job.out in self._outs:
            return _taken(job)
        intent = self._journal.intent(task.key)
        if self._journal.done(task.key):
            status = Status.SIGNED if entry.deaths else Status.DONE_BEFORE
            if job.out.exists():
                return Outcome(job, status, lost_uses=entry.lost_uses)
            return Outcome(job, Status.REFUSED, Failure(reasons.OUT_MISSING, {"out": str(job.out)}))
        if job.out.exists():
            if intent is None or not intent.made(job.out):
                return _taken(job)
            sync_folder(job.out.parent)
            self._journal.writer.signed([(task.key, intent.out)], intent.at)
            self._journal.refresh()
            status = Status.SIGNED if entry.deaths else Status.DONE_BEFORE
            return Outcome(job, status, lost_uses=entry.lost_uses)
        if intent is not None:
            self._lose(entry)
        return None

    def _lose(self, entry: _Entry) -> None:
        """The key may have been used for an output that never came: recorded, and told with the outcome."""
        entry.lost_uses += 1
        self._journal.writer.lost(entry.task.key, str(entry.task.job.out))
        self._journal.refresh()

    # --- the desk of the attendants (their threads)

    def next(self, attendant: Attendant) -> list[Task] | list[Answer] | None:
        """Answers first; then what is to be done alone; then a bundle."""
        with self._changed:
            while True:
                if attendant.answers:
                    answers, attendant.answers = attendant.answers, []
                    return answers
                if self._fatal is not None:
                    return None
                if not self._stopped and not attendant.full and (bundle := self._bundle()):
                    return bundle
                over = self._stopped or (self._exhausted and not self._entries)
                if over and not attendant.waiting:
                    return None
                self._changed.wait()

    def _bundle(self) -> list[Task]:
        if self._alone:
            return [self._entries[self._alone.popleft()].task]
        share = -(-len(self._queue) // self.limits.processes)
        tasks: list[Task] = []
        room = self.limits.bundle_bytes
        while self._queue and len(tasks) < min(self.limits.bundle, share):
            entry = self._entries[self._queue[0]]
            if tasks and entry.size > room:
                break
            self._queue.popleft()
            room -= entry.size
            tasks.append(entry.task)
        if tasks:
            self._changed.notify_all()  # there is room to feed
        return tasks

    def start(self) -> KeyProcess:
        """A key process with its session. Raises `Stuck`, SignerUnavailable."""
        return KeyProcess(self._factory, self._folder, self.limits, self._journal.lock)

    def reserve(self) -> int:
        """Bytes to keep for a token."""
        return self._authority.reserve if self._authority is not None else 0

    def ask(self, attendant: Attendant, number: int, imprint: bytes) -> None:
        """One question for one signature; `stamps` at once."""
        if self._stampers is None:
            raise ValueError("there is no authority to ask")
        task = attendant.waiting[number]

        def deliver(answer: bytes | Failure) -> None:
            with self._changed:
                if attendant.waiting.get(number) is task:  # its process lives
                    attendant.answers.append((number, answer))
                    self._changed.notify_all()

        self._stampers.ask(imprint, deliver)

    def report(self, task: Task, report: Report) -> None:
        """The end of a task, as its process tells it."""
        failure = report.failure
        with self._changed:
            entry = self._entries[task.number]
            self._journal.refresh()
            if failure is not None and report.used:
                self._lose(entry)
            self._outs.discard(task.job.out)
        status = Status.SIGNED
        if failure is not None:
            status = Status.REFUSED if failure.refused else Status.FAILED
        self._finish(Outcome(task.job, status, failure, entry.lost_uses, report.lost_pdfa), task.number)

    def died(self, tasks: list[Task], failure: Failure | None) -> None:
        """Nothing is believed of a process that died: the journal and the folder tell."""
        with self._changed:
            self._journal.refresh()
            outcomes = [
                (task.number, self._after_death(self._entries[task.number], failure)) for task in tasks
            ]
            self._changed.notify_all()
        for number, outcome in outcomes:
            if outcome is not None:
                self._finish(outcome, number)

    def _after_death(self, entry: _Entry, failure: Failure | None) -> Outcome | None:
        entry.deaths += 1
        self._outs.discard(entry.task.job.out)
        outcome = self._examined(entry)
        if outcome is None and failure is None and entry.deaths >= self.limits.tries:
            failure = Failure.fault(reasons.WORKER_DIED, times=entry.deaths)
        if outcome is None and failure is not None:
            outcome = Outcome(entry.task.job, Status.FAILED, failure, entry.lost_uses)
        if outcome is None:
            entry.task = dataclasses.replace(
                entry.task
            )  # what is still on its way to the dead is for another
            self._outs.add(entry.task.job.out)
            self._alone.append(entry.task.number)
        return outcome

    def put_back(self, tasks: list[Task]) -> None:
        """They are next again."""
        with self._changed:
            self._queue.extendleft(task.number for task in reversed(tasks))
            self._changed.notify_all()

    def give_up(self, exc: Exception) -> None:
        """The first reason ends the batch."""
        with self._changed:
            if self._fatal is None:
                self._fatal = _as_raised(exc)
            self._changed.notify_all()


def _taken(job: Job) -> Outcome:
    return Outcome(job, Status.REFUSED, Failure(reasons.OUT_EXISTS, {"out": str(job.out)}))


def _as_raised(exc: Exception) -> Exception:
    """What the caller of the batch gets."""
    if isinstance(exc, Stuck):
        if exc.failure.refused:
            return SigningRefused(exc.failure.reason, **exc.failure.values)
        return SignerUnavailable(exc.failure.text("en"))
    if isinstance(exc, Refused | SignerUnavailable):
        return exc
    return SignerUnavailable(f"a key process could not be served ({type(exc).__name__})")
