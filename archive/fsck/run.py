"""One audit, from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime

from archive.catalogue import Connection, audit_holds
from archive.fsck import (
    copies,
    documents,
    dossiers,
    holds,
    leaves,
    log,
    log_objects,
    log_rows,
    numbers,
    objects,
    opened,
)
from archive.fsck.findings import Progress, Report, quiet
from archive.fsck.leaves import ChainLookup, register_chain
from archive.log.checkpoint import Checkpoint
from archive.log.leaf import LeafKind
from archive.log.note import VerifierKey
from archive.openings import Openings
from archive.ports import ObjectStore
from archive.storage.ahead import PARALLEL_READS

Reading = Callable[[], AbstractContextManager[Connection]]


def check(
    reading: Reading,
    stores: Mapping[str, ObjectStore],
    key: VerifierKey,
    *,
    known: Iterable[Checkpoint] = (),
    chains: Mapping[LeafKind, ChainLookup] | None = None,
    openings: Openings | None = None,
    at: datetime | None = None,
    quick: bool = False,
    progress: Progress = quiet,
) -> Report:
    """Reads the whole archive, in one snapshot of the catalogue, and tells everything that is wrong.

    `reading` opens a snapshot that cannot write. `stores`: the first one, then those that hold copies of it, by name.
    Every copy is compared with its row, and what was archived has one in each.
    `known` are heads of the log seen elsewhere: by a witness. `chains` looks up the heads of other chains than the
    registers (the audit's); `openings` makes what has to lie in the store beside the log, without it they are not
    compared. `at`: locks of what is to be kept for longer must not end soon after it; without, their ends are compared
    with the rows alone. `quick`: of objects only what the stores say of them, no bytes. The service may run meanwhile:
    what seems wrong because it is newer than the snapshot is looked at again at the end.

    Raises ArchiveUnavailable when a store does not answer: then nothing is known.
    """
    report = Report()
    store = next(iter(stores.values()))
    with ThreadPoolExecutor(PARALLEL_READS, "fsck") as pool:
        with reading() as conn:
            shown = log.shown_checkpoint(store, key, report)
            documents.check_documents(conn, store, pool, report, progress, quick=quick)
            dossiers.check_dossiers(conn, store, pool, report, progress, quick=quick)
            objects.check_deposits(conn, at, report)
            holds.check_holds(conn, report)
            wrong_flags = audit_holds.wrong_flags(conn)
            if at is not None:
                holds.check_locks(conn, at, report)
            unknown = objects.strangers(conn, store, report, progress)
            lookups = {LeafKind.REGISTER_HEAD: register_chain, **(chains or {})}
            leaves.check_heads(conn, lookups, report, progress)
            numbers.check_numbers(conn, report, progress)
            size = log.check_log(conn, store, key, shown, known, pool, report, progress)
            opened.check_openings(conn, store, openings, size, pool, report)
            log_objects.check_log_objects(store, pool, report, quick=quick)
            log_rows.check_log_rows(conn, store, pool, report, quick=quick)
            unknown_copies = {
                name: copies.check_copies(conn, name, other, pool, report, progress, at=at, quick=quick)
                for name, other in list(stores.items())[1:]
            }
        with reading() as conn:
            objects.check_again(conn, stores, report)
            objects.check_unknown(conn, unknown, report)
            for name, keys in unknown_copies.items():
                copies.check_unknown_copies(conn, name, keys, report)
            holds.check_flags(conn, wrong_flags, report)
            log.check_row_not_behind(conn, key, shown, report)
    report.close()
    return report
