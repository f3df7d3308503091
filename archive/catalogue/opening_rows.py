"""What `archive.openings` tells of a stretch of the log. Only reads; every row that it reads never changes again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select

from archive.catalogue import Connection
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import leaves, register_journal
from archive.errors import ArchiveDamaged
from archive.log.leaf import LeafKind

_STRETCH = Prepared(
    select(
        leaves.c.log_index,
        leaves.c.kind,
        leaves.c.document,
        leaves.c.agency,
        leaves.c.head_ordinal,
        leaves.c.content_salt,
        leaves.c.record_salt,
        leaves.c.entry,
        leaves.c.created_at,
    )
    .where(leaves.c.log_index >= bindparam("low"), leaves.c.log_index < bindparam("high"))
    .order_by(leaves.c.log_index)
)
_HEAD_BEFORE = Prepared(
    select(leaves.c.head_ordinal)
    .where(
        leaves.c.agency == bindparam("wanted"),
        leaves.c.kind == bindparam("which"),
        leaves.c.head_ordinal.is_not(None),
        leaves.c.log_index < bindparam("low"),
    )
    .order_by(leaves.c.head_ordinal.desc())
    .limit(1)
)
_JOURNAL = Prepared(
    select(
        register_journal.c.ordinal,
        register_journal.c.entry,
        register_journal.c.at,
        register_journal.c.previous,
    )
    .where(
        register_journal.c.agency == bindparam("wanted"),
        register_journal.c.ordinal > bindparam("low"),
        register_journal.c.ordinal <= bindparam("high"),
    )
    .order_by(register_journal.c.ordinal)
)


@dataclass(frozen=True, slots=True)
class NumberedLeaf:
    """A leaf with its place in the log. `agency` and `head_ordinal` are those of a chain's head."""

    log_index: int
    kind: LeafKind
    document: str | None
    agency: str | None
    head_ordinal: int | None
    content_salt: bytes | None
    record_salt: bytes | None
    entry: bytes
    created_at: datetime


def stretch(conn: Connection, start: int, stop: int) -> Iterator[NumberedLeaf]:
    """Leaves with start ≤ index < stop, in order."""
    for row in _STRETCH(conn, {"low": start, "high": stop}):
        yield NumberedLeaf(**{**row._mapping, "kind": LeafKind(row.kind)})


def head_before(conn: Connection, agency: str, kind: LeafKind, start: int) -> int:
    """How many rows of the chain the leaves before `start` cover, 0 when none does."""
    row = _HEAD_BEFORE(conn, {"wanted": agency, "which": kind, "low": start}).first()
    return int(row.head_ordinal) if row else 0


def journal(conn: Connection, agency: str, after: int, upto: int) -> tuple[str, list[dict[str, Any]]]:
    """Rows of the registers' journal with after < ordinal ≤ upto, as `archive.openings` carries them; before them,
    the hash before the first. Raises ArchiveDamaged when one is missing."""
    rows = list(_JOURNAL(conn, {"wanted": agency, "low": after, "high": upto}))
    if [row.ordinal for row in rows] != list(range(after + 1, upto + 1)):
        raise ArchiveDamaged(f"register journal of {agency}: rows between {after} and {upto} are missing")
    told = [{"ordinal": row.ordinal, "entry": row.entry, "at": row.at.isoformat()} for row in rows]
    return rows[0].previous, told
