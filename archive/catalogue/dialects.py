"""What SQLite and PostgreSQL do differently: the few statements whose form differs, and the case of letters."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Table, bindparam, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from archive.catalogue import Connection
from archive.catalogue.prepared import Prepared

_ALONE = Prepared(
    select(
        func.pg_advisory_xact_lock(func.hashtextextended(bindparam("name"), bindparam("seed", 0, BigInteger)))
    )
)


def lock_name(conn: Connection, name: str) -> None:
    """Nobody else has this name until the transaction ends: whoever comes second waits, and then reads what is there.

    For what no row stands for, the row that is to be made say. On SQLite writers are alone anyway.
    """
    if conn.dialect.name != "sqlite":
        _ALONE(conn, {"name": name})


def insert_missing(conn: Connection, table: Table, values: dict[str, Any]) -> None:
    """Insert the row unless its key is there already; a concurrent insert of the same key is waited for."""
    _insert_missing(table, conn.dialect.name)(conn, values)


@lru_cache(16)
def _insert_missing(table: Table, dialect: str) -> Prepared:
    insert = sqlite.insert if dialect == "sqlite" else postgresql.insert
    return Prepared(insert(table).on_conflict_do_nothing())


def contains(word: str, *texts: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whatever the case: SQLite's `lower` knows ASCII alone, so other letters are asked for in each form."""
    forms = sorted({word, word.lower(), word.upper(), word.capitalize()})
    return or_(*(text.icontains(form, autoescape=True) for text in texts for form in forms))
