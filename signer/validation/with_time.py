"""Signatures with time (EN 319 102-1, 5.5): which time-stamps prove what about which signature.

A document time-stamp covers every revision before it. A token inside a signature covers that signature.
A signature contains, and so is younger than, whatever stood in the revisions before it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate

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
    """What a signature's own token means for the signature (5.5.4, step 3).

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


def order_outcome(own: Stamp | None, proof: Proof, covered_at: datetime | None = None) -> Outcome:
    """A time-stamp must not be older than those that stood in the file before it (5.5.4, step 4 e), nor younger than
    one that covers it (`covered_at`)."""
    if own is None or own.time is None or not _proves(own):
        return Outcome()
    if proof.made_after is not None and own.time + _ORDER_TOLERANCE < proof.made_after:
        values = {"time": moment(own.time), "earlier": moment(proof.made_after)}
        return _out_of_order(Finding(reasons.TIMESTAMP_ORDER, Severity.ERROR, values))
    if covered_at is not None and covered_at + _ORDER_TOLERANCE < own.time:
        return _out_of_order(_after_cover(own.time, covered_at))
    return Outcome()


def _out_of_order(finding: Finding) -> Outcome:
    return Outcome(indeterminate(SubIndication.TIMESTAMP_ORDER_FAILURE), (finding,))


def contradictory(placed: list[Placed]) -> dict[int, Finding]:
    """Document time-stamps that contradict each other, by revision: one says to be younger than another that covers it.

    Which clock was wrong nobody knows, so neither of the two proves anything.
    """
    proving = sorted(
        (each for each in placed if each.document and _proves(each.stamp)), key=lambda each: each.revision
    )
    times = [each.stamp.time for each in proving if each.stamp.time is not None]
    latest_before = [None, *accumulate(times, max)]
    earliest_after = [*reversed(list(accumulate(reversed(times), min))), None][1:]
    found: dict[int, Finding] = {}
    for each, time, before, after in zip(proving, times, latest_before, earliest_after, strict=False):
        if before is not None and time + _ORDER_TOLERANCE < before:
            found[each.revision] = _after_cover(before, time)
        elif after is not None and after + _ORDER_TOLERANCE < time:
            found[each.revision] = _after_cover(time, after)
    return found


def _after_cover(time: datetime, cover: datetime) -> Finding:
    values = {"time": moment(time), "later": moment(cover)}
    return Finding(reasons.TIMESTAMP_AFTER_COVER, Severity.ERROR, values)
