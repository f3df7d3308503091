"""What an audit did not find as its row says is damaged from now on: a repair does not wait for its next reading."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from archive.catalogue import Connection, copy_rows, watch_rows
from archive.catalogue.copies import SHELVES, Copy
from archive.catalogue.identity import new_id
from archive.catalogue.watch_rows import EventOutcome, EventType, PreservationEvent

DETAIL = "the audit found that the store has not what was archived"


def mark_gone(conn: Connection, found: Iterable[tuple[str, str]], at: datetime) -> int:
    """(store, key) each; how many have a row. A repair reads the copy itself first: a wrong alarm costs that."""
    copies = [copy for store, key in found for copy in _rows(conn, store, key)]
    for copy in copies:
        copy_rows.mark_damaged(conn, copy.shelf, [copy], at)
        watch_rows.add_fault_once(conn, _event(copy, at))
    return len(copies)


def _rows(conn: Connection, store: str, key: str) -> list[Copy]:
    found = (copy_rows.find(conn, shelf, key) for shelf in SHELVES[store])
    return [copy for copy in found if copy is not None]


def _event(copy: Copy, at: datetime) -> PreservationEvent:
    where = copy.shelf.store, copy.key, copy.document
    return PreservationEvent(new_id(at), EventType.FIXITY, at, EventOutcome.FAIL, DETAIL, *where)
