"""Legal holds: their rows, what is under them, and the stored objects whose flag is not as it should be."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, insert, or_, select, true, tuple_, update
from sqlalchemy.engine import Row

from archive.catalogue import Connection
from archive.catalogue.deposit_rows import object_row
from archive.catalogue.dossier_rows import blocks
from archive.catalogue.keeping_values import Hold
from archive.catalogue.tables import (
    deposits,
    dossier_deposits,
    dossier_entries,
    events,
    hold_documents,
    holds,
    objects,
)
from archive.catalogue.values import ObjectRow
from archive.errors import ArchiveRefused
from archive.log.leaf import LeafKind
from archive.storage import keys
from policies.holds import HOLDING, HoldState
from policies.reasons import keeping as reasons

PLACED, RELEASED = TELLING = "held", "released"  # kinds of events
_HOLDING = holds.c.state.in_([str(state) for state in HOLDING])


def insert_hold(conn: Connection, hold: Hold) -> None:
    conn.execute(insert(holds).values(**_columns(hold)))
    if hold.documents:
        rows = [{"hold": hold.id, "document": document} for document in hold.documents]
        conn.execute(insert(hold_documents), rows)


def update_hold(conn: Connection, hold: Hold) -> None:
    """Write the row that `locked` holds; what it is over never changes."""
    conn.execute(update(holds).where(holds.c.id == hold.id).values(**_columns(hold)))


def find(conn: Connection, hold_id: str) -> Hold | None:
    row = conn.execute(select(holds).where(holds.c.id == hold_id)).first()
    return _hold(conn, row) if row else None


def locked(conn: Connection, hold_id: str) -> Hold:
    """The hold as it is now, its row held until the transaction ends. Raises ArchiveRefused NO_HOLD."""
    row = conn.execute(select(holds).where(holds.c.id == hold_id).with_for_update()).first()
    if row is None:
        raise ArchiveRefused(reasons.NO_HOLD)
    return _hold(conn, row)


def page(
    conn: Connection,
    agency: str,
    *,
    states: Collection[HoldState] = tuple(HoldState),
    cursor: str | None = None,
    limit: int = 50,
) -> tuple[tuple[Hold, ...], str | None]:
    """Holds of the agency, newest first, and the cursor of the page after."""
    here = holds.c
    query = select(holds).where(here.agency == agency, here.state.in_([str(state) for state in states]))
    last = find(conn, cursor) if cursor is not None else None
    if last is not None:
        query = query.where(tuple_(here.placed_at, here.id) < tuple_(last.placed_at, last.id))
    rows = conn.execute(query.order_by(here.placed_at.desc(), here.id.desc()).limit(limit + 1)).all()
    found = tuple(_hold(conn, row) for row in rows[:limit])
    return found, found[-1].id if len(rows) > limit else None


def confirmed(conn: Connection) -> tuple[str, ...]:
    """Holds whose release was confirmed and is not carried out."""
    query = select(holds.c.id).where(holds.c.state == HoldState.RELEASE_CONFIRMED)
    return tuple(conn.execute(query.order_by(holds.c.id)).scalars())


def waits_for_archive(conn: Connection, hold: Hold) -> bool:
    """Whether an act on the hold is not in writing yet: a version of the dossier, or its own events of documents."""
    if hold.dossier is not None:
        here = dossier_deposits.c
        return conn.execute(select(exists().where(here.dossier == hold.dossier))).scalar_one()
    named = select(hold_documents.c.document).where(hold_documents.c.hold == hold.id)
    here = deposits.c
    query = select(here.record_key).where(here.kind == LeafKind.EVENT, here.document.in_(named))
    left = set(conn.execute(query).scalars())
    return bool(left) and not left.isdisjoint(_written_of(conn, hold.id, named))


def _written_of(conn: Connection, hold_id: str, named: Select[Any]) -> Iterator[str]:
    """Keys of the events that tell of the hold."""
    here = events.c
    query = select(here.document, here.ordinal, here.facts).where(here.document.in_(named))
    for row in conn.execute(query.where(here.kind.in_(TELLING))):
        if row.facts.get("hold") == hold_id:
            yield keys.event_key(row.document, row.ordinal)


def over(conn: Connection, owners: Collection[str]) -> dict[str, tuple[Hold, ...]]:
    """The holds that each document, file or dossier is under now, oldest first; nothing for what is under none."""
    found: dict[str, set[str]] = {}
    for some in blocks(owners):
        for owner, column in _ways(some):
            for row in conn.execute(select(owner.label("owner"), holds.c.id).where(column, _HOLDING)):
                found.setdefault(row.owner, set()).add(row.id)
    known = {hold_id: find(conn, hold_id) for ids in found.values() for hold_id in ids}
    return {
        owner: tuple(hold for hold_id in sorted(ids) if (hold := known[hold_id]) is not None)
        for owner, ids in found.items()
    }


def _ways(some: Sequence[str]) -> list[tuple[Any, ColumnElement[bool]]]:
    """How a thing comes under a hold: named by it, in a dossier that is, or as that dossier."""
    entry = dossier_entries.c
    within = (entry.dossier == holds.c.dossier) & entry.removed_in.is_(None)
    return [
        (
            hold_documents.c.document,
            (hold_documents.c.hold == holds.c.id) & hold_documents.c.document.in_(some),
        ),
        (entry.document, within & entry.document.in_(some)),
        (entry.file, within & entry.file.in_(some)),
        (holds.c.dossier, holds.c.dossier.in_(some)),
    ]


# Stored objects.


def to_hold(conn: Connection, limit: int) -> tuple[ObjectRow, ...]:
    """Objects that are under a hold without the flag that says so in the store."""
    owned = or_(
        objects.c.document.in_(_named()),
        objects.c.document.in_(_within(dossier_entries.c.document)),
        objects.c.file.in_(_files()),
        objects.c.file.is_(None) & objects.c.dossier.in_(_dossiers()),
    )
    return _objects(conn, select(objects).where(objects.c.hold == false(), owned), limit)


def to_let_go(conn: Connection, limit: int) -> tuple[ObjectRow, ...]:
    """Objects with the flag that no hold is over any more."""
    return _objects(conn, select(objects).where(objects.c.hold == true(), _free()), limit)


def doubt(
    conn: Connection, *, documents: Collection[str], files: Collection[str], dossier: str | None
) -> None:
    """Before these come under a hold (`dossier`: with all that lies in it), in its transaction.

    A flag that no hold wants any more may just be taken off, and whoever does that may die before the row says so: it
    is not believed, and is put on anew.
    """
    c, entry = objects.c, dossier_entries.c
    inside = (entry.dossier == dossier, entry.removed_in.is_(None))
    owned: list[ColumnElement[bool]] = []
    owned += [c.document.in_(some) for some in blocks(documents)]
    owned += [c.file.in_(some) for some in blocks(files)]
    if dossier is not None:
        owned += [
            c.document.in_(select(entry.document).where(*inside, entry.document.is_not(None))),
            c.file.in_(select(entry.file).where(*inside, entry.file.is_not(None))),
            (c.dossier == dossier) & c.file.is_(None),
        ]
    for some in owned:
        query = select(c.key).where(c.hold == true(), some, _free()).order_by(c.key).with_for_update()
        for block in blocks(conn.execute(query).scalars().all()):
            conn.execute(update(objects).where(c.key.in_(block)).values(hold=False))


def _free() -> ColumnElement[bool]:
    """No hold is over the object."""
    return (
        ~exists(_named().where(hold_documents.c.document == objects.c.document))
        & ~exists(_within(dossier_entries.c.document).where(dossier_entries.c.document == objects.c.document))
        & ~exists(_files().where(dossier_entries.c.file == objects.c.file))
        & ~exists(_dossiers().where(holds.c.dossier == objects.c.dossier, objects.c.file.is_(None)))
    )


def since(conn: Connection, wanted: Collection[str]) -> datetime | None:
    """Since when the first of these objects is under a hold that is in force."""
    entry, c = dossier_entries.c, objects.c
    filed = (entry.dossier == holds.c.dossier) & entry.removed_in.is_(None)
    ways = [
        (
            hold_documents.c.document == c.document,
            hold_documents.c.hold == holds.c.id,
            holds.c.placed_at,
        ),
        (entry.document == c.document, filed, entry.filed_at),
        (entry.file == c.file, filed, entry.filed_at),
        (holds.c.dossier == c.dossier, c.file.is_(None), holds.c.placed_at),
    ]
    times = [
        max(row)
        for some in blocks(wanted)
        for owned, over_it, came in ways
        for row in conn.execute(
            select(holds.c.placed_at, came, c.read_back_at).where(c.key.in_(some), owned, over_it, _HOLDING)
        )
    ]
    return min(times, default=None)


def _named() -> Select[Any]:
    return select(hold_documents.c.document).join(holds, holds.c.id == hold_documents.c.hold).where(_HOLDING)


def _files() -> Select[Any]:
    return _within(dossier_entries.c.file)


def _within(column: Any) -> Select[Any]:
    here = dossier_entries.c
    return (
        select(column)
        .join(holds, holds.c.dossier == here.dossier)
        .where(_HOLDING, here.removed_in.is_(None), column.is_not(None))
    )


def _dossiers() -> Select[Any]:
    return select(holds.c.dossier).where(_HOLDING, holds.c.dossier.is_not(None))


def set_flag(conn: Connection, key: str, version: str, held: bool) -> bool:
    """What was read back of that version's hold; False when a repair put another one in its place meanwhile."""
    here = update(objects).where(objects.c.key == key, objects.c.version == version)
    return conn.execute(here.values(hold=held)).rowcount == 1


def _objects(conn: Connection, query: Select[Any], limit: int) -> tuple[ObjectRow, ...]:
    rows = conn.execute(query.order_by(objects.c.key).limit(limit))
    return tuple(object_row(row) for row in rows)


def _columns(hold: Hold) -> dict[str, Any]:
    return {name: getattr(hold, name) for name in Hold.__slots__ if name != "documents"}


def _hold(conn: Connection, row: Row[Any]) -> Hold:
    here = hold_documents.c
    named = conn.execute(select(here.document).where(here.hold == row.id).order_by(here.document)).scalars()
    return Hold(**{**row._mapping, "state": HoldState(row.state), "documents": tuple(named)})
