"""A number that something else has taken in the store keeps no act from the archive, for ever or for a night."""

from __future__ import annotations

from datetime import timedelta

import pytest

from archive import filing, ingest, strays
from archive.catalogue import deposit_rows, document_changes, documents
from archive.errors import StorageRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Severity
from archive.record import digest
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from policies.issuing import Act, Facts
from policies.reasons import archiving as reasons
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.rebuild.lost import Archive

STRAY = b'{"schema":"antin.event/1"}\n'


@pytest.fixture
def archive(tmp_path):
    (tmp_path / "before").mkdir()
    opened = Archive(tmp_path / "before")
    yield opened
    opened.house.transactions.close()


def planned(archive, document, kind="recalled", at=AT):
    with archive.house.transactions.write() as conn:
        return ingest.plan_event(conn, documents.get(conn, document.id), kind, {}, "Văn thư", at)


def plant(archive, key, data=STRAY):
    archive.objects.put(key, data, sha256=digest(data))


def row(archive, key):
    return next(row for row in archive.rows("objects") if row["key"] == key)


def test_an_event_is_archived_over_what_lies_under_its_key(archive):
    document = archive.house.issued(b"%PDF one", AT)
    deposit = planned(archive, document)
    plant(archive, deposit.record_key)
    archive.house.carry_out(deposit)
    found = row(archive, deposit.record_key)
    assert archive.objects.open(found["key"], found["version"]).read() == deposit.record
    assert archive.objects.open(found["key"]).read() == STRAY  # it is evidence, and stays
    assert (found["version"], found["repaired_at"]) == ("r1", AT)
    later = planned(archive, document, "held")
    archive.house.carry_out(later)
    assert row(archive, later.record_key)["repaired_at"] is None


def test_it_comes_back_with_a_rebuild(archive, tmp_path):
    document = archive.house.issued(b"%PDF one", AT)
    deposit = planned(archive, document)
    plant(archive, deposit.record_key)
    archive.house.carry_out(deposit)
    archive.sequence()
    lost = archive.lose(tmp_path / "after")
    lost.objects._newer.update(archive.objects._newer)
    lost.rebuild()
    assert lost.told() == []
    found = row(lost, deposit.record_key)
    assert (found["version"], found["repaired_at"] is not None) == ("r1", True)
    lost.house.transactions.close()


def test_after_a_rebuild_the_number_of_an_unlogged_event_is_taken_again(archive, tmp_path):
    """Stored, and the database was gone before its leaf was there."""
    document = archive.house.issued(b"%PDF one", AT)
    archive.sequence()
    ingest.store(planned(archive, document), archive.objects, archive.house.work)
    lost = archive.lose(tmp_path / "after")
    lost.rebuild()
    lost.event(document.id, Act.RECALL, "recalled", Facts(reason="Nhầm"), recalled_at=AT)
    lost.sequence()
    assert [f.id for f in lost.check().findings if f.severity == Severity.ERROR] == []
    lost.house.transactions.close()


def test_over_more_than_a_rebuild_looks_at_nothing_is_called_archived(archive):
    document = archive.house.issued(b"%PDF one", AT)
    deposit = planned(archive, document)
    plant(archive, deposit.record_key)
    for number in range(40):
        archive.objects.shadow(deposit.record_key, b'{"%d":1}\n' % number)
    for later in (timedelta(0), timedelta(days=400)):
        with pytest.raises(StorageRefused):
            archive.house.carry_out(deposit, AT + later)
    with archive.house.transactions.read() as conn:
        assert deposit_rows.object_at(conn, deposit.record_key) is None


def test_what_lies_there_already_is_taken_however_many_lie_there(archive):
    document = archive.house.issued(b"%PDF one", AT)
    deposit = planned(archive, document)
    plant(archive, deposit.record_key)
    for number in range(strays.TRIES - 1):
        archive.objects.shadow(deposit.record_key, b'{"%d":1}\n' % number)
    ingest.store(deposit, archive.objects, archive.house.work, over=True)
    assert archive.house.recover() == ()
    assert row(archive, deposit.record_key)["version"] == f"r{strays.TRIES}"


def test_another_process_that_was_quicker_is_no_refusal(archive, monkeypatch):
    document = archive.house.issued(b"%PDF one", AT)
    deposit = planned(archive, document)
    plant(archive, deposit.record_key)
    leaf, slow = archive.house.carry_out(deposit), archive.objects
    monkeypatch.setattr(
        archive.objects, "put", lambda *_given, **_more: plant_again(slow, deposit.record_key)
    )
    assert archive.house.carry_out(deposit) == leaf


def plant_again(_objects, key):
    """What a process says whose view of the catalogue is half a minute old."""
    raise StorageRefused(reasons.OBJECT_EXISTS, key=key)


def test_killed_after_it_was_stored_it_is_found_again(archive):
    document = archive.house.issued(b"%PDF one", AT)
    deposit = planned(archive, document)
    plant(archive, deposit.record_key)
    ingest.store(deposit, archive.objects, archive.house.work, over=True)
    assert archive.house.recover() == ()
    assert row(archive, deposit.record_key)["version"] == "r1"


def test_what_a_row_speaks_for_is_never_written_over(archive):
    document = archive.house.issued(b"%PDF one", AT)
    key = keys.event_key(document.id, 1)
    with archive.house.transactions.read() as conn:
        assert deposit_rows.object_at(conn, key) is not None
        with pytest.raises(StorageRefused) as refused:
            plant(archive, key)
        assert not strays.in_the_way(conn, refused.value, key)


def test_a_version_of_a_dossier(archive):
    desk = Keeping(archive.house, carry_out=False)
    dossier = desk.open("01.TCCB")
    for one in desk.left[:1]:
        filing.carry_out(one, archive.objects, archive.house.work, archive.house.transactions.write, AT)
    desk.upload(dossier, b"%PDF scan", "scan.pdf")
    waiting = desk.left[-1]
    plant(archive, waiting.record_key)
    filing.carry_out(waiting, archive.objects, archive.house.work, archive.house.transactions.write, AT)
    found = row(archive, waiting.record_key)
    assert (found["version"], found["sha256"]) == ("r1", digest(waiting.record))
    assert found["repaired_at"] == AT


def test_in_a_directory_what_lay_there_is_moved_aside(tmp_path):
    store = DirectoryStore(tmp_path / "store", clock=lambda: AT)
    key = "documents/1/event-1.json"
    store.put(key, STRAY, sha256=digest(STRAY))
    for _ in range(2):
        strays.put_over(store, key, b"record", AT + timedelta(days=3))
    assert store.open(key).read() == b"record"


@pytest.mark.parametrize(("age", "severity"), [(timedelta(hours=23), "info"), (timedelta(hours=25), "error")])
def test_a_deposit_that_stays_for_a_day_is_an_error(lite, age, severity):
    lite.house.validated(b"%PDF one", AT)
    (found,) = [finding for finding in lite.audit(AT + age) if finding.id == ids.DEPOSIT_LEFT]
    assert found.severity == severity


def test_a_deposit_of_a_stopped_document_stays_for_as_long_as_it_takes(lite):
    deposit = lite.house.validated(b"%PDF one", AT)
    with lite.house.transactions.write() as conn:
        stopped = documents.get(conn, deposit.document)
        document_changes.advance(conn, stopped, Act.STOP, AT, facts=Facts(reason="Chờ kết luận"))
    (found,) = [finding for finding in lite.audit(AT + timedelta(days=9)) if finding.id == ids.DEPOSIT_LEFT]
    assert found.severity == "info"
