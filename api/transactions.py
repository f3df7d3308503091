"""One act, one commit. The only place that opens database transactions.

    with transactions.write() as conn:   # all of the act's rows, or none of them
    with transactions.note() as conn:    # the same, for rows that a power cut may take away again
    with transactions.read() as conn:    # a consistent snapshot that can change nothing
    with transactions.look() as conn:    # the same for one statement, which is consistent by itself

SQLite: writers begin with IMMEDIATE (a deferred BEGIN loses updates or fails half-way), WAL, synchronous=FULL
(a commit survives a power cut), foreign keys on; the process's writers queue on one connection instead of
polling the file lock, and those that follow each other at once share a commit (`store.sqlite_writer`). PostgreSQL:
its defaults (READ COMMITTED); the queries lock the rows that order acts.

A note commits without waiting for the disk (synchronous=NORMAL; PostgreSQL: synchronous_commit=off). It survives
the death of the process, its order among commits is kept, and the next `write` makes it durable as well. It is
for what is repeated or taken up again without harm: the answer under a key of idempotency, that a job has ended.

A database that does not answer is `ArchiveUnavailable`: whether the act was committed is then unknown, and it
is repeated.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

from api import fence
from api.store.database_errors import answering
from api.store.sqlite_writer import Writer, refuse_fork

BUSY_SECONDS = 60
_TOLD: ContextVar[list[Callable[[], None]]] = ContextVar("told")
# Of 4 KiB. What many acts change is written back once for all of them; a start after a kill reads no more than this.
CHECKPOINT_PAGES = 8_000


class Transactions:
    """The engines of one database. Thread-safe; SQLite's are of no use to a fork, which is told so."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.url = url
        self._writer: Writer | None = None
        self._readers: _Readers | None = None
        if make_url(url).get_backend_name() == "sqlite":
            self.engine = _sqlite(url, busy_seconds, read_only=False)
            self._reader = _sqlite(url, busy_seconds, read_only=True)
            self._writer, self._readers = Writer(self.engine, busy_seconds), _Readers(self._reader)
        else:
            self.engine = create_engine(url, pool_pre_ping=True)
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    def write(self) -> AbstractContextManager[Connection]:
        """Commits at the end of the block; an exception rolls everything back. Never nest in one thread."""
        return self._writer.held(durable=True) if self._writer else self._begun(waits=True)

    def note(self) -> AbstractContextManager[Connection]:
        """As `write`; a power cut soon after may undo it, and nothing that was committed before it."""
        return self._writer.held(durable=False) if self._writer else self._begun(waits=False)

    def read(self) -> AbstractContextManager[Connection]:
        """A snapshot: rows do not change while the block runs, and writes fail."""
        return self._readers.lent() if self._readers else self._snapshot()

    def look(self) -> AbstractContextManager[Connection]:
        """As `read`, where one statement is all: without a snapshot, which would cost two more."""
        return self._readers.lent(snapshot=False) if self._readers else self._snapshot()

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


class _Readers:
    """Connections that stay open between readings, as many as there were readers at a time. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: deque[Connection] = deque()
        self._process = os.getpid()
        self._closed = False

    @contextmanager
    def lent(self, *, snapshot: bool = True) -> Iterator[Connection]:
        refuse_fork(self._process)
        with answering():
            conn = self._free_one()
            raw: Any = conn.connection.dbapi_connection
            try:
                if snapshot:  # by ourselves: SQLAlchemy's care for it costs more than most readings
                    raw.execute("BEGIN")
                yield conn
                if conn.in_transaction():  # as SQLAlchemy sees it, which ran a statement of the block
                    conn.rollback()
                elif snapshot:
                    raw.execute("COMMIT")
            except BaseException:
                conn.close()  # whatever state it is in
                raise
        self._free.append(conn)
        if self._closed:  # meanwhile
            self.close()

    def _free_one(self) -> Connection:
        try:
            return self._free.pop()
        except IndexError:
            return self._engine.connect()

    def close(self) -> None:
        """Those that nobody uses; the others when their reading ends."""
        self._closed = True
        with suppress(IndexError):  # somebody else took the last one
            while self._free:
                self._free.pop().close()


def _sqlite(url: str, busy_seconds: float, *, read_only: bool) -> Engine:
    engine = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
        pool_size=16,
        max_overflow=-1,
    )

    @event.listens_for(engine, "connect")
    def _configure(dbapi_connection: Any, _record: object) -> None:
        cursor = dbapi_connection.cursor()
        # Changing the journal mode needs the file alone: only the writer does it, once for the file.
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    if not read_only:

        @event.listens_for(engine, "begin")
        def _begin(conn: Connection) -> None:
            raw: Any = (
                conn.connection.dbapi_connection
            )  # SQLAlchemy's care for results costs more than they do
            raw.execute("BEGIN IMMEDIATE")

    return engine


def engine_for_jobs(url: str) -> Engine | None:
    """The engine of what DBOS does by itself (take up what a dead process left, let delayed jobs go); None where its
    default is right.

    On SQLite these are notes: a step that a power cut takes away is done again.
    """
    if make_url(url).get_backend_name() != "sqlite":
        return None
    engine = create_engine(url)

    @event.listens_for(engine, "connect")
    def _configure(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = "IMMEDIATE"
        dbapi_connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        dbapi_connection.execute("PRAGMA foreign_keys=ON")
        dbapi_connection.execute("PRAGMA synchronous=NORMAL")
        dbapi_connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")

    return engine
