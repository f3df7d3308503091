"""The outgoing register (NĐ 30/2020/NĐ-CP, Điều 15 and 16, PL IV): numbered documents, in order of entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from archive.catalogue import Connection, document_changes, documents
from archive.catalogue import register_rows as rows
from archive.catalogue.values import Document, Number, RegisterRow
from archive.registers import numbers
from archive.registers.chain import entered_facts, void_note
from archive.registers.numbers import NumberRequest
from policies.kinds import BY_CODE
from policies.numbering import civil_date, show

COLUMNS: Final = (
    "Số, ký hiệu văn bản",
    "Ngày tháng văn bản",
    "Tên loại và trích yếu nội dung văn bản",
    "Người ký",
    "Nơi nhận văn bản",
    "Đơn vị, người nhận bản lưu",
    "Số lượng bản",
    "Ngày chuyển",
    "Ký nhận",
    "Ghi chú",
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What the clerk enters besides the number."""

    signer: str
    keeper: str = "VT"
    copies: int = 1
    note: str = ""


def number_and_enter(
    conn: Connection, document: Document, request: NumberRequest, entry: Entry, at: datetime
) -> tuple[Document, Number]:
    """Cấp số và vào sổ: allot the number, enter the row, set number and date of the document, in one act.

    A retry returns what the first call did. Raises as `numbers.allot`; CHANGED_MEANWHILE when the row moved.
    """
    entered: list[RegisterRow] = []

    def enter(number: Number) -> dict[str, Any]:
        row = _row(conn, document, number, entry, at)
        rows.insert_outgoing(conn, row)
        entered.append(row)
        return entered_facts(row, document.public_code, document.unit, document.uploader_display)

    number = numbers.allot(conn, request, at, enter)
    if not entered:
        return documents.get(conn, document.id), number
    numbered = document_changes.change(
        conn,
        document,
        at,
        number=number.number,
        number_text=number.text,
        document_date=number.document_date,
    )
    return numbered, number


def mark_sent(conn: Connection, document_id: str, at: datetime, acknowledged: str = "") -> None:
    """Ngày chuyển: the day of issue, in Vietnam, and who confirmed the receipt."""
    rows.update_outgoing(conn, document_id, sent_on=civil_date(at), acknowledged=acknowledged)


def void(conn: Connection, document_id: str, reason: str, at: datetime) -> Number | None:
    """Void the number and say so in the register's notes. Raises as `numbers.void`."""
    number = numbers.void(conn, document_id, reason, at)
    if number is not None:
        rows.update_outgoing(conn, document_id, note=void_note(number.reason))
    return number


def page(
    conn: Connection, agency: str, year: int, *, after: int = 0, limit: int = 100
) -> tuple[RegisterRow, ...]:
    """Rows of the year after a position; the last row's position is the cursor."""
    return rows.outgoing_rows(conn, agency, year, after, limit)


def printed(row: RegisterRow) -> tuple[str, ...]:
    """The row's ten columns as text, in the order of `COLUMNS`."""
    return (
        row.number_text,
        show(row.document_date),
        f"{row.kind_name} {row.subject}".strip(),
        row.signer,
        "; ".join(row.recipients),
        row.keeper,
        str(row.copies),
        show(row.sent_on) if row.sent_on else "",
        row.acknowledged,
        row.note,
    )


def _row(conn: Connection, document: Document, number: Number, entry: Entry, at: datetime) -> RegisterRow:
    return RegisterRow(
        document=document.id,
        agency=number.agency,
        year=number.year,
        position=rows.next_position(conn, number.agency, number.year),
        number_text=number.text,
        document_date=number.document_date,
        kind_name=BY_CODE[number.kind].name,
        subject=document.subject,
        signer=entry.signer,
        recipients=document.recipients,
        keeper=entry.keeper,
        copies=entry.copies,
        sent_on=None,
        acknowledged="",
        note=entry.note,
        entered_at=at,
    )
