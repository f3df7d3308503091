"""Who is told looks at once; who is not finds it with the poll; and the database alone says what there is to run.

Where a test must show that nothing but the telling led to a job, the next poll is an hour away.
"""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from api import dispatcher as module
from api.dispatcher import ATTEMPTS, Dispatcher
from api.line import Postponed, Stopped
from api.store.job_rows import JobRows
from api.transactions import Transactions
from archive.errors import ArchiveUnavailable
from tests.crashes.children import exit_code, forked
from tests.service import PATIENCE, until

PROMPT, QUIET = "prompt", "quiet"


class House:
    """A database, and dispatchers over it whose jobs are kept in a list; `gate` holds those of kind "held"."""

    def __init__(self, url: str) -> None:
        self.transactions = Transactions(url)
        self.rows = JobRows(self.transactions.engine.dialect.name, "embedded")
        self.gate = threading.Event()
        self.ran: list[str] = []
        self.dispatchers: list[Dispatcher] = []

    def open(self, parallel: int = 4, transactions: Transactions | None = None) -> Dispatcher:
        handlers = {"plain": self._plain, "held": self._held, "bad": self._bad, "stopped": self._stopped}
        handlers["again"] = self._again
        made = Dispatcher(
            transactions or self.transactions,
            self.rows,
            {**handlers, "follow": self._follow},
            {PROMPT: parallel, QUIET: 1},
            frozenset({PROMPT}),
        )
        made.start()
        self.dispatchers.append(made)
        return made

    def _plain(self, operation, _payload):
        self.ran.append(operation)

    def _held(self, operation, _payload):
        self.ran.append(operation)
        assert self.gate.wait(PATIENCE)

    def _bad(self, operation, _payload):
        self.ran.append(operation)
        raise ZeroDivisionError("no database takes this: \udcff\0")

    def _stopped(self, operation, _payload):
        self.ran.append(operation)
        raise Stopped

    def _again(self, operation, _payload):
        self.ran.append(operation)
        if len(self.ran) < 3:
            raise Postponed

    def _follow(self, operation, payload):
        self._held(operation, payload)
        self.put("what follows")

    def put(self, operation, kind="plain", *, priority=7, queue=PROMPT, tell=True):
        with self.transactions.write() as conn:
            self.rows.put(conn, queue, (kind, operation, {}), priority, 0.0)
            if tell:
                self.dispatchers[0].tell(queue, operation)

    def states(self) -> dict[str, str]:
        with self.transactions.read() as conn:
            found = conn.execute(text("select workflow_uuid, status from workflow_status")).all()
            return {row[0]: row[1] for row in found}

    def ended(self, **states: str) -> None:
        until(lambda: self.states() == states, lambda: self.states())


@pytest.fixture
def house(jobs_database):
    made = House(jobs_database)
    yield made
    made.gate.set()
    for each in made.dispatchers:
        each.stop(PATIENCE)
    made.transactions.close()


@pytest.fixture
def no_poll(monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 3600.0)


@pytest.fixture
def quick_poll(monkeypatch):
    monkeypatch.setattr(module, "POLL_SECONDS", 0.05)


def settled(house):
    """The looks at the start are over: only the poll or somebody's word leads to another."""
    until(lambda: not any(places.told for places in house.dispatchers[0].queues.values()), "the start")


def test_who_is_told_looks_at_once(house, no_poll):
    house.open()
    settled(house)
    house.put("a")
    house.ended(a="SUCCESS")
    house.put("b")
    house.ended(a="SUCCESS", b="SUCCESS")
    assert house.ran == ["a", "b"]


def test_what_is_rolled_back_is_never_run_and_keeps_nobody(house, no_poll):
    house.open()
    settled(house)
    with contextlib.suppress(LookupError), house.transactions.write() as conn:
        house.rows.put(conn, PROMPT, ("plain", "never", {}), 7, 0.0)
        house.dispatchers[0].tell(PROMPT, "never")
        raise LookupError
    house.put("a")
    house.ended(a="SUCCESS")
    settled(house)  # nobody looks for it for ever
    assert house.ran == ["a"]


def test_told_long_before_the_commit(house, no_poll):
    """As where writers do not wait for each other: looks find nothing, the transaction commits, a look finds it."""
    found = house.open()
    settled(house)
    found.tell(PROMPT, "a")
    until(lambda: found.queues[PROMPT].told.get("a", 0) >= 2, "two looks in vain")
    house.put("a", tell=False)
    house.ended(a="SUCCESS")


def another_process(url: str) -> None:
    transactions = Transactions(url)
    with transactions.write() as conn:
        JobRows(conn.dialect.name, "another").put(conn, PROMPT, ("plain", "a", {}), 7, 0.0)
    transactions.close()


def test_what_another_process_puts_in_line_is_found(house, quick_poll):
    house.open()
    settled(house)
    assert exit_code(forked(another_process, house.transactions.url)) == 0
    house.ended(a="SUCCESS")


def test_a_word_that_is_lost_costs_no_job(house, quick_poll):
    house.open()
    settled(house)
    house.put("a", tell=False)
    house.put("b", queue=QUIET)  # nobody is told of these
    house.ended(a="SUCCESS", b="SUCCESS")


def test_a_place_that_becomes_free_is_taken_by_the_most_urgent(house, no_poll):
    house.open(parallel=1)
    house.put("held", "held")
    until(lambda: house.ran, "the first")
    for operation, priority in (("later", 9), ("b", 7), ("c", 7), ("urgent", 1)):
        house.put(operation, priority=priority)
    house.gate.set()
    until(lambda: len(house.ran) == 5, lambda: house.ran)
    assert house.ran == ["held", "urgent", "b", "c", "later"]


def test_a_long_line_that_nobody_told_of_is_worked_off_at_once(house, no_poll):
    """What a life before left: after each job the next, not one with each poll."""
    for number in range(20):
        house.put(f"{number:02}", tell=False)
    house.open(parallel=1)
    until(lambda: set(house.states().values()) == {"SUCCESS"}, lambda: house.states())
    assert house.ran == [f"{number:02}" for number in range(20)]


def test_no_more_at_once_than_places(house, quick_poll):
    found = house.open(parallel=2)
    for number in range(5):
        house.put(f"{number}", "held")
    until(lambda: len(house.ran) == 2, "the first two")
    for number in range(5):
        house.put(f"quiet {number}", queue=QUIET)
    until(lambda: house.states()["quiet 4"] == "SUCCESS", "many polls")
    assert len(house.ran) == 2 + 5
    assert found.queues[PROMPT].free == 0
    assert Counter(house.states().values()) == {"PENDING": 2, "ENQUEUED": 3, "SUCCESS": 5}
    house.gate.set()
    until(lambda: set(house.states().values()) == {"SUCCESS"}, "all")


def test_a_fault_ends_its_job_alone(house, no_poll, caplog):
    house.open(parallel=1)
    house.put("a", "bad")
    house.put("b", "of no kind that there is")
    house.put("c")
    house.ended(a="ERROR", b="ERROR", c="SUCCESS")
    assert "unforeseen fault" in caplog.text
    assert house.ran == ["a", "c"]


def test_what_is_stopped_stays_open_and_frees_its_place(house, no_poll):
    house.open(parallel=1)
    house.put("a", "stopped")
    house.put("b")
    house.ended(a="PENDING", b="SUCCESS")
    assert house.ran == ["a", "b"]


def test_what_the_database_did_not_hear_of_is_done_again_after_a_pause(house, quick_poll):
    house.open(parallel=1)
    house.put("a", "again")
    for times in (1, 2):
        until(lambda times=times: house.states()["a"] == "DELAYED" and len(house.ran) == times, "a pause")
        with house.transactions.write() as conn:  # as DBOS does when it is time
            conn.execute(text("update workflow_status set status = 'ENQUEUED' where status = 'DELAYED'"))
    house.ended(a="SUCCESS")
    house.put("b")  # its place is free again
    house.ended(a="SUCCESS", b="SUCCESS")
    assert house.ran == ["a", "a", "a", "b"]


def test_a_job_that_takes_its_process_with_it_is_given_up(house, no_poll):
    with house.transactions.write() as conn:
        house.rows.put(conn, PROMPT, ("plain", "deadly", {}), 7, 0.0)
        conn.execute(text("update workflow_status set recovery_attempts = :made"), {"made": ATTEMPTS})
    house.open()
    house.ended(deadly="ERROR")
    assert house.ran == []


def test_a_stop_waits_for_those_under_way_and_what_they_enqueue_stays(house, no_poll):
    found = house.open()
    house.put("first", "follow")
    until(lambda: house.ran, "the first")
    with ThreadPoolExecutor(1) as pool:
        stopped = pool.submit(found.stop, PATIENCE)
        until(lambda: found._stopping, "the stop")
        house.put("too late")
        house.gate.set()
        stopped.result()
    assert house.states() == {"first": "SUCCESS", "what follows": "ENQUEUED", "too late": "ENQUEUED"}
    assert house.ran == ["first"]


def test_a_stop_waits_only_so_long(house, no_poll):
    found = house.open()
    house.put("held", "held")
    until(lambda: house.ran, "the first")
    found.stop(0.01)
    assert house.states() == {"held": "PENDING"}


class Unreliable(Transactions):
    """Says of a commit that it failed, when it was one (`after`) or was not, as often as told."""

    before = after = 0

    @contextlib.contextmanager
    def note(self):
        with super().note() as conn:
            yield conn
            if self.before:
                self.before -= 1
                raise ArchiveUnavailable("no commit")
        if self.after:
            self.after -= 1
            raise ArchiveUnavailable("a commit, but no answer")


@pytest.mark.parametrize("failing", [{"before": 1}, {"after": 1}, {"before": 3, "after": 3}])
def test_a_commit_without_an_answer_loses_and_repeats_nothing(house, quick_poll, failing):
    unreliable = Unreliable(house.transactions.url)
    house.open(transactions=unreliable)
    settled(house)
    for number in range(6):
        vars(unreliable).update(failing)
        house.put(f"{number}")
        until(lambda number=number: house.states()[f"{number}"] == "SUCCESS", "it")
    assert house.ran == [f"{number}" for number in range(6)]
    unreliable.close()


def test_of_many_and_by_two_each_once(house, quick_poll):
    """Two dispatchers over one database, told and polling, as fast as they can."""
    second = Transactions(house.transactions.url)
    house.open()
    house.open(transactions=second)

    def put(part):
        for number in range(40):
            house.put(f"{part}-{number}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))
    until(lambda: set(house.states().values()) == {"SUCCESS"}, "all")
    assert Counter(house.ran) == {f"{part}-{number}": 1 for part in range(4) for number in range(40)}
    for each in house.dispatchers:
        each.stop(PATIENCE)
    house.dispatchers.clear()
    second.close()
