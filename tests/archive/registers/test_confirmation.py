"""A series of a catalogue that was made again gives no number until somebody says what its last one was."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from archive.catalogue import log_rows, rebuild_rows, register_rows
from archive.catalogue.rebuild_rows import Rebuild
from archive.errors import RegisterRefused
from archive.log.leaf import LeafKind
from archive.registers import numbers
from archive.registers.confirmation import MOST_LOST, confirm
from policies.numbering import Series, SeriesState
from policies.reasons import issuing as reasons
from tests.archive.catalogue_fixtures import AGENCY, AT, open_catalogue, request_for, signed_document

QD, TB = Series(AGENCY, "QĐ", 2026), Series(AGENCY, "TB", 2026)


def rebuilt(**values):
    made = Rebuild("primary", "log", 0, bytes(32), False, "done", "", AT)
    return Rebuild(**{**{n: getattr(made, n) for n in Rebuild.__slots__}, **values})


@pytest.fixture
def catalogue(tmp_path):
    """Made again in 2026; the archive knows three decisions."""
    transactions = open_catalogue(tmp_path)
    for _ in range(3):
        allot(transactions)
    with transactions.write() as conn:
        state = register_rows.lock_series(conn, QD)
        register_rows.set_series(conn, SeriesState(QD, 1, 3, state.last_date, closed=True))
        rebuild_rows.begin(conn, rebuilt(finished_at=AT, closed_through=2026))
    yield transactions
    transactions.close()


def allot(transactions, at=AT, **values):
    with transactions.write() as conn:
        return numbers.allot(conn, request_for(signed_document(conn, at, **values)), at)


def confirmed(transactions, series, last):
    with transactions.write() as conn:
        return confirm(conn, series, last, AT)


def refused(transactions, act, reason):
    with pytest.raises(RegisterRefused) as refusal:
        act()
    assert refusal.value.reason is reason
    return refusal.value


def test_a_closed_series_gives_no_number_and_names_the_command(catalogue):
    refusal = refused(catalogue, lambda: allot(catalogue), reasons.SERIES_CLOSED)
    for language in ("vi", "en"):
        assert "antin registers confirm --kind QĐ --year 2026 --last" in refusal.text(language)
    assert "03" in refusal.text("vi")


def test_so_does_a_series_of_which_the_archive_knows_nothing(catalogue):
    refused(catalogue, lambda: allot(catalogue, kind="TB"), reasons.SERIES_CLOSED)
    assert confirmed(catalogue, TB, 0).lost == range(1, 1)
    assert allot(catalogue, kind="TB").text == "01/TB-UBND"


def test_a_year_that_began_since_is_open(catalogue):
    assert allot(catalogue, AT + timedelta(days=365)).text == "01/QĐ-UBND"


def test_confirmed_as_the_archive_has_it(catalogue):
    assert confirmed(catalogue, QD, 3).lost == range(4, 4)
    assert allot(catalogue).number == 4


def test_numbers_that_only_people_know_of_are_lost_and_stay_so(catalogue):
    done = confirmed(catalogue, QD, 5)
    assert (done.archived, list(done.lost)) == (3, [4, 5])
    assert allot(catalogue).number == 6
    with catalogue.read() as conn:
        head = register_rows.journal_head(conn, AGENCY)
        bound = log_rows.last_head(conn, AGENCY, LeafKind.REGISTER_HEAD)
        found = [number.number for number in register_rows.numbers_in(conn, QD)]
    assert found == [1, 2, 3, 6]
    assert (head.ordinal, bound.head_ordinal) == (6, 5)
    assert json.loads(head.entry)["number"] == 6


def test_a_last_number_below_what_the_archive_proves(catalogue):
    refused(catalogue, lambda: confirmed(catalogue, QD, 2), reasons.LAST_TOO_LOW)
    refused(catalogue, lambda: allot(catalogue), reasons.SERIES_CLOSED)


def test_a_slip_of_the_keyboard(catalogue):
    refused(catalogue, lambda: confirmed(catalogue, QD, 4 + MOST_LOST), reasons.LAST_TOO_HIGH)
    refused(catalogue, lambda: allot(catalogue), reasons.SERIES_CLOSED)


def test_a_series_is_confirmed_once(catalogue):
    confirmed(catalogue, QD, 3)
    refused(catalogue, lambda: confirmed(catalogue, QD, 9), reasons.SERIES_NOT_CLOSED)


def test_a_catalogue_that_was_never_lost_has_nothing_to_confirm(tmp_path):
    transactions = open_catalogue(tmp_path)
    refused(transactions, lambda: confirmed(transactions, QD, 3), reasons.SERIES_NOT_CLOSED)
    transactions.close()
