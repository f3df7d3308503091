"""What an audit reads of how long anything is kept: locks that end, what dossiers say, legal holds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, false, func, or_, select, true

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.audit_rows import RowValues, every, first, stream
from policies.holds import HOLDING


def ending(conn: Connection, before: datetime) -> Iterator[RowValues]:
    """Objects whose lock ends before that time."""
    return stream(conn, select(t.objects).where(t.objects.c.retain_until < before).order_by(t.objects.c.key))


def filings(conn: Connection, row: RowValues) -> list[RowValues]:
    """What dossiers say (state, years, work_ended) of the document, file or dossier whose object the row is."""
    entry, here = t.dossier_entries.c, t.dossiers.c
    said = select(here.id, here.state, here.years, here.work_ended)
    if row["document"] is None and row["file"] is None:
        return every(conn, said.where(here.id == row["dossier"]))
    return every(conn, said.join(t.dossier_entries, entry.dossier == here.id).where(_thing(row), _PRESENT))


def things_in(conn: Connection, dossier_id: str) -> list[RowValues]:
    """What lies in the dossier now: (document, file) of each entry."""
    here = t.dossier_entries
    return every(conn, select(here.c.document, here.c.file).where(here.c.dossier == dossier_id, _PRESENT))


def holds(conn: Connection) -> Iterator[RowValues]:
    return stream(conn, select(t.holds).order_by(t.holds.c.id))


def hold(conn: Connection, hold_id: str) -> RowValues | None:
    return first(conn, select(t.holds).where(t.holds.c.id == hold_id))


def hold_documents(conn: Connection, hold_id: str) -> list[str]:
    here = t.hold_documents.c
    return list(conn.execute(select(here.document).where(here.hold == hold_id)).scalars())


def hold_events(conn: Connection, documents: Sequence[str]) -> dict[str, list[RowValues]]:
    """The documents' events that tell of holds, in order."""
    here, found = t.events, defaultdict[str, list[RowValues]](list)
    query = select(here).where(here.c.document.in_(documents), here.c.kind.in_(("held", "released")))
    for row in every(conn, query.order_by(here.c.ordinal)):
        found[row["document"]].append(row)
    return found


def hold_versions(conn: Connection, acts: Collection[str]) -> dict[tuple[str, str], int]:
    """How many versions of each dossier tell of each of the acts."""
    here = t.dossier_versions.c
    query = select(here.dossier, here.act, func.count()).where(here.act.in_([str(act) for act in acts]))
    return {(row[0], row[1]): row[2] for row in conn.execute(query.group_by(here.dossier, here.act))}


def holds_over(conn: Connection, row: RowValues) -> list[RowValues]:
    """Holds, in whatever state, over the document, file or dossier whose object the row is; with `filed_at` where it
    lies in a dossier that is held."""
    here, entry = t.holds.c, t.dossier_entries.c
    if row["document"] is None and row["file"] is None:
        return every(conn, select(t.holds).where(here.dossier == row["dossier"]))
    found = every(
        conn,
        select(t.holds, entry.filed_at)
        .join(t.dossier_entries, entry.dossier == here.dossier)
        .where(_thing(row), _PRESENT),
    )
    if row["document"] is not None:
        named = t.hold_documents.c
        found += every(
            conn,
            select(t.holds)
            .join(t.hold_documents, named.hold == here.id)
            .where(named.document == row["document"]),
        )
    return found


def differing_holds(conn: Connection, store: str) -> list[RowValues]:
    """Objects of the first store whose hold is not that of their copy in another store, by the rows: few."""
    copy, here = t.object_copies, t.objects
    query = select(here).join_from(copy, here, copy.c.key == here.c.key)
    return every(conn, query.where(copy.c.store == store, copy.c.hold != here.c.hold).order_by(here.c.key))


def _thing(row: RowValues) -> ColumnElement[bool]:
    column = "file" if row["document"] is None else "document"
    return t.dossier_entries.c[column].in_([row[column]])


_PRESENT = t.dossier_entries.c.removed_in.is_(None)


def wrong_flags(conn: Connection) -> list[str]:
    """Keys of objects that are under a hold and whose row does not say so, or the other way round."""
    owner = t.objects.c
    named = select(t.hold_documents.c.document).join(t.holds, t.holds.c.id == t.hold_documents.c.hold)
    within = select(t.dossier_entries.c.document, t.dossier_entries.c.file)
    within = within.join(t.holds, t.holds.c.dossier == t.dossier_entries.c.dossier).where(_PRESENT)
    over = or_(
        named.where(t.hold_documents.c.document == owner.document, _HOLDING).exists(),
        within.where(t.dossier_entries.c.document == owner.document, _HOLDING).exists(),
        within.where(t.dossier_entries.c.file == owner.file, _HOLDING).exists(),
        select(t.holds.c.id)
        .where(t.holds.c.dossier == owner.dossier, owner.file.is_(None), _HOLDING)
        .exists(),
    )
    wrong = or_(and_(owner.hold == true(), ~over), and_(owner.hold == false(), over))
    return list(conn.execute(select(owner.key).where(wrong).order_by(owner.key)).scalars())


_HOLDING = t.holds.c.state.in_([str(state) for state in HOLDING])
