"""Openings ⇔ rows: whoever has the store alone can open every head of the log."""

from __future__ import annotations

from concurrent.futures import Executor
from functools import partial

from archive.catalogue import Connection
from archive.errors import ArchiveDamaged, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Report
from archive.log.begun import MAX_OPENINGS
from archive.openings import Openings, read
from archive.ports import ObjectStore
from archive.record import digest
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.giving import given
from archive.storage.readback import read_bounded


def check_openings(
    conn: Connection, store: ObjectStore, openings: Openings | None, size: int, pool: Executor, report: Report
) -> None:
    """They cover the log's first `size` leaves without a gap, and are what the catalogue's rows make.

    Without `openings` only that they cover it.
    """
    done = 0
    stretches: list[tuple[int, int]] = []
    for name in store.list(keys.OPENINGS):
        try:
            start, stop, part = keys.openings_stretch(name)
        except ValueError:
            continue  # told by its name
        if part != 0 or stop > size:
            continue
        if start > done:
            _gap(done, start, report)
        done = max(done, stop)
        stretches.append((start, stop))
    if done < size:
        _gap(done, size, report)
    if openings is not None:
        _compare(conn, store, openings, stretches, pool, report)


def _gap(start: int, stop: int, report: Report) -> None:
    what = "nothing in the store opens the heads among them: they could not be rebuilt"
    report.error(ids.OPENINGS_MISSING, f"leaves {start} to {stop - 1}", what)


def _compare(
    conn: Connection,
    store: ObjectStore,
    openings: Openings,
    stretches: list[tuple[int, int]],
    pool: Executor,
    report: Report,
) -> None:
    def fetch(stretch: tuple[int, int]) -> tuple[int, int, str, list[str], str]:
        """Start, stop, the first part's note, the digests of all parts; or why they cannot be read."""
        start, stop = stretch
        try:
            first = given(store, lambda: read(store, keys.openings_key(start, stop)))
            names = [keys.openings_key(start, stop, part) for part in range(first["parts"])]
            digests = [
                digest(given(store, partial(read_bounded, store, name, MAX_OPENINGS))) for name in names
            ]
            return start, stop, first["note"], digests, ""
        except (StorageRefused, ArchiveDamaged, KeyError, TypeError, ValueError) as exc:
            return start, stop, "", [], str(exc)

    for start, stop, note, found, fault in ahead(pool, fetch, stretches):
        key = keys.openings_key(start, stop)
        report.read["openings"] += 1
        try:
            made = [digest(data) for _, data in openings.of(conn, start, stop, note.encode())]
        except ArchiveDamaged as exc:
            report.error(ids.OPENINGS_DIFFER, key, str(exc))
            continue
        if fault:
            report.error(ids.OPENINGS_BROKEN, key, fault)
        elif made != found:
            report.error(ids.OPENINGS_DIFFER, key, "not what the catalogue's leaves, journals and audit make")
