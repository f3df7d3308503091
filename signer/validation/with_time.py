"""Signatures with time (EN 319 102-1, 5.5): which time-stamps prove what about which signature.

A document time-stamp covers every revision before it. A token inside a signature covers that signature.
A signature contains, and so is younger than, whatever stood in the revisions before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from policies.reasons import verification as reasons
from policies.validation import indeterminate
from policies.vocabulary import Integrity, Severity, SubIndication
from signer.validation.names import moment
from signer.validation.proof import Proof
from signer.validation.timestamps import Stamp
from signer.validation.values import Finding, Outcome

_ORDER_TOLERANCE = timedelta(seconds=60)  # two authorities' clocks


@dataclass(frozen=True, slots=True)
class Placed:
    """A judged time-stamp and its revision; `document` when it covers the file before it."""

    stamp: Stamp
    revision: int
    document: bool


def existed_at(placed: list[Placed], revision: int, own: Stamp | None = None) -> datetime | None:
    """The earliest proof that what stands in `revision` existed."""
    later = [each.stamp for each in placed if each.document and each.revision > revision]
    times = [stamp.time for stamp in later if _proves(stamp)]
    if own is not None and _proves(own):
        times.append(own.time)
    return min((time for time in times if time is not None), default=None)


def made_after(placed: list[Placed], revision: int) -> datetime | None:
    """The latest time that what is signed in `revision` already contains."""
    times = [each.stamp.time for each in placed if each.revision < revision and _proves(each.stamp)]
    return max((time for time in times if time is not None), default=None)


def _proves(stamp: Stamp) -> bool:
    return stamp.passed and stamp.time is not None


def stamp_outcome(own: Stamp | None) -> Outcome:
    """What a signature's own token means for the signature (5.5.4, step 4).

    A token that is of other bytes or altered is no accident: the signature is not called good. One that
    cannot be validated (yet) merely proves nothing.
    """
    if own is None:
        return Outcome()
    if own.passed:
        time = "" if own.time is None else moment(own.time)
        values = {"authority": own.authority, "time": time}
        return Outcome(findings=(Finding(reasons.TIMESTAMP_VALID, Severity.INFO, values),))
    findings = own.outcome.findings
    if own.integrity is Integrity.BROKEN or own.time is None:
        return Outcome(indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE), findings)
    values = {"authority": own.authority, "what_vi": _told(findings, "vi"), "what_en": _told(findings, "en")}
    return Outcome(findings=(Finding(reasons.TIMESTAMP_UNPROVEN, Severity.WARNING, values),))


def _told(findings: tuple[Finding, ...], language: str) -> str:
    return " ".join(
        dict.fromkeys(each.text(language) for each in findings if each.severity is not Severity.INFO)
    )


def order_outcome(own: Stamp | None, proof: Proof) -> Outcome:
    """A time-stamp must not be older than those that stood in the file before it (5.5.4, step 5)."""
    if own is None or own.time is None or proof.made_after is None or not _proves(own):
        return Outcome()
    if own.time + _ORDER_TOLERANCE >= proof.made_after:
        return Outcome()
    values = {"time": moment(own.time), "earlier": moment(proof.made_after)}
    finding = Finding(reasons.TIMESTAMP_ORDER, Severity.ERROR, values)
    return Outcome(indeterminate(SubIndication.TIMESTAMP_ORDER_FAILURE), (finding,))
