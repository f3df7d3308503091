"""Who was held to be dead and wakes up commits nothing more.

A process that others no longer hear of loses what it had: its jobs go to another, its keys and turns are free. It
may only have been frozen, and go on. So while a job or a request runs under something that can be lost, each of its
transactions asks first, and locks the answer until it ends, whether that is still its own. Where one process has the
database for itself, nothing can be lost and nothing is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from archive.catalogue import Connection
from archive.errors import ArchiveUnavailable

Check = Callable[[Connection], None]
_checks: ContextVar[tuple[Check, ...]] = ContextVar("checks", default=())


class Lost(ArchiveUnavailable):
    """Others hold this process to be dead and have taken over. What raised it changed nothing."""


@contextmanager
def fenced(check: Check) -> Iterator[None]:
    """Every transaction of this thread calls `check` first, which raises Lost."""
    token = _checks.set((*_checks.get(), check))
    try:
        yield
    finally:
        _checks.reset(token)


@contextmanager
def unfenced() -> Iterator[None]:
    """For what must be written down whoever goes on: that a key was used."""
    token = _checks.set(())
    try:
        yield
    finally:
        _checks.reset(token)


def ask(conn: Connection) -> None:
    """At the beginning of a transaction. Raises Lost."""
    for check in _checks.get():
        check(conn)
