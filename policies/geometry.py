"""Boxes between a page's user space and millimetres on the page as it is displayed."""

from __future__ import annotations

from dataclasses import dataclass

from policies.layout import Rect

MM = 25.4 / 72


@dataclass(frozen=True, slots=True)
class PageFrame:
    """The visible part of a page in user space, and its rotation (clockwise degrees, as /Rotate)."""

    x0: float
    y0: float
    x1: float
    y1: float
    rotation: int = 0
    user_unit: float = 1.0


def to_page(rect: Rect, frame: PageFrame) -> tuple[float, float, float, float]:
    """User space → left, top, width, height in millimetres of the displayed page."""
    first = _display(rect.x0, rect.y0, frame)
    second = _display(rect.x1, rect.y1, frame)
    left, right = sorted((first[0], second[0]))
    top, bottom = sorted((first[1], second[1]))
    scale = MM * frame.user_unit
    return left * scale, top * scale, (right - left) * scale, (bottom - top) * scale


def from_page(left: float, top: float, width: float, height: float, frame: PageFrame) -> Rect:
    """The way back: millimetres of the displayed page → user space."""
    scale = MM * frame.user_unit
    first = _user(left / scale, top / scale, frame)
    second = _user((left + width) / scale, (top + height) / scale, frame)
    x0, x1 = sorted((first[0], second[0]))
    y0, y1 = sorted((first[1], second[1]))
    return Rect(x0, y0, x1, y1)


def _display(x: float, y: float, frame: PageFrame) -> tuple[float, float]:
    """Points from the top left corner of the page as displayed."""
    match frame.rotation % 360:
        case 90:
            return y - frame.y0, x - frame.x0
        case 180:
            return frame.x1 - x, y - frame.y0
        case 270:
            return frame.y1 - y, frame.x1 - x
        case _:
            return x - frame.x0, frame.y1 - y


def _user(right: float, down: float, frame: PageFrame) -> tuple[float, float]:
    match frame.rotation % 360:
        case 90:
            return frame.x0 + down, frame.y0 + right
        case 180:
            return frame.x1 - right, frame.y0 + down
        case 270:
            return frame.x1 - down, frame.y1 - right
        case _:
            return frame.x0 + right, frame.y1 - down
