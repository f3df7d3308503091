"""The sequencer in the background: waiters get their place, errors are retried or said."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, wait
from hashlib import sha256
from time import monotonic

import pytest

from archive.errors import ArchiveDamaged
from archive.log.loop import CROWD, SequencerLoop
from archive.log.tiles import TileId
from archive.storage import keys
from archive.storage.memory import Fault
from tests.archive.log.house import House
from tests.archive.log.naive import naive_root
from tests.service import PATIENCE, until


@pytest.fixture
def house():
    return House()


@pytest.fixture
def running(house):
    loop = SequencerLoop(house.sequencer(parallel=True), poll=0.05)
    loop.start()
    yield loop
    loop.stop()


def test_a_waiter_gets_its_place_under_a_shown_head(house, running):
    waiting = running.expect("a")
    house.submit(("a", b"entry"))
    running.wake()
    place = waiting.result(PATIENCE)
    assert place.index == 0 and house.head().size >= 1 and place.head.size >= 1


def kept(house):
    return [key for key in house.store.list("log/tile/entries/") if ".p/" in key]


def test_the_tail_is_kept_now_and_then_and_one_of_it(house):
    loop = SequencerLoop(house.sequencer(), poll=0.02, keep=0.1)
    loop.start()
    for size in (3, 7, 300):
        house.fill(size - len(house.catalogue._rows.entries), len(house.catalogue._rows.entries))
        loop.wake()
        n, width = divmod(size, 256)
        until(lambda: kept(house) == [keys.tile_key(TileId(None, n, width).path)], lambda: kept(house))  # noqa: B023
    loop.stop()


def test_the_tail_is_kept_no_oftener_than_that(house, running):
    for size in range(1, 4):
        house.fill(1, size)
        running.wake()
        until(lambda: (head := house.head()) is not None and head.size == size)  # noqa: B023
    assert len(kept(house)) <= 1


def test_a_store_that_does_not_take_the_tail_stops_nothing(house):
    loop = SequencerLoop(house.sequencer(), poll=0.02, keep=0.05)
    key = keys.tile_key(TileId(None, 0, 3).path)
    house.store.put(key, b"other", sha256=sha256(b"other").hexdigest())
    house.fill(3)
    loop.start()
    until(lambda: house.head() is not None)
    house.fill(2, 3)
    until(lambda: kept(house)[-1].endswith(".p/5"))
    loop.stop()
    assert loop.failure is None


def test_leaves_of_other_processes_are_found_without_a_wake(house, running):
    waiting = running.expect("a")
    house.submit(("a", b"entry"))
    assert waiting.result(PATIENCE).index == 0


def test_many_submitters_each_get_their_own_place(house, running):
    places = {}

    def submit(number):
        for turn in range(5):
            leaf = f"{number}-{turn}"
            waiting = running.expect(leaf)
            house.submit((leaf, leaf.encode()))
            running.wake()
            places[leaf] = waiting.result(PATIENCE).index

    threads = [threading.Thread(target=submit, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(places.values()) == list(range(80))
    in_order = [leaf.encode() for leaf, _ in sorted(places.items(), key=lambda item: item[1])]
    assert house.head().root == naive_root(in_order)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT])
def test_a_store_that_does_not_answer_is_asked_again(house, running, fault):
    house.store.fail_at(2, fault)
    waiting = running.expect("a")
    house.submit(("a", b"entry"))
    running.wake()
    assert waiting.result(PATIENCE).index == 0 and running.failure is None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_damage_stops_the_loop_and_cancels_the_waiters(house):
    house.fill(3)
    house.sequencer().run_once()
    house.store.flip(keys.CHECKPOINT, 300)
    loop = SequencerLoop(house.sequencer(), poll=0.05)
    waiting = loop.expect("a")
    loop.start()
    with pytest.raises(CancelledError):
        waiting.result(PATIENCE)
    until(lambda: loop.failure, "the failure")
    assert isinstance(loop.failure, ArchiveDamaged)
    with pytest.raises(CancelledError):
        loop.expect("later").result(PATIENCE)
    loop.stop()


def test_stopping_cancels_who_still_waits(house):
    loop = SequencerLoop(house.sequencer(), poll=0.05)
    loop.start()
    waiting = loop.expect("never submitted")
    loop.stop()
    assert waiting.cancelled() and loop.expect("too late").cancelled()


def test_after_a_run_leaves_gather_until_many_wait(house):
    loop = SequencerLoop(house.sequencer(), pause=10 * PATIENCE)
    loop.start()
    first = loop.expect("first")
    house.submit(("first", b"first"))
    loop.wake()
    assert first.result(PATIENCE).head.size == 1
    house.submit(*[(f"leaf {n}", b"%d" % n) for n in range(CROWD)])
    loop.wake()
    waiting = [loop.expect(f"leaf {n}") for n in range(CROWD)]
    assert {each.result(PATIENCE).head.size for each in waiting} == {1 + CROWD}
    loop.stop()  # does not wait for the pause


def test_a_run_waits_for_those_on_the_way_and_for_nobody_else(house):
    """With a pause of minutes, so that an answer shows that none was waited for."""
    loop = SequencerLoop(house.sequencer(), pause=10 * PATIENCE)
    loop.start()
    for number in range(3):  # alone: each at once
        leaf = f"alone {number}"
        waiting = loop.expect(leaf)
        house.submit((leaf, leaf.encode()))
        loop.wake(leaf)
        assert waiting.result(PATIENCE).index == number
    first, second, gone = (loop.expect(leaf) for leaf in ("first", "second", "gone"))
    house.submit(("first", b"first"))
    loop.wake("first")
    assert not wait([first], 0.3).done, "two are on the way"
    house.submit(("second", b"second"))
    loop.wake("second")
    assert not wait([first, second], 0.3).done, "one is on the way"
    loop.forget("gone")
    assert {each.result(PATIENCE).head.size for each in (first, second)} == {5}
    assert not gone.done()
    loop.stop()


def test_where_runs_are_to_be_few_a_pause_is_kept(house):
    loop = SequencerLoop(house.sequencer(), pause=0.5, prompt=False)
    loop.start()
    times = []
    for leaf in ("first", "second"):
        waiting = loop.expect(leaf)
        house.submit((leaf, leaf.encode()))
        loop.wake(leaf)
        waiting.result(PATIENCE)
        times.append(monotonic())
    assert times[1] - times[0] > 0.4
    loop.stop()


def test_a_forgotten_leaf_is_sequenced_all_the_same(house, running):
    running.expect("a")
    running.forget("a")
    last = running.expect("b")
    house.submit(("a", b"first"), ("b", b"second"))
    running.wake()
    assert last.result(PATIENCE).index == 1
