"""A rebuild that is stopped anywhere goes on; a publication that was cut anywhere is finished."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from archive import receipt as receipts
from archive.catalogue import rebuild_rows
from archive.errors import ArchiveRefused, ArchiveUnavailable
from archive.fsck import findings as ids
from archive.log.reader import published_checkpoint
from archive.rebuild import leaves, run
from archive.record import digest
from archive.storage import keys
from archive.storage.memory import Fault
from policies.reasons import archiving
from tests.archive.catalogue_fixtures import AT
from tests.archive.fsck.conftest import KEY, VKEY
from tests.archive.rebuild.lost import NOW, Archive
from tests.archive.rebuild.test_rebuild import SAME, shown


class Stopped(Exception):
    """The process dies here."""


@pytest.fixture(scope="module")
def whole(filled, tmp_path_factory):
    """What an undisturbed rebuild makes."""
    archive = filled.lose(tmp_path_factory.mktemp("whole"))
    archive.rebuild()
    yield archive
    archive.house.transactions.close()


@pytest.fixture
def small_steps(monkeypatch):
    monkeypatch.setattr(run, "_LEAVES_A_COMMIT", 1)
    monkeypatch.setattr(run, "_DOCUMENTS_A_COMMIT", 2)
    monkeypatch.setattr(run, "_JOURNAL_A_COMMIT", 3)


@pytest.fixture
def lost(filled, tmp_path, small_steps):
    archive = filled.lose(tmp_path / "after")
    yield archive
    archive.house.transactions.close()


def dying(archive, turn, *, after):
    """Transactions of which that one is the process's last, before or after its commit."""
    turns = iter(range(1, 1000))

    @contextmanager
    def begin():
        this = next(turns)
        with archive.house.transactions.write() as conn:
            yield conn
            if this == turn and not after:
                raise Stopped
        if this == turn and after:
            raise Stopped

    return begin


@pytest.mark.parametrize(
    "after",
    [pytest.param(False, id="before the commit"), pytest.param(True, id="after it", marks=pytest.mark.long)],
)
def test_stopped_at_every_transaction(filled, whole, small_steps, after, tmp_path):
    for turn in range(1, 100):
        lost = filled.lose(tmp_path / f"{turn}")
        try:
            lost.rebuild(begin=dying(lost, turn, after=after))
        except Stopped:
            pass
        else:
            break
        with lost.house.transactions.read() as conn:
            begun = rebuild_rows.current(conn)
        if begun is None or begun.finished_at is None:  # else its very last transaction was committed
            lost.rebuild()
        assert lost.told() == []
        for table in SAME:
            assert shown(lost, table) == shown(whole, table), (turn, table)
        assert lost.check().clean
        lost.house.transactions.close()
    assert turn > 15
    lost.house.transactions.close()


def test_what_was_told_before_a_stop_is_not_told_twice_nor_lost(lost):
    planted = keys.document_prefix(lost.issued) + "note.txt"
    lost.objects.put(planted, b"x", sha256=digest(b"x"))
    for turn in range(1, 30):
        try:
            lost.rebuild(begin=dying(lost, turn, after=False))
        except Stopped:
            continue
        break
    assert [(finding, place) for finding, place, _ in lost.told()] == [(ids.OBJECT_WITHOUT_ROW, planted)]


def test_another_store_or_another_head_does_not_go_on(lost):
    with pytest.raises(Stopped):
        lost.rebuild(begin=dying(lost, 3, after=True))
    for given in ({"name": "second"}, {"quick": True}):
        with pytest.raises(ArchiveRefused) as refusal:
            lost.rebuild(**given)
        assert refusal.value.reason is archiving.REBUILD_DIFFERS
    lost.rebuild()
    assert lost.check().clean


def test_a_store_that_does_not_answer_stops_it_and_it_goes_on(lost, monkeypatch):
    real, turns = lost.objects.head, iter(range(1000))

    def head(key, version=""):
        if next(turns) == 9:
            raise ArchiveUnavailable("no answer")
        return real(key, version)

    monkeypatch.setattr(lost.objects, "head", head)
    with pytest.raises(ArchiveUnavailable):
        lost.rebuild()
    lost.rebuild()
    assert lost.check().clean


def test_stretches_without_openings_come_in_pieces(filled, tmp_path, monkeypatch):
    monkeypatch.setattr(leaves, "_STRIDE", 4)
    monkeypatch.setattr(run, "_LEAVES_A_COMMIT", 1)
    lost = filled.lose(tmp_path / "after")
    for key in list(lost.objects.list(keys.OPENINGS)):
        lost.objects.vanish(key)
    done = lost.rebuild()
    assert len(lost.rows("leaves")) == done.size
    assert {finding for finding, _, _ in lost.told()} == {ids.OPENINGS_BROKEN, ids.NUMBER_CLAIMED}
    lost.house.transactions.close()


# A publication that was cut


def cut(directory, write, fault):
    """An archive whose service and catalogue went while it published its second stretch."""
    directory.mkdir()
    archive = Archive(directory)
    archive.house.issued(b"%PDF one", AT)
    archive.bind_audit(2)
    archive.sequence()
    archive.document = archive.house.issued(b"%PDF two", AT).id
    archive.bind_audit(4)
    archive.objects.fail_at(write, fault)
    try:
        archive.sequence()
    except ArchiveUnavailable:
        return archive, True
    return archive, False


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT])
def test_cut_at_every_write(tmp_path, fault):
    """Either the stretch never was, or it comes back whole; and the log goes on over what lies there."""
    write, sizes = 0, []
    while True:
        write += 1
        before, was_cut = cut(tmp_path / f"{write}", write, fault)
        if not was_cut:
            break
        lost = before.lose(tmp_path / f"{write} lost")
        done = lost.rebuild()
        sizes.append(done.size)
        strange = {finding for finding, _, _ in lost.told()}
        assert strange <= {ids.RECORD_UNLOGGED, ids.OBJECT_WITHOUT_ROW}
        assert bool(strange) is (done.size == 4)
        lost.confirm("QĐ", 2)
        lost.house.issued(b"%PDF three", NOW)
        lost.sequence()
        head = published_checkpoint(lost.objects, VKEY)
        assert head.size == done.size + 3 + (done.size == 4)  # a lost number brings a head of the registers
        assert lost.check().clean, (write, lost.check().findings)
        for sha256, receipt in lost.receipts().items():
            receipts.verify(sha256, receipt, KEY.vkey)
        for archive in (before, lost):
            archive.house.transactions.close()
    assert write > 5
    untouched = 1 + (
        fault is Fault.LOST
    )  # the first write shows the old head once more, the second is the openings
    assert sizes == [4] * untouched + [8] * (len(sizes) - untouched)
