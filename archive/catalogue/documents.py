"""Documents: rows, versions of their bytes, signers, and the lists that desks show."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    tuple_,
    union,
    update,
)
from sqlalchemy.engine import Row

from archive.catalogue import Connection
from archive.catalogue.dialects import lock_name
from archive.catalogue.identity import new_id, new_public_code
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import (
    agencies,
    deposits,
    document_signers,
    document_versions,
    documents,
    dossier_entries,
)
from archive.catalogue.values import (
    LASTING,
    Agency,
    Document,
    NewDocument,
    NewVersion,
    Signer,
    Version,
    VersionRole,
)
from archive.errors import ArchiveRefused
from policies.issuing import Act, Facts, next_state
from policies.reasons import access, archiving
from policies.vocabulary import FieldRole, State

# What every act runs, built once: building a statement costs more than running it.
_BY_ID = Prepared(select(documents).where(documents.c.id == bindparam("wanted")))
_LOCK = Prepared(
    select(documents.c.id).where(documents.c.id == bindparam("wanted")).with_for_update(key_share=True)
)
_LOCKED = Prepared(
    select(documents).where(documents.c.id == bindparam("wanted")).with_for_update(key_share=True)
)
_ROW_VERSION = Prepared(select(documents.c.version).where(documents.c.id == bindparam("wanted")))
_VERSIONS = Prepared(
    select(document_versions)
    .where(document_versions.c.document == bindparam("wanted"))
    .order_by(document_versions.c.ordinal)
)
_LAST_VERSION = select(func.coalesce(func.max(document_versions.c.ordinal), 0) + 1).where(
    document_versions.c.document == bindparam("whose")
)
_ADD_VERSION = Prepared(insert(document_versions).values(ordinal=_LAST_VERSION.scalar_subquery()).inline())
_SIGNERS = Prepared(
    select(document_signers)
    .where(document_signers.c.document == bindparam("wanted"))
    .order_by(document_signers.c.ordinal)
)
_AGENCY = Prepared(select(agencies).where(agencies.c.code == bindparam("wanted")))
_ADD = Prepared(insert(documents))
_NO_SIGNERS = Prepared(delete(document_signers).where(document_signers.c.document == bindparam("wanted")))
_ADD_SIGNER = Prepared(insert(document_signers))
_MARK_SIGNED = Prepared(
    update(document_signers)
    .where(
        document_signers.c.document == bindparam("wanted"),
        document_signers.c.ordinal == bindparam("place"),
    )
    .values(signed_at=bindparam("signed"))
)


@lru_cache(64)
def _change(columns: tuple[str, ...]) -> Prepared:
    """Sets these columns to `new_…` in the row `wanted`, if it still has the version `seen`."""
    here = documents.c.id == bindparam("wanted"), documents.c.version == bindparam("seen")
    return Prepared(
        update(documents).where(*here).values({name: bindparam(f"new_{name}") for name in columns})
    )


def put_agency(conn: Connection, agency: Agency, at: datetime) -> None:
    """Insert the agency, or bring its name, symbol and keys up to date."""
    values = {"name": agency.name, "symbol": agency.symbol, "public_keys": agency.public_keys}
    lock_name(conn, f"agency {agency.code}")
    changed = conn.execute(update(agencies).where(agencies.c.code == agency.code).values(**values))
    if changed.rowcount == 0:
        conn.execute(insert(agencies).values(code=agency.code, created_at=at, **values))


def agency(conn: Connection, code: str) -> Agency | None:
    row = _AGENCY(conn, {"wanted": code}).first()
    return Agency(row.code, row.name, row.symbol, row.public_keys) if row else None


def add(conn: Connection, new: NewDocument, upload: NewVersion, at: datetime) -> Document:
    """A draft with its uploaded bytes, its id and its public code."""
    document_id = new_id(at)
    row = {
        "id": document_id,
        "public_code": new_public_code(),
        "agency": new.agency,
        "kind": new.kind,
        "unit": new.unit,
        "subject": new.subject,
        "state": State.DRAFT,
        "reason": "",
        "version": 1,
        "urgency": new.urgency,
        "uploader": new.uploader,
        "uploader_display": new.uploader_display,
        "recipients": list(new.recipients),
        "metadata": new.metadata or {},
        "boxes": [],
        "current_sha256": upload.sha256,
        "created_at": at,
        "updated_at": at,
    }
    _ADD(conn, row)
    add_version(conn, document_id, upload, at)
    return get(conn, document_id)


def get(conn: Connection, document_id: str) -> Document:
    """The document. Raises ArchiveRefused NO_DOCUMENT."""
    found = find(conn, document_id)
    if found is None:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    return found


def find(conn: Connection, document_id: str) -> Document | None:
    row = _BY_ID(conn, {"wanted": document_id}).first()
    return _document(row) if row else None


def lock_row(conn: Connection, document_id: str) -> None:
    """Nobody else changes the document's row until this transaction ends. Before what was read of it counts, and
    before any row of the audit is written: in one order, or two acts wait for each other.
    """
    _LOCK(conn, {"wanted": document_id})


def locked(conn: Connection, document_id: str) -> Document:
    """The document, its row locked as `lock_row` does. Raises ArchiveRefused NO_DOCUMENT."""
    row = _LOCKED(conn, {"wanted": document_id}).first()
    if row is None:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    return _document(row)


def row_version(conn: Connection, document_id: str) -> int:
    """The version of the document's row as it is now. Raises ArchiveRefused NO_DOCUMENT."""
    found: int | None = _ROW_VERSION(conn, {"wanted": document_id}).scalar_one_or_none()
    if found is None:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    return found


def by_code(conn: Connection, public_code: str) -> Document | None:
    """The document with that public code; case does not matter."""
    return _one(conn, documents.c.public_code == public_code.lower())


def by_digest(conn: Connection, sha256: str) -> tuple[Document, Version] | None:
    """The document of which these bytes are a version, ever; the newest version when they are several."""
    found = conn.execute(
        select(document_versions)
        .where(document_versions.c.sha256 == sha256)
        .order_by(document_versions.c.created_at.desc(), document_versions.c.ordinal.desc())
        .limit(1)
    ).first()
    return (get(conn, found.document), _version(found)) if found else None


def advance(
    conn: Connection,
    document: Document,
    act: Act,
    at: datetime,
    *,
    facts: Facts = Facts(),  # noqa: B008 (frozen value)
    version: NewVersion | None = None,
    made_at: datetime | None = None,
    **values: Any,
) -> Document:
    """Do the act on the row as it was read: next state, new bytes if the act made some (`made_at`: before the act was
    done), other columns.

    Raises Refused as `policies.issuing.next_state` does; ArchiveRefused CHANGED_MEANWHILE when the row moved.
    """
    state = next_state(document.state, act, facts)
    if act is Act.STOP:
        values["stopped_from"] = document.state
    if facts.reason:
        values["reason"] = facts.reason
    if version is not None:
        values["current_sha256"] = version.sha256
    changed = change(conn, document, at, state=state, **values)
    if version is not None:
        add_version(conn, document.id, version, made_at or at)
    return changed


def change(conn: Connection, document: Document, at: datetime, **values: Any) -> Document:
    """Set columns of the row as it was read. Raises ArchiveRefused CHANGED_MEANWHILE when the row moved."""
    values |= {"version": document.version + 1, "updated_at": at}
    values = {name: _in_utc(value) for name, value in values.items()}
    new = {f"new_{name}": value for name, value in values.items()}
    seen = {"wanted": document.id, "seen": document.version}
    done = _change(tuple(sorted(values)))(conn, {**seen, **new})
    if done.rowcount != 1:
        raise ArchiveRefused(access.CHANGED_MEANWHILE)
    return replace(document, **values)  # every change counts the version up, so the rest is as it was read


def _in_utc(value: Any) -> Any:
    """As a time comes back from the table."""
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def add_version(conn: Connection, document_id: str, new: NewVersion, at: datetime) -> None:
    """Append a version of the bytes. The caller holds the document's row in this transaction."""
    row = {
        "document": document_id,
        "role": new.role,
        "sha256": new.sha256,
        "size": new.size,
        "created_at": at,
    }
    _ADD_VERSION(conn, {**row, "whose": document_id})


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


def versions(conn: Connection, document_id: str) -> tuple[Version, ...]:
    """Every version of the bytes, oldest first."""
    return tuple(_version(row) for row in _VERSIONS(conn, {"wanted": document_id}))


def set_signers(conn: Connection, document_id: str, signers: Iterable[Signer]) -> None:
    """Replace the signers of a document that nobody has signed yet."""
    _NO_SIGNERS(conn, {"wanted": document_id})
    for signer in signers:
        row = {name: getattr(signer, name) for name in Signer.__slots__}
        _ADD_SIGNER(conn, {**row, "document": document_id})


def signers(conn: Connection, document_id: str) -> tuple[Signer, ...]:
    """In the order in which they sign."""
    return tuple(_signer(row) for row in _SIGNERS(conn, {"wanted": document_id}))


def mark_signed(conn: Connection, signer: Signer, at: datetime) -> None:
    _MARK_SIGNED(conn, {"wanted": signer.document, "place": signer.ordinal, "signed": at})


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


def contains(word: str, *texts: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whatever the case: SQLite's `lower` knows ASCII alone, so other letters are asked for in each form."""
    forms = sorted({word, word.lower(), word.upper(), word.capitalize()})
    return or_(*(text.icontains(form, autoescape=True) for text in texts for form in forms))


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
    rows = [_document(row) for row in conn.execute(query.limit(limit + 1))]
    more = len(rows) > limit
    shown = tuple(rows[:limit])
    return Page(shown, shown[-1].id if more else None)


def _one(conn: Connection, where: ColumnElement[bool]) -> Document | None:
    row = conn.execute(select(documents).where(where)).first()
    return _document(row) if row else None


def _document(row: Row[Any]) -> Document:
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["stopped_from"] = State(values["stopped_from"]) if values["stopped_from"] else None
    values["recipients"] = tuple(values["recipients"])
    return Document(**values)


def _version(row: Row[Any]) -> Version:
    return Version(**{**row._mapping, "role": VersionRole(row.role)})


def _signer(row: Row[Any]) -> Signer:
    return Signer(**{**row._mapping, "role": FieldRole(row.role)})
