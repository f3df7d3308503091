"""Number series after a restore: what was given after the backup was made, only people and paper know.

The log need not tell: a number is no leaf before its document is archived, or the next head of the registers is bound.
"""

from __future__ import annotations

from datetime import datetime

from api.transactions import Transactions
from archive.catalogue import log_rows, rebuild_rows, register_rows
from archive.log.merkle import EMPTY_ROOT
from archive.ports import CheckpointRow
from policies.numbering import SeriesState, civil_date


def close(transactions: Transactions, origin: str, at: datetime) -> tuple[SeriesState, ...]:
    """Every series of this year and before gives no number until its last one is confirmed; those that are there.

    Done twice, it is done once.
    """
    with transactions.write() as conn:
        head = log_rows.current_checkpoint(conn) or CheckpointRow(0, EMPTY_ROOT, b"")
        rebuild_rows.close_restored(conn, origin, head, civil_date(at).year, at)
        return register_rows.closed_series(conn)
