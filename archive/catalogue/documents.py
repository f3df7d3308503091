"""Documents as they are: rows, versions of their bytes, signers."""

from __future__ import annotations

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.engine import Row

from archive.catalogue import Connection
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import document_signers, document_versions, documents
from archive.catalogue.values import Document, Signer, Version, VersionRole
from archive.errors import ArchiveRefused
from policies.reasons import archiving
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
_SIGNERS = Prepared(
    select(document_signers)
    .where(document_signers.c.document == bindparam("wanted"))
    .order_by(document_signers.c.ordinal)
)


def get(conn: Connection, document_id: str) -> Document:
    """The document. Raises ArchiveRefused NO_DOCUMENT."""
    found = find(conn, document_id)
    if found is None:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    return found


def find(conn: Connection, document_id: str) -> Document | None:
    row = _BY_ID(conn, {"wanted": document_id}).first()
    return document_of(row) if row else None


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
    return document_of(row)


def row_version(conn: Connection, document_id: str) -> int:
    """The version of the document's row as it is now. Raises ArchiveRefused NO_DOCUMENT."""
    found: int | None = _ROW_VERSION(conn, {"wanted": document_id}).scalar_one_or_none()
    if found is None:
        raise ArchiveRefused(archiving.NO_DOCUMENT)
    return found


def by_code(conn: Connection, public_code: str) -> Document | None:
    """The document with that public code; case does not matter."""
    row = conn.execute(select(documents).where(documents.c.public_code == public_code.lower())).first()
    return document_of(row) if row else None


def by_digest(conn: Connection, sha256: str) -> tuple[Document, Version] | None:
    """The document of which these bytes are a version, ever; the newest version when they are several."""
    found = conn.execute(
        select(document_versions)
        .where(document_versions.c.sha256 == sha256)
        .order_by(document_versions.c.created_at.desc(), document_versions.c.ordinal.desc())
        .limit(1)
    ).first()
    return (get(conn, found.document), _version(found)) if found else None


def versions(conn: Connection, document_id: str) -> tuple[Version, ...]:
    """Every version of the bytes, oldest first."""
    return tuple(_version(row) for row in _VERSIONS(conn, {"wanted": document_id}))


def signers(conn: Connection, document_id: str) -> tuple[Signer, ...]:
    """In the order in which they sign."""
    return tuple(_signer(row) for row in _SIGNERS(conn, {"wanted": document_id}))


def document_of(row: Row[Any]) -> Document:
    """Of a row of the table."""
    values = dict(row._mapping)
    values["state"] = State(values["state"])
    values["stopped_from"] = State(values["stopped_from"]) if values["stopped_from"] else None
    values["recipients"] = tuple(values["recipients"])
    return Document(**values)


def _version(row: Row[Any]) -> Version:
    return Version(**{**row._mapping, "role": VersionRole(row.role)})


def _signer(row: Row[Any]) -> Signer:
    return Signer(**{**row._mapping, "role": FieldRole(row.role)})
