"""A key process as its parent sees it: one request down, one answer up; it dies with its parent."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from signer import wire
from signer.creation.batch.values import BatchLimits, Factory, Failure
from signer.creation.batch.worker import Report, Task
from signer.errors import SignerUnavailable
from signer.stamping.appearance import Appearance

_PROGRAM = ("-P", "-m", "signer.creation.batch")  # -P: no modules from the folder that we are called in
_PATIENCE = 10  # seconds
_APPEARANCES = 64  # that a process keeps
_OPEN_SECONDS = 120.0  # to start, and to open the key


class Died(Exception):
    """The process is gone, was silent for too long or answered what it should not: nothing is known of what it had
    in hand."""


class Stuck(Exception):
    """The process could not go on with what it had in hand (the journal cannot be written, say)."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text("en"))
        self.failure = failure


class KeyProcess:
    """A running key process, its session open. `profile` names its certificate and algorithm.

    Raises `Stuck` when the session does not open, `Died`, SignerUnavailable when there is no process to be had.
    """

    def __init__(self, factory: Factory, folder: Path, limits: BatchLimits, lock: int) -> None:
        self._limits = limits
        self._shown: dict[Appearance, int] = {}
        lifeline, self._lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, *_PROGRAM, str(lifeline)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(lifeline, lock),
                env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
                start_new_session=True,
            )
        except OSError as exc:
            os.close(self._lifeline)
            raise SignerUnavailable("no key process could be started") from exc
        finally:
            os.close(lifeline)
        try:
            self.profile = str(self._call(_OPEN_SECONDS, "open", factory, folder, limits))
        except BaseException:
            self.kill()
            raise

    def sign(self, tasks: list[Task], reserve: int) -> list[Report]:
        """See `worker.Bench.sign`. Raises `Died`, `Stuck`."""
        news: dict[int, Appearance] = {}
        lean = [self._lean(task, news) for task in tasks]
        return self._reports(tasks, "sign", lean, news, reserve)

    def _lean(self, task: Task, news: dict[int, Appearance]) -> Task:
        """The task by the number of its appearance, which is in `news` when the process has not seen it: a batch
        shows one picture on thousands of documents. What comes after the first few goes with each task."""
        appearance = task.job.appearance
        if appearance is None or (appearance not in self._shown and len(self._shown) >= _APPEARANCES):
            return task
        if appearance not in self._shown:
            self._shown[appearance] = len(self._shown)
            news[self._shown[appearance]] = appearance
        bare = dataclasses.replace(task.job, appearance=None)
        return dataclasses.replace(task, job=bare, shown=self._shown[appearance])

    def stamped(self, tasks: list[Task], answers: list[tuple[int, bytes | Failure]]) -> list[Report]:
        """See `worker.Bench.stamped`. Raises `Died`, `Stuck`."""
        return self._reports(tasks, "stamped", answers)

    def _reports(self, tasks: list[Task], command: str, *arguments: object) -> list[Report]:
        seconds = self._limits.seconds(task.seen.size for task in tasks)
        found = self._call(seconds, command, *arguments)
        if not isinstance(found, list) or not all(isinstance(each, Report) for each in found):
            raise Died
        return found

    def _call(self, seconds: float, *request: object) -> Any:
        """Raises TypeError for a job without a wire form."""
        line = wire.dumps(list(request)).encode() + b"\n"
        down, up = self.process.stdin, self.process.stdout
        if down is None or up is None:
            raise Died
        try:
            with self._killed_after(seconds):
                down.write(line)
                down.flush()
                answer = up.readline()
            kind, value = wire.loads(answer)
        except (OSError, ValueError, TypeError) as exc:
            raise Died from exc
        if kind == "failed":
            raise Stuck(value)
        return value

    @contextlib.contextmanager
    def _killed_after(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self.process.kill)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def kill(self) -> None:
        """End it, whatever it does. What it had not published is gone with it."""
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):  # what it never took
                    pipe.close()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1

    def close(self) -> None:
        """Let it close its session, and end."""
        if self.process.stdin is not None:
            try:
                self.process.stdin.close()
            except OSError:
                self.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(_PATIENCE)
        self.kill()
