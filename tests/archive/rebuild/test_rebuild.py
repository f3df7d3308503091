"""A catalogue is lost, and made again out of the store."""

from __future__ import annotations

import shutil
from datetime import timedelta

import pytest

from archive import receipt as receipts
from archive.catalogue import document_changes, documents, rebuild_rows, register_rows, tables
from archive.catalogue.values import ObjectRow
from archive.errors import ArchiveRefused, RegisterRefused
from archive.fsck import findings as ids
from archive.registers import outgoing
from policies.issuing import Act, Facts
from policies.numbering import Series
from policies.reasons import archiving, issuing
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AGENCY, AT, request_for, signed_document
from tests.archive.dossier_fixtures import Keeping
from tests.archive.fsck.conftest import KEY
from tests.archive.ingest_fixtures import ENTRY
from tests.archive.rebuild.lost import NOW, Archive

# Columns that say something of the row or of the moment, and nothing of what was archived.
_OF_THE_MOMENT = {
    "documents": {"version", "updated_at", "reason", "created_at"},
    # How it is watched begins anew: everything is due.
    "objects": {"read_back_at"}
    | {column.name for column in tables.objects.columns} - set(ObjectRow.__slots__),
    "leaves": {"position"},
    "register_journal": {"at"},
    "number_series": {"closed"},
    "agencies": {"created_at"},
}
SAME = (
    "agencies",
    "documents",
    "document_signers",
    "document_versions",
    "numbers",
    "number_series",
    "register_journal",
    "outgoing_register",
    "objects",
    "leaves",
    "events",
    "dossiers",
    "dossier_versions",
    "dossier_files",
    "dossier_entries",
    "holds",
    "hold_documents",
    "checkpoint",
)


@pytest.fixture(scope="session")
def filled(tmp_path_factory):
    archive = Archive(tmp_path_factory.mktemp("before"))
    archive.fill()
    yield archive
    archive.house.transactions.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def lost(request, filled, tmp_path):
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    archive = filled.lose(tmp_path / "after", server)
    yield archive
    archive.house.transactions.close()


def shown(archive, table):
    left_out = _OF_THE_MOMENT.get(table, set())
    return [{k: v for k, v in row.items() if k not in left_out} for row in archive.rows(table)]


def test_every_row_of_the_archive_comes_back(filled, lost):
    done = lost.rebuild()
    assert (done.stage, done.finished_at, done.closed_through) == ("done", NOW, 2026)
    assert lost.told() == []
    unarchived = {filled.voided, filled.under_way}
    for table in SAME:
        before, after = shown(filled, table), shown(lost, table)
        if table in ("documents", "document_versions"):
            key = "id" if table == "documents" else "document"
            before, after = ([row for row in rows if row[key] not in unarchived] for rows in (before, after))
        assert after == before, table
    assert lost.audit == {n: lost.twin.hash(AGENCY, n) for n in range(1, 9)}


def test_after_it_the_audit_is_clean_and_says_what_is_closed(lost):
    lost.rebuild()
    report = lost.check()
    assert report.clean, report.findings
    assert {finding.id for finding in report.findings} == {ids.SERIES_CLOSED}
    assert report.read["leaves"] == report.read["entries"] > 20


def test_old_receipts_verify_and_new_ones_say_the_same(filled, lost):
    before = filled.receipts()
    lost.rebuild()
    after = lost.receipts()
    assert set(after) == set(before)
    assert len(after) == 11
    for sha256, receipt in before.items():
        proved = receipts.verify(sha256, receipt, KEY.vkey)
        again = receipts.verify(sha256, after[sha256], KEY.vkey)
        assert (again.leaf, again.index, again.checkpoint) == (proved.leaf, proved.index, proved.checkpoint)
        assert again.informational == proved.informational


def test_documents_stand_where_they_stood(lost):
    lost.rebuild()
    found = {
        name: lost.house.document(getattr(lost, name))
        for name in ("issued", "recalled", "archived", "stopped", "filed", "cancelled")
    }
    assert {name: document.state for name, document in found.items()} == {
        "issued": State.ISSUED,
        "recalled": State.ISSUED,
        "archived": State.ARCHIVED,
        "stopped": State.STOPPED,
        "filed": State.FILED,
        "cancelled": State.VOIDED,
    }
    assert found["stopped"].stopped_from is State.ISSUED
    assert (found["stopped"].reason, found["recalled"].reason) == ("pyHanko", "Ban hành nhầm")
    assert not found["recalled"].in_force
    assert found["issued"].in_force
    with lost.house.transactions.read() as conn:
        assert documents.by_code(conn, found["issued"].public_code) == found["issued"]


def made_again(before, folder):
    """The archive out of its objects alone, with the same documents."""
    before.bind_audit(1)
    before.sequence()
    after = before.lose(folder)
    after.rebuild()
    assert after.told() == []
    assert shown(after, "documents") == shown(before, "documents")
    assert after.check().clean
    return after


@pytest.mark.parametrize("goes_on", [False, True])
def test_a_document_that_was_recalled_while_it_was_stopped(tmp_path, goes_on):
    before = Archive(tmp_path)
    document = before.house.issued(b"%PDF one", AT).id
    before.event(document, Act.STOP, "stopped", Facts(reason="pyHanko"))
    before.event(document, Act.RECALL, "recalled", Facts(reason="Sai nội dung"), recalled_at=AT)
    if goes_on:
        before.event(document, Act.RESUME, "resumed", Facts(reason="Đã xem xét"))
    after = made_again(before, tmp_path / "after")
    found = after.house.document(document)
    assert found.state is (State.ISSUED if goes_on else State.STOPPED)
    assert found.recalled_at is not None and not found.in_force
    for each in (before, after):
        each.house.transactions.close()


@pytest.mark.parametrize("left_in", [0, 1])
def test_a_document_that_was_taken_out_of_a_dossier_while_it_was_stopped(tmp_path, left_in):
    """Out of its last one it goes on as issued, before the loss as after it."""
    before = Archive(tmp_path)
    document, desk = before.house.issued(b"%PDF one", AT).id, Keeping(before.house)
    one, two = desk.open("01.TCCB"), desk.open("02.TCCB")
    for dossier in (one, two)[: 1 + left_in]:
        desk.file(dossier, document, at=AT)
    before.event(document, Act.STOP, "stopped", Facts(reason="pyHanko"))
    desk.remove(one, 1, at=AT)
    after = made_again(before, tmp_path / "after")
    found = after.house.document(document)
    expected = State.FILED if left_in else State.ISSUED
    assert (found.state, found.stopped_from) == (State.STOPPED, expected)
    for each in (before, after):
        each.house.transactions.close()


def test_numbers_that_nobody_archived_stay_taken(lost):
    """A voided number, and one whose document was under way: the register has no gap, and gives neither again."""
    lost.rebuild()
    voided, under_way = lost.house.document(lost.voided), lost.house.document(lost.under_way)
    assert (voided.state, voided.number_text, voided.reason) == (State.VOIDED, "02/QĐ-UBND", "Soạn sai")
    assert (under_way.state, under_way.number_text) == (State.STOPPED, "03/QĐ-UBND")
    assert "hủy số" in under_way.reason.lower()
    with lost.house.transactions.write() as conn:
        outgoing.void(conn, under_way.id, "Mất khi hỏng máy chủ", NOW)
        document_changes.advance(conn, under_way, Act.VOID, NOW, facts=Facts(reason="Mất khi hỏng máy chủ"))
    assert lost.check().clean
    with pytest.raises(Exception, match="wrong-order"), lost.house.transactions.write() as conn:
        document_changes.advance(conn, under_way, Act.RESUME, NOW, facts=Facts(reason="Tiếp tục"))


def test_a_series_reopens_when_its_last_number_is_confirmed(lost):
    lost.rebuild()

    def number():
        with lost.house.transactions.write() as conn:
            document = signed_document(conn, NOW)
            return outgoing.number_and_enter(conn, document, request_for(document), ENTRY, NOW)[1]

    with pytest.raises(RegisterRefused) as refusal:
        number()
    assert refusal.value.reason is issuing.SERIES_CLOSED
    with pytest.raises(RegisterRefused) as refusal:
        lost.confirm("QĐ", 6)
    assert refusal.value.reason is issuing.LAST_TOO_LOW
    done = lost.confirm("QĐ", 10)
    assert (done.archived, list(done.lost)) == (8, [9, 10])
    assert number().number == 11
    lost.sequence()
    report = lost.check()
    assert report.clean, report.findings
    with lost.house.transactions.read() as conn:
        assert not register_rows.series(conn, Series(AGENCY, "QĐ", 2026)).closed
        assert register_rows.series(conn, Series(AGENCY, "TB", 2026)).closed


def test_the_log_goes_on_from_the_same_head(filled, lost):
    before = filled.receipts()
    done = lost.rebuild()
    lost.confirm("QĐ", 8)
    new = lost.house.issued(b"%PDF after the loss", NOW)
    lost.house.carry_out(lost.house.plan_long_term(lost.last, b"%PDF seven with DSS", NOW))
    lost.sequence()
    indices = [row["log_index"] for row in lost.rows("leaves")]
    assert sorted(indices) == list(range(len(indices)))
    assert len(indices) > done.size
    assert new.number == 9
    for sha256, receipt in {**before, **lost.receipts()}.items():
        receipts.verify(sha256, receipt, KEY.vkey)
    assert lost.check().clean


def test_lost_once_more(lost, tmp_path):
    """What was done after the first loss comes back after the second one, lost numbers too."""
    lost.rebuild()
    lost.confirm("QĐ", 10)
    lost.house.issued(b"%PDF after the loss", NOW)
    lost.sequence()
    again = lost.lose(tmp_path / "again")
    again.rebuild()
    assert again.told() == []
    assert again.check().clean
    for table in ("numbers", "register_journal", "events", "objects", "leaves"):
        assert shown(again, table) == shown(lost, table), table
    (series,) = [row for row in again.rows("number_series") if row["kind"] == "QĐ"]
    assert (series["last_number"], series["closed"]) == (11, True)
    again.house.transactions.close()


def test_a_quick_one_reads_no_contents_and_says_so(lost, monkeypatch):
    opened, real = [], lost.objects.open
    monkeypatch.setattr(
        lost.objects, "open", lambda key, version="": opened.append(key) or real(key, version)
    )
    assert lost.rebuild(quick=True).quick
    assert not [key for key in opened if key.endswith(".pdf")]
    assert lost.told() == []
    assert lost.check().clean


def test_progress_is_told(lost):
    told = {}
    lost.rebuild(progress=lambda stage, done, total: told.update({stage: (done, total)}))
    assert list(told) == ["verify", "log", "documents", "dossiers", "numbers"]
    assert all(done == total for done, total in told.values() if total is not None)


def test_only_an_empty_catalogue_is_filled(filled):
    with pytest.raises(ArchiveRefused) as refusal:
        filled.rebuild()
    assert refusal.value.reason is archiving.CATALOGUE_NOT_EMPTY
    assert "documents" in refusal.value.text("vi")


def test_a_catalogue_that_was_rebuilt_is_not_rebuilt_again(lost):
    lost.rebuild()
    with pytest.raises(ArchiveRefused) as refusal:
        lost.rebuild()
    assert refusal.value.reason is archiving.CATALOGUE_NOT_EMPTY


def test_an_empty_store_has_nothing_to_rebuild(tmp_path):
    empty = Archive(tmp_path)
    with pytest.raises(ArchiveRefused) as refusal:
        empty.rebuild()
    assert refusal.value.reason is archiving.NOTHING_TO_REBUILD
    with empty.house.transactions.read() as conn:
        assert rebuild_rows.current(conn) is None
    empty.house.transactions.close()


def test_an_archive_of_an_earlier_version_comes_back_once_it_was_caught_up(tmp_path):
    """Records without the newer fields, a journal that does not know what was entered."""
    from archive import openings, record
    from archive.registers import outgoing as registers

    old = Archive(tmp_path / "old") if (tmp_path / "old").mkdir() is None else None
    patched = pytest.MonkeyPatch()
    real = record.canonical

    def older(value):
        value = dict(value)
        value.pop("versions", None)
        if isinstance(value.get("document"), dict):
            newer = ("uploader_account", "boxes", "reason", "row_version", "leader_token_time")
            value["document"] = {k: v for k, v in value["document"].items() if k not in newer}
            value["signers"] = [{k: v for k, v in s.items() if k != "account"} for s in value["signers"]]
        return real(value)

    patched.setattr(record, "canonical", older)
    patched.setattr(registers, "entered_facts", lambda *_: None)
    first = old.house.issued(b"%PDF one", AT)
    old.house.issued(b"%PDF two", AT + timedelta(days=1), kind="TB")
    old.sequence(beside=lambda *_stretch: ())
    patched.undo()
    size = old.rows("checkpoint")[0]["size"]
    made = openings.Openings(old.house.transactions.read, "log.example.vn/antin")
    assert openings.catch_up(old.objects, made, size, lambda _size: b"", AT + timedelta(days=400)) == 1
    lost = old.lose(tmp_path / "after")
    lost.rebuild()
    assert lost.told() == []
    assert lost.check().clean
    found = lost.house.document(first.id)
    assert (found.number_text, found.state, found.public_code) == (
        "01/QĐ-UBND",
        State.ISSUED,
        first.public_code,
    )
    assert [(row["position"], row["number_text"]) for row in lost.rows("outgoing_register")] == [
        (1, "01/QĐ-UBND"),
        (2, "01/TB-UBND"),
    ]
    for archive in (old, lost):
        archive.house.transactions.close()
    shutil.rmtree(tmp_path / "old")
