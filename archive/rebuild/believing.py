"""Which records are believed: those that a leaf of the log commits to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive.catalogue.rebuild_rows import LeafRow
from archive.errors import ArchiveDamaged
from archive.log import leaf as leaf_format
from archive.log.leaf import LeafKind, Opening
from archive.log.merkle import leaf_hash
from archive.rebuild.gathering import Form, Found
from archive.record import EVENT_SCHEMA, RECORD_SCHEMA, digest, parse
from archive.storage import keys

MALFORMED = (KeyError, TypeError, ValueError, AttributeError)


class Unlogged(Exception):
    """No leaf of this log speaks for the record."""


class Forged(Exception):
    """A leaf has its id, and commits to other bytes; the text says in what it differs."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A record as it describes itself: not believed yet."""

    found: Found
    value: dict[str, Any]
    kind: LeafKind
    document: str
    leaf: str
    content_sha256: str
    content_salt: bytes
    record_salt: bytes
    predecessor: str | None


@dataclass(frozen=True, slots=True)
class Believed:
    """A record to which a leaf commits."""

    claimed: Claimed
    leaf: LeafRow

    @property
    def value(self) -> dict[str, Any]:
        return self.claimed.value


def claim(found: Found) -> Claimed:
    """What a record or an event says of itself. Raises ArchiveDamaged when it is neither."""
    event = found.form is Form.EVENT
    value = parse(found.data, EVENT_SCHEMA if event else RECORD_SCHEMA, found.key)
    try:
        leaf = value["leaf"]
        return Claimed(
            found=found,
            value=value,
            kind=LeafKind.EVENT if event else LeafKind.DOCUMENT,
            document=value["document"] if event else value["document"]["id"],
            leaf=leaf["id"],
            content_sha256=value["content_sha256"] if event else value["content"]["sha256"],
            content_salt=bytes.fromhex(leaf["content_salt"]),
            record_salt=bytes.fromhex(leaf["record_salt"]),
            predecessor=value["predecessor"],
        )
    except MALFORMED as exc:
        raise ArchiveDamaged(f"{found.key}: a field is missing or of a wrong form: {exc}") from exc


def believe(claimed: Claimed, leaves: Mapping[str, LeafRow]) -> Believed:
    """The record, if its leaf commits to these very bytes under this very key. Raises Unlogged, Forged."""
    leaf = leaves.get(claimed.leaf)
    if leaf is None:
        raise Unlogged
    try:
        before = leaves.get(claimed.predecessor) if claimed.predecessor else None
        entry = leaf_format.encode(
            leaf_format.make_leaf(
                claimed.kind,
                bytes.fromhex(claimed.leaf),
                Opening(claimed.content_sha256, claimed.content_salt),
                Opening(digest(claimed.found.data), claimed.record_salt),
                leaf_hash(before.entry) if before else None,
            )
        )
        expected = _key(claimed)
    except MALFORMED as exc:
        raise Forged(f"what it says of itself makes no leaf: {exc}") from exc
    if entry != leaf.entry or (claimed.predecessor and before is None):
        raise Forged(f"leaf {leaf.log_index} commits to other bytes, salts or predecessor")
    if claimed.found.key != expected:
        raise Forged(f"it belongs to {expected}")
    return Believed(claimed, leaf)


def _key(claimed: Claimed) -> str:
    if claimed.kind is LeafKind.EVENT:
        return keys.event_key(claimed.document, claimed.value["event"])
    return keys.record_key(claimed.document, digest(claimed.found.data))
