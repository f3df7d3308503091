"""Answers kept by Idempotency-Key: a retry gets the first answer, another body is refused.

A row is written by the act (`made`: no status yet), and by its answer; an act that says nothing of itself leaves the
row to its answer. A row without a status means: the act is committed, and how it was answered is not known.

Which keys are in use right now: in memory where one process serves the data, for its death frees them; a row under
the process's heartbeat where several do.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, null, select, update

from api.store.tables import idempotency
from archive.catalogue.dialects import insert_missing
from archive.catalogue.prepared import Prepared

KEPT = timedelta(days=7)
_HERE = (idempotency.c.account == bindparam("who"), idempotency.c.key == bindparam("which"))
# Built once: every write runs them.
_FIND = Prepared(
    select(
        idempotency.c.route,
        idempotency.c.body_hash,
        idempotency.c.status,
        idempotency.c.headers,
        idempotency.c.body,
        idempotency.c.at,
    ).where(*_HERE)
)
_INSERT = Prepared(insert(idempotency))
_ANSWER = Prepared(
    update(idempotency)
    .where(*_HERE)
    .values(status=bindparam("new_status"), headers=bindparam("new_headers"), body=bindparam("new_body"))
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks for, under which key."""

    account: str
    key: str
    route: str
    body_hash: str


@dataclass(frozen=True, slots=True)
class Kept:
    route: str
    body_hash: str
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None
    at: datetime

    @property
    def made(self) -> str | None:
        """Where that lies which the act made or changed, while its answer is not kept."""
        return (self.headers or {}).get("location") if self.status is None else None


def find(conn: Connection, asked: Asked) -> Kept | None:
    row = _FIND(conn, {"who": asked.account, "which": asked.key}).first()
    return Kept(**row._mapping) if row else None


def keep(
    conn: Connection,
    asked: Asked,
    status: int,
    headers: dict[str, Any],
    body: bytes,
    at: datetime,
) -> None:
    """The answer, in place of what was `made` under the key before."""
    answer = {"new_status": status, "new_headers": headers, "new_body": body}
    if _ANSWER(conn, {"who": asked.account, "which": asked.key, **answer}).rowcount == 0:
        row = {name: getattr(asked, name) for name in Asked.__slots__}
        _INSERT(conn, {**row, "status": status, "headers": headers, "body": body, "at": at})


def made(conn: Connection, asked: Asked, location: str, at: datetime) -> None:
    """In the act's own transaction: what it made or changed. What stands under the key already stays."""
    row = {name: getattr(asked, name) for name in Asked.__slots__}
    insert_missing(conn, idempotency, {**row, "headers": {"location": location}, "at": at})


def forget_old(conn: Connection, at: datetime) -> None:
    """Answers older than `KEPT`: a reading of the whole table, so not in every write."""
    conn.execute(delete(idempotency).where(idempotency.c.at < at - KEPT))


def forget_unanswered(conn: Connection) -> None:
    """At start: rows of keys in use, which an earlier version wrote and left when it died."""
    unanswered = (idempotency.c.status.is_(None), idempotency.c.headers.is_(null()))
    conn.execute(delete(idempotency).where(*unanswered))
