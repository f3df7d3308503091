"""One act, one commit. The only place that opens database transactions.

    with transactions.write() as conn:   # all of the act's rows, or none of them
    with transactions.note() as conn:    # the same, for rows that a power cut may take away again
    with transactions.read() as conn:    # a consistent snapshot that can change nothing

SQLite: writers begin with IMMEDIATE (a deferred BEGIN loses updates or fails half-way), WAL, synchronous=FULL
(a commit survives a power cut), foreign keys on; the process's writers queue on one connection instead of
polling the file lock. PostgreSQL: its defaults (READ COMMITTED); the queries lock the rows that order acts.

A note commits without waiting for the disk (synchronous=NORMAL; PostgreSQL: synchronous_commit=off). It survives
the death of the process, its order among commits is kept, and the next `write` makes it durable as well. It is
for what is repeated or taken up again without harm: that a key of idempotency is in use, that a job has ended.

A database that does not answer is `ArchiveUnavailable`: whether the act was committed is then unknown, and it
is repeated.
"""

from __future__ import annotations

import os
import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from archive.errors import ArchiveUnavailable

BUSY_SECONDS = 60
UNANSWERED = ("SQLITE_BUSY", "SQLITE_IOERR", "SQLITE_FULL", "SQLITE_CANTOPEN", "SQLITE_PROTOCOL")


class Transactions:
    """The engines of one database. Thread-safe; a forked process opens its own."""

    def __init__(self, url: str, *, busy_seconds: float = BUSY_SECONDS) -> None:
        self.url = url
        self._noting: Engine
        if make_url(url).get_backend_name() == "sqlite":
            self.engine = _sqlite(url, "BEGIN IMMEDIATE", busy_seconds, read_only=False)
            self._reader = _sqlite(url, "BEGIN", busy_seconds, read_only=True)
            self._noting = self.engine.execution_options(antin_note=True)
            self._readers: _Readers | None = _Readers(self._reader)
        else:
            self.engine = create_engine(url, pool_pre_ping=True)
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
            self._noting = self.engine
            self._readers = None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commits at the end of the block; an exception rolls everything back. Never nest in one thread."""
        with answering(), self.engine.begin() as conn:
            yield conn

    @contextmanager
    def note(self) -> Iterator[Connection]:
        """As `write`; a power cut soon after may undo it, and nothing that was committed before it."""
        with answering(), self._noting.begin() as conn:
            if conn.dialect.name == "postgresql":
                conn.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: rows do not change while the block runs, and writes fail."""
        if self._readers is None:
            with answering(), self._reader.connect() as conn, conn.begin():
                yield conn
        else:
            with answering(), self._readers.lent() as conn:
                yield conn

    def close(self) -> None:
        """Give the connections back. Open blocks end with an error."""
        if self._readers is not None:
            self._readers.close()
        self._reader.dispose()
        self.engine.dispose()


class _Readers:
    """Connections that stay open between readings: the way through SQLAlchemy's pool costs four times a reading.

    As many as there were readers at a time. Safe for threads.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._free: deque[Connection] = deque()
        self._process = os.getpid()
        self._closed = False

    @contextmanager
    def lent(self) -> Iterator[Connection]:
        if self._process != os.getpid():  # a fork: the parent's connections are not ours
            self._free, self._process = deque(), os.getpid()
        try:
            conn = self._free.pop()
        except IndexError:
            conn = self._engine.connect()
        try:
            with conn.begin():
                yield conn
        except BaseException:
            conn.close()  # whatever state it is in
            raise
        self._free.append(conn)
        if self._closed:  # meanwhile
            self.close()

    def close(self) -> None:
        """Those that nobody uses; the others when their reading ends."""
        self._closed = True
        with suppress(IndexError):  # somebody else took the last one
            while self._free:
                self._free.pop().close()


@contextmanager
def answering() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as exc:
        raise ArchiveUnavailable("no connection to the database became free") from exc
    except DBAPIError as exc:
        name = getattr(exc.orig, "sqlite_errorname", "")
        if exc.connection_invalidated or name.startswith(UNANSWERED):
            raise ArchiveUnavailable(f"the database did not answer ({name or exc.orig})") from exc
        raise
    except sqlite3.OperationalError as exc:  # of BEGIN, which goes around SQLAlchemy
        if exc.sqlite_errorname.startswith(UNANSWERED):
            raise ArchiveUnavailable(f"the database did not answer ({exc.sqlite_errorname})") from exc
        raise


def _sqlite(url: str, begin: str, busy_seconds: float, *, read_only: bool) -> Engine:
    pool: dict[str, Any] = (
        {"pool_size": 16, "max_overflow": -1}
        if read_only
        else {"pool_size": 1, "max_overflow": 0, "pool_timeout": busy_seconds}
    )
    engine = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
        **pool,
    )

    @event.listens_for(engine, "connect")
    def _configure(dbapi_connection: Any, _record: object) -> None:
        cursor = dbapi_connection.cursor()
        # Changing the journal mode needs the file alone: only the writer does it, once for the file.
        if not read_only:
            cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA foreign_keys=ON")
        if read_only:
            cursor.execute("PRAGMA query_only=ON")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(conn: Connection) -> None:
        raw: Any = conn.connection.dbapi_connection  # SQLAlchemy's care for results costs more than they do
        if not read_only:
            waits = "NORMAL" if conn.get_execution_options().get("antin_note") else "FULL"
            if conn.info.get("synchronous") != waits:
                raw.execute(f"PRAGMA synchronous={waits}")
                conn.info["synchronous"] = waits
        raw.execute(begin)

    return engine


def engine_for_jobs(url: str) -> Engine | None:
    """The engine of the queue's own steps (taken, done); None where the queue's default is right.

    On SQLite they are notes: a step that a power cut takes away is done again, and every handler bears that.
    What enqueues is written in the act's own, durable transaction.
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

    return engine
