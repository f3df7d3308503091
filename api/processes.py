"""Who shares the work, who lives, and what becomes of what a dead process had.

Each process counts up a number in its row, several times within `limit`. Whoever watches that number stand still
for `limit` seconds of its own watching declares the process lost, and what it had is free at once: its jobs are in
line again, its keys, turns and places are gone (`store.held_rows`). No clock is compared with another: neither a
machine whose time jumps nor a database whose time jumps makes anybody die. Time during which the watcher itself was
frozen, or the database did not answer, does not count either, since then everybody stands still.

A process that was only frozen finds its row gone when it wakes up. It goes on under a new id; what it had under the
old one it cannot end any more (`api.fence`), and no key is used by who has not felt his own heartbeat (`lease`).

Each also tells by how much its clock differs from the database's. One that is far from what most say, the database
among them, is wrong: its store refuses its requests, and what it dates is dated wrongly. It takes no jobs until it is
right again.
"""

from __future__ import annotations

import logging
import os
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from threading import Event, Thread
from time import CLOCK_BOOTTIME, clock_gettime
from typing import Any, Protocol

from api.fence import Lost, ask_owner
from api.store import held_rows, process_rows
from api.store.process_rows import Process
from api.transactions import Transactions
from archive.catalogue import Connection
from archive.errors import ArchiveUnavailable

log = logging.getLogger("antin.processes")
BEATS = 5  # within the limit
EMBEDDED = "embedded"
AHEAD = "clock_ahead"
TOLERANCE = 60.0  # seconds; S3 servers take a quarter of an hour, time-stamp authorities less


def _elapsed() -> float:
    """Seconds that pass also while the machine sleeps."""
    return clock_gettime(CLOCK_BOOTTIME)


class Processes(Protocol):
    @property
    def id(self) -> str:
        """Of this process, as long as it lives in the others' eyes."""

    @property
    def shared(self) -> bool:
        """Whether there are, or may be, others."""

    def lease(self) -> None:
        """Right before a key is used or an authority asked. Raises Lost when the others may have taken over already
        what this thread works on."""

    @property
    def clock_off(self) -> float:
        """By how many seconds the clock of this process is wrong, as far as the others know; 0 when it is not."""

    def everyone(self) -> tuple[Process, ...]:
        """As they were seen last; empty where one process is alone. Raises ArchiveUnavailable when that is long ago."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


class Alone:
    """One process has the data for itself: nobody watches, nobody takes over."""

    id = EMBEDDED
    shared = False
    clock_off = 0.0

    def lease(self) -> None: ...

    def everyone(self) -> tuple[Process, ...]:
        return ()

    def start(self) -> None: ...

    def stop(self) -> None: ...


@dataclass
class _Watched:
    beats: int
    still: float = 0.0  # seconds of watching


class Heirs(Protocol):
    """Who gives away what a process had: `api.jobs`."""

    def take_over(self, conn: Connection) -> None:
        """What those had who are gone."""

    def give_back(self, conn: Connection, process_id: str) -> None:
        """What this one has, at its end."""

    def renamed(self, process_id: str) -> None:
        """This process goes on under another id."""


class SharedProcesses:
    """This process among others. `transactions` are its own: a heart does not wait for a free connection.

    `heirs` and `state`, what it tells of itself, are given before `start`.
    """

    shared = True

    def __init__(
        self, transactions: Transactions, role: str, limit: float, clock: Callable[[], datetime]
    ) -> None:
        self.role = role
        self.clock = clock
        self.clock_off = 0.0
        self._ahead = 0.0  # of the database's clock
        self.limit = limit
        self.heirs: Heirs | None = None
        self.state: Callable[[], dict[str, Any]] = dict
        self._transactions = transactions
        self._watched: dict[str, _Watched] = {}
        self._seen: tuple[Process, ...] = ()
        self._debts: deque[Callable[[Connection], None]] = deque()
        self._looked_at = self._beaten_at = _elapsed()
        self._stopping = Event()
        self._thread = Thread(target=self._run, name="heartbeat", daemon=True)
        self.id = self._new_id()

    def _new_id(self) -> str:
        return f"{self.role}-{uuid.uuid4().hex[:12]}"

    def start(self) -> None:
        """Raises ArchiveUnavailable when the database does not answer."""
        self._register(self.id)
        self._thread.start()

    def stop(self) -> None:
        """What it still has goes to the others at once."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
            self._take_leave()
        self._transactions.close()

    def _take_leave(self) -> None:
        try:
            with self._transactions.write() as conn:
                process_rows.leave(conn, self.id)
                held_rows.drop_left(conn)
                if self.heirs is not None:
                    self.heirs.give_back(conn, self.id)
        except ArchiveUnavailable as exc:
            log.warning("could not take leave: %s; the others take over after %s s", exc, self.limit)

    def lease(self) -> None:
        ask_owner(self.id)
        if _elapsed() - self._beaten_at >= self.limit:
            raise Lost(f"no heartbeat of this process for {self.limit} s")

    def everyone(self) -> tuple[Process, ...]:
        if _elapsed() - self._looked_at >= self.limit:
            raise ArchiveUnavailable("the other processes could not be seen for a while")
        return self._seen

    def owe(self, debt: Callable[[Connection], None]) -> None:
        """What could not be given back is given back with a heartbeat. It may be repeated."""
        self._debts.append(debt)

    def _register(self, process_id: str) -> None:
        at = _elapsed()
        with self._transactions.write() as conn:
            process_rows.register(conn, process_id, self.role, os.uname().nodename, os.getpid())
            self._seen = process_rows.everyone(conn)
        self.id, self._beaten_at = process_id, at
        if self.heirs is not None:
            self.heirs.renamed(process_id)

    def _run(self) -> None:
        while not self._stopping.wait(self.limit / BEATS):
            try:
                self.run_once()
            except ArchiveUnavailable as exc:
                log.warning("heartbeat: %s", exc)
            except Exception:  # whatever it is: without a heartbeat the others would take over
                log.exception("a heartbeat failed")

    def run_once(self) -> None:
        """One heartbeat, and a look at the others. Raises ArchiveUnavailable when the database does not answer."""
        at = _elapsed()
        with self._transactions.note() as conn:
            now = process_rows.beat(conn, self.id, {**self.state(), AHEAD: round(self._ahead, 1)})
            at_hand = self.clock()
            found = process_rows.everyone(conn)
            debts = tuple(self._debts)
            for debt in debts:
                debt(conn)
        for _ in debts:
            self._debts.popleft()
        if now is not None:
            self._beaten_at = at
            self._compare_clocks((at_hand - now).total_seconds(), found)
        else:
            log.error("process %s was held to be dead: what it had was taken over", self.id)
            self._register(self._new_id())
        still = self._watch(found, at)
        self._bury(still)

    def _compare_clocks(self, ahead: float, found: tuple[Process, ...]) -> None:
        """With what most say: the database, this process, and the others."""
        self._ahead = ahead
        others = [float(each.state.get(AHEAD, 0.0)) for each in found if not each.gone and each.id != self.id]
        off = ahead - median_low([0.0, ahead, *others])
        was, self.clock_off = self.clock_off, off if abs(off) > TOLERANCE else 0.0
        if bool(was) != bool(self.clock_off):
            log.error(
                "the clock of this machine is %s",
                f"wrong by {off:.0f} s" if self.clock_off else "right again",
            )

    def _watch(self, found: tuple[Process, ...], at: float) -> list[Process]:
        """Those whose heart was seen to stand still for the whole limit."""
        gap = min(at - self._looked_at, 2 * self.limit / BEATS)  # longer: it was we who did not look
        self._seen, self._looked_at = found, at
        before, self._watched = self._watched, {}
        for process in found:
            if process.gone or process.id == self.id:
                continue
            known = before.get(process.id)
            same = known is not None and known.beats == process.beats
            self._watched[process.id] = _Watched(process.beats, known.still + gap if known and same else 0.0)
        return [
            each for each in found if each.id in self._watched and self._watched[each.id].still >= self.limit
        ]

    def _bury(self, still: list[Process]) -> None:
        for process in still:
            with self._transactions.write() as conn:
                lost = process_rows.declare(conn, process.id, process.beats, process_rows.LOST)
            if lost:
                log.error("process %s (%s, %s) is lost", process.id, process.host, process.pid)
        with self._transactions.note() as conn:  # undone by a power cut, it is done again
            if self.heirs is not None:
                self.heirs.take_over(conn)
            held_rows.drop_left(conn)
            process_rows.forget_old(conn)
