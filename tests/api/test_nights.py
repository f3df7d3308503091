"""The nights of a running service: claimed once, done as jobs, told on the health page; and by hand."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest
from click.testing import CliRunner
from lxml import etree

from api import keepers, watch_health
from api.cli import antin
from api.fixity_child import FixityFailed, read_all_due
from api.line import Stopped
from api.nights import Nights, kind_of
from api.store import audit, night_rows, operations
from api.store.tables import operations as table
from archive.catalogue import copy_rows, deposit_rows
from archive.catalogue.copies import SECOND, Shelf
from archive.catalogue.tables import objects
from archive.storage.directory import DirectoryStore
from policies.night import Errand, Task, latest_night
from policies.numbering import civil_date
from policies.retention import NOTICE
from policies.times import VIETNAM
from policies.vocabulary import LockMode
from tests.service import CLERK, Site, start, until

DAY = timedelta(days=1)
pytestmark = [pytest.mark.own_service, pytest.mark.xdist_group("site")]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A service of this module's own, with one archived document and a second store."""
    patched = pytest.MonkeyPatch()
    patched.setattr("api.nights.AT_WORK", 0.0)
    patched.setattr("api.nights.LOOK_SECONDS", 3600.0)  # only what a test puts in line
    with start(tmp_path_factory.mktemp("nights")) as (services, passwords):
        found = Site(services.settings, services, passwords)
        services.second = DirectoryStore(services.settings.data_dir / "second", clock=services.clock)
        for task in (Task.FIXITY, Task.RECONCILE):  # asked for by name below
            services.nights._acts[task] = lambda _at: (True, {})
        found.document_id = found.archived()
        found.unasked = found.archived(subject="Chưa ai hỏi")
        for each in (found.document_id, found.unasked):
            until(lambda each=each: agreed(services, each), "the second opinion")
            found.long_term(each)  # a version that comes when the clock is ahead begins its quarantine then
        yield found
    patched.undo()


def agreed(services, document):
    with services.transactions.read() as conn:
        return operations.agreed(conn, [document])


@pytest.fixture
def later(site):
    """The service's clock goes ahead; back at the end."""
    services, real = site.services, site.services.clock

    def ahead(by):
        services.clock = lambda: real() + by
        return services.clock()

    yield ahead
    services.clock = real


def row(services, name):
    with services.transactions.read() as conn:
        return night_rows.tasks(conn)[name]


def copies(services, document, shelf=Shelf.DOCUMENTS):
    with services.transactions.read() as conn:
        return copy_rows.of_document(conn, shelf, document)


def ended(services, name, operation):
    return until(lambda: (found := row(services, name)).operation != operation and found.over and found, name)


def run(services, *names):
    """Put in line what is owed, and wait for these."""
    before = {name: row(services, name).operation for name in names}

    def in_line():  # the job before may not have ended when its row says that its work is over
        services.nights.put_in_line()
        return all(row(services, name).operation != before[name] for name in names)

    until(in_line, names)
    return [ended(services, name, before[name]) for name in names]


def due_at_once(services):
    with services.transactions.write() as conn:
        conn.execute(objects.update().values(fixity_due=datetime(2020, 1, 1, tzinfo=UTC)))


def test_a_new_archive_owes_no_night_before_the_next_one(site):
    services = site.services
    services.nights.put_in_line()
    for name in map(str, Task):
        found = row(services, name)
        assert (found.night, found.operation) == (latest_night(services.clock()), None)


def test_a_night_is_claimed_by_one_of_many_workers(site, later):
    services = site.services
    services.nights.put_in_line()
    later(3 * DAY)
    seen = row(services, Task.RETENTION)
    workers = [Nights(services) for _ in range(8)]
    claimed = []
    threads = [
        threading.Thread(target=lambda worker=worker: claimed.append(worker._claimed(seen, services.clock())))
        for worker in workers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == [False] * 7 + [True]
    found = ended(services, Task.RETENTION, None)
    assert found.night == latest_night(services.clock()) and found.good
    services.nights.put_in_line()
    assert row(services, Task.RETENTION).operation == found.operation, "once a night"


def test_the_night_of_locks_hardens_what_left_quarantine_and_asks_about_what_nobody_asked(site, later):
    services = site.services
    services.nights.put_in_line()
    assert {copy.lock.mode for copy in copies(services, site.document_id)} == {LockMode.GOVERNANCE}
    with services.transactions.write() as conn:  # as after a rebuild, which remembers no operation
        conn.execute(table.delete().where(table.c.document == site.unasked))
    until(lambda: row(services, Task.LOCKS).over, "the end of an earlier night")
    later(9 * DAY)
    (found,) = run(services, Task.LOCKS)
    assert found.good, found.told
    for copy in copies(services, site.document_id):
        assert copy.lock.mode is LockMode.COMPLIANCE
        assert services.store.head(copy.key).mode is LockMode.COMPLIANCE
    with services.transactions.read() as conn:
        operation = operations.get(conn, found.operation)
    assert (operation.kind, operation.state) == (kind_of(Task.LOCKS), "succeeded")
    assert {copy.lock.mode for copy in copies(services, site.unasked)} == {LockMode.GOVERNANCE}
    until(lambda: agreed(services, site.unasked), "the second opinion, which the pass asked for")
    later(10 * DAY)
    run(services, Task.LOCKS)
    assert {copy.lock.mode for copy in copies(services, site.unasked)} == {LockMode.COMPLIANCE}
    part = watch_health.lock_ends(services)
    assert part["state"] == "ok" and part["stores"]["first"]["good"] is not None


def test_the_second_store_catches_up_within_seconds_and_is_told(site):
    services = site.services
    services.nights.put_in_line()
    until(lambda: copies(services, site.document_id, Shelf.SECOND), "the copies")
    until(lambda: row(services, Errand.COPIES).over, "the end of the errand")
    part = watch_health.second(services)
    assert (part["state"], part["lacks"]) == ("ok", 0)
    late = replace_clock(services, services.clock() + DAY)
    assert late["state"] == "ok"


def replace_clock(services, at):
    real, services.clock = services.clock, lambda: at
    try:
        return watch_health.second(services)
    finally:
        services.clock = real


def test_fixity_runs_in_a_process_of_its_own_and_what_it_finds_is_mended(site):
    services = site.services
    services.nights.put_in_line()
    until(lambda: len(copies(services, site.document_id, Shelf.SECOND)) >= 2, "the copies")
    until(lambda: row(services, Errand.COPIES).over, "the end of the errand")
    copy, before = copies(services, site.document_id)[0], row(services, Errand.REPAIR).operation
    path = services.store._path(copy.key)
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    due_at_once(services)
    read_all_due(services.settings, ["first"], services.busy, lambda: False)
    assert watch_health.fixity_part(services)["damaged"] == 1
    assert watch_health.fixity_part(services)["alarms"][0]["reason"] == "watch.damaged"
    services.nights.put_in_line()
    found = ended(services, Errand.REPAIR, before)
    assert found.good and found.told == {"mended": 1, "left": 0}
    now = next(each for each in copies(services, site.document_id) if each.key == copy.key)
    assert now.fixity_state == "intact" and now.repaired_at is not None
    assert len(list((services.settings.data_dir / "store" / "damaged").iterdir())) == 1
    with services.transactions.read() as conn:
        events = deposit_rows.events_of(conn, site.document_id)
        told = [entry for entry in audit.of_subject(conn, site.document_id) if entry.act == "repair"]
        assert deposit_rows.deposits_left(conn) == ()
    assert [event.kind for event in events] == ["repaired"]
    assert json.loads(told[0].detail)["key"] == copy.key
    part = watch_health.fixity_part(services)
    assert part["state"] == "ok" and part["stores"]["first"]["read"]["objects"] >= 2
    assert fsck(site)["clean"]


def test_what_the_nightly_audit_finds_is_told_at_once_and_what_is_gone_is_mended(site, later, monkeypatch):
    services = site.services
    services.nights.put_in_line()
    until(lambda: watch_health.second(services)["lacks"] == 0 and row(services, Errand.COPIES).over, "copies")
    monkeypatch.setitem(services.nights._acts, Task.RECONCILE, services.nights._reconcile)
    copy, before = copies(services, site.unasked)[0], row(services, Errand.REPAIR).operation
    services.store._path(copy.key).unlink()
    later(DAY)
    (bad,) = run(services, Task.RECONCILE)
    assert not bad.good and bad.told["errors"] >= 1
    part = watch_health.nights(services)
    assert part["state"] == "failing"
    assert [alarm["reason"] for alarm in part["alarms"]] == ["watch.audit-found"]
    assert watch_health.fixity_part(services)["damaged"] == 1
    services.nights.put_in_line()
    assert ended(services, Errand.REPAIR, before).told == {"mended": 1, "left": 0}
    assert services.store.head(copy.key) is not None
    later(DAY + timedelta(hours=1, minutes=1))
    (good,) = run(services, Task.RECONCILE)
    assert good.good, good.told
    assert watch_health.nights(services)["state"] == "ok"


def fsck(site):
    from api.checking import Checking

    return Checking(site.services).run("", {})


def test_a_child_that_fails_is_a_bad_night_and_a_stop_ends_it(site):
    services = site.services
    with pytest.raises(FixityFailed):
        read_all_due(services.settings, ["nowhere"], lambda: False, lambda: False)
    with pytest.raises(Stopped):
        read_all_due(services.settings, ["first"], lambda: True, lambda: True)


def test_a_night_that_went_badly_is_tried_again_within_the_hour_and_alarms_after_two_days(
    site, later, monkeypatch
):
    services = site.services
    services.nights.put_in_line()
    at = later(20 * DAY)
    acts = services.nights._acts
    monkeypatch.setitem(acts, Task.RETENTION, lambda _at: (False, {"why": "a test"}))
    (bad,) = run(services, Task.RETENTION)
    assert not bad.good and bad.told == {"why": "a test"}
    services.nights.put_in_line()
    assert row(services, Task.RETENTION).operation == bad.operation, "not at once"
    later(20 * DAY + timedelta(hours=1, minutes=1))
    monkeypatch.setitem(acts, Task.RETENTION, fail)
    (worse,) = run(services, Task.RETENTION)
    assert worse.told == {"fault": "RuntimeError"}
    later(23 * DAY)
    part = watch_health.nights(services)
    assert part["state"] == "failing"
    assert any("retention" in alarm["text"]["en"] for alarm in part["alarms"])
    monkeypatch.undo()
    (good,) = run(services, Task.RETENTION)
    assert good.good and good.good_at > at


def fail(_at):
    raise RuntimeError("a test")


def test_the_health_page_tells_of_the_watch_and_stops_no_act_for_it(site, later):
    services = site.services
    services.nights.put_in_line()
    later(60 * DAY)
    from api.health import Health, ready

    parts = Health(services).parts()
    assert {"nights", "lock_ends", "fixity", "retention", "second"} <= parts.keys()
    assert (parts["nights"]["state"], parts["retention"]["state"]) == ("failing", "ok")
    assert ready({name: part for name, part in parts.items() if name != "log"} | {"log": {"state": "ok"}})


def cli(site, *arguments):
    data = ["--data-dir", str(site.services.settings.data_dir)]
    config = site.services.settings.data_dir / "antin.toml"
    settings = site.services.settings
    if not config.exists():
        config.write_text(
            f'demo_pki = true\ndata_dir = "{settings.data_dir}"\npublic_url = "{settings.public_url}"\n'
        )
    return CliRunner().invoke(antin, [*arguments, *data])


def test_fixity_by_hand(site):
    key = copies(site.services, site.document_id)[-1].key
    told = cli(site, "fixity", "run", "--key", key)
    assert (told.exit_code, told.output.split(":")[0]) == (0, "intact"), told.output
    assert cli(site, "fixity", "run", "--all").exit_code == 0
    assert cli(site, "fixity", "run", "--key", "documents/none.pdf").exit_code == 2
    status = cli(site, "fixity", "status", "--json")
    assert status.exit_code == 0
    assert json.loads(status.output)["stores"]["first"]["last"]["read"]["objects"] > 0
    assert "nights of eight hours" in cli(site, "fixity", "status").output


def test_damage_by_hand_is_told_by_its_exit_code_and_mended(site):
    copy = next(c for c in copies(site.services, site.document_id) if c.role == "content")
    path = site.services.store._path(copy.key)
    path.chmod(0o644)
    data = path.read_bytes()
    path.write_bytes(b"x" + data[1:])
    assert cli(site, "fixity", "run", "--key", copy.key).exit_code == 1
    status = cli(site, "fixity", "status")
    assert status.exit_code == 1 and f"DAMAGED: first {copy.key}" in status.output
    mended = cli(site, "fixity", "repair")
    assert mended.exit_code == 0 and "the work area" in mended.output, mended.output
    assert path.read_bytes() == data
    assert cli(site, "fixity", "status").exit_code == 0


def test_locks_by_hand(site):
    told = cli(site, "locks", "run")
    assert told.exit_code == 0 and told.output.startswith("first: examined"), told.output
    assert json.loads(cli(site, "locks", "status", "--json").output)["stores"]["first"]["alarms"] == []
    assert "last good night" in cli(site, "locks", "status").output


def test_premis_by_hand(site, tmp_path):
    out = tmp_path / "premis.xml"
    assert cli(site, "premis", site.document_id, str(out)).exit_code == 0
    assert etree.parse(out).getroot().tag.endswith("premis")
    assert cli(site, "premis", "nobody", str(tmp_path / "other.xml")).exit_code == 2


def test_the_stores_are_named(site):
    assert list(keepers.stores(site.services)) == ["first", SECOND]
    assert replace(row(site.services, Task.LOCKS), ended=row(site.services, Task.LOCKS).operation).over


def shut(site, code):
    """A closed dossier whose work ended today, and the last day on which it is kept."""
    day = civil_date(site.services.clock())
    body = {"catalog_year": day.year, "notation": code, "title": "Hồ sơ đã xong", "start_date": f"{day}"}
    dossier = site.post(CLERK, "/dossiers", json=body).json()["id"]
    scan = {"file": ("scan.pdf", b"%PDF-1.7 " + code.encode(), "application/pdf")}
    site.post(CLERK, f"/dossiers/{dossier}/files", data={"subject": "Bản quét"}, files=scan)
    closing = {"code": code, "work_ended": f"{day}"}
    closed = site.post(CLERK, f"/dossiers/{dossier}/closing", json=closing)
    assert closed.status_code == 200, closed.text
    return date.fromisoformat(closed.json()["retention"]["last_day"])


def test_the_night_tells_which_periods_end_and_health_says_so_without_an_alarm(site, later):
    services = site.services
    services.nights.put_in_line()
    five, ten = shut(site, "07.05"), shut(site, "06")
    real = services.clock()
    midday = timedelta(hours=12)

    def told_on(day):
        later(datetime.combine(day, time(), VIETNAM) + midday - real)
        before = row(services, Task.RETENTION)
        assert services.nights._claimed(
            before, services.clock()
        )  # alone: nothing else has to do with that year
        found = ended(services, Task.RETENTION, before.operation)
        assert found.good, found.told
        part = watch_health.retention(services)
        assert (part.pop("state"), part.pop("counted")) == ("ok", found.good_at.isoformat(timespec="seconds"))
        assert part == found.told
        return found.told

    long_before = five - NOTICE - 9 * DAY
    assert told_on(long_before) == {"ended": 0, "soon": 0, "first": f"{five}"}
    assert told_on(five) == {"ended": 0, "soon": 1, "first": f"{five}"}
    assert told_on(five + DAY) == {"ended": 1, "soon": 0, "first": f"{ten}"}
    assert told_on(ten + DAY) == {"ended": 2, "soon": 0, "first": None}
    with services.transactions.write() as conn:  # a night that went badly has counted nothing
        night_rows.end(
            conn, Task.RETENTION, row(services, Task.RETENTION).operation, {"fault": "X"}, real, good=False
        )
    assert watch_health.retention(services).keys() == {"state", "counted"}
