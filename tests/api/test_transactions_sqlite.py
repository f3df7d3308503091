"""What is SQLite's own: its file lock, its log, its commits that share the disk's time, its connections in a fork."""

from __future__ import annotations

import multiprocessing
from contextlib import ExitStack

import pytest
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import IntegrityError

from api.transactions import Transactions
from archive.errors import ArchiveUnavailable
from tests.api.test_transactions import add_one, counters, metadata, value


@pytest.fixture
def transactions(tmp_path):
    opened = Transactions(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with opened.write() as conn:
        metadata.create_all(conn)
        conn.execute(insert(counters).values(id=1, value=0))
    yield opened
    opened.close()


def test_commits_survive_a_power_cut(transactions):
    with transactions.write() as conn:
        assert conn.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_a_database_that_does_not_answer_is_unavailable(transactions):
    other = Transactions(transactions.url, busy_seconds=0.05)
    with transactions.write(), pytest.raises(ArchiveUnavailable, match="SQLITE_BUSY"), other.write():
        pass
    with other.write(), pytest.raises(ArchiveUnavailable, match="became free"), other.write():
        pass
    other.close()


def test_a_write_waits_for_the_disk_and_a_note_does_not(transactions):
    waits = []
    for block in (transactions.write, transactions.note, transactions.write):
        with block() as conn:
            waits.append(conn.exec_driver_sql("PRAGMA synchronous").scalar_one())
    assert waits == [2, 1, 2]  # FULL, NORMAL, FULL


def test_forty_may_read_at_once_and_each_its_own_snapshot(transactions):
    with ExitStack() as stack:
        readers = [stack.enter_context(transactions.read()) for _ in range(40)]
        before = [conn.execute(select(counters.c.value)).scalar_one() for conn in readers]
        add_one(transactions)
        after = [conn.execute(select(counters.c.value)).scalar_one() for conn in readers]
        assert before == after == [0] * 40
    assert value(transactions) == 1


def test_a_reader_that_outlives_the_closing_ends_well(transactions):
    with transactions.read() as conn:
        transactions.close()
        assert conn.execute(select(counters.c.value)).scalar_one() == 0
    assert not transactions._readers._free


def test_an_act_that_outlives_the_closing_ends_well(transactions):
    with transactions.write() as conn:
        transactions.close()
        conn.execute(update(counters).values(value=7))
    assert transactions._writer._conn is None
    assert value(transactions) == 7


def test_an_act_that_failed_leaves_the_next_one_a_good_connection(transactions):
    for block in (transactions.write, transactions.note):
        with pytest.raises(IntegrityError), block() as conn:
            conn.execute(text("INSERT INTO counters VALUES (7, 7), (7, 8)"))
        add_one(transactions)
        with block() as conn:
            assert conn.exec_driver_sql("PRAGMA synchronous").scalar_one() == (
                2 if block == transactions.write else 1
            )
    assert value(transactions) == 2


def in_a_fork(transactions, found):
    for block in (transactions.write, transactions.note, transactions.read, transactions.look):
        try:
            with block() as conn:
                found.put(conn.execute(text("SELECT 1")).scalar_one())
        except RuntimeError as exc:
            found.put(str(exc))


def test_a_fork_is_refused(transactions):
    """With the parent's connections, or with its own under the parent's locks, it would lose what it was told."""
    add_one(transactions)
    fork = multiprocessing.get_context("fork")
    found = fork.Queue()
    child = fork.Process(target=in_a_fork, args=(transactions, found))
    child.start()
    assert all("before a fork" in str(found.get(timeout=60)) for _ in range(4))
    child.join()
    add_one(transactions)
    assert value(transactions) == 2
