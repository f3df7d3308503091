"""Acts that share a commit: durable when they return, undone one by one, failed together."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select

from api.group_commit import GroupCommit
from api.transactions import Transactions
from archive.errors import ArchiveUnavailable

metadata = MetaData()
rows = Table("rows", metadata, Column("id", Integer, primary_key=True))


class Counted:
    """`Transactions.write`, counted, and failing on command."""

    def __init__(self, transactions):
        self.transactions = transactions
        self.commits = 0
        self.fail = False

    @contextmanager
    def write(self):
        with self.transactions.write() as conn:
            yield conn
            if self.fail:
                raise ArchiveUnavailable("the database did not answer")
        self.commits += 1


@pytest.fixture
def counted(tmp_path):
    transactions = Transactions(f"sqlite:///{tmp_path / 'rows.db'}")
    metadata.create_all(transactions.engine)
    yield Counted(transactions)
    transactions.close()


def ids(counted):
    with counted.transactions.read() as conn:
        return [row.id for row in conn.execute(select(rows).order_by(rows.c.id))]


class Gate(threading.Event):
    """Holds the act that came first in its turn."""

    def __init__(self):
        super().__init__()
        self.reached = threading.Event()

    def hold(self):
        self.reached.set()
        self.wait()


def act(together, number, outcomes, gate=None):
    try:
        with together.write() as conn:
            conn.execute(insert(rows).values(id=number))
            if gate:
                gate.hold()
            if number % 10 == 3:
                raise ValueError("this act is refused")
        outcomes[number] = "done"
    except (ValueError, ArchiveUnavailable) as exc:
        outcomes[number] = type(exc).__name__


def crowd(together, count, gate):
    """The first act holds its turn until all others queue behind it."""
    outcomes = {}
    threads = [threading.Thread(target=act, args=(together, 0, outcomes, gate))]
    threads[0].start()
    gate.reached.wait()
    threads += [threading.Thread(target=act, args=(together, n, outcomes)) for n in range(1, count)]
    for thread in threads[1:]:
        thread.start()
    while together._waiting < count - 1:
        time.sleep(0.001)
    gate.set()
    for thread in threads:
        thread.join()
    return outcomes


def test_alone_an_act_commits_at_once(counted):
    together = GroupCommit(counted.write)
    for number in range(3):
        with together.write() as conn:
            conn.execute(insert(rows).values(id=number))
        assert ids(counted) == list(range(number + 1)) and counted.commits == number + 1


def test_a_crowd_shares_commits_and_a_refused_act_undoes_only_itself(counted):
    outcomes = crowd(GroupCommit(counted.write), 40, Gate())
    refused = [3, 13, 23, 33]
    assert [n for n, outcome in outcomes.items() if outcome == "ValueError"] and len(outcomes) == 40
    assert sorted(n for n, outcome in outcomes.items() if outcome == "ValueError") == refused
    assert ids(counted) == [n for n in range(40) if n not in refused]
    assert counted.commits <= 3


def test_when_the_commit_fails_nobody_is_told_otherwise(counted):
    counted.fail = True
    together = GroupCommit(counted.write)
    outcomes = crowd(together, 20, Gate())
    assert set(outcomes.values()) == {"ArchiveUnavailable", "ValueError"}
    assert ids(counted) == []
    counted.fail = False
    with together.write() as conn:
        conn.execute(insert(rows).values(id=99))
    assert ids(counted) == [99]


def test_a_refused_act_at_the_end_of_the_line_commits_the_others(counted):
    together = GroupCommit(counted.write)
    gate, outcomes = Gate(), {}
    first = threading.Thread(target=act, args=(together, 1, outcomes, gate))
    last = threading.Thread(target=act, args=(together, 3, outcomes))
    first.start()
    gate.reached.wait()
    last.start()
    while together._waiting < 1:
        time.sleep(0.001)
    gate.set()
    first.join()
    last.join()
    assert ids(counted) in ([1], []) and outcomes == {1: "done", 3: "ValueError"}
    assert ids(counted) == [1]


def test_nothing_is_visible_before_it_is_durable(counted):
    """An act returns only after the commit that holds its row."""
    together = GroupCommit(counted.write)
    missing = []

    def one(number):
        with together.write() as conn:
            conn.execute(insert(rows).values(id=number))
        if number not in ids(counted):
            missing.append(number)

    threads = [threading.Thread(target=one, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not missing and len(ids(counted)) == 50
