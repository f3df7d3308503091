"""Archiving what happens to dossiers: from an act in the catalogue to a committed, unnumbered leaf of the log.

    1. plan      in the transaction of the act: every byte of the version's record is decided here
    2. store     put each new file, locked
    3. store     put the record, locked
    4. store     read bytes and locks back; what the store spoiled is put once more (`archive.putting`)
    5. commit    COMMIT POINT: objects and pending leaf, in one transaction

A crash after 1 leaves the act in the catalogue and its deposit beside it. After 2, 3 or 4 there are locked objects
under keys that the deposit derives again. After 5 the deposit is gone and the leaf is there. Recovery is
`carry_out` of every deposit left: the happy path's own code. Versions of one dossier are carried out in their
order, for each leaf names the one before.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from archive import strays
from archive.catalogue import Connection, agency_rows, deposit_rows, dossier_rows, log_rows
from archive.catalogue.keeping_values import Dossier, DossierDeposit, DossierVersion
from archive.catalogue.values import Leaf, ObjectRole, ObjectRow
from archive.dossier_record import Act, dossier_record
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.log import leaf as leaves
from archive.log.leaf import LeafKind, Opening
from archive.log.merkle import leaf_hash
from archive.ports import ObjectStore, StoredObject, WorkArea
from archive.putting import Putting, putting, tell
from archive.record import LeafSecrets, digest
from archive.storage import keys
from policies.locks import FIRST_MODE
from policies.refusals import Refused
from policies.retention import lock_until

Begin = Callable[[], AbstractContextManager[Connection]]


@dataclass(frozen=True, slots=True)
class Kept:
    """The ticket of `store`: these objects were read back, bytes and locks, for this deposit.

    `replaced`: keys of those that lie beside bytes which the store spoiled.
    """

    deposit: DossierDeposit
    record: StoredObject
    files: tuple[tuple[str, StoredObject], ...]  # the file's id with each
    replaced: frozenset[str] = frozenset()
    over: bool = False  # the record lies over something (`archive.strays`)


@dataclass(frozen=True, slots=True)
class Failure:
    """A deposit that recovery could not carry out, and why. It stays a deposit."""

    deposit: DossierDeposit
    error: Refused | ArchiveUnavailable | ArchiveDamaged


def plan(conn: Connection, dossier: Dossier, act: Act) -> DossierDeposit:
    """Step 1, after the act wrote its rows; the caller's transaction holds the dossier's row.

    `dossier` is as the act left it, with its new version. ValueError when its agency is gone.
    """
    agency = agency_rows.agency(conn, dossier.agency)
    if agency is None:
        raise ValueError(f"agency {dossier.agency} of dossier {dossier.id} is gone")
    before = dossier_rows.last_leaf(conn, dossier.id)
    secrets = LeafSecrets(leaves.new_id().hex(), leaves.new_salt(), leaves.new_salt())
    until = lock_until(act.at)
    record = dossier_record(agency, dossier, act, before[0] if before else None, secrets, until)
    sha256 = digest(record)
    entry = leaves.encode(
        leaves.make_leaf(
            LeafKind.DOSSIER,
            bytes.fromhex(secrets.id),
            Opening(sha256, secrets.content_salt),
            Opening(sha256, secrets.record_salt),
            leaf_hash(before[1]) if before else None,
        )
    )
    deposit = DossierDeposit(
        leaf=secrets.id,
        dossier=dossier.id,
        version=dossier.version,
        files=tuple({"id": one.id, "sha256": one.sha256, "size": one.size} for one in act.new_files),
        record_key=keys.dossier_version_key(dossier.id, dossier.version),
        record=record,
        content_salt=secrets.content_salt,
        record_salt=secrets.record_salt,
        predecessor=before[0] if before else None,
        entry=entry,
        retain_until=until,
        planned_at=act.at,
    )
    dossier_rows.insert_deposit(conn, deposit)
    version = DossierVersion(
        dossier.id, dossier.version, act.kind, act.reason, act.actor, act.at, secrets.id, sha256
    )
    dossier_rows.insert_version(conn, version)
    return deposit


def store(
    deposit: DossierDeposit, objects: ObjectStore | Putting, work: WorkArea, *, over: bool = False
) -> Kept:
    """Steps 2 to 4. Repeatable; nothing in the catalogue changes.

    `over`: the record goes over something that lies in its way (`archive.strays`).

    Raises ArchiveUnavailable (repeat), StorageRefused, ArchiveDamaged (what was read back differs).
    """
    into = objects if isinstance(objects, Putting) else Putting(objects)
    files = tuple(
        (
            str(file["id"]),
            into.put(
                keys.dossier_file_key(deposit.dossier, file["sha256"]),
                work.work_path(file["sha256"]),
                sha256=file["sha256"],
                retain_until=deposit.retain_until,
            ),
        )
        for file in deposit.files
    )
    if over:
        record = strays.put_over(
            into.objects, deposit.record_key, deposit.record, deposit.retain_until, into.waiting
        )
    else:
        record = into.put(
            deposit.record_key,
            deposit.record,
            sha256=digest(deposit.record),
            retain_until=deposit.retain_until,
        )
    return Kept(deposit, record, files, frozenset(into.replaced), over)


def commit(conn: Connection, kept: Kept, at: datetime) -> Leaf:
    """Step 5, in the caller's transaction; when that commits, the version is archived. Repeatable."""
    deposit = kept.deposit
    dossier_rows.locked(conn, deposit.dossier)  # of two who carry it out the second finds the first's leaf
    done = log_rows.leaf(conn, deposit.leaf)
    if done is not None:
        return done
    leaf = _pending(deposit, at)
    log_rows.insert_leaf(conn, leaf)
    rows = [_row(kept, ObjectRole.FILE, stored, at, file) for file, stored in kept.files]
    deposit_rows.insert_objects(conn, [*rows, _row(kept, ObjectRole.DOSSIER, kept.record, at)])
    tell(conn, kept.replaced, None, at)
    if kept.over:
        strays.enter(conn, kept.record, None, at)
    dossier_rows.delete_deposit(conn, deposit.leaf)
    return leaf


def carry_out(
    deposit: DossierDeposit, objects: ObjectStore, work: WorkArea, begin: Begin, at: datetime
) -> Leaf:
    """Steps 2 to 5, and before them those of the dossier's earlier versions that are left. Repeat it until it
    returns. Raises as `store` does."""
    with begin() as conn:
        left = dossier_rows.deposits_before(conn, deposit.dossier, deposit.version)
    leaf = None
    for one in left or (deposit,):
        kept = _stored(one, putting(objects, begin, one.planned_at, at), work, begin)
        with begin() as conn:
            leaf = commit(conn, kept, at)
        # ---- COMMIT POINT: the version is archived; only the number of its leaf is missing.
    if leaf is None:
        raise ValueError(f"deposit {deposit.leaf} was not carried out")
    return leaf


def _stored(deposit: DossierDeposit, into: Putting, work: WorkArea, begin: Begin) -> Kept:
    try:
        return store(deposit, into, work)
    except StorageRefused as exc:
        with begin() as conn:
            if not strays.in_the_way(conn, exc, deposit.record_key):
                raise
    return store(deposit, into, work, over=True)


def recover(objects: ObjectStore, work: WorkArea, begin: Begin, at: datetime) -> tuple[Failure, ...]:
    """Carry out every deposit that a crash left, in order. What cannot be is returned, not raised."""
    with begin() as conn:
        left = dossier_rows.deposits_left(conn)
    failures, stuck = [], set()
    for deposit in left:
        if deposit.dossier in stuck:
            continue
        try:
            carry_out(deposit, objects, work, begin, at)
        except (Refused, ArchiveUnavailable, ArchiveDamaged) as exc:
            failures.append(Failure(deposit, exc))
            stuck.add(deposit.dossier)
    return tuple(failures)


def _pending(deposit: DossierDeposit, at: datetime) -> Leaf:
    sha256 = digest(deposit.record)
    return Leaf(
        id=deposit.leaf,
        kind=LeafKind.DOSSIER,
        document=None,
        agency=None,
        head_ordinal=None,
        content_sha256=sha256,
        record_sha256=sha256,
        content_salt=deposit.content_salt,
        record_salt=deposit.record_salt,
        predecessor=deposit.predecessor,
        entry=deposit.entry,
        log_index=None,
        created_at=at,
        dossier=deposit.dossier,
    )


def _row(
    kept: Kept, role: ObjectRole, stored: StoredObject, at: datetime, file: str | None = None
) -> ObjectRow:
    deposit = kept.deposit
    return ObjectRow(
        key=stored.key,
        document=None,
        leaf=deposit.leaf,
        role=role,
        sha256=stored.sha256,
        size=stored.size,
        retain_until=stored.retain_until or deposit.retain_until,
        read_back_at=at,
        version=stored.version,
        mode=stored.mode or FIRST_MODE,
        hold=stored.hold,
        dossier=deposit.dossier,
        file=file,
        repaired_at=at if stored.key in kept.replaced else None,
    )
