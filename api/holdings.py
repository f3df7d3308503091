"""What this process holds among others: taken in a transaction of its own, and given back whatever happens.

While the database does not answer nothing can be given back. It is then a debt, which the next heartbeat pays: the
others would wait for as long as this process lives.
"""

from __future__ import annotations

import logging
import uuid
from typing import Any

from api.fence import unfenced
from api.processes import SharedProcesses
from api.store import held_rows
from api.transactions import Transactions
from archive.errors import ArchiveUnavailable

log = logging.getLogger("antin.holdings")


class Holdings:
    """Rows of `store.held_rows` under this process's id. Safe for threads."""

    def __init__(self, transactions: Transactions, processes: SharedProcesses) -> None:
        self.transactions = transactions
        self.processes = processes

    def token(self) -> str:
        """A name for one holding."""
        return uuid.uuid4().hex

    def take(self, kind: str, name: str, token: str, **row: Any) -> bool:
        """False when somebody has it. Raises Lost, and ArchiveUnavailable."""
        try:
            with self.transactions.note() as conn:
                return held_rows.take(conn, kind, name, self.processes.id, token, **row)
        except ArchiveUnavailable:
            self.owe(kind, name, token)  # whether it was taken is not known
            raise

    def release(self, kind: str, name: str, token: str) -> None:
        try:
            with unfenced(), self.transactions.note() as conn:
                held_rows.release(conn, kind, name, token)
        except ArchiveUnavailable as exc:
            log.warning("%s could not be given back: %s; tried again", kind, exc)
            self.owe(kind, name, token)

    def owe(self, kind: str, name: str, token: str) -> None:
        """Given back with the next heartbeat."""
        self.processes.owe(lambda conn: held_rows.release(conn, kind, name, token))
