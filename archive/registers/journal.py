"""The journal of an agency's registers: every act on a number, chained by hashes, never rewritten.

The head of the chain becomes a leaf of the log and stands in the record of each archived document: a number
row, or a journal row, that is changed later no longer leads to it.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import Any

from archive.catalogue import Connection
from archive.catalogue.register_rows import JournalEntry, insert_journal, journal_head
from archive.catalogue.values import Number

GENESIS = "0" * 64


def append(conn: Connection, agency: str, act: str, number: Number, at: datetime) -> JournalEntry:
    """Chain the act to the journal in the act's own transaction, which holds the number's series."""
    last = journal_head(conn, agency)
    ordinal, previous = (last.ordinal + 1, last.sha256) if last else (1, GENESIS)
    text = entry_text(act, number)
    entry = JournalEntry(agency, ordinal, text, previous, link(previous, ordinal, text), at)
    insert_journal(conn, entry)
    return entry


def entry_text(act: str, number: Number) -> str:
    """Canonical JSON of the number row as the act left it."""
    facts: dict[str, Any] = {
        "act": act,
        "agency": number.agency,
        "allotted_at": number.allotted_at.isoformat(),
        "document": number.document,
        "document_date": number.document_date.isoformat(),
        "kind": number.kind,
        "number": number.number,
        "reason": number.reason,
        "text": number.text,
        "voided": number.voided,
        "year": number.year,
    }
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def link(previous: str, ordinal: int, entry: str) -> str:
    """The chain's hash: SHA-256 over the previous hash, the ordinal and the entry, one to a line."""
    return hashlib.sha256(f"{previous}\n{ordinal}\n{entry}".encode()).hexdigest()
