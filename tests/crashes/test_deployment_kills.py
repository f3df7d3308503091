"""A worker is killed, or frozen for longer than the others wait, at every durable step of a job: another one finishes
what it had, and nothing is done twice, not even by who wakes up again.

One deployment lives through all the steps of a test. Whichever worker comes to the step first is the one.
"""

from __future__ import annotations

from collections import Counter

import psutil
import pytest

from tests.crashes.deployment import Deployment, Member
from tests.crashes.service_house import next_step
from tests.crashes.service_points import POINTS, SEAL, SIGN, Point
from tests.crashes.test_service_kills import Lives
from tests.service import until

pytestmark = [pytest.mark.xdist_group("deployment"), pytest.mark.long, pytest.mark.timeout(1800)]


def in_job(name: str) -> bool:
    """Whether a worker, and not the request that asks for it, comes to this point."""
    return POINTS[name].step in (SIGN, SEAL) and not name.startswith(("sign:", "seal:"))


JOB_POINTS = tuple(filter(in_job, POINTS))
KILL, FREEZE = "kill", "freeze"
HELD_DEAD = "was held to be dead"


class WorkerLives(Lives):
    """Each document meets its point in one of two workers; the other goes on, and a new one comes for one that died."""

    house: Deployment

    def __init__(self, house: Deployment, how: str, names: tuple[str, ...]) -> None:
        super().__init__(house)
        self.how, self.plan = how, {how: names}
        self.lives = 0
        self.met = 0
        house.api()
        self.workers = [self._worker(), self._worker()]
        house.ready()

    def meet(self, name: str) -> None:
        point = POINTS[name]
        document = self._upload(point, f"key {name}")
        self.documents[document] = point
        victim = self._walk_until_met(document, name, point)
        for each in self.workers:
            each.disarm()
        if self.how == KILL:
            self.workers = [each for each in self.workers if each is not victim] + [self._worker()]
        self.met += 1
        self.house.push(document)
        if self.how == FREEZE:
            self._wake(victim, document)

    def _worker(self) -> Member:
        self.lives += 1
        return self.house.worker(f"worker-{self.lives}", **self.plan)

    def _walk_until_met(self, document: str, name: str, point: Point) -> Member:
        while True:
            self.house.settle()
            step = next_step(self.house.document(document))
            assert step is not None, "the point was never reached"
            if step == point.step:
                break
            assert self.house.act(document, step).status_code < 300
        self.house.ready()
        for each in self.workers:
            each.arm(f"{self.how} {name}")
        assert self.house.act(document, point.step).status_code == 202
        return until(lambda: next(filter(self._met, self.workers), None), "a worker to come to the point")

    def _met(self, worker: Member) -> bool:
        if self.how == KILL:
            return worker.process.poll() is not None
        return psutil.Process(worker.process.pid).status() == psutil.STATUS_STOPPED

    def _wake(self, victim: Member, document: str) -> None:
        """It goes on where it was, finds that it was held to be dead, and does no harm; then it works as before."""
        until(lambda: self._lost() == self.met, "the others to miss it")
        before = self.house.document(document)
        deaths = victim.told().count(HELD_DEAD)
        victim.thaw()
        until(lambda: victim.told().count(HELD_DEAD) > deaths, victim.told)
        self.house.settle()
        assert self.house.document(document) == before

    def _lost(self) -> int:
        return len(self.house.sql("select id from processes where role = 'worker' and ending = 'lost'"))

    def _check_questions(self) -> None:
        """Who was frozen with its question in hand puts it when it wakes up: nobody can take it back from there."""
        asked = dict(self.house.authorities.asked)
        for document, point in self.documents.items():
            leader, seal = (asked.pop(imprint) for imprint in self.house.imprints(document))
            often = point.asked if self.how == KILL else (1, 2)
            assert leader in (often if point.step == SIGN else (1,)), point
            assert seal in (often if point.step == SEAL else (1,)), point
        assert not asked


def run(house: Deployment, names: tuple[str, ...], how: str) -> None:
    lives = WorkerLives(house, how, names)
    for name in names:
        lives.meet(name)
    house.settle()
    lives.check()
    rows = house.sql("select ending from processes where role = 'worker'")
    assert Counter(ending for (ending,) in rows)["lost"] == len(names)
    house.stop()
    assert house.fsck()["clean"]


@pytest.mark.parametrize(
    "names", [JOB_POINTS[at : at + 8] for at in range(0, len(JOB_POINTS), 8)], ids=lambda n: n[0]
)
def test_killed(make_deployment, names):
    run(make_deployment(), names, KILL)


@pytest.mark.parametrize(
    "names", [JOB_POINTS[at : at + 8] for at in range(0, len(JOB_POINTS), 8)], ids=lambda n: n[0]
)
def test_frozen_and_woken(make_deployment, names):
    run(make_deployment(), names, FREEZE)
