"""The lines of a page as displayed, letter by letter, by PDFium: the ground on which anchors are found.

Coordinates here are upright: the page's rotation is undone, x to the right, y up, in points of user space.
`Turn` leads back. Vietnamese letters written as base and marks (NFD) become one letter (NFC); spaces are not
kept, because a blank may be spaces or a jump: what counts is the gap between two letters.
"""

from __future__ import annotations

import ctypes
import itertools
import math
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from policies.layout import Rect
from policies.reasons import document as reasons
from signer.document import glyphs
from signer.document.lone_page import lone_page
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

MAX_LETTERS = 60_000
WHOLE_FILE = 64 << 20  # bytes; a larger file is not given to PDFium as a whole
UNPACKED_PAGE = 64 << 20  # bytes of one page's content and fonts
_WORD_GAP = 0.14  # of the size: what a reader sees as a space
_COLUMN_GAP = 1.3  # of the size: what a reader sees as another column
_SAME_LINE = 0.3  # of the size
_START = attrgetter("x0")
_FIRST_MARK = "\u0300"  # no letter below combines


@dataclass(frozen=True, slots=True)
class Turn:
    """A page's /Rotate (clockwise, 0, 90, 180, 270) and the way between user space and the upright page."""

    rotation: int

    def upright(self, x: float, y: float) -> tuple[float, float]:
        if self.rotation == 0:  # nearly every page, and every letter of it asks
            return x, y
        return {90: (y, -x), 180: (-x, -y), 270: (-y, x)}[self.rotation]

    def user(self, x: float, y: float) -> tuple[float, float]:
        return {90: (-y, x), 180: (-x, -y), 270: (y, -x)}.get(self.rotation, (x, y))

    def user_rect(self, rect: Rect) -> Rect:
        """An upright rectangle in user space."""
        (ax, ay), (bx, by) = self.user(rect.x0, rect.y0), self.user(rect.x1, rect.y1)
        return Rect(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))

    def upright_rect(self, rect: Rect) -> Rect:
        """A rectangle of user space on the upright page."""
        (ax, ay), (bx, by) = self.upright(rect.x0, rect.y0), self.upright(rect.x1, rect.y1)
        return Rect(min(ax, bx), min(ay, by), max(ax, bx), max(ay, by))


@dataclass(slots=True)
class Letter:
    """One letter: its NFC text, left and right edge of its advance, baseline, size."""

    text: str
    x0: float
    x1: float
    baseline: float
    size: float


@dataclass(frozen=True)
class Line:
    """Letters on one baseline from left to right, without spaces."""

    letters: tuple[Letter, ...]

    @cached_property
    def text(self) -> str:
        """The letters without spaces; one character per letter."""
        return "".join(letter.text[0] for letter in self.letters)

    @property
    def words(self) -> str:
        """The letters with a space wherever a reader sees one."""
        parts: list[str] = []
        for index, letter in enumerate(self.letters):
            if index and letter.x0 - self.letters[index - 1].x1 > _WORD_GAP * letter.size:
                parts.append(" ")
            parts.append(letter.text)
        return "".join(parts)

    @property
    def x0(self) -> float:
        return self.letters[0].x0

    @property
    def x1(self) -> float:
        return self.letters[-1].x1

    @property
    def centre(self) -> float:
        return (self.x0 + self.x1) / 2

    @property
    def baseline(self) -> float:
        return self.letters[0].baseline

    @property
    def size(self) -> float:
        return max(letter.size for letter in self.letters)

    def columns(self) -> list[Line]:
        """The line cut where a wide gap separates columns."""
        cuts = [0]
        for index in range(1, len(self.letters)):
            before, after = self.letters[index - 1], self.letters[index]
            size = after.size if after.size > before.size else before.size
            if after.x0 - before.x1 > _COLUMN_GAP * size:
                cuts.append(index)
        cuts.append(len(self.letters))
        return [Line(self.letters[a:b]) for a, b in itertools.pairwise(cuts)]


def squeeze(text: str) -> str:
    """Text as lines are compared: NFC, Đ as Vietnamese writes it, without spaces."""
    composed = unicodedata.normalize("NFC", text).replace("Ð", "Đ")
    return "".join(composed.split())


class Pages:
    """The text of a file's pages, in PDFium. A large file is read page by page: PDFium holds whole pictures."""

    def __init__(self, path: Path, pdf: PdfFile) -> None:
        """Raises `DocumentRefused` when PDFium cannot read the file."""
        self._pdf = pdf
        self._whole = None if pdf.size > WHOLE_FILE else _document(path)
        self._last: tuple[int, AbstractContextManager[Any], Any] | None = None

    def __len__(self) -> int:
        return self._pdf.page_count if self._whole is None else len(self._whole)

    def close(self) -> None:
        self._forget()
        if self._whole is not None:
            self._whole.close()

    def text_of(self, index: int) -> Any:
        """The text page of one page (0-based); open until another one is asked for.

        Raises `DocumentRefused` when there is none.
        """
        if not 0 <= index < len(self):
            raise DocumentRefused(reasons.NO_SUCH_PAGE, page=index + 1, pages=len(self))
        if self._last is None or self._last[0] != index:
            self._forget()
            opened = self._opened(index)
            self._last = index, opened, opened.__enter__()
        return self._last[2]

    def _forget(self) -> None:
        if self._last is not None:
            opened, self._last = self._last[1], None
            opened.__exit__(None, None, None)

    @contextmanager
    def _opened(self, index: int) -> Iterator[Any]:
        if self._whole is not None:
            with _text_page(self._whole, index) as text_page:
                yield text_page
            return
        alone = _document(lone_page(self._pdf, self._pdf.page(index), UNPACKED_PAGE))
        try:
            with _text_page(alone, 0) as text_page:
                yield text_page
        finally:
            alone.close()


def _document(source: Path | bytes) -> Any:
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as exc:
        raise DocumentRefused(reasons.NOT_READABLE) from exc


@contextmanager
def _text_page(document: Any, index: int) -> Iterator[Any]:
    try:
        page = document[index]
        text_page = page.get_textpage()
    except pypdfium2.PdfiumError as exc:
        raise DocumentRefused(reasons.NOT_READABLE) from exc
    try:
        yield text_page
    finally:
        text_page.close()
        page.close()


def lines(text_page: Any, turn: Turn) -> list[Line]:
    """The page's lines from top to bottom. Text that does not run from left to right is left out."""
    found: list[Letter] = []
    for letter in _letters(text_page, turn):
        if letter.text >= _FIRST_MARK and found and _is_mark(letter.text) and not _is_mark(found[-1].text):
            found[-1].text = unicodedata.normalize("NFC", found[-1].text + letter.text)
        else:
            found.append(letter)
    found.sort(key=lambda letter: -letter.baseline)
    rows: list[list[Letter]] = []
    for letter in found:
        if rows and abs(rows[-1][0].baseline - letter.baseline) <= _SAME_LINE * letter.size:
            rows[-1].append(letter)
        else:
            rows.append([letter])
    return [Line(tuple(sorted(row, key=_START))) for row in rows]


def _is_mark(text: str) -> bool:
    return unicodedata.combining(text[0]) != 0


def _letters(text_page: Any, turn: Turn) -> Iterator[Letter]:
    """A loop for speed: a page has thousands of letters, and nearly all of them stand upright in few sizes."""
    page, turned = glyphs.handle_of(text_page), turn.rotation != 0
    origin_of, matrix_of = glyphs.origin_of, glyphs.matrix_of
    loose_box_of, font_size_of = glyphs.loose_box_of, glyphs.font_size_of
    box, x, y = glyphs.Box(), ctypes.c_double(), ctypes.c_double()
    matrix = ctypes.create_string_buffer(ctypes.sizeof(glyphs.Matrix))
    at_box, at_matrix, at_x, at_y = (ctypes.byref(value) for value in (box, matrix, x, y))
    scales: dict[bytes, float | None] = {}
    count = min(pdfium.FPDFText_CountChars(text_page.raw), MAX_LETTERS)
    for index, code in enumerate(map(glyphs.unicode_of, itertools.repeat(page, count), range(count))):
        if code <= 0x20:
            continue
        character = chr(code) if code < 0x110000 else " "
        if code > 0x7F and (character.isspace() or 0xD800 <= code < 0xE000):
            continue
        if not origin_of(page, index, at_x, at_y):
            continue
        matrix_of(page, index, at_matrix)
        written = matrix.raw
        if written not in scales:
            scales[written] = _scale(written, turn)
        scale = scales[written]
        if scale is None:
            continue
        loose_box_of(page, index, at_box)
        left, right = box[0], box[2]
        start, baseline = x.value, y.value
        if turned:
            top, bottom = box[1], box[3]
            left, right = turn.upright(left, bottom)[0], turn.upright(right, top)[0]
            start, baseline = turn.upright(start, baseline)
        size = font_size_of(page, index) * scale
        if code > 0x7F:
            character = unicodedata.normalize("NFC", character).replace("Ð", "Đ")
        yield Letter(character, start, max(start, left, right), baseline, size or 1.0)


def _scale(written: bytes, turn: Turn) -> float | None:
    """How large a matrix makes letters; None when they do not run from left to right."""
    a, b, c, d, _, _ = glyphs.Matrix.from_buffer_copy(written)
    rightwards, upwards = turn.upright(a, b)
    if rightwards <= 0 or abs(upwards) > 0.01 * rightwards:
        return None
    return math.hypot(c, d)
