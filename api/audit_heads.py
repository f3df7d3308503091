"""The audit's chain into the log: what was done up to here can no longer be rewritten, and outlives the database."""

from __future__ import annotations

from datetime import datetime

from api.store import audit
from archive.catalogue import Connection
from archive.heads import Head, bind
from archive.log.leaf import LeafKind


def bind_audit(conn: Connection, agency: str, at: datetime) -> bool:
    """A pending leaf for the head of the agency's audit chain, if it moved."""
    head = audit.head(conn, agency)
    if head is None:
        return False
    return bind(conn, Head(LeafKind.AUDIT_HEAD, agency, head.sequence, head.hash), at)
