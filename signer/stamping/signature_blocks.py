"""Signature blocks on a page: titles in capitals, room for the signature, the signer's name below.

NĐ 30/2020/NĐ-CP, PL I, mục II.7: the authority prefix stands before the title, all in capitals; the name is
set in bold below, centred with it; the picture of the signature is centred between the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from policies import layout
from policies.layout import POINTS_PER_MM, LeaderAnchor, Rect
from policies.reasons import document as reasons
from signer.errors import PlacementRefused
from signer.stamping.text_lines import Line, squeeze

_TITLES = tuple(squeeze(title) for title in layout.TITLES)
_PREFIX = re.compile("|".join(re.escape(prefix) for prefix in layout.AUTHORITY_PREFIXES))
_RANK = (
    r"(?:(?:Đại|Thượng|Trung|Thiếu) (?:tướng|tá|úy|uý) "
    r"|(?:(?:GS|PGS|TSKH|TS|ThS|Ths|BSCKII|BSCKI|BS|DS|KS|CN)\. ?)*)"
)
_NAME = re.compile(rf"{_RANK}\S{{1,8}}(?: \S{{1,8}}){{1,6}}")
_TITLE_LINES = 2.4  # largest distance of baselines within a title ÷ size
_CENTRED = 0.12  # largest distance of centres ÷ the wider line
_DESCENT, _ASCENT = 0.25, 0.95  # of the size: marks above capitals included
_ROOM_MM = 8.0
_DEEPEST_MM = 80.0


@dataclass(frozen=True, slots=True)
class Block:
    """Title lines from top to bottom, and the name below them."""

    title: tuple[Line, ...]
    name: Line

    @property
    def room(self) -> Rect:
        """Upright room between the last title line and the name, as wide as the block."""
        last = self.title[-1]
        every = (*self.title, self.name)
        return Rect(
            min(line.x0 for line in every),
            self.name.baseline + _ASCENT * self.name.size,
            max(line.x1 for line in every),
            last.baseline - _DESCENT * last.size,
        )

    @property
    def words(self) -> str:
        return " ".join(line.words for line in self.title)


def may_have_titles(text: str, wanted: tuple[LeaderAnchor, ...]) -> bool:
    """A quick look at a page's raw text, before its letters are measured."""
    squeezed = squeeze(text)
    given = [squeeze(anchor.title) for anchor in wanted if anchor.title]
    return any(title in squeezed for title in (*_TITLES, *given)) or bool(_PREFIX.search(squeezed))


def blocks(page_lines: list[Line], wanted: tuple[LeaderAnchor, ...]) -> list[Block]:
    """All signature blocks of a page, from top to bottom."""
    columns = [column for line in page_lines for column in line.columns()]
    given = {squeeze(anchor.title) for anchor in wanted if anchor.title}
    names = {squeeze(anchor.name) for anchor in wanted if anchor.name}
    found: list[Block] = []
    used: set[int] = set()
    for index, column in enumerate(columns):
        if id(column) in used or not _is_title(column, given):
            continue
        title = _title_from(columns, index)
        used.update(id(line) for line in title)
        name = _name_below(columns, title, names)
        if name is not None:
            found.append(Block(title, name))
    return found


def _is_title(line: Line, given: set[str]) -> bool:
    text = line.text
    if text in given:
        return True
    if text != text.upper() or len(text) > 60 or any(letter.isdigit() for letter in text):
        return False
    return any(title in text for title in _TITLES) or bool(_PREFIX.match(text))


def _title_from(columns: list[Line], index: int) -> tuple[Line, ...]:
    """The line at `index` and the capitals below it that are centred with it."""
    title = [columns[index]]
    for line in columns[index + 1 :]:
        gap = title[-1].baseline - line.baseline
        if gap > _TITLE_LINES * title[-1].size:
            break
        if (
            gap > 0
            and line.text == line.text.upper()
            and line.text[0].isalpha()
            and _centred(title[-1], line)
        ):
            title.append(line)
    return tuple(title)


def _centred(first: Line, second: Line) -> bool:
    wider = max(first.x1 - first.x0, second.x1 - second.x0)
    return abs(first.centre - second.centre) <= max(_CENTRED * wider, 0.6 * first.size)


def _name_below(columns: list[Line], title: tuple[Line, ...], names: set[str]) -> Line | None:
    """The first line below the title in its column, when it reads like a name (or is one of those given)."""
    last = title[-1]
    for line in columns:
        if line.baseline >= last.baseline - 0.5 * last.size or line.x1 < last.x0 or line.x0 > last.x1:
            continue
        if line.baseline < last.baseline - _DEEPEST_MM * POINTS_PER_MM or not _centred(last, line):
            return None
        return line if line.text in names or _is_name(line.words) else None
    return None


def _is_name(words: str) -> bool:
    if not _NAME.fullmatch(words):
        return False
    own = [word for word in words.split(" ") if "." not in word]
    lowercase_ranks = {"tướng", "tá", "úy", "uý"}
    return all(
        word.isalpha() and (word in lowercase_ranks or (word[0].isupper() and word[1:] == word[1:].lower()))
        for word in own
    )


def choose(found: list[Block], wanted: tuple[LeaderAnchor, ...], page: int) -> list[Block]:
    """One block for each wanted leader. Raises `PlacementRefused` when one is missing or could be several.

    Leaders that are not described take the blocks in reading order, and then every block must be theirs.
    """
    chosen: list[Block] = []
    plain = [anchor for anchor in wanted if anchor.title is None and anchor.name is None]
    if plain and len(plain) == len(wanted) and len(found) == len(wanted):
        return _reading_order(found)
    for anchor in wanted:
        fitting = [block for block in found if _fits(block, anchor) and block not in chosen]
        what = f"«{anchor.title or 'CHỨC VỤ'} … {anchor.name or 'Họ và tên'}»"
        if not fitting:
            raise PlacementRefused(reasons.ANCHOR_NOT_FOUND, what=what, pages=page)
        if len(fitting) > 1:
            shown = "; ".join(f"{block.words} – {block.name.words}" for block in fitting[:4])
            raise PlacementRefused(
                reasons.ANCHOR_AMBIGUOUS, what=what, pages=page, count=len(fitting), found=shown
            )
        chosen.append(fitting[0])
    return chosen


def _reading_order(found: list[Block]) -> list[Block]:
    """Rows from top to bottom (names on about one baseline are a row), each from left to right."""
    rows: list[list[Block]] = []
    for block in sorted(found, key=lambda block: -block.name.baseline):
        if rows and rows[-1][0].name.baseline - block.name.baseline < 2 * block.name.size:
            rows[-1].append(block)
        else:
            rows.append([block])
    return [block for row in rows for block in sorted(row, key=lambda block: block.name.centre)]


def _fits(block: Block, anchor: LeaderAnchor) -> bool:
    title, name = squeeze(anchor.title or ""), squeeze(anchor.name or "")
    return (not name or block.name.text == name) and (not title or title in squeeze(block.words))


def signature_rect(block: Block, aspect: float | None, user_unit: float = 1.0) -> Rect:
    """Box 7c: centred between title and name, of the picture's shape, as large as the room allows.

    Raises `PlacementRefused` when the room is less than 8 mm high.
    """
    unit = POINTS_PER_MM / user_unit
    room = block.room
    if room.height < _ROOM_MM * unit:
        raise PlacementRefused(
            reasons.BLOCK_TOO_LOW,
            title=block.words,
            name=block.name.words,
            height_mm=round(max(0.0, room.height) / unit, 1),
        )
    width = layout.SIGNATURE_WIDTH_MM * unit
    height = min(room.height, layout.SIGNATURE_HEIGHT_MM * unit)
    if aspect is not None:
        height = min(room.height, width / aspect)
        width = height * aspect
    x = (block.title[-1].centre + block.name.centre) / 2
    y = room.centre[1]
    return Rect(x - width / 2, y - height / 2, x + width / 2, y + height / 2)
