"""Few places, and the line before them: whoever is most urgent goes first, and of equals who was there first.

A place that is given up goes straight to the next in line, so that none stands empty while somebody waits.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from typing import Protocol


class Stopped(BaseException):
    """The service stops. What raised it has changed nothing that counts, and is done again after the next start.

    Not an `Exception`: it is no outcome of a job, and nobody records it as one.
    """


class Postponed(Stopped):
    """The database does not answer, so what was done is not known and cannot be told: done again in a moment."""


class _Waiter:
    def __init__(self) -> None:
        self.called = threading.Event()
        self.has_place = False


class Places(Protocol):
    """What `Line` is, also where processes share the places (`api.shared_line`)."""

    def place(self, priority: int, since: str = "") -> AbstractContextManager[None]: ...

    @property
    def taken(self) -> int: ...

    @property
    def waiting(self) -> int: ...

    @property
    def closed(self) -> bool: ...

    def close(self) -> None: ...


class Line:
    """At most `places` threads at once. Not reentrant."""

    def __init__(self, places: int) -> None:
        self._guard = threading.Lock()
        self._free = places
        self._places = places
        self._waiting: list[tuple[int, str, int, _Waiter]] = []
        self._tickets = count()
        self._closed = False

    @contextmanager
    def place(self, priority: int, since: str = "") -> Iterator[None]:
        """Waits for a place; lower `priority` goes first, then lower `since` (an id that grows with time), then
        who came to the line first. Raises Stopped when the line is closed meanwhile.
        """
        self._enter(priority, since)
        try:
            yield
        finally:
            self._leave()

    def _enter(self, priority: int, since: str) -> None:
        with self._guard:
            if self._closed:
                raise Stopped
            if self._free:  # then nobody waits
                self._free -= 1
                return
            waiter = _Waiter()
            heapq.heappush(self._waiting, (priority, since, next(self._tickets), waiter))
        waiter.called.wait()
        if not waiter.has_place:
            raise Stopped

    def _leave(self) -> None:
        with self._guard:
            if self._waiting:
                _, _, _, waiter = heapq.heappop(self._waiting)
                waiter.has_place = True
                waiter.called.set()
            else:
                self._free += 1

    @property
    def taken(self) -> int:
        """Places in use."""
        with self._guard:
            return self._places - self._free

    @property
    def waiting(self) -> int:
        """How many stand in line."""
        with self._guard:
            return len(self._waiting)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """Nobody comes in any more; those in line are sent away, those who have a place keep it."""
        with self._guard:
            self._closed = True
            for _, _, _, waiter in self._waiting:
                waiter.called.set()
            self._waiting.clear()
