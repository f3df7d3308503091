"""One audit, from end to end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from datetime import datetime

from archive.catalogue import Connection
from archive.fsck import documents, dossiers, holds, leaves, log, numbers, objects
from archive.fsck.findings import Progress, Report, quiet
from archive.fsck.leaves import ChainLookup, register_chain
from archive.log.checkpoint import Checkpoint
from archive.log.leaf import LeafKind
from archive.log.note import VerifierKey
from archive.ports import ObjectStore

Reading = Callable[[], AbstractContextManager[Connection]]


def check(
    reading: Reading,
    store: ObjectStore,
    key: VerifierKey,
    *,
    known: Iterable[Checkpoint] = (),
    chains: Mapping[LeafKind, ChainLookup] | None = None,
    at: datetime | None = None,
    progress: Progress = quiet,
) -> Report:
    """Reads the whole archive, in one snapshot of the catalogue, and tells everything that is wrong.

    `reading` opens a snapshot that cannot write. `known` are heads of the log seen elsewhere: in a second store,
    by a witness. `chains` looks up the heads of other chains than the registers (the audit's). `at`: locks of what
    is to be kept must not end soon after it; without, their ends are compared with the rows alone. The service may
    run meanwhile: what seems wrong because it is newer than the snapshot is looked at again at the end.

    Raises ArchiveUnavailable when a store does not answer: then nothing is known.
    """
    report = Report()
    with reading() as conn:
        shown = log.shown_checkpoint(store, key, report)
        documents.check_documents(conn, report, progress)
        objects.check_objects(conn, store, report, progress)
        objects.check_deposits(conn, report)
        unknown = objects.unknown_objects(conn, store)
        dossiers.check_dossiers(conn, store, report, progress)
        holds.check_holds(conn, report)
        wrong_flags = holds.wrong_flags(conn)
        if at is not None:
            holds.check_locks(conn, at, report, progress)
        lookups = {LeafKind.REGISTER_HEAD: register_chain, **(chains or {})}
        leaves.check_leaves(conn, store, lookups, report, progress)
        numbers.check_numbers(conn, report, progress)
        log.check_log(conn, store, key, shown, known, report, progress)
    with reading() as conn:
        objects.check_unknown(conn, unknown, report)
        holds.check_flags(conn, wrong_flags, report)
        log.check_row_not_behind(conn, key, shown, report)
    return report
