"""A database at any revision, and what its shape is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from api import migrations

Shape = dict[str, dict[str, Any]]  # by table


@dataclass(frozen=True)
class Kept:
    """A column. `needed`: a row without a value for it is refused."""

    kind: str
    length: float
    needed: bool


def _kept(row: Any) -> Kept:
    length = getattr(row["type"], "length", None)
    return Kept(
        type(row["type"]).__name__, length or float("inf"), not row["nullable"] and row["default"] is None
    )


def history() -> list[str]:
    """Revisions, oldest first."""
    scripts = ScriptDirectory.from_config(migrations.config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def bring_to(engine: Engine, revision: str) -> None:
    with engine.begin() as conn:
        command.upgrade(migrations.config(conn), revision)


def shape(conn: Connection) -> Shape:
    """Columns, and what forbids rows: keys, foreign keys, unique and check constraints."""
    seen = inspect(conn)
    found: Shape = {}
    for table in seen.get_table_names():
        if table in ("alembic_version", "sqlite_sequence"):
            continue
        unique = {tuple(row["column_names"]) for row in seen.get_unique_constraints(table)}
        unique |= {tuple(row["column_names"]) for row in seen.get_indexes(table) if row["unique"]}
        found[table] = {
            "columns": {row["name"]: _kept(row) for row in seen.get_columns(table)},
            "key": tuple(seen.get_pk_constraint(table)["constrained_columns"]),
            "foreign": {tuple(row["constrained_columns"]) for row in seen.get_foreign_keys(table)},
            "unique": unique,
            "checks": {row["sqltext"] for row in seen.get_check_constraints(table)},
        }
    return found


def taken_away(before: Shape, after: Shape) -> list[str]:
    """What code of the shape `before` would miss in, or be refused by, the shape `after`."""
    found = [f"table {table} is gone" for table in before if table not in after]
    for table, old in before.items():
        new = after.get(table)
        if new is None:
            continue
        found += _columns(table, old["columns"], new["columns"])
        if new["key"] != old["key"]:
            found.append(f"{table} has another key")
        for rule in ("foreign", "unique", "checks"):
            rules = new[rule] - old[rule]
            if rule == "foreign":  # of new columns alone: the code of before leaves them empty
                rules = {one for one in rules if set(one) & set(old["columns"])}
            found += [f"{table} has a new rule: {rule} {one}" for one in rules]
    return found


def _columns(table: str, old: dict[str, Kept], new: dict[str, Kept]) -> list[str]:
    found = []
    for name, column in new.items():
        was = old.get(name)
        if was is None:
            if column.needed:
                found.append(f"{table}.{name} is new and needs a value")
        elif not was.needed and column.needed:
            found.append(f"{table}.{name} needs a value now")
        elif was.kind != column.kind or was.length > column.length:
            found.append(f"{table}.{name} was {was} and is {column}")
    return found + [f"{table}.{name} is gone" for name in old if name not in new]
