"""One act, one commit. The only place that opens database transactions.

    with transactions.write() as conn:   # all of the act's rows, or none of them
    with transactions.read() as conn:    # a consistent snapshot that can change nothing

SQLite: writers begin with IMMEDIATE (a deferred BEGIN loses updates or fails half-way), WAL, synchronous=FULL
(a commit survives a power cut), foreign keys on; the process's writers queue on one connection instead of
polling the file lock. PostgreSQL: its defaults (READ COMMITTED); the queries lock the rows that order acts.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url

BUSY_SECONDS = 60


class Transactions:
    """The engines of one database. Thread-safe; a forked process opens its own."""

    def __init__(self, url: str) -> None:
        self.url = url
        if make_url(url).get_backend_name() == "sqlite":
            self.engine = _sqlite(url, "BEGIN IMMEDIATE", read_only=False)
            self._reader = _sqlite(url, "BEGIN", read_only=True)
        else:
            self.engine = create_engine(url, pool_pre_ping=True)
            self._reader = self.engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Commits at the end of the block; an exception rolls everything back. Never nest in one thread."""
        with self.engine.begin() as conn:
            yield conn

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A snapshot: rows do not change while the block runs, and writes fail."""
        with self._reader.connect() as conn, conn.begin():
            yield conn

    def close(self) -> None:
        """Give the connections back. Open blocks end with an error."""
        self._reader.dispose()
        self.engine.dispose()


def _sqlite(url: str, begin: str, *, read_only: bool) -> Engine:
    pool: dict[str, Any] = (
        {"pool_size": 16} if read_only else {"pool_size": 1, "max_overflow": 0, "pool_timeout": BUSY_SECONDS}
    )
    engine = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": BUSY_SECONDS, "check_same_thread": False},
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
        conn.exec_driver_sql(begin)

    return engine
