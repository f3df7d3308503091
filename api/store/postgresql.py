"""Engines on PostgreSQL. Whatever hangs, hangs for a time that is known, and then says what it waited for.

    a connection of the pool       `Limits.free`        else no act would be told that all are taken
    a connection to the server     `Limits.connect`
    a lock                         `Limits.lock`        another transaction holds the row
    a statement                    `Limits.statement`   by the server; and a little later by us, if that hangs
    a transaction that does nothing  `Limits.idle`      the server ends it: its locks would hold up everyone

Two pools: readings have a snapshot and can write nothing, and no number of them keeps an act from its connection.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.abc import RV, PQGen
from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url, text

from api.store.database_errors import answering

READING_IDLE = 3600.0  # an audit reads the store between two rows; its snapshot locks nothing
MARGIN = 5.0  # after which a server is taken for dead that ought to have ended a statement
_TRY = text("SELECT pg_try_advisory_lock(hashtextextended('antin ' || :name, 0))")
JOB_CONNECTIONS = 4  # of DBOS itself; it listens on one more


@dataclass(frozen=True, slots=True)
class Limits:
    """`connections` for acts and as many for readings, of each process; the rest in seconds."""

    connections: int = 8
    free: float = 15.0
    connect: float = 5.0
    lock: float = 20.0
    statement: float = 60.0
    idle: float = 60.0


class PatientConnection(psycopg.Connection[Any]):
    """A connection that gives its server up when it does not answer: its own limits need a server that runs."""

    patience: float | None = None

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        try:
            return super().wait(gen, interval, timeout or self.patience)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()  # in the middle of an answer: of no use to anybody
            raise


def for_acts(url: str, limits: Limits) -> Engine:
    """READ COMMITTED, as PostgreSQL has it: statements lock the rows that order acts."""
    return _engine(url, limits, {"idle_in_transaction_session_timeout": _ms(limits.idle)}, "read-write")


def for_readings(url: str, limits: Limits) -> Engine:
    """Each transaction one snapshot, in which nothing can be written; a standby will do."""
    settings = {
        "idle_in_transaction_session_timeout": _ms(READING_IDLE),
        "default_transaction_isolation": "repeatable\\ read",
        "default_transaction_read_only": "on",
    }
    return _engine(url, limits, settings, "any")


def for_jobs(url: str, limits: Limits) -> Engine:
    """For what DBOS does by itself: the same limits, its own way to wait for notifications."""
    return create_engine(
        _with_driver(url),
        hide_parameters=True,  # what goes wrong is logged: subjects and names are not
        pool_pre_ping=True,
        pool_size=JOB_CONNECTIONS,
        max_overflow=0,
        pool_timeout=limits.free,
        connect_args=_connect_args(
            url, limits, {"idle_in_transaction_session_timeout": _ms(limits.idle)}, "read-write"
        ),
    )


@contextmanager
def unlimited(conn: Connection) -> Iterator[None]:
    """In this transaction a statement takes as long as it takes."""
    raw: Any = conn.connection.dbapi_connection
    conn.exec_driver_sql("SET LOCAL statement_timeout = 0")
    patience, raw.patience = raw.patience, None
    try:
        yield
    finally:
        raw.patience = patience


def for_migrations(url: str) -> Engine:
    """One connection without a limit for a statement: to fill a new index takes its time."""
    limits = Limits(statement=0.0, idle=0.0)
    return create_engine(
        _with_driver(url),
        hide_parameters=True,
        poolclass=NullPool,
        connect_args=_connect_args(url, limits, {}, "read-write"),
    )


@contextmanager
def alone(url: str, name: str) -> Iterator[bool]:
    """Whether nobody else has this name in the database, while the block runs; it is free when its holder dies.

    Raises DatabaseUnavailable.
    """
    engine = for_migrations(url).execution_options(isolation_level="AUTOCOMMIT")
    try:
        with answering():
            conn = engine.connect()
            conn.execute(text("SET idle_session_timeout = 0"))
            free = bool(conn.execute(_TRY, {"name": name}).scalar_one())
        with conn:
            yield free
    finally:
        engine.dispose()


def _engine(url: str, limits: Limits, settings: dict[str, str], session: str) -> Engine:
    engine = create_engine(
        _with_driver(url),
        hide_parameters=True,  # what goes wrong is logged: subjects and names are not
        pool_pre_ping=True,  # a server that was started again is found out before the act, not by it
        pool_size=limits.connections,
        max_overflow=0,
        pool_timeout=limits.free,
        connect_args=_connect_args(url, limits, settings, session),
    )

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, args: Any, kwargs: Any) -> PatientConnection:
        made = PatientConnection.connect(*args, **kwargs)
        made.patience = limits.statement + MARGIN
        return made

    return engine


def _connect_args(url: str, limits: Limits, settings: dict[str, str], session: str) -> dict[str, Any]:
    timeouts = {"statement_timeout": _ms(limits.statement), "lock_timeout": _ms(limits.lock)}
    given = make_url(url).query.get("options", "")
    ours = " ".join(f"-c {name}={value}" for name, value in (timeouts | settings).items())
    return {
        "options": f"{ours} {given}".strip(),
        "connect_timeout": max(2, round(limits.connect)),  # libpq takes 1 for 2
        "tcp_user_timeout": round(((limits.statement or READING_IDLE) + MARGIN) * 1000),
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
        "target_session_attrs": session,
        "application_name": "antin",
    }


def _with_driver(url: str) -> URL:
    """psycopg, however the address begins."""
    return make_url(url).set(drivername="postgresql+psycopg")


def _ms(seconds: float) -> str:
    return str(round(seconds * 1000))
