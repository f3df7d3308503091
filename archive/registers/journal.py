"""The journal of an agency's registers: every act on a number, chained by hashes, never rewritten.

The head of the chain becomes a leaf of the log and stands in the record of each archived document: a number
row, or a journal row, that is changed later no longer leads to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from archive.catalogue import Connection
from archive.catalogue.register_rows import insert_journal, journal_head
from archive.catalogue.values import JournalEntry, Number
from archive.registers.chain import GENESIS, entry_text, link
from policies.numbering import Series


def append(
    conn: Connection,
    act: str,
    number: Number,
    at: datetime,
    entered: Mapping[str, Any] | None = None,
) -> JournalEntry:
    """Chain the act to the journal in the act's own transaction, which holds the number's series."""
    series = Series(number.agency, number.kind, number.year)
    return append_text(conn, series, number.number, entry_text(act, number, entered), at)


def append_text(conn: Connection, series: Series, number: int, text: str, at: datetime) -> JournalEntry:
    """The same for an entry of any act."""
    last = journal_head(conn, series.agency)
    ordinal, previous = (last.ordinal + 1, last.sha256) if last else (1, GENESIS)
    entry = JournalEntry(
        agency=series.agency,
        ordinal=ordinal,
        kind=series.kind,
        year=series.year,
        number=number,
        entry=text,
        previous=previous,
        sha256=link(previous, ordinal, text),
        at=at,
    )
    insert_journal(conn, entry)
    return entry
