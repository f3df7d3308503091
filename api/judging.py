"""Our own output, judged before it goes on: by our validation, by the second opinion, and as the PDF/A that came in."""

from __future__ import annotations

import hashlib
import logging
from typing import Any

from api.services import Services
from api.store import accounts, tokens
from api.store.accounts import Account
from api.verification import Verification
from archive.catalogue import documents
from archive.catalogue.values import Document
from policies import renewal
from policies.reasons import issuing as reasons
from policies.refusals import Refused
from policies.validation import ValidationProfile
from policies.vocabulary import FieldRole, Indication, SubIndication
from signer.crosscheck.independent import Expectation, ExpectedSignature
from signer.errors import RevocationUnavailable, TrustOverdue
from signer.own_output import OwnOutput
from signer.validation.kept_verdict import as_kept
from signer.validation.values import DocumentReport

log = logging.getLogger("antin.judging")


class Judging:
    """What is not passed by whoever is asked raises, and goes no further."""

    def __init__(self, services: Services) -> None:
        self.s = services

    def validated(self, sha256: str, imprint: str | None = None) -> DocumentReport:
        """Our own validation of our own output; anything but TOTAL-PASSED stops it here.

        Raises RevocationUnavailable when only an answer about a certificate is missing, TrustOverdue when only the
        trust store waits for its review, else Refused; a token that did not stand up to it is not used again.
        """
        report = Verification(self.s).own_report(self.s.work_area.work_path(sha256))
        self.require_passed(sha256, report, imprint)
        return report

    def require_passed(self, sha256: str, report: DocumentReport, imprint: str | None = None) -> None:
        """Raises as `validated` does of that report."""
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

    def require_agreement(self, document: Document, output: OwnOutput, conformity: bool) -> None:
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

    def expectation(self, document: Document) -> Expectation:
        """What the second opinion must find in the sealed document."""
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


def judged(report: DocumentReport, profile: ValidationProfile) -> dict[str, Any]:
    """For the version's record: the verdict with its material, and until when the evidence is good."""
    told = renewal.told(renewal.outlook(report.supports, profile), profile)
    return {"validation": as_kept(report), **({"evidence": told} if told else {})}
