"""Worker processes that parse hostile bytes and may be killed at any time.

    with Sandbox() as sandbox:
        facts = sandbox.call("signer.document.intake:examine_file", path, limits)

A worker gets address-space, CPU, file-size and open-file limits from the kernel and a wall-clock limit from
the parent, holds no keys, hands over values only (`signer.wire`), and dies with its parent. A worker that dies
or overruns is replaced; the call ends in a typed refusal. A worker whose memory grew, or that has served many
files, is retired, so memory comes back. With modules to `preload`, workers are copies of a template that never
sees a file (`signer.sandbox_template`).

Not covered: a worker that a file took over can give wrong answers about files that it is handed later, until
it is retired; `retire_calls=1` gives every call a process of its own.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from policies.reasons import document as reasons
from policies.reasons.catalogue import all_reasons
from policies.refusals import Reason
from signer.errors import DocumentRefused, SandboxUnavailable, SignerRefused
from signer.sandbox_process import Lost, Overrun, SandboxLimits, Worker, environment
from signer.sandbox_template import Template

__all__ = ["Calls", "Sandbox", "SandboxLimits", "Together"]

_PROGRAM = ("-P", "-m", "signer.sandbox_worker")  # -P: no modules from the folder that we are called in


class Calls(Protocol):
    """What runs tasks of this room in workers."""

    def call(self, task: str, *arguments: object) -> Any: ...


class Sandbox:
    """A pool of workers. Safe to call from several threads; calls wait for a free worker.

    `program` is what Python runs as a worker; tests give one that misbehaves.
    """

    def __init__(
        self, size: int = 2, limits: SandboxLimits | None = None, program: tuple[str, ...] = _PROGRAM
    ) -> None:
        self.limits = limits or SandboxLimits()
        self._program = program
        self._template: Template | None = None
        self._starting = threading.Lock()
        self._idle = _Idle()
        self._closed = threading.Event()
        for _ in range(size):
            self._idle.put(None)

    def call(self, task: str, *arguments: object, wall_seconds: float | None = None, parts: int = 1) -> Any:
        """Run `module:function` of this room with wire values; `parts`: how many times as long as others it may take.

        Raises the task's own refusal, `DocumentRefused` when the worker died or overran on these bytes,
        `SandboxUnavailable` when the pool is closed, busy for too long, or no worker could be started, and
        TypeError for arguments without a wire form.
        """
        limit = wall_seconds or parts * self._wall_seconds(arguments)
        return self._called(task, arguments, limit, Spent())

    def together(self) -> Together:
        """Calls that have the time of one between them: the rounds of one validation."""
        return Together(self)

    def _called(self, task: str, arguments: tuple[object, ...], limit: float, spent: Spent) -> Any:
        worker = self._take()
        keep: Worker | None = None
        begun = time.monotonic()
        try:
            worker = self._running(worker)
            kind, value, resident = worker.call(task, arguments, limit)
            if resident <= self.limits.retire_resident and worker.calls < self.limits.retire_calls:
                keep = worker
        except Overrun as exc:
            raise DocumentRefused(reasons.TOO_SLOW, seconds=round(limit)) from exc
        except Lost as exc:
            raise DocumentRefused(reasons.PARSER_KILLED) from exc
        finally:
            spent.seconds += time.monotonic() - begun
            if worker is not None and (keep is None or self._closed.is_set()):
                worker.kill()
                keep = None
            self._give_back(keep)
        return _unwrap(kind, value)

    def _wall_seconds(self, arguments: tuple[object, ...]) -> float:
        paths = (path for path in arguments if isinstance(path, Path) and path.is_file())
        size = sum(path.stat().st_size for path in paths)
        return self.limits.wall_seconds + self.limits.wall_seconds_per_gb * size / 1e9

    def _give_back(self, worker: Worker | None) -> None:
        """The last used is used next, a fresh one when there is no other."""
        if worker is None:
            self._idle.put_last(None)
        else:
            self._idle.put(worker)
        if self._closed.is_set():  # meanwhile
            self.close()

    def warm(self) -> None:
        """Start the template, so that its imports are done before the first call."""
        with contextlib.suppress(OSError):  # no process now: the first call tries again
            self._kept_template()

    def _kept_template(self) -> Template | None:
        """The pool's template, a new one when the last has died; None when nothing is to be imported."""
        with self._starting:
            if not self.limits.preload or (self._template is not None and self._template.alive):
                return self._template
            if self._template is not None:
                self._template.close()
            if self._closed.is_set():
                raise OSError("the sandbox is closed")
            self._template = Template(self._program, self.limits.preload, environment())
            return self._template

    def _take(self) -> Worker | None:
        try:
            worker = self._idle.get(timeout=self.limits.queue_seconds)
        except queue.Empty as exc:
            raise SandboxUnavailable("every worker is busy") from exc
        if self._closed.is_set():
            self._idle.put(worker)
            raise SandboxUnavailable("the sandbox is closed")
        return worker

    def _running(self, worker: Worker | None) -> Worker:
        if worker is not None and worker.alive:
            return worker
        if worker is not None:
            worker.kill()
        try:
            return Worker(self.limits, self._program, self._kept_template())
        except OSError as exc:
            raise SandboxUnavailable("no worker process could be started") from exc

    def close(self) -> None:
        """Kill idle workers; calls under way end by themselves, and their workers with them."""
        self._closed.set()
        with self._starting:
            if self._template is not None:
                self._template.close()
        size = self._idle.qsize()
        for _ in range(size):
            try:
                worker = self._idle.get_nowait()
            except queue.Empty:
                return
            if worker is not None:
                worker.kill()
            self._idle.put(None)  # so that whoever waits for a worker learns that the pool is closed
        if not size:  # every worker works: who waits learns it without waiting for one
            self._idle.put(None)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(slots=True)
class Spent:
    """Seconds that calls took, without what they waited for a worker."""

    seconds: float = 0.0


class Together:
    """A sandbox for the calls about one file: together they may take as long as one call may."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._spent = Spent()

    def call(self, task: str, *arguments: object) -> Any:
        """As `Sandbox.call`. Raises `DocumentRefused` as well when nothing is left of the time."""
        limit = self._sandbox._wall_seconds(arguments)
        left = limit - self._spent.seconds
        if left <= 0:
            raise DocumentRefused(reasons.TOO_SLOW, seconds=round(limit))
        return self._sandbox._called(task, arguments, left, self._spent)


class _Idle(queue.LifoQueue[Worker | None]):
    """Workers that nobody uses; None is one that does not run."""

    def put_last(self, worker: Worker | None) -> None:
        """To be taken when there is no other."""
        with self.not_empty:
            self.queue.insert(0, worker)
            self.not_empty.notify()


def _unwrap(kind: str, value: Any) -> Any:
    if kind == "ok":
        return value
    if kind == "refused":
        raise _refusal(value)
    # "crashed": an exception that no task foresaw; its text may quote the file, so it is not passed on.
    raise DocumentRefused(reasons.PARSER_FAILED, kind=str(value)[:80])


def _refusal(value: Any) -> SignerRefused:
    """The worker's refusal with the catalogue's own words; a forged one is a failure of the parser."""
    try:
        name, given, values = value
        reason = given if isinstance(given, Reason) and all_reasons().get(given.id) == given else None
        refused = _REFUSALS[name](reason, **values) if reason is not None else None
        if refused is not None and refused.text("vi") and refused.text("en"):
            return refused
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return DocumentRefused(reasons.PARSER_FAILED, kind="refusal")
    return DocumentRefused(reasons.PARSER_FAILED, kind="refusal")


def _subclasses(kind: type[SignerRefused]) -> list[type[SignerRefused]]:
    return [kind, *(below for child in kind.__subclasses__() for below in _subclasses(child))]


_REFUSALS = {kind.__name__: kind for kind in _subclasses(SignerRefused)}
