"""Every durable step of the log × {lost, kept though reported lost, …}: restarted, no leaf is lost or twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict, ProofRefused
from archive.log.checkpoint import open_checkpoint
from archive.log.merkle import verify_consistency
from archive.log.note import VerifierKey
from archive.log.proofs import ProofMaker
from archive.log.reader import TileReader, checkpoint_at, published_checkpoint
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import Fault
from tests.archive.catalogue_fixtures import open_catalogue
from tests.archive.log.house import NOW, House
from tests.archive.log.naive import naive_root
from tests.archive.storage.power import CutDisk, PowerCut
from tests.service import PATIENCE

BEFORE, MORE = 250, 20  # the batch in danger crosses the edge of a tile
REPORTED_LOST = (Fault.LOST, Fault.KEPT)


def grown(store=None):
    house = House(store)
    house.fill(BEFORE)
    house.sequencer().run_once()
    house.fill(MORE, BEFORE)
    return house


def entries_in_order(house):
    """Every leaf has one index, the indices are contiguous."""
    rows = house.catalogue._rows
    assert sorted(rows.places.values()) == list(range(len(rows.entries))) and not rows.waiting
    return [rows.entries[leaf_id] for _, leaf_id in sorted(rows.indices.items())]


def check_log(house, seen=()):
    """The shown head covers every leaf exactly once, continues what was seen, and its proofs hold."""
    entries = entries_in_order(house)
    head = house.head()
    assert head.size == len(entries) == len(set(entries)) and head.root == naive_root(entries)
    reader = house.reader()
    assert [reader.entry(i, head.size) for i in range(head.size)] == entries
    maker = ProofMaker(reader, head)
    for index, entry in enumerate(entries):
        maker.inclusion(index, entry)
    for older in seen:
        verify_consistency(older.size, older.root, head.size, head.root, maker.consistency(older))
    assert checkpoint_at(house.store, head.size, house.verifier).note == head.note


def run_until_quiet(sequencer):
    for _ in range(5):
        try:
            if not sequencer.run_once().assigned:
                return
        except ArchiveUnavailable:
            continue
    raise AssertionError("the sequencer does not come to rest")


def writes_of_a_batch():
    house = grown()
    sequencer = house.sequencer()
    before = house.store.writes
    sequencer.run_once()
    return house.store.writes - before


STEPS = writes_of_a_batch()


@pytest.mark.parametrize("restart", [True, False], ids=["restarted", "going on"])
@pytest.mark.parametrize("fault", REPORTED_LOST)
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_store_write(step, fault, restart):
    house = grown()
    seen = [house.head()]
    sequencer = house.sequencer()
    house.store.fail_at(step, fault)
    with pytest.raises(ArchiveUnavailable):
        sequencer.run_once()
    seen.append(house.head())
    run_until_quiet(house.sequencer() if restart else sequencer)
    check_log(house, seen)


def test_the_matrix_covers_every_kind_of_write():
    assert (
        STEPS == 6
    )  # the checkpoint before once more; tile, bundle, level 1, locked checkpoint, shown checkpoint


@pytest.mark.parametrize("restart", [True, False], ids=["restarted", "going on"])
@pytest.mark.parametrize("fault", REPORTED_LOST)
def test_database_commit(fault, restart):
    house = grown()
    sequencer = house.sequencer()
    sequencer.run_once()
    house.fill(MORE, BEFORE + MORE)
    seen = [house.head()]
    house.catalogue.fail_at(1, fault)
    with pytest.raises(ArchiveUnavailable):
        sequencer.run_once()
    assert house.head() == seen[0], "nothing is shown that is not known to be committed"
    run_until_quiet(house.sequencer() if restart else sequencer)
    check_log(house, seen)


def test_a_commit_reported_lost_is_announced_when_it_turns_out_kept():
    house = House()
    sequencer = house.sequencer()
    sequencer.run_once()
    house.fill(3)
    house.catalogue.fail_at(1, Fault.KEPT)
    with pytest.raises(ArchiveUnavailable):
        sequencer.run_once()
    assert sequencer.run_once().assigned == {"leaf-0": 0, "leaf-1": 1, "leaf-2": 2}


@pytest.mark.parametrize("first", REPORTED_LOST)
@pytest.mark.parametrize("second", REPORTED_LOST)
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_the_recovery_fails_too(step, first, second):
    """Two crashes in a row, the second at each write of the recovery of the first."""
    house = grown()
    house.store.fail_at(2, first)
    with pytest.raises(ArchiveUnavailable):
        house.sequencer().run_once()
    house.store.fail_at(step, second)
    with suppress(ArchiveUnavailable):
        house.sequencer().run_once()
    house.store._faults.clear()
    run_until_quiet(house.sequencer())
    check_log(house)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_store_write_twice(step):
    house = grown()
    house.store.fail_at(step, Fault.DUPLICATED)
    run_until_quiet(house.sequencer())
    check_log(house)


@pytest.mark.parametrize("fault", [Fault.LATE, Fault.SWALLOWED])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_store_that_says_done_and_is_not(step, fault):
    """What is not seen on reading back is not believed; no receipt until it is."""
    house = grown()
    house.store.fail_at(step, fault)
    try:
        house.sequencer().run_once()
    except ArchiveUnavailable:
        assert house.head().size == BEFORE
        house.store.settle()
    run_until_quiet(house.sequencer())
    house.store.settle()
    check_log(house)


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_store_that_spoils_what_it_writes(step):
    """Read back, the bytes differ: the log stops, and shows nothing that rests on them."""
    house = grown()
    house.store.fail_at(step, Fault.SPOILED)
    with suppress(ArchiveDamaged, LogConflict):
        house.sequencer().run_once()
        assert house.head().size == BEFORE + MORE  # only a deletion cannot be spoiled
        check_log(house)
        return
    with suppress(ProofRefused):  # the spoiled object is the shown checkpoint itself
        assert house.head().size == BEFORE


@pytest.mark.parametrize("other", ["publishes", "publishes and goes on"])
@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_another_sequencer_takes_over_in_the_middle(step, other):
    """A sequencer freezes before a write; a second one does its work; the first wakes up and continues."""
    house = grown()
    frozen = house.sequencer()
    taken = []
    write = house.store._write

    def freeze(effect, answer, key):
        if house.store.writes + 1 == at and not taken:
            taken.append(True)
            second = house.sequencer()
            run_until_quiet(second)
            if other == "publishes and goes on":
                house.fill(300, BEFORE + MORE)
                run_until_quiet(second)
        return write(effect, answer, key)

    at = house.store.writes + step
    house.store._write = freeze
    with suppress(ArchiveUnavailable):
        frozen.run_once()
    assert taken
    house.store._write = write
    run_until_quiet(frozen)
    check_log(house)


def test_a_restarted_sequencer_never_signs_a_fork():
    """All notes ever seen for one size are the same note."""
    house = grown()
    notes = {}
    for step in range(1, STEPS + 1):
        house.store.fail_at(step, Fault.KEPT if step % 2 else Fault.LOST)
        house.fill(3, BEFORE + MORE + 3 * step)
        with suppress(ArchiveUnavailable):
            house.sequencer().run_once()
        house.store._faults.clear()
        for key in house.store.list(keys.CHECKPOINTS):
            note = house.store.open(key).read()
            assert notes.setdefault(keys.checkpoint_size(key), note) == note
    run_until_quiet(house.sequencer())
    check_log(house, [open_checkpoint(note, house.verifier) for note in notes.values()])


# The directory store under the same log: the power is cut at every step of the disk.


@pytest.mark.parametrize(
    ("kept", "forget"), [(False, "all"), (True, "all"), (True, "oldest"), (False, "none")]
)
def test_power_cut_at_every_fifth_step_of_a_batch(tmp_path, kept, forget):
    at = cuts = 0
    while True:
        at += 5
        root = tmp_path / str(at)
        house = House(DirectoryStore(root, clock=lambda: NOW))
        house.fill(254)
        house.sequencer().run_once()
        house.fill(4, 254)
        house.store = DirectoryStore(root, clock=lambda: NOW, disk=CutDisk(at, kept=kept, forget=forget))
        try:
            house.sequencer().run_once()
        except PowerCut:
            cuts += 1
        finished = cuts * 5 < at
        house.store = DirectoryStore(root, clock=lambda: NOW)
        house.store.sweep()
        run_until_quiet(house.sequencer())
        entries, head = entries_in_order(house), house.head()
        assert head.size == 258 and head.root == naive_root(entries)
        if finished:
            assert cuts > 9
            return


# The real thing: a process with SQLite and the directory store, killed at random moments.

WORKER = Path(__file__).with_name("log_worker.py")


def start_worker(root, *url):
    return subprocess.Popen([sys.executable, str(WORKER), str(root), *url], stdout=subprocess.PIPE, text=True)


@pytest.fixture(params=["two tables in SQLite", "the product's catalogue on PostgreSQL"])
def rows(request, tmp_path):
    """What the worker is given as its catalogue, and how the leaves of it are read."""
    if request.param.startswith("two"):
        url, place = [], create_engine(f"sqlite:///{tmp_path / 'catalogue.db'}")
    else:
        url = [request.getfixturevalue("postgres_database")]
        open_catalogue(tmp_path, *url).close()
        place = create_engine(*url)

    def read(size):
        query = text("SELECT id, entry, log_index FROM leaves WHERE log_index < :size")
        with place.connect() as conn:
            return conn.execute(query, {"size": size}).all()

    yield url, read
    place.dispose()


def test_kill_dash_nine_again_and_again(tmp_path, rows):
    """The worker submits and sequences as fast as it can; each life ends by SIGKILL."""
    url, read = rows
    promised = {}
    for life in range(8):
        worker = start_worker(tmp_path, *url)
        lines = []
        deadline = time.monotonic() + PATIENCE
        while len(lines) < 40 + 7 * life and time.monotonic() < deadline:
            lines.append(worker.stdout.readline())
        worker.send_signal(signal.SIGKILL)
        rest = worker.stdout.read()
        worker.wait()
        assert worker.returncode == -signal.SIGKILL, rest
        for line in [*lines, *rest.splitlines()]:
            parts = line.split()
            if len(parts) == 3 and parts[0] == "receipt":
                leaf_id, index = parts[1], int(parts[2])
                assert promised.setdefault(leaf_id, index) == index
    last = start_worker(tmp_path, *url)
    while not last.stdout.readline().startswith("receipt"):
        pass
    last.kill()
    last.wait()
    assert len(promised) > 200 and len(set(promised.values())) == len(promised)

    store = DirectoryStore(tmp_path / "archive", clock=lambda: NOW)
    head = published_checkpoint(store, VerifierKey.parse((tmp_path / "log.vkey").read_text()))
    by_index = {index: (leaf_id, entry) for leaf_id, entry, index in read(head.size)}
    reader = TileReader(store, lambda start, stop: [by_index[i][1] for i in range(start, stop)])
    assert sorted(by_index) == list(range(head.size))
    for leaf_id, index in promised.items():
        assert by_index[index][0] == leaf_id
    for index, (_, entry) in by_index.items():
        assert reader.entry(index, head.size) == entry
    maker = ProofMaker(reader, head)
    for index in range(0, head.size, 17):
        maker.inclusion(index, by_index[index][1])
    sizes = [keys.checkpoint_size(key) for key in store.list(keys.CHECKPOINTS)]
    key = VerifierKey.parse((tmp_path / "log.vkey").read_text())
    for size in sizes[:: max(1, len(sizes) // 40)]:
        if size <= head.size:
            maker.consistency(checkpoint_at(store, size, key))


def test_damage_does_not_come_back_by_restarting():
    house = grown()
    house.sequencer().run_once()
    house.store.flip("log/tile/1/000.p/1")
    for _ in range(3):
        with pytest.raises(ArchiveDamaged):
            house.sequencer().run_once()
