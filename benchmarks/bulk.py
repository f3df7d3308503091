"""Rows in bulk, around what makes single acts safe: for catalogues that are made before they are measured."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import Any, Self

from sqlalchemy import text

from api.transactions import Transactions

Row = Sequence[Any]
ROWS_A_COMMIT = 200_000


class Bulk:
    """Inserts by the driver itself; secondary indexes are made at the end. Nothing of it survives a crash."""

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
        self._left = ROWS_A_COMMIT
        return self

    def _begin_anew(self) -> None:
        """So that the write-ahead log stays short."""
        if self._sqlite:
            self._connection.execute("COMMIT")
            self._connection.execute("BEGIN")
        else:
            self._connection.commit()

    def insert(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Rows of Python values, in the order of the columns; what a column's first row has, all of them have."""
        if not rows:
            return
        names = ", ".join(f'"{column}"' for column in columns)
        converted = _converted(rows, _SQLITE if self._sqlite else _POSTGRESQL)
        self._left -= len(rows)
        if self._left < 0:
            self._left = ROWS_A_COMMIT
            self._begin_anew()
        if self._sqlite:
            marks = ", ".join("?" * len(columns))
            sql = f'INSERT INTO "{table}" ({names}) VALUES ({marks})'  # noqa: S608
            self._connection.executemany(sql, converted)
            return
        with self._connection.cursor() as cursor, cursor.copy(f'COPY "{table}" ({names}) FROM STDIN') as copy:
            for row in converted:
                copy.write_row(row)

    def run(self, statement: str, values: Mapping[str, Any]) -> None:
        """One statement with named values; `{json}` stands for the facts of an issue."""
        json_text = "'{{\"number\": \"' || number_text || '\"}}'"
        if self._sqlite:
            given = {name: _SQLITE.get(type(value), _same)(value) for name, value in values.items()}
            self._connection.execute(statement.format(json=json_text.format()), given)
            return
        sql = re.sub(r":(\w+)", r"%(\1)s", statement.format(json=f"({json_text.format()})::json"))
        self._connection.execute(sql, dict(values))

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


def _converted(
    rows: Sequence[Row], converters: dict[type, Callable[[Any], Any]]
) -> Iterator[tuple[Any, ...]]:
    """The rows, whose columns of those types are converted. A column has one value of such a type, or one for each."""
    places = [
        (place, converters[type(value)]) for place, value in enumerate(rows[0]) if type(value) in converters
    ]
    known: dict[int, Any] = {}
    for row in rows:
        made = list(row)
        for place, convert in places:
            value = made[place]
            key = id(value)
            if key not in known:
                known[key] = convert(value)
            made[place] = known[key]
        yield tuple(made)


def _same(value: Any) -> Any:
    return value


def _sqlite_time(value: datetime) -> str:
    return value.replace(tzinfo=None).isoformat(" ", "microseconds")


_SQLITE: dict[type, Callable[[Any], Any]] = {
    datetime: _sqlite_time,
    date: date.isoformat,
    dict: json.dumps,
    list: json.dumps,
}
_POSTGRESQL: dict[type, Callable[[Any], Any]] = {dict: json.dumps, list: json.dumps}
