"""Sets a printed report on A4 pages: what stands where. Points, origin bottom left."""

from __future__ import annotations

from dataclasses import dataclass, field

from signer.reporting.blocks import Block, Kind, Printed
from signer.reporting.lettering import Lettering, face_of
from signer.stamping.typefaces import Face

MM = 72 / 25.4
WIDTH, HEIGHT = 210 * MM, 297 * MM
LEFT, RIGHT, TOP, BOTTOM = 25 * MM, 18 * MM, 18 * MM, 22 * MM
TEXT_WIDTH = WIDTH - LEFT - RIGHT
LABEL_WIDTH = 46 * MM
INDENT = 5 * MM
LINE = 1.25  # distance of baselines ÷ size
FOOTER_SIZE = 8.5
MOST_BLOCKS = 6_000

_SIZES = {
    Kind.TITLE: 16.0,
    Kind.SECTION: 13.0,
    Kind.CARD: 12.0,
    Kind.STRONG: 11.0,
    Kind.NOTE: 9.5,
    Kind.CODE: 9.0,
}
_BEFORE = {Kind.SECTION: 14.0, Kind.CARD: 10.0, Kind.STRONG: 3.0, Kind.TITLE: 0.0}
_WITH_NEXT = {Kind.SECTION: 60.0, Kind.CARD: 60.0, Kind.STRONG: 30.0}  # room that must be left after these
_PLAIN_SIZE, _GAP = 10.5, 2.5
_TOGETHER = 8  # lines of a fact that are not parted by the end of a page


@dataclass(frozen=True, slots=True)
class Placed:
    """One line of text on its baseline. `gray`: 0 is black."""

    x: float
    y: float
    text: str
    face: Face
    size: float
    gray: float = 0.0


@dataclass(slots=True)
class Sheet:
    """One page: lines of text, and the heights of rules from margin to margin."""

    lines: list[Placed] = field(default_factory=list)
    rules: list[float] = field(default_factory=list)


def set_pages(printed: Printed, letters: Lettering) -> list[Sheet]:
    """All pages with their footers. Blocks beyond `MOST_BLOCKS` are not set."""
    flow = _Flow(letters)
    for block in printed.blocks[:MOST_BLOCKS]:
        flow.add(block)
    count = len(flow.sheets)
    for number, sheet in enumerate(flow.sheets, 1):
        _footer(sheet, letters, printed.footer, printed.page_words.format(page=number, pages=count))
    return flow.sheets


class _Flow:
    """Goes down the pages."""

    def __init__(self, letters: Lettering) -> None:
        self.letters = letters
        self.sheets = [Sheet()]
        self.y = HEIGHT - TOP

    def add(self, block: Block) -> None:
        """Set one block where the last one ended."""
        size = _SIZES.get(block.kind, _PLAIN_SIZE)
        gap = _BEFORE.get(block.kind, _GAP)
        self._room(gap + size * LINE + _WITH_NEXT.get(block.kind, 0.0))
        if self.y < HEIGHT - TOP:
            self.y -= gap
        if block.kind is Kind.SECTION:
            self.sheets[-1].rules.append(self.y + 4.0)
        if block.kind is Kind.FACT:
            self._fact(block, size)
        elif block.kind in (Kind.ITEM, Kind.CODE):
            mark = "•" if block.kind is Kind.ITEM else ""
            self._line([(LEFT, mark)], Face.REGULAR, size, advance=False)
            self._paragraph(block, LEFT + INDENT, TEXT_WIDTH - INDENT, size)
        else:
            self._paragraph(block, LEFT, TEXT_WIDTH, size)

    def _paragraph(self, block: Block, x: float, width: float, size: float) -> None:
        face = face_of(block.kind)
        for line in self.letters.lines(block.text, face, size, width):
            self._line([(x, line)], face, size)

    def _fact(self, block: Block, size: float) -> None:
        labels = self.letters.lines(block.label, Face.REGULAR, size, LABEL_WIDTH - 6)
        values = self.letters.lines(block.text, Face.REGULAR, size, TEXT_WIDTH - LABEL_WIDTH)
        rows = max(len(labels), len(values))
        self._room(min(rows, _TOGETHER) * size * LINE)
        for row in range(rows):
            self._room(size * LINE)
            if row < len(labels):
                self._line([(LEFT, labels[row])], Face.REGULAR, size, gray=0.35, advance=False)
            value = values[row] if row < len(values) else ""
            self._line([(LEFT + LABEL_WIDTH, value)], Face.REGULAR, size)

    def _line(
        self,
        parts: list[tuple[float, str]],
        face: Face,
        size: float,
        gray: float = 0.0,
        *,
        advance: bool = True,
    ) -> None:
        self._room(size * LINE)
        baseline = self.y - size
        self.sheets[-1].lines += [Placed(x, baseline, text, face, size, gray) for x, text in parts if text]
        if advance:
            self.y -= size * LINE

    def _room(self, needed: float) -> None:
        if self.y - needed < BOTTOM:
            self.sheets.append(Sheet())
            self.y = HEIGHT - TOP


def _footer(sheet: Sheet, letters: Lettering, left: str, right: str) -> None:
    font, y = letters.face(Face.REGULAR), BOTTOM - 24.0
    sheet.rules.append(BOTTOM - 10.0)
    number = letters.write(right, Face.REGULAR)
    extent = font.width(number, FOOTER_SIZE)
    shown = letters.lines(left, Face.REGULAR, FOOTER_SIZE, TEXT_WIDTH - extent - 12)[0]
    sheet.lines.append(Placed(LEFT, y, shown, Face.REGULAR, FOOTER_SIZE, 0.35))
    sheet.lines.append(Placed(WIDTH - RIGHT - extent, y, number, Face.REGULAR, FOOTER_SIZE, 0.35))
