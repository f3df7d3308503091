"""Agencies, as the documents of each are signed and registered."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import bindparam, insert, select, update

from archive.catalogue import Connection
from archive.catalogue.dialects import lock_name
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import agencies
from archive.catalogue.values import Agency

_AGENCY = Prepared(select(agencies).where(agencies.c.code == bindparam("wanted")))


def put_agency(conn: Connection, agency: Agency, at: datetime) -> None:
    """Insert the agency, or bring its name, symbol and keys up to date."""
    values = {"name": agency.name, "symbol": agency.symbol, "public_keys": agency.public_keys}
    lock_name(conn, f"agency {agency.code}")
    changed = conn.execute(update(agencies).where(agencies.c.code == agency.code).values(**values))
    if changed.rowcount == 0:
        conn.execute(insert(agencies).values(code=agency.code, created_at=at, **values))


def agency(conn: Connection, code: str) -> Agency | None:
    row = _AGENCY(conn, {"wanted": code}).first()
    return Agency(row.code, row.name, row.symbol, row.public_keys) if row else None
