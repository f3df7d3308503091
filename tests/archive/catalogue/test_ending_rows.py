from __future__ import annotations

from datetime import date, timedelta

import pytest

from archive.catalogue import retention_rows
from archive.catalogue.retention_rows import Told
from policies.retention import NOTICE
from tests.archive.catalogue_fixtures import AGENCY
from tests.archive.dossier_fixtures import Keeping
from tests.archive.ingest_fixtures import open_house

PDF = b"%PDF-1.7 scan"
FIVE, TEN = date(2031, 12, 31), date(2036, 12, 31)  # work that ended in 2026
DAY = timedelta(days=1)


@pytest.fixture
def house(tmp_path, database):
    opened = open_house(tmp_path, database)
    yield opened
    opened.transactions.close()


@pytest.fixture
def desk(house):
    return Keeping(house)


def closed(desk, notation, code, content=PDF, **how):
    dossier = desk.open(notation)
    desk.upload(dossier, content)
    return desk.close(dossier, code, **how)


def ends(house, through, **how):
    with house.transactions.read() as conn:
        page = retention_rows.ending_page(conn, AGENCY, through, **how)
    return [(dossier.fields.notation, last) for dossier, last in page.dossiers], page.next


def counted(house, today):
    with house.transactions.read() as conn:
        return retention_rows.count_ending(conn, today)


def test_dossiers_end_on_the_last_day_of_their_own_year_the_oldest_first(house, desk):
    closed(desk, "10", "06")
    closed(desk, "05", "07.05")
    assert ends(house, FIVE - DAY) == ([], None)
    assert ends(house, FIVE) == ([("05", FIVE)], None)
    assert ends(house, TEN - DAY) == ([("05", FIVE)], None)
    assert ends(house, TEN) == ([("05", FIVE), ("10", TEN)], None)


def test_neither_what_is_permanent_nor_what_is_open_ends(house, desk):
    closed(desk, "01", "01")
    desk.upload(desk.open("02"), PDF)
    desk.reopen(closed(desk, "03", "07.05", b"%PDF-1.7 other"))
    assert ends(house, date(9000, 1, 1)) == ([], None)
    assert counted(house, date(9000, 1, 1)) == Told(0, 0, None)


def test_a_hold_over_the_dossier_or_over_a_document_in_it_keeps_it_until_the_release(house, desk):
    dossier, other = closed(desk, "01", "07.05"), desk.open("02")
    document = house.issued(b"%PDF-1.7 sealed", subject="Văn bản").id
    desk.file(other, document)
    desk.close(other, "07.05")
    over_dossier, over_document = desk.hold(dossier=dossier), desk.hold(document)
    assert ends(house, FIVE) == ([], None)
    assert counted(house, FIVE + DAY) == Told(0, 0, None)
    desk.release(over_dossier)
    assert ends(house, FIVE) == ([("01", FIVE)], None)
    desk.release(over_document)
    assert {notation for notation, _ in ends(house, FIVE)[0]} == {"01", "02"}


def test_what_lies_in_a_longer_lived_dossier_too_keeps_the_shorter_one_as_long(house, desk):
    short = closed(desk, "short", "07.05")
    (entry,) = desk.entries(short)
    long = desk.open("long")
    desk.again(long, entry.file.id)
    assert ends(house, TEN) == ([], None)  # the other one's work goes on
    desk.close(long, "06")
    assert ends(house, TEN - DAY) == ([], None)
    assert ends(house, TEN) == ([("short", TEN), ("long", TEN)], None)
    assert counted(house, FIVE + DAY) == Told(0, 0, TEN)


@pytest.mark.parametrize(
    ("today", "told"),
    [
        (FIVE - NOTICE - DAY, Told(0, 0, FIVE)),  # not told yet, and known to come
        (FIVE - NOTICE, Told(0, 1, FIVE)),
        (FIVE, Told(0, 1, FIVE)),
        (FIVE + DAY, Told(1, 0, TEN)),
        (TEN, Told(1, 1, TEN)),
        (TEN + DAY, Told(2, 0, None)),
    ],
)
def test_what_is_over_and_what_ends_within_the_notice_is_counted(house, desk, today, told):
    closed(desk, "10", "06")
    closed(desk, "05", "07.05")
    closed(desk, "ever", "01", b"%PDF-1.7 other")
    assert counted(house, today) == told


def test_the_first_day_is_not_that_of_a_dossier_whose_content_is_kept_longer(house, desk):
    """The one that ends first by itself is kept until 2046; the next is the first to end, the third is not asked."""
    first = closed(desk, "first", "07.05")
    (entry,) = desk.entries(first)
    longest = desk.open("longest")
    desk.again(longest, entry.file.id)
    desk.close(longest, "05")
    closed(desk, "second", "06", b"%PDF-1.7 other")
    assert counted(house, date(2026, 3, 5)) == Told(0, 0, TEN)


@pytest.mark.parametrize("block", [1, 2, 500])
def test_pages_are_full_and_in_order_whatever_was_left_out_between(house, desk, monkeypatch, block):
    monkeypatch.setattr(retention_rows, "BLOCK", block)
    tens = closed(desk, "0", "06", b"%PDF-1.7 0")
    fives = [closed(desk, f"{number}", "07.05", b"%%PDF-1.7 %d" % number) for number in range(1, 5)]
    held = closed(desk, "held", "07.05", b"%PDF-1.7 held")
    desk.hold(dossier=held)
    found, cursor = ends(house, TEN, limit=2)
    pages = [found]
    while cursor is not None:
        found, cursor = ends(house, TEN, limit=2, cursor=cursor)
        pages.append(found)
    assert [len(page) for page in pages] == [2, 2, 1]
    in_order = [
        *sorted(fives, key=lambda one: one.id),
        tens,
    ]  # those made in one instant have no order of time
    assert [notation for page in pages for notation, _ in page] == [one.fields.notation for one in in_order]


def test_a_cursor_goes_on_after_its_place_though_the_dossier_there_is_reopened(house, desk):
    made = [closed(desk, f"{number}", "07.05", b"%%PDF-1.7 %d" % number) for number in (1, 2)]
    first, second = sorted(made, key=lambda one: one.id)
    _, cursor = ends(house, FIVE, limit=1)
    desk.reopen(first)
    assert ends(house, FIVE, limit=1, cursor=cursor) == ([(second.fields.notation, FIVE)], None)


@pytest.mark.parametrize("cursor", ["", "x", "2031", ".x", "20311.x", "٢٠٣١.x", "-031.x"])
def test_what_is_no_cursor_is_the_first_page(house, desk, cursor):
    closed(desk, "1", "07.05")
    assert ends(house, FIVE, cursor=cursor) == ([("1", FIVE)], None)


def test_words_and_agency_narrow_the_list(house, desk):
    closed(desk, "TCCB", "07.05")
    assert ends(house, FIVE, words=("tccb", "tổ"))[0] == [("TCCB", FIVE)]
    assert ends(house, FIVE, words=("khác",)) == ([], None)
    with house.transactions.read() as conn:
        assert retention_rows.ending_page(conn, "H99.02", FIVE).dossiers == ()
