"""Answers kept by Idempotency-Key: a retry gets the first answer, another body is refused."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from api.store.tables import idempotency

KEPT = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Kept:
    route: str
    body_hash: str
    status: int | None
    headers: dict[str, str] | None
    body: bytes | None
    at: datetime


def find(conn: Connection, account: str, key: str) -> Kept | None:
    table = idempotency.c
    columns = (table.route, table.body_hash, table.status, table.headers, table.body, table.at)
    row = conn.execute(select(*columns).where(table.account == account, table.key == key)).first()
    return Kept(**row._mapping) if row else None


def begin(conn: Connection, account: str, key: str, route: str, body_hash: str, at: datetime) -> None:
    """Take the key, or take it over from a first request that died under way."""
    table = idempotency.c
    conn.execute(delete(idempotency).where(table.at < at - KEPT))
    conn.execute(
        delete(idempotency).where(table.account == account, table.key == key, table.status.is_(None))
    )
    conn.execute(
        insert(idempotency).values(account=account, key=key, route=route, body_hash=body_hash, at=at)
    )


def finish(
    conn: Connection, account: str, key: str, status: int, headers: dict[str, Any], body: bytes
) -> None:
    table = idempotency.c
    where = (table.account == account, table.key == key)
    conn.execute(update(idempotency).where(*where).values(status=status, headers=headers, body=body))


def forget(conn: Connection, account: str, key: str) -> None:
    """Free the key after an answer that must not be repeated (a fault of ours)."""
    table = idempotency.c
    conn.execute(
        delete(idempotency).where(table.account == account, table.key == key, table.status.is_(None))
    )


def forget_unanswered(conn: Connection) -> None:
    """At start, alone on the data: who held these keys is dead, and a retry need not wait for it."""
    conn.execute(delete(idempotency).where(idempotency.c.status.is_(None)))
