"""Dossiers and holds that are damaged or rewritten, each way by name, and what the audit says to it."""

from __future__ import annotations

import shutil
from datetime import date, timedelta

import pytest

from archive.fsck import findings as ids
from archive.storage import keys
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.fsck.conftest import Audited

SCAN = b"%PDF-1.7 scan"


class Kept(Audited):
    """A closed dossier with a document and a scan, an open one with another, a hold that stands and one released."""

    def fill(self) -> None:
        house, desk = self.house, Keeping(self.house)
        self.one = house.issued(b"%PDF one", AT)
        self.two = house.issued(b"%PDF two", AT, kind="TB")
        self.held = house.issued(b"%PDF held", AT, kind="KH")
        self.closed = desk.open("01.TCCB")
        desk.file(self.closed, self.one.id)
        desk.upload(self.closed, SCAN)
        desk.upload(self.closed, SCAN + b" two")
        desk.remove(self.closed, 3)
        self.closed = desk.close(self.closed, "06")
        self.open = desk.open("02.TCCB")
        desk.file(self.open, self.one.id, self.two.id)
        self.hold = desk.hold(self.held.id)
        self.released = desk.hold(self.two.id)
        desk.release(self.released)
        self.whole = desk.hold(dossier=self.open)
        self.sequence()


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    opened = Kept(tmp_path_factory.mktemp("kept"))
    opened.fill()
    opened.house.transactions.close()
    return opened


@pytest.fixture
def kept(filled, tmp_path):
    shutil.copytree(filled.directory, tmp_path, dirs_exist_ok=True)
    copied = Kept(tmp_path)
    copied.objects._objects.update(filled.objects._objects)
    for name in ("one", "two", "held", "closed", "open", "hold", "released", "whole"):
        setattr(copied, name, getattr(filled, name))
    yield copied
    copied.house.transactions.close()


def test_dossiers_and_holds_left_alone_are_clean(kept):
    report = kept.check(at=AT)
    assert report.findings == []
    assert (report.read["dossiers"], report.read["holds"]) == (2, 3)


def test_the_service_may_file_and_hold_meanwhile(kept):
    done = set()

    def meanwhile(stage, _done, _total):
        if stage not in done:
            done.add(stage)
            desk = Keeping(kept.house)
            document = kept.house.issued(f"%PDF during {stage}".encode(), AT, kind="BC").id
            desk.file(kept.open, document)
            desk.repair()
            desk.hold(document)
            kept.sequence()

    assert kept.check(progress=meanwhile, at=AT).findings == []
    assert done >= {"documents", "dossiers"}
    assert kept.check(at=AT).findings == []


def test_what_is_on_its_way_is_a_remark(kept):
    slow = Keeping(kept.house, carry_out=False)
    slow.upload(kept.open, SCAN + b" three")
    deposit = slow.left[0]
    kept.objects.put(deposit.record_key, deposit.record, sha256=_sha256(deposit.record))
    report = kept.check(at=AT)
    assert {finding.id for finding in report.findings} == {ids.DEPOSIT_LEFT}
    assert report.clean


def _sha256(data):
    from hashlib import sha256

    return sha256(data).hexdigest()


ROWS = [
    ("title", "UPDATE dossiers SET title = 'Khác' WHERE id = :closed", ids.DOSSIER_DIFFERS),
    ("a shorter period", "UPDATE dossiers SET years = 5 WHERE id = :closed", ids.DOSSIER_DIFFERS),
    (
        "work that ended earlier",
        "UPDATE dossiers SET work_ended = '2016-03-05' WHERE id = :closed",
        ids.DOSSIER_DIFFERS,
    ),
    ("closed again", "UPDATE dossiers SET state = 'closed' WHERE id = :open", ids.DOSSIER_DIFFERS),
    (
        "an act that never was",
        "UPDATE dossiers SET version = version + 1 WHERE id = :open",
        ids.DOSSIER_VERSION_MISSING,
    ),
    (
        "a version that is gone",
        "DELETE FROM dossier_versions WHERE dossier = :open AND ordinal = 2",
        ids.DOSSIER_VERSION_MISSING,
    ),
    (
        "another reason",
        "UPDATE dossier_versions SET reason = 'x' WHERE dossier = :closed AND ordinal = 5",
        ids.RECORD_DIFFERS,
    ),
    (
        "an entry that is gone",
        "DELETE FROM dossier_entries WHERE dossier = :closed AND ordinal = 1",
        ids.DOSSIER_ENTRY_DIFFERS,
    ),
    (
        "an entry taken out",
        "UPDATE dossier_entries SET removed_in = 6 WHERE dossier = :closed AND ordinal = 1",
        ids.DOSSIER_ENTRY_DIFFERS,
    ),
    (
        "an entry put back",
        "UPDATE dossier_entries SET removed_in = NULL WHERE dossier = :closed AND ordinal = 3",
        ids.DOSSIER_ENTRY_DIFFERS,
    ),
    (
        "an entry that nobody filed",
        "INSERT INTO dossier_entries SELECT dossier, 9, :held, NULL, note, filed_in, filed_by, filed_at, NULL, ''"
        " FROM dossier_entries WHERE dossier = :closed AND ordinal = 1",
        ids.DOSSIER_ENTRY_DIFFERS,
    ),
    (
        "another document in its place",
        "UPDATE dossier_entries SET document = :two WHERE dossier = :closed AND ordinal = 1",
        ids.DOSSIER_ENTRY_DIFFERS,
    ),
    ("a file's summary", "UPDATE dossier_files SET subject = 'x'", ids.DOSSIER_FILE_DIFFERS),
    ("a filed document", "UPDATE documents SET state = 'issued' WHERE id = :one", ids.ROW_DIFFERS),
    (
        "a leaf's digest",
        "UPDATE leaves SET record_sha256 = content_sha256 || '' , content_sha256 = 'ff' WHERE dossier = :closed",
        ids.LEAF_DIFFERS,
    ),
    ("a hold set free", "UPDATE holds SET state = 'released' WHERE id = :hold", ids.HOLD_DIFFERS),
    (
        "a hold of a dossier set free",
        "UPDATE holds SET state = 'released' WHERE id = :whole",
        ids.HOLD_DIFFERS,
    ),
    ("a state that is none", "UPDATE holds SET state = 'nothing' WHERE id = :hold", ids.HOLD_DIFFERS),
    (
        "one person for two",
        "UPDATE holds SET decided_by = asked_by WHERE id = :released",
        ids.HOLD_DIFFERS,
    ),
    ("a hold over nothing", "DELETE FROM hold_documents WHERE hold = :hold", ids.HOLD_DIFFERS),
    ("a hold that is gone", "DELETE FROM holds WHERE id = :hold", ids.HOLD_DIFFERS),
    ("a flag forgotten", "UPDATE objects SET hold = 0 WHERE document = :held", ids.HOLD_NOT_ON_ROW),
]


@pytest.mark.parametrize(("statement", "finding"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_a_row_that_was_changed_behind_the_registers_back(kept, statement, finding):
    names = ("one", "two", "held", "closed", "open", "hold", "released", "whole")
    given = {name: getattr(kept, name).id for name in names if f":{name}" in statement}
    kept.sql(statement, given)
    assert finding in kept.found(at=AT)


def test_a_record_that_was_rewritten(kept):
    key = keys.dossier_version_key(kept.closed.id, 6)
    data = kept.objects.open(key).read()
    kept.objects.overwrite(key, data.replace(b'"years":10', b'"years":50'))
    assert kept.found() >= {ids.OBJECT_CHANGED, ids.RECORD_DIFFERS}


def test_a_record_that_is_gone(kept):
    kept.objects.vanish(keys.dossier_version_key(kept.closed.id, 3))
    assert kept.found() == {ids.OBJECT_MISSING}


def test_a_file_with_other_bytes(kept):
    key = keys.dossier_file_key(kept.closed.id, _sha256(SCAN))
    kept.objects.flip(key)
    assert kept.where(ids.OBJECT_CHANGED) == [key]


def test_a_stray_object_among_a_dossiers(kept):
    key = keys.dossier_prefix(kept.closed.id) + "version-99.json"
    kept.objects.put(key, b"{}", sha256=_sha256(b"{}"))
    assert kept.where(ids.OBJECT_WITHOUT_ROW) == [key]


def test_a_hold_that_the_store_lost(kept):
    key = keys.event_key(kept.held.id, 1)
    kept.objects.set_hold(key, False)
    assert kept.found() == {ids.HOLD_MISSING}
    assert kept.where(ids.HOLD_MISSING) == [key]


def test_a_hold_left_in_the_store_is_a_remark(kept):
    key = keys.dossier_version_key(kept.closed.id, 1)
    kept.objects.set_hold(key, True)
    report = kept.check()
    assert [finding.id for finding in report.findings] == [ids.HOLD_UNKNOWN]
    assert report.clean


# Locks


def test_a_lock_that_ends_before_the_period_is_told_in_time(kept):
    """Nobody extended anything for a year: what is kept for longer is told, a month before its lock ends."""
    assert kept.found(at=AT + timedelta(days=365)) == set()
    late = kept.check(at=AT + timedelta(days=375))
    assert {finding.id for finding in late.findings} == {ids.RETENTION_LOCK_ENDS}
    assert any("2036-12-31" in finding.what for finding in late.findings)  # 06: 10 years
    assert any("nobody has decided" in finding.what for finding in late.findings)


def test_a_lock_may_end_with_its_period(kept):
    """Of the closed dossier's scan, which lies nowhere else, when its period is over."""
    scan = keys.dossier_file_key(kept.closed.id, _sha256(SCAN))
    other = keys.dossier_file_key(kept.closed.id, _sha256(SCAN + b" two"))
    for key in (scan, other):
        kept.objects.extend_retention(key, AT + timedelta(days=11 * 365))
        kept.sql("UPDATE objects SET retain_until = '2037-03-03 07:05:09.000000' WHERE key = ?", key)
    assert date(2036, 12, 31) < (AT + timedelta(days=11 * 365)).date()
    told = {
        finding.where
        for finding in kept.check(at=AT + timedelta(days=11 * 365)).findings
        if finding.id == ids.RETENTION_LOCK_ENDS
    }
    assert scan not in told
    assert other in told  # taken out of the only dossier in which it lay: nobody has decided on it
