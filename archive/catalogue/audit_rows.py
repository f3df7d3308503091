"""What an audit reads: every row, as it is, by statements that can only read.

Shares no query with the modules that write. Streams: memory does not grow with the tables. A column that the
service itself would never have written (a state that does not exist, say) comes back as it is.
Here is what it asks everything by; what it asks of documents, of the log and so on is in `audit_…` beside this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Select, func, select

from archive.catalogue import Connection
from archive.catalogue import tables as t

BLOCK = 500
RowValues = dict[str, Any]


def count(conn: Connection, table: str) -> int:
    """Rows of a table, for progress."""
    return int(conn.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one())


def by_id(conn: Connection, table: str, column: str, wanted: Sequence[str]) -> dict[str, RowValues]:
    """The rows of a table whose column is one of the wanted, by that column, which is unique."""
    here = t.metadata.tables[table]
    return {row[column]: row for row in every(conn, select(here).where(here.c[column].in_(wanted)))}


def stream(conn: Connection, query: Select[Any]) -> Iterator[RowValues]:
    """What the query finds, row by row."""
    result = conn.execute(query, execution_options={"yield_per": BLOCK})
    for row in result:
        yield dict(row._mapping)


def first(conn: Connection, query: Select[Any]) -> RowValues | None:
    """The first that the query finds."""
    row = conn.execute(query.limit(1)).first()
    return dict(row._mapping) if row else None


def every(conn: Connection, query: Select[Any]) -> list[RowValues]:
    """All that the query finds: of what is few."""
    return [dict(row._mapping) for row in conn.execute(query)]
