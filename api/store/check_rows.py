"""What the lock canary found, run by run: the newest verdict counts for every process, the others are history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from api.store.tables import storage_checks as table
from archive.catalogue.identity import new_id

KEPT = 60  # runs of a store


@dataclass(frozen=True, slots=True)
class Check:
    """One run. `report` is what `archive.storage.canary.report.to_json` made."""

    id: str
    store: str
    process: str
    at: datetime
    conclusion: str
    report: dict[str, Any]


def keep(conn: Connection, store: str, process: str, at: datetime, report: dict[str, Any]) -> Check:
    """Adds the run; the oldest beyond KEPT go."""
    made = Check(new_id(at), store, process, at, report["conclusion"], report)
    row = {"id": made.id, "store": store, "process": process, "at": at}
    conn.execute(insert(table), {**row, "conclusion": made.conclusion, "report": report})
    old = select(table.c.id).where(table.c.store == store).order_by(table.c.at.desc(), table.c.id.desc())
    gone = [each.id for each in conn.execute(old.offset(KEPT).limit(KEPT))]
    if gone:
        conn.execute(delete(table).where(table.c.id.in_(gone)))
    return made


def latest(conn: Connection, store: str, besides: str = "") -> Check | None:
    """The newest run of that store, but for those with the conclusion `besides`."""
    found = conn.execute(
        select(table)
        .where((table.c.store == store) & (table.c.conclusion != besides))
        .order_by(table.c.at.desc(), table.c.id.desc())
        .limit(1)
    ).first()
    return None if found is None else Check(**found._mapping)
