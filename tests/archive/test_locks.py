"""The nightly pass over locks: what is due is extended and hardened, what was shortened is told, nothing is lost."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from archive import locks as passes
from archive.catalogue import copy_rows, document_changes, watch_rows
from archive.catalogue.copies import FIRST, Shelf
from archive.catalogue.watch_rows import EventType
from archive.errors import StoreUnavailable
from archive.fsck.findings import LOCK_SOFTER
from archive.fsck.run import check
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.memory import Fault
from policies.locks import QUARANTINE, RENEW_EVERY, WORTH_EXTENDING, Alarm, alarms
from policies.reasons import storage as storing
from policies.retention import lock_until
from policies.vocabulary import LockMode, State
from tests.archive.catalogue_fixtures import AT
from tests.archive.dossier_fixtures import Keeping
from tests.archive.watch_house import VKEY, mute, unmute

OVER = AT + QUARANTINE
DAY = timedelta(days=1)


def locks_of(watch, document):
    """What the store shows of the document's objects."""
    shown = [watch.first.head(copy.key, copy.version) for copy in watch.copies(document)]
    return {(each.retain_until, each.mode) for each in shown}


def test_a_new_document_is_soft_for_its_quarantine_and_hard_after_it(watch):
    (document,) = watch.documents(1)
    assert locks_of(watch, document) == {(lock_until(AT), LockMode.GOVERNANCE)}
    early = watch.night(OVER - timedelta(seconds=1))
    assert (early.good, early.examined) == (True, 0)
    run = watch.night(OVER)
    assert (run.good, run.examined, run.extended, run.hardened) == (True, 2, 2, 2)
    assert locks_of(watch, document) == {(lock_until(OVER), LockMode.COMPLIANCE)}
    for copy in watch.copies(document):
        assert copy.lock.mode is LockMode.COMPLIANCE
        assert (copy.hardened_at, copy.locked_at) == (OVER, OVER)
    assert run.earliest_end == lock_until(OVER)


def test_the_audit_is_clean_before_and_after_hardening(watch):
    watch.documents(2)
    for act in (lambda: None, lambda: watch.night(OVER), lambda: watch.night(OVER + RENEW_EVERY)):
        act()
        assert check(watch.house.transactions.read, {FIRST: watch.first}, VKEY).findings == []


def test_each_object_is_extended_about_once_a_month_and_not_every_night(watch):
    (document,) = watch.documents(1)
    extended = [watch.night(OVER + night * DAY).extended for night in range(70)]
    assert extended[0] == 2
    assert sum(extended) == 6
    assert all(count == 0 for count in extended[1:25])
    assert {until for until, _ in locks_of(watch, document)} <= {
        lock_until(OVER + night * DAY) for night in range(50, 61)
    }


def test_a_page_is_followed_by_the_next_one(watch, monkeypatch):
    monkeypatch.setattr(passes, "PAGE", 3)
    watch.documents(5)
    run = watch.night(OVER)
    assert (run.examined, run.hardened) == (10, 10)
    assert watch.night(OVER).examined == 0


def test_what_the_second_opinion_did_not_clear_is_not_hardened_and_not_forgotten(watch):
    heard, unheard, stopped, voided = watch.documents(4)
    watch.agreed = {heard.id, stopped.id, voided.id}
    with watch.house.transactions.write() as conn:
        for document, state in ((stopped, State.STOPPED), (voided, State.VOIDED)):
            document_changes.change(conn, document, AT, state=state)
    run = watch.night(OVER)
    assert (run.good, run.hardened, run.withheld) == (True, 2, 6)
    for document in (unheard, stopped, voided):
        assert locks_of(watch, document) == {(lock_until(AT), LockMode.GOVERNANCE)}
    later = OVER + 60 * DAY
    watch.night(later)
    assert locks_of(watch, unheard) == {(lock_until(later), LockMode.GOVERNANCE)}, "soft, and it rolls"
    watch.agreed.add(unheard.id)
    assert watch.night(later + DAY).hardened == 2


def test_a_service_that_was_down_for_most_of_a_year_has_lost_nothing(watch):
    (document,) = watch.documents(1)
    late = AT + timedelta(days=390)
    assert {until for until, _ in locks_of(watch, document)} == {lock_until(AT)}
    assert lock_until(AT) > late
    run = watch.night(late)
    assert (run.good, run.hardened) == (True, 2)
    assert locks_of(watch, document) == {(lock_until(late), LockMode.COMPLIANCE)}


@pytest.mark.parametrize(
    ("until", "mode"),
    [
        (lock_until(AT) - DAY, LockMode.COMPLIANCE),
        (lock_until(OVER), LockMode.GOVERNANCE),
        (None, None),
    ],
    ids=["shorter", "softer", "none"],
)
def test_a_lock_that_somebody_shortened_is_set_again_and_told(watch, until, mode):
    (document,) = watch.documents(1)
    watch.night(OVER)
    key = watch.copies(document)[0].key
    watch.first.relock(key, until, mode)
    later = OVER + RENEW_EVERY
    run = watch.night(later)
    assert (run.good, run.shortened) == (True, 1)
    assert locks_of(watch, document) == {(lock_until(later), LockMode.COMPLIANCE)}
    (event,) = watch.events(EventType.EXTENSION, faults=True)
    assert (event.key, event.document, event.store) == (key, document.id, FIRST)
    assert "COMPLIANCE until" in event.detail
    with watch.house.transactions.read() as conn:
        told = alarms(passes.watched(conn, FIRST, AT), later + DAY)
    assert told == (Alarm.SHORTENED,)


def test_a_hold_that_was_taken_off_behind_us_is_put_on_again(watch):
    (document,) = watch.documents(1)
    copy = watch.copies(document)[0]
    watch.first.set_hold(copy.key, True)
    watch.first.extend_retention(copy.key, lock_until(AT), mode=LockMode.COMPLIANCE)
    hold(watch, document)
    watch.first.relock(copy.key, lock_until(AT), LockMode.COMPLIANCE)
    run = watch.night(OVER)
    assert run.shortened == 2, "the second object had lost its hold too"
    assert all(watch.first.head(each.key).hold for each in watch.copies(document))


def hold(watch, document):
    from archive.catalogue.tables import objects

    with watch.house.transactions.write() as conn:
        conn.execute(objects.update().where(objects.c.document == document.id).values(hold=True))


def test_an_object_that_is_gone_is_left_to_the_repair_and_stops_nobody(watch):
    one, other = watch.documents(2)
    key = watch.copies(one)[0].key
    watch.first.vanish(key)
    run = watch.night(OVER)
    assert (run.examined, run.hardened, run.failed) == (4, 3, 1)
    assert not run.good, "one of four failed"
    assert watch.find(Shelf.DOCUMENTS, key).fixity_state == "damaged"
    assert locks_of(watch, other) == {(lock_until(OVER), LockMode.COMPLIANCE)}
    (event,) = [event for event in watch.events(EventType.EXTENSION, faults=True) if event.key]
    assert event.key == key


def test_a_store_that_lies_about_what_it_set_is_not_believed(watch):
    (document,) = watch.documents(1)
    key = watch.copies(document)[0].key
    watch.first.fail_at(1, Fault.SWALLOWED)
    watch.first.fail_at(2, Fault.SWALLOWED)
    run = watch.night(OVER)
    assert (run.good, run.failed, run.hardened) == (False, 2, 0)
    assert watch.find(Shelf.DOCUMENTS, key).lock.mode is LockMode.GOVERNANCE
    again = watch.night(OVER + DAY)
    assert (again.good, again.hardened) == (True, 2)


@pytest.mark.parametrize("fault", [Fault.LOST, Fault.KEPT])
def test_an_answer_that_was_lost_is_made_up_for_the_next_night(watch, fault):
    (document,) = watch.documents(1)
    watch.first.fail_at(1, fault)
    run = watch.night(OVER)
    assert (run.failed, run.hardened) == (1, 1)
    later = OVER + DAY
    assert watch.night(later).hardened == 1
    ends = {until for until, _ in locks_of(watch, document)}
    assert ends == {lock_until(OVER), lock_until(later)} if fault is Fault.LOST else ends
    assert check(watch.house.transactions.read, {FIRST: watch.first}, VKEY).findings == []


def test_a_store_that_does_not_answer_at_all_ends_the_night_soon_and_badly(watch, monkeypatch):
    monkeypatch.setattr(passes, "PAGE", 4)
    made = watch.documents(10)
    for document in made:
        for copy in watch.copies(document):
            mute(watch.first, copy.key)
    mute(watch.first, keys.CHECKPOINT)
    run = watch.night(OVER)
    assert (run.good, run.examined, run.failed) == (False, 4, 4)
    unmute(watch.first)
    assert watch.night(OVER + DAY).hardened == 20


def test_copies_that_are_lost_keep_no_other_lock_from_being_extended(lite, monkeypatch):
    """They stay the longest due: each night meets them first."""
    monkeypatch.setattr(passes, "PAGE", 4)
    lost = lite.documents(5)
    fine = lite.house.archived(b"%PDF-1.7 fine", AT + timedelta(hours=1))
    for document in lost:
        for copy in lite.copies(document):
            mute(lite.first, copy.key)
    for night in (OVER + DAY, OVER + RENEW_EVERY + DAY):
        run = lite.night(night)
        assert (run.good, run.examined, run.failed, run.extended) == (False, 12, 10, 2)
        assert locks_of(lite, fine) == {(lock_until(night), LockMode.COMPLIANCE)}
    with lite.house.transactions.read() as conn:
        told = alarms(passes.watched(conn, FIRST, AT), OVER + RENEW_EVERY + DAY)
    assert {Alarm.NO_GOOD_NIGHT, Alarm.OVERDUE} <= set(told)


def test_a_lock_that_the_directory_store_cannot_read_stops_no_other(lite, tmp_path):
    lite.house.objects = DirectoryStore(tmp_path / "store", clock=lambda: AT)
    one, other = lite.documents(2)
    lock = tmp_path / "store" / "objects" / f"{lite.copies(one)[0].key}.lock"
    lock.unlink()
    lock.mkdir()
    run = lite.night(OVER)
    assert (run.examined, run.failed, run.hardened) == (4, 1, 3)
    assert locks_of(lite, other) == {(lock_until(OVER), LockMode.COMPLIANCE)}


def never_hardens(store):
    """As a server where the account has no right to bypass GOVERNANCE."""
    real = store.extend_retention

    def extend(key, until, *, mode=LockMode.COMPLIANCE, version=""):
        if mode is LockMode.COMPLIANCE and store.head(key, version).mode is LockMode.GOVERNANCE:
            raise StoreUnavailable(storing.HARDENING_DENIED, f"PUT ?retention {key}: 403 AccessDenied")
        return real(key, until, mode=mode, version=version)

    store.extend_retention = extend


def test_a_store_that_lets_nothing_be_hardened_extends_softly_and_is_told(lite):
    (document,) = lite.documents(1)
    never_hardens(lite.first)
    for days in (0, 21, 120, 390, 800):
        night = OVER + timedelta(days=days)
        run = lite.night(night)
        assert (run.good, run.examined, run.failed, run.denied, run.hardened) == (False, 2, 2, 2, 0)
        ((until, mode),) = locks_of(lite, document)
        assert (mode, until >= lock_until(night - WORTH_EXTENDING)) == (LockMode.GOVERNANCE, True)
    assert lite.events(EventType.EXTENSION)[0].detail.endswith("store.hardening-denied: 2 not hardened")
    assert lite.audit(night) == []
    del lite.first.extend_retention
    assert lite.night(night + DAY).hardened == 2, "the right is granted"


def test_a_hold_is_put_on_where_nothing_may_be_hardened(lite):
    (document,) = lite.documents(1)
    never_hardens(lite.first)
    hold(lite, document)
    lite.night(OVER)
    assert all(lite.first.head(copy.key).hold for copy in lite.copies(document))


def test_a_lock_that_was_softened_and_may_not_be_hardened_again_goes_on_being_told(lite):
    (document,) = lite.documents(1)
    lite.night(OVER)
    key = lite.copies(document)[0].key
    lite.first.relock(key, lock_until(OVER), LockMode.GOVERNANCE)
    never_hardens(lite.first)
    later = OVER + RENEW_EVERY
    run = lite.night(later)
    assert (run.good, run.failed, run.extended) == (False, 1, 1)
    assert lite.first.head(key).retain_until == lock_until(later), "it does not end for that"
    assert lite.copies(document)[0].lock.mode is LockMode.COMPLIANCE
    assert LOCK_SOFTER in {finding.id for finding in lite.audit()}


def test_nights_that_extend_nothing_alarm_long_before_the_first_lock_ends(watch):
    watch.documents(1)
    watch.night(OVER)
    with watch.house.transactions.read() as conn:
        state = passes.watched(conn, FIRST, AT)
    assert alarms(state, OVER + DAY) == ()
    assert alarms(state, OVER + 3 * DAY) == (Alarm.NO_GOOD_NIGHT,)
    last = OVER + 101 * DAY
    assert set(alarms(state, last)) == {Alarm.NO_GOOD_NIGHT, Alarm.END_NEAR, Alarm.OVERDUE}
    assert state.earliest_end - last > timedelta(days=298)


def test_a_pass_that_is_told_to_stop_goes_on_the_next_time(watch, monkeypatch):
    monkeypatch.setattr(passes, "PAGE", 2)
    watch.documents(3)
    watch.stopping = True
    run = watch.night(OVER)
    assert (run.good, run.examined) == (False, 2)
    watch.stopping = False
    assert watch.night(OVER).examined == 4


def test_the_end_of_retention_lets_the_lock_end_and_a_hold_lets_it_roll(watch, monkeypatch):
    free, held = watch.documents(2)
    last_day = (AT + timedelta(days=500)).date()
    monkeypatch.setattr(
        passes.retention_rows, "retain_through", lambda _conn, ids: dict.fromkeys(ids, last_day)
    )
    watch.night(OVER)
    hold(watch, held)  # and nobody tells the locks
    for night in range(120, 130):
        watch.night(AT + night * DAY)
    (free_end,) = {until for until, _ in locks_of(watch, free)}
    assert free_end == passes.lock_target(AT + 130 * DAY, last_day)
    assert all(not copy.kept for copy in watch.copies(free))
    assert all(copy.kept for copy in watch.copies(held))
    far = AT + timedelta(days=450)
    watch.night(far)
    assert {until for until, _ in locks_of(watch, free)} == {free_end}
    assert {until for until, _ in locks_of(watch, held)} == {lock_until(far)}
    with watch.house.transactions.read() as conn:
        state = passes.watched(conn, FIRST, AT)
    assert Alarm.END_NEAR not in alarms(state, far), "what may end alarms nobody"


def test_two_passes_at_once_do_no_harm(watch):
    """The second sees what the first set: it only records it."""
    (document,) = watch.documents(1)
    with watch.house.transactions.read() as conn:
        page = copy_rows.due_locks(conn, Shelf.DOCUMENTS, OVER, None, 10)
    watch.night(OVER)
    stale = [copy_rows.LockChange(copy.key, copy.version, copy.lock, OVER, True, False) for copy in page]
    with watch.house.transactions.write() as conn:
        copy_rows.set_locks(conn, Shelf.DOCUMENTS, stale, OVER)
    assert {copy.lock.until for copy in watch.copies(document)} == {lock_until(OVER)}
    other = [replace(change, version="another") for change in stale]
    with watch.house.transactions.write() as conn:
        copy_rows.set_locks(conn, Shelf.DOCUMENTS, other, OVER)
    assert {copy.lock.mode for copy in watch.copies(document)} == {LockMode.COMPLIANCE}


def test_the_runs_are_kept(watch):
    watch.documents(1)
    watch.night(OVER)
    mute(watch.first, watch.copies(watch.house.document(next(iter(ids(watch)))))[0].key)
    watch.night(OVER + RENEW_EVERY)
    with watch.house.transactions.read() as conn:
        assert watch_rows.last_lock_run(conn, FIRST).good is False
        assert watch_rows.last_lock_run(conn, FIRST, good=True).started_at == OVER


def ids(watch):
    return {key.split("/")[1] for key in watch.first.list("documents/")}


def test_dossiers_and_their_files_leave_quarantine_without_a_second_opinion(watch):
    desk = Keeping(watch.house)
    dossier = desk.upload(desk.open(at=AT), b"a scan", at=AT)
    keys_of = list(watch.first.list(f"dossiers/{dossier.id}/"))
    watch.agreed = set()
    assert watch.night(OVER - timedelta(hours=1)).hardened == 0
    assert {watch.first.head(key).mode for key in keys_of} == {LockMode.GOVERNANCE}
    watch.night(OVER)
    assert {watch.first.head(key).mode for key in keys_of} == {LockMode.COMPLIANCE}
