"""What surrounds a rebuild: the audit's rows as openings carry them, forecasts, series by command, what is owed."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from api import rebuilding
from api.aftercare import HEADS_EVERY, Aftercare
from api.progress import StagesLine, duration
from api.settings import Settings
from api.store import audit
from api.store.tables import metadata as service_metadata
from api.transactions import Transactions
from api.wiring import service
from archive.catalogue import agency_rows, document_lists, log_rows, rebuild_rows, register_rows
from archive.catalogue.rebuild_rows import Rebuild
from archive.catalogue.values import Agency
from archive.errors import ArchiveDamaged
from archive.log.leaf import LeafKind
from archive.rebuild.chains import LinkedRow
from policies.numbering import Series, SeriesState
from tests.archive.catalogue_fixtures import AGENCY, AT, open_catalogue
from tests.tables import create_all

ANTIN = str(Path(sys.executable).with_name("antin"))


# The audit as a chain of the archive


@pytest.fixture
def audited(tmp_path):
    transactions = open_catalogue(tmp_path)
    with transactions.write() as conn:
        create_all(conn, service_metadata)
        for number in range(1, 6):
            audit.write(
                conn,
                AGENCY,
                actor="văn thư",
                act="seal",
                phase="event",
                subject=f"document {number}",
                detail={"số": number, "lý do": 'một "hai"\n'},
                at=AT + timedelta(seconds=number, microseconds=number),
            )
    yield transactions
    transactions.close()


def test_the_audits_rows_come_back_as_they_were(audited, tmp_path):
    with audited.read() as conn:
        before = audit.page(conn, AGENCY, None, 10)
        parts = [audit.between(conn, AGENCY, 0, 2), audit.between(conn, AGENCY, 2, 5)]
    (tmp_path / "again").mkdir()
    again = open_catalogue(tmp_path / "again")
    with again.write() as conn:
        create_all(conn, service_metadata)
        for part in json.loads(json.dumps([[one.previous, one.rows] for one in parts])):
            previous, linked = part[0], []
            for row in part[1]:
                sha256 = audit.link(AGENCY, previous, row)
                linked.append(LinkedRow(previous, sha256, row))
                previous = sha256
            audit.restore(conn, AGENCY, linked)
    with again.read() as conn:
        assert audit.page(conn, AGENCY, None, 10) == before
        assert audit.check(conn) == ()
        assert audit.length(conn, AGENCY) == 5
    again.close()


def test_a_row_that_is_gone_is_damage(audited):
    with audited.write() as conn:
        conn.exec_driver_sql("DELETE FROM audit WHERE sequence = 3")
    with audited.read() as conn, pytest.raises(ArchiveDamaged):
        audit.between(conn, AGENCY, 1, 5)


@pytest.mark.parametrize("change", [{"actor": 1}, {"ordinal": "1"}, {"at": "yesterday"}, {"detail": None}])
def test_a_row_of_a_wrong_form_is_not_linked(audited, change):
    with audited.read() as conn:
        (row,) = audit.between(conn, AGENCY, 0, 1).rows
    with pytest.raises((TypeError, ValueError)):
        audit.link(AGENCY, audit.GENESIS, {**row, **change})


# Forecasts


def test_the_forecast_follows_the_pace_of_this_run():
    now, said = [0.0], []
    line = StagesLine(said.append, clock=lambda: now[0])
    line._shown = False
    line("documents", 5000, 10_000)  # where an earlier run stopped
    now[0] = 70.0
    line("documents", 6000, 10_000)
    now[0] = 80.0
    line("documents", 6100, 10_000)  # not again within a minute
    line("numbers", 1, None)
    assert said == ["… documents 5,000/10,000", "… documents 6,000/10,000 (60 %), 5 min left", "… numbers 1"]


def test_durations():
    assert [duration(seconds) for seconds in (5, 89, 90, 3600, 12_000)] == [
        "5 s",
        "89 s",
        "2 min",
        "60 min",
        "3 h 20 min",
    ]


# Commands


@pytest.fixture(scope="module")
def rebuilt(tmp_path_factory):
    """A service's data after a rebuild: one closed series."""
    data = tmp_path_factory.mktemp("rebuilt")
    settings = Settings(demo_pki=True, data_dir=data, agency_code="H99.DEMO", log_origin="t/log")
    made = service.build(settings)
    with made.transactions.write() as conn:
        register_rows.lock_series(conn, Series("H99.DEMO", "QĐ", 2026))
        register_rows.set_series(conn, SeriesState(Series("H99.DEMO", "QĐ", 2026), 1, 7, None, closed=True))
        begun = Rebuild("first", "t/log", 0, bytes(32), False, "done", "", AT, AT, 2026)
        rebuild_rows.begin(conn, begun)
    for part in (made.sandbox, made.visitors, made.background, made.proofs, made.transactions):
        part.close()
    (data / "antin.toml").write_text(
        f'demo_pki = true\ndata_dir = "{data}"\nagency_code = "H99.DEMO"\nlog_origin = "t/log"\n'
    )
    return data


def antin(data, *words, answer=""):
    command = [ANTIN, *words, "--data-dir", data]
    return subprocess.run(command, capture_output=True, text=True, check=False, input=answer)


@pytest.mark.long
def test_series_are_listed_and_confirmed(rebuilt):
    listed = antin(rebuilt, "registers", "closed")
    assert "antin registers confirm --kind QĐ --year 2026 --last 7" in listed.stdout
    assert json.loads(antin(rebuilt, "registers", "closed", "--json").stdout) == [
        {"kind": "QĐ", "year": 2026, "last": 7}
    ]
    confirm = ("registers", "confirm", "--kind", "QĐ", "--year", "2026", "--last")
    low = antin(rebuilt, *confirm, "6")
    assert (low.returncode, "issuing.last-too-low" in low.stderr) == (3, True)
    no = antin(rebuilt, *confirm, "9", answer="n\n")
    assert no.returncode not in (0, 3)
    assert "08–09" in no.stdout
    yes = antin(rebuilt, *confirm, "9", answer="y\n")
    assert (yes.returncode, "next number is 10; 2 entered as lost" in yes.stdout) == (0, True), yes
    again = antin(rebuilt, *confirm, "9")
    assert (again.returncode, "issuing.series-not-closed" in again.stderr) == (3, True)
    transactions = Transactions(f"sqlite:///{rebuilt / 'antin.sqlite3'}")
    with transactions.read() as conn:
        (entry,) = audit.of_subject(conn, "QĐ 2026")
    transactions.close()
    assert (entry.act, entry.actor.startswith("operator:")) == ("confirm-series", True)
    assert json.loads(entry.detail) == {"last": 9, "archived": 7, "lost": [8, 9]}


def test_without_the_logs_key_nothing_is_begun(tmp_path):
    (tmp_path / "antin.toml").write_text(f'demo_pki = true\ndata_dir = "{tmp_path}"\n')
    done = antin(tmp_path, "rebuild")
    assert (done.returncode, "log_key" in done.stderr) == (64, True), done
    assert not list(tmp_path.glob("antin.sqlite3"))


def test_a_second_store_that_nobody_set_up(rebuilt):
    done = antin(rebuilt, "rebuild", "--from", "second")
    assert (done.returncode, "--from second" in done.stderr) == (64, True), done


def test_nobody_rebuilds_under_a_running_service(rebuilt):
    settings = Settings(demo_pki=True, data_dir=rebuilt, agency_code="H99.DEMO", log_origin="t/log")
    with rebuilding._alone(settings):
        done = antin(rebuilt, "rebuild")
    assert (done.returncode, "serves it already" in done.stderr) == (64, True), done


# After it


@pytest.fixture
def services(tmp_path):
    settings = Settings(demo_pki=True, data_dir=tmp_path, agency_code=AGENCY, log_origin="t/log")
    made = service.build(settings)
    now = [AT]
    made.clock = lambda: now[0]
    made.now = now
    made.recover()
    made.start()
    yield made
    made.stop()


def heads(services, kind):
    with services.transactions.read() as conn:
        found = log_rows.last_head(conn, AGENCY, kind)
    return found.head_ordinal if found else 0


@pytest.mark.own_service
@pytest.mark.xdist_group("site")
def test_heads_follow_what_was_done_now_and_then(services):
    def act(number):
        with services.transactions.write() as conn:
            audit.write(
                conn,
                AGENCY,
                actor="văn thư",
                act="receive",
                phase="event",
                subject=str(number),
                detail={},
                at=AT,
            )

    care = Aftercare(services, lambda: False)
    act(1)
    care.bind()
    assert heads(services, LeafKind.AUDIT_HEAD) == 1
    act(2)
    services.now[0] += HEADS_EVERY / 2
    care.bind()
    assert heads(services, LeafKind.AUDIT_HEAD) == 1
    services.now[0] += HEADS_EVERY
    care.bind()
    assert heads(services, LeafKind.AUDIT_HEAD) == 2
    services.now[0] += HEADS_EVERY
    care.bind()  # nothing moved
    assert heads(services, LeafKind.AUDIT_HEAD) == 2
    assert heads(services, LeafKind.REGISTER_HEAD) == 0


def test_without_long_term_looks_at_every_archived_document_once(tmp_path):
    transactions = open_catalogue(tmp_path)
    with transactions.write() as conn:
        agency_rows.put_agency(conn, Agency(AGENCY, "A", "A", {}), AT)
        for number in range(5):
            conn.exec_driver_sql(
                "INSERT INTO documents (id, public_code, agency, kind, unit, subject, state, reason, version, urgency,"
                " uploader, uploader_display, recipients, metadata, boxes, created_at, updated_at, archived_at)"
                " VALUES (?, ?, ?, 'QĐ', '', '', 'archived', '', 1, 0, '', '', '[]', '{}', '[]', ?, ?, ?)",
                (f"d{number}", f"c{number}", AGENCY, *3 * ("2026-01-01 00:00:00.000000",)),
            )
        conn.exec_driver_sql(
            "INSERT INTO document_versions VALUES ('d1', 1, 'long-term', 'x', 1, '2026-01-01')"
        )
        conn.exec_driver_sql("UPDATE documents SET archived_at = NULL WHERE id = 'd3'")
    with transactions.read() as conn:
        first = document_lists.without_long_term(conn, "", 3)
        second = document_lists.without_long_term(conn, first.last, 3)
        third = document_lists.without_long_term(conn, second.last, 3)
    assert (first.lacking, first.last) == (("d0", "d2"), "d2")
    assert (second.lacking, second.last) == (("d4",), "d4")
    assert (third.lacking, third.last) == ((), "")
    transactions.close()
