"""Each weakness alone is found by the attempt that is meant for it, and by no other; a sound server has none."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive.storage.canary.attempts.catalogue import ATTEMPTS, CHECKS
from archive.storage.canary.bench import PREFIX, Surroundings
from archive.storage.canary.run import LOCKED, SECONDS, run
from archive.storage.canary.twin import ProbeTwin
from archive.storage.canary.values import Conclusion, Kind, Outcome, Trouble, Weight
from archive.storage.canary.weaknesses import ALSO, Weakness
from tests.archive.log.house import NOW

EVERY = {attempt.id: attempt for attempt in (*CHECKS, *ATTEMPTS)}
# Found by what the check is told, not by the server.
TOLD = {"deployment", "work-area", "work-area-soon"}


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def checked(twin, clock, **around):
    return run(twin, Surroundings(at=clock.now, **around))


def broken(report):
    return {finding.id for finding in report.findings if finding.outcome is Outcome.BROKEN}


def outcomes(report):
    return {finding.id: finding.outcome for finding in report.findings}


def night_after(twin, clock, report, hours=24):
    clock.now += timedelta(hours=hours)
    twin.overnight()
    return checked(twin, clock, elders=report.elders)


def test_a_sound_server_stands_every_attempt(clock):
    twin = ProbeTwin(clock=clock)
    report = night_after(twin, clock, checked(twin, clock))
    tried = {finding.id for finding in report.findings if finding.outcome is Outcome.HELD}
    assert tried == {*EVERY, "reach"} - TOLD
    assert report.conclusion is Conclusion.SOUND
    assert report.failing() == report.warnings() == ()


@pytest.mark.parametrize("weakness", Weakness)
def test_each_weakness_is_found_by_its_attempt_alone(clock, weakness):
    twin = ProbeTwin(clock=clock, weak={weakness})
    report = night_after(twin, clock, checked(twin, clock))
    assert broken(report) == {str(weakness)} | ALSO.get(weakness, set())
    attempt = EVERY[weakness]
    expected = Conclusion.BROKEN if attempt.kind is Kind.ATTEMPT else Conclusion.UNUSABLE
    if attempt.weight is Weight.WARNING:
        expected = Conclusion.SOUND
        assert [found.id for found in report.warnings()][:1] == [str(weakness)]
    assert report.conclusion is expected
    found = next(one for one in report.findings if one.id == weakness)
    assert found.sentence.vi.endswith(attempt.todo.vi) and found.sentence.en.startswith(attempt.fault.en)


def test_every_attempt_can_fail():
    assert {str(weakness) for weakness in Weakness} | TOLD == set(EVERY)


def test_the_multipart_fault_is_found_and_stops_archiving_where_no_default_covers_it(clock):
    """Ceph RGW 16.2 drops lock and hold of a multipart upload; the bucket's default retention does apply."""
    fault = {Weakness.PARTS_DROP_LOCKS, Weakness.PARTS_DROP_HOLDS}
    covered = checked(ProbeTwin(clock=clock, weak=fault), clock)
    assert broken(covered) == {"lock-kept-parts", "hold-kept-parts"}
    assert covered.conclusion is Conclusion.SOUND
    bare = checked(ProbeTwin(clock=clock, weak=fault | {Weakness.NO_DEFAULT_RETENTION}), clock)
    assert "delete-parts" in {found.id for found in bare.failing()}
    assert bare.conclusion is Conclusion.BROKEN
    assert outcomes(bare)["lock-after-parts"] is Outcome.HELD, "the service's own remedy works"


def test_a_server_that_ignores_every_lock_is_not_archived_on(clock):
    weak = {Weakness.DROPS_COMPLIANCE, Weakness.DROPS_GOVERNANCE, Weakness.PARTS_STAY_UNLOCKED}
    report = checked(ProbeTwin(clock=clock, weak=weak | {Weakness.NO_DEFAULT_RETENTION}), clock)
    assert {"lock-kept", "delete-version", "delete-bulk"} <= broken(report)
    assert outcomes(report)["shorten"] is Outcome.NOT_TRIED, "without a lock there is nothing to shorten"


@pytest.mark.parametrize("trouble", Trouble)
@pytest.mark.parametrize("act", ["server", "versioning", "lock_rule", "put", "read", "delete"])
def test_no_answer_is_not_a_yes(clock, act, trouble):
    twin = ProbeTwin(clock=clock)
    twin.silent[act] = trouble
    report = checked(twin, clock)
    assert report.conclusion is Conclusion.NO_ANSWER
    found = report.failing()[0]
    assert found.outcome is Outcome.NO_ANSWER and found.detail.startswith(trouble)
    assert found.sentence.vi and found.sentence.en


def test_one_success_weighs_more_than_what_is_not_known(clock):
    twin = ProbeTwin(clock=clock, weak={Weakness.COMPLIANCE_DELETED})
    twin.silent["set_lock"] = Trouble.BUSY
    assert checked(twin, clock).conclusion is Conclusion.BROKEN


def test_a_server_that_went_away_is_not_asked_sixty_times(clock):
    twin = ProbeTwin(clock=clock)
    twin.silent["put"] = Trouble.UNREACHABLE
    checked(twin, clock)
    assert twin.acts < 20


def test_a_slow_server_gets_a_bounded_time(clock):
    twin, ticks = ProbeTwin(clock=clock), iter(range(0, 100_000, 10))
    report = run(twin, Surroundings(at=clock.now), timer=lambda: float(next(ticks)))
    late = [finding for finding in report.findings if finding.detail == "out of time"]
    assert late and report.conclusion is Conclusion.NO_ANSWER
    assert LOCKED.total_seconds() > SECONDS, "a lock must outlast the run"


def test_a_bucket_that_is_not_set_up_is_left_alone(clock):
    for weakness in (Weakness.NO_OBJECT_LOCK, Weakness.NO_VERSIONING):
        twin = ProbeTwin(clock=clock, weak={weakness})
        report = checked(twin, clock)
        assert report.conclusion is Conclusion.UNUSABLE
        assert {outcomes(report)[attempt.id] for attempt in ATTEMPTS} == {Outcome.NOT_TRIED}
        assert list(twin.versions("")) == []


def test_nothing_is_tried_in_the_bucket_of_another_installation(clock):
    twin = ProbeTwin(clock=clock)
    report = checked(twin, clock, deployment="mine", found_deployment="theirs")
    assert report.conclusion is Conclusion.UNUSABLE
    assert [found.id for found in report.failing()] == ["deployment"]
    assert list(twin.versions("")) == []
    for found in ("", "mine"):
        assert checked(twin, clock, deployment="mine", found_deployment=found).conclusion is Conclusion.SOUND


def test_a_full_disk_stops_archiving_and_a_nearly_full_one_is_told(clock):
    twin = ProbeTwin(clock=clock)
    full = checked(twin, clock, free_bytes=1 << 20)
    assert full.conclusion is Conclusion.UNUSABLE and [f.id for f in full.failing()] == ["work-area"]
    nearly = checked(twin, clock, free_bytes=1 << 30)
    assert nearly.conclusion is Conclusion.SOUND and [f.id for f in nearly.warnings()] == ["work-area-soon"]


def test_without_weaker_credentials_it_is_said_that_they_were_not_tried(clock):
    report = checked(ProbeTwin(clock=clock, weaker=False), clock)
    left = {found.id for found in report.findings if found.outcome is Outcome.NOT_TRIED} - TOLD
    assert left == {i for i in EVERY if "weaker" in i} | {"overnight"}
    assert report.conclusion is Conclusion.SOUND


def test_what_runs_leave_is_removed_and_stays_bounded(clock):
    twin, report, left = ProbeTwin(clock=clock), None, []
    for _night in range(12):
        report = night_after(twin, clock, report) if report else checked(twin, clock)
        left.append(len(list(twin.versions(PREFIX))))
    assert max(left[-4:]) == left[-1] <= 8 * left[0], left
    assert report.counts["removed"] > 0


def test_a_run_does_not_clean_what_another_may_be_using(clock):
    twin = ProbeTwin(clock=clock)
    checked(twin, clock)
    before = {(row.key, row.version) for row in twin.versions(PREFIX)}
    clock.now += LOCKED
    checked(twin, clock)
    assert before <= {(row.key, row.version) for row in twin.versions(PREFIX)}


def test_starting_often_leaves_one_elder_a_day(clock):
    twin, report = ProbeTwin(clock=clock), None
    for _start in range(10):
        clock.now += timedelta(minutes=30)
        report = checked(twin, clock, elders=report.elders if report else ())
    assert len(report.elders) == 1
    assert outcomes(report)["overnight"] is Outcome.HELD


def test_attempts_are_told_in_both_languages_and_once():
    assert len(EVERY) == len(CHECKS) + len(ATTEMPTS)
    for attempt in EVERY.values():
        for words in (attempt.tried, attempt.sound, attempt.fault, attempt.todo):
            assert words.vi.endswith(".") and words.en.endswith(".") and words.vi != words.en, attempt.id
