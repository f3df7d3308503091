"""One run of the canary: everything is looked at and tried, within a time, and told as a value.

    1. reach     the server answers, with its clock, and knows our credentials
    2. checks    how the store is set up; a bucket that is not ours, or has no lock, is left alone
    3. clean     what earlier runs left, as far as its locks have ended
    4. attempts  each on locked versions of its own, each judged by reading
    5. release   legal holds of this run, so that a later one can clean it

A crash leaves small objects under `canary/` with locks of minutes; the next run removes them. What attempts on the
bucket's own settings left is said by the next run's checks.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from time import monotonic

from archive.storage.canary.attempts.attempt import UNKNOWN, Attempt
from archive.storage.canary.attempts.catalogue import ATTEMPTS, CHECKS
from archive.storage.canary.attempts.reach import REACH, unanswered
from archive.storage.canary.bench import PREFIX, Bench, NoTarget, Surroundings, is_held, not_tried, stamp
from archive.storage.canary.port import LockProbe
from archive.storage.canary.values import (
    Elder,
    Finding,
    Lock,
    Outcome,
    ProbeUnanswered,
    Report,
    Row,
    Trouble,
    Verdict,
)
from policies.refusals import Both
from policies.vocabulary import LockMode

LOCKED = timedelta(seconds=180)  # the locks of a run; longer than a run may take
SECONDS = 90.0
PATIENCE = 2  # attempts in a row without any answer, after which nobody is asked any more
MOST_CLEANED = 500
RUN_ID = "%Y%m%dT%H%M%SZ"
NOT_SET_UP = Both(
    "Không thử, vì kho chưa được thiết lập đúng; xem các dòng ở trên.",
    "Not tried, because the bucket is not set up as it must be; see the lines above.",
)
TOO_LONG = Both(
    "Hết giờ: máy chủ kho quá chậm để thử hết.", "Out of time: the server is too slow to try everything."
)
# Without these a bucket is not touched.
GROUND = frozenset({"versioning", "object-lock", "deployment"})


@dataclass
class _Course:
    """How a run is going."""

    timer: Callable[[], float]
    began: float
    findings: list[Finding] = field(default_factory=list)
    unanswered: int = 0

    @property
    def seconds(self) -> float:
        return self.timer() - self.began

    def make(self, attempt: Attempt, bench: Bench) -> None:
        """The attempt, its verdict, and what the verdict means."""
        if self.unanswered >= PATIENCE:
            verdict = unanswered(Trouble.UNREACHABLE)
        elif self.seconds > SECONDS:
            verdict = Verdict(Outcome.NO_ANSWER, "out of time", TOO_LONG)
        else:
            verdict = self._judged(attempt, bench)
        self.findings.append(attempt.finding(verdict))

    def _judged(self, attempt: Attempt, bench: Bench) -> Verdict:
        try:
            verdict = attempt.act(bench)
        except NoTarget as exc:
            return Verdict(Outcome.NO_ANSWER, str(exc), UNKNOWN)
        except ProbeUnanswered as exc:
            self.unanswered += exc.trouble is Trouble.UNREACHABLE
            return unanswered(exc.trouble, exc.detail)
        self.unanswered = 0
        if verdict.outcome is Outcome.BROKEN and self.seconds > LOCKED.total_seconds():
            return Verdict(Outcome.NO_ANSWER, "out of time", TOO_LONG)  # its lock may have ended by itself
        return verdict


def run(probe: LockProbe, around: Surroundings, *, timer: Callable[[], float] = monotonic) -> Report:
    """All of the canary on that store. Raises nothing: no answer is an outcome, and never a good one."""
    course = _Course(timer, timer())
    name, bench = "", None
    try:
        name, server_time = probe.server()
        probe.versioning()
    except ProbeUnanswered as exc:
        course.findings.append(REACH.finding(unanswered(exc.trouble, exc.detail)))
    else:
        course.findings.append(REACH.finding(Verdict(Outcome.HELD, "answers")))
        bench = _bench(probe, server_time, around)
        _look_and_try(course, bench)
    return Report(
        store=probe.store,
        server=name,
        at=around.at,
        seconds=round(course.seconds, 1),
        findings=tuple(course.findings),
        elders=_elders(around, bench),
        counts=dict(bench.counts) if bench else {},
    )


def _bench(probe: LockProbe, server_time: datetime, around: Surroundings) -> Bench:
    start = server_time.replace(microsecond=0)
    run_id = f"{start.strftime(RUN_ID)}-{secrets.token_hex(4)}"
    hard = Lock(LockMode.COMPLIANCE, start + LOCKED)
    return Bench(probe, run_id, server_time, hard, replace(hard, mode=LockMode.GOVERNANCE), around)


def _look_and_try(course: _Course, bench: Bench) -> None:
    for check in CHECKS:
        course.make(check, bench)
    if any(f.id in GROUND and f.outcome not in (Outcome.HELD, Outcome.NOT_TRIED) for f in course.findings):
        course.findings.extend(attempt.finding(not_tried(NOT_SET_UP)) for attempt in ATTEMPTS)
        return
    scratch = bench.scratch()
    for place in (bench, scratch):
        if place is not None:
            _tolerant(partial(_clean, place))
    for attempt in ATTEMPTS:
        course.make(attempt, bench)
    _tolerant(bench.release_holds)


def _tolerant(act: Callable[[], None]) -> None:
    """Cleaning decides nothing; what it does not reach today it reaches tomorrow."""
    try:
        act()
    except ProbeUnanswered:
        return


def _clean(bench: Bench) -> None:
    """Removes what earlier runs left, as far as the server lets it. Never asks to bypass."""
    for name in ("removed", "kept"):
        bench.counts.setdefault(name, 0)
    spared = {(elder.key, elder.version) for elder in bench.around.elders}
    for row in islice(_old(bench), MOST_CLEANED):
        if (row.key, row.version) in spared:
            continue
        if is_held(row.key) and not row.marker:
            bench.probe.set_hold(row.key, row.version, False)
        gone = bench.probe.delete(row.key, row.version).accepted
        bench.counts["removed" if gone else "kept"] += 1


def _old(bench: Bench) -> Iterator[Row]:
    """Versions of runs that have ended for certain: another process may be at its own right now."""
    ended = (bench.server_time - 2 * LOCKED).strftime(RUN_ID)
    return (row for row in bench.probe.versions(PREFIX) if stamp(row.key) < ended)


def _elders(around: Surroundings, bench: Bench | None) -> tuple[Elder, ...]:
    """For the next run: what it should still find."""
    if bench is None:
        return around.elders
    still = [one for one in around.elders if one.lock.until > bench.server_time]
    return (*still, *bench.new_elders)
