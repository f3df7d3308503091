"""The validation of a document (EN 319 102-1), pure on its inputs: bytes, trust, time, profile, evidence.

1. Read the document's structure: revisions, signatures, what was changed after each.
2. Initialise one context: anchors, given evidence, the security store, what signatures carry inside.
3. Judge document time-stamps, newest first, each at the time that newer ones prove for it; a valid one proves the
   existence of all that it covers. Those that contradict each other prove nothing, and the step is done again.
4. Open every signature, judge its own time-stamp, then the signature at its proven time.
5. The document takes the worst of its signatures, of its structure, and of what the whole stands on.

No network: `DocumentReport.needs` says what a caller may fetch before validating again (`online`).
One signature that cannot be judged yields its own indication and hides no other.
"""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from pathlib import Path

from policies.reasons import verification as reasons
from policies.validation import NO_SIGNATURE, PASSED, ValidationProfile, fingerprint, indeterminate, worst
from policies.vocabulary import Changes, Coverage, Indication, Integrity, Level, Severity, SubIndication
from signer.document.modifications import Modifications
from signer.document.reader import PdfFile
from signer.document.revisions import History, SignatureField, signatures
from signer.trust.anchors import TrustAnchors
from signer.trust.locations import issuer_urls
from signer.validation import changes, structure, supports, with_time
from signer.validation.context import Context
from signer.validation.document_facts import claimed_time, security_store, stated_certificates
from signer.validation.document_timestamp import contradicted, judge_timestamp
from signer.validation.grounds import grounds, rest_on
from signer.validation.names import clean
from signer.validation.signature import Judgement, Subject, judge_signature, open_signature, stamp_signature
from signer.validation.signed_bytes import SignedBytes
from signer.validation.timestamps import Stamp, material
from signer.validation.values import (
    NO_EVIDENCE,
    DocumentReport,
    Evidence,
    Finding,
    Orphan,
    PolicyFacts,
    SignatureIdentity,
    SignatureReport,
    SignedDigest,
)
from signer.validation.with_time import Placed

_UNJUDGED = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
_ENDED = {SubIndication.OUT_OF_BOUNDS_NO_POE, SubIndication.CRYPTO_CONSTRAINTS_FAILURE_NO_POE}
# Of known authorities, and nothing proves the time-stamp older than what happened to them (EN 319 102-1, 5.6.2).
_AGED = {
    SubIndication.NO_POE,
    SubIndication.REVOKED_NO_POE,
    SubIndication.REVOKED_CA_NO_POE,
    *_ENDED,
}
_ORDER_ROUNDS = 3
_MOST_ORPHANS = 40


def validate(
    path: Path,
    *,
    trust: TrustAnchors,
    at: datetime,
    profile: ValidationProfile,
    evidence: Evidence = NO_EVIDENCE,
    password: str | None = None,
) -> DocumentReport:
    """Validate all signatures of a file. `at`: the time of validation, aware. `password` opens an encrypted one;
    without it, the empty one is tried, as every reader does.

    Raises `DocumentRefused` when the file cannot be read as a PDF within limits, or does not open.
    """
    return run(path, trust, at, profile, evidence, password)


def run(
    path: Path,
    trust: TrustAnchors,
    at: datetime,
    profile: ValidationProfile,
    evidence: Evidence = NO_EVIDENCE,
    password: str | None = None,
    digests: tuple[SignedDigest, ...] = (),
) -> DocumentReport:
    """`validate` with positional arguments: the sandbox's entry point. `digests` are an earlier round's."""
    with PdfFile.open(path, password=password or "") as pdf:
        return judged(pdf, trust, at, profile, evidence, digests)


def judged(
    pdf: PdfFile,
    trust: TrustAnchors,
    at: datetime,
    profile: ValidationProfile,
    evidence: Evidence,
    digests: tuple[SignedDigest, ...],
) -> DocumentReport:
    """`run` over a file that is open. Raises `DocumentRefused` as it does."""
    return _Process(pdf, trust, at, profile, evidence, digests).report(trust)


class _Process:
    """The steps over one open file."""

    def __init__(
        self,
        pdf: PdfFile,
        trust: TrustAnchors,
        at: datetime,
        profile: ValidationProfile,
        evidence: Evidence,
        digests: tuple[SignedDigest, ...],
    ) -> None:
        self.pdf = pdf
        self.signed = SignedBytes(pdf, digests)
        self.history = History(pdf)
        self.fields = signatures(pdf, self.history)
        self.modifications = Modifications(self.history, self.fields)
        self.context = Context.start(trust, profile, at, evidence)
        self.context.embed(security_store(pdf))
        for field in self.fields:
            self.context.embed(material(field.contents))
            self.context.embed(Evidence(stated_certificates(self.pdf, field)))
        self.placed: list[Placed] = []
        self.archived: dict[int, frozenset[bytes]] = {}
        self.reports: dict[int, SignatureReport] = {}

    def report(self, trust: TrustAnchors) -> DocumentReport:
        self._in_order()
        opened = self._signatures()
        ground = grounds(trust, self.context.profile, self.context.at)
        ordered = tuple(rest_on(self.reports[index], ground) for index in sorted(self.reports))
        newest = max(ordered, key=lambda each: each.revision, default=None)
        unsigned = Changes.NONE if newest is None else newest.changes
        found = structure.examine(self.pdf, self.history, self.fields, unsigned)
        verdicts = [each.verdict for each in ordered if _counts(each, ordered)]
        verdict = worst((*verdicts, found.verdict, ground.verdict)) if verdicts else NO_SIGNATURE
        return DocumentReport(
            verdict=verdict,
            signatures=ordered,
            findings=(*ground.findings, *found.findings),
            profile=self.context.profile.name,
            trust_label=trust.label,
            at=self.context.at,
            policy=_policy(self.context.profile),
            needs=tuple(self.context.needs),
            orphans=tuple(
                Orphan(each.der, issuer_urls(each)) for each in islice(self.context.orphans, _MOST_ORPHANS)
            ),
            evidence=sum((each.evidence for each in ordered), NO_EVIDENCE).distinct(),
            digests=self.signed.computed,
            supports=supports.of_document(opened, self.placed, self.reports, self.context.at)
            if verdict == PASSED
            else (),
        )

    def _in_order(self) -> None:
        """Step 3. A second round without those that contradict each other; what contradicts still is left out too."""
        disputed: dict[int, Finding] = {}
        for _ in range(_ORDER_ROUNDS):
            self._document_timestamps(disputed)
            found = with_time.contradictory(self.placed)
            if not found:
                return
            disputed |= found
        every = dict.fromkeys((field.revision for field in self.fields), next(iter(found.values())))
        self._document_timestamps(every | disputed)

    def _document_timestamps(self, disputed: dict[int, Finding]) -> None:
        """Step 3, newest first: each proves the existence of those before it. `disputed`: by revision."""
        self.placed.clear()
        self.archived.clear()
        self.context.existed.clear()
        for index in range(len(self.fields) - 1, -1, -1):
            field = self.fields[index]
            if not field.is_timestamp:
                continue
            subject = self._subject(field)
            try:
                stamp, self.reports[index] = judge_timestamp(self.context, subject, self.placed)
            except Exception as exc:  # noqa: BLE001 (border: one bad token hides nothing)
                self.reports[index] = self._unjudged(subject, exc)
                continue
            if field.revision in disputed:
                self.reports[index] = contradicted(self.reports[index], disputed[field.revision])
            elif field.coverage is not Coverage.PARTIAL:
                self.placed.append(Placed(stamp, field.revision, document=True))
                self._remember_archived(field, stamp)

    def _remember_archived(self, field: SignatureField, stamp: Stamp) -> None:
        if stamp.integrity is Integrity.INTACT:
            store = security_store(self.history.view(field.revision))
            covered = frozenset((*store.certificates, *store.ocsp, *store.crls))
            inside = [material(each.contents) for each in self.fields if each.revision < field.revision]
            within = frozenset(
                item for each in inside for item in (*each.certificates, *each.ocsp, *each.crls)
            )
            self.archived[field.revision] = covered | within
            if stamp.passed and stamp.time is not None:
                self.context.prove(covered | within, stamp.time)

    def _signatures(self) -> dict[int, Judgement]:
        """Step 4. Tokens first: a signature is younger than the tokens that it contains."""
        opened: dict[int, Judgement] = {}
        for index, field in enumerate(self.fields):
            if field.is_timestamp:
                continue
            subject = self._subject(field)
            try:
                opened[index] = self._opened(subject)
            except Exception as exc:  # noqa: BLE001 (border: one bad signature hides no other)
                self.reports[index] = self._unjudged(subject, exc)
        for index, judgement in opened.items():
            try:
                self.reports[index] = judge_signature(self.context, judgement, self.placed, self.archived)
            except Exception as exc:  # noqa: BLE001 (the same border)
                self.reports[index] = self._unjudged(judgement.subject, exc)
        return opened

    def _opened(self, subject: Subject) -> Judgement:
        judgement = open_signature(self.context, subject)
        stamp_signature(self.context, judgement, self.placed)
        if judgement.stamp is not None and judgement.integrity is Integrity.INTACT:
            self.placed.append(Placed(judgement.stamp, subject.field.revision, document=False))
        return judgement

    def _subject(self, field: SignatureField) -> Subject:
        found = changes.after(self.modifications, field)
        return Subject(
            field=field,
            digest_of=self.signed.digest_of(field),
            claimed=claimed_time(self.pdf, field),
            changes=found.kind,
            items=found.items,
            annotations_permitted=found.annotations_permitted,
            revisions=len(self.history.revisions),
            certificates=stated_certificates(self.pdf, field),
        )

    def _unjudged(self, subject: Subject, cause: Exception) -> SignatureReport:
        """A signature on which a step stumbled: unknown, said so, never passed."""
        if isinstance(cause, MemoryError):
            raise cause
        field = subject.field
        values = {"kind": type(cause).__name__}
        return SignatureReport(
            field=clean(field.name),
            type="document-timestamp" if field.is_timestamp else "signature",
            verdict=_UNJUDGED,
            integrity=Integrity.UNKNOWN,
            coverage=field.coverage,
            changes=subject.changes,
            level=Level.DTS if field.is_timestamp else Level.CMS,
            subfilter=clean(field.subfilter),
            signer="",
            signing_time=None,
            claimed_time=subject.claimed,
            certificate=None,
            timestamp=None,
            digest_algorithm="",
            signature_algorithm="",
            revision=field.revision,
            revisions=subject.revisions,
            change_items=subject.items,
            findings=(Finding(reasons.NOT_UNDERSTOOD, Severity.ERROR, values, field.revision),),
            identity=SignatureIdentity(field.byte_range),
        )


def _policy(profile: ValidationProfile) -> PolicyFacts:
    return PolicyFacts(profile.basis, fingerprint(profile), profile.version, profile.identifier)


def _counts(report: SignatureReport, every: tuple[SignatureReport, ...]) -> bool:
    """A document time-stamp that waits for an answer proves nothing and takes nothing away, as long as there are
    signatures to judge; nor does one whose certificate or algorithm ended where they all pass without it, nor one
    that grew old under a newer one that passes. Any other counts: an authority that nobody knows is anybody."""
    signatures = [each.verdict.indication for each in every if each.type == "signature"]
    if report.type == "signature" or not signatures:
        return True
    if report.verdict.sub_indication in _ENDED and set(signatures) == {Indication.TOTAL_PASSED}:
        return False
    if report.verdict.sub_indication in _AGED:
        return not any(_renews(each, report) for each in every)
    return report.verdict.sub_indication is not SubIndication.TRY_LATER


def _renews(newer: SignatureReport, older: SignatureReport) -> bool:
    return (
        newer.type != "signature"
        and newer.revision > older.revision
        and newer.verdict.indication is Indication.TOTAL_PASSED
    )
