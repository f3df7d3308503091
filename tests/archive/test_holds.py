from __future__ import annotations

from datetime import date, timedelta

import pytest

from archive import holds
from archive.catalogue import (
    deposit_rows,
    document_changes,
    documents,
    dossier_rows,
    hold_rows,
    log_rows,
    retention_rows,
)
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.log.leaf import LeafKind
from archive.record import EVENT_SCHEMA, parse
from archive.storage import keys
from archive.storage.memory import MemoryStore
from policies.holds import HoldState
from policies.issuing import Act, Facts
from policies.reasons import archiving, keeping
from policies.refusals import Refused
from policies.retention import Open
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import ANNA, BINH, CUONG, Keeping
from tests.archive.ingest_fixtures import open_house

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


def refused(reason, act, *given, **named):
    with pytest.raises(Refused) as caught:
        act(*given, **named)
    assert caught.value.reason.id == reason.id
    return caught.value


def rows_say(house, document):
    with house.transactions.read() as conn:
        return {row.key: row.hold for row in deposit_rows.objects_of(conn, document)}


def test_a_hold_is_put_on_every_object_of_the_document_and_read_back(house, desk):
    held, other = issued(house, 1), issued(house, 2)
    hold = desk.hold(held)
    flags = desk.flags()
    mine = [key for key in flags if key.startswith(keys.document_prefix(held))]
    assert len(mine) == 4  # content, record, issued, held
    assert all(flags[key] for key in mine)
    assert not any(flags[key] for key in flags if key.startswith(keys.document_prefix(other)))
    assert rows_say(house, held) == dict.fromkeys(mine, True)
    assert desk.the_hold(hold).state is HoldState.PLACED


def test_the_event_tells_reason_basis_and_person_and_has_its_leaf(house, desk):
    document = issued(house)
    hold = desk.hold(document)
    key = keys.event_key(document, 2)
    with house.objects.open(key) as stream:
        event = parse(stream.read(), EVENT_SCHEMA, key)
    assert (event["kind"], event["actor"]) == ("held", "Anna")
    assert event["facts"]["hold"] == hold.id
    assert event["facts"]["reason"] == "Thanh tra tỉnh yêu cầu"
    assert event["facts"]["basis"] == "CV 12/TTr-NV1"
    assert event["facts"]["placed_by_account"] == ANNA.account
    with house.transactions.read() as conn:
        assert len(log_rows.leaves_of(conn, document, LeafKind.EVENT)) == 2


def test_nothing_under_a_hold_is_deleted_however_old(house, desk):
    document = issued(house)
    desk.hold(document)
    old = MemoryStore(clock=lambda: AT + timedelta(days=40_000))
    old._objects = house.objects._objects
    for key in old.list(keys.document_prefix(document)):
        with pytest.raises(StorageRefused) as caught:
            old.delete(key)
        assert caught.value.reason is archiving.UNDER_HOLD


def test_a_hold_keeps_whatever_its_period_says(house, desk):
    document = issued(house)
    dossier = desk.open()
    desk.file(dossier, document)
    desk.close(dossier, "07.05")

    def kept(*owners):
        with house.transactions.read() as conn:
            return list(retention_rows.kept(conn, owners).values())

    assert kept(document, dossier.id) == [date(2031, 12, 31)] * 2
    hold = desk.hold(document)
    assert kept(document, dossier.id) == [Open.HELD] * 2
    desk.release(hold)
    assert kept(document, dossier.id) == [date(2031, 12, 31)] * 2


def test_a_dossier_is_held_with_all_that_lies_in_it_and_all_that_comes(house, desk):
    dossier = desk.open()
    first, later = issued(house, 1), issued(house, 2)
    desk.file(dossier, first)
    desk.upload(dossier, PDF)
    hold = desk.hold(dossier=dossier)
    assert all(flag for key, flag in desk.flags().items() if not key.startswith(keys.document_prefix(later)))
    desk.file(dossier, later)
    assert desk.repair() > 0
    assert all(desk.flags().values())
    desk.release(hold)
    assert not any(desk.flags().values())
    told = [version.act for version in versions(house, dossier)]
    assert told == ["opened", "filed", "filed", "held", "filed", "released"]


def versions(house, dossier):
    with house.transactions.read() as conn:
        return dossier_rows.versions(conn, dossier.id)


def test_what_comes_to_a_held_document_later_is_held_too(house, desk):
    document = issued(house)
    desk.hold(document)
    house.carry_out(house.plan_long_term(document, b"%PDF-1.7 sealed 1 with DSS"))
    assert not all(desk.flags().values())
    assert desk.repair() == 2
    assert all(desk.flags().values())
    assert desk.repair() == 0


def test_a_release_takes_two_people(house, desk):
    document = issued(house)
    hold = desk.hold(document)
    refused(keeping.HOLD_WRONG_STATE, desk.confirm, hold, BINH)
    desk.ask(hold, ANNA)
    assert all(desk.flags().values())
    refused(keeping.SECOND_PERSON, desk.confirm, hold, ANNA)
    refused(keeping.HOLD_WRONG_STATE, desk.ask, hold, CUONG)
    desk.confirm(hold, BINH)
    over = desk.the_hold(hold)
    assert (over.state, over.asked_by, over.decided_by) == (HoldState.RELEASED, "account-a", "account-b")
    assert not any(desk.flags().values())
    key = keys.event_key(document, 3)
    with house.objects.open(key) as stream:
        event = parse(stream.read(), EVENT_SCHEMA, key)
    assert event["kind"] == "released"
    assert (event["facts"]["asked_by"], event["facts"]["confirmed_by"]) == ("Anna", "Bình")
    assert event["facts"]["asked_reason"] == "Thanh tra đã kết luận"
    refused(keeping.HOLD_WRONG_STATE, desk.ask, hold)
    refused(keeping.HOLD_WRONG_STATE, desk.confirm, hold)


def test_a_refused_release_leaves_the_hold_and_may_be_asked_for_again(house, desk):
    hold = desk.hold(issued(house))
    desk.ask(hold)
    refused(keeping.REASON_NEEDED, desk.refuse, hold, BINH, " ")
    desk.refuse(hold)
    again = desk.the_hold(hold)
    assert (again.state, again.asked_by) == (HoldState.PLACED, None)
    refused(keeping.HOLD_WRONG_STATE, desk.confirm, hold)
    assert all(desk.flags().values())
    desk.release(hold)
    assert not any(desk.flags().values())


def test_what_is_under_two_holds_is_let_go_with_the_last(house, desk):
    document, dossier = issued(house), desk.open()
    desk.file(dossier, document)
    one, two, three = desk.hold(document), desk.hold(document), desk.hold(dossier=dossier)
    with house.transactions.read() as conn:
        over = hold_rows.over(conn, [document, dossier.id, "nobody"])
    assert {owner: {hold.id for hold in found} for owner, found in over.items()} == {
        document: {one.id, two.id, three.id},
        dossier.id: {three.id},
    }
    desk.release(two)
    desk.release(three)
    flags = desk.flags()
    assert all(flags[key] for key in flags if key.startswith(keys.DOCUMENTS))
    assert not any(flags[key] for key in flags if key.startswith(keys.DOSSIERS))
    desk.release(one)
    assert not any(desk.flags().values())


def test_nothing_under_a_hold_is_taken_out_of_its_dossier(house, desk):
    document, dossier = issued(house), desk.open()
    desk.file(dossier, document)
    hold = desk.hold(document)
    why = refused(keeping.UNDER_HOLD, desk.remove, dossier, 1)
    assert "Thanh tra tỉnh" in why.text()
    desk.release(hold)
    whole = desk.hold(dossier=dossier)
    refused(keeping.UNDER_HOLD, desk.remove, dossier, 1)
    desk.release(whole)
    desk.remove(dossier, 1)


@pytest.mark.parametrize(
    ("reason", "basis", "documents", "why"),
    [
        (" ", "CV 1", ("x",), keeping.REASON_NEEDED),
        ("Thanh tra", "", ("x",), keeping.HOLD_BASIS_NEEDED),
        ("Thanh tra", "CV 1", (), keeping.HOLD_NOTHING),
        ("Thanh tra", "CV 1", tuple(map(str, range(201))), keeping.HOLD_TOO_MANY),
        ("Thanh tra", "CV 1", ("nobody",), archiving.NO_DOCUMENT),
    ],
)
def test_a_hold_says_why_by_what_law_and_over_what(house, reason, basis, documents, why):
    def place():
        with house.transactions.write() as conn:
            holds.place(conn, "H99.01", holds.Subject(documents=documents), reason, basis, ANNA, AT)

    refused(why, place)
    with house.transactions.read() as conn:
        assert hold_rows.page(conn, "H99.01") == ((), None)


def test_what_is_not_archived_is_not_held(house, desk):
    deposit = house.validated(b"%PDF-1.7 waits")
    refused(keeping.HOLD_NOT_ARCHIVED, desk.hold, deposit.document)


def test_a_release_waits_until_the_archive_has_it_in_writing(house, desk):
    document = issued(house)
    hold = desk.hold(document)
    desk.ask(hold)
    slow = Keeping(house, carry_out=False)
    slow.confirm(hold)
    with house.transactions.write() as conn:
        assert holds.settle(conn, AT) == ()
    assert holds.enforce(house.transactions.write, [house.objects]) == 0
    assert desk.the_hold(hold).state is HoldState.RELEASE_CONFIRMED
    assert all(desk.flags().values())
    with house.transactions.read() as conn:
        assert document in hold_rows.over(conn, [document])
    desk.repair()
    assert desk.the_hold(hold).state is HoldState.RELEASED
    assert not any(desk.flags().values())


def test_a_release_waits_for_nothing_but_what_is_written_of_its_hold(house, desk):
    """A version that is planned of a document that was stopped meanwhile may never be archived."""
    one, other = issued(house, 1), issued(house, 2)
    hold = desk.hold(one, other)
    house.plan_long_term(one, b"%PDF-1.7 long-term")
    with house.transactions.write() as conn:
        stopped = Facts(reason="pyHanko")
        document_changes.advance(conn, documents.get(conn, one), Act.STOP, AT, facts=stopped)
    slow = Keeping(house, carry_out=False)
    desk.ask(hold)
    slow.confirm(hold)
    for deposit in slow.left:
        with house.transactions.write() as conn:
            assert holds.settle(conn, AT) == ()
        house.carry_out(deposit)
    slow.hold(one)  # its own event is not this release's
    with house.transactions.write() as conn:
        (settled,) = holds.settle(conn, AT)
    assert settled.id == hold.id


def test_both_stores_are_told(house, desk):
    document = issued(house)
    second = MemoryStore(clock=lambda: AT)
    for key in house.objects.list(keys.DOCUMENTS):
        head = house.objects.head(key)
        with house.objects.open(key) as stream:
            second.put(key, stream.read(), sha256=head.sha256, retain_until=head.retain_until)
    slow = Keeping(house, carry_out=False)
    slow.hold(document)
    desk.repair(stores=[house.objects, second])
    assert all(second.head(key).hold for key in second.list(keys.DOCUMENTS))
    assert all(desk.flags().values())


def test_a_store_that_does_not_show_the_hold_is_no_success(house, desk):
    document = issued(house)
    slow = Keeping(house, carry_out=False)
    slow.hold(document)
    key = next(iter(house.objects.list(keys.document_prefix(document))))
    house.objects.lie(key, house.objects.head(key))
    with pytest.raises(ArchiveDamaged, match="does not show"):
        holds.enforce(house.transactions.write, [house.objects])
    assert [name for name, held in rows_say(house, document).items() if not held] == [key]


def test_an_object_that_the_store_lost_keeps_no_other_from_its_hold(house, desk):
    lost, other = issued(house, 1), issued(house, 2)
    slow = Keeping(house, carry_out=False)
    slow.hold(lost)
    slow.hold(other)
    key = next(iter(house.objects.list(keys.document_prefix(lost))))
    house.objects.vanish(key)
    with pytest.raises(ArchiveDamaged, match=key):
        holds.enforce(house.transactions.write, [house.objects])
    assert {
        name: flag for name, flag in (rows_say(house, lost) | rows_say(house, other)).items() if not flag
    } == {key: False}
    assert all(flag for name, flag in desk.flags().items() if name != key)


class Killed(BaseException):
    """kill -9."""


@pytest.mark.parametrize("how", ["named", "dossier", "filed"])
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_is_held_while_it_is_let_go_is_held_also_when_that_is_killed(house, desk, how, moment):
    """The store took the flag off, and no row says so."""
    document, dossier = issued(house), desk.open()
    if how == "dossier":
        desk.file(dossier, document)
    if how == "filed":
        desk.hold(dossier=dossier)
    slow, hold = Keeping(house, carry_out=False), desk.hold(document)
    desk.ask(hold)
    slow.confirm(hold)
    assert house.recover(AT) == ()
    with house.transactions.write() as conn:
        assert len(holds.settle(conn, AT)) == 1

    def again():
        if how == "filed":
            slow.file(dossier, document)
        else:
            slow.hold(*([document] if how == "named" else []), dossier=dossier if how == "dossier" else None)

    set_hold = house.objects.set_hold

    def killed(key, held, *, version=""):
        if moment == "before":
            again()
        set_hold(key, held, version=version)
        if moment == "after":
            again()
        raise Killed

    house.objects.set_hold = killed
    with pytest.raises(Killed):
        holds.enforce(house.transactions.write, [house.objects])
    house.objects.set_hold = set_hold
    desk.repair()
    mine = {flag for key, flag in desk.flags().items() if key.startswith(keys.document_prefix(document))}
    assert mine == set(rows_say(house, document).values()) == {True}


def test_what_is_filed_while_it_waits_to_be_let_go_is_let_go(house, desk):
    document, dossier = issued(house), desk.open()
    slow, hold = Keeping(house, carry_out=False), desk.hold(document)
    desk.ask(hold)
    slow.confirm(hold)
    assert house.recover(AT) == ()
    with house.transactions.write() as conn:
        holds.settle(conn, AT)
    slow.file(dossier, document)
    desk.repair()
    assert not any(desk.flags().values())


def test_a_flag_is_of_the_version_that_was_looked_at(house, desk):
    document = issued(house)
    row = next(iter(rows_say(house, document)))
    with house.transactions.write() as conn:
        assert not hold_rows.set_flag(conn, row, "another", True)
        assert hold_rows.set_flag(conn, row, house.objects.head(row).version, True)


def test_an_object_that_is_not_answered_for_keeps_no_other_from_its_hold(house, desk):
    mute, other = issued(house, 1), issued(house, 2)
    slow = Keeping(house, carry_out=False)
    slow.hold(mute, other)
    key = min(house.objects.list(""))

    def meets(_act, asked):
        if asked == key:
            raise ArchiveUnavailable(f"{key}: 500 InternalError")

    house.objects.meets = meets
    with pytest.raises(ArchiveUnavailable, match=key):
        holds.enforce(house.transactions.write, [house.objects])
    said = rows_say(house, mute) | rows_say(house, other)
    assert {name for name, held in said.items() if not held} == {key}


def test_a_store_that_does_not_answer_is_not_asked_for_every_object(house, desk):
    slow, asked = Keeping(house, carry_out=False), []
    slow.hold(issued(house, 1), issued(house, 2))

    def meets(act, key):
        asked.append((act, key))
        raise ArchiveUnavailable("no answer")

    house.objects.meets = meets
    with pytest.raises(ArchiveUnavailable):
        holds.enforce(house.transactions.write, [house.objects])
    assert len(asked) == 2


def test_holds_come_in_pages_newest_first_and_by_state(house, desk):
    made = [desk.hold(issued(house, n), at=AT + timedelta(hours=n)) for n in range(3)]
    desk.release(made[0])
    with house.transactions.read() as conn:
        first, cursor = hold_rows.page(conn, "H99.01", limit=2)
        rest, end = hold_rows.page(conn, "H99.01", limit=2, cursor=cursor)
        over, _ = hold_rows.page(conn, "H99.01", states=[HoldState.RELEASED])
    assert [hold.id for hold in (*first, *rest)] == [hold.id for hold in reversed(made)]
    assert end is None
    assert [hold.id for hold in over] == [made[0].id]
