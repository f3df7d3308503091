"""The line before few places: bounded, most urgent first, no place empty while somebody waits, closed at a stop."""

from __future__ import annotations

import random
import threading
import time

import pytest

from api.line import Line, Stopped
from tests.service import PATIENCE, until


class People:
    """Threads that want a place, each named by a number; `order` lists who got in."""

    def __init__(self, line):
        self.line = line
        self.order = []
        self.sent_away = []
        self.leave = threading.Semaphore(0)
        self.threads = []

    def arrive(self, name, priority=5, since=""):
        """Returns when the person has a place or stands in line."""
        before = self.line.taken + self.line.waiting
        thread = threading.Thread(target=self._live, args=(name, priority, since), daemon=True)
        self.threads.append(thread)
        thread.start()
        until(lambda: self.line.taken + self.line.waiting > before, name)

    def _live(self, name, priority, since):
        try:
            with self.line.place(priority, since):
                self.order.append(name)
                self.leave.acquire()
        except Stopped:
            self.sent_away.append(name)

    def all_leave(self):
        self.leave.release(len(self.threads))
        for thread in self.threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()


def test_the_most_urgent_goes_first_and_of_equals_who_came_first():
    line = Line(1)
    people = People(line)
    urgencies = [5, 5, 1, 9, 1, 5]
    for name, priority in enumerate(urgencies):
        people.arrive(name, priority)
    assert (line.taken, line.waiting) == (1, 5)
    people.all_leave()
    assert people.order == [0, 2, 4, 1, 5, 3]
    assert (line.taken, line.waiting) == (0, 0)


def test_of_the_equally_urgent_the_older_goes_first_whoever_was_quicker_to_the_line():
    line = Line(1)
    people = People(line)
    for name, (priority, since) in enumerate([(5, "a"), (5, "d"), (5, "b"), (5, "c"), (1, "e")]):
        people.arrive(name, priority, since)
    people.all_leave()
    assert people.order == [0, 4, 2, 3, 1]


def test_a_place_that_is_given_up_goes_to_who_waits():
    line = Line(2)
    people = People(line)
    for name in range(5):
        people.arrive(name)
    for left in (2, 1, 0):
        people.leave.release()
        until(lambda left=left: line.waiting == left)
        assert line.taken == 2
    people.all_leave()
    assert sorted(people.order) == [0, 1, 2, 3, 4]


def test_never_more_at_once_than_there_are_places():
    line, guard, together = Line(3), threading.Lock(), threading.Barrier(3)
    inside, most = 0, 0

    def live():
        nonlocal inside, most
        for turn in range(50):
            with line.place(random.randint(1, 9)):
                with guard:
                    inside += 1
                    most = max(most, inside)
                if turn == 0:
                    together.wait(PATIENCE)  # the first ones leave in threes: all places were taken
                time.sleep(0)
                with guard:
                    inside -= 1

    threads = [threading.Thread(target=live) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside, line.taken, line.waiting) == (3, 0, 0, 0)


def test_who_fails_gives_his_place_up():
    line = Line(1)
    with pytest.raises(KeyError), line.place(1):
        raise KeyError
    assert line.taken == 0


def test_a_closed_line_sends_away_who_waits_and_lets_who_is_in_go_on():
    line = Line(1)
    people = People(line)
    for name in range(3):
        people.arrive(name)
    line.close()
    until(lambda: len(people.sent_away) == 2)
    assert (line.taken, line.waiting, line.closed) == (1, 0, True)
    with pytest.raises(Stopped), line.place(1):
        pass
    people.all_leave()
    assert (people.order, line.taken) == ([0], 0)


def test_a_stop_is_no_outcome_that_anybody_records():
    assert not issubclass(Stopped, Exception)
