from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import datetime

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import IntegrityError, OperationalError, StatementError

from api.transactions import Transactions
from archive.catalogue.types import UtcDateTime
from archive.errors import ArchiveUnavailable

metadata = MetaData()
counters = Table("counters", metadata, Column("id", Integer, primary_key=True), Column("value", Integer))
times = Table("times", metadata, Column("id", Integer, primary_key=True), Column("at", UtcDateTime))


@pytest.fixture
def transactions(tmp_path):
    opened = Transactions(f"sqlite:///{tmp_path / 'test.sqlite3'}")
    with opened.write() as conn:
        metadata.create_all(conn)
        conn.execute(insert(counters).values(id=1, value=0))
    yield opened
    opened.close()


def value(transactions):
    with transactions.read() as conn:
        return conn.execute(select(counters.c.value)).scalar_one()


def add_one(transactions):
    with transactions.write() as conn:
        seen = conn.execute(select(counters.c.value)).scalar_one()
        conn.execute(update(counters).values(value=seen + 1))


def add_twenty(url):
    transactions = Transactions(url)
    for _ in range(20):
        add_one(transactions)
    transactions.close()


def test_no_update_is_lost_between_threads(transactions):
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(add_one, transactions) for _ in range(160)]:
            done.result()
    assert value(transactions) == 160


def test_no_update_is_lost_between_processes(transactions):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=add_twenty, args=(transactions.url,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert value(transactions) == 60


def test_an_exception_leaves_nothing(transactions):
    def fail():
        with transactions.write() as conn:
            conn.execute(update(counters).values(value=99))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert value(transactions) == 0


def test_a_reader_sees_one_moment_and_writes_nothing(transactions):
    with transactions.read() as conn:
        before = conn.execute(select(counters.c.value)).scalar_one()
        add_one(transactions)
        assert conn.execute(select(counters.c.value)).scalar_one() == before
        with pytest.raises(OperationalError, match="readonly"):
            conn.execute(update(counters).values(value=5))


def test_commits_survive_a_power_cut(transactions):
    with transactions.write() as conn:
        assert conn.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"


def test_foreign_keys_hold(transactions):
    with transactions.write() as conn:
        conn.execute(text("CREATE TABLE child (parent INTEGER REFERENCES counters (id))"))
    with pytest.raises(IntegrityError), transactions.write() as conn:
        conn.execute(text("INSERT INTO child VALUES (7)"))


def test_a_time_without_a_zone_is_refused(transactions):
    with pytest.raises(StatementError, match="without a zone"), transactions.write() as conn:
        conn.execute(insert(times).values(id=1, at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_times_come_back_in_utc_whatever_their_zone(transactions):
    local = datetime.fromisoformat("2026-03-05T14:05:09.123456+07:00")
    with transactions.write() as conn:
        conn.execute(insert(times).values(id=1, at=local))
        stored = conn.execute(select(times.c.at)).scalar_one()
    assert stored == local
    assert stored.isoformat() == "2026-03-05T07:05:09.123456+00:00"


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


def test_a_note_is_a_transaction_like_others(transactions):
    with transactions.note() as conn:
        conn.execute(update(counters).values(value=5))
    assert value(transactions) == 5
    with pytest.raises(IntegrityError), transactions.note() as conn:
        conn.execute(text("INSERT INTO counters VALUES (7, 7), (7, 8)"))
    assert value(transactions) == 5


def test_a_reading_sees_what_was_committed_before_it_on_a_connection_that_was_used_before(transactions):
    for wanted in range(5):
        assert value(transactions) == wanted
        add_one(transactions)


def test_a_reading_that_failed_leaves_nothing_behind(transactions):
    def fail():
        with transactions.read() as conn:
            conn.execute(update(counters).values(value=9))

    for _ in range(3):
        with pytest.raises(OperationalError):
            fail()
        add_one(transactions)
    assert value(transactions) == 3


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
