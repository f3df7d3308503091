"""Finds the boxes of a document by what is printed around them (NĐ 30/2020/NĐ-CP, PL I, ô số 3, 4, 7c, 8).

    1. number     the blank of "Số:      /QĐ-UBND" on the first page
    2. date       the blanks of "…, ngày     tháng     năm 2026" there
    3. leaders    from the last page backwards: titles in capitals, room, a name (`signature_blocks`)
    4. initials   after the last word of the text ("./."), then after "Lưu: VT"
    5. seals      over the left third of a leader's box, true size

What is not found, or found twice, is refused: a stamp in the wrong place is worse than a question. Boxes that
are given explicitly are not searched for. Runs in the sandbox.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from policies import layout
from policies.layout import POINTS_PER_MM, Box, Boxes, Layout, PlacementRequest, Rect
from policies.reasons import document as reasons
from policies.vocabulary import FieldRole
from signer.document.reader import PdfFile
from signer.errors import PlacementRefused
from signer.stamping import signature_blocks
from signer.stamping.appearance import text_rect
from signer.stamping.signature_blocks import Block
from signer.stamping.text_lines import Line, Pages, Turn, lines

_DOTS = r"[.…‥_·\-–]*"
_NUMBER = re.compile(rf"Số:({_DOTS})(\d*)/([0-9A-ZĐĂÂÊÔƠƯ][0-9A-ZĐĂÂÊÔƠƯa-zđ./\-–]*)")
_DATE = re.compile(rf",ngày({_DOTS})(\d*)tháng({_DOTS})(\d*)năm({_DOTS})(\d*)")
_END_OF_TEXT = re.compile(r"\./\.?$")
_FILED = re.compile(r"^[-–]?Lưu:")
_NUMBER_DIGITS, _DATE_DIGITS = 3, 2  # the blank must hold so many at least
_DIGIT = 0.5  # width ÷ size, Times
_WHAT = {
    FieldRole.NUMBER: "«Số:     /ký hiệu»",
    FieldRole.DATE: "«…, ngày     tháng     năm …»",
    FieldRole.LEADER: "«CHỨC VỤ … Họ và tên» (ô 7a, 7b)",
    FieldRole.INITIAL: "«./.», «Lưu: VT»",
}


def find_boxes(path: Path, request: PlacementRequest) -> Boxes:
    """The boxes of `find_layout`, in the order of the acts."""
    return find_layout(path, request).boxes


def find_layout(path: Path, request: PlacementRequest) -> Layout:
    """Every box that `request` asks for, and what the page prints around number and date.

    Raises `PlacementRefused` when an anchor is missing, ambiguous, filled already or too narrow, and
    `DocumentRefused` when the file cannot be read.
    """
    given = {box.role for box in request.explicit}
    with PdfFile.open(path) as pdf, closing(Pages(path, pdf)) as document:
        finder = _Finder(pdf, document, request)
        found = Layout()
        if request.number and FieldRole.NUMBER not in given:
            found = finder.number(found)
        if request.date and FieldRole.DATE not in given:
            found = finder.date(found)
        if request.leaders and FieldRole.LEADER not in given:
            found = finder.leaders(found)
        if request.initials and FieldRole.INITIAL not in given:
            found = finder.initials(found)
        found = replace(found, boxes=(*found.boxes, *(finder.as_given(box) for box in request.explicit)))
        if request.seals and FieldRole.SEAL not in given:
            found = finder.seals(found)
    return replace(found, boxes=tuple(sorted(found.boxes, key=lambda box: list(FieldRole).index(box.role))))


class _Finder:
    def __init__(self, pdf: PdfFile, document: Pages, request: PlacementRequest) -> None:
        self.pdf = pdf
        self.document = document
        self.request = request
        self._lines: dict[int, list[Line]] = {}

    def turn(self, page: int) -> Turn:
        value = self.pdf.resolve(self.pdf.page(page).dict.get("Rotate"))
        return Turn(value % 360 if isinstance(value, int) and value % 90 == 0 else 0)

    def user_unit(self, page: int) -> float:
        value = self.pdf.resolve(self.pdf.page(page).dict.get("UserUnit"))
        return float(value) if isinstance(value, int | float) and value > 0 else 1.0

    def lines(self, page: int) -> list[Line]:
        if page not in self._lines:
            self._lines[page] = lines(self.document.text_of(page), self.turn(page))
        return self._lines[page]

    def box(self, role: FieldRole, page: int, upright: Rect, name: str, size: float = 0.0) -> Box:
        turn = self.turn(page)
        return Box(
            role, page, turn.user_rect(upright), name, turn.rotation, round(size, 1) or layout.NUMBER_SIZE
        )

    def as_given(self, box: Box) -> Box:
        return replace(box, rotation=self.turn(box.page).rotation)

    # --- number and date

    def number(self, found: Layout) -> Layout:
        line, match = self._one(FieldRole.NUMBER, _NUMBER)
        if match[2]:
            raise PlacementRefused(reasons.BLANK_FILLED, what=_WHAT[FieldRole.NUMBER], found=match[2])
        blank = (match.start(1) - 1, match.start(2))
        box = self._blank(FieldRole.NUMBER, line, blank, _NUMBER_DIGITS, layout.NUMBER_FIELD)
        symbol = Line(line.letters[match.start(3) : match.end(3)]).columns()[0].text
        return replace(found, boxes=(*found.boxes, box), symbol=symbol)

    def date(self, found: Layout) -> Layout:
        line, match = self._one(FieldRole.DATE, _DATE)
        if match[2] or match[4]:
            filled = match[2] or match[4]
            raise PlacementRefused(reasons.BLANK_FILLED, what=_WHAT[FieldRole.DATE], found=filled)
        boxes = [
            self._blank(
                FieldRole.DATE, line, (match.start(1) - 1, match.start(2)), _DATE_DIGITS, layout.DAY_FIELD
            ),
            self._blank(
                FieldRole.DATE, line, (match.start(3) - 1, match.start(4)), _DATE_DIGITS, layout.MONTH_FIELD
            ),
        ]
        year = int(match[6]) if match[6] else None
        if year is None:
            boxes.append(self._year(line, match.start(5) - 1))
        before = Line(line.letters[: match.start()])
        place = before.columns()[-1].words if before.letters else ""
        return replace(found, boxes=(*found.boxes, *boxes), year=year, place=place)

    def _year(self, line: Line, index: int) -> Box:
        """A blank year ends the line: room for four digits is taken."""
        before = line.letters[index]
        x0 = before.x1 + 0.2 * before.size
        rect = text_rect(x0, x0 + 4.4 * _DIGIT * before.size, before.baseline, before.size)
        return self.box(FieldRole.DATE, self.request.first_page, rect, layout.YEAR_FIELD, before.size)

    def _one(self, role: FieldRole, pattern: re.Pattern[str]) -> tuple[Line, re.Match[str]]:
        """The one place on the first page that reads like this."""
        page = self.request.first_page
        hits = [(line, match) for line in self.lines(page) for match in pattern.finditer(line.text)]
        if not hits:
            raise PlacementRefused(reasons.ANCHOR_NOT_FOUND, what=_WHAT[role], pages=page + 1)
        if len(hits) > 1:
            shown = "; ".join(f"«{line.words}»" for line, _ in hits[:4])
            raise PlacementRefused(
                reasons.ANCHOR_AMBIGUOUS, what=_WHAT[role], pages=page + 1, count=len(hits), found=shown
            )
        return hits[0]

    def _blank(self, role: FieldRole, line: Line, between: tuple[int, int], digits: int, name: str) -> Box:
        """The blank between two letters of a line, by their indices; dots in it count as blank."""
        page = self.request.first_page
        before, after = line.letters[between[0]], line.letters[between[1]]
        x0, x1 = before.x1, after.x0
        needed = digits * _DIGIT * before.size
        if x1 - x0 < needed * 0.98:
            unit = self.user_unit(page) / POINTS_PER_MM
            raise PlacementRefused(
                reasons.BLANK_TOO_NARROW,
                what=_WHAT[role],
                width_mm=round((x1 - x0) * unit, 1),
                needed_mm=round(needed * unit, 1),
            )
        return self.box(role, page, text_rect(x0, x1, before.baseline, before.size), name, before.size)

    # --- leaders, initials, seals

    def leaders(self, found: Layout) -> Layout:
        wanted = self.request.leaders
        page, blocks = self._blocks()
        chosen = signature_blocks.choose(blocks, wanted, page + 1)
        boxes = []
        for index, (block, anchor) in enumerate(zip(chosen, wanted, strict=True), 1):
            rect = signature_blocks.signature_rect(block, anchor.aspect, self.user_unit(page))
            boxes.append(self.box(FieldRole.LEADER, page, rect, f"{layout.LEADER_FIELD}{index}"))
        names = tuple(block.name.words for block in chosen)
        return replace(found, boxes=(*found.boxes, *boxes), leader_names=names)

    def _blocks(self) -> tuple[int, list[Block]]:
        for page in self._pages_with_titles():
            blocks = signature_blocks.blocks(self.lines(page), self.request.leaders)
            if blocks:
                return page, blocks
        raise PlacementRefused(
            reasons.ANCHOR_NOT_FOUND,
            what=_WHAT[FieldRole.LEADER],
            pages=f"1–{len(self.document)}",
        )

    def _pages_with_titles(self) -> Iterator[int]:
        for page in reversed(range(len(self.document))):
            text = self.document.text_of(page).get_text_range()
            if signature_blocks.may_have_titles(text, self.request.leaders):
                yield page

    def initials(self, found: Layout) -> Layout:
        page = next((box.page for box in found.boxes if box.role is FieldRole.LEADER), None)
        if page is None:
            page = next((box.page for box in self.request.explicit if box.role is FieldRole.LEADER), None)
        page = len(self.document) - 1 if page is None else page
        columns = [column for line in self.lines(page) for column in line.columns()]
        spots = [column for column in columns if _END_OF_TEXT.search(column.text)][-1:]
        spots += [column for column in columns if _FILED.search(column.text)][-1:]
        if len(spots) < self.request.initials:
            raise PlacementRefused(
                reasons.ANCHOR_NOT_FOUND,
                what=_WHAT[FieldRole.INITIAL],
                pages=page + 1,
            )
        unit = POINTS_PER_MM / self.user_unit(page)
        boxes = []
        for index, spot in enumerate(spots[: self.request.initials], 1):
            x0, middle = spot.x1 + unit, spot.baseline + 0.3 * spot.size
            high = layout.INITIAL_HEIGHT_MM * unit / 2
            rect = Rect(x0, middle - high, x0 + layout.INITIAL_WIDTH_MM * unit, middle + high)
            boxes.append(self.box(FieldRole.INITIAL, page, rect, f"{layout.INITIAL_FIELD}{index}"))
        return replace(found, boxes=(*found.boxes, *boxes))

    def seals(self, found: Layout) -> Layout:
        signed = [box for box in found.boxes if box.role is FieldRole.LEADER]
        boxes = []
        for index, seal in enumerate(self.request.seals, 1):
            if not 0 <= seal.leader < len(signed):
                raise PlacementRefused(
                    reasons.ANCHOR_NOT_FOUND, what=_WHAT[FieldRole.LEADER], where=f"#{seal.leader + 1}"
                )
            over = signed[seal.leader]
            rect = layout.seal_rect(over.rect, seal.spec, over.rotation, self.user_unit(over.page))
            boxes.append(Box(FieldRole.SEAL, over.page, rect, f"{layout.SEAL_FIELD}{index}", over.rotation))
        return replace(found, boxes=(*found.boxes, *boxes))
