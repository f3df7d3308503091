"""One at a time on one thing: a second use of a key, or a second question, is not begun.

`Turns` does this within a process, which is enough where it has the data for itself. `SharedTurns` does it among all
processes: a turn is a row that goes with its holder. Either way the version of a document's row decides in the end:
who comes too late is refused at the commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Event, Lock
from typing import Protocol

from api.holdings import Holdings
from api.line import Stopped
from api.store.held_rows import TURN

SOONEST, LATEST = 0.05, 0.5  # seconds between looks whether another process has given a turn back


class Taking(Protocol):
    def of(self, name: str) -> AbstractContextManager[None]:
        """Waits for the turn. Not reentrant. Raises Stopped when the turns are closed meanwhile."""

    def attempt(self, name: str) -> AbstractContextManager[bool]:
        """The turn, if it is free: whether it was."""

    def close(self) -> None:
        """Who still waits for another process is sent away."""


class Turns:
    """Locks by name. A name costs memory only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._held: dict[str, tuple[Lock, int]] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        with self._guard:
            lock, users = self._held.get(name, (Lock(), 0))
            self._held[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._guard:
                lock, users = self._held[name]
                if users == 1:
                    del self._held[name]
                else:
                    self._held[name] = (lock, users - 1)

    @contextmanager
    def attempt(self, name: str) -> Iterator[bool]:
        with self._guard:
            free = name not in self._held
            if free:
                lock = Lock()
                lock.acquire()
                self._held[name] = (lock, 1)
        if not free:
            yield False
            return
        try:
            yield True
        finally:
            with self._guard:
                lock.release()
                users = self._held[name][1] - 1
                if users:
                    self._held[name] = (lock, users)
                else:
                    del self._held[name]

    def close(self) -> None:
        """Who waits here waits for a thread that ends."""


class SharedTurns:
    """The same among processes. One thread of a process at a time asks the database."""

    def __init__(self, holdings: Holdings) -> None:
        self._holdings = holdings
        self._here = Turns()
        self._closed = Event()

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        with self._here.of(name):
            token, pause = self._holdings.token(), SOONEST
            while not self._holdings.take(TURN, name, token):
                if self._closed.wait(pause):
                    raise Stopped
                pause = min(2 * pause, LATEST)
            try:
                yield
            finally:
                self._holdings.release(TURN, name, token)

    @contextmanager
    def attempt(self, name: str) -> Iterator[bool]:
        with self._here.attempt(name) as free:
            token = self._holdings.token()
            if not free or not self._holdings.take(TURN, name, token):
                yield False
                return
            try:
                yield True
            finally:
                self._holdings.release(TURN, name, token)

    def close(self) -> None:
        self._closed.set()
