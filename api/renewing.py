"""Renewing the evidence of one archived document: B-LTA as a new version, before what proves it today ends.

    1. read      its newest version, judged now: nothing is renewed that is not good, or not due
    2. collect   answers about its signers and its last time-stamps, newer than those, into the security store (DSS)
    3. ask       the authority for a document time-stamp over all that, as anybody asks it: few at a time, people first
    4. judge     our own output, by validation and by the small second reader: every signature B-LTA, nothing changed
                 but long-term data, PDF/A as before, and good for noticeably longer than before
    5. plan      the version with its record and leaf, which names the predecessor, and the audit row: one transaction
                                                                                                   ← COMMIT POINT
    6. carry out the deposit, as every other (`archive.ingest`); with its commit the document has its new end

A crash before 5 leaves unnamed bytes in the work area, and at most a token that nobody has; the document is due still.
After 5 the deposit is carried out by whoever finds it. So nothing is there twice, whenever it is begun again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from api import jobs, work
from api.intact import intact
from api.services import Services
from api.stamping import Stamping
from api.verification import Verification
from archive import ingest
from archive.catalogue import deposit_rows, documents, evidence_rows
from archive.catalogue.evidence_rows import EvidenceRow
from archive.catalogue.identity import new_id
from archive.catalogue.values import Deposit, Document, VersionRole
from archive.errors import ArchiveDamaged
from policies import renewal
from policies.issuing import Act, next_state
from policies.reasons import issuing as reasons
from policies.reasons import watching
from policies.refusals import Refused
from policies.renewal import RENEWED, Outlook
from policies.validation import PASSED, ValidationProfile
from policies.vocabulary import Changes, Coverage, Level, SubIndication
from signer.augmentation import archive_timestamp, revocation_data
from signer.creation import two_step
from signer.creation.native.kept import KeptDigest
from signer.crosscheck.evidence import Newest
from signer.document.pdfa import PdfaReport
from signer.errors import RevocationUnavailable, SignerUnavailable, TimestampRefused, TimestampUnavailable
from signer.stages import Appended, Prepared
from signer.validation.kept_verdict import as_kept
from signer.validation.values import DocumentReport, SignatureReport

log = logging.getLogger("antin.renewing")
AUTHORITY = (TimestampUnavailable, TimestampRefused)
SILENT = (SignerUnavailable, Refused, ArchiveDamaged)
_HARMLESS = {Changes.NONE, Changes.LONG_TERM_DATA, Changes.FORM_FILL}
CarryOut = Callable[[Deposit], object]


class Outcome(StrEnum):
    RENEWED = "renewed"
    NOT_DUE = "not-due"  # somebody else was quicker, or it is not kept any more
    NO_GAIN = "no-gain"  # the authority's certificate is still the one that ends
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one document. `authority`: it was the time-stamp authority that did not answer."""

    document: str
    outcome: Outcome
    failure: str = ""
    authority: bool = False


class Renewing:
    """`carry_out`: how a deposit is archived; the service's own waits for the log."""

    def __init__(self, services: Services, carry_out: CarryOut | None = None) -> None:
        self.s = services
        self._carry_out: CarryOut = carry_out or services.proofs.carry_out

    # 1. What is known, and judged anew where it is not.

    def judge(self, document_id: str) -> EvidenceRow:
        """The document's evidence as it is now; its row follows. Raises as a validation does, and NO_DOCUMENT."""
        with self.s.transactions.read() as conn:
            document = documents.get(conn, document_id)
        report = Verification(self.s, self.s.background).own_report(self._path(document))
        self._enter(document, renewal.outlook(report.supports, self.profile))
        with self.s.transactions.read() as conn:
            found = evidence_rows.of(conn, document_id)
        if found is None:
            raise ArchiveDamaged(f"the evidence of {document_id} has no row")
        return found

    def _enter(self, document: Document, found: Outlook | None) -> None:
        at, rules = self.s.clock(), renewal.rules_of(self.profile)
        with self.s.transactions.write() as conn:
            before = evidence_rows.of(conn, document.id)
            since = before.alarm_from if before is not None and before.outlook is None else None
            sha256 = document.current_sha256 or ""
            evidence_rows.put(conn, evidence_rows.values(document.id, sha256, found, rules, at, since))

    def _path(self, document: Document) -> Path:
        return intact(self.s, document.current_sha256 or "")

    # 2. to 6.

    def renew(self, document_id: str, *, due: bool = True) -> Result:
        """Renew it, if it is due (or `due` is False). What stands in the way is told, and it is tried again later.

        Raises Stopped, and DatabaseUnavailable; everything else is a result.
        """
        with self.s.turns.of(f"renew {document_id}"):
            try:
                outcome = self._renewed(document_id, due=due)
            except SILENT as exc:
                return self._failed(document_id, exc)
        if outcome is Outcome.NO_GAIN:
            self._postpone(document_id, watching.RENEWAL_NO_GAIN.id, no_gain=True)
        return Result(document_id, outcome)

    def _renewed(self, document_id: str, *, due: bool) -> Outcome:
        with self.s.transactions.read() as conn:
            document = documents.get(conn, document_id)
            row, left = evidence_rows.of(conn, document_id), deposit_rows.version_deposit(conn, document_id)
        if document.state not in RENEWED or (due and row is not None and row.due > self.s.clock()):
            return Outcome.NOT_DUE
        if left is not None:  # planned before a crash
            self._carry_out(left)
            return Outcome.RENEWED if left.version_role is VersionRole.RENEWED else Outcome.NOT_DUE
        base, before = document.current_sha256 or "", self._report(self._path(document))
        if before.verdict != PASSED:
            raise Refused(reasons.OUTPUT_FAILED, verdict=_said(before))
        sha256 = self._stamped(self._with_material(base))
        after = self._judged(document, before, sha256)
        self._check(document, before, after, sha256)
        found = renewal.outlook(after.supports, self.profile)
        if not renewal.worth_keeping(renewal.outlook(before.supports, self.profile), found):
            return Outcome.NO_GAIN
        deposit = self._planned(document, base, sha256, after, found)
        # ---- COMMIT POINT: whoever finds the deposit carries it out.
        if deposit is None:
            return Outcome.NOT_DUE
        self._carry_out(deposit)
        return Outcome.RENEWED

    @property
    def profile(self) -> ValidationProfile:
        """The one that our own documents are judged by."""
        return self.s.profiles["agency"]

    def _report(self, path: Path) -> DocumentReport:
        return Verification(self.s, self.s.background).own_report(path)

    def _judged(self, document: Document, before: DocumentReport, sha256: str) -> DocumentReport:
        """What we made, by both of our own opinions: raises Refused where the second differs, or is missing beside a
        pass."""
        path = self.s.work_area.work_path(sha256)
        verification = Verification(self.s, self.s.background)
        output = verification.lasting_output(path, document, before, Newest.TIMESTAMP)
        if output.report.verdict == PASSED and output.agreed is not True:
            raise Refused(reasons.OUTPUT_FAILED, verdict="no second opinion")
        return output.report

    def _with_material(self, base: str) -> str:
        """Step 2: these bytes and what settles all that they carry, where they do not have it yet."""
        path = self.s.work_area.work_path(base)
        material = revocation_data.collect(
            self.s.background,
            path,
            trust=self.s.trust,
            revocation=self.s.revocation,
            at=self.s.clock(),
            profile=self.profile,
        )
        task = "signer.augmentation.revocation_data:append_if_new"
        appended: Appended | None = self.s.background.call(task, path, material)
        return base if appended is None else work.append(self.s, base, appended)

    def _stamped(self, base: str) -> str:
        """Step 3: these bytes under a document time-stamp. What the worker prepared is hashed again before that."""
        path, digest = self.s.work_area.work_path(base), renewal.digest_for(self.profile, self.s.clock())
        reserve = min(self.s.tsa.reserve, archive_timestamp.MAX_CONTENTS)
        task = "signer.augmentation.archive_timestamp:prepare_document_timestamp"
        prepared: Prepared = self.s.background.call(task, path, digest, reserve)
        two_step.check_digest(path, prepared, KeptDigest(*self.s.work_area.hashed_work(base)))
        rank = jobs.BATCH, new_id(self.s.clock())
        token = Stamping(self.s).asked(prepared.digest, digest, rank)
        return work.append(self.s, base, Appended(prepared.base_size, two_step.fill_hole(prepared, token)))

    def _check(self, document: Document, before: DocumentReport, after: DocumentReport, sha256: str) -> None:
        """Step 4. Raises Refused OUTPUT_FAILED, or SignerUnavailable while only an answer is missing."""
        if any(each.verdict.sub_indication is SubIndication.TRY_LATER for each in after.signatures):
            raise RevocationUnavailable(f"own output {sha256}: no answer about its time-stamp yet")
        problem = wrong(before, after)
        if problem is not None:
            log.error("own output %s: %s", sha256, problem)
            raise Refused(reasons.OUTPUT_FAILED, verdict=problem)
        if work.keeps_pdfa(document):
            path = self.s.work_area.work_path(sha256)
            conformity: PdfaReport = self.s.background.call("signer.document.pdfa:check", path)
            if not conformity.conforms:
                rules = ", ".join(sorted(conformity.rules)[:5])
                raise Refused(reasons.OUTPUT_FAILED, verdict=f"PDF/A-{conformity.against} {rules}")

    def _planned(
        self, document: Document, base: str, sha256: str, report: DocumentReport, found: Outlook | None
    ) -> Deposit | None:
        """Step 5; None when another version came meanwhile."""
        at = self.s.clock()
        facts: dict[str, Any] = {
            "level": str(Level.B_LTA),
            "validation": as_kept(report),
            "evidence": renewal.told(found, self.profile),
        }
        with self.s.transactions.write() as conn:
            documents.lock_row(conn, document.id)
            current = documents.get(conn, document.id)
            if current.current_sha256 != base or deposit_rows.version_deposit(conn, document.id) is not None:
                return None
            next_state(current.state, Act.AUGMENT)
            content = work.version(self.s, VersionRole.RENEWED, sha256)
            deposit = ingest.plan_version(conn, current, content, facts, at)
            work.audit_event(self.s, conn, current, None, "renew", sha256=sha256)
        return deposit

    def _failed(self, document_id: str, exc: Exception) -> Result:
        """Not an answer, or a no: the document waits for the next night, and alarms in time."""
        log.warning("%s was not renewed: %s", document_id, exc)
        failure = exc.reason.id if isinstance(exc, Refused) else type(exc).__name__
        self._postpone(document_id, failure)
        return Result(document_id, Outcome.FAILED, failure, authority=isinstance(exc, AUTHORITY))

    def _postpone(self, document_id: str, failure: str, *, no_gain: bool = False) -> None:
        at = self.s.clock()
        again = at + (renewal.NO_GAIN if no_gain else renewal.AGAIN)
        with self.s.transactions.write() as conn:
            evidence_rows.postpone(conn, document_id, failure, again, at)


def wrong(before: DocumentReport, after: DocumentReport) -> str | None:
    """What is wrong with a renewed version beside the one that it was made of; None when nothing is."""
    if after.verdict != PASSED:
        return _said(after)
    *kept, newest = sorted(after.signatures, key=lambda each: each.revision)
    if (
        newest.type != "document-timestamp"
        or newest.verdict != PASSED
        or newest.coverage is not Coverage.WHOLE
    ):
        return f"{newest.field}: no document time-stamp over the whole file"
    if [_same(each) for each in kept] != [_same(each) for each in _in_order(before)]:
        return "other signatures than before"
    for each in kept:
        if each.verdict != PASSED or each.changes not in _HARMLESS:
            return f"{each.field}: {each.changes}"
        if each.type == "signature" and each.level is not Level.B_LTA:
            return f"{each.field}: {each.level}"
    return None


def _in_order(report: DocumentReport) -> list[SignatureReport]:
    return sorted(report.signatures, key=lambda each: each.revision)


def _same(found: SignatureReport) -> tuple[object, ...]:
    """What an added revision must leave as it is."""
    fingerprint = None if found.certificate is None else found.certificate.fingerprint
    return found.field, found.type, found.revision, found.integrity, fingerprint, found.signing_time


def _said(report: DocumentReport) -> str:
    return f"{report.verdict.indication} {report.verdict.sub_indication or ''}".strip()
