"""The row that says that this catalogue was made out of the object store, and what was not taken over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, update

from archive.catalogue import Connection
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import rebuild_findings, rebuilds

_THE_ONE = Prepared(select(rebuilds).where(rebuilds.c.id == 1))
_CLOSED = Prepared(
    select(rebuilds.c.closed_through).where(
        rebuilds.c.id == 1, rebuilds.c.closed_through >= bindparam("year")
    )
)


@dataclass(frozen=True, slots=True)
class Rebuild:
    """`done_to`: how far its `stage` has come. `closed_through`: the last year whose series it closed."""

    source: str
    origin: str
    size: int
    root: bytes
    quick: bool
    stage: str
    done_to: str
    started_at: datetime
    finished_at: datetime | None = None
    closed_through: int | None = None


def current(conn: Connection) -> Rebuild | None:
    """The one of this catalogue, under way or finished; None for a catalogue that was never lost."""
    row = _THE_ONE(conn).first()
    if row is None:
        return None
    values = dict(row._mapping)
    del values["id"]
    return Rebuild(**values)


def begin(conn: Connection, rebuild: Rebuild) -> None:
    """From here on nobody serves this catalogue until the rebuild is finished."""
    conn.execute(insert(rebuilds).values(id=1, **{n: getattr(rebuild, n) for n in Rebuild.__slots__}))


def change(conn: Connection, **values: Any) -> None:
    """Set columns: stage, done_to, finished_at, closed_through."""
    conn.execute(update(rebuilds).where(rebuilds.c.id == 1).values(**values))


def closes(conn: Connection, year: int) -> bool:
    """Whether series of that year may have had numbers of which this catalogue knows nothing."""
    return _CLOSED(conn, {"year": year}).first() is not None


def add_finding(conn: Connection, finding: str, place: str, what: str) -> None:
    conn.execute(insert(rebuild_findings).values(finding=finding, place=place, what=what))
