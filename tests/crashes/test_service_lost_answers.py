"""`kill -9` between an act's commit and its answer: the same request under the same key is told what the act did.

And just before the commit, when the act has said already that it is done: then it was not, and the retry does it.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest

from policies.numbering import civil_date
from tests.crashes.service_house import House
from tests.crashes.service_points import ANSWER_POINTS, CLOSE, RELEASE, SEAL, SIGN
from tests.crashes.test_service_races import uses
from tests.service import AUDITOR, CLERK, LEADER, clock, seen_sha256

pytestmark = pytest.mark.xdist_group("service-crashes")
QUICK = ("leader-signature: done, not answered",)
REST = tuple(name for name in ANSWER_POINTS if name not in QUICK)
NOT_COMMITTED = "said to be done, not committed"
REASON = {"reason": "Thanh tra tỉnh yêu cầu"}


@dataclass
class Left:
    """A request that was not answered."""

    name: str
    subject: str
    ask: Callable[[], httpx.Response]

    @property
    def step(self) -> str:
        return ANSWER_POINTS[self.name].step


class Lives:
    def __init__(self, house: House) -> None:
        self.house = house
        self.left: Left | None = None
        self.numbers = itertools.count(1)
        self.documents: list[str] = []
        self.keys_used: Counter[tuple[str, str]] = Counter()

    def live(self, name: str) -> None:
        """One life: the client of the life before asks again; then one more request comes to its point."""
        self.house.start(die=name)
        self.ask_again()
        self.left = self._unasked(name)
        self.house.settle()
        self.house.arm()
        with pytest.raises(httpx.TransportError):
            self.left.ask()
        self.house.died()

    def ask_again(self) -> None:
        left, self.left = self.left, None
        if left is None:
            return
        answer = left.ask()
        assert answer.status_code == (202 if left.step in (SIGN, SEAL) else 200), (left.name, answer.text)
        assert ("idempotent-replay" in answer.headers) is (not left.name.endswith(NOT_COMMITTED)), left.name
        self._check(left, answer)
        again = left.ask()
        assert (again.status_code, again.json()["id"]) == (answer.status_code, answer.json()["id"])
        assert again.headers["idempotent-replay"] == "true"

    def _check(self, left: Left, answer: httpx.Response) -> None:
        told, house = answer.json(), self.house
        if left.step in (SIGN, SEAL):
            assert told["document"] == left.subject
            assert answer.headers["location"] == f"/api/v1/operations/{told['id']}"
            assert house.operation(told["id"])["state"] == "succeeded"
            assert uses(house, left.subject, left.step.removeprefix("leader-"))["result"] in (0, 1)
            return
        assert told["id"] == left.subject
        expected = {"issue": "issued", CLOSE: "closed", RELEASE: "released"}
        if left.step == "number":
            assert told["number"]
        elif not (left.step == RELEASE and told["state"] == "confirmed"):  # the stores' flags follow
            assert told["state"] == expected[left.step], told

    def _unasked(self, name: str) -> Left:
        point, house = ANSWER_POINTS[name], self.house
        if point.step in (CLOSE, RELEASE):
            return self._of_a_dossier(name)
        before = {SIGN: house.prepared, "number": house.signed, SEAL: house.numbered, "issue": house.archived}
        document = before[point.step]()
        self.documents.append(document)
        if point.key_used:
            self.keys_used[document, point.key_used] += 1
        body = {"json": {"sha256": seen_sha256(house.document(document))}} if point.step == SIGN else {}
        return Left(name, document, lambda: house.act(document, point.step, f"key {name}", **body))

    def _of_a_dossier(self, name: str) -> Left:
        house, day = self.house, civil_date(clock.clock())
        fields = {"catalog_year": day.year, "notation": f"{next(self.numbers):02d}", "title": "Thử"}
        opened = house.post(CLERK, "/dossiers", json={**fields, "start_date": f"{day}"})
        assert opened.status_code == 201, opened.text
        dossier = str(opened.json()["id"])
        form = {
            "data": {"subject": "Công văn"},
            "files": {"file": ("a.pdf", b"%PDF-1.7 a", "application/pdf")},
        }
        assert house.post(CLERK, f"/dossiers/{dossier}/files", **form).status_code == 200
        if ANSWER_POINTS[name].step == CLOSE:
            closing = {"json": {"code": "06", "work_ended": f"{day}"}}
            place = f"/dossiers/{dossier}/closing"
            return Left(name, dossier, lambda: house.post(CLERK, place, f"key {name}", **closing))
        basis = {**REASON, "basis": "CV 12/TTr-NV1"}
        hold = str(house.post(AUDITOR, "/holds", json={"dossier": dossier, **basis}).json()["id"])
        assert house.post(AUDITOR, f"/holds/{hold}/release-request", json=REASON).status_code == 200
        place = f"/holds/{hold}/release-confirmation"
        return Left(name, hold, lambda: house.post(LEADER, place, f"key {name}"))

    def check(self) -> None:
        """Everything was done once."""
        house = self.house
        for document in self.documents:
            house.push(document)
            assert house.document(document)["state"] == "issued"
            for act in ("sign", "seal"):
                assert uses(house, document, act)["result"] == 1
        numbers = house.sql("select number from numbers order by number")
        assert [number for (number,) in numbers] == list(range(1, len(self.documents) + 1))
        acts = Counter(
            house.sql("select act, subject from audit where phase = 'event' and actor <> 'system'")
        )
        assert not {act: count for act, count in acts.items() if count > 1 and act[0] not in ("file-file",)}
        assert house.intents_left() == self.keys_used
        unanswered = house.sql("select key from idempotency where status is null")
        assert all(key.startswith("key ") for (key,) in unanswered)  # of those who died, and of no others
        house.settle()
        assert house.fsck()["findings"] == []


def _run(house: House, names: tuple[str, ...]) -> None:
    lives = Lives(house)
    for name in names:
        lives.live(name)
    house.start()
    lives.ask_again()
    lives.check()
    house.stop()


def test_killed_before_the_answer_that_matters_most(make_house):
    _run(make_house(), QUICK)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_killed_before_every_other_answer(make_house):
    _run(make_house(), REST)
