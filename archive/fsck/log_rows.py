"""The log's own rows ⇔ its objects, as of documents: what was deleted, or whose lock was cut, is told."""

from __future__ import annotations

from concurrent.futures import Executor

from archive.catalogue import Connection, audit_objects
from archive.catalogue.copies import FIRST
from archive.fsck.findings import Report
from archive.fsck.objects import check_object, look_at
from archive.ports import ObjectStore


def check_log_rows(
    conn: Connection, store: ObjectStore, pool: Executor, report: Report, *, quick: bool
) -> None:
    """Every object of the log that has a row in the first store. `quick`: what the store says of them, no bytes."""
    for looked in look_at(store, audit_objects.copies(conn, FIRST), pool, quick=quick):
        check_object(looked, report)
