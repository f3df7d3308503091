"""One act, one commit. The only place that opens database transactions.

    with transactions.write() as conn:   # all of the act's rows, or none of them
    with transactions.note() as conn:    # the same, for rows that a power cut may take away again
    with transactions.read() as conn:    # a consistent snapshot that can change nothing
    with transactions.look() as conn:    # the same for one statement, which is consistent by itself

SQLite: the process's writers queue on one connection instead of polling the file lock, and those that follow each
other at once share a commit (`store.sqlite`, `store.sqlite_writer`). PostgreSQL (`store.postgresql`): acts run side
by side in READ COMMITTED. What is read there to decide what is written is locked first, in this order, so that
nobody waits in a circle: agency, series of numbers, row of the outgoing register, document, head of a chain.

A note commits without waiting for the disk (synchronous=NORMAL; PostgreSQL: synchronous_commit=off). It survives
the death of the process, its order among commits is kept, and the next `write` makes it durable as well. It is
for what is repeated or taken up again without harm: the answer under a key of idempotency, that a job has ended.

A database that does not answer is `DatabaseUnavailable`, which says why: whether the act was committed is then
unknown, and it is repeated. The next block tries again; nothing has to be started anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, Engine, make_url

from api import fence
from api.store import postgresql, sqlite
from api.store.database_errors import DatabaseUnavailable, answering
from api.store.postgresql import Limits as Limits
from api.store.sqlite_writer import Writer
from policies.reasons import database as reasons
from policies.refusals import Reason

_AT_ONCE = {"isolation_level": "AUTOCOMMIT"}
_TOLD: ContextVar[list[Callable[[], None]]] = ContextVar("told")


class Transactions:
    """The engines of one database. Thread-safe; of no use to a fork: SQLite's say so."""

    def __init__(
        self,
        url: str,
        *,
        busy_seconds: float = sqlite.BUSY_SECONDS,
        limits: Limits = Limits(),  # noqa: B008
    ) -> None:
        self.url = url
        self.limits = limits
        self.trouble: Reason | None = None
        self._writer: Writer | None = None
        self._readers: sqlite.Readers | None = None
        if make_url(url).get_backend_name() == "sqlite":
            self.engine = sqlite.engine(url, busy_seconds, read_only=False)
            self._reader = sqlite.engine(url, busy_seconds, read_only=True)
            self._writer, self._readers = Writer(self.engine, busy_seconds), sqlite.Readers(self._reader)
        else:
            self.engine = postgresql.for_acts(url, limits)
            self._reader = postgresql.for_readings(url, limits)

    def write(self) -> AbstractContextManager[Connection]:
        """Commits at the end of the block; an exception rolls everything back. Never nest in one thread."""
        return self._noticed(self._writer.held(durable=True) if self._writer else self._begun(waits=True))

    def note(self) -> AbstractContextManager[Connection]:
        """As `write`; a power cut soon after may undo it, and nothing that was committed before it."""
        return self._noticed(self._writer.held(durable=False) if self._writer else self._begun(waits=False))

    def read(self) -> AbstractContextManager[Connection]:
        """A snapshot: rows do not change while the block runs, and writes fail."""
        return self._readers.lent() if self._readers else self._snapshot()

    def look(self) -> AbstractContextManager[Connection]:
        """As `read`, where one statement is all: without a snapshot, which would cost two more."""
        return self._readers.lent(snapshot=False) if self._readers else self._single()

    @contextmanager
    def _noticed(self, block: AbstractContextManager[Connection]) -> Iterator[Connection]:
        """Of what the last act failed, for whoever asks how the database does."""
        try:
            with block as conn:
                yield conn
        except DatabaseUnavailable as exc:
            self.trouble = exc.reason if exc.reason is not reasons.CONFLICT else None
            raise
        self.trouble = None

    @contextmanager
    def _begun(self, *, waits: bool) -> Iterator[Connection]:
        told = _TOLD.set([])
        try:
            with answering(), self.engine.begin() as conn:
                if not waits:
                    conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
                fence.ask(conn)
                yield conn
            committed = _TOLD.get()
        finally:
            _TOLD.reset(told)
        for word in committed:
            word()

    @contextmanager
    def _snapshot(self) -> Iterator[Connection]:
        with answering(), self._reader.connect() as conn, conn.begin():
            yield conn

    @contextmanager
    def _single(self) -> Iterator[Connection]:
        with answering(), self._reader.connect().execution_options(**_AT_ONCE) as conn:
            yield conn

    def engine_for_jobs(self) -> Engine:
        """A new engine for what DBOS does by itself: take up what a dead process left, let delayed jobs go."""
        if self._writer is not None:
            return sqlite.for_jobs(self.url)
        return postgresql.for_jobs(self.url, self.limits)

    def afterwards(self, word: Callable[[], None]) -> None:
        """Said when this thread's transaction has committed, and never when it has not. Where writers share a commit
        it is said at once: who hears it waits for the database anyway."""
        if self._writer is None:
            _TOLD.get().append(word)
        else:
            word()

    def close(self) -> None:
        """Give the connections back. Open blocks end with an error."""
        if self._writer is not None and self._readers is not None:
            self._writer.close()
            self._readers.close()
        self._reader.dispose()
        self.engine.dispose()
