"""Leaves that another process numbers: told by a word, found without one, and never by a head that is not believed."""

from __future__ import annotations

from concurrent.futures import TimeoutError as FutureTimeout

import pytest

from api import following
from api.following import Following
from archive.errors import ArchiveDamaged, ArchiveUnavailable, ProofRefused
from archive.log.loop import SequencerLoop
from policies.reasons import archiving as reasons
from tests.archive.log.house import House
from tests.service import PATIENCE

SOON = 0.3  # seconds in which nothing happens that is not to happen


class Elsewhere:
    """A process that does not number, beside one that does."""

    def __init__(self):
        self.house, self.trouble, self.looks = House(), [], 0
        self.loop = SequencerLoop(self.house.sequencer(), shared=True)
        self.following = Following(self.loop, self._indices, self._head)

    def _indices(self, leaf_ids):
        placed = self.house.catalogue._rows.indices.items()
        return {leaf: index for index, leaf in placed if leaf in leaf_ids}

    def _head(self):
        self.looks += 1
        if self.trouble:
            raise self.trouble[0]
        return self.house.head()

    def awaited(self, *numbers):
        """Leaves of this process, committed."""
        made = []
        for number in numbers:
            made.append(self.loop.expect(f"leaf-{number}"))
            self.house.fill(1, number)
            self.loop.wake(f"leaf-{number}")
        return made


@pytest.fixture
def process(monkeypatch):
    monkeypatch.setattr(following, "LOOK_SECONDS", PATIENCE)
    made = Elsewhere()
    yield made
    made.following.stop()


def open_still(future):
    with pytest.raises(FutureTimeout):
        future.result(SOON)


def test_a_word_answers_all_who_wait_with_one_look(process):
    process.following.start()
    futures = process.awaited(0, 1, 2)
    open_still(futures[0])
    process.house.sequencer().run_once()
    open_still(futures[0])
    process.following.hear("")
    found = [future.result(PATIENCE) for future in futures]
    assert [each.index for each in found] == [0, 1, 2]
    assert {each.head.size for each in found} == {3}
    assert process.looks == 1


def test_a_word_that_is_lost_is_not_needed(process, monkeypatch):
    monkeypatch.setattr(following, "LOOK_SECONDS", 0.02)
    process.following.start()
    (future,) = process.awaited(0)
    process.house.sequencer().run_once()
    assert future.result(PATIENCE).index == 0


def test_nobody_who_does_not_wait_costs_a_look(process):
    process.following.start()
    process.house.fill(2)
    process.house.sequencer().run_once()
    process.following.hear("")
    (future,) = process.awaited(2)
    process.following.hear("")
    open_still(future)
    assert process.looks == 0, "it has no number, so no head is asked for"


def test_a_number_alone_is_not_enough(process):
    """Its head is not shown: whoever numbered it was killed before."""
    process.house.fill(1, 9)
    process.house.sequencer().run_once()
    before = process.house.head()
    process.following.start()
    (future,) = process.awaited(0)
    process.house.sequencer().run_once()
    real, process.house.head = process.house.head, lambda: before
    process.following.hear("")
    open_still(future)
    process.house.head = real
    process.following.hear("")
    assert future.result(PATIENCE).head.size == 2


@pytest.mark.parametrize(
    "guilt",
    [ArchiveDamaged("another history"), ProofRefused(reasons.CHECKPOINT_MALFORMED, detail="lines")],
    ids=["fork", "forged"],
)
def test_by_a_head_that_is_not_believed_nothing_is_archived(process, guilt):
    process.trouble.append(guilt)
    process.following.start()
    futures = process.awaited(0, 1)
    process.house.sequencer().run_once()
    process.following.hear("")
    for future in futures:
        with pytest.raises(type(guilt)):
            future.result(PATIENCE)
    process.trouble.clear()
    (later,) = process.awaited(2)
    process.house.sequencer().run_once()
    process.following.hear("")
    assert later.result(PATIENCE).index == 2, "and the next look is a new one"


def test_a_store_that_does_not_answer_is_asked_again(process):
    process.trouble.append(ArchiveUnavailable("down"))
    process.following.start()
    (future,) = process.awaited(0)
    process.house.sequencer().run_once()
    process.following.hear("")
    open_still(future)
    process.trouble.clear()
    process.following.hear("")
    assert future.result(PATIENCE).index == 0


def test_who_was_answered_is_not_answered_twice(process):
    """Its own sequencer was quicker than the word."""
    (future,) = process.awaited(0)
    process.loop.start()
    assert future.result(PATIENCE).index == 0
    process.following.start()
    process.following.hear("")
    process.loop.stop()
    assert process.loop.expected() == frozenset()
