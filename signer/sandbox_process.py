"""One worker process as its parent sees it: a request line down, an answer line up, both within a time.

The worker may be in the hands of the file that it parses. So nothing from it is believed before `wire` has
built values of it; an answer must carry its request's number; bytes that nobody asked for end the worker.
"""

from __future__ import annotations

import math
import os
import secrets
import select
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from signer import wire
from signer.sandbox_template import Process, Template

# Those that this process was given: its workers have them all, also when it keeps to one of them later.
_PROCESSORS = ",".join(map(str, os.sched_getaffinity(0))) if hasattr(os, "sched_getaffinity") else ""


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of one worker.

    `wall_seconds` and CPU seconds per call (a little more than the wall's), with so many more for each gigabyte
    of the files in the arguments: a slow disk reads 10 MB/s; `queue_seconds` to wait for a free worker; bytes of
    address space; bytes that a file it writes may have (further bounded, call by call, by the largest file in
    the arguments); bytes of one answer; bytes resident and number of calls after which a worker is retired.
    `nice`: how far it steps back behind other processes. `preload`: modules that are imported once, in a template
    of which the workers are copies.
    """

    wall_seconds: float = 60.0
    wall_seconds_per_gb: float = 100.0
    queue_seconds: float = 300.0
    address_space: int = 2 << 30
    file_bytes: int = 16 << 30
    answer_bytes: int = 64 << 20
    retire_resident: int = 192 << 20
    retire_calls: int = 1_000
    nice: int = 0
    preload: tuple[str, ...] = ()


class Lost(Exception):
    """The worker died under the call, or answered what no worker may."""


class Overrun(Exception):
    """The worker took too long or answered too much."""


class Worker:
    """A running worker. Raises OSError when it cannot be started. Not for several threads at once."""

    def __init__(
        self, limits: SandboxLimits, program: tuple[str, ...], template: Template | None = None
    ) -> None:
        """From the template when there is one, else from `program`."""
        self.limits = limits
        self.calls = 0
        numbers = (limits.nice, limits.address_space, limits.file_bytes)
        (requests, self._down), (self._up, answers), (lifeline, self._lifeline) = _pipes(3)
        # The worker gets SIGIO (and dies) when the last copy of `_lifeline` is closed: with its parent.
        ends = (requests, answers, lifeline)
        try:
            self.process = template.fork(numbers, ends) if template else _spawn(program, numbers, ends)
        except OSError:
            self._close()
            raise
        finally:
            for end in ends:
                os.close(end)
        os.set_blocking(self._down, False)

    @property
    def alive(self) -> bool:
        """Whether it still runs and has said nothing that nobody asked for."""
        return self.process.poll() is None and not _ready(self._up, select.POLLIN, 0.0)

    def call(self, task: str, arguments: tuple[object, ...], wall_seconds: float) -> tuple[str, Any, int]:
        """Kind of answer ("ok", "refused", "crashed"), its value, and the worker's resident bytes.

        Raises `Lost`, `Overrun`, and TypeError for arguments without a wire form.
        """
        number = secrets.token_hex(8)
        request = wire.dumps([number, task, list(arguments), _cpu_seconds(wall_seconds)])
        self.calls += 1
        deadline = _monotonic() + wall_seconds
        self._write(request.encode() + b"\n", deadline)
        line = self._read(deadline)
        try:
            echo, kind, value, resident = wire.loads(line)
        except (ValueError, TypeError) as exc:
            raise Lost from exc
        if echo != number or not isinstance(kind, str) or not isinstance(resident, int):
            raise Lost
        return kind, value, resident

    def _write(self, data: bytes, deadline: float) -> None:
        rest = memoryview(data)
        while rest:
            if not _ready(self._down, select.POLLOUT, deadline - _monotonic()):
                raise Overrun
            try:
                rest = rest[os.write(self._down, rest[:65_536]) :]
            except BlockingIOError:
                continue
            except OSError as exc:
                raise self._gone() from exc

    def _read(self, deadline: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        while True:
            if not _ready(self._up, select.POLLIN, deadline - _monotonic()):
                raise Overrun
            chunk = os.read(self._up, 1 << 16)  # what a pipe holds
            if not chunk:
                raise self._gone()
            parts.append(chunk)
            size += len(chunk)
            if size > self.limits.answer_bytes:
                raise Overrun
            if chunk.endswith(b"\n"):
                return b"".join(parts)

    def _gone(self) -> Exception:
        """What it means that the pipe is closed: the kernel's CPU limit is an overrun too."""
        self.process.kill()
        return Overrun() if self.process.wait() == -signal.SIGXCPU else Lost()

    def kill(self) -> None:
        """End the worker, whatever it does, and give back its process and pipes."""
        self.process.kill()
        self.process.wait()
        self._close()

    def _close(self) -> None:
        for descriptor in (self._down, self._up, self._lifeline):
            os.close(descriptor)


def _pipes(count: int) -> list[tuple[int, int]]:
    """All of them or none. Raises OSError."""
    made: list[tuple[int, int]] = []
    try:
        for _ in range(count):
            made.append(os.pipe())
    except OSError:
        for end in (end for pipe in made for end in pipe):
            os.close(end)
        raise
    return made


def _spawn(program: tuple[str, ...], numbers: tuple[int, ...], ends: tuple[int, ...]) -> Process:
    requests, answers, lifeline = ends
    return subprocess.Popen(
        [sys.executable, *program, *map(str, (*numbers, lifeline))],
        stdin=requests,
        stdout=answers,
        stderr=None if "ANTIN_SANDBOX_DEBUG" in os.environ else subprocess.DEVNULL,
        env=environment(),
        pass_fds=(lifeline,),
        start_new_session=True,
    )


def environment() -> dict[str, str]:
    """No secrets of the service: its settings live in environment variables."""
    kept = {name: os.environ[name] for name in ("PATH", "ANTIN_SANDBOX_DEBUG") if name in os.environ}
    return {**kept, "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "ANTIN_PROCESSORS": _PROCESSORS}


def _cpu_seconds(wall_seconds: float) -> int:
    """One worker is one thread: more CPU than wall time means that nobody watches the clock any more."""
    return math.ceil(wall_seconds)


def _ready(descriptor: int, event: int, seconds: float) -> bool:
    """Also when the other end is closed: reading or writing tells what happened."""
    watched = select.poll()
    watched.register(descriptor, event)
    return bool(watched.poll(math.ceil(max(0.0, seconds) * 1000)))


def _monotonic() -> float:
    return os.times().elapsed
