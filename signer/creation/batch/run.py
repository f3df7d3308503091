"""A batch: jobs in, outcomes out in the same order, bounded all the way.

    1. open      one key process, alone: a PIN that is wrong is tried once, and the certificate is known
    2. examine   done before, output taken, source gone: decided without the key
    3. sign      by whichever key process is free (`attendant`, `worker`)
    4. stamp     one authority for all, at most `stamps` questions in flight
    5. hand over in order; at most `window` finished ones wait for an earlier one

A process that dies loses nothing: what it published is found by the journal's intent and the output's digest, the
rest is done again, one by one, so that a document that kills its process is found. Nothing is signed twice: an
output is linked to its name once, and never over another.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import os
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from policies.reasons import signing as reasons
from policies.refusals import Refused
from signer.creation.batch.attendant import Answer, Attendant
from signer.creation.batch.examine import Entry, examined, failed, lose
from signer.creation.batch.journal import Journal, key_of, place_of
from signer.creation.batch.process import Died, KeyProcess, Stuck
from signer.creation.batch.stampers import Stampers
from signer.creation.batch.values import BatchLimits, Counts, Factory, Failure, Job, Outcome, Status
from signer.creation.batch.worker import Report, Task, failure_of
from signer.creation.sources import look
from signer.errors import SignerUnavailable, SigningRefused
from signer.ports import TimestampAuthority

_DEFAULT = BatchLimits()
_PATIENCE = 5  # seconds


class Batch:
    """Signs `jobs` and yields their outcomes in order. A context manager; iterate once.

    `folder` holds the journal, beside the outputs; a batch that was stopped or killed goes on where it was when the
    same jobs are run with the same folder. `authority` is used by this process, for all key processes.
    `progress` is called from the iterating thread whenever something ended. Leaving the block early lets documents
    in hand be finished; a second interruption then kills the key processes.

    Raises `SigningRefused` when another batch runs in `folder` or the key does not open, `SignerUnavailable` when no
    key process can be had, or when key or authority did not answer for `unanswered` documents in a row. What was in
    hand is finished before; outcomes that were not handed over are in the journal, and a rerun tells them.
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
        self._stampers: Stampers | None = None
        self._progress = progress
        self._changed = threading.Condition()
        self._entries: dict[int, Entry] = {}
        self._outs: set[int] = set()
        self._queue: deque[int] = deque()
        self._alone: deque[int] = deque()
        self._ready: dict[int, Outcome] = {}
        self._counts: Counter[Status] = Counter()
        self._exhausted = self._stopped = False
        self._fed = self._unanswered = 0
        self._fatal: Exception | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._journal = stack.enter_context(Journal(self._folder))
            first = self._opened()
            stack.callback(first.close)
            self._profile = f"{first.profile} {'stamped' if self._authority else 'plain'}"
            if self._authority is not None:
                self._stampers = Stampers(self._authority, self.limits.stamps)
                stack.callback(self._stampers.close)
            others = (None,) * (self.limits.processes - 1)
            self._attendants = [Attendant(self, process) for process in (first, *others)]
            self._threads = [threading.Thread(target=each.run, daemon=True) for each in self._attendants]
            stack.callback(self._join)
            self._stack = stack.pop_all()
        for thread in self._threads:
            thread.start()
        return self

    def _opened(self) -> KeyProcess:
        """The first process. If it dies the PIN may have been wrong, or counted as such: nobody tries again."""
        try:
            return KeyProcess(self._factory, self._folder, self.limits, self._journal.lock)
        except (Died, Stuck) as exc:
            raise _as_raised(exc) from exc

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
                if self._exhausted and number >= self._fed:
                    return None
                if self._fatal is None:
                    self._changed.wait()
            if self._fatal is not None:
                self._raise_unless_ready(number, self._fatal)
            self._tell()

    def _raise_unless_ready(self, number: int, fatal: Exception) -> None:
        """What is in hand is finished, and handed over as far as the order allows."""
        for thread in self._threads:
            thread.join()
        if number not in self._ready:
            raise fatal

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
        place = place_of(job.out)
        if self._is_named_again(place):
            again = Failure(reasons.OUT_TWICE, {"out": str(job.out)})
            self._finish(Outcome(job, Status.REFUSED, again), number)
            return
        try:
            seen = look(job.source)
            key = key_of(job, place, self._folder, seen, self._profile)
        except (OSError, ValueError) as exc:
            self._finish(failed(job, failure_of(exc)), number)
            return
        entry = Entry(Task(number, key, job, seen))
        with self._changed:
            outcome = examined(entry, self._journal, self._folder)
            if outcome is None:
                self._entries[number] = entry
                self._queue.append(number)
                self._changed.notify_all()
        if outcome is not None:
            self._finish(outcome, number)

    def _is_named_again(self, place: Path) -> bool:
        """Of every output that the batch heard of, so that it is never chance which document gets a name."""
        digest = hashlib.blake2b(os.fsencode(place), digest_size=8).digest()
        name = int.from_bytes(digest, "big")
        known = name in self._outs
        self._outs.add(name)
        return known

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
            task = self._entries[self._queue[0]].task
            if tasks and task.seen.size > room:
                break
            self._queue.popleft()
            room -= task.seen.size
            tasks.append(task)
        if tasks:
            self._changed.notify_all()  # there is room to feed
        return tasks

    def start(self) -> KeyProcess:
        """A key process with its session. Raises `Stuck`, `Died`, SignerUnavailable, also for another certificate."""
        process = KeyProcess(self._factory, self._folder, self.limits, self._journal.lock)
        if not self._profile.startswith(process.profile):
            process.kill()
            raise SignerUnavailable("another key than the first process's was opened")
        return process

    def reserve(self) -> int:
        """Bytes to keep for a token."""
        return self._authority.reserve if self._authority is not None else 0

    def ask(self, attendant: Attendant, number: int, imprint: bytes) -> None:
        """One question for one signature; `stamps` at once."""
        if self._stampers is None:
            raise ValueError("there is no authority to ask")
        task = attendant.waiting[number]

        def wanted() -> bool:
            return attendant.waiting.get(number) is task  # its process lives

        def deliver(answer: bytes | Failure) -> None:
            with self._changed:
                if wanted():
                    attendant.answers.append((number, answer))
                    self._changed.notify_all()

        self._stampers.ask(imprint, wanted, deliver)

    def report(self, task: Task, report: Report) -> None:
        """The end of a task, as its process tells it."""
        failure = report.failure
        with self._changed:
            entry = self._entries[task.number]
            self._journal.refresh()
            if failure is not None and report.used:
                lose(entry, self._journal, self._folder)
        outcome = Outcome(task.job, Status.SIGNED)
        if failure is not None:
            outcome = failed(task.job, failure)
        found = dataclasses.replace(outcome, lost_uses=entry.lost_uses, lost_pdfa=report.lost_pdfa)
        self._finish(found, task.number)
        if report.used:
            self._count_unanswered(failure)

    def _count_unanswered(self, failure: Failure | None) -> None:
        """A key or an authority that is gone takes the batch with it, before every document costs a use of the key."""
        with self._changed:
            gone = failure is not None and failure.reason == reasons.NOT_AVAILABLE
            self._unanswered = self._unanswered + 1 if gone else 0
            if failure is not None and self._unanswered >= self.limits.unanswered:
                cause = failure.values.get("cause", "")
                self.give_up(SignerUnavailable(f"{self._unanswered} documents in a row: {cause}"))

    def died(self, attendant: Attendant, tasks: list[Task], failure: Failure | None) -> None:
        """Nothing is believed of a process that died: the journal and the folder tell. It died over `tasks`; what
        only waited for a time-stamp in it is signed again without blame."""
        with self._changed:
            self._journal.refresh()
            blamed = {task.number for task in tasks}
            others = [task for task in attendant.forget() if task.number not in blamed]
            outcomes = [(task, self._after_death(task, failure)) for task in reversed(tasks)]
            outcomes += [(task, self._undone(task, self._queue)) for task in reversed(others)]
            self._changed.notify_all()
        for task, outcome in outcomes:
            if outcome is not None:
                self._finish(outcome, task.number)

    def _after_death(self, task: Task, failure: Failure | None) -> Outcome | None:
        """It is done again alone, unless it was made, too many died over it, or there was a `failure`."""
        entry = self._entries[task.number]
        entry.deaths += 1
        outcome = self._undone(task, self._alone)
        if outcome is None and failure is None and entry.deaths >= self.limits.tries:
            failure = Failure.fault(reasons.WORKER_DIED, times=entry.deaths)
        if outcome is None and failure is not None:
            self._alone.remove(task.number)
            outcome = dataclasses.replace(failed(task.job, failure), lost_uses=entry.lost_uses)
        return outcome

    def _undone(self, task: Task, queue: deque[int]) -> Outcome | None:
        """Its outcome, when its output was made; else it is first in `queue` again."""
        entry = self._entries[task.number]
        entry.again = True
        outcome = examined(entry, self._journal, self._folder)
        if outcome is None:
            entry.task = dataclasses.replace(task)  # what is still on its way to the dead is for another
            queue.appendleft(task.number)
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


def _as_raised(exc: Exception) -> Exception:
    """What the caller of the batch gets."""
    if isinstance(exc, Stuck):
        if exc.failure.refused:
            return SigningRefused(exc.failure.reason, **exc.failure.values)
        return SignerUnavailable(exc.failure.text("en"))
    if isinstance(exc, Refused | SignerUnavailable | OSError):
        return exc
    if isinstance(exc, Died):
        return SignerUnavailable("the key process died while it opened the key")
    return SignerUnavailable(f"a key process could not be served ({type(exc).__name__})")
