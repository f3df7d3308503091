"""Number series after a restore: what was given after the backup was made, only people and paper know.

They are closed in the transaction that brings the catalogue back: a process of another machine that comes up at the
next moment gives none. The log need not tell: a number is no leaf before its document is archived, or the next head
of the registers is bound.
"""

from __future__ import annotations

from datetime import datetime

from archive.catalogue import Connection, log_rows, rebuild_rows, register_rows
from archive.log.merkle import EMPTY_ROOT
from archive.ports import CheckpointRow
from policies.numbering import SeriesState, civil_date


def close(conn: Connection, origin: str, at: datetime) -> None:
    """Every series of this year and before gives no number until its last one is confirmed."""
    head = log_rows.current_checkpoint(conn) or CheckpointRow(0, EMPTY_ROOT, b"")
    rebuild_rows.close_restored(conn, origin, head, civil_date(at).year, at)


def are_closed(conn: Connection) -> bool:
    """Whether this catalogue came out of a restore, or a rebuild, that ended."""
    found = rebuild_rows.current(conn)
    return found is not None and found.closed_through is not None


def closed(conn: Connection) -> tuple[SeriesState, ...]:
    """Those that are there and give no number."""
    return register_rows.closed_series(conn)
