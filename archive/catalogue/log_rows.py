"""Leaves and the checkpoint row: the ports `PendingLeaves` and `CheckpointLock`, as one module of functions.

A leaf is inserted without an index in the transaction of its act. The sequencer then gives indices to
committed leaves and swaps the checkpoint row, in one transaction of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import and_, bindparam, insert, select, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from archive.catalogue import Connection
from archive.catalogue.dialects import insert_missing
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import checkpoint, leaves, objects
from archive.catalogue.values import Leaf
from archive.errors import LogConflict
from archive.log.leaf import LeafKind
from archive.log.merkle import EMPTY_ROOT
from archive.ports import CheckpointRow

# Built once: building a statement costs five times as much as running it.
_INSERT_LEAF = Prepared(insert(leaves))
_LEAF = Prepared(select(leaves).where(leaves.c.id == bindparam("wanted")))
_OF_DOCUMENT = Prepared(
    select(leaves).where(leaves.c.document == bindparam("wanted")).order_by(leaves.c.position)
)
_OF_KIND = Prepared(_OF_DOCUMENT.statement.where(leaves.c.kind == bindparam("which")))
_LAST_HEAD = Prepared(
    select(leaves)
    .where(
        leaves.c.agency == bindparam("wanted"),
        leaves.c.kind == bindparam("which"),
        leaves.c.head_ordinal.is_not(None),  # so that the partial index is used
    )
    .order_by(leaves.c.head_ordinal.desc())
    .limit(1)
)
_PENDING = Prepared(
    select(leaves.c.id, leaves.c.entry)
    .where(leaves.c.log_index.is_(None))
    .order_by(leaves.c.position)
    .limit(bindparam("most"))
)
_ASSIGN = Prepared(
    update(leaves)
    .where(leaves.c.id == bindparam("leaf_id"), leaves.c.log_index.is_(None))
    .values(log_index=bindparam("new_index"))
)
_SEQUENCED = Prepared(
    select(leaves.c.entry)
    .where(leaves.c.log_index >= bindparam("low"), leaves.c.log_index < bindparam("high"))
    .order_by(leaves.c.log_index)
)
_CHECKPOINT = Prepared(select(checkpoint))
_SWAP = Prepared(
    update(checkpoint)
    .where(checkpoint.c.size == bindparam("old_size"), checkpoint.c.root == bindparam("old_root"))
    .values(size=bindparam("new_size"), root=bindparam("new_root"), note=bindparam("new_note"))
)


def insert_leaf(conn: Connection, leaf: Leaf) -> None:
    """IntegrityError when the leaf is there already."""
    _INSERT_LEAF(conn, {name: getattr(leaf, name) for name in Leaf.__slots__})


def leaf(conn: Connection, leaf_id: str) -> Leaf | None:
    row = _LEAF(conn, {"wanted": leaf_id}).first()
    return _leaf(row) if row else None


def indices(conn: Connection, leaf_ids: Collection[str]) -> dict[str, int]:
    """Those of the leaves that have a number, with it."""
    wanted = select(leaves.c.id, leaves.c.log_index).where(
        leaves.c.id.in_(leaf_ids), leaves.c.log_index.is_not(None)
    )
    return {row.id: row.log_index for row in conn.execute(wanted)}


def leaves_of(conn: Connection, document_id: str, kind: LeafKind | None = None) -> tuple[Leaf, ...]:
    """Leaves of the document, oldest first."""
    wanted = {"wanted": document_id}
    rows = _OF_DOCUMENT(conn, wanted) if kind is None else _OF_KIND(conn, {**wanted, "which": kind})
    return tuple(_leaf(row) for row in rows)


def last_head(conn: Connection, agency: str, kind: LeafKind) -> Leaf | None:
    """The newest leaf that covers a chain of the agency."""
    row = _LAST_HEAD(conn, {"wanted": agency, "which": kind}).first()
    return _leaf(row) if row else None


def pending(conn: Connection, limit: int) -> Sequence[tuple[str, bytes]]:
    """Up to `limit` committed leaves without an index, oldest first: (leaf id, entry bytes)."""
    return [(row.id, row.entry) for row in _PENDING(conn, {"most": limit})]


def assign(conn: Connection, pairs: Sequence[tuple[str, int]]) -> None:
    """Give each leaf its index. Raises LogConflict when a leaf or an index is taken."""
    rows = [{"leaf_id": leaf_id, "new_index": index} for leaf_id, index in pairs]
    try:
        done = _ASSIGN.many(conn, rows)
    except IntegrityError as exc:
        raise LogConflict("an index of the log is taken") from exc
    if done != len(rows):
        raise LogConflict("a leaf has its index already")


def sequenced(conn: Connection, start: int, stop: int) -> Sequence[bytes]:
    """Entries with start ≤ index < stop, in order. Raises LogConflict when one is missing."""
    found = [row.entry for row in _SEQUENCED(conn, {"low": start, "high": stop})]
    if len(found) != stop - start:
        lacking = stop - start - len(found)
        raise LogConflict(f"the catalogue lacks {lacking} of the leaves {start} to {stop - 1}")
    return found


def objects_from(conn: Connection, start: int) -> list[str]:
    """Keys of the objects whose leaves have an index from `start` on."""
    query = select(objects.c.key).join(leaves, leaves.c.id == objects.c.leaf)
    return list(conn.execute(query.where(leaves.c.log_index >= start)).scalars())


def current_checkpoint(conn: Connection) -> CheckpointRow | None:
    """The row as this transaction sees it; None before the first leaf."""
    row = _CHECKPOINT(conn).first()
    if row is None or not row.note:
        return None
    return CheckpointRow(row.size, row.root, row.note)


def swap_checkpoint(
    conn: Connection, old_size: int, old_root: bytes, new_size: int, new_root: bytes, note: bytes
) -> bool:
    """Replace the row if it still is (old_size, old_root); False when another sequencer moved it."""
    if old_size == 0:
        insert_missing(conn, checkpoint, {"id": 1, "size": 0, "root": EMPTY_ROOT, "note": b""})
    old = {"old_size": old_size, "old_root": old_root}
    done = _SWAP(conn, {**old, "new_size": new_size, "new_root": new_root, "new_note": note})
    return done.rowcount == 1


def archived_versions(conn: Connection, document_id: str) -> tuple[Leaf, ...]:
    """Leaves of the document's archived versions, oldest first."""
    return leaves_of(conn, document_id, LeafKind.DOCUMENT)


def archived_version(conn: Connection, document_id: str, sha256: str) -> Leaf | None:
    """The leaf of that archived version of the document."""
    here = and_(
        leaves.c.document == document_id,
        leaves.c.kind == LeafKind.DOCUMENT,
        leaves.c.content_sha256 == sha256,
    )
    row = conn.execute(select(leaves).where(here)).first()
    return _leaf(row) if row else None


def _leaf(row: Row[Any]) -> Leaf:
    values = dict(row._mapping)
    del values["position"]
    return Leaf(**{**values, "kind": LeafKind(values["kind"])})
