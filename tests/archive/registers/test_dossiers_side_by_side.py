"""Acts on dossiers and holds at the same time on PostgreSQL: none waits for another for ever, none is lost."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from archive.catalogue import dossier_rows, hold_rows
from archive.registers import dossiers
from policies.reasons import keeping
from policies.refusals import Refused
from tests.archive.dossier_fixtures import CUONG, Keeping, by
from tests.archive.ingest_fixtures import open_house


@pytest.fixture
def house(tmp_path, postgres_database):
    opened = open_house(tmp_path, postgres_database)
    yield opened
    opened.transactions.close()


def at_once(*acts):
    """Runs all of them at the same time; what each raised, None for what did not."""
    start, told = Barrier(len(acts)), [None] * len(acts)

    def run(number, act):
        start.wait()
        try:
            act()
        except Refused as exc:
            told[number] = exc.id

    threads = [Thread(target=run, args=each) for each in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive(), "two acts wait for each other"
    return told


def into_both(house, first, second, documents):
    """As `api.filing` files into several dossiers: their rows are held in one order."""
    with house.transactions.write() as conn:
        chosen = sorted((first.id, second.id))
        for one in chosen:
            dossier_rows.locked(conn, one)
        for one in chosen:
            dossiers.file_documents(conn, one, documents, by())


def test_filing_into_the_same_dossiers_in_different_orders(house):
    desk = Keeping(house)
    one, two = desk.open("01"), desk.open("02")
    for round_ in range(5):
        some = [house.issued(b"%%PDF %d %d" % (round_, n)).id for n in range(4)]
        told = at_once(
            lambda some=some: into_both(house, one, two, some[:2]),
            lambda some=some: into_both(house, two, one, some[2:][::-1]),
        )
        assert told == [None, None]
    desk.repair()
    assert len(desk.entries(one)) == len(desk.entries(two)) == 20


def test_a_document_is_taken_out_of_two_dossiers_at_once(house):
    desk = Keeping(house)
    one, two = desk.open("01"), desk.open("02")
    for round_ in range(1, 6):
        document = house.issued(b"%%PDF %d" % round_).id
        into_both(house, one, two, [document])
        assert at_once(lambda n=round_: desk.remove(one, n), lambda n=round_: desk.remove(two, n)) == [
            None,
            None,
        ]
        assert house.document(document).state == "issued"


def test_one_release_of_two_confirmed_at_once(house):
    desk = Keeping(house)
    hold = desk.ask(desk.hold(house.issued(b"%PDF held").id))
    told = at_once(lambda: desk.confirm(hold), lambda: desk.confirm(hold, CUONG))
    assert sorted(told, key=str) == [None, keeping.HOLD_WRONG_STATE.id]
    desk.repair()
    assert not any(desk.flags().values())


def test_a_hold_that_comes_while_an_entry_is_taken_out_waits_for_that(house, monkeypatch):
    """Asked for after the removal has looked for holds, and before it is committed."""
    desk, refuse_held, events = Keeping(house), dossiers._refuse_held, []
    dossier, document = desk.open(), house.issued(b"%PDF one").id
    desk.file(dossier, document)
    placing = Thread(target=lambda: (desk.hold(document), events.append("held")))

    def looked(*given):
        refuse_held(*given)
        placing.start()
        placing.join(0.5)
        events.append("looked")

    monkeypatch.setattr(dossiers, "_refuse_held", looked)
    desk.remove(dossier, 1)
    placing.join(30)
    assert events == ["looked", "held"]
    assert desk.entries(dossier) == ()


def test_a_hold_and_a_removal_at_once_end_in_one_order_or_the_other(house):
    desk = Keeping(house)
    dossier = desk.open()
    for round_ in range(1, 6):
        document = house.issued(b"%%PDF %d" % round_).id
        desk.file(dossier, document)
        told = at_once(lambda d=document: desk.hold(d), lambda n=round_: desk.remove(dossier, n))
        assert told[0] is None
        assert told[1] in (None, keeping.UNDER_HOLD.id)
        with house.transactions.read() as conn:
            assert document in hold_rows.over(conn, [document])
        inside = [entry.document.id for entry in desk.entries(dossier)]
        assert (document in inside) is (told[1] is not None)
