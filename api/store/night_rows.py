"""What is done at night and in between: one row a task, so that of several workers one puts it in line.

The row is claimed by the operation that was seen in it: whoever claims it puts a new operation and its job in line in
the same transaction; everybody else finds another operation there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select, update

from api.store.tables import night_tasks
from archive.catalogue.dialects import insert_missing


@dataclass(frozen=True, slots=True)
class NightTask:
    """`night`: the last one that it was put in line for. `ended`: the operation that came to an end last, `good` and
    `told` how. `good_at`: when one last ended well."""

    name: str
    night: date | None
    operation: str | None
    since: datetime
    started_at: datetime | None
    ended: str | None
    good: bool
    ended_at: datetime | None
    good_at: datetime | None
    told: dict[str, Any]

    @property
    def over(self) -> bool:
        """Whether its last operation came to an end, good or bad."""
        return self.operation == self.ended


def begin(conn: Connection, names: list[str], night: date, at: datetime) -> None:
    """The tasks have rows: an archive that is new, or has no nights yet, owes none before the next one."""
    for name in names:
        insert_missing(
            conn,
            night_tasks,
            {"name": name, "night": night, "operation": None, "since": at, "good": True, "told": {}},
        )


def tasks(conn: Connection) -> dict[str, NightTask]:
    """The rows by name."""
    return {row.name: NightTask(**row._mapping) for row in conn.execute(select(night_tasks))}


def claim(
    conn: Connection, name: str, seen: str | None, operation: str, night: date | None, at: datetime
) -> bool:
    """The task's next operation is this one, if `seen` still is the last; False when another was quicker."""
    here = night_tasks.c
    last = here.operation.is_(None) if seen is None else here.operation == seen
    values: dict[str, Any] = {"operation": operation, "started_at": at}
    if night is not None:
        values["night"] = night
    return conn.execute(update(night_tasks).where(here.name == name, last).values(**values)).rowcount == 1


def end(
    conn: Connection, name: str, operation: str, told: dict[str, Any], at: datetime, *, good: bool
) -> None:
    """What the task's operation said at its end."""
    values: dict[str, Any] = {"ended": operation, "good": good, "ended_at": at, "told": told}
    if good:
        values["good_at"] = at
    conn.execute(update(night_tasks).where(night_tasks.c.name == name).values(**values))
