"""What waits: time-stamps, our own validation, archiving, validation data. Run by jobs, repeatable after a kill.

A handler reads the document's state first and does only what is missing, so a second run after a crash ends
where the first would have. Its outcome is the operation's row; a refusal or an authority that does not answer
leaves the document waiting in its state, and `proceed` asks again.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from api import jobs, once, problems, work
from api.audit_heads import bind_audit
from api.batch import Batch, unchanged
from api.fence import Lost
from api.identity import AccessRefused
from api.line import Postponed, Stopped
from api.locations import OPERATIONS
from api.services import Services
from api.signing import Signing
from api.stamping import Stamping
from api.store import accounts, operations, tokens
from api.store.accounts import Account
from api.store.database_errors import DatabaseUnavailable
from api.store.operations import Operation
from api.verification import Verification
from archive import ingest
from archive.catalogue import Connection, deposit_rows, document_changes, documents, log_rows
from archive.catalogue.identity import new_id
from archive.catalogue.values import LASTING, Deposit, Document, VersionRole
from archive.errors import ArchiveUnavailable, ArchivingStopped
from policies import renewal
from policies.issuing import Act, Facts, next_state
from policies.reasons import access as access_reasons
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.validation import ValidationProfile
from policies.vocabulary import FieldRole, Indication, State, SubIndication
from signer.crosscheck.evidence import Newest
from signer.crosscheck.independent import Expectation, ExpectedSignature
from signer.errors import DocumentRefused, RevocationUnavailable, TrustOverdue
from signer.own_output import OwnOutput
from signer.sandbox import Sandbox
from signer.stages import Appended
from signer.validation.kept_verdict import as_kept
from signer.validation.values import DocumentReport

log = logging.getLogger("antin.finishing")
# The operation's result; None when the act's own transaction ended the operation.
Work = Callable[[str, dict[str, Any]], dict[str, Any] | None]
KEPT = frozenset({State.ARCHIVED, State.ISSUED, State.FILED})
FINISHING = frozenset({State.SEALED, State.SEAL_TIMESTAMPED, State.VALIDATED}) | KEPT


def _judged(report: DocumentReport, profile: ValidationProfile) -> dict[str, Any]:
    """For the version's record: the verdict with its material, and until when the evidence is good."""
    told = renewal.told(renewal.outlook(report.supports, profile), profile)
    return {"validation": as_kept(report), **({"evidence": told} if told else {})}


def guarded(services: Services, act: Work) -> jobs.Handler:
    """Refusals and silent authorities end the operation with a problem; faults do too, and are logged.

    What fails while the service stops, or after another process took the job over, ends nothing: it raises Stopped, and
    is done again. Nor does what fails with the database: it raises Postponed, and is done again when that answers.
    """

    def handler(operation_id: str, payload: dict[str, Any]) -> None:
        try:
            handle(operation_id, payload)
        except DatabaseUnavailable as exc:
            raise Postponed from exc
        services.endings.announce(operation_id)

    def handle(operation_id: str, payload: dict[str, Any]) -> None:
        try:
            result = act(operation_id, payload)
        except Lost as exc:
            raise Stopped from exc
        except DatabaseUnavailable:
            raise
        except Exception as exc:
            if services.working.closed:
                raise Stopped from exc
            problem = problems.problem(exc)
            with services.transactions.note() as conn:  # lost: the job is done again
                operations.fail(conn, operation_id, problem, services.clock())
        else:
            if result is not None:
                with services.transactions.note() as conn:
                    operations.succeed(conn, operation_id, result, services.clock())

    return handler


class Finishing:
    """Handlers by kind of operation."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def handlers(self) -> dict[str, jobs.Handler]:
        """What `api.jobs` runs."""
        kinds = {
            "initial": self._in_turn(self._initial),
            "sign-batch": self._sign_batch,
            "stamp-leader": self._in_turn(self._stamp_leader),
            "finish": self._in_turn(self._finish),
            "augment": self._augment,
            "crosscheck": self._crosscheck,
        }
        return {kind: guarded(self.s, act) for kind, act in kinds.items()}

    def _in_turn(self, act: Work) -> Work:
        """One job at a time on one document's signatures: the second finds what the first did, and asks nobody."""

        def in_turn(operation: str, payload: dict[str, Any]) -> dict[str, Any] | None:
            with self.s.turns.of("stamp " + payload["document"]):
                return act(operation, payload)

        return in_turn

    def _working(self, document: Document) -> AbstractContextManager[None]:
        """A place to work on the document. Never held while an authority is asked."""
        return self.s.working.place(work.priority(document))

    def proceed(self, document: Document, actor: Account) -> Operation:
        """Ask again for what a document waits for. Raises Refused WRONG_ORDER when it waits for nothing."""
        kind, queue = "finish", None
        if document.state not in FINISHING:
            next_state(document.state, Act.STAMP_LEADER)
            kind = "stamp-leader"
        elif document.state is not State.SEALED:
            queue = jobs.ACTS  # has its token: not behind those that wait for theirs
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            under_way = operations.under_way(conn, document.id, kind)
            found = under_way or self._enqueue(conn, kind, document, actor.id, queue=queue)
            once.done(conn, OPERATIONS, found.id, self.s.clock())
        return found

    def follow_up(self, document_id: str, account: str) -> None:
        """What an archived document is owed, once: pyHanko's opinion, and validation data after the grace."""
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document_id)
            self.owed(conn, documents.get(conn, document_id), account)

    def owed(self, conn: Connection, document: Document, account: str) -> None:
        """The jobs of it, in the caller's transaction."""
        if document.state not in KEPT:
            return
        long_term = any(v.role in LASTING for v in documents.versions(conn, document.id))
        if not operations.known(conn, document.id, "crosscheck"):
            self._enqueue(conn, "crosscheck", document, account)
        if not long_term and not operations.known(conn, document.id, "augment"):
            self._enqueue(conn, "augment", document, account, self.s.settings.grace_seconds)

    def _finished(self, document_id: str, account: str, operation: str) -> None:
        """The end of `finish` and what follows. A note: lost, the job is done again, which was not over either."""
        with self.s.transactions.note() as conn:
            documents.lock_row(conn, document_id)
            document = documents.get(conn, document_id)
            self.owed(conn, document, account)
            result = {"state": document.state, "sha256": document.current_sha256}
            operations.succeed(conn, operation, result, self.s.clock())

    def _enqueue(
        self,
        conn: Connection,
        kind: str,
        document: Document,
        account: str,
        delay: float = 0.0,
        queue: str | None = None,
    ) -> Operation:
        at = self.s.clock()
        payload = {"document": document.id, "actor": account}
        operation = operations.add(
            conn, new_id(at), kind, document=document.id, account=account, payload=payload, total=1, at=at
        )
        self.s.jobs.enqueue(conn, kind, operation.id, payload, work.priority(document), delay, queue)
        return operation

    # Signing in the background: ký nháy, and a leader's batch.

    def _initial(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        document, actor = self._document(payload), self._actor(payload)
        if document.version != payload["version"] and self._bears(document, payload["field"]):
            return {"state": document.state}  # done before a crash of this operation
        unchanged(document, payload["version"])
        with self.s.transactions.look() as conn:
            signer = work.next_signer(documents.signers(conn, document.id), actor)
        sha256 = self._initialled(operation, document, actor)
        stamped, imprint = Stamping(self.s).stamp(document, sha256, payload["field"], operation)
        with self.s.transactions.write() as conn:
            version = work.version(self.s, VersionRole.INITIALLED, stamped)
            changed = document_changes.advance(conn, document, Act.INITIAL, self.s.clock(), version=version)
            document_changes.mark_signed(conn, signer, self.s.clock())
            work.audit_event(self.s, conn, document, actor, "initialled", sha256=stamped)
            tokens.forget(conn, imprint)
        return {"state": changed.state}

    def _initialled(self, operation: str, document: Document, actor: Account) -> str:
        """The bytes with the ký nháy that this operation made, also when it was killed since: the authority
        may take minutes, and the key is not used anew for every time that the service stops meanwhile."""
        with self.s.transactions.read() as conn:
            row = operations.get(conn, operation)
        if row is not None and row.result is not None:
            return str(row.result["signed"])

        def record(conn: Connection, sha256: str) -> str:
            operations.progress(conn, operation, 0, {"signed": sha256}, self.s.clock())
            return sha256

        with self._working(document):
            return Signing(self.s).initial(document, actor, record)

    def _sign_batch(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        return Batch(self.s, self._actor(payload)).run(operation, payload["documents"])

    # 4. Time-stamp the leader's signature, then validate that signature.

    def _stamp_leader(self, operation: str, payload: dict[str, Any]) -> dict[str, Any] | None:
        document = self._document(payload)
        if document.state is not State.SIGNED:
            return {"state": document.state}
        with self.s.transactions.look() as conn:
            signers = documents.signers(conn, document.id)
        field = [s.field for s in signers if s.role is FieldRole.LEADER and s.signed_at is not None][-1]
        left = sum(s.role is FieldRole.LEADER and s.signed_at is None for s in signers)
        sha256, batch = document.current_sha256 or "", bool(payload.get("batch"))
        stamped, imprint = Stamping(self.s).stamp(document, sha256, field, operation, batch=batch)
        with self._working(document):
            report = self._validated(stamped, imprint)
        token_time = next(s.signing_time for s in report.signatures if s.field == field)
        if token_time is None:
            raise Refused(reasons.NO_LEADER_TOKEN)
        with self.s.transactions.write() as conn:
            changed = document_changes.advance(
                conn,
                document,
                Act.STAMP_LEADER,
                self.s.clock(),
                facts=Facts(leaders_to_sign=left),
                version=work.version(self.s, VersionRole.LEADER_TIMESTAMPED, stamped),
                leader_token_time=token_time,
            )
            work.audit_event(self.s, conn, document, None, "stamp-leader", sha256=stamped, field=field)
            tokens.forget(conn, imprint)
            result = {"state": changed.state, "time": token_time.isoformat()}
            operations.succeed(conn, operation, result, self.s.clock())
        return None

    def _validated(
        self, sha256: str, imprint: str | None = None, sandbox: Sandbox | None = None
    ) -> DocumentReport:
        """Our own validation of our own output; anything but TOTAL-PASSED stops it here.

        Raises RevocationUnavailable when only an answer about a certificate is missing, TrustOverdue when only the
        trust store waits for its review, else Refused; a token that did not stand up to it is not used again.
        """
        report = Verification(self.s, sandbox).own_report(self.s.work_area.work_path(sha256))
        self._require_passed(sha256, report, imprint)
        return report

    def _require_passed(self, sha256: str, report: DocumentReport, imprint: str | None = None) -> None:
        verdict = report.verdict
        if verdict.indication is Indication.TOTAL_PASSED:
            return
        detail = f"{verdict.indication} {verdict.sub_indication or ''}".strip()
        log.error("own output %s: %s", sha256, detail)
        if verdict.sub_indication is SubIndication.TRY_LATER:
            raise RevocationUnavailable(f"own output {sha256}: {detail}")
        if verdict.sub_indication is SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE:
            raise TrustOverdue(f"own output {sha256}: {detail}")
        if imprint is not None:
            with self.s.transactions.write() as conn:
                tokens.forget(conn, imprint)
        raise Refused(reasons.OUTPUT_FAILED, verdict=detail)

    # 6. to 8. Time-stamp the seal, validate twice, archive, number in the log.

    def _finish(self, operation: str, payload: dict[str, Any]) -> None:
        document, deposit = self._document(payload), None
        if document.state is State.SEALED:
            document = self._stamp_seal(document, operation)
        with self._working(document):
            if document.state is State.SEAL_TIMESTAMPED:
                deposit = self._validate(document)
            elif document.state is State.VALIDATED:
                with self.s.transactions.look() as conn:
                    deposit = deposit_rows.version_deposit(conn, document.id)
            if deposit is not None:
                self._carry_out(deposit)
        self._finished(document.id, payload["actor"], operation)

    def _stamp_seal(self, document: Document, operation: str) -> Document:
        field = next(row["name"] for row in document.boxes if row["role"] == FieldRole.SEAL)
        stamped, imprint = Stamping(self.s).stamp(document, document.current_sha256 or "", field, operation)
        with self.s.transactions.write() as conn:
            version = work.version(self.s, VersionRole.SEAL_TIMESTAMPED, stamped)
            changed = document_changes.advance(
                conn, document, Act.STAMP_SEAL, self.s.clock(), version=version
            )
            work.audit_event(self.s, conn, document, None, "stamp-seal", sha256=stamped)
            tokens.forget(conn, imprint)
        return changed

    def _validate(self, document: Document) -> Deposit:
        """Ours, then the independent checker; only a pass of both goes on. The deposit is planned with it."""
        sha256 = document.current_sha256 or ""
        conformity = work.keeps_pdfa(document)
        output = Verification(self.s).own_output(
            self.s.work_area.work_path(sha256), self._expectation(document), conformity=conformity
        )
        report = output.report
        self._require_passed(sha256, report)
        self._require_agreement(document, output, conformity)
        at = self.s.clock()
        facts = {"indication": str(report.verdict.indication), "level": str(report.signatures[-1].level)}
        judged = _judged(report, self.s.profiles["agency"])
        with self.s.transactions.write() as conn:
            changed = document_changes.advance(conn, document, Act.VALIDATE, at)
            work.audit_event(self.s, conn, document, None, "validate", **facts)
            content = work.version(self.s, VersionRole.SEAL_TIMESTAMPED, sha256)
            deposit = ingest.plan_version(conn, changed, content, {**facts, **judged}, at)
            bind_audit(conn, document.agency, at)
        return deposit

    def _require_agreement(self, document: Document, output: OwnOutput, conformity: bool) -> None:
        """The second opinion was heard; PDF/A in, PDF/A out. An opinion that is missing is no pass."""
        if output.agreed is not True:
            raise Refused(reasons.OUTPUT_FAILED, verdict="no second opinion")
        if not conformity:
            return
        if output.conformity is None:
            raise Refused(reasons.OUTPUT_FAILED, verdict="no opinion on PDF/A")
        if not output.conformity.conforms:
            rules = ", ".join(sorted(output.conformity.rules)[:5])
            log.error("own output %s broke PDF/A: %s", document.id, rules)
            raise Refused(reasons.OUTPUT_FAILED, verdict=f"PDF/A-{output.conformity.against} {rules}")

    def _expectation(self, document: Document) -> Expectation:
        with self.s.transactions.read() as conn:
            signers = documents.signers(conn, document.id)
            keys = [self._certificate(accounts.by_id(conn, signer.account)) for signer in signers]
        seal_field = next(row["name"] for row in document.boxes if row["role"] == FieldRole.SEAL)
        expected = [
            ExpectedSignature(signer.field, certificate, True)
            for signer, certificate in zip(signers, keys, strict=True)
        ]
        seal = ExpectedSignature(seal_field, hashlib.sha256(self.s.keys.seal.certificate).hexdigest(), True)
        return Expectation(signatures=(*expected, seal), number=document.number, date=document.document_date)

    def _certificate(self, account: Account | None) -> str:
        key = self.s.keys.get(account.key_name if account else "")
        return hashlib.sha256(key.certificate).hexdigest()

    def _carry_out(self, deposit: Deposit) -> None:
        """Kept, and in the log. A leaf that is committed needs nobody: a slow log numbers it later."""
        try:
            self.s.proofs.carry_out(deposit)
        except ArchiveUnavailable:
            with self.s.transactions.look() as conn:
                committed = log_rows.leaf(conn, deposit.leaf) is not None
            if not committed:
                raise
            log.warning("leaf %s is committed; the log has not shown it in time", deposit.leaf)

    # 10. Keep: pyHanko's opinion during quarantine; validation data after the grace period.

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
            self._carry_out_event(deposit)
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

    def _carry_out_event(self, deposit: Deposit) -> None:
        try:
            self.s.proofs.carry_out(deposit)
        except (ArchiveUnavailable, ArchivingStopped) as exc:  # upkeep tries again
            log.warning("event of %s waits for the archive: %s", deposit.document, exc)

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
        self._carry_out(deposit)
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
        report = output.report
        self._require_passed(sha256, report)
        self._require_agreement(document, output, conformity=False)
        facts = {"level": "B-LT", **_judged(report, self.s.profiles["agency"])}
        at = self.s.clock()
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            current = documents.get(conn, document.id)
            next_state(current.state, Act.AUGMENT)
            content = work.version(self.s, VersionRole.LONG_TERM, sha256)
            deposit = ingest.plan_version(conn, current, content, facts, at)
            work.audit_event(self.s, conn, current, None, "augment", sha256=sha256)
        return deposit

    def _bears(self, document: Document, field: str) -> bool:
        with self.s.transactions.look() as conn:
            signers = documents.signers(conn, document.id)
        return any(signer.field == field and signer.signed_at is not None for signer in signers)

    def _document(self, payload: dict[str, Any]) -> Document:
        with self.s.transactions.look() as conn:
            return documents.get(conn, payload["document"])

    def _actor(self, payload: dict[str, Any]) -> Account:
        with self.s.transactions.look() as conn:
            found = accounts.active(conn, payload["actor"])
        if found is None:
            raise AccessRefused(access_reasons.NOT_SIGNED_IN)
        return found
