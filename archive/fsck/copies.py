"""The second store ⇔ its rows ⇔ the first one: what was archived lies there too, the same bytes, locked."""

from __future__ import annotations

from concurrent.futures import Executor
from datetime import datetime, timedelta

from archive.catalogue import Connection, audit_holds, audit_objects, audit_rows
from archive.catalogue.audit_rows import RowValues
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.findings import Progress, Report
from archive.fsck.log_objects import STRANGE, kind_of
from archive.fsck.objects import check_object, look_at, place, strangers
from archive.ports import ObjectStore
from archive.storage import keys
from policies.holds import HOLDING

PATIENCE = timedelta(days=2)  # a copy is made in the background; the second store may be away for a night


def check_copies(
    conn: Connection,
    name: str,
    store: ObjectStore,
    pool: Executor,
    report: Report,
    progress: Progress,
    *,
    at: datetime | None,
    quick: bool,
) -> list[str]:
    """Every copy, and what has none. Returns the keys in that store that no row names, to look at once more.

    `at`: what was archived long before it must have its copy; without, only what is said to have one.
    """
    total = audit_rows.count(conn, "object_copies")
    looks = look_at(store, audit_objects.copies(conn, name), pool, quick=quick)
    for done, looked in enumerate(looks, 1):
        check_object(looked, report, name)
        progress("copies", done, total)
    for row in audit_objects.differing_copies(conn, name):
        what = "the rows of the two stores say other bytes of it"
        report.error(ids.COPY_DIFFERS, place(name, row["key"]), what)
    _check_owed(conn, name, at, report)
    _check_holds(conn, name, at, report)
    for key in store.list(keys.LOG):
        if kind_of(key) == STRANGE:
            report.error(ids.OBJECT_WITHOUT_ROW, place(name, key), "no object of the log has such a name")
    return strangers(conn, store, report, progress, name)


def _check_owed(conn: Connection, name: str, at: datetime | None, report: Report) -> None:
    owed = 0
    for row in audit_objects.without_copy(conn, name):
        where = place(name, row["key"])
        if row["copied_at"] is not None:
            report.error(ids.COPY_MISSING, where, f"was copied at {row['copied_at']}, and has no row")
        elif at is not None and row["read_back_at"] < at - PATIENCE:
            report.error(ids.COPY_MISSING, where, f"is archived since {row['read_back_at']} and not copied")
        else:
            owed += 1
    if owed:
        report.note(ids.COPY_OWED, name, f"{owed} objects wait to be copied")


def _check_holds(conn: Connection, name: str, at: datetime | None, report: Report) -> None:
    """What is held is held in both stores; here by the rows, each of which was compared with its store."""
    owed = 0
    for row in audit_holds.differing_holds(conn, name):
        if row["hold"] and at is not None and _held_since(conn, row) < at - PATIENCE:
            what = "is under a hold, and its row does not say so"
            report.error(ids.HOLD_NOT_ON_ROW, place(name, row["key"]), what)
        else:
            owed += 1
    if owed:
        report.note(ids.COPY_OWED, name, f"{owed} copies wait for a legal hold, or to be let go")


def _held_since(conn: Connection, row: RowValues) -> datetime:
    """Of one whose hold is over by now, and whose flag is still on: since it was archived."""
    over = [hold for hold in audit_holds.holds_over(conn, row) if hold["state"] in HOLDING]
    archived: datetime = row["read_back_at"]
    times = [max(hold["placed_at"], hold.get("filed_at") or hold["placed_at"]) for hold in over]
    return max(min(times, default=archived), archived)


def check_unknown_copies(conn: Connection, name: str, unknown: list[str], report: Report) -> None:
    """In a later snapshot. What the first store archived is on its way: its row follows, or the next run makes it."""
    planned = audit_objects.planned_keys(conn)
    for block in in_blocks(unknown):
        known = audit_objects.stored(conn, name, block)
        archived = audit_rows.by_id(conn, "objects", "key", block)
        for key in block:
            if key not in known and key not in archived and key not in planned:
                what = "in the store, but not in the catalogue"
                report.error(ids.OBJECT_WITHOUT_ROW, place(name, key), what)
