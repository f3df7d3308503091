"""What the real servers of the tests have in common: ports, patience, an end that outlives whoever started them."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

PATIENCE = 90.0  # seconds; a machine of tests is a busy one
# When the pipe from its maker closes, the maker is gone, and so goes the server.
_GUARD = 'trap "" INT TERM HUP; read _; kill -9 "$@" 2>/dev/null'
_SIGNS_OF_LIFE = 0.02  # seconds between two looks


class Keys(NamedTuple):
    access: str
    secret: str


class S3Server(Protocol):
    """A running S3 server with Object Lock, as tests and benchmarks know it.

    `endpoint` is host:port, `ca` the file with the certificate to trust when `secure`. `admin` may do everything,
    `weak` is another user: what it may do differs and stands in the module of the server.
    """

    endpoint: str
    secure: bool
    ca: Path | None
    region: str
    admin: Keys
    weak: Keys
    log: Path

    def kill(self) -> None:
        """As a power cut has it (SIGKILL)."""

    def restart(self) -> None:
        """Again on the same ports and data, after `kill`; returns when it takes objects."""

    def freeze(self) -> None:
        """Connections stay open and nobody answers (SIGSTOP)."""

    def thaw(self) -> None: ...


class StartError(RuntimeError):
    """A server did not come up; what it said is in the message."""


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has now, from below those that the kernel hands out by itself: what has been
    killed finds its own again."""
    found: dict[int, socket.socket] = {}
    try:
        while len(found) < count:
            port = random.randrange(12_000, 32_000)
            if port not in found:
                taken = socket.socket()
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                with suppress(OSError):
                    taken.bind(("127.0.0.1", port))
                    found[port] = taken
        return list(found)
    finally:
        for taken in found.values():
            taken.close()


class Process:
    """One process of a server, its output in `log`."""

    def __init__(
        self, command: Sequence[str | Path], log: Path, *, cwd: Path, env: dict[str, str] | None = None
    ):
        self.log = log
        with log.open("ab") as out:
            self.running = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=cwd,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        self.guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "guard", str(self.running.pid)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def alive(self) -> bool:
        return self.running.poll() is None

    def signal(self, number: signal.Signals) -> None:
        if self.alive:
            self.running.send_signal(number)

    def kill(self) -> None:
        """At once, and its guard with it."""
        self.signal(signal.SIGKILL)
        self.running.wait(30)
        self.guard.kill()
        self.guard.wait(30)
        if self.guard.stdin is not None:
            self.guard.stdin.close()

    def told(self, lines: int = 15) -> str:
        """The end of what it said."""
        return "\n".join(self.log.read_text("utf-8", "replace").splitlines()[-lines:])


def wait_until(
    ready: Callable[[], bool], alive: Sequence[Process], what: str, patience: float = PATIENCE
) -> None:
    """Returns when `ready`; `StartError` when one of these processes ended or time is up."""
    end = time.monotonic() + patience
    while not ready():
        for process in alive:
            if not process.alive:
                raise StartError(f"{what} ended with {process.running.returncode}:\n{process.told()}")
        if time.monotonic() > end:
            raise StartError(f"{what} does not answer:\n" + "\n".join(process.told() for process in alive))
        time.sleep(_SIGNS_OF_LIFE)


def listens(port: int) -> bool:
    """Somebody takes connections there."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
