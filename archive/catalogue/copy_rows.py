"""Rows of stored copies by what is due: locks to extend, bytes to read, copies to make. Keyset pages throughout.

Whoever changes a row names the version that it looked at: what a repair replaced meanwhile is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    Table,
    and_,
    bindparam,
    false,
    func,
    literal_column,
    null,
    select,
    true,
    tuple_,
    update,
)
from sqlalchemy.engine import Row

from archive.catalogue import Connection
from archive.catalogue.copies import Copy, CopyRole, FixityChange, LockChange, NewCopy, Shelf, spread
from archive.catalogue.dialects import insert_missing
from archive.catalogue.tables import documents, object_copies, objects
from archive.storage import keys
from policies import fixity, locks
from policies.fixity import Outcome, Risk, Work
from policies.locks import Lock
from policies.vocabulary import LockMode, State

Place = tuple[datetime, str]  # a due date and a key: where a page ended
_NAMES = tuple(column.name for column in object_copies.columns if column.name not in ("store", "owner"))


@dataclass(frozen=True, slots=True)
class _Source:
    table: Table
    where: ColumnElement[bool]

    @property
    def owner(self) -> ColumnElement[Any]:
        """Whose retention keeps it."""
        c = self.table.c
        owners = [c[name] for name in ("owner", "document", "file", "dossier") if name in c]
        return func.coalesce(*owners, null())


_SOURCES = {
    Shelf.DOCUMENTS: _Source(objects, true()),
    Shelf.LOG: _Source(object_copies, object_copies.c.store == Shelf.LOG.store),
    Shelf.SECOND: _Source(object_copies, object_copies.c.store == Shelf.SECOND.store),
}


def first_standing(sha256: str, mode: LockMode, at: datetime) -> dict[str, Any]:
    """The columns of a new row that tell when it is watched first. `at`: when it was read back."""
    turn = fixity.first_turn(at)
    due = locks.first_look(at, mode, spread(sha256))
    return {"lock_due": due, "fixity_rank": int(turn.risk), "fixity_due": turn.due}


# Locks


def due_locks(
    conn: Connection, shelf: Shelf, at: datetime, after: Place | None, limit: int
) -> tuple[Copy, ...]:
    """Copies whose lock is due, the longest due first, after the place where the last page ended."""
    c = _SOURCES[shelf].table.c
    due = and_(c.kept.is_(true()), c.lock_due <= at)
    return _page(conn, shelf, due, (c.lock_due, c.key), after, limit)


def set_locks(conn: Connection, shelf: Shelf, changes: Sequence[LockChange], at: datetime) -> None:
    """What was read back. An end that moved further meanwhile stays."""
    table, here = _SOURCES[shelf].table, _of_copy(shelf)
    seen = and_(here, table.c.retain_until <= bindparam("new_until"))
    values = {
        "retain_until": bindparam("new_until"),
        "mode": bindparam("new_mode"),
        "lock_due": bindparam("new_due"),
        "kept": bindparam("new_kept"),
        "locked_at": at,
    }
    for hardened in (False, True):
        rows = [_lock_values(change) for change in changes if change.hardened is hardened]
        more = {"hardened_at": at} if hardened else {}
        if rows:
            conn.execute(update(table).where(seen).values(**values, **more), rows)


def let_end(conn: Connection, shelf: Shelf, after: str, limit: int) -> tuple[Copy, ...]:
    """Copies whose lock is not extended any more, in the order of keys."""
    c = _SOURCES[shelf].table.c
    return _page(conn, shelf, and_(c.kept.is_(false()), c.key > after), (c.key,), None, limit)


def look_again(conn: Connection, shelf: Shelf, keys_: Sequence[str], at: datetime) -> None:
    """The locks of these are due now: retention or a hold changed."""
    source = _SOURCES[shelf]
    here = source.where & source.table.c.key.in_(keys_)
    conn.execute(update(source.table).where(here).values(kept=True, lock_due=at))


def other_holds(conn: Connection, after: str, limit: int, *, held: bool) -> tuple[Copy, ...]:
    """Copies of the second store that are held and the first one's are not, or the other way round; `held`: as the
    first one's are. In the order of keys."""
    return _page(conn, Shelf.SECOND, _other_hold(held, after), (object_copies.c.key,), None, limit)


def count_other_holds(conn: Connection, most: int) -> int:
    """How many those are, either way, each way counted up to `most`."""
    count = 0
    for held in (True, False):
        here = _SOURCES[Shelf.SECOND].where
        few = select(object_copies.c.key).where(here, _other_hold(held, "")).limit(most).subquery()
        count += int(conn.execute(select(func.count()).select_from(few)).scalar_one())
    return count


def _other_hold(held: bool, after: str) -> ColumnElement[bool]:
    """Found from those with a hold, which are few and have indexes of their own: not out of all copies."""
    c, first = object_copies.c, objects.c
    if held:
        under = select(first.key).where(first.hold == true(), first.key > after)
        return and_(c.key.in_(under), c.hold.is_(false()))
    return and_(c.hold.is_(true()), c.key > after, first.key == c.key, first.hold == false())


def set_hold(conn: Connection, copy: Copy, held: bool, at: datetime) -> None:
    """What was read back of its hold; its lock is looked at again."""
    table = _SOURCES[copy.shelf].table
    here = {"old_key": copy.key, "old_version": copy.version}
    values = {"hold": held, "kept": True, "lock_due": at}
    conn.execute(update(table).where(_of_copy(copy.shelf)).values(**values), here)


def earliest_end(conn: Connection, shelf: Shelf) -> datetime | None:
    """Which lock ends first, of those that are still extended."""
    source = _SOURCES[shelf]
    c = source.table.c
    query = select(c.retain_until).where(source.where, c.kept.is_(true())).order_by(c.retain_until).limit(1)
    return conn.execute(query).scalar_one_or_none()


def oldest_due(conn: Connection, shelf: Shelf) -> datetime | None:
    """Since when a lock has been due the longest."""
    source = _SOURCES[shelf]
    c = source.table.c
    query = select(c.lock_due).where(source.where, c.kept.is_(true())).order_by(c.lock_due).limit(1)
    return conn.execute(query).scalar_one_or_none()


def states_of(conn: Connection, document_ids: Sequence[str]) -> dict[str, State]:
    """The states of documents, by id."""
    query = select(documents.c.id, documents.c.state).where(documents.c.id.in_(document_ids))
    return {row.id: State(row.state) for row in conn.execute(query)}


# Fixity


def due_fixity(
    conn: Connection, shelf: Shelf, risk: Risk, at: datetime, after: Place | None, limit: int
) -> tuple[Copy, ...]:
    """Copies of that risk whose turn has come, the longest due first."""
    c = _SOURCES[shelf].table.c
    due = and_(c.fixity_rank == int(risk), c.fixity_due <= at)
    return _page(conn, shelf, due, (c.fixity_due, c.key), after, limit)


def by_key(conn: Connection, shelf: Shelf, after: str, limit: int) -> tuple[Copy, ...]:
    """Every copy, in the order of keys."""
    c = _SOURCES[shelf].table.c
    return _page(conn, shelf, c.key > after, (c.key,), None, limit)


def set_fixity(conn: Connection, shelf: Shelf, changes: Sequence[FixityChange], at: datetime) -> None:
    """Results of readings, and each copy's next turn."""
    table = _SOURCES[shelf].table
    values = {
        "fixity_rank": bindparam("new_rank"),
        "fixity_due": bindparam("new_due"),
        "fixity_state": bindparam("new_state"),
        "fixity_at": at,
    }
    rows = [
        {
            "old_key": change.key,
            "old_version": change.version,
            "new_rank": int(change.turn.risk),
            "new_due": change.turn.due,
            "new_state": change.state,
        }
        for change in changes
    ]
    if rows:
        conn.execute(update(table).where(_of_copy(shelf)).values(**values), rows)


def mark_damaged(conn: Connection, shelf: Shelf, copies: Sequence[Copy | NewCopy], at: datetime) -> None:
    """Somebody found them gone or unreadable before their turn."""
    turn = fixity.Turn(Risk.DAMAGED, at)
    changes = [FixityChange(copy.key, copy.version, Outcome.DAMAGED, turn) for copy in copies]
    set_fixity(conn, shelf, changes, at)


def due_work(conn: Connection, shelf: Shelf, at: datetime) -> Work:
    """How much is due to be read. Counts rows: for the beginning of a run, not for every look."""
    return _work(conn, shelf, _SOURCES[shelf].table.c.fixity_due <= at)


def all_work(conn: Connection, shelf: Shelf) -> Work:
    """Everything on the shelf. Counts rows."""
    return _work(conn, shelf, true())


def damaged(conn: Connection, shelf: Shelf, after: str, limit: int) -> tuple[Copy, ...]:
    """Copies whose last reading found other bytes, or none, and that no repair mended yet, in the order of keys."""
    c = _SOURCES[shelf].table.c
    here = and_(c.fixity_state == literal_column("'damaged'"), c.key > after)
    return _page(conn, shelf, here, (c.key,), None, limit)


def count_damaged(conn: Connection, shelf: Shelf, most: int) -> int:
    """How many those are, counted up to `most`."""
    source = _SOURCES[shelf]
    c = source.table.c
    here = and_(source.where, c.fixity_state == literal_column("'damaged'"))
    few = select(c.key).where(here).limit(most).subquery()
    return int(conn.execute(select(func.count()).select_from(few)).scalar_one())


def mend(conn: Connection, copy: Copy, version: str, lock: Lock, at: datetime) -> bool:
    """The object is that version from now on; False when the row moved meanwhile."""
    table = _SOURCES[copy.shelf].table
    turn = fixity.after_repair(at)
    changed = conn.execute(
        update(table)
        .where(_of_copy(copy.shelf))
        .values(
            version=version,
            retain_until=lock.until,
            mode=lock.mode,
            hold=lock.hold,  # of this version: what came or went meanwhile was done to the other one
            fixity_rank=int(turn.risk),
            fixity_due=turn.due,
            fixity_at=at,
            fixity_state=Outcome.INTACT.value,
            repaired_at=at,
        ),
        {"old_key": copy.key, "old_version": copy.version},
    )
    return changed.rowcount == 1


# Copies


def uncopied(conn: Connection, shelf: Shelf, after: str, limit: int) -> tuple[Copy, ...]:
    """Copies of the first store that the second one does not have yet, in the order of keys."""
    c = _SOURCES[shelf].table.c
    return _page(conn, shelf, and_(c.copied_at.is_(None), c.key > after), (c.key,), None, limit)


def uncopied_log(
    conn: Connection, roles: Sequence[CopyRole], between: tuple[str, str | None], limit: int
) -> tuple[Copy, ...]:
    """Those of the log's objects that are of these roles; keys after the first and up to the second."""
    c, (after, last) = object_copies.c, between
    here = and_(c.copied_at.is_(None), c.role.in_(roles), c.key > after)
    if last is not None:
        here = and_(here, c.key <= last)
    return _page(conn, Shelf.LOG, here, (c.key,), None, limit)


def count_uncopied(conn: Connection, shelf: Shelf, most: int) -> int:
    """How many those are, counted up to `most`."""
    source = _SOURCES[shelf]
    c = source.table.c
    few = select(c.key).where(source.where, c.copied_at.is_(None)).limit(most).subquery()
    return int(conn.execute(select(func.count()).select_from(few)).scalar_one())


def oldest_uncopied(conn: Connection, shelf: Shelf, most: int) -> datetime | None:
    """When the longest waiting one of them was read back, looked for among `most`."""
    source = _SOURCES[shelf]
    c = source.table.c
    few = select(c.read_back_at).where(source.where, c.copied_at.is_(None)).limit(most).subquery()
    return conn.execute(select(func.min(few.c.read_back_at))).scalar_one_or_none()


def add(conn: Connection, copy: NewCopy) -> None:
    """A row for a copy that was read back; one that is there already stays as it is."""
    values = {name: getattr(copy, name) for name in NewCopy.__slots__}
    standing = first_standing(copy.sha256, copy.mode, copy.read_back_at)
    if copy.store == Shelf.SECOND.store:
        standing["copied_at"] = copy.read_back_at
    insert_missing(conn, object_copies, values | standing)


def mark_copied(conn: Connection, copy: Copy, at: datetime) -> None:
    """The second store has it, read back."""
    table = _SOURCES[copy.shelf].table
    here = {"old_key": copy.key, "old_version": copy.version}
    conn.execute(update(table).where(_of_copy(copy.shelf)).values(copied_at=at), here)


def find(conn: Connection, shelf: Shelf, key: str) -> Copy | None:
    """The row of that key."""
    found = _page(conn, shelf, _SOURCES[shelf].table.c.key == key, (), None, 1)
    return found[0] if found else None


def of_document(conn: Connection, shelf: Shelf, document_id: str) -> tuple[Copy, ...]:
    """The document's copies on that shelf, in the order in which they were written."""
    c = _SOURCES[shelf].table.c
    return _page(conn, shelf, c.document == document_id, (c.read_back_at, c.key), None, None)


def known_keys(conn: Connection, shelf: Shelf, wanted: Sequence[str]) -> set[str]:
    """Those of the keys that have a row."""
    source = _SOURCES[shelf]
    c = source.table.c
    return set(conn.execute(select(c.key).where(source.where, c.key.in_(wanted))).scalars())


def highest_checkpoint(conn: Connection) -> int:
    """The tree size of the largest checkpoint of the log that has a row, 0 without one."""
    c = object_copies.c
    # Keys of checkpoints are of one width: the greatest is the highest, in every collation.
    here = c.key.between(keys.checkpoint_key(0), keys.checkpoint_key(keys.LARGEST))
    query = select(func.max(c.key)).where(c.store == Shelf.LOG.store, c.role == CopyRole.CHECKPOINT, here)
    key = conn.execute(query).scalar_one_or_none()
    return 0 if key is None else keys.checkpoint_size(key)


def repaired_versions(conn: Connection, store: str) -> dict[str, str]:
    """Of every key of the store whose object is a version that a repair wrote: that version. Few, if any."""
    found = {}
    for shelf in Shelf:
        if shelf.store == store:
            source = _SOURCES[shelf]
            c = source.table.c
            query = select(c.key, c.version).where(source.where, c.repaired_at.is_not(None), c.version != "")
            found.update({row.key: row.version for row in conn.execute(query)})
    return found


def _of_copy(shelf: Shelf) -> ColumnElement[bool]:
    source = _SOURCES[shelf]
    c = source.table.c
    return and_(source.where, c.key == bindparam("old_key"), c.version == bindparam("old_version"))


def _lock_values(change: LockChange) -> dict[str, Any]:
    return {
        "old_key": change.key,
        "old_version": change.version,
        "new_until": change.lock.until,
        "new_mode": change.lock.mode,
        "new_due": change.look_next,
        "new_kept": change.kept,
    }


def _work(conn: Connection, shelf: Shelf, condition: ColumnElement[bool]) -> Work:
    source = _SOURCES[shelf]
    sums = select(func.count(), func.coalesce(func.sum(source.table.c.size), 0))
    row = conn.execute(sums.where(source.where, condition)).one()
    return Work(int(row[0]), int(row[1]))


def _page(
    conn: Connection,
    shelf: Shelf,
    condition: ColumnElement[bool],
    order: tuple[ColumnElement[Any], ...],
    after: Place | None,
    limit: int | None,
) -> tuple[Copy, ...]:
    source = _SOURCES[shelf]
    c = source.table.c
    columns = [c[name] for name in _NAMES]
    query: Select[Any] = select(*columns, source.owner.label("whose")).where(source.where, condition)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return tuple(_copy(shelf, row) for row in conn.execute(query.order_by(*order).limit(limit)))


def _copy(shelf: Shelf, row: Row[Any]) -> Copy:
    values = {name: value for name, value in row._mapping.items() if name != "fixity_rank"}
    lock = Lock(values.pop("retain_until"), LockMode(values.pop("mode")), values.pop("hold"))
    return Copy(shelf=shelf, lock=lock, owner=values.pop("whose"), **values)
