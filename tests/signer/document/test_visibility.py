"""What every reader draws alike: flags in 31 bits, boxes of four numbers, letters that are not too small."""

from __future__ import annotations

import time

import pytest

from signer.document.reader import PdfFile
from signer.document.syntax import Name
from signer.document.visibility import flags, is_hidden, is_rectangle, keeps_its_place
from tests.signer.document import build
from tests.signer.document.build import stream


@pytest.fixture(scope="module")
def pdf():
    with PdfFile.of(build.prepared()) as found:
        yield found


@pytest.mark.parametrize(
    ("value", "seen"),
    [(0, 0), (2, 2), ((1 << 31) - 1, (1 << 31) - 1), (1 << 31, 0), (-2, 0), (2.0, 0), (True, 0), (None, 0)],
)
def test_flags_are_what_every_reader_sees(value, seen):
    assert flags(value) == seen


def test_hidden_is_what_is_hidden_to_all(pdf):
    assert is_hidden(pdf, {"F": 2})
    assert is_hidden(pdf, {"F": 32}, 2 | 32)
    assert not any(is_hidden(pdf, {"F": value}) for value in (0, 4, 32, (1 << 32) + 2, -2, b"2"))


@pytest.mark.parametrize("value", [[0, 0, 1], [0, 0, 1, 1, 1], [0, 0, 1, True], [0, 0, 1, 1 << 40], None, 4])
def test_other_things_are_no_rectangle(pdf, value):
    assert not is_rectangle(pdf, value)


_LETTERS, _PATHS, _NESTED = b"BT /F1 9 Tf (x) Tj ET", b"0 0 9 9 re f", b"/Fm Do"


@pytest.mark.parametrize(
    ("rect", "data", "entries", "kept"),
    [
        ([0, 0, 100, 20], _LETTERS, {"BBox": [0, 0, 100, 20]}, True),
        ([0, 0, 100, 20], _LETTERS, {"BBox": [0, 0, 9999, 1999]}, True),
        ([0, 0, 100, 20], _LETTERS, {"BBox": [0, 0, 99999, 20]}, False),
        ([0, 0, 100, 20], _LETTERS, {"BBox": [0, 0, 100, 20], "Matrix": [999, 0, 0, 1, 0, 0]}, False),
        ([0, 0, 100, 20], _LETTERS, {"BBox": [0, 0, 100, 20], "Matrix": [1, 0, 0, 1]}, False),
        ([0, 0, 100, 20], _LETTERS, {"BBox": [0, 0, 20, 100], "Matrix": [0, 1, -1, 0, 0, 0]}, True),
        ([0, 0, 100, 20], _PATHS, {"BBox": [0, 0, 99999, 20]}, True),
        ([0, 0, 0, 0], _PATHS, {"BBox": [0, 0, 100, 20]}, True),
        ([0, 0, 0, 0], _LETTERS, {"BBox": [0, 0, 100, 20]}, False),
        ([0, 0, 0, 0], _NESTED, {"BBox": [0, 0, 100, 20]}, False),
        ([0, 0, 0, 0], _NESTED, {"BBox": [0, 0, 0, 0]}, True),
        ([0, 0, 0, 0], _PATHS, {}, False),
        ([0, 0, 100, 20], _PATHS, {"BBox": [0, 0, 100]}, False),
        ([0, 0, 100, 20], b"% DSBlank\n", {}, True),
        ([0, 0, 100, 20], b"(open", {}, False),
        ([0, 0, 100, 20, 0], _PATHS, {"BBox": [0, 0, 100, 20]}, False),
        (None, _PATHS, {"BBox": [0, 0, 100, 20]}, True),
    ],
)
def test_a_widget_keeps_its_place(pdf, rect, data, entries, kept):
    place = {} if rect is None else {"Rect": rect}
    drawn = stream(data, **entries)
    for appearance in ({"N": drawn}, {"N": {"On": drawn}}, {"N": {}, "D": drawn}):
        assert keeps_its_place(pdf, {**place, "AP": appearance}) is kept


def test_what_is_no_appearance_keeps_no_place(pdf):
    assert keeps_its_place(pdf, {"Rect": [0, 0, 1, 1]})
    assert not keeps_its_place(pdf, {"AP": stream(b"", N=Name("x"))})
    assert not keeps_its_place(pdf, {"AP": [1]})


def test_a_drawing_is_read_once_and_not_too_many_are():
    with PdfFile.of(build.prepared()) as pdf:
        shared = stream(b"n " * 100_000, BBox=[0, 0, 9, 9])
        start = time.process_time()
        assert all(
            keeps_its_place(pdf, {"Rect": [0, 0, 0, 0], "AP": {"N": shared, "D": {"On": shared}}})
            for _ in range(200)
        )
        assert time.process_time() - start < 5
        for _ in range(8):
            other = stream(b"% " * 400_000, BBox=[0, 0, 9, 9])
            kept = keeps_its_place(pdf, {"Rect": [0, 0, 0, 0], "AP": {"N": other}})
        assert not kept
        faces = {str(number): shared for number in range(300)}
        assert not keeps_its_place(pdf, {"Rect": [0, 0, 0, 0], "AP": {"N": faces}})
