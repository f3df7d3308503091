"""Keys of idempotency: in use, answered, and forgotten after a week without slowing every write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from api import once
from api.keys_in_use import KeysInUse
from api.locations import DOCUMENTS, OPERATIONS
from api.store import idempotency, tables
from api.store.idempotency import Asked
from api.transactions import Transactions

AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)
ASKED = Asked("who", "k", "POST /x", "hash")


@pytest.fixture
def conn(database):
    transactions = Transactions(database)
    tables.metadata.create_all(transactions.engine)
    with transactions.write() as opened:
        yield opened
    transactions.close()


def test_an_answer_is_found_as_it_was_given(conn):
    assert idempotency.find(conn, ASKED) is None
    idempotency.keep(conn, ASKED, 201, {"etag": '"1"'}, b"{}", AT)
    kept = idempotency.find(conn, ASKED)
    assert (kept.route, kept.body_hash) == ("POST /x", "hash")
    assert (kept.status, kept.headers, kept.body) == (201, {"etag": '"1"'}, b"{}")
    assert kept.at == AT
    assert idempotency.find(conn, replace(ASKED, account="other")) is None


def test_what_was_made_is_told_until_the_answer_is_kept(conn):
    idempotency.made(conn, ASKED, "/documents/1", AT)
    kept = idempotency.find(conn, ASKED)
    assert (kept.status, kept.made, kept.body_hash) == (None, "/documents/1", "hash")
    idempotency.keep(conn, ASKED, 201, {"location": "/documents/1"}, b"{}", AT + timedelta(seconds=1))
    kept = idempotency.find(conn, ASKED)
    assert (kept.status, kept.made, kept.body) == (201, None, b"{}")


def test_an_act_says_that_it_is_done_under_the_key_of_its_request(conn):
    with once.under(ASKED):
        once.done(conn, OPERATIONS, "1", AT)
        once.done(conn, DOCUMENTS, "2", AT)  # the first word stands
    assert idempotency.find(conn, ASKED).made == "/api/v1/operations/1"


def test_acts_of_no_request_say_nothing(conn):
    """Of jobs, of the desk's forms, and of threads that a request has started."""
    once.done(conn, DOCUMENTS, "1", AT)
    with once.under(ASKED), ThreadPoolExecutor(1) as pool:
        pool.submit(once.done, conn, DOCUMENTS, "2", AT).result()
    with suppress(KeyError), once.under(ASKED):
        raise KeyError
    once.done(conn, DOCUMENTS, "3", AT)
    assert conn.execute(select(tables.idempotency)).all() == []


def test_an_answer_that_is_kept_is_not_taken_back(conn):
    idempotency.keep(conn, ASKED, 200, {}, b"{}", AT)
    idempotency.made(conn, ASKED, "/documents/1", AT)
    kept = idempotency.find(conn, ASKED)
    assert (kept.status, kept.made, kept.body) == (200, None, b"{}")


def test_what_is_taken_back_was_not_done(database):
    transactions = Transactions(database)
    tables.metadata.create_all(transactions.engine)
    with once.under(ASKED), suppress(KeyError), transactions.write() as conn:
        once.done(conn, DOCUMENTS, "1", AT)
        raise KeyError
    with transactions.look() as conn:
        assert idempotency.find(conn, ASKED) is None
    transactions.close()


def test_rows_of_acts_outlive_a_start_and_go_after_a_week(conn):
    idempotency.made(conn, ASKED, "/documents/1", AT)
    idempotency.forget_unanswered(conn)
    assert idempotency.find(conn, ASKED).made
    idempotency.forget_old(conn, AT + idempotency.KEPT + timedelta(hours=1))
    assert idempotency.find(conn, ASKED) is None


def test_answers_are_forgotten_after_a_week_and_not_before(conn):
    old, young = replace(ASKED, key="old"), replace(ASKED, key="young")
    idempotency.keep(conn, old, 200, {}, b"", AT)
    idempotency.keep(conn, young, 200, {}, b"", AT + timedelta(days=1))
    idempotency.forget_old(conn, AT + idempotency.KEPT + timedelta(hours=1))
    assert idempotency.find(conn, old) is None
    assert idempotency.find(conn, young) is not None


def test_a_key_is_in_use_by_the_first_that_came_until_its_end():
    keys = KeysInUse()
    second, other = replace(ASKED), replace(ASKED, key="other")
    with keys.held(ASKED) as first:
        assert first is ASKED
        with keys.held(second) as holder, keys.held(other) as free:
            assert holder is ASKED
            assert free is other
        with keys.held(second) as holder:  # who came second frees nothing
            assert holder is ASKED
    with suppress(KeyError), keys.held(second) as holder:
        assert holder is second
        raise KeyError
    with keys.held(ASKED) as holder:
        assert holder is ASKED
