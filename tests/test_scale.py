"""The page about scale is reckoned from the figures that stand in it, and each figure is some row's."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import scale

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / scale.PAGE).read_text("utf-8")


def test_the_tables_follow_from_the_inputs_that_stand_in_the_page():
    given = scale.inputs_in(TEXT)
    assert scale.fill(TEXT, given) == TEXT


def test_each_input_is_a_row_that_the_benchmark_has():
    told = (ROOT / "docs/benchmarks.md").read_text("utf-8")
    for one in scale.INPUTS:
        assert f"`{one.row}`" in told, one.row


def test_each_assumption_stands_in_the_text():
    for said in (
        "2,000 hours",
        "four times",
        "every fifth",
        "5 MB",
        "two copies",
        "90 nights of 8 hours",
        "600,000",
        "2 TB",
    ):
        assert said in TEXT.replace("\n", " "), said
    assert (scale.OFFICE_HOURS, scale.PEAK, scale.SCANS, scale.SCAN_BYTES, scale.COPIES) == (
        2000,
        4.0,
        0.2,
        5e6,
        4,
    )
    assert (scale.NIGHT, scale.PASS_NIGHTS, scale.EXTENDED_EVERY, scale.TB_YEAR) == (8.0, 90, 30, 600_000)


def test_a_figure_that_is_missing_is_no_figure():
    with pytest.raises(KeyError):
        scale.figures({})


def test_twice_as_fast_bears_twice_as_much():
    given = scale.inputs_in(TEXT)
    faster = given | {
        "locks-extended: locks moved on, one worker": 2 * given["locks-extended: locks moved on, one worker"]
    }
    line = next(one for one in scale.MODEL if one.what.startswith("locks"))
    assert line.load(5e6, faster) == pytest.approx(line.load(5e6, given) / 2)
