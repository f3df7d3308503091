"""A key process as its parent sees it: one request down, one answer up; it dies with its parent."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from signer import wire
from signer.creation.batch.values import BatchLimits, Factory, Failure
from signer.creation.batch.worker import Report, Task
from signer.errors import SignerUnavailable

_PROGRAM = ("-m", "signer.creation.batch")
_PATIENCE = 10  # seconds


class Died(Exception):
    """The process is gone, or answered what it should not: nothing is known of what it had in hand."""


class Stuck(Exception):
    """The process could not go on with what it had in hand (the journal cannot be written, say)."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.text("en"))
        self.failure = failure


class KeyProcess:
    """A running key process, its session open.

    Raises `Stuck` when the session does not open, SignerUnavailable when there is no process to be had.
    """

    def __init__(self, factory: Factory, folder: Path, limits: BatchLimits, lock: int) -> None:
        lifeline, self._lifeline = os.pipe()
        try:
            self.process = subprocess.Popen(
                [sys.executable, *_PROGRAM, str(lifeline)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                pass_fds=(lifeline, lock),
                start_new_session=True,
            )
        except OSError as exc:
            os.close(self._lifeline)
            raise SignerUnavailable("no key process could be started") from exc
        finally:
            os.close(lifeline)
        try:
            self._call("open", factory, folder, limits)
        except BaseException:
            self.kill()
            raise

    def sign(self, tasks: list[Task], reserve: int) -> list[Report]:
        """See `worker.Bench.sign`. Raises `Died`, `Stuck`."""
        return self._reports("sign", tasks, reserve)

    def stamped(self, answers: list[tuple[int, bytes | Failure]]) -> list[Report]:
        """See `worker.Bench.stamped`. Raises `Died`, `Stuck`."""
        return self._reports("stamped", answers)

    def _reports(self, command: str, *arguments: object) -> list[Report]:
        found = self._call(command, *arguments)
        if not isinstance(found, list) or not all(isinstance(each, Report) for each in found):
            raise Died
        return found

    def _call(self, *request: object) -> Any:
        """Raises TypeError for a job without a wire form."""
        line = wire.dumps(list(request)).encode() + b"\n"
        down, up = self.process.stdin, self.process.stdout
        if down is None or up is None:
            raise Died
        try:
            down.write(line)
            down.flush()
            kind, value = wire.loads(up.readline())
        except (OSError, ValueError, TypeError) as exc:
            raise Died from exc
        if kind == "failed":
            raise Stuck(value)
        return value

    def kill(self) -> None:
        """End it, whatever it does. What it had not published is gone with it."""
        self.process.kill()
        self.process.wait()
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
