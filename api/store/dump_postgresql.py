"""A PostgreSQL database as COPY gives it, table by table, all of one snapshot; and such tables put back.

Every table of the service's own schema and of the job queue's is taken, whatever it is called. Their shape is not: it
is made anew by the migrations. What is counted up (identity columns) goes on above the highest value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import make_url

from api.store import postgresql
from api.store.database_errors import answering
from archive.errors import ArchiveUnavailable

Connection = psycopg.Connection[Any]
# The migrations' own marks: they are made with the tables.
_MARKS = frozenset({"alembic_version", "dbos_migrations", "schema_state"})
_JOBS = "dbos"
_TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname IN (current_schema(), 'dbos') ORDER BY 1, 2"""
_REFERENCES = """
SELECT n.nspname, c.relname, fn.nspname, fc.relname FROM pg_constraint k
JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_class fc ON fc.oid = k.confrelid JOIN pg_namespace fn ON fn.oid = fc.relnamespace
WHERE k.contype = 'f' AND k.conrelid <> k.confrelid"""
_COLUMNS = """
SELECT column_name, data_type FROM information_schema.columns
WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER' ORDER BY ordinal_position"""
_COUNTED = """
SELECT a.attname, pg_get_serial_sequence(format('%%I.%%I', %s::text, %s::text), a.attname) FROM pg_attribute a
WHERE a.attrelid = format('%%I.%%I', %s::text, %s::text)::regclass AND a.attnum > 0 AND NOT a.attisdropped"""


@dataclass(frozen=True, slots=True)
class TableData:
    """A table by its name, its columns in order, and its rows as blocks of COPY's text form."""

    schema: str
    name: str
    columns: tuple[str, ...]
    blocks: Iterable[bytes]

    @property
    def of_jobs(self) -> bool:
        """Whether it is the job queue's own."""
        return self.schema == _JOBS

    @property
    def member(self) -> str:
        """Its name in a backup: `public` for the service's own tables, whatever schema they are in."""
        return f"database/{_JOBS if self.schema == _JOBS else 'public'}.{self.name}.copy"


@contextmanager
def snapshot(url: str) -> Iterator[Connection]:
    """One REPEATABLE READ transaction that can change nothing; without the limits that acts have."""
    with _connected(url) as conn:
        conn.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        _patient(conn)
        yield conn


def tables(conn: Connection) -> Iterator[TableData]:
    """Every table, those that others refer to first. The blocks are read while the iteration stands at the table."""
    for schema, name in _in_order(conn):
        columns = tuple(_columns(conn, schema, name))
        yield TableData(schema, name, columns, _blocks(conn, schema, name, columns))


def names(conn: Connection) -> list[TableData]:
    """The same without their rows."""
    return [
        TableData(schema, name, tuple(_columns(conn, schema, name)), ()) for schema, name in _in_order(conn)
    ]


def _blocks(conn: Connection, schema: str, name: str, columns: Sequence[str]) -> Iterator[bytes]:
    yield ("\t".join(columns) + "\n").encode()  # the first line names the columns
    statement = sql.SQL("COPY {} ({}) TO STDOUT").format(
        sql.Identifier(schema, name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor().copy(statement) as copy:
        yield from (bytes(block) for block in copy)


@contextmanager
def filling(url: str) -> Iterator[tuple[Connection, SqlConnection]]:
    """One transaction in which tables are filled; all of them or none. The same connection for COPY and for SQLAlchemy.

    Raises ArchiveUnavailable.
    """
    engine = postgresql.for_migrations(url)
    try:
        with answering(), engine.begin() as conn:
            raw: Any = conn.connection.dbapi_connection
            _patient(raw)
            yield raw, conn
    finally:
        engine.dispose()


def _patient(conn: Connection) -> None:
    """A table takes as long as it takes, whatever the role's defaults are."""
    for name in ("statement_timeout", "idle_in_transaction_session_timeout", "lock_timeout"):
        conn.execute(sql.SQL("SET LOCAL {} = 0").format(sql.Identifier(name)))


def first_row(conn: Connection) -> str | None:
    """The name of a table that has rows; None in an empty database."""
    for schema, name in _in_order(conn):
        found = conn.execute(sql.SQL("SELECT 1 FROM {} LIMIT 1").format(sql.Identifier(schema, name)))
        if found.fetchone() is not None:
            return name
    return None


def keep_out(conn: Connection, table: str) -> None:
    """Whoever starts on this database meanwhile waits at that table until the transaction ends, and then reads it."""
    conn.execute(sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(table)))


def fill(conn: Connection, member: str, blocks: Iterator[bytes]) -> None:
    """The rows of a member of a backup. Raises LookupError when this release has no such table or column."""
    schema, name = _target(conn, member)
    header, rest = _first_line(blocks)
    columns = header.decode().split("\t")
    known = _columns(conn, schema, name)
    if not set(columns) <= known.keys():
        raise LookupError(f"{name}: {', '.join(sorted(set(columns) - known.keys()))}")
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(schema, name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor().copy(statement) as copy:
        for block in rest:
            copy.write(block)


def fill_rows(conn: Connection, member: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as SQLite has them: booleans are numbers there, times text without their zone, which is UTC."""
    schema, name = _target(conn, member)
    known = _columns(conn, schema, name)
    if not set(columns) <= known.keys():
        raise LookupError(f"{name}: {', '.join(sorted(set(columns) - known.keys()))}")
    kinds = [known[column] for column in columns]
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(
        sql.Identifier(schema, name), sql.SQL(", ").join(map(sql.Identifier, columns))
    )
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row([_value(kind, value) for kind, value in zip(kinds, row, strict=True)])


def _value(kind: str, value: Any) -> Any:
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    return f"{value}+00" if kind == "timestamp with time zone" else value


def order(conn: Connection, members: Iterable[str]) -> list[str]:
    """Members of a backup, those first that others refer to. Raises LookupError for a table that is not here."""
    places = {TableData(schema, name, (), ()).member: n for n, (schema, name) in enumerate(_in_order(conn))}
    for member in members:
        if member not in places:
            raise LookupError(member)
    return sorted(members, key=places.__getitem__)


def count_on(conn: Connection) -> None:
    """Identity columns go on above what is there."""
    for schema, name in _in_order(conn):
        for column, sequence in conn.execute(_COUNTED, (schema, name, schema, name)).fetchall():
            if sequence is not None:
                highest = sql.SQL("SELECT setval(%s, coalesce(max({}), 1), max({}) IS NOT NULL) FROM {}")
                column_name = sql.Identifier(column)
                conn.execute(
                    highest.format(column_name, column_name, sql.Identifier(schema, name)), (sequence,)
                )


def _target(conn: Connection, member: str) -> tuple[str, str]:
    for schema, name in _in_order(conn):
        if TableData(schema, name, (), ()).member == member:
            return schema, name
    raise LookupError(member)


def _in_order(conn: Connection) -> list[tuple[str, str]]:
    left = [(schema, name) for schema, name in conn.execute(_TABLES).fetchall() if name not in _MARKS]
    needs: dict[tuple[str, str], set[tuple[str, str]]] = {table: set() for table in left}
    for schema, name, other_schema, other in conn.execute(_REFERENCES).fetchall():
        if (schema, name) in needs:
            needs[schema, name].add((other_schema, other))
    found: list[tuple[str, str]] = []
    while left:
        free = [table for table in left if not (needs[table] & set(left))]
        found += free
        left = [table for table in left if table not in free]
        if not free:
            raise LookupError("tables refer to each other in a circle")
    return found


def _columns(conn: Connection, schema: str, name: str) -> dict[str, str]:
    return dict(conn.execute(_COLUMNS, (schema, name)).fetchall())


def _first_line(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    head = b""
    for block in blocks:
        head += block
        line, newline, rest = head.partition(b"\n")
        if newline:
            return line, _after(rest, blocks)
    raise LookupError("a table without columns")


def _after(rest: bytes, blocks: Iterator[bytes]) -> Iterator[bytes]:
    yield rest
    yield from blocks


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        with psycopg.connect(address, connect_timeout=10, application_name="antin backup") as conn:
            yield conn
    except psycopg.OperationalError as exc:
        raise ArchiveUnavailable(f"PostgreSQL does not answer: {type(exc).__name__}") from exc
