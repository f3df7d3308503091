"""Rows of idempotency: taken, answered, freed, and forgotten after a week without slowing every write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from api.store import idempotency, tables
from api.transactions import Transactions

AT = datetime(2026, 11, 20, 1, 30, tzinfo=UTC)


@pytest.fixture
def conn(tmp_path):
    transactions = Transactions(f"sqlite:///{tmp_path / 'rows.sqlite3'}")
    tables.metadata.create_all(transactions.engine)
    with transactions.write() as opened:
        yield opened
    transactions.close()


def begin(conn, key="k", at=AT):
    idempotency.begin(conn, "who", key, "POST /x", "hash", at)


def test_an_answer_is_found_as_it_was_given(conn):
    begin(conn)
    assert idempotency.find(conn, "who", "k").status is None
    idempotency.finish(conn, "who", "k", 201, {"etag": '"1"'}, b"{}")
    kept = idempotency.find(conn, "who", "k")
    assert (kept.route, kept.status, kept.headers, kept.body) == ("POST /x", 201, {"etag": '"1"'}, b"{}")
    assert kept.at == AT
    assert idempotency.find(conn, "other", "k") is None


def test_a_key_that_was_answered_is_not_taken_again(conn):
    begin(conn)
    idempotency.forget(conn, "who", "k")  # the first request died under way
    begin(conn)
    idempotency.finish(conn, "who", "k", 200, {}, b"")
    idempotency.forget(conn, "who", "k")  # frees what is unanswered only
    with pytest.raises(IntegrityError):
        begin(conn)


def test_answers_are_forgotten_after_a_week_and_not_before(conn):
    begin(conn, "old")
    begin(conn, "young", AT + timedelta(days=1))
    idempotency.forget_old(conn, AT + idempotency.KEPT + timedelta(hours=1))
    assert idempotency.find(conn, "who", "old") is None
    assert idempotency.find(conn, "who", "young") is not None
