"""`kill -9` of the real service at every durable step of the path; then it starts again and all is as it should.

One data directory lives through all the kills of a test: each life of the service first brings on what the
kill before left, then takes a new document to the next point.
"""

from __future__ import annotations

from collections import Counter

import httpx
import pytest

from archive.log.leaf import LeafKind
from tests.crashes.service_house import ROLES, House, next_step
from tests.crashes.service_points import POINTS, SEAL, SIGN, Point

pytestmark = pytest.mark.xdist_group("service-crashes")
QUICK = (
    "sign: key used",
    "stamp-leader: token kept",
    "archive: in its transaction",
)
REST = tuple(name for name in POINTS if name not in QUICK)


class Lives:
    """What was done to whom, to compare with what is found at the end."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.documents: dict[str, Point] = {}
        self.left: tuple[str, str] | None = None

    def live(self, name: str) -> None:
        """One life: finish the predecessor's document, then take a new one to the point and die there."""
        point = POINTS[name]
        self.house.start(die=name)
        self.finish_left()
        self._walk_to(name, point)
        if point.step != "upload":
            self.house.died()

    def finish_left(self) -> None:
        if self.left is not None:
            document, key = self.left
            self.house.push(document, key)
            self.left = None

    def _walk_to(self, name: str, point: Point) -> None:
        key = f"key {name}"
        document = self._upload(point, key)
        self.left = (document, key)
        self.documents[document] = point
        if point.step == "upload":
            return
        while True:
            self.house.settle()
            step = next_step(self.house.document(document))
            assert step is not None, f"{name}: the point was never reached"
            if step == point.step:
                self.house.arm()
            try:
                self.house.act(document, step, f"{key}-{step}")
            except httpx.TransportError:
                return
            if step == point.step:
                return  # it dies in the background

    def _upload(self, point: Point, key: str) -> str:
        if point.step != "upload":
            answer = self.house.upload(key)
            assert answer.status_code == 201, answer.text
            return str(answer.json()["id"])
        self.house.arm()
        with pytest.raises(httpx.TransportError):
            self.house.upload(key)
        self.house.died()
        self.house.start()
        answer = self.house.upload(key)  # the client asks again, with the same key
        assert answer.status_code == 201, answer.text
        self.house.kill()
        return str(answer.json()["id"])

    def check(self) -> None:
        """After the last life: everybody arrived, once."""
        house = self.house
        for document in self.documents:
            found = house.document(document)
            assert found["state"] == "issued"
            assert tuple(version["role"] for version in found["versions"]) == ROLES
            kinds = Counter(k for (k,) in house.sql("select kind from leaves where document = ?", document))
            assert kinds == {LeafKind.DOCUMENT: 2, LeafKind.EVENT: 1}, kinds
        assert len(house.sql("select id from documents")) == len(self.documents)  # no upload became two
        self._check_numbers()
        assert house.intents_left() == Counter(
            {(document, point.key_used): 1 for document, point in self.documents.items() if point.key_used}
        )
        self._check_questions()
        assert not house.sql("select id, kind, problem from operations where state <> 'succeeded'")
        assert not house.sql("select leaf from deposits")
        assert not house.sql("select imprint from timestamp_tokens")
        assert not house.sql("select key from idempotency where status is null and headers is null")
        assert house.fsck()["findings"] == []

    def _check_questions(self) -> None:
        """About each signature that stands the authority was asked once, but where a kill lost its answer."""
        asked = dict(self.house.authorities.asked)
        for document, point in self.documents.items():
            leader, seal = (asked.pop(imprint) for imprint in self.house.imprints(document))
            assert leader in (point.asked if point.step == SIGN else (1,)), point
            assert seal in (point.asked if point.step == SEAL else (1,)), point
        assert not asked

    def _check_numbers(self) -> None:
        rows = self.house.sql("select number, document from numbers order by number")
        assert [number for number, _ in rows] == list(range(1, len(self.documents) + 1))
        assert {document for _, document in rows} == set(self.documents)


def _run(house: House, names: tuple[str, ...]) -> None:
    lives = Lives(house)
    for name in names:
        lives.live(name)
    house.start()
    lives.finish_left()
    house.settle()
    lives.check()
    house.stop()
    assert house.fsck()["clean"]


def test_killed_at_the_steps_that_matter_most(make_house):
    _run(make_house(), QUICK)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "names", [REST[at : at + 8] for at in range(0, len(REST), 8)], ids=lambda names: names[0]
)
def test_killed_at_every_other_durable_step(make_house, names):
    _run(make_house(), names)
