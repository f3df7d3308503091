"""Between a page as people see it (millimetres, top left origin) and as PDF places fields (points, user space).

ISO 32000-1, 8.3.2.3 and table 30: what is displayed is the crop box, turned clockwise by /Rotate.
"""

from __future__ import annotations

from dataclasses import dataclass

MM = 72 / 25.4
Rect = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A displayed page: its crop box in user space (x0, y0, x1, y1), /Rotate in degrees, /UserUnit."""

    crop: Rect
    rotation: int = 0
    user_unit: float = 1.0

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in millimetres as displayed."""
        width, height = self.crop[2] - self.crop[0], self.crop[3] - self.crop[1]
        sides = (width, height) if self.rotation % 180 == 0 else (height, width)
        return sides[0] * self._scale, sides[1] * self._scale

    @property
    def _scale(self) -> float:
        return self.user_unit / MM

    def displayed(self, rect: Rect) -> Rect:
        """A user-space rectangle as left, top, width, height in millimetres."""
        corners = [self._down(rect[0], rect[1]), self._down(rect[2], rect[3])]
        (left, right), (top, bottom) = (sorted(axis) for axis in zip(*corners, strict=True))
        return (
            left * self._scale,
            top * self._scale,
            (right - left) * self._scale,
            (bottom - top) * self._scale,
        )

    def user_space(self, left: float, top: float, width: float, height: float) -> Rect:
        """The inverse of `displayed`."""
        scale = self._scale
        corners = [
            self._up(left / scale, top / scale),
            self._up((left + width) / scale, (top + height) / scale),
        ]
        (x0, x1), (y0, y1) = (sorted(axis) for axis in zip(*corners, strict=True))
        return x0, y0, x1, y1

    def _down(self, x: float, y: float) -> tuple[float, float]:
        """User space to displayed points from the top left."""
        x0, y0, x1, y1 = self.crop
        turned = {0: (x - x0, y1 - y), 90: (y - y0, x - x0), 180: (x1 - x, y - y0), 270: (y1 - y, x1 - x)}
        return turned[self.rotation % 360]

    def _up(self, across: float, down: float) -> tuple[float, float]:
        x0, y0, x1, y1 = self.crop
        turned = {
            0: (x0 + across, y1 - down),
            90: (x0 + down, y0 + across),
            180: (x1 - across, y0 + down),
            270: (x1 - down, y1 - across),
        }
        return turned[self.rotation % 360]
