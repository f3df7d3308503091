"""The few statements whose form differs between SQLite and PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from archive.catalogue import Connection


def insert_missing(conn: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert the row unless its key is there already; a concurrent insert of the same key is waited for."""
    if conn.dialect.name == "sqlite":
        conn.execute(sqlite.insert(table).values(**values).on_conflict_do_nothing())
    else:
        conn.execute(postgresql.insert(table).values(**values).on_conflict_do_nothing())
