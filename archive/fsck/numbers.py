"""The number registers ⇔ their journal ⇔ the documents: no gap, no change, no number that nobody allotted."""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from archive.catalogue import Connection, audit_registers, audit_rows
from archive.catalogue.audit_registers import SeriesKey
from archive.catalogue.values import Number
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.findings import Progress, Report
from archive.registers.chain import ALLOTTED, GENESIS, LOST, VOIDED, entry_text, link, void_note

RowValues = dict[str, Any]
# A number of a series with its row, if any, and the journal's acts on it.
_Beside = tuple[int, RowValues | None, list[RowValues]]
_ENTERED = ("position", "kind_name", "subject", "signer", "recipients", "keeper", "copies")


def check_numbers(conn: Connection, report: Report, progress: Progress) -> None:
    """The journal's chain; then each series against it; then the outgoing register and the documents."""
    _check_chain(conn, report)
    keys = audit_registers.series_keys(conn)
    for done, key in enumerate(keys, start=1):
        _check_series(conn, key, report)
        progress("numbers", done, len(keys))
    _check_outgoing(conn, report)


def _check_chain(conn: Connection, report: Report) -> None:
    for agency, rows in groupby(audit_registers.journal(conn), key=lambda row: row["agency"]):
        ordinal, previous = 0, GENESIS
        for row in rows:
            where = f"register journal of {agency}, row {row['ordinal']}"
            if (row["ordinal"], row["previous"]) != (ordinal + 1, previous):
                report.error(ids.JOURNAL_BROKEN, where, "does not continue the row before")
            if link(row["previous"], row["ordinal"], row["entry"]) != row["sha256"]:
                report.error(ids.JOURNAL_BROKEN, where, "was changed")
            ordinal, previous = row["ordinal"], row["sha256"]
            report.read["journal"] += 1


def _check_series(conn: Connection, key: SeriesKey, report: Report) -> None:
    series = audit_registers.series(conn, key)
    expected = series["first_number"] if series else 1
    last_date: date | None = None
    for block in in_blocks(_side_by_side(conn, key)):
        given = [number["document"] for _, number, _ in block if number is not None]
        documents = audit_rows.by_id(conn, "documents", "id", given)
        entered = audit_rows.by_id(conn, "outgoing_register", "document", given)
        for value, number, acts in block:
            where = _where(key, value)
            for missing in range(expected, value):
                report.error(ids.NUMBER_GAP, _where(key, missing), "neither register nor journal has it")
            expected = value + 1
            report.read["numbers"] += 1
            if number is None:
                if not _lost(acts):
                    report.error(
                        ids.NUMBER_MISSING, where, "the journal allotted it, the register has no row"
                    )
                continue
            document = documents.get(number["document"])
            _check_number(number, acts, document, entered.get(number["document"]), where, report)
            if last_date is not None and number["document_date"] < last_date:
                report.error(
                    ids.NUMBER_OUT_OF_ORDER, where, f"is dated before the number before it, {last_date}"
                )
            last_date = number["document_date"]
    _check_series_row(key, series, expected - 1, last_date, report)


def _check_series_row(
    key: SeriesKey, series: RowValues | None, last: int, last_date: date | None, report: Report
) -> None:
    where = "series {1} of {0}, {2}".format(*key)
    if series is None or (series["last_number"], series["last_date"]) != (last, last_date):
        report.error(
            ids.SERIES_DIFFERS, where, f"the series' row does not end with number {last} of {last_date}"
        )
    elif series["closed"]:
        report.note(ids.SERIES_CLOSED, where, f"gives no number until somebody confirms its last, {last}")


def _side_by_side(conn: Connection, key: SeriesKey) -> Iterator[_Beside]:
    rows = ((row["number"], row) for row in audit_registers.numbers_in(conn, key))
    acts = ((row["number"], row) for row in audit_registers.journal_in(conn, key))
    merged = heapq.merge(((n, 0, row) for n, row in rows), ((n, 1, row) for n, row in acts), key=_order)
    for value, group in groupby(merged, key=lambda item: item[0]):
        items = list(group)
        found = [row for _, source, row in items if source == 0]
        yield value, found[0] if found else None, [row for _, source, row in items if source == 1]


def _order(item: tuple[int, int, RowValues]) -> tuple[int, int]:
    return item[:2]


def _lost(acts: list[RowValues]) -> bool:
    """Given before the catalogue was lost, and no more is known of it."""
    return [_entry(act).get("act") for act in acts] == [LOST]


def _entry(act: RowValues) -> RowValues:
    try:
        facts = json.loads(act["entry"])
    except ValueError:
        return {}
    return facts if isinstance(facts, dict) else {}


def _check_number(
    row: RowValues,
    acts: list[RowValues],
    document: RowValues | None,
    register: RowValues | None,
    where: str,
    report: Report,
) -> None:
    number = _number(row)
    entered = _entry(acts[0]).get("entered") if acts else None
    expected = entry_text(VOIDED, number) if number.voided else entry_text(ALLOTTED, number, entered)
    if not acts or acts[-1]["entry"] != expected:
        report.error(ids.NUMBER_CHANGED, where, "its row is not what the journal says")
    if len(acts) > (2 if number.voided else 1):
        report.error(ids.NUMBER_CHANGED, where, f"the journal has {len(acts)} acts on it")
    told = (number.number, number.text, number.document_date)
    if document is not None and _of_document(document) != told:
        report.error(ids.REGISTER_DIFFERS, where, f"document {number.document} bears another number or date")
    if isinstance(entered, dict) and register is not None:
        _check_entered(entered, number, document, register, where, report)


def _check_entered(
    entered: RowValues,
    number: Number,
    document: RowValues | None,
    register: RowValues,
    where: str,
    report: Report,
) -> None:
    """The outgoing register, and whose document it is, as they were when the number was entered."""
    differing = [name for name in _ENTERED if entered.get(name) != register[name]]
    if register["note"] != (void_note(number.reason) if number.voided else entered.get("note")):
        differing.append("note")
    if document is not None and entered.get("code") != document["public_code"]:
        differing.append("code")
    if differing:
        what = f"the outgoing register is not what the journal says: {', '.join(differing)}"
        report.error(ids.REGISTER_DIFFERS, where, what)


def _check_outgoing(conn: Connection, report: Report) -> None:
    position: dict[tuple[str, int], int] = {}
    for block in in_blocks(audit_registers.outgoing(conn)):
        numbers = audit_rows.by_id(conn, "numbers", "document", [row["document"] for row in block])
        for row in block:
            where = f"outgoing register of {row['agency']}, {row['year']}, row {row['position']}"
            place = (row["agency"], row["year"])
            position[place] = position.get(place, 0) + 1
            if row["position"] != position[place]:
                report.error(ids.NUMBER_GAP, where, f"follows row {position[place] - 1}")
                position[place] = row["position"]
            number = numbers.get(row["document"])
            if number is None:
                what = f"its number {row['number_text']} is not in the register"
                report.error(ids.NUMBER_MISSING, where, what)
            elif (number["text"], number["document_date"]) != (row["number_text"], row["document_date"]):
                report.error(ids.REGISTER_DIFFERS, where, f"the number register says {number['text']}")
    for row in audit_registers.numbers_without_outgoing(conn):
        report.error(ids.REGISTER_DIFFERS, f"number {row['text']}", "has no row in the outgoing register")


def _of_document(document: RowValues) -> tuple[Any, Any, Any]:
    return document["number"], document["number_text"], document["document_date"]


def _number(row: RowValues) -> Number:
    values = dict(row)
    voided = values.pop("state") == VOIDED
    return Number(**values, voided=voided)


def _where(key: SeriesKey, number: int) -> str:
    agency, kind, year = key
    return f"number {number} of {agency}, {kind} {year}"
