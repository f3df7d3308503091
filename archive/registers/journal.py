"""The journal of an agency's registers: every act on a number, chained by hashes, never rewritten.

The head of the chain becomes a leaf of the log and stands in the record of each archived document: a number
row, or a journal row, that is changed later no longer leads to it.
"""

from __future__ import annotations

from datetime import datetime

from archive.catalogue import Connection
from archive.catalogue.register_rows import insert_journal, journal_head
from archive.catalogue.values import JournalEntry, Number
from archive.registers.chain import GENESIS, entry_text, link


def append(conn: Connection, agency: str, act: str, number: Number, at: datetime) -> JournalEntry:
    """Chain the act to the journal in the act's own transaction, which holds the number's series."""
    last = journal_head(conn, agency)
    ordinal, previous = (last.ordinal + 1, last.sha256) if last else (1, GENESIS)
    text = entry_text(act, number)
    entry = JournalEntry(
        agency=agency,
        ordinal=ordinal,
        kind=number.kind,
        year=number.year,
        number=number.number,
        entry=text,
        previous=previous,
        sha256=link(previous, ordinal, text),
        at=at,
    )
    insert_journal(conn, entry)
    return entry
