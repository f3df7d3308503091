"""Time-stamp tokens that came and are not yet in a committed version: an authority is asked once a signature.

Keyed by the imprint, which is the hash of one signature's value, so a token can belong to nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from api.store.tables import timestamp_tokens as table

KEPT = timedelta(days=30)


def keep(conn: Connection, imprint: str, token: bytes, at: datetime) -> None:
    """Before the token is put anywhere. What nobody came back for goes after a month."""
    conn.execute(delete(table).where((table.c.imprint == imprint) | (table.c.at < at - KEPT)))
    conn.execute(insert(table).values(imprint=imprint, token=token, at=at))


def kept(conn: Connection, imprint: str) -> bytes | None:
    """The token that an earlier run received for this imprint (hex)."""
    found: bytes | None = conn.execute(
        select(table.c.token).where(table.c.imprint == imprint)
    ).scalar_one_or_none()
    return found


def forget(conn: Connection, imprint: str) -> None:
    """In the transaction that commits the version with the token in it."""
    conn.execute(delete(table).where(table.c.imprint == imprint))
