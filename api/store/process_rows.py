"""Processes as rows, where several share a database (PostgreSQL): each counts its heartbeats up, the others watch.

Who has its row locked by `alive` cannot be declared lost until that transaction ends. An id is never used again,
so what stands under the id of a process that is gone can be given away at any later time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, insert, select, text, update

from api.store.tables import processes

STOPPED, LOST = "stopped", "lost"
KEPT = "1 hour"  # how long those that are gone are shown

_NOW = func.clock_timestamp()
_BEAT = (
    update(processes)
    .where(processes.c.id == bindparam("me"), processes.c.gone_at.is_(None))
    .values(beats=processes.c.beats + 1, beat_at=_NOW, state=bindparam("told"))
    .returning(_NOW)
)
_ALIVE = text("SELECT 1 FROM processes WHERE id = :me AND gone_at IS NULL FOR KEY SHARE")
# Skipped: a transaction of it is under way; whoever looks next sees whether it is dead.
_LOCK = text(
    "SELECT 1 FROM processes WHERE id = :wanted AND beats = :beats AND gone_at IS NULL FOR UPDATE SKIP LOCKED"
)
_SILENT = func.extract("epoch", _NOW - processes.c.beat_at).label("silent")


@dataclass(frozen=True, slots=True)
class Process:
    """One process as its row shows it. `silent`: seconds since its last heartbeat, by the database's clock."""

    id: str
    role: str
    host: str
    pid: int
    beats: int
    state: dict[str, Any]
    started_at: datetime
    gone_at: datetime | None
    ending: str
    silent: float

    @property
    def gone(self) -> bool:
        return self.gone_at is not None


def register(conn: Connection, process_id: str, role: str, host: str, pid: int) -> None:
    """Before it takes or holds anything under this id."""
    row = {"id": process_id, "role": role, "host": host, "pid": pid, "beats": 0, "state": {}, "ending": ""}
    conn.execute(insert(processes).values(**row, started_at=_NOW, beat_at=_NOW))


def beat(conn: Connection, process_id: str, state: dict[str, Any]) -> datetime | None:
    """The database's time; None when it was declared gone."""
    found: datetime | None = conn.execute(_BEAT, {"me": process_id, "told": state}).scalar_one_or_none()
    return found


def everyone(conn: Connection) -> tuple[Process, ...]:
    """Those that live, and those that went lately; oldest first."""
    names = [processes.c[name] for name in Process.__slots__ if name != "silent"]
    rows = conn.execute(select(*names, _SILENT).order_by(processes.c.started_at, processes.c.id))
    return tuple(Process(**{**row._mapping, "silent": float(row.silent)}) for row in rows)


def alive(conn: Connection, process_id: str) -> bool:
    """Whether it is not gone; it stays so until the transaction ends."""
    return conn.execute(_ALIVE, {"me": process_id}).first() is not None


def declare(conn: Connection, process_id: str, beats: int, ending: str) -> bool:
    """Gone from here on, unless its heart beat again or a transaction of it is under way."""
    if conn.execute(_LOCK, {"wanted": process_id, "beats": beats}).first() is None:
        return False
    here = processes.c.id == process_id
    conn.execute(update(processes).where(here).values(gone_at=_NOW, ending=ending))
    return True


def leave(conn: Connection, process_id: str) -> None:
    """It ends by itself, and holds nothing more."""
    here = (processes.c.id == process_id, processes.c.gone_at.is_(None))
    conn.execute(update(processes).where(*here).values(gone_at=_NOW, ending=STOPPED))


def forget_old(conn: Connection) -> None:
    """Those that went some time ago."""
    conn.execute(delete(processes).where(processes.c.gone_at < _NOW - text(f"INTERVAL '{KEPT}'")))
