"""What an archived document is owed: pyHanko's opinion during quarantine, validation data after the grace period.

Run by jobs, repeatable after a kill, as `api.finishing` says.
"""

from __future__ import annotations

from typing import Any

from api import jobs, work
from api.archiving import carry_out, carry_out_event
from api.judging import Judging, judged
from api.outcomes import Work, guarded
from api.services import Services
from api.store import operations
from api.verification import Verification
from archive import ingest
from archive.catalogue import Connection, deposit_rows, document_changes, documents
from archive.catalogue.values import LASTING, Deposit, Document, VersionRole
from policies.issuing import Act, Facts, next_state
from policies.vocabulary import State
from signer.crosscheck.evidence import Newest
from signer.errors import DocumentRefused
from signer.stages import Appended

KEPT = frozenset({State.ARCHIVED, State.ISSUED, State.FILED})


class Owed:
    """Handlers by kind of operation, and what enqueues them once."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def handlers(self) -> dict[str, jobs.Handler]:
        """What `api.jobs` runs."""
        kinds: dict[str, Work] = {"augment": self._augment, "crosscheck": self._crosscheck}
        return {kind: guarded(self.s, act) for kind, act in kinds.items()}

    def follow_up(self, document_id: str, account: str) -> None:
        """What an archived document is owed, once: pyHanko's opinion, and validation data after the grace."""
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document_id)
            self.enqueue(conn, documents.get(conn, document_id), account)

    def enqueue(self, conn: Connection, document: Document, account: str) -> None:
        """The jobs of it, in the caller's transaction."""
        if document.state not in KEPT:
            return
        long_term = any(v.role in LASTING for v in documents.versions(conn, document.id))
        if not operations.known(conn, document.id, "crosscheck"):
            work.enqueue(self.s, conn, "crosscheck", document, account)
        if not long_term and not operations.known(conn, document.id, "augment"):
            work.enqueue(self.s, conn, "augment", document, account, self.s.settings.grace_seconds)

    # pyHanko's opinion, during quarantine.

    def _crosscheck(self, operation: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        """A third opinion, audited; a disagreement stops the document and is shown to the operator."""
        document = self._document(payload)
        leaf = self.s.proofs.leaf_of(document)
        if leaf is None or leaf.content_sha256 is None:
            return {}
        path = self.s.work_area.work_path(leaf.content_sha256)
        anchors = [certificate.der for certificate in self.s.trust.anchors()]
        try:
            verdict = self.s.background.call(
                "signer.crosscheck.pyhanko_check:check", path, anchors, self.s.clock()
            )
            opinion, summary, agrees = str(verdict.opinion), str(verdict.summary), bool(verdict.agrees)
        except DocumentRefused as exc:  # the worker was killed under it: no opinion, as when pyHanko gives up
            opinion, summary, agrees = "none", f"no opinion ({exc.id})", True
        deposit = None
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            work.audit_event(self.s, conn, document, None, "crosscheck", opinion=opinion, summary=summary)
            if not agrees:
                deposit = self._stop(conn, document.id, "pyHanko: " + summary)
            result = {"opinion": opinion, "summary": summary}
            operations.succeed(conn, operation, result, self.s.clock())
        if deposit is not None:
            carry_out_event(self.s, deposit)
        return None

    def _stop(self, conn: Connection, document_id: str, why: str) -> Deposit | None:
        """In any state that can be stopped; what is voided or stopped already stays so. The archive is to know it."""
        current, at = documents.get(conn, document_id), self.s.clock()
        if current.state in (State.STOPPED, State.VOIDED):
            return None
        stopped = document_changes.advance(conn, current, Act.STOP, at, facts=Facts(reason=why))
        deposit = ingest.plan_event(conn, stopped, "stopped", {"reason": why}, work.SYSTEM, at)
        work.audit_event(self.s, conn, current, None, "stop", reason=why)
        return deposit

    # Validation data, after the grace period.

    def _augment(self, _operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        """A B-LT version, with revocation data newer than the tokens; enqueued to run after the grace period."""
        document = self._document(payload)
        with self.s.transactions.read() as conn:
            versions = documents.versions(conn, document.id)
            deposit = deposit_rows.version_deposit(conn, document.id)
        if any(version.role in LASTING for version in versions) or document.archived_at is None:
            return {}
        next_state(document.state, Act.AUGMENT)
        if deposit is None:
            deposit = self._long_term(document)
        carry_out(self.s, deposit)
        return {"sha256": deposit.content_sha256}

    def _long_term(self, document: Document) -> Deposit:
        """The version planned, in one transaction with the check that the document may still get one."""
        verification = Verification(self.s, self.s.background)
        path = self.s.work_area.work_path(document.current_sha256 or "")
        before = verification.own_report(path)
        appended: Appended = verification.long_term(path)
        sha256 = work.append(self.s, document.current_sha256 or "", appended)
        made = self.s.work_area.work_path(sha256)
        output = verification.lasting_output(made, document, before, Newest.STORE)
        report, judging = output.report, Judging(self.s)
        judging.require_passed(sha256, report)
        judging.require_agreement(document, output, conformity=False)
        facts = {"level": "B-LT", **judged(report, self.s.profiles["agency"])}
        at = self.s.clock()
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            current = documents.get(conn, document.id)
            next_state(current.state, Act.AUGMENT)
            content = work.version(self.s, VersionRole.LONG_TERM, sha256)
            deposit = ingest.plan_version(conn, current, content, facts, at)
            work.audit_event(self.s, conn, current, None, "augment", sha256=sha256)
        return deposit

    def _document(self, payload: dict[str, Any]) -> Document:
        with self.s.transactions.look() as conn:
            return documents.get(conn, payload["document"])
