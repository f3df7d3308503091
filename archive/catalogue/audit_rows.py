"""What an audit reads: every row, as it is, by statements that can only read.

Shares no query with the modules that write. Streams: memory does not grow with the tables. A column that the
service itself would never have written (a state that does not exist, say) comes back as it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, Table, and_, false, func, or_, select, true, union

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.copies import FIRST
from archive.storage.keys import dossier_file_key, pdf_key
from policies.holds import HOLDING

_BLOCK = 500
RowValues = dict[str, Any]
SeriesKey = tuple[str, str, int]  # agency, kind, year


def count(conn: Connection, table: str) -> int:
    """Rows of a table, for progress."""
    return int(conn.execute(select(func.count()).select_from(t.metadata.tables[table])).scalar_one())


def by_id(conn: Connection, table: str, column: str, wanted: Sequence[str]) -> dict[str, RowValues]:
    """The rows of a table whose column is one of the wanted, by that column, which is unique."""
    here = t.metadata.tables[table]
    return {row[column]: row for row in _all(conn, select(here).where(here.c[column].in_(wanted)))}


def stored(conn: Connection, store: str, keys: Sequence[str]) -> dict[str, RowValues]:
    """By key, the rows of what lies in a store."""
    here = t.object_copies
    query = select(here).where(here.c.store == store, here.c.key.in_(keys))
    found = {row["key"]: row for row in _all(conn, query)}
    return found | by_id(conn, "objects", "key", keys) if store == FIRST else found


def copies(conn: Connection, store: str) -> Iterator[RowValues]:
    """Everything that lies in another store than the first, in the order of keys."""
    here = t.object_copies
    return _stream(conn, select(here).where(here.c.store == store).order_by(here.c.key))


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
        yield from _stream(conn, query)


def differing_copies(conn: Connection, store: str) -> Iterator[RowValues]:
    """Copies of documents whose row says other bytes than the first store's row does."""
    copy, here = t.object_copies, t.objects
    query = select(copy.c.key).join_from(copy, here, copy.c.key == here.c.key)
    other = or_(copy.c.sha256 != here.c.sha256, copy.c.size != here.c.size)
    return _stream(conn, query.where(copy.c.store == store, other).order_by(copy.c.key))


def documents(conn: Connection) -> Iterator[RowValues]:
    return _stream(conn, select(t.documents).order_by(t.documents.c.id))


@dataclass(frozen=True, slots=True)
class Belongings:
    """What belongs to a block of documents, by their ids."""

    signers: dict[str, list[RowValues]]
    versions: dict[str, list[RowValues]]
    leaves: dict[str, list[RowValues]]  # oldest first
    events: dict[str, list[RowValues]]
    objects: dict[str, list[RowValues]]
    numbers: frozenset[str]  # documents that the number register knows
    filed: dict[str, int]  # in how many dossiers each lies now
    evidence: dict[str, RowValues]  # until when it is good; of documents that were judged


def belongings(conn: Connection, documents: Sequence[str]) -> Belongings:
    """One query for each table."""
    numbered = select(t.numbers.c.document).where(t.numbers.c.document.in_(documents))
    return Belongings(
        signers=_by_document(conn, t.document_signers, documents, t.document_signers.c.ordinal),
        versions=_by_document(conn, t.document_versions, documents, t.document_versions.c.ordinal),
        leaves=_by_document(conn, t.leaves, documents, t.leaves.c.position),
        events=_by_document(conn, t.events, documents, t.events.c.ordinal),
        objects=_by_document(conn, t.objects, documents, t.objects.c.key),
        numbers=frozenset(conn.execute(numbered).scalars()),
        filed=_filed(conn, documents),
        evidence={row["document"]: row for row in _of(conn, t.evidence_ends, documents)},
    )


def _of(conn: Connection, table: Table, documents: Sequence[str]) -> list[RowValues]:
    return _all(conn, select(table).where(table.c.document.in_(documents)))


def _filed(conn: Connection, documents: Sequence[str]) -> dict[str, int]:
    here = t.dossier_entries.c
    query = select(here.document, func.count()).where(here.document.in_(documents), here.removed_in.is_(None))
    rows = conn.execute(query.group_by(here.document))
    return dict.fromkeys(documents, 0) | {row[0]: row[1] for row in rows}


def _by_document(
    conn: Connection, table: Table, documents: Sequence[str], order: ColumnElement[Any]
) -> dict[str, list[RowValues]]:
    found: dict[str, list[RowValues]] = defaultdict(list)
    for row in _all(conn, select(table).where(table.c.document.in_(documents)).order_by(order)):
        found[row["document"]].append(row)
    return found


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


def journal_hashes(conn: Connection, wanted: Sequence[tuple[str, int]]) -> dict[tuple[str, int], str]:
    """Hashes of rows of journals, by agency and ordinal."""
    here = t.register_journal.c
    found: dict[tuple[str, int], str] = {}
    for agency in {one for one, _ in wanted}:
        ordinals = sorted({ordinal for one, ordinal in wanted if one == agency})
        for at in range(0, len(ordinals), _BLOCK):
            query = select(here.ordinal, here.sha256).where(
                here.agency == agency, here.ordinal.in_(ordinals[at : at + _BLOCK])
            )
            found |= {(agency, row.ordinal): row.sha256 for row in conn.execute(query)}
    return found


def other_leaves(conn: Connection) -> Iterator[RowValues]:
    """Leaves that are no document's and no dossier's, in the order in which they were committed."""
    return _stream(conn, select(t.leaves).where(*_OTHERS).order_by(t.leaves.c.position))


def count_other_leaves(conn: Connection) -> int:
    return int(conn.execute(select(func.count()).select_from(t.leaves).where(*_OTHERS)).scalar_one())


_OTHERS = (t.leaves.c.document.is_(None), t.leaves.c.dossier.is_(None))


def deposits(conn: Connection) -> list[RowValues]:
    """What is planned and not committed: few."""
    return _all(conn, select(t.deposits).order_by(t.deposits.c.planned_at))


def leaf(conn: Connection, leaf_id: str) -> RowValues | None:
    return _one(conn, select(t.leaves).where(t.leaves.c.id == leaf_id))


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
    return _one(conn, select(t.checkpoint))


def series(conn: Connection, key: SeriesKey) -> RowValues | None:
    return _one(conn, select(t.number_series).where(_in_series(t.number_series, key)))


def series_keys(conn: Connection) -> list[SeriesKey]:
    """Every (agency, kind, year) that any of the register's tables knows."""
    tables = (t.number_series, t.numbers, t.register_journal)
    queries = [select(table.c.agency, table.c.kind, table.c.year) for table in tables]
    return sorted((row[0], row[1], row[2]) for row in conn.execute(union(*queries)))


def numbers_in(conn: Connection, key: SeriesKey) -> Iterator[RowValues]:
    """The series' numbers, in order."""
    return _stream(conn, select(t.numbers).where(_in_series(t.numbers, key)).order_by(t.numbers.c.number))


def journal_in(conn: Connection, key: SeriesKey) -> Iterator[RowValues]:
    """The journal's acts on the series, number by number, in their order."""
    here = t.register_journal
    query = select(here).where(_in_series(here, key))
    return _stream(conn, query.order_by(here.c.number, here.c.ordinal))


def number_of(conn: Connection, document_id: str) -> RowValues | None:
    return _one(conn, select(t.numbers).where(t.numbers.c.document == document_id))


def outgoing_of(conn: Connection, document_id: str) -> RowValues | None:
    return _one(conn, select(t.outgoing_register).where(t.outgoing_register.c.document == document_id))


def outgoing(conn: Connection) -> Iterator[RowValues]:
    here = t.outgoing_register.c
    return _stream(conn, select(t.outgoing_register).order_by(here.agency, here.year, here.position))


def numbers_without_outgoing(conn: Connection) -> Iterator[RowValues]:
    """Numbers whose document is not in the outgoing register."""
    entered = select(t.outgoing_register.c.document).where(
        t.outgoing_register.c.document == t.numbers.c.document
    )
    return _stream(conn, select(t.numbers).where(~entered.exists()))


def journal(conn: Connection) -> Iterator[RowValues]:
    """Every journal, agency by agency, in the order of its chain."""
    here = t.register_journal.c
    return _stream(conn, select(t.register_journal).order_by(here.agency, here.ordinal))


def journal_at(conn: Connection, agency: str, ordinal: int) -> RowValues | None:
    here = t.register_journal
    return _one(conn, select(here).where(here.c.agency == agency, here.c.ordinal == ordinal))


def dossiers(conn: Connection) -> Iterator[RowValues]:
    return _stream(conn, select(t.dossiers).order_by(t.dossiers.c.id))


def dossier_versions(conn: Connection, dossier_id: str) -> list[RowValues]:
    here = t.dossier_versions
    return _all(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.ordinal))


def dossier_entries(conn: Connection, dossier_id: str) -> list[RowValues]:
    """Every entry that there ever was, in order."""
    here = t.dossier_entries
    return _all(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.ordinal))


def dossier_files(conn: Connection, dossier_id: str) -> list[RowValues]:
    """Files that are stored under the dossier's keys."""
    here = t.dossier_files
    return _all(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.id))


def dossier_objects(conn: Connection, dossier_id: str) -> list[RowValues]:
    """What is stored under the dossier's keys: its records, and files that came into it first."""
    return _all(conn, select(t.objects).where(t.objects.c.dossier == dossier_id).order_by(t.objects.c.key))


def dossier_leaves(conn: Connection, dossier_id: str) -> list[RowValues]:
    here = t.leaves
    return _all(conn, select(here).where(here.c.dossier == dossier_id).order_by(here.c.position))


def dossier_deposits(conn: Connection) -> list[RowValues]:
    """What is planned and not committed: few."""
    return _all(conn, select(t.dossier_deposits).order_by(t.dossier_deposits.c.planned_at))


def filings(conn: Connection, row: RowValues) -> list[RowValues]:
    """What dossiers say (state, years, work_ended) of the document, file or dossier whose object the row is."""
    entry, here = t.dossier_entries.c, t.dossiers.c
    said = select(here.id, here.state, here.years, here.work_ended)
    if row["document"] is None and row["file"] is None:
        return _all(conn, said.where(here.id == row["dossier"]))
    return _all(conn, said.join(t.dossier_entries, entry.dossier == here.id).where(_thing(row), _PRESENT))


def things_in(conn: Connection, dossier_id: str) -> list[RowValues]:
    """What lies in the dossier now: (document, file) of each entry."""
    here = t.dossier_entries
    return _all(conn, select(here.c.document, here.c.file).where(here.c.dossier == dossier_id, _PRESENT))


def holds(conn: Connection) -> Iterator[RowValues]:
    return _stream(conn, select(t.holds).order_by(t.holds.c.id))


def hold(conn: Connection, hold_id: str) -> RowValues | None:
    return _one(conn, select(t.holds).where(t.holds.c.id == hold_id))


def hold_documents(conn: Connection, hold_id: str) -> list[str]:
    here = t.hold_documents.c
    return list(conn.execute(select(here.document).where(here.hold == hold_id)).scalars())


def hold_events(conn: Connection, documents: Sequence[str]) -> dict[str, list[RowValues]]:
    """The documents' events that tell of holds, in order."""
    here, found = t.events, defaultdict[str, list[RowValues]](list)
    query = select(here).where(here.c.document.in_(documents), here.c.kind.in_(("held", "released")))
    for row in _all(conn, query.order_by(here.c.ordinal)):
        found[row["document"]].append(row)
    return found


def hold_versions(conn: Connection, acts: Collection[str]) -> dict[tuple[str, str], int]:
    """How many versions of each dossier tell of each of the acts."""
    here = t.dossier_versions.c
    query = select(here.dossier, here.act, func.count()).where(here.act.in_([str(act) for act in acts]))
    return {(row[0], row[1]): row[2] for row in conn.execute(query.group_by(here.dossier, here.act))}


def holds_over(conn: Connection, row: RowValues) -> list[RowValues]:
    """Holds, in whatever state, over the document, file or dossier whose object the row is."""
    here, entry = t.holds.c, t.dossier_entries.c
    if row["document"] is None and row["file"] is None:
        return _all(conn, select(t.holds).where(here.dossier == row["dossier"]))
    found = _all(
        conn,
        select(t.holds).join(t.dossier_entries, entry.dossier == here.dossier).where(_thing(row), _PRESENT),
    )
    if row["document"] is not None:
        named = t.hold_documents.c
        found += _all(
            conn,
            select(t.holds)
            .join(t.hold_documents, named.hold == here.id)
            .where(named.document == row["document"]),
        )
    return found


def _thing(row: RowValues) -> ColumnElement[bool]:
    column = "file" if row["document"] is None else "document"
    return t.dossier_entries.c[column].in_([row[column]])


_PRESENT = t.dossier_entries.c.removed_in.is_(None)


def ending(conn: Connection, before: datetime) -> Iterator[RowValues]:
    """Objects whose lock ends before that time."""
    return _stream(conn, select(t.objects).where(t.objects.c.retain_until < before).order_by(t.objects.c.key))


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


def dangling(conn: Connection) -> Iterator[tuple[str, str, str]]:
    """(table, row, document) of rows whose document is not there, whatever the foreign keys say."""
    for table, row in _OWNED:
        here = t.metadata.tables[table]
        gone = ~select(t.documents.c.id).where(t.documents.c.id == here.c.document).exists()
        query = select(here.c[row], here.c.document).where(here.c.document.is_not(None), gone)
        for found in conn.execute(query):
            yield table, str(found[0]), found[1]


_OWNED = (
    ("document_versions", "sha256"),
    ("objects", "key"),
    ("leaves", "id"),
    ("events", "ordinal"),
    ("numbers", "text"),
    ("outgoing_register", "number_text"),
    ("dossier_entries", "ordinal"),
    ("hold_documents", "hold"),
    ("evidence_ends", "sha256"),
)


def _in_series(table: Table, key: SeriesKey) -> ColumnElement[bool]:
    agency, kind, year = key
    return and_(table.c.agency == agency, table.c.kind == kind, table.c.year == year)


def _stream(conn: Connection, query: Select[Any]) -> Iterator[RowValues]:
    result = conn.execute(query, execution_options={"yield_per": _BLOCK})
    for row in result:
        yield dict(row._mapping)


def _one(conn: Connection, query: Select[Any]) -> RowValues | None:
    row = conn.execute(query.limit(1)).first()
    return dict(row._mapping) if row else None


def _all(conn: Connection, query: Select[Any]) -> list[RowValues]:
    return [dict(row._mapping) for row in conn.execute(query)]
