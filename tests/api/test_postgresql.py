"""PostgreSQL at its limits, killed, frozen, with a wrong address: each a typed error, and the next act goes well."""

from __future__ import annotations

import sqlite3
import time
from contextlib import ExitStack

import psycopg
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from api.store.database_errors import DatabaseUnavailable, answering
from api.transactions import Limits, Transactions
from archive.catalogue.dialects import lock_name
from policies.reasons import database as reasons
from tests.engines.postgres import postgres_server


@pytest.fixture
def opened(postgres_database):
    """Opens with the given limits; all are closed afterwards."""
    made = []

    def opens(**limits):
        made.append(Transactions(postgres_database, limits=Limits(**limits)))
        return made[-1]

    yield opens
    for each in made:
        each.close()


def works(transactions):
    """Each kind of block, and nothing is told of what was before."""
    for block in (transactions.write, transactions.note, transactions.read, transactions.look):
        with block() as conn:
            assert conn.execute(text("SELECT 1")).scalar_one() == 1
    assert transactions.trouble is None


def unavailable(block, sql="SELECT 1"):
    """The reason for which the block did not come to its end."""
    with pytest.raises(DatabaseUnavailable) as refused, block() as conn:
        conn.execute(text(sql))
    return refused.value.reason


def test_an_exhausted_pool_says_so_and_recovers(opened):
    transactions = opened(connections=2, free=0.1)
    for block in (transactions.write, transactions.read):
        with ExitStack() as held:
            for _ in range(2):
                held.enter_context(block())
            assert unavailable(block) is reasons.POOL_EXHAUSTED
            assert transactions.trouble is (reasons.POOL_EXHAUSTED if block == transactions.write else None)
        works(transactions)


def test_readings_however_many_keep_no_act_from_its_connection(opened):
    transactions = opened(connections=2, free=0.1)
    with transactions.read(), transactions.look(), transactions.write() as conn:
        assert conn.execute(text("SELECT 1")).scalar_one() == 1


def test_a_statement_that_takes_too_long_is_ended(opened):
    transactions = opened(statement=0.2)
    for block in (transactions.write, transactions.read, transactions.look):
        assert unavailable(block, "SELECT pg_sleep(60)") is reasons.TOO_SLOW
        works(transactions)


def test_an_act_that_falls_asleep_gives_its_locks_back(opened):
    sleeping, waiting = opened(idle=0.2), opened()

    def sleep():
        with sleeping.write() as conn:
            lock_name(conn, "a")
            with waiting.write() as other:  # until the server ends the first
                lock_name(other, "a")
            conn.execute(text("SELECT 1"))

    with pytest.raises(DatabaseUnavailable):
        sleep()
    works(sleeping)


def test_a_write_waits_for_the_disk_and_a_note_does_not(opened):
    transactions = opened()
    waits = []
    for block in (transactions.write, transactions.note, transactions.write):
        with block() as conn:
            waits.append(conn.execute(text("SHOW synchronous_commit")).scalar_one())
    assert waits == ["on", "off", "on"]


def test_settings_of_the_address_are_kept_beside_ours(postgres_database):
    transactions = Transactions(postgres_database + "?options=-cwork_mem%3D3MB")
    with transactions.read() as conn:
        shown = [
            conn.execute(text(f"SHOW {name}")).scalar_one() for name in ("work_mem", "statement_timeout")
        ]
    assert shown == ["3MB", "1min"]
    transactions.close()


@pytest.fixture
def own_server(tmp_path):
    with postgres_server(tmp_path) as server:
        server.database("own")
        yield server


def test_killed_and_started_again_it_is_used_again(own_server):
    """Each open connection is lost with it, in the pool and in use; nobody has to start the service anew."""
    transactions = Transactions(own_server.url("own"), limits=Limits(connect=2))
    with transactions.write() as conn:
        conn.execute(text("CREATE TABLE kept AS SELECT 1 AS id"))
    works(transactions)

    def insert():
        with transactions.write() as conn:
            conn.execute(text("INSERT INTO kept VALUES (2)"))
            own_server.kill()

    with pytest.raises(DatabaseUnavailable) as refused:
        insert()
    assert refused.value.reason is reasons.UNREACHABLE
    for block in (transactions.write, transactions.note, transactions.read, transactions.look):
        assert unavailable(block) is reasons.UNREACHABLE
    own_server.start()
    works(transactions)
    with transactions.read() as conn:
        assert conn.execute(text("SELECT id FROM kept")).scalars().all() == [1]
    transactions.close()


def test_a_server_that_hangs_is_given_up_after_a_known_time(own_server, monkeypatch):
    """Its own limits do not help: it is the one that hangs."""
    monkeypatch.setattr("api.store.postgresql.MARGIN", 0.3)
    transactions = Transactions(own_server.url("own"), limits=Limits(connect=2, statement=0.2))
    works(transactions)
    own_server.freeze()
    begun = time.monotonic()
    for block in (transactions.write, transactions.read):
        assert unavailable(block) is reasons.UNREACHABLE
    assert time.monotonic() - begun < 30
    own_server.thaw()
    works(transactions)
    transactions.close()


def test_more_connections_than_the_server_takes(tmp_path):
    with postgres_server(tmp_path, max_connections="4", superuser_reserved_connections="0") as server:
        first, second = (Transactions(server.database(name), limits=Limits(free=0.5)) for name in ("a", "b"))
        with ExitStack() as held:
            for _ in range(4):
                held.enter_context(first.write()).execute(text("SELECT 1"))
            assert unavailable(second.write) is reasons.UNREACHABLE
        first.close()
        works(second)
        second.close()


def test_a_database_that_is_not_there(postgres):
    transactions = Transactions(postgres.url("nowhere"))
    with pytest.raises(DatabaseUnavailable, match="does not exist") as refused, transactions.write():
        pass
    assert refused.value.reason is reasons.UNREACHABLE
    transactions.close()


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("08006", reasons.UNREACHABLE),
        ("25P03", reasons.TOO_SLOW),
        ("40001", reasons.CONFLICT),
        ("40P01", reasons.CONFLICT),
        ("42501", reasons.NO_RIGHT),
        ("53100", reasons.FULL),
        ("53200", reasons.FULL),
        ("53300", reasons.UNREACHABLE),
        ("55P03", reasons.TOO_SLOW),
        ("57014", reasons.TOO_SLOW),
        ("57P01", reasons.UNREACHABLE),
        ("58030", reasons.FAILING),
    ],
)
def test_what_the_server_says_is_told_by_its_reason(opened, state, reason):
    """Raised by the server itself."""
    transactions = opened()
    assert unavailable(transactions.write, f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$") is reason
    works(transactions)


@pytest.mark.parametrize("state", ["23505", "25006", "42P01", "54000"])
def test_what_is_no_silence_stays_what_it_is(opened, state):
    transactions = opened()
    with pytest.raises(DBAPIError) as refused, transactions.write() as conn:
        conn.execute(text(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$"))
    assert refused.value.orig.sqlstate == state
    works(transactions)


def test_no_value_of_a_statement_is_in_what_is_told(opened):
    with pytest.raises(DatabaseUnavailable) as refused, opened(statement=0.1).write() as conn:
        conn.execute(select(text("'a secret', pg_sleep(60)")))
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("error", [sqlite3.OperationalError("x"), psycopg.ProgrammingError("x")])
def test_an_error_of_the_driver_that_says_nothing_of_the_server_passes(error):
    if isinstance(error, sqlite3.Error):
        error.sqlite_errorname = "SQLITE_ERROR"
    with pytest.raises(type(error)), answering():
        raise error
