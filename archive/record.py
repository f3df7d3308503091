"""What is stored beside the bytes, so that the archive outlives its database. Formats only.

`antin.record/1`  beside each archived version: document, signers, content and the digests of every version
                  before it, register, facts of its signatures: all that the catalogue's rows are made of again
`antin.event/1`   each later fact (issued, recalled, replaced …), numbered from 1 per document

Both are canonical JSON: keys sorted, no spaces, UTF-8, one newline at the end. `leaf` holds the leaf's id and
the salts of its two commitments; with the object, the salts are destroyed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from archive.catalogue.values import Agency, Document, JournalEntry, NewVersion, Signer, Version
from archive.errors import ArchiveDamaged

RECORD_SCHEMA = "antin.record/1"
EVENT_SCHEMA = "antin.event/1"
MAX_RECORD = 1 << 20  # bytes


@dataclass(frozen=True, slots=True)
class LeafSecrets:
    """The leaf's random id (hex) and the salts (32 bytes) of its commitments to content and record."""

    id: str
    content_salt: bytes
    record_salt: bytes


@dataclass(frozen=True, slots=True)
class VersionFacts:
    """Everything that the record of an archived version says. `facts` come from signer's reports, as JSON."""

    agency: Agency
    document: Document
    signers: Sequence[Signer]
    versions: Sequence[Version]
    content: NewVersion
    content_key: str
    register: JournalEntry | None
    predecessor: str | None
    facts: Mapping[str, Any]
    leaf: LeafSecrets
    retain_until: datetime
    at: datetime


@dataclass(frozen=True, slots=True)
class EventFacts:
    """A later fact about an archived document; `content_sha256` is the version that it concerns."""

    document: str
    ordinal: int
    kind: str
    facts: Mapping[str, Any]
    actor: str
    content_sha256: str
    predecessor: str
    leaf: LeafSecrets
    retain_until: datetime
    at: datetime


def version_record(given: VersionFacts) -> bytes:
    """The bytes of `record.json`."""
    return canonical(
        {
            "schema": RECORD_SCHEMA,
            "document": _document(given.document, given.agency),
            "signers": [_signer(signer) for signer in given.signers],
            "versions": [_version(version) for version in given.versions],
            "content": {
                "key": given.content_key,
                "role": given.content.role,
                "sha256": given.content.sha256,
                "size": given.content.size,
            },
            "register": _register(given.register),
            "predecessor": given.predecessor,
            "facts": dict(given.facts),
            "leaf": _leaf(given.leaf),
            "retain_until": given.retain_until.isoformat(),
            "recorded_at": given.at.isoformat(),
        }
    )


def event_record(given: EventFacts) -> bytes:
    """The bytes of `event-N.json`."""
    return canonical(
        {
            "schema": EVENT_SCHEMA,
            "document": given.document,
            "event": given.ordinal,
            "kind": given.kind,
            "facts": dict(given.facts),
            "actor": given.actor,
            "content_sha256": given.content_sha256,
            "predecessor": given.predecessor,
            "leaf": _leaf(given.leaf),
            "retain_until": given.retain_until.isoformat(),
            "recorded_at": given.at.isoformat(),
        }
    )


def head_bytes(kind: str, agency: str, ordinal: int, digest: str) -> bytes:
    """What the leaf of a chain's head commits to: `ordinal` rows of the chain end in `digest` (hex)."""
    return f"antin.head/1\n{kind}\n{agency}\n{ordinal}\n{digest}\n".encode()


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one encoding of a JSON object."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return text.encode() + b"\n"


def parse(data: bytes, schema: str, where: str) -> dict[str, Any]:
    """A record or event in its one encoding. Raises ArchiveDamaged that names `where`."""
    try:
        value = json.loads(data)
        same = canonical(value) == data
    except (ValueError, RecursionError) as exc:
        raise ArchiveDamaged(f"{where}: not JSON") from exc
    if not isinstance(value, dict) or value.get("schema") != schema:
        raise ArchiveDamaged(f"{where}: not {schema}")
    if not same:
        raise ArchiveDamaged(f"{where}: not in its canonical encoding")
    return value


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return sha256(data).hexdigest()


def _document(document: Document, agency: Agency) -> dict[str, Any]:
    return {
        "id": document.id,
        "public_code": document.public_code,
        "agency": {"code": agency.code, "name": agency.name, "symbol": agency.symbol},
        "kind": document.kind,
        "unit": document.unit,
        "subject": document.subject,
        "number": document.number,
        "number_text": document.number_text,
        "document_date": document.document_date.isoformat() if document.document_date else None,
        "urgency": document.urgency,
        "recipients": list(document.recipients),
        "metadata": document.metadata,
        "uploader": document.uploader_display,
        "uploader_account": document.uploader,
        "boxes": document.boxes,
        "reason": document.reason,
        "row_version": document.version,
        "leader_token_time": document.leader_token_time.isoformat() if document.leader_token_time else None,
        "created_at": document.created_at.isoformat(),
    }


def _version(version: Version) -> dict[str, Any]:
    return {
        "ordinal": version.ordinal,
        "role": version.role,
        "sha256": version.sha256,
        "size": version.size,
        "created_at": version.created_at.isoformat(),
    }


def _signer(signer: Signer) -> dict[str, Any]:
    return {
        "ordinal": signer.ordinal,
        "role": signer.role,
        "account": signer.account,
        "display": signer.display,
        "title": signer.title,
        "field": signer.field,
        "signed_at": signer.signed_at.isoformat() if signer.signed_at else None,
    }


def _register(entry: JournalEntry | None) -> dict[str, Any] | None:
    return {"ordinal": entry.ordinal, "sha256": entry.sha256} if entry else None


def _leaf(leaf: LeafSecrets) -> dict[str, str]:
    return {"id": leaf.id, "content_salt": leaf.content_salt.hex(), "record_salt": leaf.record_salt.hex()}
