"""From each revision to the next: whole or not at all, by one process at a time, and only by adding."""

from __future__ import annotations

import os
import signal
import threading
from itertools import pairwise

import pytest
from alembic import op
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from sqlalchemy import Column, Engine, Integer, MetaData, String, Table, event, select, text, update

from api import cli, migrations
from api.migrations import SchemaRefused
from api.store import tables as store
from api.store.database_errors import DatabaseUnavailable
from api.transactions import Transactions
from archive.catalogue import agency_rows, documents
from archive.catalogue import tables as catalogue
from archive.catalogue.values import Agency
from policies.reasons import database as reasons
from tests.api.schemas import bring_to, history, shape, taken_away
from tests.archive.catalogue_fixtures import AGENCY, AT, new_document
from tests.crashes.children import exit_code, forked
from tests.service import until

BEFORE = "0002"  # a revision that has the tables, and from which several lead on


@pytest.fixture
def opened(database):
    transactions = Transactions(database)
    yield transactions
    transactions.close()


def upgrade(url, **options):
    transactions = Transactions(url)
    try:
        migrations.upgrade(transactions.engine, **options)
    finally:
        transactions.close()


def revision(transactions):
    with transactions.read() as conn:
        return migrations.current(conn)


def furnished(transactions, at=BEFORE):
    """At an earlier revision, with rows."""
    bring_to(transactions.engine, at)
    with transactions.write() as conn:
        agency_rows.put_agency(conn, Agency(AGENCY, "UBND", "UBND", {}), AT)
        return new_document(conn)


def test_the_migrations_make_exactly_the_tables_of_the_code(opened):
    migrations.upgrade(opened.engine)
    with opened.write() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        assert compare_metadata(context, [catalogue.metadata, store.metadata]) == []
        assert migrations.current(conn) == migrations.newest()
        (state,) = conn.execute(select(store.schema_state)).all()
    assert (state.revision, state.works_with) == (migrations.newest(), migrations.works_with())


def test_an_upgrade_of_an_up_to_date_database_does_nothing(opened):
    migrations.upgrade(opened.engine)
    with opened.read() as conn:
        before = shape(conn)
    migrations.upgrade(opened.engine, allowed=False)
    with opened.read() as conn:
        assert shape(conn) == before


def test_every_revision_only_adds(opened):
    """Code of the revision before goes on working: it misses nothing, and nothing that it writes is refused."""
    shapes = {}
    for name in history():
        bring_to(opened.engine, name)
        with opened.read() as conn:
            shapes[name] = shape(conn)
    takers = {}
    for before, after in pairwise(history()):
        if taken_away(shapes[before], shapes[after]):
            takers[after] = taken_away(shapes[before], shapes[after])
    assert takers == {}, "a revision that takes away needs `works_with`, and a release between"


CHANGES = {
    "a column that needs a value": lambda: op.add_column("kept", Column("more", Integer, nullable=False)),
    "a column goes": lambda: op.drop_column("kept", "name"),
    "a table goes": lambda: op.drop_table("kept"),
    "another name": lambda: op.alter_column("kept", "name", new_column_name="title"),
    "a new rule": lambda: op.create_unique_constraint("uq", "kept", ["name"]),
    "a narrower column": lambda: op.alter_column("kept", "name", type_=String(5)),
    "a value is needed now": lambda: op.alter_column("kept", "name", nullable=False),
}


@pytest.mark.parametrize("name", CHANGES)
def test_what_takes_something_away_is_noticed(postgres_database, name):
    transactions = Transactions(postgres_database)
    metadata = MetaData()
    Table("kept", metadata, Column("id", Integer, primary_key=True), Column("name", String(20)))
    with transactions.write() as conn:
        metadata.create_all(conn)
        before = shape(conn)
        with op.Operations.context(MigrationContext.configure(conn)):
            CHANGES[name]()
        assert taken_away(before, shape(conn))
    transactions.close()


def test_several_processes_upgrade_at_once(opened):
    document = furnished(opened)
    children = [forked(upgrade, opened.url) for _ in range(4)]
    assert [exit_code(child) for child in children] == [0] * 4
    assert revision(opened) == migrations.newest()
    with opened.read() as conn:
        assert documents.get(conn, document.id).id == document.id


def killed(moment, url):
    """SIGKILL before or after the n-th statement of an upgrade, BEGIN and COMMIT included."""
    left = moment

    def step(*_args, **_named):
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    for moment_of in ("before_cursor_execute", "after_cursor_execute", "begin", "commit"):
        event.listen(Engine, moment_of, step)
    upgrade(url)
    step()


@pytest.mark.parametrize(
    ("start", "stride"),
    [
        (BEFORE, 61),
        pytest.param(BEFORE, 1, marks=pytest.mark.long),
        pytest.param(None, 1, marks=pytest.mark.long),
    ],
    ids=["rows, here and there", "rows", "empty"],
)
def test_killed_at_any_statement_it_is_done_by_the_next(tmp_path, request, database, start, stride):
    """Whole or not at all: the shape is the old one or the new one, and the rows are there."""
    sqlite, postgres = database.startswith("sqlite"), request.getfixturevalue("postgres")
    seen = set()
    for moment in range(1, 1000, stride):
        url = (
            f"sqlite:///{tmp_path / f'killed-{moment}.db'}"
            if sqlite
            else postgres.database(f"killed_{moment}")
        )
        transactions = Transactions(url)
        with transactions.write():
            pass
        document = furnished(transactions, start) if start else None
        code = exit_code(forked(killed, moment, url))
        assert code in (0, -signal.SIGKILL)
        found = revision(transactions)
        seen.add(found)
        assert found in (start, migrations.newest())
        migrations.upgrade(transactions.engine)
        with transactions.write() as conn:
            context = MigrationContext.configure(conn, opts={"compare_type": True})
            assert compare_metadata(context, [catalogue.metadata, store.metadata]) == []
            assert document is None or documents.get(conn, document.id) == document
        transactions.close()
        if not sqlite:
            postgres.drop(f"killed_{moment}")
        if code == 0:
            break
    assert code == 0
    assert moment > 10, "the kills did not reach the statements"
    assert seen == {start, migrations.newest()}


def test_what_cannot_be_done_leaves_the_database_as_it_was(opened, caplog):
    furnished(opened)
    with opened.write() as conn:
        conn.execute(text("CREATE TABLE schema_state (mine integer)"))  # in the way of a revision
        before = shape(conn)
    with pytest.raises(SchemaRefused) as refused:
        migrations.upgrade(opened.engine)
    assert refused.value.reason is reasons.MIGRATION_BROKEN
    assert BEFORE in refused.value.text("en")
    assert "could not be upgraded" in caplog.text
    with opened.write() as conn:
        assert shape(conn) == before
        conn.execute(text("DROP TABLE schema_state"))
    migrations.upgrade(opened.engine)
    assert revision(opened) == migrations.newest()


def test_an_upgrade_that_is_left_to_somebody_else_says_so(opened):
    furnished(opened)
    with pytest.raises(SchemaRefused, match="antin migrate") as refused:
        migrations.upgrade(opened.engine, allowed=False)
    assert refused.value.reason is reasons.SCHEMA_BEHIND
    assert revision(opened) == BEFORE


def test_the_command_upgrades_and_says_from_where(opened, tmp_path, monkeypatch):
    furnished(opened)
    monkeypatch.setenv("ANTIN_DATABASE_URL", opened.url)
    data = ["--data-dir", str(tmp_path / "data")]
    ran = CliRunner().invoke(cli.antin, ["migrate", "--check", *data])
    assert ran.exception.reason is reasons.SCHEMA_BEHIND
    for expected in (f"{BEFORE} → {migrations.newest()}", f"at {migrations.newest()}"):
        ran = CliRunner().invoke(cli.antin, ["migrate", *data])
        assert (ran.exit_code, expected in ran.output) == (0, True), ran.output
    ran = CliRunner().invoke(cli.antin, ["migrate", "--check", *data])
    assert ran.exit_code == 0, ran.output


def newer(transactions, works_with):
    """As a later release leaves it."""
    with transactions.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        conn.execute(update(store.schema_state).values(revision="9999", works_with=works_with))


def test_a_newer_shape_that_bears_this_code_is_used_and_left_as_it_is(opened):
    migrations.upgrade(opened.engine)
    newer(opened, migrations.newest())
    migrations.upgrade(opened.engine)
    assert revision(opened) == "9999"


def test_a_newer_shape_that_does_not_is_refused(opened):
    migrations.upgrade(opened.engine)
    newer(opened, "9998")
    with pytest.raises(SchemaRefused) as refused:
        migrations.upgrade(opened.engine)
    assert refused.value.reason is reasons.SCHEMA_UNKNOWN
    assert "9999" in refused.value.text("vi")


def test_who_reads_a_table_for_long_is_waited_for_and_holds_up_nobody(postgres_database, monkeypatch, caplog):
    """To change a table all its readers must be gone; whoever comes after who wants that would wait as well."""
    monkeypatch.setattr(migrations, "TRY_SECONDS", 0.2)
    transactions = Transactions(postgres_database)
    furnished(transactions)
    with transactions.read() as reading:
        reading.execute(select(text("1")).select_from(text("objects")))
        thread = threading.Thread(target=upgrade, args=(postgres_database,))
        thread.start()
        until(lambda: "tries again" in caplog.text, "the first try")
        with transactions.look() as conn:
            assert conn.execute(text("SELECT count(*) FROM objects")).scalar_one() == 0
    thread.join()
    assert revision(transactions) == migrations.newest()
    transactions.close()


def test_who_reads_for_too_long_is_told_of(postgres_database, monkeypatch):
    monkeypatch.setattr(migrations, "TRY_SECONDS", 0.1)
    monkeypatch.setattr(migrations, "TRIES", 2)
    transactions = Transactions(postgres_database)
    furnished(transactions)
    with transactions.read() as reading:
        reading.execute(select(text("1")).select_from(text("objects")))
        with pytest.raises(DatabaseUnavailable) as refused:
            migrations.upgrade(transactions.engine)
    assert refused.value.reason is reasons.TOO_SLOW
    assert revision(transactions) == BEFORE
    transactions.close()


def test_sqlite_rebuilds_no_table_into_broken_keys(tmp_path):
    """While it rebuilds tables it does not look after foreign keys; so they are looked at before the commit."""
    transactions = Transactions(f"sqlite:///{tmp_path / 'broken.db'}")
    furnished(transactions)
    with transactions.engine.connect() as conn:
        raw = conn.connection.dbapi_connection
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("UPDATE documents SET agency = 'nobody'")
        conn.invalidate()
    with pytest.raises(SchemaRefused) as refused:
        migrations.upgrade(transactions.engine)
    assert refused.value.reason is reasons.MIGRATION_BROKEN
    assert revision(transactions) == BEFORE
    transactions.close()
