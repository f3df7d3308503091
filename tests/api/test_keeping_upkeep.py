"""What a store's bad moment leaves of a filing or a hold is done later, by the service itself."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

import pytest

from api.filing import Filing
from api.health import UNHELD, Health
from api.holding import TURN, Holding
from api.store import accounts
from api.upkeep import PATIENCE, Upkeep
from archive.catalogue import dossier_rows, hold_rows
from archive.errors import ArchiveUnavailable, ArchivingStopped
from archive.holds import Subject
from policies.dossiers import Fields
from policies.holds import HoldState
from policies.numbering import civil_date
from policies.reasons import storage
from policies.refusals import Both
from tests.service import AUDITOR, CLERK, LEADER

pytestmark = pytest.mark.xdist_group("site")


def account(site, name):
    with site.services.transactions.read() as conn:
        return accounts.by_name(conn, name)[0]


def opened(site):
    day = civil_date(site.services.clock())
    fields = Fields(day.year, uuid.uuid4().hex[:8], "Hồ sơ", "Văn thư", day)
    return Filing(site.services).open(fields, account(site, CLERK))


@pytest.fixture
def down(site, monkeypatch):
    """The store takes no writes of what is a dossier's, and no holds, until it is told to."""

    def refused(*_given, **_named):
        raise ArchiveUnavailable("the store does not answer")

    put = site.services.store.put

    def of_dossiers(key, *given, **named):
        return refused() if key.startswith("dossiers/") else put(key, *given, **named)

    with monkeypatch.context() as patch:
        patch.setattr(site.services.store, "put", of_dossiers)
        patch.setattr(site.services.store, "set_hold", refused)
        yield patch


def deposits(site, dossier):
    with site.services.transactions.read() as conn:
        return dossier_rows.deposits_before(conn, dossier.id, 99)


def later(site, monkeypatch):
    now = site.services.clock
    monkeypatch.setattr(site.services, "clock", lambda: now() + PATIENCE + timedelta(seconds=1))


def test_an_act_on_a_dossier_stands_while_the_store_is_down(site, down, monkeypatch):
    dossier = opened(site)
    assert dossier.version == 1
    document = site.issued(subject="Kho không trả lời")
    Filing(site.services).file([document], [dossier], account(site, CLERK))
    assert site.document(document)["state"] == "filed"
    assert [deposit.version for deposit in deposits(site, dossier)] == [1, 2]
    upkeep = Upkeep(site.services)
    upkeep.carry_out_what_is_left()  # too soon: whoever planned them is given time
    assert len(deposits(site, dossier)) == 2
    down.undo()
    later(site, monkeypatch)
    upkeep.carry_out_what_is_left()
    assert deposits(site, dossier) == ()
    assert len(list(site.services.store.list(f"dossiers/{dossier.id}/"))) == 2


def test_a_hold_stands_while_the_store_is_down_and_is_put_on_later(site, down, monkeypatch):
    document = site.issued(subject="Tạm giữ khi kho không trả lời")
    hold = Holding(site.services).place(
        Subject(documents=(document,)), "Thanh tra", "CV 12", account(site, CLERK)
    )
    assert hold.state is HoldState.PLACED
    assert site.document(document)["retention"]["because"] == "held"
    store = site.services.store
    keys = list(store.list(f"documents/{document}/"))
    assert not any(store.head(key).hold for key in keys)
    part = Health(site.services).parts()["holds"]
    assert (part["state"], part["waiting"] >= len(keys)) == ("ok", True)
    assert part["oldest"] == hold.placed_at.isoformat(timespec="seconds")
    with monkeypatch.context() as patch:
        now = site.services.clock()
        patch.setattr(site.services, "clock", lambda: now + UNHELD + timedelta(seconds=1))
        # A process that puts no flags on itself; it asks the rows.
        serves = SimpleNamespace(transactions=site.services.transactions, clock=site.services.clock)
        assert Health(serves)._holds() == {**part, "state": "failing"}
    assert site.client(None).get("/health").status_code == 200  # acts can be done meanwhile
    down.undo()
    Upkeep(site.services).keep_what_is_held()
    assert all(store.head(key).hold for key in keys)
    assert Health(site.services).parts()["holds"] == {"state": "ok", "waiting": 0, "oldest": None}


def test_a_part_of_upkeep_that_cannot_be_done_keeps_no_other_from_its_turn(site, down, monkeypatch, caplog):
    document = site.issued(subject="Tạm giữ khi việc khác hỏng")
    Holding(site.services).place(Subject(documents=(document,)), "Thanh tra", "CV 12", account(site, CLERK))
    down.undo()
    store, upkeep, done = site.services.store, Upkeep(site.services), []

    def broken():
        raise ValueError("a key that nobody foresaw")

    for name in ("carry_out_what_is_left", "end_lost_operations", "clear_work"):
        monkeypatch.setattr(upkeep, name, broken)
    monkeypatch.setattr(upkeep.aftercare, "catch_up", broken)
    monkeypatch.setattr(upkeep.aftercare, "follow_up", lambda: done.append("followed up"))
    monkeypatch.setattr("api.upkeep.idempotency.forget_old", lambda _conn, _at: done.append("forgot"))
    upkeep.run_once()
    assert all(store.head(key).hold for key in store.list(f"documents/{document}/"))
    assert done == ["followed up", "forgot"]
    assert caplog.text.count("a key that nobody foresaw") >= 4


def test_flags_are_put_on_by_one_at_a_time(site, down):
    """Else what one lets go another may be holding."""
    document = site.issued(subject="Tạm giữ khi tiến trình khác đang đặt cờ")
    holding, store = Holding(site.services), site.services.store
    down.undo()
    with site.services.turns.attempt(TURN) as mine:
        assert mine
        holding.place(Subject(documents=(document,)), "Thanh tra", "CV 12", account(site, CLERK))
        keys = list(store.list(f"documents/{document}/"))
        assert not any(store.head(key).hold for key in keys)
    Upkeep(site.services).keep_what_is_held()
    assert all(store.head(key).hold for key in keys)


def test_a_hold_that_stands_is_not_answered_by_a_refusal(site, monkeypatch):
    document = site.issued(subject="Tạm giữ khi kho không giữ khóa")

    def broken():
        raise ArchivingStopped(storage.ARCHIVING_STOPPED, what=Both("…", "…"))

    with monkeypatch.context() as patch:
        patch.setattr(site.services.proofs.gate, "require", broken)
        hold = Holding(site.services).place(
            Subject(documents=(document,)), "Thanh tra", "CV 13", account(site, CLERK)
        )
    assert hold.state is HoldState.PLACED
    later(site, monkeypatch)
    Upkeep(site.services).carry_out_what_is_left()
    Upkeep(site.services).keep_what_is_held()
    store = site.services.store
    assert all(store.head(key).hold for key in store.list(f"documents/{document}/"))


def test_a_release_is_carried_out_later_too(site, down, monkeypatch):
    document = site.issued(subject="Gỡ khi kho không trả lời")
    holding = Holding(site.services)
    down.undo()
    hold = holding.place(Subject(documents=(document,)), "Thanh tra", "CV 12", account(site, AUDITOR))
    hold = holding.ask_release(hold, "Đã kết luận", account(site, AUDITOR))

    def refused(*_given, **_named):
        raise ArchiveUnavailable("the store does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(site.services.store, "put", refused)
        waiting = holding.confirm_release(hold, account(site, LEADER))
        assert waiting.state is HoldState.RELEASE_CONFIRMED
        store = site.services.store
        keys = list(store.list(f"documents/{document}/"))
        holding.enforce()
        assert all(store.head(key).hold for key in keys)  # not in writing yet: still held
    later(site, monkeypatch)
    upkeep = Upkeep(site.services)
    upkeep.carry_out_what_is_left()
    upkeep.keep_what_is_held()
    with site.services.transactions.read() as conn:
        assert hold_rows.find(conn, hold.id).state is HoldState.RELEASED
    assert not any(store.head(key).hold for key in store.list(f"documents/{document}/"))
