"""Heartbeats: who stands still is lost, whatever any clock says; who was only frozen finds out and harms nobody."""

from __future__ import annotations

import contextlib
from datetime import timedelta

import pytest
from sqlalchemy import text

from api.fence import Lost
from api.store import held_rows, process_rows
from api.store.held_rows import TURN
from archive.errors import ArchiveUnavailable
from tests.api.shared.conftest import LIMIT


def states(member):
    member.run_once()
    return {each.id: each.ending or "lives" for each in member.everyone()}


def test_whose_heart_beats_lives(members, time):
    a, b = members(2)
    time.pass_(3 * LIMIT, a, b)
    assert states(a) == {a.id: "lives", b.id: "lives"}


def test_whose_heart_stands_still_is_lost_after_the_limit_and_not_before(members, time):
    a, b = members(2)
    time.pass_(LIMIT - 2, a)
    assert states(a)[b.id] == "lives"
    time.pass_(4, a)
    assert states(a)[b.id] == "lost"


def test_two_who_watch_declare_it_once(members, time):
    a, b, c = members(3)
    time.pass_(LIMIT + 4, a, b)
    with a.holdings.transactions.read() as conn:
        assert conn.execute(text("select count(*) from processes where ending = 'lost'")).scalar() == 1
    assert states(b)[c.id] == "lost"


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_a_database_whose_clock_jumps_kills_nobody(members, time, jump):
    a, b = members(2)
    time.pass_(4, a, b)
    with a.holdings.transactions.write() as conn:  # as rows look after the jump
        conn.execute(
            text("update processes set beat_at = beat_at + make_interval(secs => :jump)"), {"jump": jump}
        )
    time.pass_(LIMIT / 2, a, b)
    assert set(states(a).values()) == {"lives"}


def test_time_in_which_nobody_looked_does_not_count(members, time):
    """The watcher was frozen, or the machine slept: all stood still."""
    a, b = members(2)
    time.pass_(2, a, b)
    time.now += 3600
    a.run_once()
    assert states(a)[b.id] == "lives"
    time.pass_(2, b)
    time.pass_(LIMIT, a, b)
    assert set(states(a).values()) == {"lives"}


def test_time_in_which_the_database_did_not_answer_does_not_count(members, time, monkeypatch):
    a, b = members(2)
    time.pass_(2, a, b)

    @contextlib.contextmanager
    def silent():
        raise ArchiveUnavailable("no answer")
        yield

    with monkeypatch.context() as patched:
        for member in (a, b):
            patched.setattr(member._transactions, "note", silent)
        for _ in range(20):
            time.now += 2
            for member in (a, b):
                with contextlib.suppress(ArchiveUnavailable):
                    member.run_once()
        with pytest.raises(ArchiveUnavailable):
            a.everyone()
    a.run_once()
    assert states(a)[b.id] == "lives"
    time.pass_(LIMIT, a, b)
    assert set(states(a).values()) == {"lives"}


def test_no_key_is_used_by_who_has_not_felt_his_heartbeat(members, time):
    a = members()
    a.lease()
    time.now += LIMIT - 1
    a.lease()
    time.now += 1
    with pytest.raises(Lost):
        a.lease()
    a.run_once()
    a.lease()


def test_who_was_frozen_goes_on_under_another_name(members, time):
    a, b = members(2)
    was = b.id
    assert b.holdings.take(TURN, "x", "token")
    time.pass_(LIMIT + 4, a)
    with b.holdings.transactions.read() as conn:
        assert held_rows.holder(conn, TURN, "x") is None, "what it had is free"
    with pytest.raises(Lost):
        b.holdings.take(TURN, "y", "token")
    b.run_once()
    assert b.id != was
    assert b.holdings.take(TURN, "y", "token")
    found = states(b)
    assert (found[was], found[b.id], found[a.id]) == ("lost", "lives", "lives")


def test_a_transaction_under_way_is_not_buried_alive(members, time):
    """It began while the process lived: it ends, or is ended by the server, and then the process is lost."""
    a, b = members(2)
    with b.holdings.transactions.write() as conn:
        assert process_rows.alive(conn, b.id)
        time.pass_(LIMIT + 4, a)
        assert states(a)[b.id] == "lives"
    time.pass_(2, a)
    assert states(a)[b.id] == "lost"


def test_who_takes_leave_is_gone_at_once_and_holds_nothing(members, time):
    a, b = members(2)
    assert b.holdings.take(TURN, "x", "token")
    b._take_leave()
    assert states(a)[b.id] == "stopped"
    assert a.holdings.take(TURN, "x", "other")


def test_what_could_not_be_given_back_is_with_the_next_heartbeat(members, time, monkeypatch):
    a, b = members(2)
    assert a.holdings.take(TURN, "x", "token")

    @contextlib.contextmanager
    def silent():
        raise ArchiveUnavailable("no answer")
        yield

    with monkeypatch.context() as patched:
        patched.setattr(a.holdings.transactions, "note", silent)
        a.holdings.release(TURN, "x", "token")
    assert not b.holdings.take(TURN, "x", "other")
    a.run_once()
    assert b.holdings.take(TURN, "x", "other")


def test_those_that_went_long_ago_are_forgotten(members, time):
    a, b = members(2)
    b._take_leave()
    with a.holdings.transactions.write() as conn:
        conn.execute(
            text("update processes set gone_at = gone_at - interval '2 hours' where gone_at is not null")
        )
    a.run_once()
    assert set(states(a)) == {a.id}


# Clocks.


@pytest.mark.parametrize("jump", [-3600, 3600])
def test_whose_clock_is_far_from_what_most_say_is_off(members, time, jump):
    a, b, c = members(3)
    time.pass_(4, a, b, c)
    assert (a.clock_off, b.clock_off, c.clock_off) == (0, 0, 0)
    b.wrong = timedelta(seconds=jump)
    time.pass_(4, a, b, c)
    assert (a.clock_off, c.clock_off) == (0, 0)
    assert abs(b.clock_off - jump) < 60
    b.wrong = timedelta()
    time.pass_(4, a, b, c)
    assert b.clock_off == 0


def test_of_two_processes_the_database_decides_who_is_off(members, time):
    a, b = members(2)
    b.wrong = timedelta(hours=1)
    time.pass_(4, a, b)
    assert (a.clock_off, b.clock_off > 3000) == (0, True)


def test_a_database_whose_clock_is_wrong_puts_nobody_off(members, time):
    made = members(3)
    for each in made:
        each.wrong = timedelta(hours=-1)
    time.pass_(6, *made)  # each has heard of the others
    assert {each.clock_off for each in made} == {0}
