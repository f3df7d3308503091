"""Acts that share a commit: durable when they return, undone one by one, failed together."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import Column, Connection, Integer, MetaData, Table, event, insert, select, text
from sqlalchemy.exc import IntegrityError

from api.store import sqlite_writer
from api.transactions import Transactions
from archive.catalogue.prepared import Prepared
from archive.errors import ArchiveUnavailable
from tests.service import until

metadata = MetaData()
rows = Table("rows", metadata, Column("id", Integer, primary_key=True))


class House:
    """A database whose commits are counted, and fail on command."""

    def __init__(self, url):
        self.transactions = Transactions(url)
        metadata.create_all(self.transactions.engine)
        self.commits: list[str] = []
        self.fail = False
        event.listen(self.transactions.engine, "commit", self._committed)

    def _committed(self, conn):
        if self.fail:
            raise sqlite3_error()
        self.commits.append(conn.info.get("synchronous", "FULL"))

    @property
    def waiting(self):
        return self.transactions._writer.line.waiting

    def ids(self):
        with self.transactions.read() as conn:
            return [row.id for row in conn.execute(select(rows).order_by(rows.c.id))]

    def put(self, number, *, note=False):
        with (self.transactions.note if note else self.transactions.write)() as conn:
            conn.execute(insert(rows).values(id=number))


def sqlite3_error():
    error = sqlite3.OperationalError("disk I/O error")
    error.sqlite_errorname = "SQLITE_IOERR"
    return error


@pytest.fixture
def house(tmp_path):
    made = House(f"sqlite:///{tmp_path / 'rows.db'}")
    yield made
    made.transactions.close()


@contextmanager
def crowd(house, acts):
    """While the block runs, the acts wait in line, in this order, behind one that has row 0."""
    outcomes: dict[int, str] = {}

    def run(number, act):
        try:
            act()
            outcomes[number] = "done"
        except (ValueError, ArchiveUnavailable, IntegrityError) as exc:
            outcomes[number] = type(exc).__name__

    gate, reached = threading.Event(), threading.Event()

    def first():
        with house.transactions.write() as conn:
            conn.execute(insert(rows).values(id=0))
            reached.set()
            gate.wait()

    threads = [threading.Thread(target=run, args=(0, first))]
    threads[0].start()
    reached.wait()
    for number, act in enumerate(acts, 1):
        threads.append(threading.Thread(target=run, args=(number, act)))
        threads[-1].start()
        until(lambda number=number: house.waiting == number, lambda: house.waiting)
    yield outcomes
    gate.set()
    for thread in threads:
        thread.join()


def refused(house, number):
    def act():
        with house.transactions.write() as conn:
            conn.execute(insert(rows).values(id=number))
            raise ValueError("this act is refused")

    return act


def test_alone_an_act_commits_at_once(house):
    for number in range(3):
        house.put(number)
        assert house.ids() == list(range(number + 1)) and len(house.commits) == number + 1


def test_a_crowd_shares_a_commit_and_a_refused_act_undoes_only_itself(house):
    acts = [refused(house, n) if n % 10 == 3 else (lambda n=n: house.put(n)) for n in range(1, 40)]
    with crowd(house, acts) as outcomes:
        assert house.ids() == []
    assert {n for n, outcome in outcomes.items() if outcome == "ValueError"} == {3, 13, 23, 33}
    assert sum(outcome == "done" for outcome in outcomes.values()) == 36
    assert house.ids() == [n for n in range(40) if n % 10 != 3]
    assert len(house.commits) <= 3


def test_an_act_that_the_database_refuses_undoes_only_itself(house):
    with crowd(house, [lambda: house.put(0), lambda: house.put(2)]) as outcomes:
        pass
    assert outcomes == {0: "done", 1: "IntegrityError", 2: "done"} and house.ids() == [0, 2]


def test_when_the_commit_fails_nobody_is_told_otherwise(house):
    acts = [refused(house, n) if n % 10 == 3 else (lambda n=n: house.put(n)) for n in range(1, 20)]
    with crowd(house, acts) as outcomes:
        house.fail = True
    assert set(outcomes.values()) == {"DatabaseUnavailable"}  # those that are refused may be so for lost rows
    assert len(outcomes) == 20 and house.ids() == []
    house.fail = False
    house.put(99)
    assert house.ids() == [99]


def test_a_refused_act_at_the_end_of_the_line_commits_the_others(house):
    with crowd(house, [refused(house, 1)]) as outcomes:
        pass
    assert outcomes == {0: "done", 1: "ValueError"} and house.ids() == [0]


def test_a_refused_act_at_the_head_of_the_line_leaves_the_others_theirs(house):
    gate, reached, told = threading.Event(), threading.Event(), []

    def held():
        with house.transactions.write() as conn:
            conn.execute(insert(rows).values(id=1))
            reached.set()
            gate.wait()
            raise ValueError("this act is refused")

    def first():
        with pytest.raises(ValueError, match="refused"):
            held()
        told.append(True)

    threads = [threading.Thread(target=first), threading.Thread(target=house.put, args=(2,))]
    threads[0].start()
    reached.wait()
    threads[1].start()
    until(lambda: house.waiting == 1, "the second")
    gate.set()
    for thread in threads:
        thread.join()
    assert told and house.ids() == [2]


def test_an_error_that_undoes_the_whole_transaction_is_everyones(house):
    """As SQLite does when the disk is full in the middle of a statement."""

    def act():
        with house.transactions.write() as conn:
            conn.connection.dbapi_connection.execute("ROLLBACK")
            raise sqlite3_error()

    with crowd(house, [lambda: house.put(1), act, lambda: house.put(3)]) as outcomes:
        pass
    assert outcomes == {0: "ArchiveUnavailable", 1: "ArchiveUnavailable", 2: "ArchiveUnavailable", 3: "done"}
    assert house.ids() == [3]


def test_nothing_is_visible_before_it_is_durable_and_all_is_when_it_returns(house):
    missing = []

    def one(number):
        house.put(number)
        if number not in house.ids():
            missing.append(number)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missing and len(house.ids()) == 50
    assert set(house.commits) == {"FULL"}


def test_who_must_survive_a_power_cut_never_shares_a_commit_that_does_not(house):
    """A note that begins a group while another one waits, then one that waits for the disk comes."""
    gate, reached = threading.Event(), threading.Event()

    def note():
        with house.transactions.note() as conn:
            conn.execute(insert(rows).values(id=1))
            reached.set()
            gate.wait()

    acts = (note, lambda: house.put(2), lambda: house.put(3, note=True))
    threads = [threading.Thread(target=act) for act in acts]
    threads[0].start()
    reached.wait()
    for number, thread in enumerate(threads[1:], 1):
        thread.start()
        until(lambda number=number: house.waiting == number, "the next")
    gate.set()
    for thread in threads:
        thread.join()
    assert house.commits == ["NORMAL", "FULL"] and house.ids() == [1, 2, 3]


def test_notes_alone_wait_for_no_disk(house):
    for number in range(3):
        house.put(number, note=True)
    assert house.commits == ["NORMAL"] * 3


def test_a_group_ends_however_many_come(house, monkeypatch):
    monkeypatch.setattr(sqlite_writer, "MOST", 5)
    with crowd(house, [lambda n=n: house.put(n) for n in range(1, 12)]):
        pass
    assert len(house.commits) == 3 and house.ids() == list(range(12))


def test_a_group_ends_however_long_they_come(house, monkeypatch):
    monkeypatch.setattr(sqlite_writer, "LONGEST", 0.0)
    with crowd(house, [lambda n=n: house.put(n) for n in range(1, 5)]):
        pass
    assert len(house.commits) == 5


def test_who_gives_up_waiting_leaves_no_group_that_nobody_ends(tmp_path):
    """The waiters' patience ends while acts come and go, over and over: nobody hangs, nothing told is missing."""
    transactions = Transactions(f"sqlite:///{tmp_path / 'rows.db'}", busy_seconds=0.002)
    metadata.create_all(transactions.engine)
    told, given_up = [], []

    def act(part):
        for number in range(60):
            try:
                with transactions.write() as conn:
                    conn.execute(insert(rows).values(id=part * 1000 + number))
                    time.sleep(0.0015)
                told.append(part * 1000 + number)
            except ArchiveUnavailable:
                given_up.append(number)

    threads = [threading.Thread(target=act, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    with transactions.read() as conn:
        assert set(conn.execute(text("SELECT id FROM rows")).scalars()) == set(told)
    assert told and given_up
    transactions.close()


def test_an_interrupted_act_undoes_itself_alone(house):
    def interrupted():
        with house.transactions.write() as conn:
            conn.execute(insert(rows).values(id=1))
            raise KeyboardInterrupt

    def act():
        with pytest.raises(KeyboardInterrupt):
            interrupted()

    with crowd(house, [act, lambda: house.put(2)]) as outcomes:
        pass
    assert outcomes == {0: "done", 1: "done", 2: "done"} and house.ids() == [0, 2]


def test_an_error_that_undoes_the_transaction_and_is_passed_over_is_told(house):
    """An interrupted statement undoes all of it, as a disk error does; the next would be committed by itself."""
    one_row = Prepared(insert(rows))

    def act():
        with house.transactions.write() as conn:
            one_row(conn, {"id": 1})
            raw = conn.connection.dbapi_connection
            once = iter([1])
            raw.set_progress_handler(lambda: next(once, 0), 1)
            try:
                one_row(conn, {"id": 2})
            finally:
                raw.set_progress_handler(None, 1)

    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        act()
    assert house.ids() == []
    house.put(3)
    assert house.ids() == [3]


def test_an_act_whose_transaction_is_gone_is_not_told_that_it_is_committed(house):
    def act():
        with house.transactions.write() as conn:
            conn.execute(insert(rows).values(id=1))
            conn.connection.dbapi_connection.execute("ROLLBACK")

    with pytest.raises(ArchiveUnavailable):
        act()
    house.put(2)
    assert house.ids() == [2]


def test_who_is_interrupted_when_its_turn_comes_leaves_no_group_that_nobody_ends(house, monkeypatch):
    """The commit was left to it: it ends the others' group, and goes."""
    line = house.transactions._writer.line
    wait_for = line._changed.wait_for

    def interrupted(predicate, seconds):
        waits = not predicate()
        wait_for(predicate, seconds)
        if waits:
            raise KeyboardInterrupt
        return True

    def act():
        with pytest.raises(KeyboardInterrupt):
            house.put(1)

    monkeypatch.setattr(line._changed, "wait_for", interrupted)
    with crowd(house, [act]) as outcomes:
        pass
    assert outcomes == {0: "done", 1: "done"} and house.ids() == [0]
    house.put(2)
    assert house.ids() == [0, 2]


def test_everyone_is_told_when_the_connection_cannot_even_be_closed(house, monkeypatch):
    def close(_conn):
        raise sqlite3_error()

    def act():
        with house.transactions.write() as conn:
            conn.connection.dbapi_connection.execute("ROLLBACK")
            monkeypatch.setattr(Connection, "close", close)
            raise ValueError("this act is refused")

    with crowd(house, [act]) as outcomes:
        pass
    monkeypatch.undo()
    assert outcomes[0] == "ArchiveUnavailable" and house.ids() == []


def test_who_waits_while_another_process_writes_shares_a_commit_afterwards(house, tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_writer, "LONGEST", 0.2)
    other = sqlite3.connect(tmp_path / "rows.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    threads = [threading.Thread(target=house.put, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    until(lambda: house.waiting == 4, lambda: house.waiting)
    time.sleep(0.3)
    other.execute("COMMIT")
    other.close()
    for thread in threads:
        thread.join()
    assert house.ids() == list(range(5)) and len(house.commits) == 1


def test_who_is_interrupted_before_it_joins_leaves_no_group_that_nobody_ends(house, monkeypatch):
    """It has the turn, and with it the others' commit."""

    def interrupted(_durable):
        monkeypatch.undo()
        raise KeyboardInterrupt

    def act():
        monkeypatch.setattr(house.transactions._writer, "_joined", interrupted)
        with pytest.raises(KeyboardInterrupt):
            house.put(1)

    with crowd(house, [act]) as outcomes:
        pass
    assert outcomes == {0: "done", 1: "done"} and house.ids() == [0]
    house.put(2)
    assert house.ids() == [0, 2]
