"""What is drawn on a page, before it becomes PDF operators or pixels. Points, origin bottom left, upright."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from api.demo.pdf_fonts import Style, advances, text_width

Colour = tuple[float, float, float]
BLACK: Colour = (0.0, 0.0, 0.0)
RED: Colour = (0.85, 0.05, 0.05)

MM = 72 / 25.4
PAGE_WIDTH, PAGE_HEIGHT = 210 * MM, 297 * MM
MARGIN_TOP, MARGIN_BOTTOM, MARGIN_LEFT, MARGIN_RIGHT = 20 * MM, 20 * MM, 30 * MM, 16 * MM
TEXT_WIDTH = PAGE_WIDTH - MARGIN_LEFT - MARGIN_RIGHT
LINE = 1.15  # line pitch over size: Times New Roman, single spaced


@dataclass(frozen=True)
class Text:
    """A run of one style; `stretch` points are added at each space (justified lines)."""

    x: float
    y: float
    text: str
    style: Style
    size: float
    stretch: float = 0.0
    colour: Colour = BLACK

    @property
    def width(self) -> float:
        return text_width(self.text, self.style, self.size) + self.stretch * self.text.count(" ")


@dataclass(frozen=True)
class Line:
    """A straight rule."""

    x0: float
    y0: float
    x1: float
    y1: float
    thickness: float = 0.6
    colour: Colour = BLACK


@dataclass(frozen=True)
class Frame:
    """An unfilled rectangle."""

    x0: float
    y0: float
    x1: float
    y1: float
    thickness: float = 1.2
    colour: Colour = RED


@dataclass(frozen=True)
class Picture:
    """An image placed in a rectangle; `key` names the image among those of the document."""

    key: str
    x: float
    y: float
    width: float
    height: float


Item = Text | Line | Frame | Picture


@dataclass
class Page:
    """The items of one upright A4 page."""

    items: list[Item] = field(default_factory=list)

    def centred(self, text: str, centre: float, y: float, style: Style, size: float) -> Text:
        """Writes a line centred on `centre` and returns it."""
        item = Text(centre - text_width(text, style, size) / 2, y, text, style, size)
        self.items.append(item)
        return item

    def rule(self, centre: float, y: float, width: float) -> None:
        """A horizontal rule centred on `centre`."""
        self.items.append(Line(centre - width / 2, y, centre + width / 2, y))


Run = tuple[str, Style]


@dataclass(frozen=True)
class Segment:
    """A part of a broken line: its offset from the line's start and its text."""

    x: float
    text: str
    style: Style
    stretch: float


@lru_cache(maxsize=4096)
def break_lines(
    runs: tuple[Run, ...], size: float, width: float, indent: float, justify: bool = True
) -> tuple[tuple[Segment, ...], ...]:
    """Breaks runs into lines greedily; all but the last line are stretched to `width` when justified."""
    lines: list[list[Run]] = [[]]
    used, room = 0.0, width - indent
    for word, style in _words(runs):
        space = text_width(" ", style, size) if lines[-1] else 0.0
        extent = text_width(word, style, size)
        if lines[-1] and used + space + extent > room:
            lines.append([])
            used, room, space = 0.0, width, 0.0
        lines[-1].append((word, style))
        used += space + extent
    starts = [indent] + [0.0] * (len(lines) - 1)
    stretched = [justify] * (len(lines) - 1) + [False]
    return tuple(
        tuple(_segments(line, size, start, width - start, spread))
        for line, start, spread in zip(lines, starts, stretched, strict=True)
    )


def _words(runs: Iterable[Run]) -> Iterator[Run]:
    for text, style in runs:
        for word in text.split():
            yield word, style


def _segments(line: list[Run], size: float, start: float, room: float, spread: bool) -> Iterator[Segment]:
    gaps = len(line) - 1
    natural = sum(text_width(word, style, size) for word, style in line)
    natural += sum(text_width(" ", style, size) for _, style in line[1:])
    stretch = (room - natural) / gaps if spread and gaps else 0.0
    x, position = start, 0
    while position < len(line):
        style = line[position][1]
        end = position
        while end < len(line) and line[end][1] is style:
            end += 1
        text = " ".join(word for word, _ in line[position:end]) + (" " if end < len(line) else "")
        yield Segment(x, text, style, stretch)
        x += text_width(text, style, size) + stretch * text.count(" ")
        position = end


def place_segments(page: Page, line: tuple[Segment, ...], x: float, y: float, size: float) -> None:
    """Puts one broken line on a page with its baseline at `y`."""
    for part in line:
        page.items.append(Text(x + part.x, y, part.text, part.style, size, part.stretch))


def covers(style: Style, text: str) -> bool:
    """Whether the vendored font has every character of `text`."""
    return advances(style).keys() >= set(text)
