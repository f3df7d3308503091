"""Somebody moves away the end of a document's evidence, so that nobody renews it: the audit says so."""

from __future__ import annotations

import pytest

from archive.fsck import findings as ids

LONG = "UPDATE evidence_ends SET {} WHERE document = ?"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("good_until = '2066-01-01 00:00:00+00:00'", {ids.ROW_DIFFERS, ids.RECORD_DIFFERS}),
        ("alarm_from = '2066-01-01 00:00:00+00:00'", {ids.ROW_DIFFERS}),
        ("due = '2066-01-01 00:00:00+00:00'", {ids.ROW_DIFFERS}),
        ("since = NULL", {ids.ROW_DIFFERS}),
        ("cause = 'magic'", {ids.ROW_DIFFERS}),
    ],
)
def test_an_end_that_was_moved_away(archive, change, expected):
    archive.sql(LONG.format(change.replace("+00:00", "")), archive.issued.id)
    assert archive.found() == expected


def test_a_row_without_a_document(archive):
    archive.sql("UPDATE evidence_ends SET document = 'nobody' WHERE document = ?", archive.issued.id)
    assert archive.found() == {ids.ROW_DANGLING}


def test_a_row_that_is_gone_is_judged_anew_by_the_next_night(archive):
    archive.sql("DELETE FROM evidence_ends WHERE document = ?", archive.issued.id)
    assert archive.found() == set()
