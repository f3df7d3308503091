"""Engines on SQLite: WAL, synchronous=FULL (a commit survives a power cut), foreign keys on."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event

from api.store.database_errors import answering
from api.store.sqlite_writer import refuse_fork

BUSY_SECONDS = 60
# Of 4 KiB. What many acts change is written back once for all of them; a start after a kill reads no more than this.
CHECKPOINT_PAGES = 8_000


class Readers:
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


def engine(url: str, busy_seconds: float, *, read_only: bool) -> Engine:
    """The writer begins with IMMEDIATE: a deferred BEGIN loses updates or fails half-way."""
    made = create_engine(
        url,
        connect_args={"isolation_level": None, "timeout": busy_seconds, "check_same_thread": False},
        pool_size=16,
        max_overflow=-1,
        hide_parameters=True,  # what goes wrong is logged: subjects and names are not
    )

    @event.listens_for(made, "connect")
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

        @event.listens_for(made, "begin")
        def _begin(conn: Connection) -> None:
            raw: Any = (
                conn.connection.dbapi_connection
            )  # SQLAlchemy's care for results costs more than they do
            raw.execute("BEGIN IMMEDIATE")

    return made


def for_migrations(url: str) -> Engine:
    """A writer that does not look after foreign keys: a table that others refer to could not be rebuilt."""
    made = engine(url, BUSY_SECONDS, read_only=False)

    @event.listens_for(made, "connect")
    def _configure(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.execute("PRAGMA foreign_keys=OFF")

    return made


def for_jobs(url: str) -> Engine:
    """For what DBOS does by itself. Notes: a step that a power cut takes away is done again."""
    made = create_engine(url, hide_parameters=True)

    @event.listens_for(made, "connect")
    def _configure(dbapi_connection: Any, _record: object) -> None:
        dbapi_connection.isolation_level = "IMMEDIATE"
        dbapi_connection.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")
        dbapi_connection.execute("PRAGMA foreign_keys=ON")
        dbapi_connection.execute("PRAGMA synchronous=NORMAL")
        dbapi_connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT_PAGES}")

    return made
