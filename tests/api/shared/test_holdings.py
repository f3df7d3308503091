"""Turns, keys of idempotency and places that processes share: one has it, the other waits, the dead has nothing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context

import pytest

from api.fence import Lost
from api.keys_in_use import SharedKeysInUse
from api.line import Stopped
from api.messages import NobodyElse
from api.shared_line import SharedLine
from api.store.idempotency import Asked
from api.turns import SharedTurns
from tests.api.shared.conftest import LIMIT
from tests.service import PATIENCE, until

ASKED = Asked("account", "key", "POST /x", "hash")


# Turns.


def test_one_turn_among_all_processes(members):
    a, b = (SharedTurns(each.holdings) for each in members(2))
    entered, released = threading.Event(), []

    def second():
        with b.of("x"):
            entered.set()
            assert released

    with ThreadPoolExecutor(1) as pool:
        with a.of("x"):
            waits = pool.submit(second)
            assert not entered.wait(0.3)
            released.append(True)
        waits.result(PATIENCE)
    with b.of("y"), a.of("z"):
        pass


def test_a_turn_is_attempted_and_not_awaited(members):
    a, b = (SharedTurns(each.holdings) for each in members(2))
    with a.attempt("x") as mine, b.attempt("x") as theirs, a.attempt("x") as again:
        assert (mine, theirs, again) == (True, False, False)
    with b.attempt("x") as theirs:
        assert theirs


def test_the_turn_of_the_dead_is_free(members, time):
    first, second = members(2)
    a, b = SharedTurns(first.holdings), SharedTurns(second.holdings)
    with a.of("x"):
        with b.attempt("x") as mine:
            assert not mine
        time.pass_(LIMIT + 4, second)
        with b.attempt("x") as mine:
            assert mine


def test_who_waits_for_another_process_is_sent_away_by_a_stop(members):
    a, b = (SharedTurns(each.holdings) for each in members(2))

    def second():
        with b.of("x"):
            raise AssertionError("it was not free")

    with a.of("x"), ThreadPoolExecutor(1) as pool:
        waits = pool.submit(second)
        b.close()
        with pytest.raises(Stopped):
            waits.result(PATIENCE)


def test_nothing_is_left_of_many_turns(members, prepared):
    turns = [SharedTurns(each.holdings) for each in members(3)]
    counted = {"now": 0, "most": 0}

    def work(number):
        with turns[number % 3].of("x"):
            counted["now"] += 1
            counted["most"] = max(counted["most"], counted["now"])
            counted["now"] -= 1

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(30)))
    assert counted == {"now": 0, "most": 1}


# Keys of idempotency.


def test_a_key_in_use_is_known_to_all(members):
    a, b = (SharedKeysInUse(each.holdings) for each in members(2))
    with a.held(ASKED) as mine:
        assert mine is ASKED
        with b.held(ASKED) as theirs:
            assert theirs is not ASKED and theirs == ASKED
        other = Asked("account", "key", "POST /x", "another hash")
        with b.held(other) as theirs:
            assert theirs is not other and theirs == ASKED
    with b.held(ASKED) as mine:
        assert mine is ASKED


def test_what_a_request_commits_it_commits_under_its_key(members, time):
    """It was frozen; its key was given to the repeated request; what it then would commit is not committed."""
    frozen, other = members(2)
    keys, theirs = SharedKeysInUse(frozen.holdings), SharedKeysInUse(other.holdings)

    def again():
        with theirs.held(ASKED) as mine:
            assert mine is ASKED
            with other.holdings.transactions.write():
                pass

    with keys.held(ASKED):
        with frozen.holdings.transactions.write():
            pass
        time.pass_(LIMIT + 4, other)
        for begin in (frozen.holdings.transactions.write, frozen.holdings.transactions.note):
            with pytest.raises(Lost), begin():
                raise AssertionError("the transaction must not begin")
        Context().run(again)
        with pytest.raises(Lost), frozen.holdings.transactions.write():
            raise AssertionError("the transaction must not begin")
    with frozen.holdings.transactions.write():
        pass  # out of the request nothing is asked


def test_a_request_that_ends_late_leaves_the_other_its_key(members, time):
    frozen, other = members(2)
    keys, theirs = SharedKeysInUse(frozen.holdings), SharedKeysInUse(other.holdings)
    has, may_go = threading.Event(), threading.Event()

    def again():
        with theirs.held(ASKED) as mine:
            assert mine is ASKED
            has.set()
            assert may_go.wait(PATIENCE)

    with ThreadPoolExecutor(1) as pool:
        with keys.held(ASKED):
            time.pass_(LIMIT + 4, other)
            repeated = pool.submit(again)
            assert has.wait(PATIENCE)
        with SharedKeysInUse(members().holdings).held(ASKED) as third:
            assert third is not ASKED
        may_go.set()
        repeated.result(PATIENCE)


# Places.


def lines(members, places, count=2):
    made = members(count)
    return made, [SharedLine("tsa", places, each.holdings, NobodyElse()) for each in made]


@pytest.fixture
def quick_look(monkeypatch):
    monkeypatch.setattr("api.shared_line.LOOK_SECONDS", 0.05)


def test_no_more_at_once_than_places_among_all(members, quick_look):
    _, all_lines = lines(members, 3, 3)
    guard, counted = threading.Lock(), {"now": 0, "most": 0}

    def ask(number):
        with all_lines[number % 3].place(7):
            with guard:
                counted["now"] += 1
                counted["most"] = max(counted["most"], counted["now"])
            threading.Event().wait(0.05)
            with guard:
                counted["now"] -= 1

    with ThreadPoolExecutor(12) as pool:
        list(pool.map(ask, range(24)))
    assert counted == {"now": 0, "most": 3}
    assert (all_lines[0].taken, all_lines[0].waiting) == (0, 0)


def test_the_most_urgent_of_all_goes_first(members, quick_look):
    _, (a, b) = lines(members, 1)
    order = []

    def ask(line, priority, since):
        with line.place(priority, since):
            order.append((priority, since))

    with ThreadPoolExecutor(5) as pool, a.place(9):
        for line, priority, since in ((a, 7, "2"), (b, 7, "1"), (b, 9, "0"), (a, 1, "3")):
            pool.submit(ask, line, priority, since)
        until(lambda: a.waiting == 4, "all in line")
        assert b.taken == 1
    assert order == [(1, "3"), (7, "1"), (7, "2"), (9, "0")]


def test_the_place_of_the_dead_is_given_to_the_next(members, time, quick_look):
    (_, second), (a, b) = lines(members, 1)
    with ThreadPoolExecutor(1) as pool, a.place(7):

        def ask():
            with b.place(7):
                return True

        waits = pool.submit(ask)
        until(lambda: b.waiting == 1, "the second")
        time.pass_(LIMIT + 4, second)
        assert waits.result(PATIENCE)


def test_who_waits_in_line_and_was_held_to_be_dead_is_told_so(members, time, quick_look):
    (_, second), (a, b) = lines(members, 1)
    with ThreadPoolExecutor(1) as pool, b.place(7):

        def ask():
            with a.place(7):
                raise AssertionError("no place was free")

        waits = pool.submit(ask)
        until(lambda: b.waiting == 1, "the first")
        time.pass_(LIMIT + 4, second)
        with pytest.raises(Lost):
            waits.result(PATIENCE)


def test_a_closed_line_sends_away_who_waits_and_lets_nobody_in(members, quick_look):
    _, (a, b) = lines(members, 1)

    def ask():
        with a.place(7):
            raise AssertionError("no place was free")

    with b.place(7), ThreadPoolExecutor(1) as pool:
        waits = pool.submit(ask)
        until(lambda: b.waiting == 1, "the first")
        a.close()
        with pytest.raises(Stopped):
            waits.result(PATIENCE)
        assert b.waiting == 0
    with pytest.raises(Stopped), a.place(7):
        pass
    with b.place(7):
        pass
