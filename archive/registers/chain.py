"""Form of the registers' journal: canonical entries, chained by hashes. Shared by writers and auditors.

    act "allotted"  the number's row, and under `entered` what the outgoing register says of it
    act "voided"    the number's row as it is from then on, with its reason
    act "lost"      a number that was given before the catalogue was lost, and of which the archive knows no more

So whoever has the journal can make the registers again, and every word of them is bound by the journal's head.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from archive.catalogue.values import Number, RegisterRow

GENESIS = "0" * 64
ALLOTTED, VOIDED, LOST = "allotted", "voided", "lost"


def entry_text(act: str, number: Number, entered: Mapping[str, Any] | None = None) -> str:
    """Canonical JSON of the number row as the act left it; `entered` goes with the act that enters it."""
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
    if entered is not None:
        facts["entered"] = dict(entered)
    return canonical(facts)


def lost_text(agency: str, kind: str, year: int, number: int, reason: str) -> str:
    """Canonical JSON of a number of which nothing is known but that it was given."""
    facts = {"act": LOST, "agency": agency, "kind": kind, "number": number, "reason": reason, "year": year}
    return canonical(facts)


def entered_facts(row: RegisterRow, public_code: str, unit: str, drafter: str) -> dict[str, Any]:
    """What the outgoing register says of a number when it is entered, and whose document it is.

    The document may never be archived: its row, too, is made again from this.
    """
    return {
        "code": public_code,
        "copies": row.copies,
        "drafter": drafter,
        "keeper": row.keeper,
        "kind_name": row.kind_name,
        "note": row.note,
        "position": row.position,
        "recipients": list(row.recipients),
        "signer": row.signer,
        "subject": row.subject,
        "unit": unit,
    }


def void_note(reason: str) -> str:
    """What stands in the outgoing register's notes beside a number that was voided."""
    return f"Hủy số: {reason}"


def canonical(facts: Mapping[str, Any]) -> str:
    """The one encoding of an entry."""
    return json.dumps(facts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def link(previous: str, ordinal: int, entry: str) -> str:
    """The chain's hash: SHA-256 over the previous hash, the ordinal and the entry, one to a line."""
    return hashlib.sha256(f"{previous}\n{ordinal}\n{entry}".encode()).hexdigest()
