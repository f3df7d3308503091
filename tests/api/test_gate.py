"""The gate follows the newest verdict, for every process alike; what is not known keeps it closed."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event, Timer
from types import SimpleNamespace

import pytest

from api import migrations, watch_health
from api.canary import AGAIN, DAMAGED, NEW, StorageCheck, Watch, next_run
from api.gate import FRESH, CanaryGate, OpenGate
from api.store import check_rows
from api.transactions import Transactions
from api.turns import Turns
from archive import deployment
from archive.catalogue.deployment_rows import deployment_of
from archive.errors import ArchivingStopped, StoreUnavailable
from archive.log.note import Ed25519LogKey
from archive.storage import keys
from archive.storage.canary.twin import ProbeTwin
from archive.storage.canary.values import Conclusion, Trouble
from archive.storage.canary.weaknesses import Weakness
from archive.storage.memory import MemoryStore
from policies.reasons import database as reasons

NOW = datetime(2026, 3, 5, 2, 0, tzinfo=UTC)


class Clock:
    now = NOW

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("api.gate.FIRST_SECONDS", 0.01)


class House:
    """Processes over one database and one store."""

    def __init__(self, database, tmp_path, clock):
        self.clock, self.database, self.folder = clock, database, tmp_path
        self.transactions = Transactions(database)
        migrations.upgrade(self.transactions.engine)
        self.twin = ProbeTwin(clock=clock)
        self.store = MemoryStore(clock=clock)

    def check(self, process="worker-1"):
        file = self.folder / "storage-check.json"
        return StorageCheck(self.twin, self.store, self.transactions, self.clock, self.folder, file, process)

    def process(self, *, watches=True):
        gate = CanaryGate(self.transactions, self.clock, self.twin.store, watches=watches)
        return gate, Watch(gate, (self.check(),), Turns)

    def later(self, **time):
        self.clock.now += timedelta(**time)


@pytest.fixture
def house(database, tmp_path):
    made = House(database, tmp_path, Clock())
    yield made
    made.transactions.close()


def stopped(gate):
    with pytest.raises(ArchivingStopped) as refused:
        gate.require()
    assert refused.value.id == "archive.stopped"
    return refused.value


def unknown(gate):
    with pytest.raises(StoreUnavailable) as told:
        gate.require()
    assert told.value.reason.id == "store.locks-unknown"
    return told.value


def test_a_directory_has_no_gate_and_says_so():
    state = OpenGate().state()
    assert state.open and not state.enforced
    assert "thư mục" in state.text.vi and "directory" in state.text.en
    OpenGate().require()


def test_before_the_first_verdict_nothing_is_archived(house):
    gate, watch = house.process()
    unknown(gate)
    assert not gate.state().open
    other, _ = house.process(watches=False)
    unknown(other)
    watch.run_all()
    gate.require()
    house.later(seconds=5)
    other.require()


def test_a_broken_lock_stops_every_process_and_a_sound_run_lets_them_go_on(house):
    (one, watch), (other, _) = house.process(), house.process(watches=False)
    watch.run_all()
    one.require()
    house.twin.weak.add(Weakness.BULK_DELETES)
    house.later(hours=1)
    watch.run_all()
    for gate in (one, other):
        refusal = stopped(gate)
        assert "xóa hàng loạt" in refusal.text("vi") and "bulk deletion" in refusal.text("en")
        state = gate.state()
        assert state.failing == ("delete-bulk",) and state.conclusion is Conclusion.BROKEN
    house.twin.weak.clear()
    house.later(minutes=16)
    watch.run_due()
    house.later(seconds=5)
    one.require()
    other.require()


def test_what_the_command_line_finds_counts_for_the_service(house):
    gate, watch = house.process()
    watch.run_all()
    house.twin.weak.add(Weakness.FILER_OPEN)
    house.later(hours=1)
    house.check("command-line").run()
    stopped(gate)
    house.twin.weak.clear()
    house.later(minutes=1)
    house.check("command-line").run()
    house.later(seconds=5)
    gate.require()


def test_a_warning_stops_nothing(house):
    house.twin.weak.add(Weakness.COPIES_DROP_LOCKS)
    gate, watch = house.process()
    watch.run_all()
    gate.require()


def test_a_server_that_does_not_answer_one_process_closes_the_gate_of_that_one(house):
    (one, watch), (other, other_watch) = house.process(), house.process()
    watch.run_all()
    other_watch.run_all()
    house.twin.silent["server"] = Trouble.UNREACHABLE
    house.later(hours=1)
    watch.run_all()
    unknown(one)
    assert one.state().failing == ("reach",)
    other.require()
    house.twin.silent.clear()
    watch.run_due()
    one.require()


def test_an_old_verdict_is_none(house):
    gate, watch = house.process()
    watch.run_all()
    house.later(seconds=FRESH.total_seconds() + 1)
    unknown(gate)


def test_a_database_that_does_not_answer_keeps_it_closed(house, monkeypatch):
    gate, watch = house.process()
    watch.run_all()
    house.later(minutes=1)

    def silent():
        raise StoreUnavailable(reasons.FAILING, "the database is away")

    monkeypatch.setattr(house.transactions, "read", silent)
    with pytest.raises(StoreUnavailable):
        gate.require()


def test_a_report_that_could_not_be_kept_is_no_verdict(house, monkeypatch):
    gate, watch = house.process()

    def silent():
        raise StoreUnavailable(reasons.FAILING, "the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(house.transactions, "write", silent)
        watch.run_all()
    assert gate.own is Conclusion.NO_ANSWER
    unknown(gate)


def test_the_clock_that_jumps_back_is_not_held_by_what_was_kept(house):
    gate, watch = house.process()
    watch.run_all()
    gate.require()
    house.later(hours=-1)
    house.twin.weak.add(Weakness.COMPLIANCE_DELETED)
    house.later(hours=2)
    watch.run_all()
    house.later(hours=-1)
    stopped(gate)


def test_a_verdict_from_the_future_is_none_and_another_is_had(house):
    house.clock.now += timedelta(days=400)
    gate, watch = house.process()
    watch.run_all()
    house.clock.now -= timedelta(days=400)
    unknown(gate)
    watch.run_due()
    gate.require()


def test_when_a_run_is_due():
    morning = datetime(2026, 3, 5, 1, 0, tzinfo=UTC)  # 08:00 in Vietnam
    assert next_run(Conclusion.SOUND, morning) == datetime(2026, 3, 5, 18, 30, tzinfo=UTC)
    before = datetime(2026, 3, 4, 18, 29, tzinfo=UTC)
    assert next_run(Conclusion.SOUND, before) == datetime(2026, 3, 4, 18, 30, tzinfo=UTC)
    for conclusion, soon in AGAIN.items():
        assert next_run(conclusion, morning) == morning + soon
    assert max(AGAIN.values()) < timedelta(hours=1)
    assert timedelta(hours=25) < FRESH


def test_a_night_makes_one_run_whoever_has_the_turn(house):
    house.clock.now = datetime(2026, 3, 5, 18, 0, tzinfo=UTC)
    (_, watch), (_, other) = house.process(), house.process()
    watch.run_all()

    def runs():
        return house.twin.acts

    before = runs()
    for one in (watch, other):
        one.run_due()
    assert runs() == before, "not due yet"
    house.later(hours=1)
    watch.run_due()
    after = runs()
    assert after > before
    other.run_due()
    assert runs() == after


def test_a_process_stops_in_the_middle_of_a_run(house):
    gate, watch = house.process()
    entered, go_on = Event(), Event()
    real = house.twin.put

    def slow(*given, **more):
        entered.set()
        go_on.wait(10)
        return real(*given, **more)

    house.twin.put = slow
    watch.start()
    assert entered.wait(10)
    Timer(0.1, go_on.set).start()
    watch.stop()
    assert not watch._thread.is_alive()
    with house.transactions.read() as conn:
        assert check_rows.latest(conn, house.twin.store) is None
    unknown(gate)


def test_reports_are_kept_bounded_and_by_file(house):
    for _ in range(check_rows.KEPT + 5):
        house.later(minutes=1)
        report = house.check().run()
    with house.transactions.read() as conn:
        kept = conn.exec_driver_sql("SELECT count(*) FROM storage_checks").scalar()
        newest = check_rows.latest(conn, house.twin.store)
    assert kept == check_rows.KEPT
    assert newest.conclusion == report.conclusion and newest.process == "worker-1"
    on_disk = json.loads((house.folder / "storage-check.json").read_text("utf-8"))
    assert on_disk == newest.report
    assert on_disk["schema"] == "antin.storage-check/1"
    assert [path.name for path in house.folder.glob("*.part")] == []


def test_elders_are_handed_from_run_to_run(house):
    house.check().run()
    house.later(hours=23)
    house.twin.weak.add(Weakness.CLEANS_UP_LOCKED)
    house.twin.overnight()
    report = house.check("worker-2").run()
    assert [found.id for found in report.failing()] == ["overnight"]


def begin(house, store):
    key = Ed25519LogKey.generate("log.example/log")
    return deployment.claim(store, house.transactions.write, key.vkey, house.clock())


def test_a_store_of_another_installation_stops_archiving(house):
    begin(house, house.store)
    assert house.check().run().conclusion is Conclusion.SOUND
    with house.transactions.read() as conn:
        mine = deployment_of(conn)
    there = deployment.encode(replace(mine, id="another-id"))
    house.store.overwrite(keys.DEPLOYMENT, there)
    gate, watch = house.process()
    watch.run_all()
    refusal = stopped(gate)
    assert gate.state().failing == ("deployment",) and "An Tín khác" in refusal.text("vi")
    house.store.overwrite(keys.DEPLOYMENT, b"{}")
    (found,) = house.check().run().failing()
    assert found.id == "deployment" and found.detail == DAMAGED


def test_a_new_database_beside_an_old_store_is_refused(house, tmp_path):
    other = House(f"sqlite:///{tmp_path / 'other.sqlite3'}", tmp_path, house.clock)
    begin(other, house.store)
    other.transactions.close()
    (found,) = house.check().run().failing()
    assert found.id == "deployment" and NEW not in found.sentence.en


def test_a_second_store_that_does_not_keep_its_locks_is_told_on_the_health_page(house):
    gate, watch = house.process()
    services = SimpleNamespace(transactions=house.transactions, clock=house.clock, second_gate=gate)
    watch.run_all()
    assert watch_health.second(services)["state"] == "ok"
    house.twin.weak.add(Weakness.BULK_DELETES)
    watch.run_all()
    part = watch_health.second(services)
    assert (part["state"], part["failing"]) == ("failing", ["delete-bulk"])
    assert part["alarms"][0]["reason"] == "watch.second-locks"
    assert "bulk" in part["alarms"][0]["text"]["en"]
    house.twin.weak.clear()
    watch.run_all()
    assert watch_health.second(services)["state"] == "ok"
