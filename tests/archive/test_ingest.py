from __future__ import annotations

import threading
from datetime import timedelta
from types import SimpleNamespace

import pytest

from api import watch_health
from archive import ingest
from archive.catalogue import (
    deposit_rows,
    document_changes,
    documents,
    dossier_rows,
    log_rows,
    register_rows,
    watch_rows,
)
from archive.catalogue.values import ObjectRole, VersionRole
from archive.catalogue.watch_rows import EventType
from archive.errors import ArchiveDamaged, ArchiveRefused, ArchiveUnavailable, StoreUnavailable
from archive.log import leaf as leaves
from archive.log.leaf import LeafKind, Opening, Role
from archive.log.merkle import leaf_hash
from archive.putting import MOST, putting
from archive.putting import PATIENCE as PATIENCE_OF_PUTTING
from archive.record import EVENT_SCHEMA, RECORD_SCHEMA, head_bytes, parse
from archive.storage import keys
from archive.storage.memory import Fault
from policies.issuing import Act, Facts
from policies.reasons import archiving as reasons
from policies.reasons import issuing
from policies.reasons import storage as storing
from policies.refusals import Refused
from policies.vocabulary import LockMode, State
from tests.archive.catalogue_fixtures import AGENCY, AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.ingest_fixtures import open_house, sha256
from tests.service import PATIENCE, until

CONTENT = b"%PDF-1.7 sealed"
LARGE = CONTENT + bytes(ingest.LARGE)
either = pytest.mark.parametrize("content", [CONTENT, LARGE], ids=["small", "large"])


@pytest.fixture
def house(tmp_path, database):
    opened = open_house(tmp_path, database)
    yield opened
    opened.transactions.close()


def read(house, key):
    with house.objects.open(key) as stream:
        return stream.read()


@either
def test_archived_means_stored_locked_read_back_and_committed(house, content):
    document = house.archived(content)
    assert document.state is State.ARCHIVED
    assert document.archived_at == AT
    with house.transactions.read() as conn:
        rows = {row.role: row for row in deposit_rows.objects_of(conn, document.id)}
        assert deposit_rows.deposits_left(conn) == ()
    assert set(rows) == {ObjectRole.CONTENT, ObjectRole.RECORD}
    for row in rows.values():
        head = house.objects.head(row.key)
        assert (head.sha256, head.size, head.retain_until) == (row.sha256, row.size, row.retain_until)
        assert head.retain_until > AT + timedelta(days=399)
        assert sha256(read(house, row.key)) == row.sha256
    assert read(house, rows[ObjectRole.CONTENT].key) == content


def test_the_record_says_what_the_register_says(house):
    document = house.archived(CONTENT)
    with house.transactions.read() as conn:
        rows = {row.role: row for row in deposit_rows.objects_of(conn, document.id)}
        head = register_rows.journal_head(conn, AGENCY)
    key = rows[ObjectRole.RECORD].key
    record = parse(read(house, key), RECORD_SCHEMA, key)
    assert record["document"]["number_text"] == "01/QĐ-UBND"
    assert record["document"]["document_date"] == "2026-03-05"
    assert record["content"] == {
        "key": keys.pdf_key(document.id, sha256(CONTENT)),
        "role": "seal-timestamped",
        "sha256": sha256(CONTENT),
        "size": len(CONTENT),
    }
    assert record["register"] == {"ordinal": head.ordinal, "sha256": head.sha256}
    assert record["facts"] == {"level": "B-T"}


def test_the_leaf_commits_to_both_objects_and_tells_nothing(house):
    document = house.archived(CONTENT)
    with house.transactions.read() as conn:
        (row,) = log_rows.archived_versions(conn, document.id)
        (record,) = [r for r in deposit_rows.objects_of(conn, document.id) if r.role is ObjectRole.RECORD]
    leaf = leaves.decode(row.entry)
    assert (leaf.kind, leaf.id.hex(), leaf.predecessor) == (LeafKind.DOCUMENT, row.id, None)
    leaves.check_opening(leaf.pdf, Role.PDF, Opening(sha256(CONTENT), row.content_salt))
    leaves.check_opening(leaf.record, Role.RECORD, Opening(record.sha256, row.record_salt))
    assert bytes.fromhex(sha256(CONTENT)) not in row.entry
    assert row.log_index is None


def test_the_register_head_is_bound_with_the_document(house):
    house.archived(CONTENT)
    with house.transactions.read() as conn:
        head = register_rows.journal_head(conn, AGENCY)
        row = log_rows.last_head(conn, AGENCY, LeafKind.REGISTER_HEAD)
    assert row.head_ordinal == head.ordinal == 1
    bound = sha256(head_bytes("REGISTER_HEAD", AGENCY, 1, head.sha256))
    leaves.check_opening(leaves.decode(row.entry).record, Role.RECORD, Opening(bound, row.record_salt))


def test_a_later_version_names_its_predecessor_and_both_are_found(house):
    document = house.issued(CONTENT)
    longer = CONTENT + b" with DSS"
    house.carry_out(house.plan_long_term(document.id, longer))
    with house.transactions.read() as conn:
        first, second = log_rows.archived_versions(conn, document.id)
        for content, role in ((CONTENT, VersionRole.SEAL_TIMESTAMPED), (longer, VersionRole.LONG_TERM)):
            found, version = documents.by_digest(conn, sha256(content))
            assert (found.id, version.role) == (document.id, role)
        assert documents.get(conn, document.id).state is State.ISSUED
        assert documents.get(conn, document.id).current_sha256 == sha256(longer)
    assert second.predecessor == first.id
    assert leaves.decode(second.entry).predecessor == leaf_hash(first.entry)


def test_a_version_that_is_carried_out_late_is_of_when_it_was_planned(house):
    """As its record says, out of which a rebuild makes the row again."""
    document = house.issued(CONTENT)
    deposit = house.plan_long_term(document.id, CONTENT + b" with DSS")
    house.carry_out(deposit, AT + timedelta(hours=3))
    with house.transactions.read() as conn:
        newest = documents.versions(conn, document.id)[-1]
    assert newest.role is VersionRole.LONG_TERM
    assert newest.created_at == deposit.planned_at == AT
    assert parse(deposit.record, RECORD_SCHEMA, "")["recorded_at"] == AT.isoformat()


def test_events_are_numbered_locked_objects_with_leaves_of_their_own(house):
    document = house.issued(CONTENT)
    with house.transactions.write() as conn:
        facts = Facts(reason="Ban hành nhầm")
        recalled = document_changes.advance(conn, document, Act.RECALL, AT, facts=facts, recalled_at=AT)
        deposit = ingest.plan_event(conn, recalled, "recalled", {"reason": "Ban hành nhầm"}, "Văn thư", AT)
    house.carry_out(deposit)
    with house.transactions.read() as conn:
        events = deposit_rows.events_of(conn, document.id)
        leaf = log_rows.leaves_of(conn, document.id, LeafKind.EVENT)[-1]
    assert [(event.ordinal, event.kind) for event in events] == [(1, "issued"), (2, "recalled")]
    key = keys.event_key(document.id, 2)
    event = parse(read(house, key), EVENT_SCHEMA, key)
    assert event["facts"] == {"reason": "Ban hành nhầm"}
    assert event["content_sha256"] == sha256(CONTENT)
    assert house.objects.head(key).retain_until is not None
    assert leaf.record_sha256 == sha256(read(house, key))
    assert not house.document(document.id).in_force


@either
def test_nothing_is_archived_when_the_bytes_read_back_differ(house, content):
    """Neither those that were put, nor those that were put beside them."""
    deposit = house.validated(content)
    key = keys.pdf_key(deposit.document, sha256(content))
    house.objects.put(key, content, sha256=sha256(content), retain_until=AT)
    house.objects.flip(key, 3)

    def spoiled(act, _key):
        if act == "replace_damaged":
            if content is LARGE:  # whose record is on its way beside it
                until(lambda: house.objects.head(deposit.record_key), "the record")
            house.objects.fail_at(1, Fault.SPOILED)

    house.objects.meets = spoiled
    with pytest.raises(ArchiveDamaged, match="SHA-256"):
        house.carry_out(deposit)
    assert house.document(deposit.document).state is State.VALIDATED


def rows_of(house, document_id):
    with house.transactions.read() as conn:
        return {row.role: row for row in deposit_rows.objects_of(conn, document_id)}


@either
@pytest.mark.parametrize("write", [1, 2], ids=["content", "record"])
def test_what_the_store_spoiled_is_archived_beside_it(house, content, write):
    deposit = house.validated(content)
    house.objects.fail_at(write, Fault.SPOILED)
    house.carry_out(deposit)
    assert house.document(deposit.document).state is State.ARCHIVED
    rows = rows_of(house, deposit.document)
    (spoiled,) = [row for row in rows.values() if row.version]
    assert spoiled.role is (ObjectRole.CONTENT, ObjectRole.RECORD)[write - 1]
    assert spoiled.repaired_at == AT, "whoever asks by key alone gets it"
    for row in rows.values():
        shown = house.objects.head(row.key, row.version)
        assert sha256(house.objects.open(row.key, row.version).read()) == row.sha256
        assert (shown.retain_until, shown.mode) == (row.retain_until, LockMode.GOVERNANCE)
    assert sha256(read(house, spoiled.key)) != spoiled.sha256, "the spoiled one stays, as a trace"
    with house.transactions.read() as conn:
        (event,) = watch_rows.latest_events(conn, EventType.REPAIR, 9)
    assert (event.key, event.document) == (spoiled.key, deposit.document)


def test_a_kill_between_the_whole_bytes_and_their_row_writes_none_a_second_time(house):
    deposit = house.validated(CONTENT)
    house.objects.fail_at(1, Fault.SPOILED)
    ingest.store(deposit, putting(house.objects, house.transactions.write, AT, AT), house.work)
    house.carry_out(deposit)
    row = rows_of(house, deposit.document)[ObjectRole.CONTENT]
    assert [entry.version for entry in house.objects.inventory(row.key)] == [row.version, ""]


def test_what_is_archived_is_never_replaced_by_a_deposit(house):
    """Of two that carry out one deposit: the first one's object rots before the second one looks."""
    deposit = house.validated(CONTENT)
    house.carry_out(deposit)
    key = keys.pdf_key(deposit.document, sha256(CONTENT))
    house.objects.flip(key, 3)
    with pytest.raises(ArchiveDamaged):
        house.carry_out(deposit)
    assert [entry.version for entry in house.objects.inventory(key)] == [""]


def test_bytes_of_the_work_area_that_rotted_replace_nothing(house):
    deposit = house.validated(CONTENT)
    key = keys.pdf_key(deposit.document, sha256(CONTENT))
    house.objects.put(key, CONTENT, sha256=sha256(CONTENT), retain_until=AT)
    house.objects.flip(key, 3)
    path = house.work.work_path(deposit.content_sha256)
    path.chmod(0o600)
    path.write_bytes(CONTENT + b"!")
    with pytest.raises(Refused):
        house.carry_out(deposit)
    assert [entry.version for entry in house.objects.inventory(key)] == [""]


def test_a_store_that_spoils_everything_is_not_filled(house):
    deposit = house.validated(CONTENT)
    house.objects.fail_at(1, Fault.SPOILED)
    spoils = lambda act, _key: act == "replace_damaged" and house.objects.fail_at(1, Fault.SPOILED)  # noqa: E731
    house.objects.meets = spoils
    for _ in range(6):
        with pytest.raises(ArchiveDamaged):
            house.carry_out(deposit)
    house.objects.meets = lambda _act, _key: None
    key = keys.pdf_key(deposit.document, sha256(CONTENT))
    assert len(list(house.objects.inventory(key))) == MOST
    house.carry_out(deposit, AT + timedelta(days=1))
    assert house.document(deposit.document).state is State.ARCHIVED


@pytest.mark.parametrize("write", [1, 2], ids=["file", "record"])
def test_what_the_store_spoiled_of_a_dossier_is_archived_beside_it(house, write):
    desk = Keeping(house)
    dossier = desk.open()
    house.objects.fail_at(write, Fault.SPOILED)
    desk.upload(dossier, b"%PDF a scan")
    with house.transactions.read() as conn:
        assert dossier_rows.deposits_left(conn) == ()
        names = [keys.dossier_version_key(dossier.id, 2), *house.objects.list(keys.DOSSIERS)]
        rows = [deposit_rows.object_at(conn, name) for name in dict.fromkeys(names)]
    (spoiled,) = [row for row in rows if row.version]
    assert spoiled.role is (ObjectRole.FILE, ObjectRole.DOSSIER)[write - 1]
    assert sha256(house.objects.open(spoiled.key, spoiled.version).read()) == spoiled.sha256


def test_an_object_that_is_never_given_is_archived_beside_after_a_while(house):
    """Servers that find rot by a checksum of their own answer with an error from then on."""
    deposit = house.validated(CONTENT)
    key = keys.pdf_key(deposit.document, sha256(CONTENT))
    real = house.objects.open

    def opened(name, version=""):
        if name == key and not version:
            raise ArchiveUnavailable(f"{key}: 500 InternalError")
        return real(name, version)

    house.objects.open = opened
    with pytest.raises(ArchiveUnavailable):
        house.carry_out(deposit)
    house.objects.flip(key, 3)
    house.carry_out(deposit, AT + PATIENCE_OF_PUTTING + timedelta(seconds=1))
    assert rows_of(house, deposit.document)[ObjectRole.CONTENT].version


def test_a_store_that_takes_nothing_for_long_is_told_as_what_it_is(house):
    deposit = house.validated(CONTENT)
    full = StoreUnavailable(storing.FULL, "PUT")

    def meets(act, _key):
        if act == "put":
            raise full

    house.objects.meets = meets
    with pytest.raises(StoreUnavailable) as raised:
        house.carry_out(deposit, AT + timedelta(days=3))
    assert raised.value is full


def test_a_store_that_gives_nothing_is_waited_for(house):
    deposit = house.validated(CONTENT)

    def nothing(act, key):
        if act == "open":
            raise ArchiveUnavailable(f"{key}: 500 InternalError")

    house.objects.meets = nothing
    with pytest.raises(ArchiveUnavailable):
        house.carry_out(deposit, AT + timedelta(days=3))
    key = keys.pdf_key(deposit.document, sha256(CONTENT))
    house.objects.meets = lambda _act, _key: None
    assert len(list(house.objects.inventory(key))) == 1


@either
def test_nothing_is_archived_when_the_store_drops_the_lock(house, content):
    deposit = house.validated(content)
    key = keys.pdf_key(deposit.document, sha256(content))
    house.objects.put(key, content, sha256=sha256(content))
    house.objects.lie(key, house.objects.head(key))
    with pytest.raises(ArchiveDamaged, match="locked until None"):
        house.carry_out(deposit)
    assert house.document(deposit.document).state is State.VALIDATED


def test_a_document_stopped_meanwhile_is_not_archived(house):
    deposit = house.validated(CONTENT)
    with house.transactions.write() as conn:
        document_changes.advance(
            conn, documents.get(conn, deposit.document), Act.STOP, AT, facts=Facts(reason="pyHanko")
        )
    with pytest.raises(Refused) as refused:
        house.carry_out(deposit)
    assert refused.value.id == issuing.WRONG_ORDER.id
    asked = []
    house.objects.meets = lambda act, _key: asked.append(act)
    assert house.recover() == ()
    assert asked == [], "nothing is put and read back in each round for a document that is stopped"
    with house.transactions.write() as conn:
        stopped = documents.get(conn, deposit.document)
        facts = Facts(stopped_from=stopped.stopped_from, reason="Đã kiểm tra")
        document_changes.advance(conn, stopped, Act.RESUME, AT, facts=facts)
    assert house.recover() == ()
    assert house.document(deposit.document).state is State.ARCHIVED


def test_recovery_goes_on_behind_a_deposit_that_cannot_be_carried_out(house):
    lost = house.validated(b"%PDF lost from the work area")
    good = house.validated(CONTENT)
    house.work.remove_work(lost.content_sha256)
    (failure,) = house.recover()
    assert failure.deposit == lost
    assert house.document(good.document).state is State.ARCHIVED


def test_what_waits_to_be_archived_is_counted_and_what_is_not_meant_to_be_is_not(house):
    waiting = house.validated(b"%PDF the store does not take", at=AT)
    stopped = house.validated(CONTENT, at=AT - timedelta(hours=1))
    with house.transactions.write() as conn:
        document_changes.advance(
            conn, documents.get(conn, stopped.document), Act.STOP, AT, facts=Facts(reason="pyHanko")
        )
    with house.transactions.read() as conn:
        assert deposit_rows.waiting(conn) == (1, waiting.planned_at)
    house.carry_out(waiting)
    with house.transactions.read() as conn:
        assert deposit_rows.waiting(conn) == (0, None)


def test_health_tells_what_waits_for_more_than_ten_minutes_until_it_is_carried_out(house):
    def told(minutes):
        services = SimpleNamespace(
            transactions=house.transactions, clock=lambda: AT + timedelta(minutes=minutes)
        )
        return watch_health.deposits(services)

    assert told(60) == {"state": "ok", "waiting": 0, "oldest": None}
    waiting = house.validated(CONTENT, at=AT)
    since = waiting.planned_at.isoformat(timespec="seconds")
    assert told(10) == {"state": "ok", "waiting": 1, "oldest": since}
    late = told(11)
    assert (late["state"], late["waiting"], late["oldest"]) == ("failing", 1, since)
    (alarm,) = late["alarms"]
    assert alarm["reason"] == "watch.not-archived"
    for text in alarm["text"].values():
        assert "antin storage check" in text and since in text
    house.carry_out(waiting)
    assert told(11) == {"state": "ok", "waiting": 0, "oldest": None}


def test_a_second_plan_for_the_same_document_is_a_mistake(house):
    house.validated(CONTENT)
    document = house.issued(b"%PDF other", kind="TB")
    house.plan_long_term(document.id, b"%PDF other LT")
    with pytest.raises(ValueError, match="planned already"):
        house.plan_long_term(document.id, b"%PDF other LT 2")


def test_an_event_needs_an_archived_document(house):
    deposit = house.validated(CONTENT)
    document = house.document(deposit.document)
    with house.transactions.write() as conn, pytest.raises(ArchiveRefused) as refused:
        ingest.plan_event(conn, document, "issued", {}, "x", AT)
    assert refused.value.reason is reasons.NOT_ARCHIVED


def test_the_record_of_large_content_is_stored_while_that_is_read_back_and_never_before_it_is_there(house):
    deposit, acts = house.validated(LARGE), []
    recorded = threading.Event()

    def meets(act, key):
        acts.append((act, key))
        if act == "read" and key.endswith(".pdf"):
            assert recorded.wait(PATIENCE), "the record is stored before the content was read"
        if act == "read" and key == deposit.record_key:
            recorded.set()

    house.objects.meets = meets
    house.carry_out(deposit)
    content = keys.pdf_key(deposit.document, sha256(LARGE))
    assert acts.index(("put", content)) < acts.index(("put", deposit.record_key))
    assert house.document(deposit.document).state is State.ARCHIVED


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT])
def test_large_content_whose_record_does_not_arrive_is_not_archived(house, fault):
    deposit = house.validated(LARGE)
    house.objects.fail_at(2, fault)
    with pytest.raises(ArchiveUnavailable):
        house.carry_out(deposit)
    assert house.document(deposit.document).state is State.VALIDATED
    assert house.recover() == ()
    assert house.document(deposit.document).state is State.ARCHIVED


@either
def test_swallowed_writes_are_noticed(house, content):
    deposit = house.validated(content)
    house.objects.fail_at(2, Fault.SWALLOWED)
    with pytest.raises(Exception, match=r"does not (show|have) it"):
        house.carry_out(deposit)
    assert house.document(deposit.document).state is State.VALIDATED
    assert house.recover() == ()
    assert house.document(deposit.document).state is State.ARCHIVED


def test_a_document_voided_meanwhile_is_never_archived(house):
    deposit = house.validated(CONTENT)
    with house.transactions.write() as conn:
        document = documents.get(conn, deposit.document)
        document_changes.advance(conn, document, Act.VOID, AT, facts=Facts(reason="Sai thẩm quyền"))
    with pytest.raises(Refused):
        house.carry_out(deposit)
    assert house.recover() == ()
    assert house.document(deposit.document).state is State.VOIDED
