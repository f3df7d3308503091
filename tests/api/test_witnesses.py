"""What binds the start of the log: a second store, files, rows, witnesses. The catalogue is on either engine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from api import migrations, witnessing
from api.proofs import Proofs
from api.settings import Settings, SettingsError
from api.transactions import Transactions
from archive.catalogue import log_rows, witness_rows
from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogBehind
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.log.cosignature import Ed25519WitnessKey, WitnessKey
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.storage.memory import MemoryStore
from archive.storage.work import WorkDirectory
from archive.witness.state import WitnessState
from archive.witness.witness import WatchedLog, Witness
from archive.witnessing import Watcher
from benchmarks.log import _leaf
from tests.archive.log.house import NOW

KEY = Ed25519LogKey.generate("two.example/log")
CLOCK = [NOW]


def now():
    return CLOCK[0]


class Agency:
    """One archive's log: catalogue, store, second store; what witnesses and files there are is said at each opening."""

    def __init__(self, folder, url):
        self.folder, self.url = folder, url
        self.transactions = Transactions(url)
        migrations.upgrade(self.transactions.engine)
        self.store, self.second = MemoryStore(clock=now), MemoryStore(clock=now)
        self.opened = []

    def proofs(self, *watchers, second=None, **settings):
        given = Settings(data_dir=self.folder, **settings)
        others = {"the second store": second} if second is not None else {}
        work = WorkDirectory(self.folder / "work")
        found = Proofs(
            self.transactions,
            self.store,
            work,
            KEY,
            now,
            watchers=watchers,
            others=others,
            settings=given,
        )
        self.opened.append(found)
        return found

    def grow(self, count, proofs):
        with self.transactions.write() as conn:
            for _ in range(count):
                log_rows.insert_leaf(conn, _leaf())
        return proofs.sequencer.run_once().head

    def close(self):
        for each in self.opened:
            each.close()
        self.transactions.close()


@pytest.fixture
def agency(tmp_path, database):
    CLOCK[0] = NOW
    found = Agency(tmp_path, database)
    yield found
    found.close()


@pytest.fixture
def make(tmp_path):
    made = []

    def watcher(name="w.example"):
        key = Ed25519WitnessKey.generate(name)
        logs = [WatchedLog(KEY.name, (VerifierKey.parse(KEY.vkey),))]
        witness = Witness(key, WitnessState(tmp_path / name), logs, now)
        made.append(witness)
        return Watcher(WitnessKey.parse(key.vkey), witness)

    yield watcher
    for witness in made:
        witness.close()


class Silent:
    """A witness that does not answer until it does."""

    def __init__(self, inner):
        self.inner, self.silent = inner, True

    def __getattr__(self, name):
        def call(*arguments):
            if self.silent:
                raise ArchiveUnavailable("silent")
            return getattr(self.inner, name)(*arguments)

        return call


def copied(store):
    """A second store with the log of the first."""
    other = MemoryStore(clock=now)
    other._objects = dict(store._objects)
    return other


def emptied(agency):
    """Catalogue and store as they were before the first leaf."""
    agency.store = MemoryStore(clock=now)
    with agency.transactions.write() as conn:
        conn.exec_driver_sql("DELETE FROM leaves")
        conn.exec_driver_sql("DELETE FROM checkpoint")
        conn.exec_driver_sql("DELETE FROM witnesses")


# The second store.


def test_the_log_does_not_start_behind_the_second_store(agency):
    proofs = agency.proofs()
    head = agency.grow(5, proofs)
    second = copied(agency.store)
    agency.proofs(second=second).recover()
    emptied(agency)
    with pytest.raises(LogBehind, match=r"ends at 0 leaves, 5 were signed \(the second store\)"):
        agency.proofs(second=second).recover()
    assert head.size == 5


def test_a_second_store_with_another_history_is_refused(agency):
    agency.grow(5, agency.proofs())
    other = MemoryStore(clock=now)
    note = sign_checkpoint(Checkpoint(KEY.name, 3, bytes(32)), KEY)
    other.put_mutable("log/checkpoint", note)
    with pytest.raises(LogBehind, match="the second store has another history at 3"):
        agency.proofs(second=other).recover()


@pytest.mark.parametrize("place", ["log/checkpoint", "a cosigned head"])
def test_a_head_that_nobody_signed_is_damage(agency, make, place):
    watcher = make()
    proofs = agency.proofs(watcher)
    agency.grow(5, proofs)
    round_of(proofs)
    second = copied(agency.store)
    forged = sign_checkpoint(Checkpoint(KEY.name, 5, bytes(32)), Ed25519LogKey.generate(KEY.name))
    key = place if place in second._objects else next(k for k in second._objects if "cosignatures" in k)
    second.overwrite(key, forged)
    with pytest.raises(ArchiveDamaged, match="second store is not this log's"):
        agency.proofs(watcher, second=second).recover()


def test_nothing_is_sequenced_while_the_second_store_does_not_answer(agency, monkeypatch):
    second = MemoryStore(clock=now)

    def silent(*_arguments):
        raise ArchiveUnavailable("the second store is away")

    with monkeypatch.context() as patch:
        patch.setattr(second, "list", silent)
        proofs = agency.proofs(second=second)
        proofs.recover()  # logged, and tried again in the background
        with pytest.raises(ArchiveUnavailable, match="second store is away"):
            agency.grow(2, proofs)
    assert proofs.sequencer.run_once().head.size == 2


# Files.


def test_heads_in_files_bind_the_start(agency, tmp_path):
    head = agency.grow(5, agency.proofs())
    path = tmp_path / "seen"
    path.write_bytes(head.note)
    agency.proofs(known_checkpoints=(path,)).recover()
    path.write_bytes(sign_checkpoint(Checkpoint(KEY.name, 6, bytes(32)), KEY))
    with pytest.raises(LogBehind, match=f"6 were signed \\(in {path}\\)"):
        agency.proofs(known_checkpoints=(path,)).recover()


@pytest.mark.parametrize("content", [b"", b"{}", b"[" * 5000, b'{"proof": 3}', b"c2sp.org/tlog-proof@v1\n\n"])
def test_files_without_a_head_of_this_log_are_wrong_settings(agency, tmp_path, content):
    path = tmp_path / "wrong"
    path.write_bytes(content)
    with pytest.raises(SettingsError, match="known_checkpoints"):
        agency.proofs(known_checkpoints=(path,))
    path.write_bytes(sign_checkpoint(Checkpoint(KEY.name, 6, bytes(32)), Ed25519LogKey.generate(KEY.name)))
    with pytest.raises(SettingsError, match="no checkpoint of this log"):
        agency.proofs(known_checkpoints=(path,))
    with pytest.raises(SettingsError, match="cannot be read"):
        agency.proofs(known_checkpoints=(tmp_path / "missing",))


# Witnesses.


def round_of(proofs):
    proofs.witnessing.round()
    CLOCK[0] += timedelta(minutes=1)


def test_cosigned_heads_are_found_again_in_rows_and_in_the_store(agency, make):
    watcher = make()
    proofs = agency.proofs(watcher)
    agency.grow(5, proofs)
    round_of(proofs)
    assert proofs.cosigned().head.size == 5 and proofs.cosigned(4).by[0].name == "w.example"
    assert proofs.cosigned(5) is None
    # Another process, which asks nobody: the row says it, and with the row gone the object does.
    mute = Watcher(watcher.key, Silent(watcher.witness))
    other = agency.proofs(mute)
    assert other.cosigned().head.size == 5
    second = copied(agency.store)
    emptied(agency)
    for name in list(second._objects):
        if "cosignatures" not in name:
            second.vanish(name)
    with pytest.raises(LogBehind, match=r"cosigned by w.example, the second store"):
        agency.proofs(mute, second=second).recover()


def test_a_row_that_somebody_changed_is_no_cosignature(agency, make):
    watcher = make()
    proofs = agency.proofs(watcher)
    head = agency.grow(5, proofs)
    round_of(proofs)
    with agency.transactions.write() as conn:
        witness_rows.cosigned(conn, watcher.id, 5, head.note, NOW)
    assert agency.proofs(watcher).cosigned() is None


def test_a_witness_is_asked_when_there_is_something_new_and_not_more_often(agency, make):
    watcher = make()
    calls = []
    inner = watcher.witness

    class Counting:
        def add_checkpoint(self, data):
            calls.append(now())
            return inner.add_checkpoint(data)

        def head(self, origin):
            return inner.head(origin)

        def close(self):
            """The inner one is closed by its maker."""

    proofs = agency.proofs(Watcher(watcher.key, Counting()), witness_seconds=30.0)
    proofs.witnessing.round()
    assert calls == []  # an empty log
    agency.grow(1, proofs)
    proofs.witnessing.round()
    agency.grow(1, proofs)
    proofs.witnessing.round()
    assert len(calls) == 1  # too soon
    CLOCK[0] += timedelta(seconds=31)
    proofs.witnessing.round()
    assert len(calls) == 2 and proofs.cosigned().head.size == 2
    CLOCK[0] += timedelta(minutes=20)
    proofs.witnessing.round()
    assert len(calls) == 2  # nothing new
    CLOCK[0] += timedelta(hours=1)
    proofs.witnessing.round()
    assert len(calls) == 3 and proofs.cosigned().by[0].at == now()  # still the largest


def test_of_two_processes_one_asks(agency, make):
    watcher = make()
    first, second = agency.proofs(watcher), agency.proofs(watcher)
    agency.grow(1, first)
    with agency.transactions.write() as conn:
        assert witness_rows.claim(conn, watcher.id, "w.example", now(), now() - timedelta(seconds=10))
    with agency.transactions.write() as conn:
        assert not witness_rows.claim(conn, watcher.id, "w.example", now(), now() - timedelta(seconds=10))
    second.witnessing.round()
    assert second.cosigned() is None


def test_one_that_is_silent_at_start_is_asked_later_and_then_stops_a_log_that_was_set_back(agency, make):
    watcher = make()
    proofs = agency.proofs(watcher)
    agency.grow(5, proofs)
    round_of(proofs)
    emptied(agency)
    mute = Watcher(watcher.key, Silent(watcher.witness))
    older = agency.proofs(mute)
    older.recover()
    agency.grow(2, older)
    older.witnessing.round()
    assert older.witness_rows()[0].failure == "no-answer" and older.loop.failure is None
    CLOCK[0] += timedelta(minutes=1)
    mute.witness.silent = False
    older.witnessing.round()
    with pytest.raises(ArchiveUnavailable, match="5 were signed") as caught:
        older.check_running()
    assert caught.value.reason.id == "archive.log-behind"
    # Every other process stops at its next look, and a restart needs the witness's word.
    third = agency.proofs(mute)
    third.witnessing.round()
    assert isinstance(third.loop.failure, LogBehind)
    mute.witness.silent = True
    with pytest.raises(LogBehind, match="5 were signed"):
        agency.proofs(mute).recover()


def test_a_dispute_ends_when_the_witness_agrees_at_a_start(agency, make):
    watcher = make()
    proofs = agency.proofs(watcher)
    agency.grow(5, proofs)
    round_of(proofs)
    with agency.transactions.write() as conn:
        witness_rows.dispute(conn, watcher.id, "w.example", "log: it was another one")
    again = agency.proofs(watcher)
    again.recover()
    assert again.witness_rows()[0].disputed == ""
    again.witnessing.round()
    assert again.loop.failure is None


def test_a_start_may_need_a_witness(agency, make):
    one, two = make("one.example"), make("two.example")
    silent = [Watcher(each.key, Silent(each.witness)) for each in (one, two)]
    agency.grow(1, agency.proofs())
    with pytest.raises(SettingsError, match=r"one.example, two.example"):
        agency.proofs(*silent, require_witness=True).recover()
    silent[1].witness.silent = False
    agency.proofs(*silent, require_witness=True).recover()
    agency.proofs(require_witness=False).recover()


def test_several_witnesses_of_one_head_stand_in_one_checkpoint(agency, make):
    watchers = [make(f"w{n}.example") for n in range(3)]
    proofs = agency.proofs(*watchers)
    agency.grow(5, proofs)
    round_of(proofs)
    note = proofs.head()
    assert note.count("— ".encode()) == 4
    assert [one.name for one in proofs.cosigned().by] == ["w0.example", "w1.example", "w2.example"]
    assert proofs.head(5) == note
    agency.grow(1, proofs)
    assert proofs.head().count("— ".encode()) == 1  # newer than what was cosigned


def test_the_words_of_a_failure_fit_their_column():
    assert max(map(len, (witnessing.NO_ANSWER, witnessing.REFUSES, witnessing.DAMAGED))) <= 24


def test_rows_keep_the_largest_head(agency):
    at = datetime(2026, 1, 1, tzinfo=UTC)
    with agency.transactions.write() as conn:
        assert witness_rows.claim(conn, "a" * 64, "a", at, at)
        witness_rows.cosigned(conn, "a" * 64, 7, b"seven", at)
        witness_rows.failed(conn, "a" * 64, "no-answer")
        witness_rows.cosigned(conn, "a" * 64, 6, b"six", at)
        row = witness_rows.rows(conn)["a" * 64]
    assert (row.size, row.note, row.failure, row.cosigned_at, row.asked_at) == (
        7,
        b"seven",
        "no-answer",
        at,
        at,
    )
