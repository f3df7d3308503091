"""What this process holds among others: taken in a transaction of its own, and given back whatever happens.

What it believes to hold it also keeps in memory, and with each heartbeat it compares: a row of its own that it knows
nothing of goes. So nothing is left for others to wait for when the database did not answer as something was given
back, or died and took a giving back with it. A row that is missing is noticed by who needs it (`api.fence`).
"""

from __future__ import annotations

import logging
import uuid
from contextlib import AbstractContextManager
from threading import Lock
from typing import Any

from api.fence import unfenced
from api.processes import SharedProcesses
from api.store import held_rows
from api.transactions import Transactions
from archive.catalogue import Connection
from archive.errors import ArchiveUnavailable

log = logging.getLogger("antin.holdings")


class Holdings:
    """Rows of `store.held_rows` under this process's id. Safe for threads."""

    def __init__(self, transactions: Transactions, processes: SharedProcesses) -> None:
        self.transactions = transactions
        self.processes = processes
        self._guard = Lock()
        self._mine: set[str] = set()
        processes.with_each_beat(self.compare)

    def token(self) -> str:
        """A name for one holding, which this process believes in until it is released."""
        token = uuid.uuid4().hex
        with self._guard:
            self._mine.add(token)
        return token

    def begin(self) -> AbstractContextManager[Connection]:
        """A transaction about rows that are compared anyway: it waits for no disk."""
        return self.transactions.light()

    def take(self, kind: str, name: str, token: str, **row: Any) -> bool:
        """False when somebody has it. Raises Lost, and ArchiveUnavailable; to be released in any case."""
        with self.begin() as conn:
            return held_rows.take(conn, kind, name, self.processes.id, token, **row)

    def release(self, kind: str, name: str, token: str) -> None:
        """Also of what was never taken. Never fails."""
        self.forget(token)
        try:
            with unfenced(), self.begin() as conn:
                held_rows.release(conn, kind, name, token)
        except ArchiveUnavailable as exc:
            log.warning("%s could not be given back: %s; the next heartbeat does it", kind, exc)

    def forget(self, token: str) -> None:
        """This process believes in it no more."""
        with self._guard:
            self._mine.discard(token)

    def compare(self, conn: Connection) -> None:
        """With each heartbeat. First the rows, then the memory: what is being taken stands there already."""
        there = held_rows.of_owner(conn, self.processes.id)
        with self._guard:
            strange = [row for row in there if row.token not in self._mine]
        for row in strange:
            held_rows.release(conn, row.kind, row.name, row.token)
