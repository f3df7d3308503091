"""The same line for all processes: few places, the most urgent first, wherever it waits (`api.line`).

Who comes puts a row in line; whoever comes, leaves or looks gives free places to the first in line, one process
after the other. Who got a place hears of it at once, and finds out by himself within a second.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Lock

from api.fence import unfenced
from api.holdings import Holdings
from api.line import Stopped
from api.messages import PLACED, Messages
from api.store import held_rows
from api.store.held_rows import PLACE
from archive.catalogue import Connection
from archive.errors import ArchiveUnavailable

LOOK_SECONDS = 1.0


class SharedLine:
    """At most `places` threads at once among all processes that name the line so. Not reentrant."""

    def __init__(self, name: str, places: int, holdings: Holdings, messages: Messages) -> None:
        self._name = name
        self._places = places
        self._holdings = holdings
        self._messages = messages
        self._guard = Lock()
        self._called: dict[str, Event] = {}
        self._closed = False
        messages.hear(PLACED, self._heard)

    @contextmanager
    def place(self, priority: int, since: str = "") -> Iterator[None]:
        """As `Line.place`. Raises Lost when this process was held to be dead meanwhile."""
        ticket = f"{self._name} {self._holdings.token()}"
        with self._guard:
            if self._closed:
                raise Stopped
            called = self._called[ticket] = Event()
        try:
            if not self._come(ticket, priority, since):
                self._wait(ticket, called)
            yield
        finally:
            self._go(ticket)

    def _come(self, ticket: str, priority: int, since: str) -> bool:
        """Whether there was a place at once."""
        with self._holdings.transactions.note() as conn:
            held_rows.in_line(conn, self._name)
            held_rows.take(
                conn,
                PLACE,
                ticket,
                self._holdings.processes.id,
                _token(ticket),
                route=self._name,
                priority=priority,
                since=since[:64],
                granted=False,
            )
            placed = self._grant(conn)
        self._tell(placed)
        return ticket in placed

    def _wait(self, ticket: str, called: Event) -> None:
        """Until it is there in the database: what was heard is only a reason to look."""
        mine = False
        while not mine:
            called.wait(LOOK_SECONDS)
            if self._closed:
                raise Stopped
            called.clear()
            with self._holdings.transactions.note() as conn:
                held_rows.in_line(conn, self._name)
                placed = self._grant(conn)
                mine = held_rows.granted(conn, ticket, _token(ticket))
            self._tell(placed)

    def _go(self, ticket: str) -> None:
        """Never fails: what was done at the place must not be lost with it."""
        with self._guard:
            del self._called[ticket]
        try:
            with unfenced(), self._holdings.transactions.note() as conn:
                held_rows.in_line(conn, self._name)
                held_rows.release(conn, PLACE, ticket, _token(ticket))
                placed = self._grant(conn)
        except ArchiveUnavailable:
            self._holdings.owe(PLACE, ticket, _token(ticket))
        else:
            self._tell(placed)

    def _grant(self, conn: Connection) -> list[str]:
        return held_rows.grant(conn, self._name, self._places)

    def _tell(self, placed: list[str]) -> None:
        for ticket in placed:
            if not self._call(ticket):
                self._messages.tell(PLACED, ticket)

    def _heard(self, ticket: str) -> None:
        self._call(ticket)

    def _call(self, ticket: str) -> bool:
        """Whether somebody of this process stands there."""
        with self._guard:
            called = self._called.get(ticket)
        if called is not None:
            called.set()
        return called is not None

    @property
    def taken(self) -> int:
        """Places in use, by all."""
        return self._count()[0]

    @property
    def waiting(self) -> int:
        """How many stand in line, of all."""
        return self._count()[1]

    def _count(self) -> tuple[int, int]:
        with self._holdings.transactions.look() as conn:
            return held_rows.count(conn, self._name)

    @property
    def closed(self) -> bool:
        return self._closed

    def close(self) -> None:
        """As `Line.close`."""
        with self._guard:
            self._closed = True
            for called in self._called.values():
                called.set()


def _token(ticket: str) -> str:
    return ticket.rpartition(" ")[2]
