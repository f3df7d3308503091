"""What only the directory store promises: the disk, its modes, its power cuts, its damage."""

from __future__ import annotations

import errno
import json
import stat
import threading
from datetime import timedelta
from hashlib import sha256

import psutil
import pytest

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.disk import Disk
from archive.storage.readback import check_object
from tests.archive.log.house import NOW, UNTIL
from tests.archive.storage.power import CutDisk, PowerCut, every_file

KEY = "documents/0198/a.pdf"
DATA = b"the decision"
DIGEST = sha256(DATA).hexdigest()


def make(root, disk=None):
    return DirectoryStore(root, clock=lambda: NOW, disk=disk)


def test_production_refuses_it(tmp_path):
    with pytest.raises(StorageRefused) as caught:
        DirectoryStore(tmp_path, clock=lambda: NOW, production=True)
    assert caught.value.id == "archive.directory-in-production"


def test_objects_are_read_only_and_have_their_lock_beside(tmp_path):
    make(tmp_path).put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    path = tmp_path / "objects" / KEY
    lock = path.with_name("a.pdf.lock")
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(lock.stat().st_mode) == 0o444
    assert json.loads(lock.read_text()) == {
        "schema": "antin.lock/1",
        "key": KEY,
        "sha256": DIGEST,
        "size": len(DATA),
        "retain_until": UNTIL.isoformat(),
        "mode": "COMPLIANCE",
        "hold": False,
    }
    assert not list((tmp_path / "parts").iterdir())


def test_what_the_disk_does_not_give_is_no_answer_and_no_error_of_its_own(tmp_path):
    """An error of the disk; here a directory is where the lock was."""
    store = make(tmp_path)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    path = tmp_path / "objects" / f"{KEY}.lock"
    path.unlink()
    path.mkdir()
    for act in (store.head, store.read, lambda key: store.extend_retention(key, UNTIL)):
        with pytest.raises(ArchiveUnavailable, match="documents/0198"):
            act(KEY)
    with pytest.raises(ArchiveUnavailable):
        check_object(store, KEY, sha256=DIGEST)


@pytest.mark.parametrize("lock", [None, b"", b"{}", b"[]", b"\xff", b'{"schema": "antin.lock/1"}'])
def test_a_lost_or_broken_lock_never_unlocks(tmp_path, lock):
    store = make(tmp_path)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    path = tmp_path / "objects" / f"{KEY}.lock"
    path.unlink()
    if lock is not None:
        path.write_bytes(lock)
    with pytest.raises(ArchiveDamaged):
        store.head(KEY)
    with pytest.raises(ArchiveDamaged):
        store.delete(KEY)
    assert store.open(KEY).read() == DATA


def test_a_lock_copied_from_another_object_is_noticed(tmp_path):
    store = make(tmp_path)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    store.put("documents/b", DATA, sha256=DIGEST)
    (tmp_path / "objects" / f"{KEY}.lock").unlink()
    (tmp_path / "objects/documents/b.lock").rename(tmp_path / "objects" / f"{KEY}.lock")
    with pytest.raises(ArchiveDamaged):
        store.delete(KEY)


def test_rotten_bytes_are_noticed_on_reading_back(tmp_path):
    store = make(tmp_path)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    path = tmp_path / "objects" / KEY
    path.unlink()
    path.write_bytes(DATA[:-1] + b"X")
    with pytest.raises(ArchiveDamaged):
        check_object(store, KEY, sha256=DIGEST)


class FullDisk(Disk):
    def create(self, *_):
        raise OSError(errno.ENOSPC, "no space")


def test_a_full_disk_is_unavailable_and_leaves_nothing(tmp_path):
    store = make(tmp_path, FullDisk())
    with pytest.raises(ArchiveUnavailable):
        store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    with pytest.raises(ArchiveUnavailable):
        store.put_mutable(keys.CHECKPOINT, b"x")
    with pytest.raises(ArchiveUnavailable):
        store.put_work(b"x")
    assert every_file(tmp_path) == []
    make(tmp_path).put(KEY, DATA, sha256=DIGEST)


def test_many_writers_of_one_key_leave_one_object(tmp_path):
    store = make(tmp_path)
    outcomes = []

    def write(number):
        data = b"%d" % (number % 2)
        try:
            store.put(KEY, data, sha256=sha256(data).hexdigest(), retain_until=UNTIL + timedelta(days=number))
            outcomes.append(data)
        except StorageRefused:
            outcomes.append(None)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    kept = store.open(KEY).read()
    assert outcomes.count(kept) == 8 and outcomes.count(None) == 8
    assert store.head(KEY).sha256 == sha256(kept).hexdigest()
    longest = max(n for n in range(16) if b"%d" % (n % 2) == kept)
    assert store.head(KEY).retain_until == UNTIL + timedelta(days=longest)


def test_memory_does_not_grow_with_the_file(tmp_path):
    source = tmp_path / "large"
    with source.open("wb") as file:
        file.truncate(128 << 20)
    digest = sha256()
    for _ in range(128):
        digest.update(bytes(1 << 20))
    before = psutil.Process().memory_info().rss
    store = make(tmp_path / "archive")
    work = store.put_work(source)
    assert work == digest.hexdigest()
    store.put(KEY, store.work_path(work), sha256=work)
    check_object(store, KEY, sha256=work)
    assert psutil.Process().memory_info().rss - before < 16 << 20


# Power cuts. Every step × {lost, kept} × {unsynced names lost, kept}.


def _cuts(act, tmp_path, prepare=None):
    for kept in (False, True):
        for forget in ("all", "none", "oldest"):
            for at in range(1, 40):
                root = tmp_path / f"{at}-{kept}-{forget}"
                if prepare is not None:
                    prepare(make(root))
                disk = CutDisk(at, kept=kept, forget=forget)
                try:
                    act(make(root, disk))
                except PowerCut:
                    yield root
                else:
                    assert at > 3, "the act has steps"
                    break


def test_power_cut_at_every_step_of_a_put(tmp_path):
    def act(store):
        store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)

    cuts = 0
    for root in _cuts(act, tmp_path):
        store = make(root)
        store.sweep()
        cuts += 1
        stored = store.head(KEY)
        if stored is not None:  # never an object without its lock, never other bytes
            assert stored.retain_until == UNTIL and store.open(KEY).read() == DATA
        act(store)
        check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL)
        assert [f for f in every_file(root) if "/parts/" in f] == []
    assert cuts > 40


def test_power_cut_and_other_bytes_afterwards(tmp_path):
    """A put that was never reported does not block its key, unless its bytes got there."""

    def act(store):
        store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)

    other = b"another decision"
    for root in _cuts(act, tmp_path):
        store = make(root)
        if store.head(KEY) is None:
            store.put(KEY, other, sha256=sha256(other).hexdigest())
            check_object(store, KEY, sha256=sha256(other).hexdigest())


def test_power_cut_at_every_step_of_extending(tmp_path):
    later = UNTIL + timedelta(days=30)

    def prepare(store):
        store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)

    for root in _cuts(lambda store: store.extend_retention(KEY, later), tmp_path, prepare):
        store = make(root)
        assert store.head(KEY).retain_until in (UNTIL, later)
        assert store.extend_retention(KEY, later).retain_until == later


def test_power_cut_at_every_step_of_replacing_the_checkpoint(tmp_path):
    def prepare(store):
        store.put_mutable(keys.CHECKPOINT, b"old")

    for root in _cuts(lambda store: store.put_mutable(keys.CHECKPOINT, b"new"), tmp_path, prepare):
        assert make(root).open(keys.CHECKPOINT).read() in (b"old", b"new")


def test_power_cut_at_every_step_of_deleting(tmp_path):
    def prepare(store):
        store.put(KEY, DATA, sha256=DIGEST)

    for root in _cuts(lambda store: store.delete(KEY), tmp_path, prepare):
        store = make(root)
        store.put(KEY, DATA, sha256=DIGEST)
        check_object(store, KEY, sha256=DIGEST)
        store.delete(KEY)
        assert store.head(KEY) is None


def test_power_cut_at_every_step_of_keeping_work(tmp_path):
    for root in _cuts(lambda store: store.put_work(DATA), tmp_path):
        store = make(root)
        store.sweep()
        assert store.put_work(DATA) == DIGEST
        assert store.work_path(DIGEST).read_bytes() == DATA
        assert [f for f in every_file(root) if f.endswith(".part")] == []


ROTTEN = b"the decisiom"


def rot(root, data=ROTTEN):
    path = root / "objects" / KEY
    path.chmod(0o644)
    path.write_bytes(data)


def evidence(root):
    return [path.read_bytes() for path in (root / "damaged").iterdir()]


def repair(store, until=UNTIL):
    return store.replace_damaged(KEY, DATA, sha256=DIGEST, retain_until=until)


def test_a_repair_moves_the_damaged_bytes_aside_and_keeps_lock_and_hold(tmp_path):
    store, later = make(tmp_path), UNTIL + timedelta(days=9)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=later)
    store.set_hold(KEY, True)
    rot(tmp_path)
    assert repair(store) == store.head(KEY)
    check_object(store, KEY, sha256=DIGEST, retain_until=later)
    assert store.head(KEY).hold
    assert evidence(tmp_path) == [ROTTEN]
    repair(store)
    assert evidence(tmp_path) == [ROTTEN]


def test_a_broken_lock_file_is_evidence_too(tmp_path):
    store = make(tmp_path)
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    lock = tmp_path / "objects" / f"{KEY}.lock"
    lock.unlink()
    lock.write_bytes(b"{}")
    repair(store)
    check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL)
    assert evidence(tmp_path) == [b"{}"]


def test_power_cut_at_every_step_of_a_repair(tmp_path):
    def prepare(store):
        store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
        rot(store._objects.parent)

    for root in _cuts(repair, tmp_path, prepare):
        store = make(root)
        store.sweep()
        assert (root / "objects" / KEY).exists() or ROTTEN in evidence(root)
        repair(store)
        check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL)
        assert set(evidence(root)) == {ROTTEN}


@pytest.mark.parametrize("forget", ["all", "oldest"])
def test_what_returned_outlives_a_power_cut(tmp_path, forget):
    """The cut comes after the act reported success."""
    later = UNTIL + timedelta(days=30)

    def after(act):
        disk = CutDisk(forget=forget)
        act(make(tmp_path, disk))
        disk.cut()
        return make(tmp_path)

    store = after(lambda store: store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL))
    check_object(store, KEY, sha256=DIGEST, retain_until=UNTIL)
    store = after(lambda store: store.extend_retention(KEY, later))
    assert store.head(KEY).retain_until == later
    store = after(lambda store: store.put_mutable(keys.CHECKPOINT, b"new"))
    assert store.open(keys.CHECKPOINT).read() == b"new"
    store = after(lambda store: store.put_work(DATA))
    assert store.work_path(DIGEST).read_bytes() == DATA
    after(lambda store: store.put("documents/unlocked", DATA, sha256=DIGEST))
    store = after(lambda store: store.delete("documents/unlocked"))
    assert store.head("documents/unlocked") is None


def test_a_repeated_put_makes_durable_what_the_first_left_open(tmp_path):
    """The first put was cut just before its last sync and its name survived; the second may not skip it."""
    disk = CutDisk()
    make(tmp_path, disk).put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    again = CutDisk(forget="all")
    store = make(tmp_path, again)
    steps_before = again.steps
    store.put(KEY, DATA, sha256=DIGEST, retain_until=UNTIL)
    assert again.steps > steps_before and again.undo == []


# The work area.


def test_work_is_kept_by_digest_and_forgotten_on_demand(tmp_path):
    store = make(tmp_path)
    assert store.put_work(DATA) == store.put_work(DATA) == DIGEST
    assert store.work_path(DIGEST).read_bytes() == DATA
    store.remove_work(DIGEST)
    store.remove_work(DIGEST)
    with pytest.raises(StorageRefused):
        store.work_path(DIGEST)


@pytest.mark.parametrize("sha256", ["", "../" * 5 + "etc/passwd", DIGEST.upper(), DIGEST + "0"])
def test_work_knows_only_digests(tmp_path, sha256):
    store = make(tmp_path)
    for call in (store.work_path, store.remove_work):
        with pytest.raises(StorageRefused):
            call(sha256)


def _extended(store):
    return store.extend_work(store.put_work(DATA), b"tail")


def test_work_is_extended_under_its_new_digest(tmp_path):
    store = make(tmp_path / "s")
    longer = _extended(store)
    assert longer == sha256(DATA + b"tail").hexdigest()
    assert store.work_path(longer).read_bytes() == DATA + b"tail"
    size, state = store.hashed_work(longer)
    assert (size, state.hexdigest()) == (len(DATA) + 4, longer)
    assert store.extend_work(longer, b"") == longer


def test_a_power_cut_while_work_is_extended_leaves_it_whole_or_not_there(tmp_path):
    for root in _cuts(_extended, tmp_path):
        store = make(root)
        store.sweep()
        assert _extended(store) == sha256(DATA + b"tail").hexdigest()
        assert store.work_path(_extended(store)).read_bytes() == DATA + b"tail"


def test_bytes_are_hashed_once_and_again_when_somebody_wrote_to_them(tmp_path, monkeypatch):
    store = make(tmp_path / "s")
    digest = store.put_work(DATA)
    path = store.work_path(digest)
    with monkeypatch.context() as patched:
        patched.setattr("archive.storage.work.copy_into", None)  # nothing is read
        assert store.hashed_work(digest).state.hexdigest() == digest
    path.chmod(0o600)
    path.write_bytes(DATA[:-1] + b"?")
    for act in (store.hashed_work, lambda found: store.extend_work(found, b"tail")):
        with pytest.raises(ArchiveDamaged):
            act(digest)
    path.write_bytes(DATA)
    assert store.hashed_work(digest).size == len(DATA)
    again = make(tmp_path / "s")  # another process: hashed when it is asked for
    assert again.hashed_work(digest).state.hexdigest() == digest
