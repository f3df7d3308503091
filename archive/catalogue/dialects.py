"""The few statements whose form differs between SQLite and PostgreSQL."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql, sqlite

from archive.catalogue import Connection
from archive.catalogue.prepared import Prepared


def insert_missing(conn: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert the row unless its key is there already; a concurrent insert of the same key is waited for."""
    _insert_missing(table, conn.dialect.name)(conn, values)


@lru_cache(16)
def _insert_missing(table: Table, dialect: str) -> Prepared:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return Prepared(insert(table).on_conflict_do_nothing())
