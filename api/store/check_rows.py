"""What the lock canary found, run by run: the newest verdict counts for every process, the others are history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from api.store.tables import storage_checks as table

KEPT = 60  # runs of a store


@dataclass(frozen=True, slots=True)
class Check:
    """One run. `report` is what `archive.storage.canary.report.to_json` made."""

    store: str
    process: str
    at: datetime
    conclusion: str
    report: dict[str, Any]


def keep(conn: Connection, store: str, process: str, at: datetime, report: dict[str, Any]) -> None:
    """Adds the run; the oldest beyond KEPT go."""
    row = {"store": store, "process": process, "at": at, "conclusion": report["conclusion"]}
    conn.execute(insert(table), {**row, "report": report})
    old = select(table.c.ordinal).where(table.c.store == store).order_by(table.c.ordinal.desc())
    gone = [each.ordinal for each in conn.execute(old.offset(KEPT).limit(KEPT))]
    if gone:
        conn.execute(delete(table).where(table.c.ordinal.in_(gone)))


def latest(conn: Connection, store: str, besides: str = "") -> Check | None:
    """The run of that store that was kept last, but for those with the conclusion `besides`."""
    columns = (table.c.store, table.c.process, table.c.at, table.c.conclusion, table.c.report)
    found = conn.execute(
        select(*columns)
        .where((table.c.store == store) & (table.c.conclusion != besides))
        .order_by(table.c.ordinal.desc())
        .limit(1)
    ).first()
    return None if found is None else Check(**found._mapping)
