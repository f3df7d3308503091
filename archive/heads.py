"""Heads of chains as leaves: what the registers and the audit said up to here can no longer be rewritten."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archive.catalogue import Connection, log_rows
from archive.catalogue.register_rows import journal_head
from archive.catalogue.values import Leaf
from archive.log import leaf as leaves
from archive.log.leaf import LeafKind, Opening
from archive.record import digest, head_bytes


@dataclass(frozen=True, slots=True)
class Head:
    """`ordinal` rows of the agency's chain end in the hash `sha256`. `kind` is a head's kind of leaf."""

    kind: LeafKind
    agency: str
    ordinal: int
    sha256: str


def bind(conn: Connection, head: Head, at: datetime) -> bool:
    """A pending leaf for the head; False when a leaf covers that many rows already."""
    last = log_rows.last_head(conn, head.agency, head.kind)
    if last is not None and (last.head_ordinal or 0) >= head.ordinal:
        return False
    sha256 = digest(head_bytes(head.kind.name, head.agency, head.ordinal, head.sha256))
    first, second = Opening(sha256, leaves.new_salt()), Opening(sha256, leaves.new_salt())
    leaf_id = leaves.new_id()
    entry = leaves.encode(leaves.make_leaf(head.kind, leaf_id, first, second))
    row = Leaf(
        id=leaf_id.hex(),
        kind=head.kind,
        document=None,
        agency=head.agency,
        head_ordinal=head.ordinal,
        content_sha256=sha256,
        record_sha256=sha256,
        content_salt=first.salt,
        record_salt=second.salt,
        predecessor=None,
        entry=entry,
        log_index=None,
        created_at=at,
    )
    log_rows.insert_leaf(conn, row)
    return True


def bind_register(conn: Connection, agency: str, at: datetime) -> bool:
    """A pending leaf for the head of the agency's register journal, if it moved."""
    last = journal_head(conn, agency)
    if last is None:
        return False
    return bind(conn, Head(LeafKind.REGISTER_HEAD, agency, last.ordinal, last.sha256), at)
