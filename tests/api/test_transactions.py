"""The contract of transactions, on both engines."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError

from api.transactions import Transactions
from archive.catalogue.types import UtcDateTime

metadata = MetaData()
counters = Table("counters", metadata, Column("id", Integer, primary_key=True), Column("value", Integer))
times = Table("times", metadata, Column("id", Integer, primary_key=True), Column("at", UtcDateTime))


@pytest.fixture
def transactions(database):
    opened = Transactions(database)
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
        seen = conn.execute(
            select(counters.c.value).with_for_update()
        ).scalar_one()  # SQLite's is locked as it is
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
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            conn.execute(update(counters).values(value=5))


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
        with pytest.raises(DBAPIError):
            fail()
        add_one(transactions)
    assert value(transactions) == 3


def test_what_goes_wrong_is_told_without_the_values(transactions):
    """It comes into the log: subjects, file names and reasons do not belong there."""
    doubled = insert(counters).values(id=1, value=424242)
    with pytest.raises(IntegrityError) as wrong, transactions.write() as conn:
        conn.execute(doubled)
    jobs = transactions.engine_for_jobs()
    with pytest.raises(IntegrityError) as wrong_too, jobs.connect() as conn:
        conn.execute(doubled)
    jobs.dispose()
    for each in (wrong, wrong_too):
        assert "424242" not in str(each.value)
        assert "INSERT INTO counters" in str(each.value)
