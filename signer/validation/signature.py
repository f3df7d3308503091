"""One signature of a document, judged in the order of EN 319 102-1, 5.3 and 5.5.

1. format checking   2. signing certificate   3. cryptographic verification   4. its time-stamps and proofs
5. X.509 validation at the proven time   6. acceptance: algorithms, times, coverage, what was changed after

All steps run even after one failed, so that the report says everything; the worst outcome is the verdict,
and of equals what no further material could cure.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from policies.reasons import verification as reasons
from policies.refusals import Reason
from policies.validation import PASSED, Verdict, failed, indeterminate, reliable_until, worst
from policies.vocabulary import Changes, Coverage, Integrity, Level, Severity, SubIndication
from signer.document.revisions import SignatureField
from signer.trust.certificates import Certificate
from signer.trust.signatures import AlgorithmUnknown, digest, facts, scheme
from signer.validation import acceptance, names, with_time
from signer.validation.context import Context
from signer.validation.cryptographic import DigestOf, Verified, verify_message
from signer.validation.format_checking import DATA, SIGNATURE_TIME_STAMP, FormatProblem, SignedMessage, read
from signer.validation.levels import level
from signer.validation.old_formats import PKCS7_SHA1, X509_RSA_SHA1, bare, verify_inner
from signer.validation.proof import Proof
from signer.validation.signing_certificate import Identified, identify, unnamed
from signer.validation.timestamps import MAX_TOKENS, Stamp, validate_token
from signer.validation.values import (
    NO_EVIDENCE,
    ChangeFacts,
    Evidence,
    Finding,
    Outcome,
    SignatureIdentity,
    SignatureReport,
    WeighedAlgorithm,
)
from signer.validation.with_time import Placed
from signer.validation.x509_validation import Chain, Use, validate

CADES = "ETSI.CAdES.detached"
PKCS7 = "adbe.pkcs7.detached"
RFC3161 = "ETSI.RFC3161"
_RANGE = 8  # numbers of a ByteRange that are told of; a sound one has four


@dataclass(frozen=True, slots=True)
class Subject:
    """One signature with the facts of its document."""

    field: SignatureField
    digest_of: DigestOf | None
    claimed: datetime | None
    changes: Changes
    items: tuple[ChangeFacts, ...]
    annotations_permitted: bool
    revisions: int
    certificates: tuple[bytes, ...] = ()


@dataclass(slots=True)
class Judgement:
    """What has been found about a subject so far; filled step by step."""

    subject: Subject
    outcomes: list[Outcome] = field(default_factory=list)
    message: SignedMessage | None = None
    identified: Identified | None = None
    verified: Verified | None = None
    stamp: Stamp | None = None
    chain: Chain | None = None
    proof: Proof = field(default_factory=Proof)

    def add(self, verdict: Verdict, reason: Reason, **values: str) -> None:
        """An outcome of one error."""
        self.outcomes.append(Outcome(verdict, (Finding(reason, Severity.ERROR, values),)))

    @property
    def integrity(self) -> Integrity:
        return Integrity.UNKNOWN if self.verified is None else self.verified.integrity


def open_signature(context: Context, subject: Subject) -> Judgement:
    """Steps 1 to 3, and the material inside the signature added to the context."""
    judgement = Judgement(subject)
    _format(context, judgement)
    if judgement.message is None:
        return judgement
    found = _identify(judgement.message, context, subject.field.subfilter)
    judgement.identified = found
    judgement.outcomes.append(found.outcome)
    if subject.digest_of is None:
        judgement.add(indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND), reasons.DATA_NOT_FOUND)
        return judgement
    check = verify_inner if subject.field.subfilter == PKCS7_SHA1 else verify_message
    judgement.verified = check(judgement.message, found.certificate, subject.digest_of)
    judgement.outcomes.append(judgement.verified.outcome)
    return judgement


def _identify(message: SignedMessage, context: Context, subfilter: str) -> Identified:
    if message.identifier is None:  # a bare value names nobody: the first of its certificates is the signer's
        return unnamed(message, context.profile)
    bare_cades = subfilter == CADES and message.attributes is None  # EN 319 122-1, 5: it has them
    return identify(message, context.certificates, context.profile, must_name=bare_cades)


def _format(context: Context, judgement: Judgement) -> None:
    """Step 1 (5.2.2)."""
    subfilter = judgement.subject.field.subfilter
    shown = names.clean(subfilter) or "?"
    if subfilter not in (CADES, PKCS7, PKCS7_SHA1, X509_RSA_SHA1):
        verdict = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
        judgement.add(verdict, reasons.FORMAT_UNKNOWN, subfilter=shown)
        return
    if subfilter not in context.profile.formats:
        verdict = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
        judgement.add(verdict, reasons.FORMAT_NOT_PERMITTED, subfilter=shown, profile=context.profile.name)
    coverage(judgement)
    try:
        message = _message(judgement.subject)
    except FormatProblem as exc:
        judgement.add(failed(SubIndication.FORMAT_FAILURE), exc.reason, **exc.values)
        return
    if message.content is not None and subfilter != PKCS7_SHA1:
        judgement.add(failed(SubIndication.FORMAT_FAILURE), reasons.CMS_CONTENT_INSIDE)
        return
    if (
        message.content_type != DATA
    ):  # a token, or what else was signed for another end (ISO 32000-2, 12.8.3.3)
        judgement.add(failed(SubIndication.FORMAT_FAILURE), reasons.CONTENT_TYPE)
        return
    judgement.message = message
    judgement.outcomes.append(padding(message))


def _message(subject: Subject) -> SignedMessage:
    if subject.field.subfilter == X509_RSA_SHA1:
        return bare(subject.field.contents, subject.certificates)
    return read(subject.field.contents)


def padding(message: SignedMessage) -> Outcome:
    """Whatever fills the hole is signed by nobody; it is shown by nobody either, so this is a warning."""
    if message.padded_with_zeros:
        return Outcome()
    return Outcome(findings=(Finding(reasons.CMS_PADDING, Severity.WARNING),))


def coverage(judgement: Judgement) -> None:
    """A ByteRange that leaves out more than its own hole signs something else than the document."""
    found = judgement.subject.field
    if found.coverage is not Coverage.PARTIAL:
        return
    malformed = found.why in ("byte-range", "hole")
    verdict = (
        failed(SubIndication.FORMAT_FAILURE)
        if malformed
        else indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
    )
    judgement.add(verdict, reasons.BYTE_RANGE, what=found.why or "")


def stamp_signature(context: Context, judgement: Judgement, placed: list[Placed]) -> None:
    """Step 4a: the token inside, judged at the time that later document time-stamps prove for it."""
    message = judgement.message
    tokens = [] if message is None else message.unsigned.get(SIGNATURE_TIME_STAMP, [])
    if message is None or not tokens:
        return
    revision = judgement.subject.field.revision
    proof = Proof(with_time.existed_at(placed, revision))
    value = message.signature
    stamps = [
        validate_token(context, token.dump(), _digest_of(value), proof) for token in tokens[:MAX_TOKENS]
    ]
    # Several tokens: the earliest valid one proves most; a broken one among them is not passed over.
    broken = [each for each in stamps if each.integrity is Integrity.BROKEN or each.time is None]
    good = sorted((each for each in stamps if each.passed), key=lambda each: str(each.time))
    judgement.stamp = (broken or good or stamps)[0]


def _digest_of(data: bytes) -> DigestOf:
    def compute(name: str) -> bytes:
        return digest(name, data)

    return compute


def judge_signature(
    context: Context, judgement: Judgement, placed: list[Placed], archived: dict[int, frozenset[bytes]]
) -> SignatureReport:
    """Steps 4b to 6, and the report. `archived`: revision of a document time-stamp → material it covers."""
    subject = judgement.subject
    revision = subject.field.revision
    judgement.proof = Proof(
        with_time.existed_at(placed, revision, judgement.stamp),
        with_time.made_after(placed, revision),
        subject.claimed,
    )
    judgement.outcomes.append(with_time.stamp_outcome(judgement.stamp))
    covered_at = with_time.existed_at(placed, revision)
    judgement.outcomes.append(with_time.order_outcome(judgement.stamp, judgement.proof, covered_at))
    found = judgement.identified
    if found is not None and found.certificate is not None:
        judgement.chain = validate(context, found.certificate, Use.SIGNING, judgement.proof)
        judgement.outcomes.append(judgement.chain.outcome)
        judgement.outcomes.append(_algorithms(context, judgement))
    accept_changes(judgement)
    stamped = judgement.stamp is not None
    judgement.outcomes.append(acceptance.times(context.profile, judgement.proof, stamped=stamped))
    written = None if judgement.message is None else judgement.message.claimed_time
    claims = (subject.claimed, written)
    judgement.outcomes.append(acceptance.future_claim(context.profile, claims, context.at))
    made = report(judgement, _level(context, judgement, placed, archived))
    return replace(made, algorithm=_algorithm(context, judgement))


def _algorithms(context: Context, judgement: Judgement) -> Outcome:
    found, message, verified = judgement.identified, judgement.message, judgement.verified
    if found is None or found.certificate is None or message is None or verified is None:
        return Outcome()
    inside = ("sha1",) if judgement.subject.field.subfilter == PKCS7_SHA1 else ()
    digests = (message.digest, verified.digest, *inside)
    return acceptance.algorithms(context.profile, found.certificate, digests, judgement.proof, context.at)


def accept_changes(judgement: Judgement) -> None:
    """What was changed after the signature, and whether it is still in the file as it is shown now."""
    subject = judgement.subject
    permitted = subject.annotations_permitted
    judgement.outcomes.append(
        acceptance.changes(subject.changes, subject.items, annotations_permitted=permitted)
    )
    if subject.field.stray:
        values = {"field": names.clean(subject.field.name)}
        judgement.outcomes.append(
            Outcome(findings=(Finding(reasons.STRAY_SIGNATURE, Severity.WARNING, values),))
        )
    if subject.field.hidden:
        verdict = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
        judgement.add(verdict, reasons.HIDDEN_SIGNATURE, field=names.clean(subject.field.name))


def _level(
    context: Context, judgement: Judgement, placed: list[Placed], archived: dict[int, frozenset[bytes]]
) -> Level:
    found = judgement.identified
    revision = judgement.subject.field.revision
    later = [each.stamp for each in placed if each.document and each.revision > revision]
    own = [] if judgement.stamp is None else [judgement.stamp]
    return level(
        baseline=judgement.subject.field.subfilter == CADES and found is not None and found.referenced,
        chain=judgement.chain,
        stamps=[*own, *later],
        embedded=context.embedded,
        archived=[material for at, material in archived.items() if at > revision],
    )


def report(judgement: Judgement, reached: Level) -> SignatureReport:
    """The report of one signature: its verdict is its worst outcome."""
    subject, stamp, chain = judgement.subject, judgement.stamp, judgement.chain
    certificate = None if judgement.identified is None else judgement.identified.certificate
    condition = "unknown" if chain is None else chain.condition
    verdicts = [each.verdict for each in judgement.outcomes]
    return SignatureReport(
        field=names.clean(subject.field.name),
        type="signature",
        verdict=worst(verdicts) if verdicts else PASSED,
        integrity=judgement.integrity,
        coverage=subject.field.coverage,
        changes=subject.changes,
        level=reached,
        subfilter=names.clean(subject.field.subfilter),
        signer="" if certificate is None else names.common_name(certificate),
        signing_time=judgement.proof.existed_at,
        claimed_time=subject.claimed,
        certificate=None if certificate is None else names.facts(certificate, condition),
        timestamp=None if stamp is None else stamp.facts,
        digest_algorithm="" if judgement.message is None else judgement.message.digest,
        signature_algorithm=algorithm_name(judgement.message),
        revision=subject.field.revision,
        revisions=subject.revisions,
        change_items=subject.items,
        findings=tuple(finding for each in judgement.outcomes for finding in each.findings),
        evidence=_evidence(chain, stamp),
        trust_domain="" if chain is None else chain.domain,
        identity=identity(subject.field, judgement.message),
        chain=None if chain is None else chain.facts,
    )


def identity(field: SignatureField, message: SignedMessage | None) -> SignatureIdentity:
    """What tells this signature, or the token of a document time-stamp, from all others."""
    byte_range = field.byte_range[:_RANGE]
    if message is None:
        return SignatureIdentity(byte_range)
    try:
        digested = b"" if message.attributes is None else digest(message.digest, message.attributes)
    except AlgorithmUnknown:
        digested = b""
    return SignatureIdentity(byte_range, message.signature, message.digest if digested else "", digested)


def _algorithm(context: Context, judgement: Judgement) -> WeighedAlgorithm | None:
    found, verified = judgement.identified, judgement.verified
    if found is None or found.certificate is None or verified is None:
        return None
    return weighed(context, found.certificate, verified.digest)


def weighed(context: Context, certificate: Certificate, digest_name: str) -> WeighedAlgorithm | None:
    """Key and digest of a signature value by the profile; None where the kind of key is not known here."""
    try:
        used = facts(certificate.public_key, digest_name)
    except AlgorithmUnknown:
        return None
    return WeighedAlgorithm(used, reliable_until(context.profile, used))


def _evidence(chain: Chain | None, stamp: Stamp | None) -> Evidence:
    """The signer's, and its time-stamp's when that is another certificate's path."""
    found = NO_EVIDENCE if chain is None else chain.evidence
    if stamp is not None and stamp.chain is not None and stamp.chain is not chain:
        found = found + stamp.chain.evidence
    return found.distinct()


def algorithm_name(message: SignedMessage | None) -> str:
    """The scheme of a signature value, by the names of `signer.trust.signatures`; `unknown` for any other."""
    try:
        return "" if message is None else scheme(message.algorithm)
    except AlgorithmUnknown:
        return "unknown"
