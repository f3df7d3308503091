"""What an audit reads of documents, and of whatever belongs to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, func, select

from archive.catalogue import Connection
from archive.catalogue import tables as t
from archive.catalogue.audit_rows import RowValues, every, stream


def documents(conn: Connection) -> Iterator[RowValues]:
    return stream(conn, select(t.documents).order_by(t.documents.c.id))


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
    return every(conn, select(table).where(table.c.document.in_(documents)))


def _filed(conn: Connection, documents: Sequence[str]) -> dict[str, int]:
    here = t.dossier_entries.c
    query = select(here.document, func.count()).where(here.document.in_(documents), here.removed_in.is_(None))
    rows = conn.execute(query.group_by(here.document))
    return dict.fromkeys(documents, 0) | {row[0]: row[1] for row in rows}


def _by_document(
    conn: Connection, table: Table, documents: Sequence[str], order: ColumnElement[Any]
) -> dict[str, list[RowValues]]:
    found: dict[str, list[RowValues]] = defaultdict(list)
    for row in every(conn, select(table).where(table.c.document.in_(documents)).order_by(order)):
        found[row["document"]].append(row)
    return found


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
