"""Words between the processes of one deployment: that a job is in line, that an operation ended, that a place is free.

Contract: `tell` returns at once and never fails. A word may be lost, and may come late or twice: who hears one looks
into the database, and who hears none looks there too, only later. The teller does not hear itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

JOB, ENDED, LEAF, SHOWN, PLACED = "job", "ended", "leaf", "shown", "placed"
Listener = Callable[[str], None]


class Messages(Protocol):
    def tell(self, topic: str, word: str) -> None:
        """To all others. `word` is short, and one line."""

    def hear(self, topic: str, listener: Listener) -> None:
        """`listener` is called for each word of others, in a thread of the messages; it returns at once."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class NobodyElse:
    """For a process that is alone."""

    def tell(self, topic: str, word: str) -> None: ...

    def hear(self, topic: str, listener: Listener) -> None: ...

    def start(self) -> None: ...

    def stop(self) -> None: ...
