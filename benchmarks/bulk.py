"""Rows in bulk, around what makes single acts safe: for catalogues that are made before they are measured."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from api.transactions import Transactions

Row = Sequence[Any]


class Bulk:
    """Inserts by the driver itself; secondary indexes are made at the end. One transaction on SQLite."""

    def __init__(self, transactions: Transactions) -> None:
        self._engine = transactions.engine
        self._sqlite = self._engine.dialect.name == "sqlite"

    def __enter__(self) -> Self:
        self._raw: Any = self._engine.raw_connection()
        self._connection: Any = self._raw.dbapi_connection
        if self._sqlite:
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-400000"):
                self._connection.execute(f"PRAGMA {pragma}")
            self._connection.execute("BEGIN")
        self._indexes = self._drop_indexes()
        return self

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Rows of Python values, in the order of the columns."""
        if not rows:
            return
        names = ", ".join(f'"{column}"' for column in columns)
        if self._sqlite:
            marks = ", ".join("?" * len(columns))
            sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
            self._connection.executemany(sql, _converted(rows, _SQLITE))
            return
        with self._connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in _converted(rows, _POSTGRESQL):
                copy.write_row(row)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            for statement in self._indexes:
                self._connection.execute(statement)
            if self._sqlite:
                self._connection.execute("COMMIT")
                for pragma in ("foreign_keys=ON", "synchronous=FULL", "wal_checkpoint(TRUNCATE)"):
                    self._connection.execute(f"PRAGMA {pragma}")
            else:
                self._connection.commit()
        self._raw.invalidate()
        if kind is None and not self._sqlite:
            with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                conn.execute(text("ANALYZE"))

    def _drop_indexes(self) -> list[str]:
        """The statements that make them again."""
        if self._sqlite:
            query = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
            found = self._connection.execute(query).fetchall()
        else:
            query = (
                "SELECT i.indexname, i.indexdef FROM pg_indexes i WHERE i.schemaname = 'public' AND NOT EXISTS "
                "(SELECT 1 FROM pg_constraint c WHERE c.conname = i.indexname)"
            )
            found = self._connection.execute(query).fetchall()
        for name, _ in found:
            self._connection.execute(f'DROP INDEX "{name}"')
        return [sql for _, sql in found]


def _converted(rows: Sequence[Row], converters: dict[type, Callable[[Any], Any]]) -> list[list[Any]]:
    """The rows, with the columns of those types converted; columns have one type each, or are empty."""
    kinds = [
        next((type(value) for value in column if value is not None), type(None))
        for column in zip(*rows, strict=True)
    ]
    convert = [(place, converters[kind]) for place, kind in enumerate(kinds) if kind in converters]
    made = [list(row) for row in rows]
    for place, act in convert:
        known: dict[Any, Any] = {}
        for row in made:
            value = row[place]
            if value is None:
                continue
            if isinstance(value, datetime | date):
                if value not in known:
                    known[value] = act(value)
                row[place] = known[value]
            else:
                row[place] = act(value)
    return made


def _sqlite_time(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


def _json(value: Any) -> str:
    return json.dumps(value)


_SQLITE: dict[type, Callable[[Any], Any]] = {
    datetime: _sqlite_time,
    date: date.isoformat,
    dict: _json,
    list: _json,
}
_POSTGRESQL: dict[type, Callable[[Any], Any]] = {dict: _json, list: _json}
