"""A document time-stamp as an entry of its own (EN 319 142-1, 5.4.3; EN 319 102-1, 5.6.2.3)."""

from __future__ import annotations

from dataclasses import replace

from policies.reasons import verification as reasons
from policies.validation import indeterminate, worst
from policies.vocabulary import Level, SubIndication
from signer.validation import with_time
from signer.validation.context import Context
from signer.validation.names import facts
from signer.validation.proof import Proof
from signer.validation.signature import (
    RFC3161,
    Judgement,
    Subject,
    accept_changes,
    algorithm_name,
    coverage,
    identity,
    report,
    weighed,
)
from signer.validation.timestamps import Stamp, validate_token
from signer.validation.values import Finding, SignatureReport, WeighedAlgorithm
from signer.validation.with_time import Placed


def judge_timestamp(
    context: Context, subject: Subject, placed: list[Placed]
) -> tuple[Stamp, SignatureReport]:
    """Judge one document time-stamp at the time that the newer ones in `placed` prove for it."""
    judgement = Judgement(subject)
    field = subject.field
    if field.subfilter != RFC3161:
        verdict = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
        judgement.add(verdict, reasons.FORMAT_UNKNOWN, subfilter=field.subfilter[:60] or "?")
    coverage(judgement)
    proof = Proof(with_time.existed_at(placed, field.revision))
    stamp = validate_token(context, field.contents, subject.digest_of or _missing, proof)
    judgement.outcomes.append(stamp.outcome)
    accept_changes(judgement)
    judgement.proof = Proof(stamp.time if stamp.passed else None)
    judgement.stamp = stamp
    judgement.chain = stamp.chain
    found = replace(
        report(judgement, Level.DTS),
        identity=identity(field, stamp.message),
        signature_algorithm=algorithm_name(stamp.message),
        algorithm=_algorithm(context, stamp),
    )
    return stamp, _as_timestamp(found, stamp)


def _algorithm(context: Context, stamp: Stamp) -> WeighedAlgorithm | None:
    if stamp.chain is None or stamp.message is None:
        return None
    return weighed(context, stamp.chain.path[0], stamp.message.digest)


def contradicted(found: SignatureReport, finding: Finding) -> SignatureReport:
    """The report of a document time-stamp whose time contradicts another's (EN 319 102-1, 5.5.4, step 4 e)."""
    verdict = worst((found.verdict, indeterminate(SubIndication.TIMESTAMP_ORDER_FAILURE)))
    return replace(found, verdict=verdict, signing_time=None, findings=(*found.findings, finding))


def _missing(_name: str) -> bytes:
    raise OSError("the ByteRange leads nowhere")


def _as_timestamp(found: SignatureReport, stamp: Stamp) -> SignatureReport:
    return replace(
        found,
        type="document-timestamp",
        integrity=stamp.integrity,
        signer=stamp.authority,
        certificate=None if stamp.chain is None else facts(stamp.chain.path[0], stamp.chain.condition),
        timestamp=stamp.facts,
        digest_algorithm=stamp.digest,
    )
