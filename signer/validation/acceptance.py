"""Signature acceptance validation (EN 319 102-1, 5.2.8): is what was verified acceptable to the profile?

Algorithms, claimed time, and what was changed after the signature, each weighed by `policies.validation`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from policies.reasons import verification as reasons
from policies.refusals import Reason
from policies.validation import (
    PASSED,
    ValidationProfile,
    indeterminate,
    weigh_algorithm,
    weigh_changes,
    weigh_end,
    worst,
)
from policies.vocabulary import Changes, Severity, SubIndication
from signer.trust import signatures
from signer.trust.certificates import Certificate
from signer.trust.signatures import AlgorithmUnknown
from signer.validation.names import moment
from signer.validation.proof import Proof
from signer.validation.values import ChangeFacts, Finding, Outcome

_SHOWN_ITEMS = 8
_LOCAL_HOURS = 7  # Indochina Time; written as UTC by several signing programs in the country


def algorithms(
    profile: ValidationProfile,
    certificate: Certificate,
    digests: tuple[str, ...],
    proof: Proof,
    at: datetime,
) -> Outcome:
    """The signature's digests and key against the profile's table. `at`: now."""
    verdicts, findings = [], []
    for digest in dict.fromkeys(digests):
        try:
            used = signatures.facts(certificate.public_key, digest)
        except AlgorithmUnknown:
            continue  # the cryptographic verification has said so already
        verdict = weigh_algorithm(profile, used, proof.existed_at)
        verdict = worst((verdict, weigh_end(profile, used, proof.existed_at, at)))
        if verdict != PASSED or digest not in profile.digests:
            verdicts.append(verdict)
            severity = Severity.WARNING if verdict == PASSED else Severity.ERROR
            values = {"algorithm": f"{digest}/{used.key}-{used.bits}".upper(), "where": "chữ ký / signature"}
            findings.append(Finding(reasons.WEAK_ALGORITHM, severity, values))
    return Outcome(worst(verdicts) if verdicts else PASSED, tuple(findings))


def future_claim(profile: ValidationProfile, claims: tuple[datetime | None, ...], at: datetime) -> Outcome:
    """A time that the signer wrote, in the file or in the signature, and that has not come yet. `at`: now."""
    dated = [claim for claim in claims if claim is not None and claim.tzinfo is not None]
    latest = max(dated, default=at)
    if latest <= at + profile.clock_tolerance:
        return Outcome()
    values = {"claimed": moment(latest), "at": moment(at)}
    return Outcome(findings=(Finding(reasons.CLAIMED_IN_FUTURE, Severity.WARNING, values),))


def times(profile: ValidationProfile, proof: Proof, *, stamped: bool) -> Outcome:
    """Claimed time against the proven one: what differs is said, and never shifts the proven time.

    `stamped`: there is a token, though it may prove nothing yet; that has been said already.
    """
    if proof.existed_at is None:
        if profile.require_timestamp:
            finding = Finding(reasons.TIMESTAMP_REQUIRED, Severity.ERROR, {"profile": profile.name})
            return Outcome(indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE), (finding,))
        return Outcome(findings=() if stamped else (Finding(reasons.CLAIMED_ONLY, Severity.WARNING),))
    if proof.claimed is None or proof.claimed <= proof.existed_at + profile.clock_tolerance:
        return Outcome()
    return Outcome(findings=(_late_claim(proof.claimed, proof.existed_at),))


def _late_claim(claimed: datetime, stamped: datetime) -> Finding:
    if abs(claimed - stamped - timedelta(hours=_LOCAL_HOURS)) < timedelta(minutes=10):
        return Finding(reasons.CLAIMED_LOCAL_TIME, Severity.INFO, {"hours": str(_LOCAL_HOURS)})
    values = {"claimed": moment(claimed), "stamped": moment(stamped)}
    return Finding(reasons.CLAIMED_AFTER_TIMESTAMP, Severity.WARNING, values)


_SENTENCES: dict[Changes, tuple[Reason, Severity]] = {
    Changes.LONG_TERM_DATA: (reasons.CHANGES_LONG_TERM, Severity.INFO),
    Changes.FORM_FILL: (reasons.CHANGES_FORM_FILL, Severity.INFO),
    Changes.ANNOTATIONS: (reasons.CHANGES_ANNOTATIONS, Severity.ERROR),
    Changes.SUSPICIOUS: (reasons.CHANGES_SUSPICIOUS, Severity.ERROR),
    Changes.FORBIDDEN: (reasons.CHANGES_FORBIDDEN, Severity.ERROR),
}


def changes(kind: Changes, items: tuple[ChangeFacts, ...], *, annotations_permitted: bool) -> Outcome:
    """What was changed after the signature, weighed and said."""
    if kind is Changes.NONE:
        return Outcome()
    verdict = weigh_changes(kind, annotations_permitted=annotations_permitted)
    reason, severity = _SENTENCES[kind]
    if kind is Changes.ANNOTATIONS and verdict == PASSED:
        reason, severity = reasons.CHANGES_ANNOTATIONS_PERMITTED, Severity.INFO
    telling = [item for item in items if item.kind is kind] or list(items)
    values = {
        "what_vi": _listed(telling, "vi") or kind.value,
        "what_en": _listed(telling, "en") or kind.value,
    }
    revision = min((item.revision for item in telling), default=None)
    return Outcome(verdict, (Finding(reason, severity, values, revision),))


def _listed(items: list[ChangeFacts], language: str) -> str:
    return "; ".join(dict.fromkeys(item.text(language) for item in items[:_SHOWN_ITEMS]))
