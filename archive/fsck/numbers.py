"""The number registers ⇔ their journal ⇔ the documents: no gap, no change, no number that nobody allotted."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import Any

from archive.catalogue import Connection, audit_rows
from archive.catalogue.audit_rows import SeriesKey
from archive.catalogue.values import Number
from archive.fsck import findings as ids
from archive.fsck.findings import Progress, Report
from archive.registers.chain import GENESIS, entry_text, link

RowValues = dict[str, Any]
_ALLOTTED, _VOIDED = "allotted", "voided"


def check_numbers(conn: Connection, report: Report, progress: Progress) -> None:
    """The journal's chain; then each series against it; then the outgoing register and the documents."""
    _check_chain(conn, report)
    keys = audit_rows.series_keys(conn)
    for done, key in enumerate(keys, start=1):
        _check_series(conn, key, report)
        progress("numbers", done, len(keys))
    _check_outgoing(conn, report)


def _check_chain(conn: Connection, report: Report) -> None:
    for agency, rows in groupby(audit_rows.journal(conn), key=lambda row: row["agency"]):
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
    series = audit_rows.series(conn, key)
    expected = series["first_number"] if series else 1
    last_date: date | None = None
    for value, number, acts in _side_by_side(conn, key):
        where = _where(key, value)
        for missing in range(expected, value):
            report.error(ids.NUMBER_GAP, _where(key, missing), "neither register nor journal has it")
        expected = value + 1
        report.read["numbers"] += 1
        if number is None:
            report.error(ids.NUMBER_MISSING, where, "the journal allotted it, the register has no row")
            continue
        _check_number(conn, number, acts, where, report)
        if last_date is not None and number["document_date"] < last_date:
            report.error(ids.NUMBER_OUT_OF_ORDER, where, f"is dated before the number before it, {last_date}")
        last_date = number["document_date"]
    if series is None or (series["last_number"], series["last_date"]) != (expected - 1, last_date):
        what = f"the series' row does not end with number {expected - 1} of {last_date}"
        report.error(ids.SERIES_DIFFERS, "series {1} of {0}, {2}".format(*key), what)


def _side_by_side(
    conn: Connection, key: SeriesKey
) -> Iterator[tuple[int, RowValues | None, list[RowValues]]]:
    """Each number of the series with its row, if any, and the journal's acts on it."""
    rows = ((row["number"], row) for row in audit_rows.numbers_in(conn, key))
    acts = ((row["number"], row) for row in audit_rows.journal_in(conn, key))
    merged = heapq.merge(((n, 0, row) for n, row in rows), ((n, 1, row) for n, row in acts), key=_order)
    for value, group in groupby(merged, key=lambda item: item[0]):
        items = list(group)
        found = [row for _, source, row in items if source == 0]
        yield value, found[0] if found else None, [row for _, source, row in items if source == 1]


def _order(item: tuple[int, int, RowValues]) -> tuple[int, int]:
    return item[:2]


def _check_number(
    conn: Connection, row: RowValues, acts: list[RowValues], where: str, report: Report
) -> None:
    number = _number(row)
    expected = entry_text(_VOIDED if number.voided else _ALLOTTED, number)
    if not acts or acts[-1]["entry"] != expected:
        report.error(ids.NUMBER_CHANGED, where, "its row is not what the journal says")
    if len(acts) > (2 if number.voided else 1):
        report.error(ids.NUMBER_CHANGED, where, f"the journal has {len(acts)} acts on it")
    document = audit_rows.document(conn, number.document)
    told = (number.number, number.text, number.document_date)
    if document is not None and _of_document(document) != told:
        report.error(ids.REGISTER_DIFFERS, where, f"document {number.document} bears another number or date")


def _check_outgoing(conn: Connection, report: Report) -> None:
    position: dict[tuple[str, int], int] = {}
    for row in audit_rows.outgoing(conn):
        where = f"outgoing register of {row['agency']}, {row['year']}, row {row['position']}"
        place = (row["agency"], row["year"])
        position[place] = position.get(place, 0) + 1
        if row["position"] != position[place]:
            report.error(ids.NUMBER_GAP, where, f"follows row {position[place] - 1}")
            position[place] = row["position"]
        number = audit_rows.number_of(conn, row["document"])
        if number is None:
            report.error(ids.NUMBER_MISSING, where, f"its number {row['number_text']} is not in the register")
        elif (number["text"], number["document_date"]) != (row["number_text"], row["document_date"]):
            report.error(ids.REGISTER_DIFFERS, where, f"the number register says {number['text']}")
    for row in audit_rows.numbers_without_outgoing(conn):
        report.error(ids.REGISTER_DIFFERS, f"number {row['text']}", "has no row in the outgoing register")


def _of_document(document: RowValues) -> tuple[Any, Any, Any]:
    return document["number"], document["number_text"], document["document_date"]


def _number(row: RowValues) -> Number:
    values = dict(row)
    voided = values.pop("state") == _VOIDED
    return Number(**values, voided=voided)


def _where(key: SeriesKey, number: int) -> str:
    agency, kind, year = key
    return f"number {number} of {agency}, {kind} {year}"
