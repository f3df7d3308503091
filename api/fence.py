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
_owners: ContextVar[tuple[str, ...]] = ContextVar("owners", default=())


class Lost(ArchiveUnavailable):
    """Others hold this process to be dead and have taken over. What raised it changed nothing."""


@contextmanager
def fenced(check: Check, owner: str) -> Iterator[None]:
    """Every transaction of this thread calls `check` first, which raises Lost. `owner`: the id of the process under
    which that was taken; it has another one after it was held to be dead."""
    checks, owners = _checks.set((*_checks.get(), check)), _owners.set((*_owners.get(), owner))
    try:
        yield
    finally:
        _checks.reset(checks)
        _owners.reset(owners)


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


def ask_owner(current: str) -> None:
    """Where there is no transaction. Raises Lost when the process is not who it was when it took what it works on."""
    if any(owner != current for owner in _owners.get()):
        raise Lost("this process was held to be dead meanwhile")
