"""Deposits: what was decided to archive and is not archived yet; and the objects that are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, bindparam, delete, func, insert, or_, select, true, update
from sqlalchemy.engine import Row

from archive.catalogue import Connection
from archive.catalogue.copy_rows import first_standing
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import deposits, documents, dossier_deposits, events, objects
from archive.catalogue.values import Deposit, Event, ObjectRole, ObjectRow, VersionRole
from archive.log.leaf import LeafKind
from policies.vocabulary import LockMode, State

# Built once: every archived document runs them.
_ADD = Prepared(insert(deposits))
_OF_VERSION = Prepared(
    select(deposits).where(deposits.c.document == bindparam("wanted"), deposits.c.kind == LeafKind.DOCUMENT)
)
_DELETE = Prepared(delete(deposits).where(deposits.c.leaf == bindparam("wanted")))
_ADD_OBJECT = Prepared(insert(objects))


def insert_deposit(conn: Connection, deposit: Deposit) -> None:
    _ADD(conn, {name: getattr(deposit, name) for name in Deposit.__slots__})


def deposit(conn: Connection, leaf: str) -> Deposit | None:
    row = conn.execute(select(deposits).where(deposits.c.leaf == leaf)).first()
    return _deposit(row) if row else None


def deposits_left(conn: Connection) -> tuple[Deposit, ...]:
    """Everything planned and not committed, oldest first; a version of what was voided meanwhile is not archived, nor
    one of what is stopped, until it is resumed."""
    query = select(deposits).where(_meant()).order_by(deposits.c.planned_at, deposits.c.leaf)
    return tuple(_deposit(row) for row in conn.execute(query))


def waiting(conn: Connection) -> tuple[int, datetime | None]:
    """How many acts of documents and dossiers wait to be archived, and since when the oldest does.

    A version of what was stopped or voided meanwhile is not meant to be.
    """
    found = [
        conn.execute(select(func.count(), func.min(table.c.planned_at)).where(condition)).one()
        for table, condition in ((deposits, _meant()), (dossier_deposits, true()))
    ]
    return sum(count for count, _ in found), min((oldest for _, oldest in found if oldest), default=None)


def _meant() -> ColumnElement[bool]:
    halted = select(documents.c.id).where(
        documents.c.id == deposits.c.document, documents.c.state.in_((State.STOPPED, State.VOIDED))
    )
    return or_(deposits.c.kind != LeafKind.DOCUMENT, ~halted.exists())


def version_deposit(conn: Connection, document_id: str) -> Deposit | None:
    """The document's version that is planned and not committed; there is never a second one."""
    row = _OF_VERSION(conn, {"wanted": document_id}).first()
    return _deposit(row) if row else None


def delete_deposit(conn: Connection, leaf: str) -> bool:
    """Whether it was there."""
    return _DELETE(conn, {"wanted": leaf}).rowcount > 0


def insert_objects(conn: Connection, rows: Sequence[ObjectRow]) -> None:
    """IntegrityError when a key is there already."""
    values = [
        {name: getattr(row, name) for name in ObjectRow.__slots__}
        | first_standing(row.sha256, row.mode, row.read_back_at)
        for row in rows
    ]
    _ADD_OBJECT.many(conn, values)


def mark_laid_over(conn: Connection, key: str, at: datetime) -> None:
    """The object is the version that its row names, and not what lies below it, as after a repair."""
    conn.execute(update(objects).where(objects.c.key == key).values(repaired_at=at))


def objects_of(conn: Connection, document_id: str) -> tuple[ObjectRow, ...]:
    """The document's stored objects, in the order in which they were written."""
    columns = (objects.c[name] for name in ObjectRow.__slots__)
    query = select(*columns).where(objects.c.document == document_id)
    return tuple(
        object_row(row) for row in conn.execute(query.order_by(objects.c.read_back_at, objects.c.key))
    )


def object_at(conn: Connection, key: str) -> ObjectRow | None:
    """The stored object of that key."""
    columns = (objects.c[name] for name in ObjectRow.__slots__)
    row = conn.execute(select(*columns).where(objects.c.key == key)).first()
    return object_row(row) if row else None


def content_object(conn: Connection, sha256: str) -> ObjectRow | None:
    """An archived object that holds a document, or a file of a dossier, with these bytes."""
    contents = ObjectRole.CONTENT, ObjectRole.FILE
    columns = (objects.c[name] for name in ObjectRow.__slots__)
    query = select(*columns).where(objects.c.sha256 == sha256, objects.c.role.in_(contents))
    row = conn.execute(query.order_by(objects.c.key).limit(1)).first()
    return object_row(row) if row else None


def next_event(conn: Connection, document_id: str) -> int:
    """The next event's number; the caller holds the document's row in this transaction."""
    query = select(func.coalesce(func.max(events.c.ordinal), 0)).where(events.c.document == document_id)
    return int(conn.execute(query).scalar_one()) + 1


def insert_event(conn: Connection, event: Event) -> None:
    conn.execute(insert(events).values(**{name: getattr(event, name) for name in Event.__slots__}))


def events_of(conn: Connection, document_id: str) -> tuple[Event, ...]:
    """Later facts of the document, in order."""
    query = select(events).where(events.c.document == document_id).order_by(events.c.ordinal)
    return tuple(Event(**row._mapping) for row in conn.execute(query))


def _deposit(row: Row[Any]) -> Deposit:
    values = {**row._mapping, "kind": LeafKind(row.kind), "version_role": VersionRole(row.version_role)}
    return Deposit(**values)


def object_row(row: Row[Any]) -> ObjectRow:
    """Of a row of the table; how it is watched over is no part of it."""
    values = {name: row._mapping[name] for name in ObjectRow.__slots__}
    return ObjectRow(**{**values, "role": ObjectRole(row.role), "mode": LockMode(row.mode)})
