"""Form of the registers' journal: canonical entries, chained by hashes. Shared by writers and auditors."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from archive.catalogue.values import Number

GENESIS = "0" * 64


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
