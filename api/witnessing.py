"""In the background: the newest head is shown to each witness, and its cosignature kept. Archiving waits for none.

A witness that disputes our log stops the sequencer of every process: each looks at the row that the first one wrote.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event, Thread

from api.witnesses import Witnesses
from archive.catalogue import witness_rows
from archive.catalogue.witness_rows import WitnessRow
from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogBehind, ProofRefused
from archive.log.reader import published_checkpoint
from archive.witnessing import CosignedHead, Watcher

log = logging.getLogger("antin.witnessing")
FRESH = timedelta(hours=1)  # a head that stays the same is cosigned anew: "until now there was no larger one"
AFTER_FAILURE = timedelta(seconds=30)
NO_ANSWER, REFUSES, DAMAGED = "no-answer", "refuses", "log-damaged"


class Witnessing:
    """`halt` stops this process's sequencer. One question to each witness at a time, however many processes."""

    def __init__(
        self,
        witnesses: Witnesses,
        clock: Callable[[], datetime],
        retain_until: Callable[[], datetime | None],
        halt: Callable[[LogBehind], None],
    ) -> None:
        self.w = witnesses
        self._clock = clock
        self._retain_until = retain_until
        self._halt = halt
        self._pause = witnesses.settings.witness_seconds
        self._wake, self._stopping = Event(), Event()
        self._thread = Thread(target=self._run, name="witnessing", daemon=True)

    def start(self) -> None:
        """Nothing happens without witnesses."""
        if self.w.watchers:
            self._thread.start()

    def stop(self) -> None:
        """A question under way is given up when its connection is closed, or its time is over."""
        self._stopping.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """There may be a new head."""
        self._wake.set()

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._wake.wait(self._pause)
            self._wake.clear()
            try:
                self.round()
            except (ArchiveUnavailable, ArchiveDamaged, ProofRefused) as exc:
                log.warning("witnesses are asked again later: %s", exc)
            self._stopping.wait(self._pause)

    def round(self) -> None:
        """Every witness that is due, all at once. Raises ArchiveUnavailable when our own stores do not answer."""
        head = published_checkpoint(self.w.store, self.w.key)
        with self.w.transactions.read() as conn:
            rows = witness_rows.rows(conn)
        for watcher in self.w.watchers:
            row = rows.get(watcher.id)
            if row is not None and row.disputed:
                self._halt(LogBehind(row.disputed))
                return
        if head is None:
            return
        due = [each for each in self.w.watchers if self._due(each, rows.get(each.id), head.size)]
        if due:
            with ThreadPoolExecutor(len(due), "witness") as pool:
                list(pool.map(lambda each: self._ask(each, rows.get(each.id)), due))

    def _due(self, watcher: Watcher, row: WitnessRow | None, size: int) -> bool:
        """Whether there is something to ask, and nobody else asks."""
        at = self._clock()
        stale = row is None or row.cosigned_at is None or at - row.cosigned_at > FRESH
        if row is not None and row.size >= size and not stale and watcher.id in self.w.told:
            return False
        pause = timedelta(seconds=self._pause)
        if row is not None and row.failure:
            pause = max(pause, AFTER_FAILURE)
        with self.w.transactions.write() as conn:
            return witness_rows.claim(conn, watcher.id, watcher.key.name, at, at - pause)

    def _ask(self, watcher: Watcher, row: WitnessRow | None) -> None:
        last = self.w.opened(watcher, row.note) if row is not None and row.note else None
        try:
            found = self.w.cosigning.ask(watcher, last.head if last else None)
            if found is not None:
                self._keep(watcher, found)
        except LogBehind as exc:
            self._disputed(watcher, exc)
        except ArchiveUnavailable as exc:
            self._failed(watcher, NO_ANSWER, str(exc))
        except ArchiveDamaged as exc:
            self._failed(watcher, DAMAGED, str(exc))
        except ProofRefused as exc:
            self._failed(watcher, REFUSES, exc.text("en"))

    def _keep(self, watcher: Watcher, found: CosignedHead) -> None:
        self.w.cosigning.keep(watcher, found, self._retain_until())
        # Killed here: the object is there, the row follows when the witness is asked again.
        with self.w.transactions.write() as conn:
            witness_rows.cosigned(conn, watcher.id, found.head.size, found.head.note, found.by[0].at)
        self.w.told.setdefault(watcher.id, None)

    def _disputed(self, watcher: Watcher, exc: LogBehind) -> None:
        log.critical("%s", exc)
        self._halt(exc)
        with self.w.transactions.write() as conn:
            witness_rows.dispute(conn, watcher.id, watcher.key.name, str(exc))

    def _failed(self, watcher: Watcher, word: str, why: str) -> None:
        log.warning("witness %s: %s", watcher.key.name, why)
        with self.w.transactions.note() as conn:
            witness_rows.failed(conn, watcher.id, word)
