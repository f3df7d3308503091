"""The archive's check as an operation, and the audit chain's part in it."""

from __future__ import annotations

from typing import Any

from api import jobs, keepers
from api.identity import require
from api.services import Services
from api.store import audit, operations
from api.store.accounts import Account
from api.store.operations import Operation
from archive.catalogue import Connection
from archive.catalogue.copies import FIRST
from archive.catalogue.dialects import lock_name
from archive.catalogue.identity import new_id
from archive.fsck.findings import Progress, Report, quiet
from archive.fsck.run import check
from archive.log.leaf import LeafKind
from archive.log.note import VerifierKey
from policies.vocabulary import Role

SHOWN = 500
AUDIT_BROKEN = "audit.broken"


class Checking:
    """One run at a time; its report is the operation's result."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def start(self, actor: Account) -> Operation:
        """A new run, or the one under way."""
        require(actor, Role.AUDITOR)
        at = self.s.clock()
        with self.s.transactions.write() as conn:
            lock_name(conn, "fsck")
            last = operations.latest_of_kind(conn, "fsck")
            if last is not None and not last.ended:
                return last
            operation = operations.add(
                conn, new_id(at), "fsck", document=None, account=actor.id, payload={}, total=1, at=at
            )
            self.s.jobs.enqueue(conn, "fsck", operation.id, {}, jobs.BATCH)
        return operation

    def run(self, _operation: str, _payload: dict[str, Any]) -> dict[str, Any]:
        """The job."""
        return report_json(self.report())

    def report(self, progress: Progress = quiet, *, quick: bool = False) -> Report:
        """Read everything; `quick`: no bytes of objects. Raises ArchiveUnavailable when a store does not answer."""
        key = VerifierKey.parse(self.s.proofs.vkey)
        report = check(
            self.s.transactions.read_all,
            keepers.stores(self.s) | {FIRST: self.s.store},
            key,
            known=self.s.proofs.witnesses.kept(),
            chains={LeafKind.AUDIT_HEAD: audit_chain},
            openings=self.s.proofs.openings,
            at=self.s.clock(),
            quick=quick,
            progress=progress,
        )
        with self.s.transactions.read_all() as conn:
            for fault in audit.check(conn):
                report.error(AUDIT_BROKEN, f"audit {fault.agency} #{fault.sequence}", f"the row {fault.what}")
            report.read["audit"] = audit.count(conn)
        return report


def audit_chain(conn: Connection, agency: str, ordinal: int) -> str | None:
    """The audit chain's hash at that row, as a leaf of the log commits to it."""
    return audit.hash_at(conn, agency, ordinal)


def report_json(report: Report) -> dict[str, Any]:
    """`antin.fsck/1`."""
    return {
        "schema": "antin.fsck/1",
        "clean": report.clean,
        "errors": report.errors,
        "read": dict(report.read),
        "findings": [
            {"id": f.id, "severity": f.severity, "where": f.where, "text": f.what}
            for f in report.findings[:SHOWN]
        ],
    }
