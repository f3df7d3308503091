"""Fixity beside the service: in a process of its own, at the lowest priority, on the processors that are free.

Within the service it would take turns with every request for the one processor that runs Python there. The child gets
the settings through a pipe that nobody else reads, and is told there when the service has work. When the pipe ends,
because the service stops or dies, the child ends as well; what it had read stands in the rows.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import SecretStr

from api.line import Stopped
from api.settings import Settings

MODULE = "api.fixity_process"
BUSY, IDLE = "busy", "idle"
LOOK_SECONDS = 0.2
STOP_SECONDS = 15.0
# Those that this process was given: its child has them all, also when it keeps to one of them later.
PROCESSORS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class FixityFailed(Exception):
    """The child ended in a fault; its messages are in the service's log."""


def read_all_due(
    settings: Settings, stores: Sequence[str], busy: Callable[[], bool], stopping: Callable[[], bool]
) -> None:
    """Everything that is due in these stores. Raises Stopped when the service stops, FixityFailed."""
    child = subprocess.Popen([sys.executable, "-m", MODULE], stdin=subprocess.PIPE, text=True)
    try:
        _tell(
            child,
            json.dumps({"settings": _plain(settings), "stores": list(stores), "processors": PROCESSORS}),
        )
        told = False
        while child.poll() is None:
            if stopping():
                raise Stopped
            if busy() is not told:
                told = not told
                _tell(child, BUSY if told else IDLE)
            time.sleep(LOOK_SECONDS)
    finally:
        _end(child)
    if child.returncode:
        raise FixityFailed(f"the process that reads ended with {child.returncode}")


def _tell(child: subprocess.Popen[str], line: str) -> None:
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):  # it ended; its status says how
            child.stdin.write(line + "\n")
            child.stdin.flush()


def _end(child: subprocess.Popen[str]) -> None:
    """It finishes what it has in hand when its input ends."""
    if child.stdin is not None:
        with contextlib.suppress(BrokenPipeError):
            child.stdin.close()
    try:
        child.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def _plain(settings: Settings) -> dict[str, Any]:
    """All of the settings, secrets too: for the child's eyes."""
    dumped: dict[str, Any] = json.loads(json.dumps(settings.model_dump(exclude_none=True), default=_revealed))
    return dumped


def _revealed(value: object) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else str(value)
