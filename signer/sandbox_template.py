"""A process that has imported what the workers of a pool need, and has seen no file: it forks them when asked.

To import costs half a second of processor time, to fork some milliseconds: so a pool can afford a new worker for
each file of a stranger.

It is asked over a socket: for a worker, whose ends of three pipes come along (answer: its process id), or to reap
one that has ended (answer: its exit code). It reaps nobody unasked, so a process id names one process until then.
It ends when its parent does, because the socket closes.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from typing import Protocol

_PATIENCE = 120.0  # seconds: it may be importing still, on a machine that has much to do
_UNKNOWN = -signal.SIGKILL


class Process(Protocol):
    """What a worker's parent does with the process."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self) -> int: ...

    def kill(self) -> None: ...


class Template:
    """A running template. Safe to use from several threads. Raises OSError when it cannot be started."""

    def __init__(
        self, program: tuple[str, ...], modules: tuple[str, ...], environment: dict[str, str]
    ) -> None:
        self._lock = threading.Lock()
        self._workers = 0
        self._closed = False
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.settimeout(_PATIENCE)
        command = [sys.executable, *program, "template", ",".join(modules), str(theirs.fileno())]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=None if "ANTIN_SANDBOX_DEBUG" in os.environ else subprocess.DEVNULL,
                env=environment,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        except OSError:
            self._socket.close()
            raise
        finally:
            theirs.close()

    @property
    def alive(self) -> bool:
        return not self._closed and self._process.poll() is None

    def fork(self, numbers: tuple[int, ...], ends: tuple[int, ...]) -> Forked:
        """A worker with these limits and its ends of the pipes: requests, answers, lifeline. Raises OSError."""
        with self._lock:
            worker = Forked(self._asked(["fork", *numbers], ends), self)
            self._workers += 1
            return worker

    def reap(self, pid: int) -> int:
        """The exit code of a worker that has ended, as `subprocess` gives it; that of a kill when nobody knows."""
        with self._lock:
            code = _UNKNOWN
            with contextlib.suppress(OSError):
                code = self._asked(["reap", pid])
            self._workers -= 1
            self._end_if_done()
            return code

    def close(self) -> None:
        """End it once its workers have ended."""
        with self._lock:
            self._closed = True
            self._end_if_done()

    def _asked(self, request: list[object], ends: tuple[int, ...] = ()) -> int:
        """One question, one answer. Whoever does not answer has no second chance to answer another question."""
        try:
            socket.send_fds(self._socket, [json.dumps(request).encode()], ends)
            return int(self._socket.recv(64))
        except (OSError, ValueError) as exc:
            self._process.kill()
            raise OSError("the template does not answer") from exc

    def _end_if_done(self) -> None:
        if self._closed and not self._workers:
            self._process.kill()
            self._process.wait()
            self._socket.close()


class Forked:
    """A worker that a template has forked."""

    def __init__(self, pid: int, template: Template) -> None:
        self.pid = pid
        self._template = template
        self._code: int | None = None
        self._handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._ended(0)

    def wait(self) -> int:
        """Its exit code, once it has ended."""
        code = self._ended(None)
        return _UNKNOWN if code is None else code

    def kill(self) -> None:
        if self._code is None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)

    def _ended(self, milliseconds: int | None) -> int | None:
        if self._code is None:
            watched = select.poll()
            watched.register(self._handle, select.POLLIN)
            if watched.poll(milliseconds):
                os.close(self._handle)
                self._code = self._template.reap(self.pid)
        return self._code
