"""Fixity over stored copies: risk first, faults told, nothing forgotten by a kill, a pace that steps back."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archive import fixity as scans
from archive.catalogue import copy_rows, watch_rows
from archive.catalogue.copies import FIRST, Shelf
from archive.catalogue.watch_rows import EventOutcome, EventType
from archive.fixity import scan_all, scan_one
from archive.pace import Bucket, Pace
from archive.storage import keys
from policies.fixity import Outcome, Risk, Work
from tests.archive.catalogue_fixtures import AT
from tests.archive.watch_house import mute, unmute

DAY = timedelta(days=1)
NEXT = AT + DAY
HOUR = timedelta(hours=1)


def test_what_is_well_is_read_once_and_comes_again_in_a_quarter(watch):
    watch.documents(3)
    assert watch.scan(AT).done == Work(), "nobody is read twice within a day of its archiving"
    run = watch.scan(NEXT)
    assert (run.done.objects, run.damaged, run.unread) == (6, 0, 0)
    assert run.done.size == sum(
        len(kept.data) for key, kept in watch.first._objects.items() if "documents" in key
    )
    assert (run.left, run.everything.objects) == (Work(), 6)
    assert watch.scan(NEXT + 79 * DAY).done.objects == 0
    assert watch.scan(NEXT + 90 * DAY).done.objects == 6


def test_a_page_is_followed_by_the_next_one(watch, monkeypatch):
    monkeypatch.setattr(scans, "PAGE", 4)
    watch.documents(7)
    assert watch.scan(NEXT).done.objects == 14
    assert scan_all(watch.scan_desk(at=NEXT)).done.objects == 14


def spoil(watch, key, how):
    {
        "flipped": lambda: watch.first.flip(key, 3),
        "cut": lambda: watch.first.truncate(key, 4),
        "longer": lambda: watch.first.overwrite(key, b"%PDF-1.7 number 0 and more"),
        "empty": lambda: watch.first.overwrite(key, b""),
        "gone": lambda: watch.first.vanish(key),
    }[how]()


@pytest.mark.parametrize("how", ["flipped", "cut", "longer", "empty", "gone"])
def test_every_kind_of_damage_is_told_and_kept_in_mind(watch, how):
    one, _ = watch.documents(2)
    key = watch.copies(one)[0].key
    spoil(watch, key, how)
    run = watch.scan(NEXT)
    assert (run.done.objects, run.damaged) == (4, 1)
    copy = watch.find(Shelf.DOCUMENTS, key)
    assert copy.fixity_state == Outcome.DAMAGED
    (fault,) = [event for event in watch.events(EventType.FIXITY, faults=True) if event.key]
    assert (fault.key, fault.document, fault.store, fault.outcome) == (key, one.id, FIRST, EventOutcome.FAIL)
    (whole,) = [event for event in watch.events(EventType.FIXITY) if not event.key]
    assert whole.outcome is EventOutcome.FAIL and "damaged 1" in whole.detail
    again = watch.scan(NEXT + DAY)
    assert (again.done.objects, again.damaged) == (1, 1), "asked again the next day, and nothing else is"


def test_a_store_whose_digests_lie_with_its_bytes_is_found_by_the_row(watch):
    (document,) = watch.documents(1)
    copy = watch.copies(document)[0]
    other = b"another decision"
    watch.first.overwrite(copy.key, other)
    lie = replace(watch.first.head(copy.key), sha256=hashlib.sha256(other).hexdigest(), size=len(other))
    watch.first.lie(copy.key, lie)
    assert watch.scan(NEXT).damaged == 1


def test_a_store_that_does_not_answer_damages_nothing_and_is_asked_again(watch):
    one, _ = watch.documents(2)
    key = watch.copies(one)[0].key
    mute(watch.first, key)
    run = watch.scan(NEXT)
    assert (run.done.objects, run.damaged, run.unread) == (3, 0, 1)
    assert watch.find(Shelf.DOCUMENTS, key).fixity_state == "unread-1"
    unmute(watch.first)
    assert watch.scan(NEXT + HOUR).done.objects == 1
    assert watch.find(Shelf.DOCUMENTS, key).fixity_state == "intact"


def test_a_copy_that_its_store_never_gives_while_it_gives_others_counts_as_damaged(watch):
    """Some servers find rot by themselves, and answer with an error from then on."""
    one, _ = watch.documents(2)
    key = watch.copies(one)[0].key
    mute(watch.first, key)
    assert watch.scan(NEXT).unread == 1
    assert watch.scan(NEXT + timedelta(minutes=59)).unread == 0, "an hour apart"
    assert watch.scan(NEXT + HOUR).damaged == 0
    run = watch.scan(NEXT + 2 * HOUR)
    assert (run.unread, run.damaged) == (1, 1)
    assert watch.find(Shelf.DOCUMENTS, key).fixity_state == "damaged"
    (fault,) = [event for event in watch.events(EventType.FIXITY, faults=True) if event.key]
    assert "not read 3 times in a row" in fault.detail


def test_a_store_that_gives_nothing_at_all_damages_nothing(watch):
    (document,) = watch.documents(1)
    mute(watch.first, *(copy.key for copy in watch.copies(document)), "log/checkpoint")
    for hour in range(5):
        assert watch.scan(NEXT + hour * HOUR).damaged == 0
    assert {copy.fixity_state for copy in watch.copies(document)} == {""}


def test_a_store_that_is_down_ends_the_scan_and_leaves_everything_due(watch, monkeypatch):
    monkeypatch.setattr(scans, "SILENT", 5)
    monkeypatch.setattr(scans, "FLUSH_OBJECTS", 1)
    for document in watch.documents(20):
        for copy in watch.copies(document):
            mute(watch.first, copy.key)
    mute(watch.first, keys.CHECKPOINT)
    run = watch.scan(NEXT)
    assert 5 <= run.unread < 40 and run.done.objects == 0
    unmute(watch.first)
    assert watch.scan(NEXT).done.objects == 40


def test_copies_that_are_lost_are_called_damaged_and_keep_no_other_from_its_turn(lite, monkeypatch):
    monkeypatch.setattr(scans, "SILENT", 5)
    monkeypatch.setattr(scans, "FLUSH_OBJECTS", 1)
    lost = [copy for document in lite.documents(6) for copy in lite.copies(document)]
    fine = lite.house.archived(b"%PDF-1.7 fine", AT + timedelta(hours=1))
    mute(lite.first, *(copy.key for copy in lost))
    for times in range(scans.fixity.UNREAD_MOST):
        run = lite.scan(NEXT + (1 + times) * HOUR)
        assert (run.unread, run.done.objects) == (12, 0 if times else 2)
    assert {copy.fixity_state for copy in lite.copies(fine)} == {"intact"}
    assert {lite.find(Shelf.DOCUMENTS, copy.key).fixity_state for copy in lost} == {"damaged"}
    assert run.damaged == 12


def test_what_was_not_read_while_the_store_was_down_is_no_damage(lite, monkeypatch):
    monkeypatch.setattr(scans, "SILENT", 2)
    monkeypatch.setattr(scans, "FLUSH_OBJECTS", 1)
    copies = [copy for document in lite.documents(2) for copy in lite.copies(document)]
    mute(lite.first, keys.CHECKPOINT, *(copy.key for copy in copies))
    for hour in range(4):
        assert lite.scan(NEXT + hour * HOUR).damaged == 0
    assert {lite.find(Shelf.DOCUMENTS, copy.key).fixity_state for copy in copies} == {""}


def order(watch, at):
    """Keys in the order in which one reader reads them."""
    keys, opened = [], watch.first.open

    def open_(key, version=""):
        keys.append(key)
        return opened(key, version)

    watch.first.open = open_
    watch.scan(at, readers=1)
    del watch.first.open
    return keys


def test_the_newest_risk_comes_first(watch):
    """Damaged, then never read, then the longest unread."""
    old = watch.documents(2)
    watch.scan(NEXT)
    later = NEXT + 95 * DAY
    new = watch.documents(1, later - 2 * DAY)
    damaged = watch.copies(old[1])[0].key
    with watch.house.transactions.write() as conn:
        copy_rows.mark_damaged(conn, Shelf.DOCUMENTS, [watch.find(Shelf.DOCUMENTS, damaged)], later)
    read = order(watch, later)
    fresh = {copy.key for copy in watch.copies(new[0])}
    assert read[0] == damaged
    assert set(read[1:3]) == fresh
    rest = [watch.find(Shelf.DOCUMENTS, key) for key in read[3:]]
    assert len(rest) == 3 and not fresh & {copy.key for copy in rest}


def test_the_longest_unread_comes_first_among_equals(watch):
    planned = [watch.house.validated(b"%%PDF %d" % day) for day in range(3)]
    for day, deposit in zip((5, 1, 3), planned, strict=True):
        watch.house.carry_out(deposit, AT + day * DAY)
    with watch.house.transactions.read() as conn:
        expected = [
            copy.key for copy in copy_rows.due_fixity(conn, Shelf.DOCUMENTS, Risk.NEW, AT + 9 * DAY, None, 10)
        ]
    assert order(watch, AT + 9 * DAY) == expected
    days = [watch.find(Shelf.DOCUMENTS, key).read_back_at for key in expected]
    assert days == sorted(days)


def test_the_log_is_read_too_in_both_stores(watch):
    watch.documents(2)
    watch.keeper().enter_new(AT)
    watch.copy(AT)
    first, second = watch.scan(NEXT), watch.scan(NEXT, "second")
    assert first.done == second.done
    with watch.house.transactions.read() as conn:
        logged = copy_rows.all_work(conn, Shelf.LOG)
    assert logged.objects == 2, "the checkpoint and what opens its leaves; no tile is full yet"
    assert first.done.objects == 4 + logged.objects


def test_one_copy_on_demand(watch):
    (document,) = watch.documents(1)
    key = watch.copies(document)[0].key
    assert scan_one(watch.scan_desk(at=AT), key).outcome is Outcome.INTACT
    assert watch.find(Shelf.DOCUMENTS, key).fixity_at == AT
    watch.first.flip(key)
    assert scan_one(watch.scan_desk(at=NEXT), key).outcome is Outcome.DAMAGED
    assert watch.find(Shelf.DOCUMENTS, key).fixity_state == "damaged"
    assert scan_one(watch.scan_desk(at=AT), "documents/nobody.pdf") is None


def test_a_scan_that_stops_says_how_much_is_left_and_goes_on(watch, monkeypatch):
    monkeypatch.setattr(scans, "FLUSH_OBJECTS", 1)
    watch.documents(20)
    reads, real = [], watch.first.open

    def open_(key, version=""):
        reads.append(key)
        watch.stopping = len(reads) >= 10
        return real(key, version)

    watch.first.open = open_
    run = watch.scan(NEXT, readers=1)
    assert 0 < run.done.objects < 40
    assert run.left.objects == 40 - run.done.objects
    watch.stopping = False
    del watch.first.open
    assert watch.scan(NEXT).done.objects == run.left.objects


def test_a_result_of_bytes_that_were_replaced_meanwhile_is_not_recorded(watch):
    (document,) = watch.documents(1)
    copy = watch.copies(document)[0]
    stale = scans.Result(replace(copy, version="older"), Outcome.DAMAGED, "", 0)
    with watch.house.transactions.write() as conn:
        scans.record(conn, [stale], NEXT)
    assert watch.find(Shelf.DOCUMENTS, copy.key).fixity_state == ""


def test_the_run_is_kept_with_its_pace(watch):
    watch.documents(2)
    run = watch.scan(NEXT)
    with watch.house.transactions.read() as conn:
        kept = watch_rows.last_fixity_run(conn, FIRST, measured=True)
    assert kept == run
    assert kept.seconds > 0 and kept.ended_at == NEXT


# Pace


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        assert 0 < seconds <= 1
        self.now += seconds


@given(st.integers(1, 1000), st.lists(st.integers(1, 300), min_size=1, max_size=50))
def test_a_bucket_never_gives_more_than_its_rate(rate, wanted):
    clock = Clock()
    bucket = Bucket(rate, monotonic=clock, sleep=clock.sleep)
    for units in wanted:
        bucket.take(units)
    assert sum(wanted) <= rate * (clock.now + 1) * 1.00001 + 1e-3


def test_a_bucket_without_a_rate_never_waits():
    bucket = Bucket(0, sleep=lambda _: pytest.fail("waited"))
    for _ in range(10):
        bucket.take(1e12)


def test_while_the_service_is_busy_a_tenth_is_read():
    clock, busy = Clock(), []
    pace = Pace(100, 0, lambda: bool(busy), monotonic=clock, sleep=clock.sleep)

    def seconds(size):
        start = clock.now
        for _ in range(size // 50):
            pace.read(50, clock.now)
        return clock.now - start

    seconds(100)
    free = seconds(1000)
    busy.append(True)
    assert seconds(1000) >= 9 * free


def test_without_a_limit_a_busy_service_is_left_nine_tenths_of_the_time():
    clock = Clock()
    pace = Pace(0, 0, lambda: True, monotonic=clock, sleep=clock.sleep)
    mark = clock.now
    for _ in range(10):
        clock.now += 0.01  # reading and hashing a block
        mark = pace.read(1 << 20, mark)
    assert clock.now == pytest.approx(1.0, rel=0.05)
