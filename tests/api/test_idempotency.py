"""Keys of idempotency: in use, answered, and forgotten after a week without slowing every write."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from api.keys_in_use import KeysInUse
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
