"""Sequencers of several processes over one log: one goes on, the others stand by, and take over when it does not."""

from __future__ import annotations

import threading
import time

import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable
from archive.log.loop import SequencerLoop
from archive.storage import keys
from tests.archive.log.house import House
from tests.archive.log.naive import naive_root
from tests.service import PATIENCE, until


class Counted(SequencerLoop):
    """Counts the runs of its sequencer."""

    def __init__(self, house, poll):
        self.sequencer = house.sequencer()
        super().__init__(self.sequencer, poll=poll, shared=True)
        self.runs = 0
        real = self.sequencer.run_once

        def counted():
            self.runs += 1
            return real()

        self.sequencer.run_once = counted


@pytest.fixture
def house():
    return House()


@pytest.fixture
def loops(house):
    made = []

    def start(count=3, poll=0.05):
        made.extend(Counted(house, poll) for _ in range(count))
        for loop in made:
            loop.start()
        return made

    yield start
    for loop in made:
        loop.stop()


def shown(house, size):
    until(lambda: house.head() is not None and house.head().size >= size, lambda: house.head())


def check(house):
    rows = house.catalogue._rows
    entries = [rows.entries[leaf_id] for _, leaf_id in sorted(rows.indices.items())]
    assert sorted(rows.places.values()) == list(range(len(rows.entries)))
    assert house.head().root == naive_root(entries)


def test_one_of_them_sequences_and_the_others_stand_by(house, loops):
    made = loops(poll=5.0)
    for number in range(60):
        if number == 20:
            before = [loop.runs for loop in made]
        house.fill(1, number)
        for loop in made:
            loop.wake()
        shown(house, number + 1)
    check(house)
    worked = [loop for loop, count in zip(made, before, strict=True) if loop.runs > count + 5]
    assert len(worked) == 1, "not all of them each time"


def test_when_it_stops_another_goes_on(house, loops):
    made = loops()
    house.fill(3)
    made[0].wake()
    shown(house, 3)
    for number, loop in enumerate(tuple(made[:2])):
        loop.stop()
        made.remove(loop)
        house.fill(4, 10 * (number + 1))
        shown(house, 3 + 4 * (number + 1))
    check(house)


class Freezer:
    """Whoever comes to the store's write of that number stands still there until it is thawed."""

    def __init__(self, store, write):
        self.left, self.frozen, self.thawed = write, threading.Event(), threading.Event()
        self.store, store.meets = store, self

    def __call__(self, act, _key):
        if act not in ("put", "put_mutable", "delete"):
            return
        self.left -= 1
        if self.left == 0:
            self.frozen.set()
            assert self.thawed.wait(PATIENCE)

    def end(self):
        self.store.meets = lambda _act, _key: None


@pytest.mark.parametrize("write", range(1, 8))
def test_when_it_freezes_another_goes_on_and_it_harms_nobody_when_it_wakes(house, loops, write):
    made = loops(2)
    house.fill(2)
    made[0].wake()
    shown(house, 2)
    freezer = Freezer(house.store, write)
    house.fill(300, 100)
    for loop in made:
        loop.wake()
    assert freezer.frozen.wait(PATIENCE)
    freezer.end()
    house.fill(2, 1000)
    shown(house, 304)
    freezer.thawed.set()
    for loop in made:
        loop.wake()
    house.fill(1, 2000)
    shown(house, 305)
    time.sleep(0.3)  # it goes on
    until(lambda: house.head().size == 305, house.head)
    check(house)
    assert all(loop.failure is None for loop in made)


def test_a_shown_head_that_fell_back_is_shown_anew(house, loops):
    """As a sequencer leaves it that was frozen just before it showed its own."""
    loops(1)[0].wake()
    house.fill(3)
    shown(house, 3)
    old = house.head().note
    house.fill(2, 3)
    shown(house, 5)
    house.store.overwrite(keys.CHECKPOINT, old)
    shown(house, 5)


def test_a_store_that_is_silent_keeps_nobody_from_looking_again(house, loops):
    def silent(_act, _key):
        raise ArchiveUnavailable("no answer")

    made = loops(2)
    house.store.meets = silent
    house.fill(3)
    time.sleep(0.3)
    house.store.meets = lambda _act, _key: None
    shown(house, 3)
    assert all(loop.failure is None for loop in made)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_damage_stops_each_of_them(house, loops):
    house.fill(3)
    house.sequencer().run_once()
    house.store.flip(keys.CHECKPOINT)
    made = loops(2)
    until(lambda: all(isinstance(loop.failure, ArchiveDamaged) for loop in made), "both")
