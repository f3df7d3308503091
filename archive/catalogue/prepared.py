"""Statements that every act runs, compiled once: SQLAlchemy's way around a statement costs more than SQLite.

    _BY_ID = Prepared(select(documents).where(documents.c.id == bindparam("wanted")))
    row = _BY_ID(conn, {"wanted": document_id}).first()

On SQLite the compiled text goes to the driver itself, with the column types' own conversions both ways. Other
databases, statements that need more than that, statements that somebody listens to, and those that fail take
SQLAlchemy's way, with its errors.
"""

from __future__ import annotations

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, Self

from sqlalchemy import Connection, Dialect, Select

Processor = Callable[[Any], Any] | None
_NOTHING: Mapping[str, Any] = {}


class Found(Protocol):
    """What both ways give: as much of SQLAlchemy's result as is used here."""

    @property
    def rowcount(self) -> int: ...

    def first(self) -> Any: ...

    def one(self) -> Any: ...

    def scalar_one(self) -> Any: ...

    def scalar_one_or_none(self) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...


class Prepared:
    """One statement with named parameters. Safe for threads."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._compiled: dict[tuple[str, ...], _Compiled | None] = {}

    def __call__(self, conn: Connection, parameters: Mapping[str, Any] = _NOTHING) -> Found:
        """Run it in the caller's transaction. Raises as `conn.execute`."""
        compiled = self._for(conn, parameters)
        if compiled is not None:
            raw: Any = conn.connection.dbapi_connection
            begun = raw.in_transaction
            try:
                return compiled.run(raw, parameters)
            except sqlite3.Error:
                if (
                    begun and not raw.in_transaction
                ):  # all of it was undone: alone, this would be committed at once
                    raise
            # Nothing was done: once more, to fail as every statement does.
        return conn.execute(self.statement, dict(parameters))

    def many(self, conn: Connection, rows: Sequence[Mapping[str, Any]]) -> int:
        """Run a change once for each of the rows, which have the same names; how many rows it changed."""
        if not rows:
            return 0
        compiled = self._for(conn, rows[0])
        if compiled is None:
            return conn.execute(self.statement, [dict(row) for row in rows]).rowcount
        return sum(self(conn, row).rowcount for row in rows)

    def _for(self, conn: Connection, parameters: Mapping[str, Any]) -> _Compiled | None:
        if conn.dialect.name != "sqlite" or conn.dispatch.before_cursor_execute:
            return None
        names = tuple(parameters)
        try:
            return self._compiled[names]
        except KeyError:
            compiled = self._compiled[names] = _Compiled.of(self.statement, conn.dialect, names)
            return compiled


class _Compiled:
    """`given`: for each place of the text, the name of what is given for it, and how that is converted; `fixed`:
    what stands at the others."""

    def __init__(
        self,
        text: str,
        fixed: list[Any],
        given: list[tuple[int, str, Processor]],
        columns: list[tuple[str, Processor]],
    ):
        self._text = text
        self._fixed = fixed
        self._given = given
        self._row = _row_type([name for name, _ in columns])
        self._conversions = [(at, convert) for at, (_, convert) in enumerate(columns) if convert is not None]

    @classmethod
    def of(cls, statement: Any, dialect: Dialect, names: tuple[str, ...]) -> Self | None:
        """None when running it takes more than its text and its parameters."""
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))
        more = compiled.insert_prefetch, compiled.update_prefetch, compiled.effective_returning
        special = compiled.literal_execute_params, compiled.post_compile_params
        if any(more) or any(special) or compiled.positiontup is None:
            return None
        fixed: list[Any] = []
        given: list[tuple[int, str, Processor]] = []
        for place, name in enumerate(compiled.positiontup):
            bind = compiled.binds[name]
            convert: Processor = bind.type.dialect_impl(dialect).bind_processor(dialect)
            value = compiled.params[name]
            if name in names:
                given.append((place, name, convert))
            elif bind.required:
                return None
            fixed.append(convert(value) if convert is not None and name not in names else value)
        columns: list[tuple[str, Processor]] = []
        if isinstance(statement, Select):
            for place, column in enumerate(statement.selected_columns):
                name = str(column.key or f"column_{place}")  # a bare function has no name
                convert = column.type.dialect_impl(dialect).result_processor(dialect, None)
                columns.append((name, convert))
        return cls(str(compiled), fixed, given, columns)

    def run(self, raw: Any, parameters: Mapping[str, Any]) -> _Rows:
        values = self._fixed.copy()
        for place, name, convert in self._given:
            values[place] = parameters[name] if convert is None else convert(parameters[name])
        cursor = raw.execute(self._text, values)
        if cursor.description is None:
            return _Rows([], cursor.rowcount)
        row, conversions = self._row, self._conversions
        rows = []
        for items in cursor:
            if conversions:
                items = list(items)
                for place, convert in conversions:
                    items[place] = convert(items[place])
            rows.append(row(items))
        return _Rows(rows, cursor.rowcount)


class _Rows:
    """All rows of a result, in memory."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def first(self) -> Any:
        return self._rows[0] if self._rows else None

    def one(self) -> Any:
        (row,) = self._rows
        return row

    def scalar_one(self) -> Any:
        return self.one()[0]

    def scalar_one_or_none(self) -> Any:
        return self.one()[0] if self._rows else None


def _row_type(names: list[str]) -> Callable[[Iterable[Any]], Any]:
    """Makes rows with attributes, and with `_mapping` as SQLAlchemy's have it."""
    if len(set(names)) != len(names):
        raise ValueError(f"two columns of one name: {names}")
    kind: Any = namedtuple("Row", names)  # type: ignore[misc]
    row: Any = type("Row", (kind,), {"__slots__": (), "_mapping": property(kind._asdict)})
    make: Callable[[Iterable[Any]], Any] = row._make
    return make
