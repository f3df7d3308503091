"""Leaves that another process numbers: whoever waits for one here is told when a shown head contains it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Mapping
from threading import Event, Thread
from typing import Any

from archive.errors import ArchiveUnavailable
from archive.log.checkpoint import SignedCheckpoint
from archive.log.loop import SequencerLoop

log = logging.getLogger("antin.proofs")
LOOK_SECONDS = 0.5  # between looks while somebody waits: a word may be lost

Indices = Callable[[Collection[str]], Mapping[str, int]]
Head = Callable[[], SignedCheckpoint | None]


class Following:
    """One look for all who wait, after each word that a head was shown, and every `LOOK_SECONDS`.

    `indices` finds in the catalogue which of the leaves have a number, `head` reads the shown head and believes it
    only when it continues those before. What that head is found to be guilty of is raised where the leaf is waited for.
    """

    def __init__(self, loop: SequencerLoop[Any], indices: Indices, head: Head) -> None:
        self._loop, self._indices, self._head = loop, indices, head
        self._word, self._stopping = Event(), Event()
        self._thread = Thread(target=self._run, name="log-following", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stopping.set()
        self._word.set()
        if self._thread.is_alive():
            self._thread.join()

    def hear(self, _: str) -> None:
        self._word.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._word.wait(LOOK_SECONDS)
            self._word.clear()
            if waiting := self._loop.expected():
                self._look(waiting)

    def _look(self, waiting: Collection[str]) -> None:
        try:
            numbered = self._indices(waiting)
            if numbered and (head := self._head()) is not None:
                self._loop.found({leaf: index for leaf, index in numbered.items() if index < head.size}, head)
        except ArchiveUnavailable as exc:
            log.warning("log: %s; looking again", exc)
        except Exception as exc:  # a head that is not to be believed: not one of them is called archived
            log.exception("log: what another process shows is not believed")
            self._loop.failed(waiting, exc)
