"""The text lines of the first page, where they stand, for the secrecy mark.

The page is copied out alone, without its pictures and patterns, and unpacked within limits; only that small
file is given to PDFium. Annotation appearances (a stamp, a filled field) are flattened into it.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import repeat
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from policies.intake import PlacedLine, may_bear_mark
from signer.document import glyphs
from signer.document.lone_page import lone_page
from signer.document.pages import Page
from signer.document.reader import PdfFile

MAX_CHARACTERS = 20_000
GRID = 10_000  # device units across and down the page


def marked_lines(pdf: PdfFile, page: Page, limit: int) -> tuple[PlacedLine, ...]:
    """Lines of `page` with their height on the page as displayed; () when none of them can be a secrecy mark,
    or PDFium cannot read the page.

    Raises `DocumentRefused` when the page unpacks to more than `limit` bytes or is broken.
    """
    small = lone_page(pdf, page, limit)
    try:
        with pypdfium2.PdfDocument(small) as document:
            return tuple(_lines(document))
    except pypdfium2.PdfiumError:
        return ()


def _lines(document: Any) -> Iterator[PlacedLine]:
    shown = document.get_page(0)  # stays as it is displayed: flattening moves the boxes of the page
    page = shown
    annotated = pdfium.FPDFPage_GetAnnotCount(shown) > 0
    if annotated and pdfium.FPDFPage_Flatten(shown, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
        page = document.get_page(0)
    text_page = page.get_textpage()
    text = _text(text_page)
    if not may_bear_mark(text):
        return
    run: list[_Character] = []
    for character in _characters(text_page, text):
        if run and not _continues(run[-1], character):
            yield _line(shown, run)
            run = []
        run.append(character)
    if run:
        yield _line(shown, run)


@dataclass(frozen=True, slots=True)
class _Character:
    """A glyph: origin in user space and writing angle, and the same turned so that it is written level:
    `start` and `end` along the base line, `base` its height, `size` of the letter."""

    text: str
    x: float
    y: float
    angle: float
    start: float
    end: float
    base: float
    size: float


def _text(text_page: Any) -> str:
    """The characters of the page."""
    count = min(text_page.count_chars(), MAX_CHARACTERS)
    return "".join(map(chr, map(glyphs.unicode_of, repeat(glyphs.handle_of(text_page)), range(count))))


def _characters(text_page: Any, text: str) -> Iterator[_Character]:
    handle = text_page.raw
    box, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    at_box, at_x, at_y = ctypes.byref(box), ctypes.byref(x), ctypes.byref(y)
    for index, character in enumerate(text):
        placed = pdfium.FPDFText_GetCharOrigin(handle, index, at_x, at_y)
        if placed and not character.isspace() and pdfium.FPDFText_GetLooseCharBox(handle, index, at_box):
            angle = pdfium.FPDFText_GetCharAngle(handle, index)
            yield _levelled(character, x.value, y.value, angle, box)


def _levelled(text: str, x: float, y: float, angle: float, box: Any) -> _Character:
    if angle == 0:  # nearly every letter
        left, right, low, high = box.left, box.right, box.bottom, box.top
        return _Character(text, x, y, 0.0, min(left, right), max(left, right), y, abs(high - low))
    cosine, sine = math.cos(angle), math.sin(angle)
    corners = [(cx, cy) for cx in (box.left, box.right) for cy in (box.bottom, box.top)]
    along = [cx * cosine + cy * sine for cx, cy in corners]
    across = [cy * cosine - cx * sine for cx, cy in corners]
    size = max(across) - min(across)
    return _Character(text, x, y, angle, min(along), max(along), y * cosine - x * sine, size)


def _continues(before: _Character, after: _Character) -> bool:
    """Same direction and base line, and no gap wider than two letter heights (a column's, not a word's)."""
    size = max(before.size, after.size)
    level = abs(before.angle - after.angle) < 0.1 and abs(before.base - after.base) < size / 2
    return level and -size < after.start - before.end < 2 * size


def _line(page: Any, run: list[_Character]) -> PlacedLine:
    """The run with its height on the page as displayed, whatever the page's rotation and crop."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, GRID, GRID, 0, run[0].x, run[0].y, across, down)
    return PlacedLine("".join(character.text for character in run), down.value / GRID)
