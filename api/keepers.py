"""Who watches over what is stored, made of the services: locks, fixity, second copies, repairs."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from api import work
from api.owed import KEPT, Owed
from api.services import Services
from api.store import audit, operations
from archive.catalogue import Connection, documents
from archive.catalogue.copies import FIRST, SECOND, Copy
from archive.fixity import FixityDesk
from archive.locks import LockDesk
from archive.log.kept import LogKeeper
from archive.log.proofs import ProofMaker
from archive.pace import Pace
from archive.ports import ObjectStore
from archive.repair import RepairDesk
from archive.replication import CopyDesk

ACT = "repair"


def stores(services: Services) -> dict[str, ObjectStore]:
    """By name, the first one first."""
    found: dict[str, ObjectStore] = {FIRST: services.bare_store}
    if services.second is not None:
        found[SECOND] = services.second
    return found


def keeper(services: Services) -> LogKeeper:
    """The log's objects as rows."""
    transactions = services.transactions
    return LogKeeper(services.store, transactions.read, transactions.write, services.proofs.verifier)


def lock_desk(services: Services, name: str, stopping: Callable[[], bool]) -> LockDesk:
    transactions = services.transactions
    return LockDesk(
        stores(services)[name],
        name,
        transactions.read,
        transactions.write,
        operations.agreed,
        stopping,
        lambda ids: _ask_again(services, ids),
    )


def fixity_desk(services: Services, name: str, pace: Pace, stopping: Callable[[], bool]) -> FixityDesk:
    transactions = services.transactions
    return FixityDesk(
        stores(services)[name],
        name,
        transactions.read,
        transactions.write,
        services.clock,
        pace,
        stopping=stopping,
    )


def copy_desk(services: Services, second: ObjectStore, stopping: Callable[[], bool]) -> CopyDesk:
    transactions = services.transactions
    return CopyDesk(
        services.store,
        second,
        keeper(services),
        transactions.read,
        transactions.write,
        services.settings.spool_path,
        stopping,
    )


def repair_desk(services: Services) -> RepairDesk:
    transactions = services.transactions
    return RepairDesk(
        stores(services),
        services.work_area,
        keeper(services),
        transactions.read,
        transactions.write,
        lambda index, entry: _prove(services, index, entry),
        lambda conn, copy, facts: _note(services, conn, copy, facts),
        services.settings.spool_path,
    )


def _prove(services: Services, index: int, entry: bytes) -> None:
    """The shown head contains the entry; one that is not shown yet is believed to the catalogue."""
    head = services.proofs.shown_head()
    if head is not None and index < head.size:
        ProofMaker(services.proofs.tiles, head).inclusion(index, entry)


def _note(services: Services, conn: Connection, copy: Copy, facts: Mapping[str, Any]) -> None:
    """The audit chain has it, and with its next head the log."""
    if copy.document is not None:
        agency, subject = documents.get(conn, copy.document).agency, copy.document
    else:
        agency, subject = services.settings.agency_code, copy.owner or "log"
    at = services.clock()
    audit.write(
        conn,
        agency,
        actor=work.SYSTEM,
        act=ACT,
        phase="event",
        subject=subject,
        detail=dict(facts),
        at=at,
    )


def _ask_again(services: Services, document_ids: Collection[str]) -> None:
    """Documents in quarantine whose second opinion was never asked: after a rebuild nobody remembers one."""
    with services.transactions.read() as conn:
        unasked = [each for each in document_ids if not operations.known(conn, each, "crosscheck")]
        wanted = [each for each in unasked if documents.get(conn, each).state in KEPT]
    for document_id in wanted:
        Owed(services).follow_up(document_id, work.SYSTEM)
