"""Tables made for a test: the statements are compiled once in a process, and one table asked for, not each."""

from __future__ import annotations

from functools import cache

from sqlalchemy import Connection, Dialect, MetaData, create_mock_engine, inspect
from sqlalchemy.engine import URL


def create_all(conn: Connection, metadata: MetaData) -> None:
    """All tables of `metadata` in a database that has none of them; nothing in one that has them."""
    if inspect(conn).has_table(metadata.sorted_tables[0].name):
        return
    for statement in _statements(metadata, conn.dialect):
        conn.exec_driver_sql(statement)


@cache
def _statements_of(metadata: MetaData, name: str, driver: str) -> tuple[str, ...]:
    made: list[str] = []
    engine = create_mock_engine(
        URL.create(f"{name}+{driver}"),
        lambda statement, *_, **__: made.append(str(statement.compile(dialect=engine.dialect))),
    )
    metadata.create_all(engine, checkfirst=False)
    return (";\n".join(made),) if name == "postgresql" else tuple(made)


def _statements(metadata: MetaData, dialect: Dialect) -> tuple[str, ...]:
    return _statements_of(metadata, dialect.name, dialect.driver)
