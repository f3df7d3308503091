"""Answers kept by Idempotency-Key: a retry gets the first answer, another body is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, null, select, update

from api.store.tables import idempotency
from archive.catalogue.prepared import Prepared

KEPT = timedelta(days=7)
WAITED = timedelta(minutes=5)  # for the answer of a first request
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
_TAKE_OVER = Prepared(delete(idempotency).where(*_HERE, idempotency.c.status.is_(None)))
_INSERT = Prepared(insert(idempotency))
_MADE: dict[str, Any] = {"new_status": None, "new_body": None}
_ANSWER = Prepared(
    update(idempotency)
    .where(*_HERE)
    .values(status=bindparam("new_status"), headers=bindparam("new_headers"), body=bindparam("new_body"))
)


@dataclass(frozen=True, slots=True)
class Kept:
    route: str
    body_hash: str
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None
    at: datetime

    def abandoned(self, at: datetime) -> bool:
        """The first request died under way, and made nothing."""
        return self.status is None and self.made is None and at - self.at > WAITED

    @property
    def made(self) -> str | None:
        """Where that lies which the act made before its answer was lost."""
        return (self.headers or {}).get("location") if self.status is None else None


def find(conn: Connection, account: str, key: str) -> Kept | None:
    row = _FIND(conn, {"who": account, "which": key}).first()
    return Kept(**row._mapping) if row else None


def begin(conn: Connection, account: str, key: str, route: str, body_hash: str, at: datetime) -> None:
    """Take the key, which nobody holds: one of a first request that died under way is freed by `forget`."""
    row = {"account": account, "key": key, "route": route, "body_hash": body_hash, "at": at}
    _INSERT(conn, row)


def finish(
    conn: Connection, account: str, key: str, status: int, headers: dict[str, Any], body: bytes
) -> None:
    answer = {"new_status": status, "new_headers": headers, "new_body": body}
    _ANSWER(conn, {"who": account, "which": key, **answer})


def made(conn: Connection, account: str, key: str, location: str) -> None:
    """In the act's own transaction: what it made. A retry after a crash is told of this, and makes no second."""
    _ANSWER(conn, {"who": account, "which": key, **_MADE, "new_headers": {"location": location}})


def forget(conn: Connection, account: str, key: str) -> None:
    """Free the key after an answer that must not be repeated (a fault of ours)."""
    _TAKE_OVER(conn, {"who": account, "which": key})


def forget_old(conn: Connection, at: datetime) -> None:
    """Answers older than `KEPT`: a reading of the whole table, so not in every write."""
    conn.execute(delete(idempotency).where(idempotency.c.at < at - KEPT))


def forget_unanswered(conn: Connection) -> None:
    """At start, alone on the data: who held these keys is dead, and a retry need not wait for it."""
    unanswered = (idempotency.c.status.is_(None), idempotency.c.headers.is_(null()))
    conn.execute(delete(idempotency).where(*unanswered))
