"""A series reopens: somebody who looked says which number was the last one given.

After the catalogue was made again from the object store, the archive knows every number up to the last head of the
registers in the log, and nothing of what was given in the minutes after it; a backup knows nothing of what was
given after it was made. Such a number must never be given again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from archive.catalogue import Connection
from archive.catalogue import register_rows as rows
from archive.errors import RegisterRefused
from archive.heads import bind_register
from archive.registers import journal
from archive.registers.chain import lost_text
from policies.numbering import Series
from policies.reasons import issuing as reasons

MOST_LOST = 1000  # numbers between the archive's last and the confirmed one: more is a slip of the keyboard
REASON = "Số đã cấp trước khi mất cơ sở dữ liệu; kho lưu trữ không có văn bản mang số này"


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What was the last number in the catalogue, and which ones after it are entered as lost."""

    archived: int
    lost: range


def confirm(conn: Connection, series: Series, last: int, at: datetime) -> Confirmed:
    """Open a closed series behind `last`; numbers that only people know of stand in the journal as lost.

    Raises RegisterRefused: SERIES_NOT_CLOSED, LAST_TOO_LOW, LAST_TOO_HIGH.
    """
    state = rows.lock_series(conn, series)
    told = {"kind": series.kind, "year": series.year, "last": f"{last:02d}"}
    archived = state.last_number
    if not state.closed:
        raise RegisterRefused(reasons.SERIES_NOT_CLOSED, **{**told, "last": f"{archived:02d}"})
    if last < archived:
        raise RegisterRefused(reasons.LAST_TOO_LOW, **told, archived=f"{archived:02d}")
    if last > archived + MOST_LOST:
        raise RegisterRefused(reasons.LAST_TOO_HIGH, **told, archived=f"{archived:02d}", most=MOST_LOST)
    lost = range(archived + 1, last + 1)
    for number in lost:
        text = lost_text(series.agency, series.kind, series.year, number, REASON)
        journal.append_text(conn, series, number, text, at)
    rows.set_series(conn, replace(state, last_number=last, closed=False))
    bind_register(conn, series.agency, at)
    return Confirmed(archived, lost)
