"""One thread for each key process: hands it bundles, brings it time-stamps, takes up what it leaves when it dies."""

from __future__ import annotations

from typing import Protocol

from policies.refusals import Refused
from signer.creation.batch.process import Died, KeyProcess, Stuck
from signer.creation.batch.values import BatchLimits, Failure
from signer.creation.batch.worker import Report, Task
from signer.errors import SignerUnavailable

Answer = tuple[int, bytes | Failure]


class Desk(Protocol):
    """What an attendant needs of the batch. All of it is safe for several threads."""

    limits: BatchLimits

    def next(self, attendant: Attendant) -> list[Task] | list[Answer] | None:
        """Answers for this attendant, else a bundle; waits for either. None: there is nothing more to do."""

    def start(self) -> KeyProcess:
        """A key process. Raises `Stuck`, SignerUnavailable."""

    def reserve(self) -> int:
        """Bytes to keep for a token; 0 without an authority."""

    def ask(self, attendant: Attendant, number: int, imprint: bytes) -> None:
        """Have the authority asked; the answer comes by `attendant.answers`."""

    def report(self, task: Task, report: Report) -> None:
        """The end of a task."""

    def died(self, attendant: Attendant, tasks: list[Task], failure: Failure | None) -> None:
        """A process died over these, or was stuck with `failure`; what else it had is `attendant.forget()`."""

    def put_back(self, tasks: list[Task]) -> None:
        """No process had these."""

    def give_up(self, exc: Exception) -> None:
        """No process can be had any more: the batch ends."""


class Attendant:
    """Serves one key process after the other until the desk has nothing more."""

    def __init__(self, desk: Desk, process: KeyProcess | None = None) -> None:
        self._desk = desk
        self._process = process
        self._failed_starts = 0
        self.waiting: dict[int, Task] = {}
        self.answers: list[Answer] = []

    @property
    def full(self) -> bool:
        """Whether it keeps as many unstamped signatures as it may."""
        return len(self.waiting) >= self._desk.limits.waiting

    def run(self) -> None:
        """The thread."""
        try:
            while (work := self._desk.next(self)) is not None:
                self._serve(work)
        except (Stuck, SignerUnavailable, Refused) as exc:  # by opening a session
            self._desk.give_up(exc)
        except Exception as exc:  # noqa: BLE001 (border of the thread: the batch must end, not hang)
            self._desk.give_up(exc)
        finally:
            if self._process is not None:
                self._process.close()

    def end_process(self) -> None:
        """From another thread: kill the process; this one then sees its death."""
        if self._process is not None:
            self._process.process.kill()

    def _serve(self, work: list[Task] | list[Answer]) -> None:
        tasks = [item for item in work if isinstance(item, Task)]
        answers = [item for item in work if isinstance(item, tuple)]
        in_hand = tasks or [self.waiting[number] for number, _ in answers]
        process = self._process or self._started()
        if process is None:
            self._desk.put_back(in_hand)
            return
        try:
            reports = (
                process.sign(tasks, self._desk.reserve()) if tasks else process.stamped(in_hand, answers)
            )
        except Died:
            self._bury(in_hand, None)
        except Stuck as exc:
            self._bury(in_hand, exc.failure)
        else:
            self._take(in_hand, reports)

    def _started(self) -> KeyProcess | None:
        """A fresh process; None when it died before it had anything in hand."""
        try:
            self._process = self._desk.start()
        except Died as exc:
            self._failed_starts += 1
            if self._failed_starts >= self._desk.limits.tries:
                raise SignerUnavailable("key processes die while they open the key") from exc
            return None
        self._failed_starts = 0
        return self._process

    def _bury(self, in_hand: list[Task], failure: Failure | None) -> None:
        if self._process is not None:
            self._process.kill()
            self._process = None
        self._desk.died(self, in_hand, failure)

    def forget(self) -> list[Task]:
        """What waited for a time-stamp in a process that died: lost with it. Under the desk's lock."""
        tasks = list(self.waiting.values())
        self.waiting.clear()
        self.answers.clear()
        return tasks

    def _take(self, tasks: list[Task], reports: list[Report]) -> None:
        by_number = {task.number: task for task in tasks}
        for report in reports:
            task = by_number[report.number]
            if report.imprint and report.failure is None:
                self.waiting[task.number] = task
                self._desk.ask(self, task.number, report.imprint)
            else:
                self.waiting.pop(task.number, None)
                self._desk.report(task, report)
