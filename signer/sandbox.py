"""Worker processes that parse hostile bytes and may be killed at any time.

    with Sandbox() as sandbox:
        facts = sandbox.call("signer.document.intake:examine_file", path, limits)

A worker gets address-space, CPU, file-size and open-file limits from the kernel and a wall-clock limit from
the parent, holds no keys, and hands over values only (`signer.wire`). A worker that dies or overruns is
replaced; the call ends in a typed refusal. A worker whose memory grew is retired, so memory comes back.
"""

from __future__ import annotations

import os
import queue
import selectors
import subprocess
import sys
import threading
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from policies.reasons import document as reasons
from signer import wire
from signer.errors import DocumentRefused, SandboxUnavailable, SignerRefused


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """Limits of one worker: wall seconds per call, bytes of address space, bytes resident before it is
    retired, bytes of one answer."""

    wall_seconds: float = 60.0
    address_space: int = 2 << 30
    retire_resident: int = 192 << 20
    answer_bytes: int = 256 << 20


class _Worker:
    def __init__(self, limits: SandboxLimits) -> None:
        self.limits = limits
        environment = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-m", "signer.sandbox_worker", str(limits.address_space)]
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, close_fds=True
        )

    def call(self, task: str, arguments: tuple[object, ...], wall_seconds: float) -> tuple[str, Any, int]:
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise _Lost
        try:
            stdin.write(wire.dumps([task, list(arguments)]).encode() + b"\n")
            stdin.flush()
        except OSError as exc:
            raise _Lost from exc
        kind, value, resident = wire.loads(self._read_line(stdout.fileno(), wall_seconds))
        return kind, value, resident

    def _read_line(self, descriptor: int, wall_seconds: float) -> bytes:
        parts: list[bytes] = []
        size = 0
        deadline = _monotonic() + wall_seconds
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                if not selector.select(max(0.0, deadline - _monotonic())):
                    raise _Overrun
                chunk = os.read(descriptor, 1 << 20)
                if not chunk:
                    raise _Lost
                parts.append(chunk)
                size += len(chunk)
                if size > self.limits.answer_bytes:
                    raise _Overrun
                if chunk.endswith(b"\n"):
                    return b"".join(parts)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except OSError:  # a half-written request in the buffer of a dead pipe
                    continue


class _Lost(Exception):
    """The worker died under the call."""


class _Overrun(Exception):
    """The worker took too long or answered too much."""


def _monotonic() -> float:
    return os.times().elapsed


class Sandbox:
    """A pool of workers. Safe to call from several threads; calls wait for a free worker."""

    def __init__(self, size: int = 2, limits: SandboxLimits | None = None) -> None:
        self.limits = limits or SandboxLimits()
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        self._closed = threading.Event()
        for _ in range(size):
            self._idle.put(None)

    def call(self, task: str, *arguments: object, wall_seconds: float | None = None) -> Any:
        """Run `module:function` of this room with wire values.

        Raises the task's own refusal, `DocumentRefused` when the worker died or overran on these bytes, and
        `SandboxUnavailable` when the pool is closed or no worker could be started.
        """
        if self._closed.is_set():
            raise SandboxUnavailable("the sandbox is closed")
        limit = wall_seconds or self.limits.wall_seconds
        worker = self._idle.get()
        keep: _Worker | None = None
        try:
            worker = self._alive(worker)
            kind, value, resident = worker.call(task, arguments, limit)
            if resident <= self.limits.retire_resident:
                keep = worker
        except _Overrun as exc:
            raise DocumentRefused(reasons.TOO_SLOW, seconds=round(limit)) from exc
        except (_Lost, ValueError, TypeError) as exc:
            raise DocumentRefused(reasons.PARSER_KILLED) from exc
        finally:
            if keep is None and worker is not None:
                worker.kill()
            self._idle.put(keep)
        return _unwrap(kind, value)

    def _alive(self, worker: _Worker | None) -> _Worker:
        if worker is not None and worker.process.poll() is None:
            return worker
        if worker is not None:
            worker.kill()
        try:
            return _Worker(self.limits)
        except OSError as exc:
            raise SandboxUnavailable("no worker process could be started") from exc

    def close(self) -> None:
        """Kill idle workers; calls under way end by themselves and their workers die with the parent."""
        self._closed.set()
        while True:
            try:
                worker = self._idle.get_nowait()
            except queue.Empty:
                return
            if worker is not None:
                worker.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _unwrap(kind: str, value: Any) -> Any:
    if kind == "ok":
        return value
    if kind == "refused":
        name, reason, values = value
        raise _REFUSALS.get(name, DocumentRefused)(reason, **values)
    # "crashed": an exception that no task foresaw; its text may quote the file, so it is not passed on.
    raise DocumentRefused(reasons.PARSER_FAILED, kind=str(value)[:80])


def _subclasses(kind: type[SignerRefused]) -> list[type[SignerRefused]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _subclasses(child))]


_REFUSALS = {kind.__name__: kind for kind in _subclasses(SignerRefused)}
