"""What was seen of the log elsewhere binds a rebuild as it binds a start: before anything is written."""

from __future__ import annotations

import pytest

from api import rebuilding
from api.rebuilding import Bench
from api.settings import Settings
from archive.catalogue import rebuild_rows
from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogBehind
from archive.log.checkpoint import Checkpoint, sign_checkpoint
from archive.rebuild import documents
from archive.storage import keys
from archive.storage.memory import MemoryStore
from tests.api.test_witnesses import KEY, Silent, Watcher, agency, copied, emptied, make, now, round_of

__all__ = ["agency", "make"]  # fixtures


def rebuild(agency, store, *watchers, source="first", second=None, **settings):
    stores = {"first": store, **({"second": second} if second is not None else {})}
    given = Settings(data_dir=agency.folder, **settings)
    bench = Bench(given, agency.transactions, stores, KEY, now, watchers)
    return rebuilding.run(bench, source, "test", quick=False, progress=lambda *_: None)


def untouched(agency):
    with agency.transactions.read() as conn:
        return rebuild_rows.current(conn) is None and rebuild_rows.filled(conn) == []


@pytest.fixture
def lost(agency, make):
    """(the store of the day before, the newest store, a witness that saw it); the catalogue is gone."""
    watcher = make()
    proofs = agency.proofs(watcher)
    agency.grow(5, proofs)
    older = copied(agency.store)
    head = agency.grow(2, proofs)
    round_of(proofs)
    newest = agency.store
    emptied(agency)
    return older, newest, watcher, head


def test_a_store_behind_a_head_in_a_file(agency, lost, tmp_path):
    older, newest, _, head = lost
    path = tmp_path / "seen"
    path.write_bytes(head.note)
    with pytest.raises(LogBehind, match=f"ends at 5 leaves, 7 were signed \\(in {path}\\).*read the store"):
        rebuild(agency, older, known_checkpoints=(path,))
    assert untouched(agency)
    assert rebuild(agency, newest, known_checkpoints=(path,)).rebuild.size == 7


def test_a_store_behind_the_other_one(agency, lost):
    older, newest, _, _ = lost
    with pytest.raises(LogBehind, match=r"7 were signed \(the second store\)"):
        rebuild(agency, older, second=newest)
    with pytest.raises(LogBehind, match=r"7 were signed \(the first store\)"):
        rebuild(agency, newest, second=older, source="second")
    assert untouched(agency)
    assert rebuild(agency, older, second=newest, source="second").rebuild.size == 7


def test_a_store_behind_a_witness(agency, lost):
    older, newest, watcher, _ = lost
    with pytest.raises(LogBehind, match=r"7 were signed \(the witness w\.example\)"):
        rebuild(agency, older, watcher)
    assert untouched(agency)
    assert rebuild(agency, newest, watcher).rebuild.size == 7


class Mute(Silent):
    """It cosigns, and shows no head."""

    def __init__(self, inner):
        super().__init__(inner)
        self.silent = False

    def head(self, _origin):
        return None


def test_a_witness_that_shows_no_head_is_compared_with_the_store(agency, lost):
    older, newest, watcher, _ = lost
    mute = Watcher(watcher.key, Mute(watcher.witness))
    with pytest.raises(LogBehind, match=r"it cosigned 7 leaves, 5 are here"):
        rebuild(agency, older, mute)
    assert untouched(agency)
    assert rebuild(agency, newest, mute).rebuild.size == 7


def test_another_history_of_the_same_or_a_smaller_size(agency, lost, tmp_path):
    _, newest, _, _ = lost
    path = tmp_path / "seen"
    for size in (7, 3):
        path.write_bytes(sign_checkpoint(Checkpoint(KEY.name, size, bytes(32)), KEY))
        with pytest.raises(ArchiveDamaged, match=f"do not lead to the root signed at {size}"):
            rebuild(agency, newest, known_checkpoints=(path,))
        assert untouched(agency)


class Stopped(Exception):
    """The process dies here."""


@pytest.fixture
def stopped(agency, lost, monkeypatch):
    """The store of a rebuild that died when the leaves were rows."""

    def dying(*_arguments, **_given):
        raise Stopped

    _, newest, _, _ = lost
    with monkeypatch.context() as patched:
        patched.setattr(documents, "gathered", dying)
        with pytest.raises(Stopped):
            rebuild(agency, newest)
    return newest


def stage(agency):
    with agency.transactions.read() as conn:
        return rebuild_rows.current(conn).stage


@pytest.mark.parametrize("size", [7, 3])
def test_another_history_seen_when_a_rebuild_goes_on(agency, stopped, tmp_path, size):
    path = tmp_path / "seen"
    path.write_bytes(sign_checkpoint(Checkpoint(KEY.name, size, bytes(32)), KEY))
    with pytest.raises(ArchiveDamaged, match=f"do not lead to the root signed at {size}"):
        rebuild(agency, stopped, known_checkpoints=(path,))
    assert stage(agency) == "documents"
    assert rebuild(agency, stopped).rebuild.finished_at is not None


@pytest.mark.parametrize("size", [7, 3])
def test_another_history_in_the_other_store_when_a_rebuild_goes_on(agency, stopped, size):
    other = MemoryStore(clock=now)
    note = sign_checkpoint(Checkpoint(KEY.name, size, bytes(32)), KEY)
    other.put_mutable(keys.CHECKPOINT, note)
    with pytest.raises(ArchiveDamaged, match=f"do not lead to the root signed at {size}"):
        rebuild(agency, stopped, second=other)
    assert stage(agency) == "documents"


def test_what_was_seen_before_is_no_reason_not_to_go_on(agency, stopped, lost):
    older, _, watcher, _ = lost
    assert rebuild(agency, stopped, watcher, second=older).rebuild.size == 7


def test_the_first_store_may_be_gone_the_second_must_answer(agency, lost, monkeypatch):
    _, newest, _, _ = lost
    gone = MemoryStore(clock=now)

    def silent(*_arguments):
        raise ArchiveUnavailable("it is away")

    monkeypatch.setattr(gone, "list", silent)
    with pytest.raises(ArchiveUnavailable):
        rebuild(agency, newest, second=gone)
    assert untouched(agency)
    assert rebuild(agency, gone, second=newest, source="second").rebuild.size == 7
