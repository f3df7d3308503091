"""What was done for preservation: events (PREMIS 3) and the runs of the nights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select, update

from archive.catalogue import Connection
from archive.catalogue.tables import fixity_runs, lock_runs, preservation_events
from policies.fixity import Work

AGENT = "antin"


class EventType(StrEnum):
    """Types of events: the Library of Congress' terms where it has them, else our own."""

    INGESTION = "ingestion"
    FIXITY = "fixity check"
    REPLICATION = "replication"
    UNQUARANTINE = "unquarantine"
    EXTENSION = "retention extension"
    REPAIR = "repair"


class EventOutcome(StrEnum):
    SUCCESS = "success"
    WARNING = "warning"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class PreservationEvent:
    """`key` empty: of a whole run over a store; `document` None: of no document."""

    id: str
    type: str
    at: datetime
    outcome: EventOutcome
    detail: str
    store: str
    key: str = ""
    document: str | None = None
    agent: str = AGENT


@dataclass(frozen=True, slots=True)
class LockRun:
    """One pass over the locks of one store. `good`: it came to its end, and nothing that was due was left out.

    `denied`: what the store did not let be hardened. Its row has no such column: the night says it.
    """

    id: str
    store: str
    started_at: datetime
    ended_at: datetime | None = None
    good: bool = False
    examined: int = 0
    extended: int = 0
    hardened: int = 0
    withheld: int = 0
    shortened: int = 0
    failed: int = 0
    earliest_end: datetime | None = None
    denied: int = 0


@dataclass(frozen=True, slots=True)
class FixityRun:
    """One scan of one store, as far as it came. `seconds` of reading give the pace of what was `done`."""

    id: str
    store: str
    started_at: datetime
    updated_at: datetime
    ended_at: datetime | None
    seconds: float
    done: Work
    damaged: int
    unread: int
    left: Work
    everything: Work


def add_event(conn: Connection, event: PreservationEvent) -> None:
    conn.execute(
        insert(preservation_events).values(
            **{name: getattr(event, name) for name in PreservationEvent.__slots__}
        )
    )


def add_fault_once(conn: Connection, event: PreservationEvent) -> None:
    """The event, unless the last one of its type on this copy said the same less than a day before."""
    here = preservation_events.c
    query = select(here.outcome, here.detail, here.at).where(
        here.type == event.type, here.key == event.key, here.store == event.store
    )
    last = conn.execute(query.order_by(here.at.desc(), here.id.desc()).limit(1)).first()
    said = last is not None and (last.outcome, last.detail) == (event.outcome, event.detail)
    if last is None or not said or event.at - last.at >= timedelta(days=1):
        add_event(conn, event)


def events_of(conn: Connection, document_id: str) -> tuple[PreservationEvent, ...]:
    """Events of the document's objects, oldest first."""
    here = preservation_events.c
    query = select(preservation_events).where(here.document == document_id).order_by(here.at, here.id)
    return tuple(_event(row) for row in conn.execute(query))


def latest_events(
    conn: Connection, kind: EventType, limit: int, *, faults: bool = False
) -> tuple[PreservationEvent, ...]:
    """The newest events of that type, newest first; only those that were no success, if `faults`."""
    here = preservation_events.c
    query = select(preservation_events).where(here.type == kind)
    if faults:
        query = query.where(here.outcome != EventOutcome.SUCCESS)
    return tuple(_event(row) for row in conn.execute(query.order_by(here.at.desc(), here.id).limit(limit)))


def save_lock_run(conn: Connection, run: LockRun) -> None:
    """The run as it stands now."""
    _save(conn, lock_runs, {name: getattr(run, name) for name in LockRun.__slots__ if name in lock_runs.c})


def last_lock_run(conn: Connection, store: str, *, good: bool = False) -> LockRun | None:
    """The newest run over that store; the newest good one."""
    query = select(lock_runs).where(lock_runs.c.store == store)
    if good:
        query = query.where(lock_runs.c.good)
    row = conn.execute(query.order_by(lock_runs.c.started_at.desc()).limit(1)).first()
    return LockRun(**row._mapping) if row else None


def last_shortened(conn: Connection, store: str) -> datetime | None:
    """When a run last found a lock that somebody had shortened."""
    query = select(lock_runs.c.started_at).where(lock_runs.c.store == store, lock_runs.c.shortened > 0)
    return conn.execute(query.order_by(lock_runs.c.started_at.desc()).limit(1)).scalar_one_or_none()


def save_fixity_run(conn: Connection, run: FixityRun) -> None:
    """The run as it stands now."""
    values: dict[str, Any] = {name: getattr(run, name) for name in FixityRun.__slots__}
    for name, prefix in (("done", ""), ("left", "left_"), ("everything", "all_")):
        work = values.pop(name)
        values |= {f"{prefix}objects": work.objects, f"{prefix}size": work.size}
    _save(conn, fixity_runs, values)


def last_fixity_run(conn: Connection, store: str, *, measured: bool = False) -> FixityRun | None:
    """The newest run over that store; the newest one that read anything."""
    query = select(fixity_runs).where(fixity_runs.c.store == store)
    if measured:
        query = query.where(fixity_runs.c.objects > 0)
    row = conn.execute(query.order_by(fixity_runs.c.started_at.desc()).limit(1)).first()
    if row is None:
        return None
    return FixityRun(
        id=row.id,
        store=row.store,
        started_at=row.started_at,
        updated_at=row.updated_at,
        ended_at=row.ended_at,
        seconds=row.seconds,
        done=Work(row.objects, row.size),
        damaged=row.damaged,
        unread=row.unread,
        left=Work(row.left_objects, row.left_size),
        everything=Work(row.all_objects, row.all_size),
    )


def ended(run: LockRun, at: datetime, earliest_end: datetime | None, *, good: bool) -> LockRun:
    """The run at its end."""
    return replace(run, ended_at=at, earliest_end=earliest_end, good=good)


def _save(conn: Connection, table: Any, values: dict[str, Any]) -> None:
    changed = conn.execute(update(table).where(table.c.id == values["id"]).values(**values))
    if changed.rowcount == 0:
        conn.execute(insert(table).values(**values))


def _event(row: Any) -> PreservationEvent:
    return PreservationEvent(**{**row._mapping, "outcome": EventOutcome(row.outcome)})
