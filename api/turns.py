"""One at a time on one thing, within this process: a second use of a key, or a second question, is not begun.

Between processes the version of the document's row decides; there the later one is refused at its commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock


class Turns:
    """Locks by name. A name costs memory only while somebody holds or awaits it."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._held: dict[str, tuple[Lock, int]] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Waits for the turn. Not reentrant."""
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
