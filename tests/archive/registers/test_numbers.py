from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from archive.catalogue import documents, register_rows
from archive.errors import RegisterRefused
from archive.registers import numbers, outgoing
from policies.numbering import Series
from policies.reasons import issuing as reasons
from tests.archive.catalogue_fixtures import AGENCY, AT, open_catalogue, request_for, signed_document


@pytest.fixture
def catalogue(tmp_path, database):
    transactions = open_catalogue(tmp_path, database)
    yield transactions
    transactions.close()


def allot(transactions, at=AT, wishes=None, **values):
    with transactions.write() as conn:
        document = signed_document(conn, at, **values)
        return numbers.allot(conn, request_for(document, **(wishes or {})), at)


def test_numbers_begin_at_01_and_leave_no_gap(catalogue):
    assert [allot(catalogue).text for _ in range(3)] == ["01/QĐ-UBND", "02/QĐ-UBND", "03/QĐ-UBND"]


def test_kinds_have_their_own_series(catalogue):
    texts = [
        allot(catalogue, kind="QĐ").text,
        allot(catalogue, kind="TB").text,
        allot(catalogue, kind="CV", unit="VP").text,
        allot(catalogue, kind="QĐ").text,
    ]
    assert texts == ["01/QĐ-UBND", "01/TB-UBND", "01/UBND-VP", "02/QĐ-UBND"]


def test_the_leading_zero_ends_at_10(catalogue):
    assert [allot(catalogue).text for _ in range(10)][-2:] == ["09/QĐ-UBND", "10/QĐ-UBND"]


def test_a_retry_gets_the_documents_own_number(catalogue):
    with catalogue.write() as conn:
        document = signed_document(conn)
        first = numbers.allot(conn, request_for(document), AT)
    allot(catalogue)
    with catalogue.write() as conn:
        again = numbers.allot(conn, request_for(document), AT + timedelta(days=2))
    assert again == first


def test_a_rolled_back_number_is_given_to_the_next(catalogue):
    def crash_before_commit():
        with catalogue.write() as conn:
            numbers.allot(conn, request_for(signed_document(conn)), AT)
            raise KeyError

    with pytest.raises(KeyError):
        crash_before_commit()
    assert allot(catalogue).number == 1


def test_new_year_in_vietnam_opens_a_new_series(catalogue):
    before = datetime(2026, 12, 31, 16, 59, 59, tzinfo=UTC)
    assert allot(catalogue, before).text == "01/QĐ-UBND"
    first = allot(catalogue, before + timedelta(seconds=1))
    assert (first.text, first.year, first.document_date) == ("01/QĐ-UBND", 2027, date(2027, 1, 1))


def test_signed_before_midnight_numbered_after_it(catalogue):
    signed = datetime(2026, 12, 31, 16, 59, tzinfo=UTC)
    with catalogue.write() as conn:
        document = signed_document(conn, signed)
        number = numbers.allot(conn, request_for(document), signed + timedelta(minutes=2))
    assert (number.year, number.number, number.document_date) == (2027, 1, date(2027, 1, 1))


def test_the_date_is_never_before_the_leaders_token(catalogue):
    with pytest.raises(RegisterRefused) as refused:
        allot(catalogue, wishes={"wanted_date": date(2026, 3, 4)})
    assert refused.value.reason is reasons.DATE_BEFORE_SIGNATURE


def test_a_later_number_never_has_an_earlier_date(catalogue):
    with catalogue.write() as conn:
        early = signed_document(conn, AT)
    allot(catalogue, AT + timedelta(days=3))
    wish = request_for(early, wanted_date=date(2026, 3, 6))
    with catalogue.write() as conn, pytest.raises(RegisterRefused) as refused:
        numbers.allot(conn, wish, AT + timedelta(days=3))
    assert refused.value.reason is reasons.DATE_BEFORE_LAST_NUMBER


def test_number_already_taken(catalogue):
    allot(catalogue)
    with pytest.raises(RegisterRefused) as refused:
        allot(catalogue, wishes={"wanted_number": 1})
    assert refused.value.reason is reasons.NUMBER_TAKEN


def test_a_wish_that_leaves_a_gap(catalogue):
    with pytest.raises(RegisterRefused) as refused:
        allot(catalogue, wishes={"wanted_number": 2})
    assert refused.value.reason is reasons.NUMBER_LEAVES_GAP


def test_a_voided_number_stays_and_is_not_used_again(catalogue):
    with catalogue.write() as conn:
        document = signed_document(conn)
        numbers.allot(conn, request_for(document), AT)
        voided = numbers.void(conn, document.id, "Sai thẩm quyền ký", AT)
        assert numbers.void(conn, document.id, "lần nữa", AT) == voided
    assert voided.voided
    assert voided.reason == "Sai thẩm quyền ký"
    assert allot(catalogue).number == 2
    with catalogue.write() as conn, pytest.raises(RegisterRefused) as refused:
        numbers.allot(conn, request_for(document), AT)
    assert refused.value.reason is reasons.NUMBER_VOIDED
    assert "Sai thẩm quyền ký" in refused.value.text("vi")


def test_voiding_needs_a_reason(catalogue):
    with catalogue.write() as conn, pytest.raises(RegisterRefused) as refused:
        numbers.void(conn, signed_document(conn).id, "  ", AT)
    assert refused.value.reason is reasons.REASON_NEEDED


def test_a_series_may_continue_a_paper_register_once(catalogue):
    series = Series(AGENCY, "QĐ", 2026)
    with catalogue.write() as conn:
        numbers.open_series(conn, series, 121)
    assert allot(catalogue).text == "121/QĐ-UBND"
    with catalogue.write() as conn, pytest.raises(RegisterRefused) as refused:
        numbers.open_series(conn, series, 500)
    assert refused.value.reason is reasons.SERIES_OPENED


def test_number_and_register_are_one_act(catalogue):
    entry = outgoing.Entry(signer="Trần Văn Lãnh Đạo")
    with catalogue.write() as conn:
        document = signed_document(conn, recipients=("Sở Nội vụ", "Sở Tài chính"))
        numbered, number = outgoing.number_and_enter(conn, document, request_for(document), entry, AT)
        again, same = outgoing.number_and_enter(conn, numbered, request_for(document), entry, AT)
    assert (numbered.number_text, numbered.document_date) == ("01/QĐ-UBND", date(2026, 3, 5))
    assert (again, same) == (numbered, number)
    with catalogue.write() as conn:
        outgoing.mark_sent(conn, document.id, AT, "Trục liên thông")
    with catalogue.read() as conn:
        (row,) = outgoing.page(conn, AGENCY, 2026)
        assert documents.get(conn, document.id).number == 1
    assert outgoing.printed(row) == (
        "01/QĐ-UBND",
        "05/03/2026",
        "Quyết định Về việc thành lập Tổ công tác",
        "Trần Văn Lãnh Đạo",
        "Sở Nội vụ; Sở Tài chính",
        "VT",
        "1",
        "05/03/2026",
        "Trục liên thông",
        "",
    )
    assert len(outgoing.printed(row)) == len(outgoing.COLUMNS)


def test_the_journal_chains_every_act(catalogue):
    with catalogue.write() as conn:
        document = signed_document(conn)
        numbers.allot(conn, request_for(document), AT)
        first = register_rows.journal_head(conn, AGENCY)
        numbers.void(conn, document.id, "Soạn sai", AT)
        second = register_rows.journal_head(conn, AGENCY)
    assert (first.ordinal, second.ordinal) == (1, 2)
    assert second.previous == first.sha256
