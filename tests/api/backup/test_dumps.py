"""Row by row: what is in a restored catalogue is what was in the one that was backed up, on either engine."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from dbos import run_dbos_database_migrations
from sqlalchemy import select

from api import migrations
from api.backup.make import make_backup
from api.backup.refusals import BackupRefused
from api.backup.restore import restore
from api.settings import Settings
from api.store import dump_postgresql
from api.store.job_rows import JobRows
from api.store.tables import metadata as service_metadata
from api.transactions import Transactions
from api.wiring import backups
from archive.catalogue import agency_rows, log_rows
from archive.catalogue.tables import metadata as catalogue_metadata
from archive.catalogue.values import Agency
from archive.errors import ArchiveUnavailable
from archive.log.note import Ed25519LogKey
from archive.storage.memory import MemoryStore
from benchmarks.log import _leaf
from tests.archive.catalogue_fixtures import AGENCY, AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.ingest_fixtures import House

KEY = Ed25519LogKey.generate("backup.example/log")
MADE = datetime(2026, 11, 27, 8, 0, tzinfo=UTC)
TABLES = [*catalogue_metadata.sorted_tables, *service_metadata.sorted_tables]
JOB = ("augment", "0" * 36, {"document": "x", "why": "đợi"})


def place(folder, url):
    folder.mkdir(exist_ok=True)
    (folder / "log.key").write_text(KEY.secret() + "\n")
    return backups.place(Settings(data_dir=folder, database_url=url, log_origin=KEY.name))


def furnish(url, work):
    """A catalogue with a row in most tables, one job in line and one for later."""
    transactions = Transactions(url)
    migrations.upgrade(transactions.engine)
    run_dbos_database_migrations(transactions.url)
    with transactions.write() as conn:
        agency_rows.put_agency(
            conn, Agency(AGENCY, "UBND tỉnh Sông Hồng\n\t\\N «ấn tín»", "UBND", {"a": [1, None]}), AT
        )
        rows = JobRows(transactions.engine.dialect.name, "test")
        rows.put(conn, "quiet", JOB, 7, 3600.0)
    house = House(transactions, MemoryStore(clock=lambda: AT), work)
    house.issued(b"%PDF-1.7 issued")
    house.validated(b"%PDF-1.7 on its way")
    work.put_work(b"%PDF-1.7 draft")
    return transactions


def contents(url):
    """Every row of every table."""
    transactions = Transactions(url)
    try:
        with transactions.read() as conn:
            found = {
                table.name: sorted(map(repr, conn.execute(select(table)).fetchall())) for table in TABLES
            }
            schema = "" if url.startswith("sqlite") else "dbos."
            for name in ("workflow_status", "workflow_input"):
                columns = (
                    "workflow_uuid, queue_name, status, priority, delay_until_epoch_ms, recovery_attempts"
                )
                if name == "workflow_input":
                    columns = "workflow_uuid, inputs"
                rows = conn.exec_driver_sql(f"SELECT {columns} FROM {schema}{name}").fetchall()  # noqa: S608
                found[name] = sorted(map(repr, map(tuple, rows)))
            return found
    finally:
        transactions.close()


@pytest.fixture
def target(request, tmp_path):
    def make(engine):
        return "" if engine == "sqlite" else request.getfixturevalue("postgres_database")

    return make


@pytest.fixture
def source(request, tmp_path, postgres):
    """The address of a furnished catalogue, and its place."""
    made = []

    def make(engine):
        name = f"source_{len(made)}_{tmp_path.name}"[:60]
        url = "" if engine == "sqlite" else postgres.database(name)
        here = place(tmp_path / "old", url)
        transactions = furnish(here.settings.engine_url, here.work)
        made.append((engine, name, transactions))
        return here, transactions

    yield make
    for engine, name, transactions in made:
        transactions.close()
        if engine != "sqlite":
            postgres.drop(name)


@pytest.mark.parametrize(
    ("engine", "into"), [("sqlite", "sqlite"), ("postgresql", "postgresql"), ("sqlite", "postgresql")]
)
def test_every_row_comes_back(source, target, tmp_path, engine, into):
    old, transactions = source(engine)
    made = make_backup(old, tmp_path / "b.zip", MADE)
    assert made.work == 2 and made.missing == ()  # the archived one is the object store's
    new = place(tmp_path / "new", target(into))
    restored = restore(new, tmp_path / "b.zip", AT)
    assert restored.counts["documents"] == 2 and restored.made_at == MADE.isoformat()
    before, after = contents(old.settings.engine_url), contents(new.settings.engine_url)
    for rows in (before, after):  # no series gives a number now: test_series
        del rows["number_series"], rows["rebuilds"]
    assert before == after
    assert (
        sum(map(len, before.values())) > 20
        and before["workflow_status"]
        and "đợi" in before["workflow_input"][0]
    )
    # What is counted up goes on above what is there.
    restored_one = Transactions(new.settings.engine_url)
    with restored_one.write() as conn:
        leaf = replace(_leaf(), agency=AGENCY)
        log_rows.insert_leaf(conn, leaf)
        pending = [leaf_id for leaf_id, _ in log_rows.pending(conn, 100)]
    assert pending[-1] == leaf.id and len(pending) == len(before["leaves"]) + 1
    restored_one.close()
    assert new.work.work_path(next(iter(old_digests(transactions)))).read_bytes() == b"%PDF-1.7 on its way"


def old_digests(transactions):
    with transactions.read() as conn:
        rows = conn.exec_driver_sql("SELECT content_sha256 FROM deposits").fetchall()
    return [sha256 for (sha256,) in rows]


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_backup_holds_one_instant_however_much_is_written_meanwhile(source, target, tmp_path, engine):
    """Each act adds an agency and a leaf that names it: never one without the other."""
    old, transactions = source(engine)
    done = threading.Event()

    def write():
        number = 0
        while not done.is_set():
            number += 1
            with transactions.write() as conn:
                agency_rows.put_agency(conn, Agency(f"A{number}", "x", "X", {}), AT)
                log_rows.insert_leaf(conn, replace(_leaf(), agency=f"A{number}"))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            make_backup(old, tmp_path / f"{number}.zip", MADE)
    finally:
        done.set()
        writer.join()
    new = place(tmp_path / "new", target(engine))
    restore(new, tmp_path / "1.zip", AT)
    restored = Transactions(new.settings.engine_url)
    with restored.read() as conn:
        agencies = conn.exec_driver_sql("SELECT count(*) FROM agencies WHERE code <> 'H99.01'").scalar()
        leaves = conn.exec_driver_sql("SELECT count(*) FROM leaves WHERE agency <> 'H99.01'").scalar()
    restored.close()
    assert agencies == leaves > 0


def test_a_backup_of_postgresql_does_not_go_into_sqlite(source, tmp_path):
    old, _ = source("postgresql")
    make_backup(old, tmp_path / "b.zip", MADE)
    new = place(tmp_path / "new", "")
    with pytest.raises(BackupRefused) as caught:
        restore(new, tmp_path / "b.zip", AT)
    assert caught.value.id == "backup.other-engine"


def test_tables_and_columns_that_this_release_does_not_know_are_refused_and_nothing_is_left(
    source, target, tmp_path
):
    old, transactions = source("postgresql")
    with transactions.write() as conn:
        conn.exec_driver_sql("ALTER TABLE agencies ADD COLUMN colour text DEFAULT 'red'")
    make_backup(old, tmp_path / "b.zip", MADE)
    new = place(tmp_path / "new", target("postgresql"))
    with pytest.raises(BackupRefused) as caught:
        restore(new, tmp_path / "b.zip", AT)
    assert caught.value.id == "backup.newer-schema" and "colour" in caught.value.text("en")
    with dump_postgresql.filling(new.settings.engine_url) as (raw, _):
        assert dump_postgresql.first_row(raw) is None


def test_an_older_backup_is_brought_to_this_release(tmp_path):
    """A catalogue of the first release, with a row: its backup comes back, migrated."""
    old = place(tmp_path / "old", "")
    transactions = Transactions(old.settings.engine_url)
    migrations.upgrade_to(transactions.engine, "0001")
    with transactions.write() as conn:
        agency_rows.put_agency(conn, Agency(AGENCY, "x", "X", {}), AT)
    transactions.close()
    make_backup(old, tmp_path / "b.zip", MADE)
    new = place(tmp_path / "new", "")
    restore(new, tmp_path / "b.zip", AT)
    restored = Transactions(new.settings.engine_url)
    with restored.write() as conn:
        assert migrations.current(conn) == migrations.newest()
        assert conn.exec_driver_sql("SELECT code FROM agencies").scalar() == AGENCY
    restored.close()


def test_files_on_their_way_into_a_dossier_are_in_the_backup(source, tmp_path):
    """They lie in the work area alone."""
    old, transactions = source("sqlite")
    (before,) = old_digests(transactions)
    desk = Keeping(House(transactions, MemoryStore(clock=lambda: AT), old.work), carry_out=False)
    desk.upload(desk.open(), b"%PDF the only copy of this scan")
    scan = desk.left[-1].files[0]["sha256"]
    old.work.remove_work(before)
    old.work.remove_work(scan)
    assert make_backup(old, tmp_path / "b.zip", MADE).missing == tuple(sorted((before, scan)))


def test_bytes_under_way_that_are_gone_are_told_and_changed_ones_stop_the_backup(source, tmp_path):
    old, transactions = source("sqlite")
    (sha256,) = old_digests(transactions)
    path = old.work.work_path(sha256)
    path.chmod(0o600)
    path.write_bytes(b"rotten")
    with pytest.raises(Exception, match="holds other bytes"):
        make_backup(old, tmp_path / "rotten.zip", MADE)
    old.work.remove_work(sha256)
    assert make_backup(old, tmp_path / "b.zip", MADE).missing == (sha256,)
    assert not (tmp_path / "rotten.zip").exists()


def test_a_catalogue_that_is_not_there_or_rotten_gives_no_backup(source, tmp_path, postgres):
    empty = place(tmp_path / "empty", "")
    with pytest.raises(ArchiveUnavailable):
        make_backup(empty, tmp_path / "b.zip", MADE)
    with pytest.raises(ArchiveUnavailable):
        make_backup(place(tmp_path / "e2", "postgresql+psycopg://x@127.0.0.1:1/x"), tmp_path / "b.zip", MADE)
    url = postgres.database("backup_of_nothing")
    with pytest.raises(ArchiveUnavailable, match="not one of this release"):
        make_backup(place(tmp_path / "e3", url), tmp_path / "b.zip", MADE)
    postgres.drop("backup_of_nothing")
    old, transactions = source("sqlite")
    transactions.close()
    file = tmp_path / "old" / "antin.sqlite3"
    data = bytearray(file.read_bytes())
    data[4096:8192] = bytes(4096)
    file.write_bytes(data)
    with pytest.raises(Exception, match="catalogue"):
        make_backup(old, tmp_path / "b.zip", MADE)
    assert not list(tmp_path.glob("*.zip")) and not list(tmp_path.glob(".*"))
