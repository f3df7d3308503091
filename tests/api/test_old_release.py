"""Old code on the new shape, and new code on what old code left. Old code is what the release's own code said to the
database, recorded in its own tree (`old_release.py`); a release adds its file here."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from api import migrations
from api.store import accounts, audit, operations
from api.store.tables import metadata as own_tables
from api.transactions import Transactions
from archive.catalogue import document_lists, log_rows
from archive.catalogue.tables import metadata as catalogue_tables
from archive.fsck.findings import Report, quiet
from archive.fsck.numbers import check_numbers
from archive.registers import numbers, outgoing
from tests.api.old_release import AT, kept, say_again
from tests.api.schemas import bring_to, history
from tests.archive.catalogue_fixtures import AGENCY, request_for, signed_document

OLD = Path(__file__).parent / "old"
RELEASES = sorted({path.name.split("-")[0] for path in OLD.glob("*.json.gz")})


@pytest.fixture
def opened(database):
    transactions = Transactions(database)
    yield transactions
    transactions.close()


@pytest.fixture(params=RELEASES)
def release(request):
    """The revision that a release had."""
    return request.param


@pytest.fixture
def said(opened, release):
    """What its code said on this engine."""
    return kept(OLD / f"{release}-{opened.engine.dialect.name}.json.gz")


def test_what_was_recorded_writes_to_every_table_that_the_release_had(opened, release, said):
    """Or the tests below would say nothing of those that were left out."""
    bring_to(opened.engine, release)
    with opened.read() as conn:
        kinds = {"sqlite": "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"}
        query = kinds.get(conn.dialect.name, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = set(conn.execute(text(query)).scalars()) - {"alembic_version"}
    signers = "document_signers"  # the desk's, written where a document is received
    written = {row["sql"].split()[2] for row in said if row["sql"].startswith("INSERT INTO")}
    assert written == tables - {signers}


def test_what_was_recorded_is_right_on_its_own_shape(opened, release, said):
    bring_to(opened.engine, release)
    with opened.write() as conn:
        assert say_again(conn, said) == []


def test_old_code_works_on_the_newest_shape(opened, said):
    migrations.upgrade(opened.engine)
    with opened.write() as conn:
        assert say_again(conn, said) == []


def test_old_code_goes_on_while_the_shape_changes_under_it(opened, release, said):
    """As in a rollout: its connections stay open, its statements stay prepared on the server."""
    bring_to(opened.engine, release)
    steps = history()[history().index(release) + 1 :]
    part = len(said) // (len(steps) + 1) + 1
    for begin, step in zip(range(0, len(said), part), [*steps, None], strict=True):
        with opened.write() as conn:
            assert say_again(conn, said[begin : begin + part]) == []
        if step is not None:
            bring_to(opened.engine, step)
    assert opened.engine.pool.checkedout() <= 1


def test_new_code_goes_on_with_what_old_code_left(opened, release, said):
    bring_to(opened.engine, release)
    with opened.write() as conn:
        say_again(conn, said)
    migrations.upgrade(opened.engine)
    with opened.write() as conn:
        assert document_lists.count(conn, AGENCY) == {"issued": 2, "voided": 1}
        account, _ = accounts.by_name(conn, "van-thu")
        assert accounts.session(conn, "f" * 64, AT).account == account
        assert operations.get(conn, "o-1").state == "succeeded"
        assert audit.check(conn) == ()
        row = log_rows.current_checkpoint(conn)
        assert len(log_rows.sequenced(conn, 0, row.size)) == row.size
        later = AT + timedelta(days=3)
        document = signed_document(conn, later)
        _, number = outgoing.number_and_enter(
            conn, document, request_for(document), outgoing.Entry(signer="Trần Văn Lãnh Đạo"), later
        )
        assert number.text == "03/QĐ-UBND", "after 01, and 02 that was voided"
        assert numbers.of_document(conn, document.id) == number
        report = Report()
        check_numbers(conn, report, quiet)
        assert report.findings == []
        for table in (*catalogue_tables.sorted_tables, *own_tables.sorted_tables):
            conn.execute(table.select()).all()  # every column of today's code, with a value that it can read


def test_old_code_on_a_shape_that_took_something_away_is_noticed(opened, said):
    """The tests above can fail."""
    migrations.upgrade(opened.engine)
    with opened.write() as conn:
        conn.execute(text("ALTER TABLE objects RENAME COLUMN read_back_at TO seen_at"))
    with pytest.raises(Exception, match="read_back_at"), opened.write() as conn:
        say_again(conn, said)
