"""Verifying: one composition for the command line, the HTTP API, the pages, and our own output."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from api.intact import intact
from api.services import Services
from api.verifier import Examined, Verifier
from archive.catalogue import documents
from archive.catalogue.values import Document, Version
from policies.reasons import verification as reasons
from policies.refusals import Refused
from policies.validation import ValidationProfile
from signer.augmentation import revocation_data
from signer.crosscheck.evidence import Newest
from signer.crosscheck.independent import Expectation, ExpectedSignature
from signer.errors import SandboxUnavailable
from signer.own_output import PARTS, OwnOutput
from signer.sandbox import Sandbox
from signer.stages import Appended
from signer.validation.names import clean
from signer.validation.online import in_rounds
from signer.validation.values import DocumentReport, Evidence, SignedDigest

BLOCK = 1 << 20
KEPT_SECONDS = 300
KEPT_REPORTS = 500
DEFAULT_PROFILE = "agency"
_LONGEST_NAME = 64


@dataclass(frozen=True, slots=True)
class Ours:
    """What this service knows of a file: which document, which version of its bytes."""

    document: Document
    version: Version

    @property
    def archived(self) -> bool:
        return self.document.archived_at is not None


class Verification:
    """Validation against the service's own trust, and the look-up of its own documents."""

    def __init__(self, services: Services, sandbox: Sandbox | None = None) -> None:
        self.s = services
        self.sandbox = sandbox or services.sandbox

    @property
    def profile(self) -> ValidationProfile:
        """The agency's own documents, and what is brought to it without another wish, are judged by the agency's
        profile."""
        return self.s.profiles[DEFAULT_PROFILE]

    def chosen(self, name: str) -> ValidationProfile:
        """The profile of that name; nameless the agency's. Raises Refused PROFILE_UNKNOWN, naming those that exist."""
        if not name:
            return self.profile
        if name not in self.s.profiles:
            known = ", ".join(self.s.profiles)
            raise Refused(reasons.PROFILE_UNKNOWN, name=clean(name)[:_LONGEST_NAME], known=known)
        return self.s.profiles[name]

    def examine(
        self, path: Path, password: str | None = None, profile: ValidationProfile | None = None
    ) -> Examined:
        """Report and PDF/A of what anybody may have brought. Raises SandboxUnavailable when too many wait already."""
        if not self.s.visits.acquire(blocking=False):
            raise SandboxUnavailable("too many verifications at once")
        try:
            verifier = Verifier(self.s.visitors, self.s.revocation, self.s.clock, issuers=self.s.issuers)
            return verifier.examine(path, self.s.trust, None, profile or self.profile, password)
        finally:
            self.s.visits.release()

    def own_report(self, path: Path) -> DocumentReport:
        """Of bytes that we made ourselves: mostly one round, because their certificates are known."""
        verifier = Verifier(self.sandbox, self.s.revocation, self.s.clock, self.s.foreseen)
        return verifier.validate(path, self.s.trust, None, self.profile)

    def own_output(self, path: Path, expectation: Expectation, *, conformity: bool) -> OwnOutput:
        """The same with the second opinion and, where asked for, PDF/A. Raises CrossCheckFailed where they differ."""
        at = self.s.clock()

        def judge(known: Evidence, digests: tuple[SignedDigest, ...]) -> OwnOutput:
            found: OwnOutput = self.sandbox.call(
                "signer.own_output:judge",
                path,
                self.s.trust,
                at,
                self.profile,
                known,
                digests,
                expectation,
                conformity,
                parts=PARTS,
            )
            return found

        return in_rounds(judge, lambda output: output.report, at, self.s.revocation, foreseen=self.s.foreseen)

    def lasting_output(
        self, path: Path, document: Document, before: DocumentReport, newest: Newest
    ) -> OwnOutput:
        """The same of a version with long-term data: the signatures of the version before it, and what was added.

        Raises CrossCheckFailed where the second opinion differs.
        """
        signed = sorted(
            (each for each in before.signatures if each.type == "signature"), key=lambda each: each.revision
        )
        fingerprints = [each.certificate.fingerprint if each.certificate else "" for each in signed]
        expected = tuple(
            ExpectedSignature(each.field, fingerprint, True)
            for each, fingerprint in zip(signed, fingerprints, strict=True)
        )
        expectation = Expectation(expected, document.number, document.document_date, newest)
        return self.own_output(path, expectation, conformity=False)

    def kept_report(self, sha256: str) -> DocumentReport:
        """The report of bytes that we keep, at most five minutes old: revocation may change it, bytes may not."""
        at = self.s.clock()
        found = self.s.reports.get(sha256)
        if found is None or (at - found.at).total_seconds() > KEPT_SECONDS:
            verifier = Verifier(self.sandbox, self.s.revocation, self.s.clock, issuers=self.s.issuers)
            found = verifier.validate(intact(self.s, sha256), self.s.trust, None, self.profile)
            if len(self.s.reports) > KEPT_REPORTS:
                self.s.reports.clear()
            self.s.reports[sha256] = found
        return found

    def long_term(self, path: Path) -> Appended:
        """The revision that makes a file B-LT: everything needed to validate it offline."""
        material = revocation_data.collect(
            self.sandbox,
            path,
            trust=self.s.trust,
            revocation=self.s.revocation,
            at=self.s.clock(),
            profile=self.profile,
        )
        appended: Appended = self.sandbox.call(
            "signer.augmentation.revocation_data:append_dss", path, material
        )
        return appended

    def ours(self, sha256: str) -> Ours | None:
        """The archived document of which these bytes are a version: every archived version is accepted."""
        with self.s.transactions.read() as conn:
            found = documents.by_digest(conn, sha256)
        if found is None or found[0].archived_at is None:
            return None
        leaf = self.s.proofs.leaf_of(found[0], sha256)
        return Ours(*found) if leaf is not None else None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file in hex, read in blocks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
