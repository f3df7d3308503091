"""Lists of documents: what waits at a desk, what was done, what can be filed, what lacks validation data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, func, or_, select, tuple_, union

from archive.catalogue import Connection
from archive.catalogue.dialects import contains
from archive.catalogue.documents import document_of, get
from archive.catalogue.tables import deposits, document_signers, document_versions, documents, dossier_entries
from archive.catalogue.values import LASTING, Document
from policies.vocabulary import State


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list; `next` is the cursor of the page after, None on the last one."""

    documents: tuple[Document, ...]
    next: str | None


def desk(
    conn: Connection,
    agency_code: str,
    states: Iterable[State],
    *,
    waits_for: str | None = None,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """What waits: most urgent first, then oldest first. `waits_for`: only where this account signs next."""
    query = _in_states(agency_code, states)
    if waits_for is not None:
        query = query.where(documents.c.id.in_(_next_to_sign(waits_for)))
    if cursor is not None:
        last = get(conn, cursor)
        later = tuple_(documents.c.created_at, documents.c.id) > tuple_(last.created_at, last.id)
        query = query.where(
            or_(documents.c.urgency < last.urgency, and_(documents.c.urgency == last.urgency, later))
        )
    return _page(
        conn, query.order_by(documents.c.urgency.desc(), documents.c.created_at, documents.c.id), limit
    )


def newest(
    conn: Connection,
    agency_code: str,
    states: Iterable[State],
    *,
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """What was done: newest first."""
    query = _in_states(agency_code, states)
    if cursor is not None:
        last = get(conn, cursor)
        query = query.where(tuple_(documents.c.created_at, documents.c.id) < tuple_(last.created_at, last.id))
    return _page(conn, query.order_by(documents.c.created_at.desc(), documents.c.id.desc()), limit)


def fileable(
    conn: Connection,
    agency_code: str,
    dossier_id: str,
    *,
    words: Iterable[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Issued documents that do not lie in the dossier, newest first, with every word in number or subject."""
    inside = select(dossier_entries.c.document).where(
        dossier_entries.c.dossier == dossier_id,
        dossier_entries.c.document == documents.c.id,
        dossier_entries.c.removed_in.is_(None),
    )
    query = _in_states(agency_code, (State.ISSUED, State.FILED)).where(~inside.exists())
    for word in words:
        query = query.where(contains(word, documents.c.number_text, documents.c.subject))
    if cursor is not None:
        last = get(conn, cursor)
        query = query.where(tuple_(documents.c.created_at, documents.c.id) < tuple_(last.created_at, last.id))
    return _page(conn, query.order_by(documents.c.created_at.desc(), documents.c.id.desc()), limit)


def count(conn: Connection, agency_code: str) -> dict[State, int]:
    """Documents by state, for the badges of the desks."""
    query = select(documents.c.state, func.count()).where(documents.c.agency == agency_code)
    return {State(state): number for state, number in conn.execute(query.group_by(documents.c.state))}


def _in_states(agency_code: str, states: Iterable[State]) -> Select[Any]:
    names = [str(state) for state in states]
    return select(documents).where(documents.c.agency == agency_code, documents.c.state.in_(names))


def _next_to_sign(account: str) -> Select[tuple[str]]:
    earlier = document_signers.alias()
    someone_before = (
        select(earlier.c.document)
        .where(
            earlier.c.document == document_signers.c.document,
            earlier.c.ordinal < document_signers.c.ordinal,
            earlier.c.signed_at.is_(None),
        )
        .exists()
    )
    mine = and_(document_signers.c.account == account, document_signers.c.signed_at.is_(None))
    return select(document_signers.c.document).where(mine, ~someone_before)


def _page(conn: Connection, query: Select[Any], limit: int) -> Page:
    rows = [document_of(row) for row in conn.execute(query.limit(limit + 1))]
    more = len(rows) > limit
    shown = tuple(rows[:limit])
    return Page(shown, shown[-1].id if more else None)


@dataclass(frozen=True, slots=True)
class Looked:
    """Of a block of archived documents those without a long-term version; `last`: its last one, empty without any."""

    lacking: tuple[str, ...]
    last: str


def without_long_term(conn: Connection, after: str, limit: int) -> Looked:
    """The next archived documents behind that id, and which of them lack validation data."""
    here = documents.c
    block = conn.execute(
        select(here.id).where(here.id > after, here.archived_at.is_not(None)).order_by(here.id).limit(limit)
    ).scalars()
    ids = list(block)
    having = select(document_versions.c.document).where(
        document_versions.c.document.in_(ids), document_versions.c.role.in_(sorted(map(str, LASTING)))
    )
    known = set(conn.execute(having).scalars()) if ids else set()
    return Looked(tuple(one for one in ids if one not in known), ids[-1] if ids else "")


def needed(conn: Connection, digests: Sequence[str], archived_before: datetime) -> set[str]:
    """Which of these bytes are versions of a document that is not archived yet, or was only lately, or are planned to
    be archived."""
    open_still = or_(documents.c.archived_at.is_(None), documents.c.archived_at >= archived_before)
    of_documents = (
        select(document_versions.c.sha256)
        .join(documents, documents.c.id == document_versions.c.document)
        .where(document_versions.c.sha256.in_(digests), open_still)
    )
    planned = select(deposits.c.content_sha256).where(deposits.c.content_sha256.in_(digests))
    return set(conn.execute(union(of_documents, planned)).scalars())
