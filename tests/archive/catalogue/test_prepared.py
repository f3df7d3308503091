"""Prepared statements: the same rows, values and errors as SQLAlchemy's own way, and that way where it is needed."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    delete,
    event,
    func,
    insert,
    literal_column,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError, StatementError

from api.transactions import Transactions
from archive.catalogue.prepared import Prepared, _Rows
from archive.catalogue.types import UtcDateTime

AT = datetime(2026, 11, 20, 1, 30, 0, 5, tzinfo=UTC)
metadata = MetaData()
things = Table(
    "things",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", String(20), nullable=False),
    Column("facts", JSON),
    Column("at", UtcDateTime),
    Column("data", LargeBinary),
    Column("kind", String(10), default="plain"),
)
BY_ID = select(things).where(things.c.id == bindparam("wanted"))
ROW = {"id": 1, "name": "Số 1", "facts": {"a": [1, None]}, "at": AT, "data": b"\0\1", "kind": "x"}


@pytest.fixture
def transactions(tmp_path):
    found = Transactions(f"sqlite:///{tmp_path / 'things.sqlite3'}")
    metadata.create_all(found.engine)
    yield found
    found.close()


@pytest.fixture
def conn(transactions):
    with transactions.write() as opened:
        yield opened


def test_what_is_written_and_read_is_what_sqlalchemy_writes_and_reads(conn):
    Prepared(insert(things))(conn, ROW)
    conn.execute(insert(things), {**ROW, "id": 2})
    ours, theirs = (Prepared(BY_ID)(conn, {"wanted": n}).first() for n in (1, 2))
    assert isinstance(Prepared(BY_ID)(conn, {"wanted": 1}), _Rows)
    assert {**ours._mapping, "id": 2} == dict(theirs._mapping)
    assert dict(conn.execute(BY_ID, {"wanted": 1}).first()._mapping) == dict(ours._mapping) == ROW
    assert (ours.at, ours.facts, ours[1]) == (AT, ROW["facts"], "Số 1")


@pytest.mark.parametrize("name", ["facts", "at", "data", "kind"])
def test_none_is_written_as_sqlalchemy_writes_it(conn, name):
    Prepared(insert(things))(conn, {**ROW, name: None})
    conn.execute(insert(things), {**ROW, "id": 2, name: None})
    column = literal_column(name)
    one, two = conn.execute(select(func.typeof(column), column).select_from(things).order_by(things.c.id))
    assert one == two


def test_changes_tell_how_many_rows_they_changed(conn):
    Prepared(insert(things))(conn, ROW)
    rename = Prepared(update(things).where(things.c.id == bindparam("wanted")).values(name=bindparam("new")))
    assert rename(conn, {"wanted": 1, "new": "a"}).rowcount == 1
    assert rename(conn, {"wanted": 9, "new": "a"}).rowcount == 0
    assert Prepared(BY_ID)(conn, {"wanted": 1}).one().name == "a"
    assert Prepared(delete(things))(conn).rowcount == 1
    assert Prepared(select(func.count()).select_from(things))(conn).scalar_one() == 0
    assert Prepared(select(things.c.name))(conn).scalar_one_or_none() is None


def test_many_rows_by_one_statement(conn, transactions):
    add = Prepared(insert(things))
    assert add.many(conn, []) == 0
    assert add.many(conn, [{**ROW, "id": number} for number in (1, 2, 3)]) == 3
    rename = Prepared(update(things).where(things.c.id == bindparam("wanted")).values(name=bindparam("new")))
    changes = [{"wanted": number, "new": f"n{number}"} for number in (2, 3, 9)]
    assert rename.many(conn, changes) == 2
    event.listen(transactions.engine, "before_cursor_execute", lambda *_args: None)  # SQLAlchemy's way
    assert rename.many(conn, changes) == 2
    names = Prepared(select(things.c.name).order_by(things.c.id))
    assert [row.name for row in names(conn)] == ["Số 1", "n2", "n3"]


def test_errors_are_sqlalchemys(conn):
    add = Prepared(insert(things))
    add(conn, ROW)
    with pytest.raises(IntegrityError):
        add(conn, ROW)
    with pytest.raises(StatementError):
        Prepared(BY_ID)(conn)
    with pytest.raises((StatementError, ValueError)):
        add(conn, {**ROW, "id": 3, "at": datetime(2026, 11, 20)})  # noqa: DTZ001 (naive on purpose)


def test_a_failed_statement_leaves_nothing(conn):
    add = Prepared(insert(things))
    add(conn, ROW)
    with pytest.raises(IntegrityError):
        add(conn, {**ROW, "name": None, "id": 5})
    assert [row.id for row in Prepared(select(things.c.id))(conn)] == [1]


def test_defaults_of_columns_are_not_forgotten(conn):
    Prepared(insert(things))(conn, {name: value for name, value in ROW.items() if name != "kind"})
    assert Prepared(BY_ID)(conn, {"wanted": 1}).one().kind == "plain"


def test_who_listens_to_statements_hears_them(transactions):
    heard = []
    event.listen(transactions.engine, "before_cursor_execute", lambda *args: heard.append(args[2]))
    with transactions.write() as conn:
        Prepared(insert(things))(conn, ROW)
        Prepared(BY_ID)(conn, {"wanted": 1})
    assert [text.split()[0] for text in heard if text.split()[0] in ("INSERT", "SELECT")] == [
        "INSERT",
        "SELECT",
    ]


def test_a_rollback_takes_it_back(transactions):
    def fail():
        with transactions.write() as conn:
            Prepared(insert(things))(conn, ROW)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    with transactions.read() as conn:
        assert Prepared(BY_ID)(conn, {"wanted": 1}).first() is None


def test_two_columns_of_one_name_are_refused(conn):
    other = things.alias()
    with pytest.raises(ValueError, match="one name"):
        Prepared(select(things.c.id, other.c.id))(conn)
