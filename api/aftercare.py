"""What keeps the loss of a database small, and what is owed after one.

Heads of the chains go into the log with what is archived, and here every few minutes if they moved besides: what was
done since the last one is all that a rebuild cannot bring back.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from api import work
from api.audit_heads import bind_audit
from api.owed import Owed
from api.services import Services
from archive.catalogue import document_lists, documents, rebuild_rows
from archive.heads import bind_register

log = logging.getLogger("antin.aftercare")
HEADS_EVERY = timedelta(minutes=10)
DONE, FOLLOWED = "done", "followed"
BLOCK = 500


class Aftercare:
    """Done by whoever has upkeep's turn; `stopping` tells that there is no time left."""

    def __init__(self, services: Services, stopping: Callable[[], bool]) -> None:
        self.s = services
        self._stopping = stopping
        self._bound_at: datetime | None = None
        self._caught_up = False

    def parts(self) -> tuple[Callable[[], None], ...]:
        """None waits for another. Each raises ArchiveUnavailable when the database does not answer."""
        return self.bind, self.catch_up, self.follow_up

    def bind(self) -> None:
        """Every few minutes, heads that moved."""
        at = self.s.clock()
        if self._bound_at is None or abs(at - self._bound_at) >= HEADS_EVERY:
            self._bound_at = at
            self.bind_heads()

    def catch_up(self) -> None:
        """Once, what an earlier version of the service did not write of the log."""
        if not self._caught_up:
            self.s.proofs.catch_up(self._stopping)
            self._caught_up = True

    def follow_up(self) -> None:
        """What a rebuild left to do."""
        while not self._stopping() and self._follow_up():
            pass

    def bind_heads(self) -> None:
        """Heads of registers and audit that moved since their last leaf."""
        agency, at = self.s.settings.agency_code, self.s.clock()
        with self.s.transactions.write() as conn:
            moved = bind_register(conn, agency, at)
            moved |= bind_audit(conn, agency, at)
        if moved:
            self.s.proofs.wake()

    def _follow_up(self) -> bool:
        """After a rebuild: jobs that the old database had for archived documents. Whether there is more to look at."""
        with self.s.transactions.read() as conn:
            rebuilt = rebuild_rows.current(conn)
            if rebuilt is None or rebuilt.stage != DONE:
                return False
            found = document_lists.without_long_term(conn, rebuilt.done_to, BLOCK)
        with self.s.transactions.write() as conn:
            for document in found.lacking:
                Owed(self.s).enqueue(conn, documents.get(conn, document), work.SYSTEM)
            stage, done_to = (DONE, found.last) if found.last else (FOLLOWED, "")
            rebuild_rows.change(conn, stage=stage, done_to=done_to)
        if found.lacking:
            log.info(
                "%s archived documents get the validation data that a rebuild could not find",
                len(found.lacking),
            )
        return bool(found.last)
