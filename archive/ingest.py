"""Archiving: from bytes in the work area to a committed, unnumbered leaf of the log.

    1. plan      in the transaction of the act before (validated, issued …): every byte is decided here
    2. store     put the content, locked
    3. store     put the record, locked
    4. store     read bytes and locks back, of small content before 3, of large content beside it; the locks are of
                 quarantine (`policies.locks`). What the store spoiled is put once more (`archive.putting`)
    5. commit    COMMIT POINT: state, objects, pending leaf, in one transaction
    (6. later, the sequencer numbers the leaf and publishes the checkpoint; then there is a receipt)

A crash after 1 leaves a deposit. After 2, 3 or 4 it leaves locked objects under keys that the deposit derives
again; a put of the same bytes under the same key is a success. After 5 the deposit is gone and the leaf is
there, and repeating 5 finds it. So recovery is `carry_out` of every deposit left: the happy path's own code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from archive import strays
from archive.catalogue import (
    Connection,
    agency_rows,
    deposit_rows,
    document_changes,
    documents,
    evidence_rows,
    log_rows,
    register_rows,
)
from archive.catalogue.values import Deposit, Document, Event, Leaf, NewVersion, ObjectRole, ObjectRow
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable, StorageRefused
from archive.heads import bind_register
from archive.log import leaf as leaves
from archive.log.leaf import LeafKind, Opening
from archive.log.merkle import leaf_hash
from archive.ports import ObjectStore, StoredObject, WorkArea
from archive.putting import Putting, putting, tell
from archive.record import (
    RECORD_SCHEMA,
    EventFacts,
    LeafSecrets,
    VersionFacts,
    digest,
    event_record,
    parse,
    version_record,
)
from archive.storage import keys
from policies.issuing import Act
from policies.locks import FIRST_MODE
from policies.reasons import archiving as reasons
from policies.refusals import Refused
from policies.retention import lock_until
from policies.vocabulary import State

Begin = Callable[[], AbstractContextManager[Connection]]
LARGE = 1 << 20  # bytes; reading so many back takes longer than a thread costs


@dataclass(frozen=True, slots=True)
class Kept:
    """The ticket of `store`: these objects were read back, bytes and locks, for this deposit.

    `replaced`: keys of those that lie beside bytes which the store spoiled.
    """

    deposit: Deposit
    objects: tuple[tuple[ObjectRole, StoredObject], ...]
    replaced: frozenset[str] = frozenset()
    over: bool = False  # the record lies over something (`archive.strays`)


@dataclass(frozen=True, slots=True)
class Failure:
    """A deposit that recovery could not carry out, and why. It stays a deposit."""

    deposit: Deposit
    error: Refused | ArchiveUnavailable | ArchiveDamaged


def plan_version(
    conn: Connection, document: Document, content: NewVersion, facts: Mapping[str, Any], at: datetime
) -> Deposit:
    """Step 1 for a version of the document's bytes. ValueError while another version is planned.

    The caller's transaction also makes the document `validated`, or holds its row for a later version.
    """
    leaf, retain_until = _secrets(), lock_until(at)
    earlier = log_rows.archived_versions(conn, document.id)
    predecessor = earlier[-1] if earlier else None
    agency = agency_rows.agency(conn, document.agency)
    if agency is None or deposit_rows.version_deposit(conn, document.id) is not None:
        raise ValueError(f"a version of document {document.id} is planned already, or its agency is gone")
    record = version_record(
        VersionFacts(
            agency=agency,
            document=document,
            signers=documents.signers(conn, document.id),
            versions=documents.versions(conn, document.id),
            content=content,
            content_key=keys.pdf_key(document.id, content.sha256),
            register=register_rows.journal_head(conn, document.agency),
            predecessor=predecessor.id if predecessor else None,
            facts=facts,
            leaf=leaf,
            retain_until=retain_until,
            at=at,
        )
    )
    record_key = keys.record_key(document.id, digest(record))
    return _planned(conn, LeafKind.DOCUMENT, document, content, record_key, record, leaf, predecessor, at)


def plan_event(
    conn: Connection, document: Document, kind: str, facts: Mapping[str, Any], actor: str, at: datetime
) -> Deposit:
    """Step 1 for a later fact, in the transaction of its act, which holds the document's row.

    Raises ArchiveRefused NOT_ARCHIVED when no version of the document is archived.
    """
    versions = log_rows.archived_versions(conn, document.id)
    if not versions or versions[-1].content_sha256 is None:
        raise ArchiveRefused(reasons.NOT_ARCHIVED)
    latest, sha256 = versions[-1], versions[-1].content_sha256
    event = Event(document.id, deposit_rows.next_event(conn, document.id), kind, dict(facts), actor, at)
    deposit_rows.insert_event(conn, event)
    leaf = _secrets()
    record = event_record(
        EventFacts(
            document=document.id,
            ordinal=event.ordinal,
            kind=kind,
            facts=facts,
            actor=actor,
            content_sha256=sha256,
            predecessor=latest.id,
            leaf=leaf,
            retain_until=lock_until(at),
            at=at,
        )
    )
    version = next(v for v in documents.versions(conn, document.id) if v.sha256 == sha256)
    content = NewVersion(version.role, version.sha256, version.size)
    record_key = keys.event_key(document.id, event.ordinal)
    return _planned(conn, LeafKind.EVENT, document, content, record_key, record, leaf, latest, at)


def store(deposit: Deposit, objects: ObjectStore | Putting, work: WorkArea, *, over: bool = False) -> Kept:
    """Steps 2 to 4. Repeatable; nothing in the catalogue changes.

    `over`: the record goes over something that lies in its way (`archive.strays`).

    Raises ArchiveUnavailable (repeat), StorageRefused, ArchiveDamaged (what was read back differs).
    """
    into = objects if isinstance(objects, Putting) else Putting(objects)

    def record() -> StoredObject:
        if over:
            return strays.put_over(
                into.objects, deposit.record_key, deposit.record, deposit.retain_until, into.waiting
            )
        return into.put(
            deposit.record_key,
            deposit.record,
            sha256=digest(deposit.record),
            retain_until=deposit.retain_until,
        )

    if deposit.kind is not LeafKind.DOCUMENT:
        return Kept(deposit, ((ObjectRole.EVENT, record()),), frozenset(into.replaced), over)
    with ThreadPoolExecutor(1, "record") as beside:
        begun: list[Future[StoredObject]] = []
        content = into.put(
            keys.pdf_key(deposit.document, deposit.content_sha256),
            work.work_path(deposit.content_sha256),
            sha256=deposit.content_sha256,
            retain_until=deposit.retain_until,
            taken=lambda: (
                begun.append(beside.submit(record)) if deposit.content_size > LARGE and not begun else None
            ),
        )
        kept = begun[0].result() if begun else record()
    both = ((ObjectRole.CONTENT, content), (ObjectRole.RECORD, kept))
    return Kept(deposit, both, frozenset(into.replaced), over)


def commit(conn: Connection, kept: Kept, at: datetime) -> Leaf:
    """Step 5, in the caller's transaction; when that commits, the deposit is archived. Repeatable.

    Raises Refused WRONG_ORDER when the document was stopped or voided meanwhile: the deposit stays.
    """
    deposit = kept.deposit
    # Two may carry out one deposit: the second finds the first's leaf.
    document = documents.locked(conn, deposit.document)
    if not deposit_rows.delete_deposit(conn, deposit.leaf):
        done = log_rows.leaf(conn, deposit.leaf)
        if done is not None:
            return done
    # The registers' head comes first in the log: whoever has the document's leaf has what its number is proved by.
    bind_register(conn, document.agency, at)
    leaf = _pending(deposit, at)
    log_rows.insert_leaf(conn, leaf)
    deposit_rows.insert_objects(conn, [_row(kept, role, stored, at) for role, stored in kept.objects])
    tell(conn, kept.replaced, deposit.document, at)
    if kept.over:
        strays.enter(conn, kept.objects[-1][1], deposit.document, at)
    if deposit.kind is LeafKind.DOCUMENT:
        _advance(conn, document, deposit, at)
        _enter_evidence(conn, deposit, at)
    return leaf


def carry_out(deposit: Deposit, objects: ObjectStore, work: WorkArea, begin: Begin, at: datetime) -> Leaf:
    """Steps 2 to 5. Raises as `store` and `commit` do; repeat it until it returns."""
    into = putting(objects, begin, deposit.planned_at, at)
    try:
        kept = store(deposit, into, work)
    except StorageRefused as exc:
        with begin() as conn:
            done = log_rows.leaf(conn, deposit.leaf)  # another process was quicker
            if done is not None:
                return done
            if not strays.in_the_way(conn, exc, deposit.record_key):
                raise
        kept = store(deposit, into, work, over=True)
    with begin() as conn:
        leaf = commit(conn, kept, at)
    # ---- COMMIT POINT: the version or event is archived. Before this line nothing was; after it, only the
    # number of its leaf is missing, and the sequencer gives it to every committed leaf.
    return leaf


def recover(objects: ObjectStore, work: WorkArea, begin: Begin, at: datetime) -> tuple[Failure, ...]:
    """Carry out every deposit that a crash left, oldest first. What cannot be is returned, not raised."""
    with begin() as conn:
        left = deposit_rows.deposits_left(conn)
    failures = []
    for deposit in left:
        try:
            carry_out(deposit, objects, work, begin, at)
        except (Refused, ArchiveUnavailable, ArchiveDamaged) as exc:
            failures.append(Failure(deposit, exc))
    return tuple(failures)


def _secrets() -> LeafSecrets:
    return LeafSecrets(leaves.new_id().hex(), leaves.new_salt(), leaves.new_salt())


def _planned(
    conn: Connection,
    kind: LeafKind,
    document: Document,
    content: NewVersion,
    record_key: str,
    record: bytes,
    leaf: LeafSecrets,
    predecessor: Leaf | None,
    at: datetime,
) -> Deposit:
    entry = leaves.encode(
        leaves.make_leaf(
            kind,
            bytes.fromhex(leaf.id),
            Opening(content.sha256, leaf.content_salt),
            Opening(digest(record), leaf.record_salt),
            leaf_hash(predecessor.entry) if predecessor else None,
        )
    )
    deposit = Deposit(
        leaf=leaf.id,
        kind=kind,
        document=document.id,
        version_role=content.role,
        content_sha256=content.sha256,
        content_size=content.size,
        content_salt=leaf.content_salt,
        record_key=record_key,
        record=record,
        record_salt=leaf.record_salt,
        predecessor=predecessor.id if predecessor else None,
        entry=entry,
        retain_until=lock_until(at),
        planned_at=at,
    )
    deposit_rows.insert_deposit(conn, deposit)
    return deposit


def _pending(deposit: Deposit, at: datetime) -> Leaf:
    return Leaf(
        id=deposit.leaf,
        kind=deposit.kind,
        document=deposit.document,
        agency=None,
        head_ordinal=None,
        content_sha256=deposit.content_sha256,
        record_sha256=digest(deposit.record),
        content_salt=deposit.content_salt,
        record_salt=deposit.record_salt,
        predecessor=deposit.predecessor,
        entry=deposit.entry,
        log_index=None,
        created_at=at,
    )


def _row(kept: Kept, role: ObjectRole, stored: StoredObject, at: datetime) -> ObjectRow:
    deposit = kept.deposit
    return ObjectRow(
        key=stored.key,
        document=deposit.document,
        leaf=deposit.leaf,
        role=role,
        sha256=stored.sha256,
        size=stored.size,
        retain_until=stored.retain_until or deposit.retain_until,
        read_back_at=at,
        version=stored.version,
        mode=stored.mode or FIRST_MODE,
        hold=stored.hold,
        repaired_at=at if stored.key in kept.replaced else None,
    )


def _advance(conn: Connection, document: Document, deposit: Deposit, at: datetime) -> None:
    """A version is of when it was planned, as its record says: a rebuild knows no other time."""
    content = NewVersion(deposit.version_role, deposit.content_sha256, deposit.content_size)
    new = None if _is_known(conn, document, content) else content
    if document.state is State.VALIDATED:
        document_changes.advance(
            conn, document, Act.ARCHIVE, at, version=new, made_at=deposit.planned_at, archived_at=at
        )
    else:
        document_changes.advance(conn, document, Act.AUGMENT, at, version=new, made_at=deposit.planned_at)


def _enter_evidence(conn: Connection, deposit: Deposit, at: datetime) -> None:
    """Until when its evidence is good, as its record tells; older records do not, and a night judges those anew."""
    facts = parse(deposit.record, RECORD_SCHEMA, deposit.record_key)["facts"]
    row = evidence_rows.of_record(deposit.document, deposit.content_sha256, facts, at)
    if row is not None:
        evidence_rows.put(conn, row)


def _is_known(conn: Connection, document: Document, content: NewVersion) -> bool:
    if document.current_sha256 == content.sha256:
        return True
    return content.sha256 in {version.sha256 for version in documents.versions(conn, document.id)}
