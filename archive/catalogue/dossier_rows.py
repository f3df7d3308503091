"""Dossiers, what lies in them, their versions and deposits. The rules are in `archive.registers.dossiers`."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.engine import Row
from sqlalchemy.exc import IntegrityError

from archive.catalogue import Connection
from archive.catalogue.dialects import contains
from archive.catalogue.keeping_values import (
    Dossier,
    DossierDeposit,
    DossierFile,
    DossierVersion,
    Entry,
    FiledDocument,
    FileFacts,
    Retention,
)
from archive.catalogue.tables import (
    agencies,
    documents,
    dossier_deposits,
    dossier_entries,
    dossier_files,
    dossier_versions,
    dossiers,
    leaves,
)
from archive.errors import ArchiveRefused
from archive.log.leaf import LeafKind
from policies.dossiers import DossierState, Fields
from policies.reasons import keeping as reasons

_FIELDS = tuple(field.name for field in fields(Fields))
_FACTS = tuple(field.name for field in fields(FileFacts))
BLOCK = 500  # ids in one statement


def insert_dossier(conn: Connection, dossier: Dossier) -> None:
    """Raises ArchiveRefused DOSSIER_EXISTS when its code is taken, also by somebody who was quicker."""
    if by_code(conn, dossier.code) is not None:
        raise ArchiveRefused(reasons.DOSSIER_EXISTS, code=dossier.code)
    try:
        conn.execute(insert(dossiers).values(id=dossier.id, **_columns(dossier)))
    except IntegrityError as exc:
        raise ArchiveRefused(reasons.DOSSIER_EXISTS, code=dossier.code) from exc


def update_dossier(conn: Connection, dossier: Dossier) -> None:
    """Write the row that `locked` holds."""
    conn.execute(update(dossiers).where(dossiers.c.id == dossier.id).values(**_columns(dossier)))


def find(conn: Connection, dossier_id: str) -> Dossier | None:
    return _first(conn, select(dossiers).where(dossiers.c.id == dossier_id))


def several(conn: Connection, dossier_ids: Collection[str]) -> dict[str, Dossier]:
    """Those that are there, by id."""
    found = (
        _dossier(row)
        for some in blocks(dossier_ids)
        for row in conn.execute(select(dossiers).where(dossiers.c.id.in_(some)))
    )
    return {one.id: one for one in found}


def by_code(conn: Connection, code: str) -> Dossier | None:
    return _first(conn, select(dossiers).where(dossiers.c.code == code))


def locked(conn: Connection, dossier_id: str) -> Dossier:
    """The dossier as it is now, its row held until the transaction ends. Raises ArchiveRefused NO_DOSSIER."""
    found = _first(conn, select(dossiers).where(dossiers.c.id == dossier_id).with_for_update())
    if found is None:
        raise ArchiveRefused(reasons.NO_DOSSIER)
    return found


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, newest first; `next` is the cursor of the page after."""

    dossiers: tuple[Dossier, ...]
    next: str | None


def page(
    conn: Connection,
    agency: str,
    *,
    states: Collection[DossierState] = tuple(DossierState),
    words: Collection[str] = (),
    cursor: str | None = None,
    limit: int = 50,
) -> Page:
    """Dossiers of the agency in which every one of the words stands in code, title or heading."""
    here = dossiers.c
    query = select(dossiers).where(here.agency == agency, here.state.in_([str(state) for state in states]))
    for word in words:
        query = query.where(contains(word, here.code, here.title, here.heading))
    if cursor is not None:
        last = find(conn, cursor)
        if last is not None:
            query = query.where(tuple_(here.opened_at, here.id) < tuple_(last.opened_at, last.id))
    rows = conn.execute(query.order_by(here.opened_at.desc(), here.id.desc()).limit(limit + 1))
    found = tuple(_dossier(row) for row in rows)
    return Page(found[:limit], found[limit - 1].id if len(found) > limit else None)


def count(conn: Connection, agency: str) -> dict[DossierState, int]:
    query = select(dossiers.c.state, func.count()).where(dossiers.c.agency == agency)
    return {DossierState(state): number for state, number in conn.execute(query.group_by(dossiers.c.state))}


# What lies in them.


def insert_entries(conn: Connection, entries: Sequence[Entry]) -> None:
    """IntegrityError when one of them is in the dossier already."""
    if entries:
        conn.execute(insert(dossier_entries), [_entry_columns(entry) for entry in entries])


def remove_entry(conn: Connection, entry: Entry, version: int, reason: str) -> None:
    here = dossier_entries.c
    conn.execute(
        update(dossier_entries)
        .where(here.dossier == entry.dossier, here.ordinal == entry.ordinal)
        .values(removed_in=version, removed_reason=reason)
    )


def entries(
    conn: Connection, dossier_id: str, *, after: int = 0, limit: int | None = None, removed: bool = False
) -> tuple[Entry, ...]:
    """What lies in the dossier, in the order in which it came; `removed`: also what was taken out."""
    here = dossier_entries.c
    query = _entries().where(here.dossier == dossier_id, here.ordinal > after)
    if not removed:
        query = query.where(here.removed_in.is_(None))
    return tuple(_entry(row) for row in conn.execute(query.order_by(here.ordinal).limit(limit)))


def entry(conn: Connection, dossier_id: str, ordinal: int) -> Entry | None:
    here = dossier_entries.c
    row = conn.execute(_entries().where(here.dossier == dossier_id, here.ordinal == ordinal)).first()
    return _entry(row) if row else None


def entry_counts(conn: Connection, dossier_ids: Collection[str]) -> dict[str, int]:
    """How many documents and files lie in each of the dossiers."""
    here = dossier_entries.c
    found = dict.fromkeys(dossier_ids, 0)
    for some in blocks(dossier_ids):
        query = select(here.dossier, func.count()).where(here.dossier.in_(some), here.removed_in.is_(None))
        found |= {row[0]: row[1] for row in conn.execute(query.group_by(here.dossier))}
    return found


def in_dossier(conn: Connection, dossier_id: str, things: Collection[str]) -> frozenset[str]:
    """Those of the documents and files that lie in the dossier already."""
    here = dossier_entries.c
    found: set[str] = set()
    for some in blocks(things):
        query = select(here.document, here.file).where(
            here.dossier == dossier_id,
            here.removed_in.is_(None),
            or_(here.document.in_(some), here.file.in_(some)),
        )
        found |= {row.document or row.file for row in conn.execute(query)}
    return frozenset(found)


def dossiers_of(conn: Connection, document_id: str) -> tuple[Dossier, ...]:
    """The dossiers in which the document lies, by their codes."""
    here = dossier_entries.c
    query = (
        select(dossiers)
        .join(dossier_entries, here.dossier == dossiers.c.id)
        .where(here.document == document_id, here.removed_in.is_(None))
        .order_by(dossiers.c.code)
    )
    return tuple(_dossier(row) for row in conn.execute(query))


def documents_in(conn: Connection, dossier_id: str) -> tuple[str, ...]:
    """Ids of the documents that lie in the dossier."""
    here = dossier_entries.c
    query = select(here.document).where(
        here.dossier == dossier_id, here.removed_in.is_(None), here.document.is_not(None)
    )
    return tuple(conn.execute(query.order_by(here.ordinal)).scalars())


# Files.


def insert_file(conn: Connection, file: DossierFile) -> None:
    facts = {name: getattr(file.facts, name) for name in _FACTS}
    rest = {name: getattr(file, name) for name in DossierFile.__slots__ if name != "facts"}
    conn.execute(insert(dossier_files).values(**rest, **facts))


def file(conn: Connection, file_id: str) -> DossierFile | None:
    row = conn.execute(select(dossier_files).where(dossier_files.c.id == file_id)).first()
    return _file(row._mapping) if row else None


def file_at_home(conn: Connection, dossier_id: str, sha256: str) -> DossierFile | None:
    """The file with those bytes that is stored under the dossier's keys."""
    here = dossier_files.c
    query = select(dossier_files).where(here.dossier == dossier_id, here.sha256 == sha256)
    row = conn.execute(query).first()
    return _file(row._mapping) if row else None


# Versions and deposits.


def insert_version(conn: Connection, version: DossierVersion) -> None:
    conn.execute(insert(dossier_versions).values(**_slots(version)))


def versions(conn: Connection, dossier_id: str) -> tuple[DossierVersion, ...]:
    """Every act on the dossier, in order."""
    here = dossier_versions.c
    rows = conn.execute(select(dossier_versions).where(here.dossier == dossier_id).order_by(here.ordinal))
    return tuple(DossierVersion(**row._mapping) for row in rows)


def insert_deposit(conn: Connection, deposit: DossierDeposit) -> None:
    conn.execute(insert(dossier_deposits).values(**_slots(deposit)))


def deposit(conn: Connection, leaf: str) -> DossierDeposit | None:
    row = conn.execute(select(dossier_deposits).where(dossier_deposits.c.leaf == leaf)).first()
    return _deposit(row) if row else None


def deposits_before(conn: Connection, dossier_id: str, version: int) -> tuple[DossierDeposit, ...]:
    """What is planned and not committed of the dossier, up to that version, in order."""
    here = dossier_deposits.c
    query = select(dossier_deposits).where(here.dossier == dossier_id, here.version <= version)
    return tuple(_deposit(row) for row in conn.execute(query.order_by(here.version)))


def deposits_left(conn: Connection) -> tuple[DossierDeposit, ...]:
    """Everything planned and not committed, dossier by dossier in the order of their versions."""
    here = dossier_deposits.c
    query = select(dossier_deposits).order_by(here.planned_at, here.dossier, here.version)
    return tuple(_deposit(row) for row in conn.execute(query))


def planned_bytes(conn: Connection) -> set[str]:
    """Digests of files that lie in the work area and are not archived yet."""
    rows = conn.execute(select(dossier_deposits.c.files)).scalars()
    return {file["sha256"] for files in rows for file in files}


def delete_deposit(conn: Connection, leaf: str) -> None:
    conn.execute(delete(dossier_deposits).where(dossier_deposits.c.leaf == leaf))


def last_leaf(conn: Connection, dossier_id: str) -> tuple[str, bytes] | None:
    """Id and entry of the newest version's leaf, planned or committed."""
    here = dossier_versions.c
    newest = conn.execute(
        select(here.leaf).where(here.dossier == dossier_id).order_by(here.ordinal.desc()).limit(1)
    ).scalar_one_or_none()
    if newest is None:
        return None
    for table in (dossier_deposits.c.leaf, leaves.c.id):
        query = select(table.table.c.entry).where(table == newest)
        entry_bytes = conn.execute(query).scalar_one_or_none()
        if entry_bytes is not None:
            return newest, entry_bytes
    raise LookupError(f"leaf {newest} of dossier {dossier_id} is neither planned nor committed")


def blocks(things: Collection[str]) -> Iterable[list[str]]:
    """As many as one statement may name at a time."""
    ids = sorted(things)
    return (ids[start : start + BLOCK] for start in range(0, len(ids), BLOCK))


def _first(conn: Connection, query: Select[Any]) -> Dossier | None:
    row = conn.execute(query).first()
    return _dossier(row) if row else None


def _slots(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in value.__slots__}


def _columns(dossier: Dossier) -> dict[str, Any]:
    said = {name: getattr(dossier.fields, name) for name in _FIELDS}
    kept = dossier.retention
    own = ("agency", "code", "state", "version", "entries", "listed", "opened_by", "opened_at", "closed_at")
    return {
        **said,
        **{name: getattr(dossier, name) for name in (*own, "updated_at")},
        "retention_code": kept.code if kept else None,
        "maintenance": kept.maintenance if kept else None,
        "years": kept.years if kept else None,
        "retention_name": kept.name if kept else None,
        "retention_basis": kept.basis if kept else None,
        "work_ended": kept.work_ended if kept else None,
    }


def _dossier(row: Row[Any]) -> Dossier:
    kept = None
    if row.retention_code is not None:
        kept = Retention(
            row.retention_code,
            row.maintenance,
            row.years,
            row.retention_name,
            row.retention_basis,
            row.work_ended,
        )
    return Dossier(
        id=row.id,
        agency=row.agency,
        code=row.code,
        fields=Fields(**{name: row._mapping[name] for name in _FIELDS}),
        state=DossierState(row.state),
        version=row.version,
        entries=row.entries,
        listed=row.listed,
        retention=kept,
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        closed_at=row.closed_at,
        updated_at=row.updated_at,
    )


def _entries() -> Select[Any]:
    """Entries with what they are: a document as issued, or a file."""
    first = (
        select(leaves.c.content_sha256)
        .where(leaves.c.document == documents.c.id, leaves.c.kind == LeafKind.DOCUMENT)
        .order_by(leaves.c.position)
        .limit(1)
        .scalar_subquery()
    )
    told = [documents.c[name].label(f"d_{name}") for name in _OF_DOCUMENT]
    files = [column.label(f"f_{column.name}") for column in dossier_files.c]
    return (
        select(dossier_entries, *told, agencies.c.name.label("d_author"), first.label("d_sha256"), *files)
        .outerjoin(documents, documents.c.id == dossier_entries.c.document)
        .outerjoin(agencies, agencies.c.code == documents.c.agency)
        .outerjoin(dossier_files, dossier_files.c.id == dossier_entries.c.file)
    )


_OF_DOCUMENT = ("id", "public_code", "kind", "number_text", "document_date", "subject", "metadata")


def _entry(row: Row[Any]) -> Entry:
    values = {name: value for name, value in row._mapping.items() if not name.startswith(("d_", "f_"))}
    document, file_row = None, None
    if row.d_id is not None:
        document = FiledDocument(
            id=row.d_id,
            public_code=row.d_public_code,
            kind=row.d_kind,
            number_text=row.d_number_text or "",
            document_date=row.d_document_date,
            subject=row.d_subject,
            author=row.d_author,
            pages=int(row.d_metadata.get("pages", 0)),
            sha256=row.d_sha256 or "",
        )
    if row.f_id is not None:
        file_row = _file({name[2:]: value for name, value in row._mapping.items() if name.startswith("f_")})
    return Entry(**{**values, "document": document, "file": file_row})


def _entry_columns(entry: Entry) -> dict[str, Any]:
    return {
        **_slots(entry),
        "document": entry.document.id if entry.document else None,
        "file": entry.file.id if entry.file else None,
    }


def _file(row: Any) -> DossierFile:
    rest = {name: row[name] for name in DossierFile.__slots__ if name != "facts"}
    return DossierFile(**rest, facts=FileFacts(**{name: row[name] for name in _FACTS}))


def _deposit(row: Row[Any]) -> DossierDeposit:
    return DossierDeposit(**{**row._mapping, "files": tuple(row.files)})
