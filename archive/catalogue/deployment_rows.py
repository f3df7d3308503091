"""The one row that says whose archive this catalogue belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from archive.catalogue import Connection
from archive.catalogue.dialects import insert_missing
from archive.catalogue.tables import deployment


@dataclass(frozen=True, slots=True)
class Deployment:
    """`id` was made up when the archive was begun; `log_key` is the verifier key of its log (C2SP signed-note)."""

    id: str
    log_key: str
    begun_at: datetime


def deployment_of(conn: Connection) -> Deployment | None:
    """None before the archive is begun."""
    row = conn.execute(select(deployment)).first()
    return Deployment(row.id, row.log_key, row.begun_at) if row else None


def begin(conn: Connection, new: Deployment) -> None:
    """Unless it was begun already."""
    row = {"place": 1, "id": new.id, "log_key": new.log_key, "begun_at": new.begun_at}
    insert_missing(conn, deployment, row)
