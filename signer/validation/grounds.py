"""What a whole validation stands on (EN 319 102-1, 5.1.4 and 5.2.4): the trust store was looked through in time, and
the profile is in effect. Where it does not hold, nothing passes, and nothing that failed becomes better."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from policies.reasons import trust as reasons
from policies.validation import PASSED, ValidationProfile, indeterminate, worst
from policies.vocabulary import Severity, SubIndication
from signer.trust.anchors import TrustAnchors
from signer.validation.names import day, moment
from signer.validation.values import Finding, Outcome, SignatureReport


def grounds(trust: TrustAnchors, profile: ValidationProfile, at: datetime) -> Outcome:
    """Passed, or INDETERMINATE with what is to be done."""
    verdicts, findings = [], []
    if trust.stale(at):
        until = "?" if trust.good_until is None else day(trust.good_until)
        verdicts.append(indeterminate(SubIndication.CERTIFICATE_CHAIN_GENERAL_FAILURE))
        findings.append(Finding(reasons.STORE_STALE, Severity.ERROR, {"label": trust.label, "until": until}))
    if not profile.in_effect(at):
        verdicts.append(indeterminate(SubIndication.POLICY_PROCESSING_ERROR))
        values = {"profile": profile.name, "moment": moment(at), **_period(profile)}
        findings.append(Finding(reasons.PROFILE_NOT_IN_EFFECT, Severity.ERROR, values))
    return Outcome(worst(verdicts) if verdicts else PASSED, tuple(findings))


def rest_on(report: SignatureReport, ground: Outcome) -> SignatureReport:
    """A signature's report with what the whole stands on."""
    if ground.verdict == PASSED:
        return report
    verdict = worst((report.verdict, ground.verdict))
    return replace(report, verdict=verdict, findings=(*ground.findings, *report.findings))


def _period(profile: ValidationProfile) -> dict[str, str]:
    since, until = day(profile.effective_from), profile.effective_until
    if until is None:
        return {"period_vi": f"từ {since}", "period_en": f"from {since}"}
    return {
        "period_vi": f"từ {since} đến trước {day(until)}",
        "period_en": f"from {since} until {day(until)}",
    }
