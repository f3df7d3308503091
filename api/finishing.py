"""What waits: time-stamps, our own validation, archiving. Run by jobs, repeatable after a kill.

A handler reads the document's state first and does only what is missing, so a second run after a crash ends
where the first would have. Its outcome is the operation's row; a refusal or an authority that does not answer
leaves the document waiting in its state, and `proceed` asks again. What is owed after archiving: `api.owed`.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from api import jobs, once, work
from api.archiving import carry_out
from api.audit_heads import bind_audit
from api.batch import Batch, unchanged
from api.identity import AccessRefused
from api.judging import Judging, judged
from api.locations import OPERATIONS
from api.outcomes import Work, guarded
from api.owed import KEPT, Owed
from api.services import Services
from api.signing import Signing
from api.stamping import Stamping
from api.store import accounts, operations, tokens
from api.store.accounts import Account
from api.store.operations import Operation
from api.verification import Verification
from archive import ingest
from archive.catalogue import Connection, deposit_rows, document_changes, documents
from archive.catalogue.values import Deposit, Document, VersionRole
from policies.issuing import Act, Facts, next_state
from policies.reasons import access as access_reasons
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.vocabulary import FieldRole, State

FINISHING = frozenset({State.SEALED, State.SEAL_TIMESTAMPED, State.VALIDATED}) | KEPT


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
            found = under_way or work.enqueue(self.s, conn, kind, document, actor.id, queue=queue)
            once.done(conn, OPERATIONS, found.id, self.s.clock())
        return found

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

    def _bears(self, document: Document, field: str) -> bool:
        with self.s.transactions.look() as conn:
            signers = documents.signers(conn, document.id)
        return any(signer.field == field and signer.signed_at is not None for signer in signers)

    def _sign_batch(self, operation: str, payload: dict[str, Any]) -> dict[str, Any]:
        return Batch(self.s, self._actor(payload)).run(operation, payload["documents"])

    # Time-stamp the leader's signature, then validate that signature.

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
            report = Judging(self.s).validated(stamped, imprint)
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

    # Time-stamp the seal, validate twice, archive, number in the log.

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
                carry_out(self.s, deposit)
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
        judging, conformity = Judging(self.s), work.keeps_pdfa(document)
        output = Verification(self.s).own_output(
            self.s.work_area.work_path(sha256), judging.expectation(document), conformity=conformity
        )
        report = output.report
        judging.require_passed(sha256, report)
        judging.require_agreement(document, output, conformity)
        at = self.s.clock()
        facts = {"indication": str(report.verdict.indication), "level": str(report.signatures[-1].level)}
        kept = judged(report, self.s.profiles["agency"])
        with self.s.transactions.write() as conn:
            changed = document_changes.advance(conn, document, Act.VALIDATE, at)
            work.audit_event(self.s, conn, document, None, "validate", **facts)
            content = work.version(self.s, VersionRole.SEAL_TIMESTAMPED, sha256)
            deposit = ingest.plan_version(conn, changed, content, {**facts, **kept}, at)
            bind_audit(conn, document.agency, at)
        return deposit

    def _finished(self, document_id: str, account: str, operation: str) -> None:
        """The end of `finish` and what follows. A note: lost, the job is done again, which was not over either."""
        with self.s.transactions.note() as conn:
            documents.lock_row(conn, document_id)
            document = documents.get(conn, document_id)
            Owed(self.s).enqueue(conn, document, account)
            result = {"state": document.state, "sha256": document.current_sha256}
            operations.succeed(conn, operation, result, self.s.clock())

    # Who and what a job is about.

    def _document(self, payload: dict[str, Any]) -> Document:
        with self.s.transactions.look() as conn:
            return documents.get(conn, payload["document"])

    def _actor(self, payload: dict[str, Any]) -> Account:
        with self.s.transactions.look() as conn:
            found = accounts.active(conn, payload["actor"])
        if found is None:
            raise AccessRefused(access_reasons.NOT_SIGNED_IN)
        return found
