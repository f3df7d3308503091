from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from threading import Barrier, Thread

import pytest

from archive.catalogue import document_changes, documents, dossier_rows, log_rows, retention_rows
from archive.dossier_record import DOSSIER_SCHEMA
from archive.errors import ArchiveRefused
from archive.log import leaf as leaves
from archive.log.leaf import LeafKind, Opening, Role
from archive.log.merkle import leaf_hash
from archive.record import digest, parse
from archive.storage import keys
from policies.dossiers import DossierState
from policies.issuing import Act, Facts
from policies.reasons import archiving, keeping
from policies.refusals import Refused
from policies.retention import Open
from policies.vocabulary import State
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import CLERK, ENDED, Keeping, fields, later
from tests.archive.ingest_fixtures import open_house, sha256

PDF = b"%PDF-1.7 scan"


@pytest.fixture
def house(tmp_path, database):
    opened = open_house(tmp_path, database)
    yield opened
    opened.transactions.close()


@pytest.fixture
def desk(house):
    return Keeping(house)


def issued(house, number: int = 1) -> str:
    return house.issued(b"%%PDF-1.7 sealed %d" % number, subject=f"Văn bản {number}").id


def record(house, dossier, version):
    key = keys.dossier_version_key(dossier.id, version)
    with house.objects.open(key) as stream:
        data = stream.read()
    return parse(data, DOSSIER_SCHEMA, key), data


def refused(reason, act, *given, **named):
    with pytest.raises(Refused) as caught:
        act(*given, **named)
    assert caught.value.reason.id == reason.id
    for language in ("vi", "en"):
        assert caught.value.text(language)
    return caught.value


def kept(house, *owners):
    with house.transactions.read() as conn:
        return retention_rows.kept(conn, owners)


def test_a_dossier_is_opened_with_the_fields_of_the_decree(house, desk):
    dossier = desk.open(heading="Tổ chức cán bộ", description="  Hai   tập ", planned_code="06")
    assert dossier.code == "H99.01.2026.01.TCCB"
    assert (dossier.state, dossier.version, dossier.entries) == (DossierState.OPEN, 1, 0)
    assert desk.dossier(dossier.id) == dossier
    told, _ = record(house, dossier, 1)
    assert (told["act"], told["actor"], told["predecessor"]) == ("opened", CLERK, None)
    assert told["dossier"]["description"] == "Hai tập"
    assert told["dossier"]["agency"]["code"] == "H99.01"
    assert told["dossier"]["planned_code"] == "06"


def test_each_act_is_a_locked_version_whose_leaf_names_the_one_before(house, desk):
    dossier = desk.open()
    desk.change(dossier, fields(title="Tên khác"))
    desk.file(dossier, issued(house))
    with house.transactions.read() as conn:
        found = [log_rows.leaf(conn, version.leaf) for version in dossier_rows.versions(conn, dossier.id)]
    assert [leaf.kind for leaf in found] == [LeafKind.DOSSIER] * 3
    for number, leaf in enumerate(found, 1):
        told, data = record(house, dossier, number)
        entry = leaves.decode(leaf.entry)
        leaves.check_opening(entry.pdf, Role.PDF, Opening(digest(data), leaf.content_salt))
        leaves.check_opening(entry.record, Role.RECORD, Opening(digest(data), leaf.record_salt))
        before = found[number - 2] if number > 1 else None
        assert entry.predecessor == (leaf_hash(before.entry) if before else None)
        assert told["predecessor"] == (before.id if before else None)
        assert told["version"] == number
        assert house.objects.head(keys.dossier_version_key(dossier.id, number)).retain_until > AT


def test_documents_are_filed_several_at_once_and_become_filed(house, desk):
    dossier = desk.open()
    first, second = issued(house, 1), issued(house, 2)
    changed = desk.file(dossier, second, first)
    assert (changed.version, changed.entries) == (2, 2)
    inside = desk.entries(dossier)
    assert {one.document.id for one in inside} == {first, second}
    assert inside[0].document.number_text.endswith("/QĐ-UBND")
    assert inside[0].document.author == "UBND tỉnh Sông Hồng"
    assert house.document(first).state is State.FILED
    told, _ = record(house, dossier, 2)
    assert {line["document"]["id"] for line in told["filed"]} == {first, second}
    assert all(line["document"]["sha256"] for line in told["filed"])


def test_one_document_lies_in_several_dossiers_without_a_copy(house, desk):
    document = issued(house)
    before = list(house.objects.list(keys.DOCUMENTS))
    one, two = desk.open("01"), desk.open("02")
    desk.file(one, document)
    desk.file(two, document)
    assert list(house.objects.list(keys.DOCUMENTS)) == before
    with house.transactions.read() as conn:
        assert [found.id for found in dossier_rows.dossiers_of(conn, document)] == [one.id, two.id]


def test_a_plain_file_is_stored_once_locked_and_bound_by_the_record(house, desk):
    one, two = desk.open("01"), desk.open("02")
    desk.upload(one, PDF)
    (entry,) = desk.entries(one)
    desk.again(two, entry.file.id)
    stored = list(house.objects.list(keys.dossier_prefix(one.id) + "files/"))
    assert stored == [keys.dossier_file_key(one.id, sha256(PDF))]
    assert list(house.objects.list(keys.dossier_prefix(two.id) + "files/")) == []
    head = house.objects.head(stored[0])
    assert (head.sha256, head.size) == (sha256(PDF), len(PDF))
    assert head.retain_until > AT + timedelta(days=399)
    for dossier in (one, two):
        told, _ = record(house, dossier, 2)
        (line,) = told["filed"]
        assert (line["file"]["key"], line["file"]["sha256"]) == (stored[0], sha256(PDF))


def test_the_same_bytes_once_more_are_the_same_file(house, desk):
    dossier = desk.open()
    desk.upload(dossier, PDF)
    refused(keeping.FILED_ALREADY, desk.upload, dossier, PDF)
    desk.remove(dossier, 1)
    desk.upload(dossier, PDF)
    (first, second) = desk.entries(dossier, removed=True)
    assert first.file.id == second.file.id
    assert (first.removed_in, second.removed_in) == (3, None)


def test_what_is_taken_out_is_told_with_its_reason_and_the_document_is_issued_again(house, desk):
    one, two = desk.open("01"), desk.open("02")
    document = issued(house)
    desk.file(one, document)
    desk.file(two, document)
    desk.remove(one, 1, "Lưu nhầm hồ sơ")
    assert house.document(document).state is State.FILED
    desk.remove(two, 1)
    assert house.document(document).state is State.ISSUED
    told, _ = record(house, one, 3)
    assert told["removed"] == [{"entry": 1, "reason": "Lưu nhầm hồ sơ"}]
    refused(keeping.NO_ENTRY, desk.remove, one, 1)
    desk.file(one, document)
    assert [entry.ordinal for entry in desk.entries(one)] == [2]


def test_a_stopped_document_that_is_taken_out_goes_on_as_issued(house, desk):
    """And stays filed while it lies in another dossier; why it was stopped is not written over."""
    one, two = desk.open("01"), desk.open("02")
    document = issued(house)
    desk.file(one, document)
    desk.file(two, document)
    with house.transactions.write() as conn:
        why = Facts(reason="pyHanko: khác kết luận")
        document_changes.advance(conn, documents.get(conn, document), Act.STOP, AT, facts=why)
    for dossier, before in ((one, State.FILED), (two, State.ISSUED)):
        desk.remove(dossier, 1, "Lưu nhầm hồ sơ")
        found = house.document(document)
        assert (found.state, found.stopped_from) == (State.STOPPED, before)
        assert found.reason == "pyHanko: khác kết luận"
    with house.transactions.write() as conn:
        resumed = document_changes.advance(conn, found, Act.RESUME, AT, facts=Facts(reason="Đã xem xét"))
    assert resumed.state is State.ISSUED
    desk.file(one, document)
    assert house.document(document).state is State.FILED


def test_a_closed_dossier_has_its_list_in_order_of_time_and_its_period(house, desk):
    dossier = desk.open()
    desk.file(dossier, issued(house, 1))
    desk.upload(dossier, PDF)
    closed = desk.close(dossier, "05", date(2026, 3, 5))
    assert closed.state is DossierState.CLOSED
    assert (closed.retention.code, closed.retention.years) == ("05", 20)
    told, _ = record(house, dossier, 4)
    assert [line["entry"] for line in told["list"]] == [2, 1]
    assert told["totals"] == {"documents": 2, "pages": 2}
    assert told["dossier"]["retention"]["retain_through"] == "2046-12-31"
    assert told["dossier"]["retention"]["basis"].startswith("Luật Lưu trữ 33/2024/QH15")
    refused(keeping.WRONG_DOSSIER_STATE, desk.upload, dossier, b"%PDF-1.7 later")
    refused(keeping.WRONG_DOSSIER_STATE, desk.remove, dossier, 1)
    refused(keeping.WRONG_DOSSIER_STATE, desk.change, dossier, fields(title="x"))
    refused(keeping.WRONG_DOSSIER_STATE, desk.close, dossier)


def test_the_longest_period_wins_and_for_ever_beats_all(house, desk):
    document = issued(house)
    short, long, ever = desk.open("01"), desk.open("02"), desk.open("03")
    assert kept(house, document) == {document: Open.UNDECIDED}
    desk.file(short, document)
    desk.close(short, "07.05")
    assert kept(house, document) == {document: date(2031, 12, 31)}
    desk.file(long, document)
    assert kept(house, document) == {document: Open.UNDECIDED}  # the second one's work goes on
    desk.close(long, "02")
    desk.file(ever, document)
    desk.close(ever, "01")
    found = kept(house, document, short.id, long.id, "nobody")
    assert found[document] is Open.PERMANENT
    assert found[short.id] is Open.PERMANENT  # its list goes with what is in it
    assert found["nobody"] is Open.UNDECIDED
    with house.transactions.read() as conn:
        assert retention_rows.retain_through(conn, [document]) == {document: None}


def test_a_file_is_kept_as_long_as_the_longest_dossier_in_which_it_lies(house, desk):
    one, two = desk.open("01"), desk.open("02")
    desk.upload(one, PDF)
    (entry,) = desk.entries(one)
    desk.again(two, entry.file.id)
    desk.close(one, "07.05")
    desk.close(two, "06")
    assert kept(house, entry.file.id, one.id) == {
        entry.file.id: date(2036, 12, 31),
        one.id: date(2036, 12, 31),
    }


def test_opened_again_it_takes_more_and_gives_nothing_that_was_listed(house, desk):
    dossier = desk.open()
    first, second = issued(house, 1), issued(house, 2)
    desk.file(dossier, first)
    desk.close(dossier, "06")
    opened = desk.reopen(dossier, "Bổ sung văn bản")
    assert (opened.state, opened.closed_at) == (DossierState.OPEN, None)
    assert kept(house, first) == {first: Open.UNDECIDED}
    refused(keeping.ENTRY_LISTED, desk.remove, dossier, 1)
    desk.file(dossier, second)
    desk.remove(dossier, 2)
    refused(keeping.RETENTION_SHORTER, desk.close, dossier, "07.05")
    assert desk.close(dossier, "05").retention.years == 20


def test_a_reason_is_needed_to_take_out_and_to_reopen(house, desk):
    dossier = desk.open()
    desk.upload(dossier, PDF)
    refused(keeping.REASON_NEEDED, desk.remove, dossier, 1, " ")
    desk.close(dossier)
    refused(keeping.REASON_NEEDED, desk.reopen, dossier, "")


def test_what_is_not_issued_is_not_filed(house, desk):
    dossier = desk.open()
    archived = house.archived(b"%PDF-1.7 not issued")
    why = refused(keeping.NOT_FILEABLE, desk.file, dossier, archived.id)
    assert "Chờ phát hành" in why.text()
    refused(archiving.NO_DOCUMENT, desk.file, dossier, "nobody")
    refused(keeping.CHOOSE_DOCUMENT, desk.file, dossier)
    assert desk.entries(dossier) == ()


def test_one_wrong_document_keeps_all_of_them_out(house, desk):
    dossier = desk.open()
    good, wrong = issued(house), house.archived(b"%PDF-1.7 not issued").id
    refused(keeping.NOT_FILEABLE, desk.file, dossier, good, wrong)
    assert desk.entries(dossier) == ()
    assert house.document(good).state is State.ISSUED
    assert desk.dossier(dossier.id).version == 1


def test_a_document_lies_in_a_dossier_once(house, desk):
    dossier, document = desk.open(), issued(house)
    desk.file(dossier, document)
    why = refused(keeping.FILED_ALREADY, desk.file, dossier, document)
    assert dossier.code in why.text()


@pytest.mark.parametrize(
    ("ended", "reason"),
    [(date(2026, 3, 6), keeping.ENDED_IN_FUTURE), (date(2026, 3, 4), keeping.ENDED_TOO_EARLY)],
)
def test_work_ends_neither_in_the_future_nor_before_its_last_document(house, desk, ended, reason):
    dossier = desk.open()
    desk.file(dossier, issued(house))
    refused(reason, desk.close, dossier, ended=ended)


def test_an_empty_dossier_and_an_unknown_code_are_not_closed(house, desk):
    dossier = desk.open()
    refused(keeping.EMPTY_DOSSIER, desk.close, dossier)
    desk.upload(dossier, PDF)
    refused(keeping.UNKNOWN_RETENTION, desk.close, dossier, "99")


def test_a_code_belongs_to_one_dossier(house, desk):
    desk.open("01")
    other = desk.open("02")
    refused(keeping.DOSSIER_EXISTS, desk.open, "01")
    refused(keeping.DOSSIER_EXISTS, desk.change, other, fields("01"))
    assert desk.change(other, fields("03")).code == "H99.01.2026.03"


def test_who_looked_at_an_older_version_is_told(house, desk):
    dossier = desk.open()
    desk.upload(dossier, PDF)
    refused(keeping.DOSSIER_CHANGED, desk.change, dossier, fields(title="x"), seen=1)
    refused(keeping.DOSSIER_CHANGED, desk.close, dossier, seen=1)
    assert desk.close(dossier, seen=2).version == 3


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"notation": "01/TCCB"}, keeping.BAD_NOTATION),
        ({"notation": ""}, keeping.BAD_NOTATION),
        ({"title": "  "}, keeping.FIELD_EMPTY),
        ({"title": "x" * 501}, keeping.FIELD_TOO_LONG),
        ({"creator": "x" * 31}, keeping.FIELD_TOO_LONG),
        ({"start_date": date(2026, 3, 6)}, keeping.START_IN_FUTURE),
        ({"rights": "MẬT"}, keeping.UNKNOWN_CHOICE),
        ({"language": "Klingon"}, keeping.UNKNOWN_CHOICE),
        ({"planned_code": "99"}, keeping.UNKNOWN_RETENTION),
    ],
)
def test_fields_that_the_decree_does_not_allow(desk, values, reason):
    refused(reason, desk.open, **values)


def test_a_year_that_is_no_year_of_a_list(desk):
    dossier = desk.open()
    refused(keeping.BAD_DOSSIER_YEAR, desk.change, dossier, replace(fields(), catalog_year=2028))


def test_lists_come_in_pages_newest_first_and_find_words_whatever_their_case(house, desk):
    made = [desk.open(f"{n:02d}", at=later(n), title=f"Hồ sơ Ủy ban số {n}") for n in range(5)]
    with house.transactions.read() as conn:
        first = dossier_rows.page(conn, "H99.01", limit=2)
        second = dossier_rows.page(conn, "H99.01", limit=2, cursor=first.next)
        last = dossier_rows.page(conn, "H99.01", limit=2, cursor=second.next)
        found = dossier_rows.page(conn, "H99.01", words=("ủy", "3"))
        nothing = dossier_rows.page(conn, "H99.01", words=("%",))
        counted = dossier_rows.count(conn, "H99.01")
    codes = [one.code for page in (first, second, last) for one in page.dossiers]
    assert codes == [one.code for one in reversed(made)]
    assert last.next is None
    assert [one.code for one in found.dossiers] == ["H99.01.2026.03"]
    assert nothing.dossiers == ()
    assert counted == {DossierState.OPEN: 5}


def test_of_two_clerks_who_file_at_once_both_do_and_in_order(house, desk):
    dossier = desk.open()
    ids = [issued(house, number) for number in range(6)]
    start, wrong = Barrier(6), []

    def clerk(document):
        start.wait()
        try:
            desk.file(dossier, document)
        except Exception as exc:  # noqa: BLE001 (whatever it is, the test fails with it)
            wrong.append(exc)

    threads = [Thread(target=clerk, args=(document,)) for document in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    inside = desk.entries(dossier)
    assert [entry.ordinal for entry in inside] == list(range(1, 7))
    assert {entry.document.id for entry in inside} == set(ids)
    with house.transactions.read() as conn:
        versions = dossier_rows.versions(conn, dossier.id)
        assert dossier_rows.deposits_left(conn) == ()
        found = [log_rows.leaf(conn, version.leaf) for version in versions]
    assert [version.ordinal for version in versions] == list(range(1, 8))
    assert [leaf.predecessor for leaf in found] == [None, *(leaf.id for leaf in found[:-1])]


def test_of_two_clerks_who_file_the_same_document_one_is_told(house, desk):
    dossier, document = desk.open(), issued(house)
    start, told = Barrier(2), []

    def clerk():
        start.wait()
        try:
            desk.file(dossier, document)
            told.append("")
        except ArchiveRefused as exc:
            told.append(exc.id)

    threads = [Thread(target=clerk) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["", keeping.FILED_ALREADY.id]
    assert len(desk.entries(dossier)) == 1


def test_it_is_closed_on_the_day_of_its_work(house, desk):
    dossier = desk.open()
    desk.upload(dossier, PDF)
    assert desk.close(dossier, ended=ENDED, at=later(40)).retention.work_ended == ENDED
