"""What an audit reads of the log: leaves, their entries, the checkpoint's row."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import func, select

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.audit_rows import RowValues, first, stream


def other_leaves(conn: Connection) -> Iterator[RowValues]:
    """Leaves that are no document's and no dossier's, in the order in which they were committed."""
    return stream(conn, select(t.leaves).where(*_OTHERS).order_by(t.leaves.c.position))


def count_other_leaves(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(t.leaves).where(*_OTHERS)).scalar_one())


_OTHERS = (t.leaves.c.document.is_(None), t.leaves.c.dossier.is_(None))


def leaf(conn: Connection, leaf_id: str) -> RowValues | None:
    return first(conn, select(t.leaves).where(t.leaves.c.id == leaf_id))


def entries(conn: Connection, start: int, stop: int) -> dict[int, bytes]:
    """Entries of the leaves with start ≤ index < stop that are there, by index."""
    here = t.leaves.c
    query = select(here.log_index, here.entry).where(here.log_index >= start, here.log_index < stop)
    return {row.log_index: row.entry for row in conn.execute(query)}


def highest_index(conn: Connection) -> int:
    """The highest index of a leaf, -1 without one."""
    found = conn.execute(select(func.max(t.leaves.c.log_index))).scalar()
    return -1 if found is None else int(found)


def checkpoint(conn: Connection) -> RowValues | None:
    return first(conn, select(t.checkpoint))
