"""Time-stamp tokens that came and are not yet in a committed version: an authority is asked once a signature.

Keyed by the imprint, which is the hash of one signature's value, so a token can belong to nothing else.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, insert, select

from api.store.tables import timestamp_tokens as table
from archive.catalogue.dialects import lock_name
from archive.catalogue.prepared import Prepared

KEPT = timedelta(days=30)
_HERE = table.c.imprint == bindparam("wanted")
# Built once: every time-stamp runs them.
_FORGET_OLD = Prepared(delete(table).where(_HERE | (table.c.at < bindparam("oldest"))))
_KEEP = Prepared(insert(table))
_KEPT = Prepared(select(table.c.token).where(_HERE))
_FORGET = Prepared(delete(table).where(_HERE))


def keep(conn: Connection, imprint: str, token: bytes, at: datetime) -> None:
    """Before the token is put anywhere. What nobody came back for goes after a month."""
    lock_name(conn, f"token {imprint}")
    _FORGET_OLD(conn, {"wanted": imprint, "oldest": at - KEPT})
    _KEEP(conn, {"imprint": imprint, "token": token, "at": at})


def kept(conn: Connection, imprint: str) -> bytes | None:
    """The token that an earlier run received for this imprint (hex)."""
    found: bytes | None = _KEPT(conn, {"wanted": imprint}).scalar_one_or_none()
    return found


def forget(conn: Connection, imprint: str) -> None:
    """In the transaction that commits the version with the token in it."""
    _FORGET(conn, {"wanted": imprint})
