"""What an audit reads of stored objects: the rows of either store, what is planned, what a rebuild said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import and_, or_, select, true

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.audit_rows import RowValues, by_id, every, stream
from archive.catalogue.copies import FIRST
from archive.log.leaf import LeafKind
from archive.storage.keys import dossier_file_key, pdf_key
from policies.vocabulary import State


def stored(conn: Connection, store: str, keys: Sequence[str]) -> dict[str, RowValues]:
    """By key, the rows of what lies in a store."""
    here = t.object_copies
    query = select(here).where(here.c.store == store, here.c.key.in_(keys))
    found = {row["key"]: row for row in every(conn, query)}
    return found | by_id(conn, "objects", "key", keys) if store == FIRST else found


def copies(conn: Connection, store: str) -> Iterator[RowValues]:
    """Everything that lies in another store than the first, in the order of keys."""
    here = t.object_copies
    return stream(conn, select(here).where(here.c.store == store).order_by(here.c.key))


def without_copy(conn: Connection, store: str) -> Iterator[RowValues]:
    """What the first store has and that one has not: key, when it was read back there and when it was copied."""
    copy = t.object_copies.alias()
    for here, only in ((t.objects, true()), (t.object_copies, t.object_copies.c.store == FIRST)):
        there = and_(copy.c.key == here.c.key, copy.c.store == store)
        query = (
            select(here.c.key, here.c.read_back_at, here.c.copied_at)
            .outerjoin_from(here, copy, there)
            .where(only, copy.c.key.is_(None))
            .order_by(here.c.key)
        )
        yield from stream(conn, query)


def differing_copies(conn: Connection, store: str) -> Iterator[RowValues]:
    """Copies of documents whose row says other bytes than the first store's row does."""
    copy, here = t.object_copies, t.objects
    query = select(copy.c.key).join_from(copy, here, copy.c.key == here.c.key)
    other = or_(copy.c.sha256 != here.c.sha256, copy.c.size != here.c.size)
    return stream(conn, query.where(copy.c.store == store, other).order_by(copy.c.key))


def planned_keys(conn: Connection) -> set[str]:
    """Keys that deposits will have, or have: few."""
    planned = set()
    for row in deposits(conn):
        planned |= {row["record_key"], pdf_key(row["document"], row["content_sha256"])}
    for row in dossier_deposits(conn):
        files = (dossier_file_key(row["dossier"], file["sha256"]) for file in row["files"])
        planned |= {row["record_key"], *files}
    return planned


def told_by_rebuild(conn: Connection, places: Sequence[str]) -> dict[str, str]:
    """What the rebuild of this catalogue said of these places."""
    here = t.rebuild_findings.c
    rows = conn.execute(select(here.place, here.what).where(here.place.in_(places)))
    return {row.place: row.what for row in rows}


def deposits(conn: Connection) -> list[RowValues]:
    """What is planned and not committed: few."""
    return every(conn, select(t.deposits).order_by(t.deposits.c.planned_at))


def halted(conn: Connection) -> frozenset[str]:
    """Leaves of versions that are planned and not to be archived now: their document is stopped or voided."""
    at_rest = t.documents.c.state.in_((State.STOPPED, State.VOIDED))
    query = select(t.deposits.c.leaf).join_from(t.deposits, t.documents).where(at_rest)
    return frozenset(conn.execute(query.where(t.deposits.c.kind == LeafKind.DOCUMENT)).scalars())


def dossier_deposits(conn: Connection) -> list[RowValues]:
    """What is planned and not committed: few."""
    return every(conn, select(t.dossier_deposits).order_by(t.dossier_deposits.c.planned_at))
