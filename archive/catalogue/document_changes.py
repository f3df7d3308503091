"""What acts change of documents: a new one, its next state, versions of its bytes, its signers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from archive.catalogue import Connection
from archive.catalogue.documents import get
from archive.catalogue.identity import new_id, new_public_code
from archive.catalogue.prepared import Prepared
from archive.catalogue.tables import document_signers, document_versions, documents
from archive.catalogue.values import Document, NewDocument, NewVersion, Signer
from archive.errors import ArchiveRefused
from policies.issuing import Act, Facts, next_state
from policies.reasons import access
from policies.vocabulary import State

# Built once, as those of `documents` are.
_ADD = Prepared(insert(documents))
_LAST_VERSION = select(func.coalesce(func.max(document_versions.c.ordinal), 0) + 1).where(
    document_versions.c.document == bindparam("whose")
)
_ADD_VERSION = Prepared(insert(document_versions).values(ordinal=_LAST_VERSION.scalar_subquery()).inline())
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


def as_it_stands(document: Document, facts: Facts = Facts()) -> Facts:  # noqa: B008 (frozen value)
    """What the order of acts depends on, completed by the document's row."""
    return replace(facts, stopped_from=document.stopped_from, recalled=document.recalled_at is not None)


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
    state = next_state(document.state, act, as_it_stands(document, facts))
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


def set_signers(conn: Connection, document_id: str, signers: Iterable[Signer]) -> None:
    """Replace the signers of a document that nobody has signed yet."""
    _NO_SIGNERS(conn, {"wanted": document_id})
    for signer in signers:
        row = {name: getattr(signer, name) for name in Signer.__slots__}
        _ADD_SIGNER(conn, {**row, "document": document_id})


def mark_signed(conn: Connection, signer: Signer, at: datetime) -> None:
    _MARK_SIGNED(conn, {"wanted": signer.document, "place": signer.ordinal, "signed": at})
