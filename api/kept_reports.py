"""Sealed reports of the last minutes, by what they say: the same question is answered with what was sealed for it.

Anybody may ask for the report of an issued document. Without this each asking would use the seal's key and write into
the audit chain; so one does within the minutes, and whatever the report says differently is another question.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

LASTS = timedelta(minutes=5)
MOST_BYTES = 32 << 20  # of one process


@dataclass
class KeptReports:
    """The oldest go first when there are more than `most` bytes of them."""

    lasts: timedelta = LASTS
    most: int = MOST_BYTES
    _kept: OrderedDict[str, tuple[datetime, bytes]] = field(default_factory=OrderedDict)
    _size: int = 0
    _lock: Lock = field(default_factory=Lock)

    def find(self, question: str, at: datetime) -> bytes | None:
        """What was sealed for it, unless that is too long ago; or lies ahead, since a clock was set back."""
        with self._lock:
            found = self._kept.get(question)
            if found is not None and not timedelta() <= at - found[0] <= self.lasts:
                self._forget(question)
                return None
        return found[1] if found else None

    def keep(self, question: str, made: bytes, at: datetime) -> None:
        with self._lock:
            if question in self._kept:
                self._forget(question)
            self._kept[question] = (at, made)
            self._size += len(made)
            while self._size > self.most:
                self._forget(next(iter(self._kept)))

    def _forget(self, question: str) -> None:
        self._size -= len(self._kept.pop(question)[1])
