"""Numbers given after a backup was made are in no catalogue: after a restore they are never given again."""

from __future__ import annotations

from datetime import timedelta

import pytest

from api import rebuilding
from api.backup import restore as restoring
from api.backup.make import make_backup
from api.backup.refusals import BackupRefused
from api.backup.restore import restore
from api.transactions import Transactions
from api.wiring import service
from archive.catalogue import agency_rows, register_rows
from archive.catalogue.values import Agency
from archive.errors import RegisterRefused
from archive.registers import numbers
from policies.numbering import Series, civil_date
from policies.reasons import backup as backup_reasons
from policies.reasons import issuing as reasons
from tests.api.backup.test_dumps import MADE, furnish, place
from tests.archive.catalogue_fixtures import AGENCY, AT, request_for, signed_document

YEAR = civil_date(AT).year
QD, TB = Series(AGENCY, "QĐ", YEAR), Series(AGENCY, "TB", YEAR)


def allot(transactions, at=AT, **values):
    with transactions.write() as conn:
        return numbers.allot(conn, request_for(signed_document(conn, at, **values)), at)


@pytest.fixture
def restored(tmp_path, postgres, request):
    """(what the restore says, the catalogue that came back); another decision was numbered after the backup."""
    made = []

    def make(engine="sqlite", at=AT):
        old = place(tmp_path / "old", "")
        transactions = furnish(old.settings.engine_url, old.work)
        allot(transactions)
        make_backup(old, tmp_path / "b.zip", MADE)
        allot(transactions)
        transactions.close()
        new = place(
            tmp_path / "new", "" if engine == "sqlite" else request.getfixturevalue("postgres_database")
        )
        told = restore(new, tmp_path / "b.zip", at)
        made.append(Transactions(new.settings.engine_url))
        return told, made[0], new

    yield make
    for transactions in made:
        transactions.close()


def last_of(transactions, series):
    with transactions.read() as conn:
        return register_rows.series(conn, series).last_number


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_series_gives_no_number_until_its_last_is_confirmed(restored, engine):
    told, transactions, new = restored(engine)
    last = last_of(transactions, QD)
    assert [(state.series, state.last_number) for state in told.closed] == [(QD, last)]
    with pytest.raises(RegisterRefused) as refusal:
        allot(transactions)
    assert refusal.value.reason is reasons.SERIES_CLOSED
    assert "antin restore" not in refusal.value.text("en") and "backup" in refusal.value.text("en")
    assert "sao lưu" in refusal.value.text("vi")
    with service.bench(new.settings) as bench:
        with pytest.raises(RegisterRefused) as refusal:
            rebuilding.confirm_series(bench, QD, last - 1, "test")
        assert refusal.value.reason is reasons.LAST_TOO_LOW
        rebuilding.confirm_series(bench, QD, last + 1, "test")
    assert allot(transactions).number == last + 2


def test_so_does_one_that_the_backup_does_not_know(restored):
    _, transactions, new = restored()
    with pytest.raises(RegisterRefused) as refusal:
        allot(transactions, kind="TB")
    assert refusal.value.reason is reasons.SERIES_CLOSED
    with service.bench(new.settings) as bench:
        rebuilding.confirm_series(bench, TB, 4, "test")
    assert allot(transactions, kind="TB").number == 5


def test_the_year_of_the_restore_counts_and_the_next_one_is_open(restored):
    later = AT + timedelta(days=365)
    _, transactions, _ = restored(at=later)
    with pytest.raises(RegisterRefused):
        allot(transactions)
    with pytest.raises(RegisterRefused):
        allot(transactions, later)
    assert allot(transactions, later + timedelta(days=365)).number == 1


def test_what_was_restored_is_backed_up_and_restored_again(restored, tmp_path):
    _, transactions, new = restored()
    with service.bench(new.settings) as bench:
        rebuilding.confirm_series(bench, QD, last_of(transactions, QD), "test")
    make_backup(new, tmp_path / "again.zip", MADE)
    third = place(tmp_path / "third", "")
    assert [state.series for state in restore(third, tmp_path / "again.zip", AT).closed] == [QD]


class Stopped(Exception):
    """The process dies here."""


def dying(*_arguments):
    raise Stopped


@pytest.fixture
def backed_up(tmp_path):
    old = place(tmp_path / "old", "")
    transactions = furnish(old.settings.engine_url, old.work)
    allot(transactions)
    make_backup(old, tmp_path / "b.zip", MADE)
    transactions.close()
    return tmp_path / "b.zip"


def test_no_moment_lies_between_the_catalogue_and_its_closed_series(
    tmp_path, database, backed_up, monkeypatch
):
    """Another machine's process comes up the moment the catalogue is there."""
    new = place(tmp_path / "new", database)
    with monkeypatch.context() as patched:
        patched.setattr(restoring, "_closed", dying)
        with pytest.raises(Stopped):
            restore(new, backed_up, AT)
    elsewhere = Transactions(database)
    for kind in ("QĐ", "TB"):
        with pytest.raises(RegisterRefused) as refusal:
            allot(elsewhere, kind=kind)
        assert refusal.value.reason is reasons.SERIES_CLOSED
    elsewhere.close()
    assert [state.series for state in restore(new, backed_up, AT).closed] == [QD]


@pytest.mark.parametrize("late", [False, True], ids=["between two runs", "during one"])
def test_who_serves_the_empty_database_meanwhile_is_not_taken_for_the_backup(
    tmp_path, postgres_database, backed_up, monkeypatch, late
):
    new = place(tmp_path / "new", postgres_database)

    def come_up(*_arguments):
        other = Transactions(postgres_database)
        with other.write() as conn:
            agency_rows.put_agency(conn, Agency(AGENCY, "x", "X", {}), AT)
        other.close()
        if not late:
            raise Stopped

    with monkeypatch.context() as patched:
        patched.setattr(restoring, "run_dbos_database_migrations", come_up)
        if not late:
            with pytest.raises(Stopped):
                restore(new, backed_up, AT)
        with pytest.raises(BackupRefused) as refusal:
            restore(new, backed_up, AT)
    assert refusal.value.reason is backup_reasons.NOT_EMPTY
