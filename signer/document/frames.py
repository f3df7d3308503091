"""The visible part of each page in user space: where a person's millimetres lie in the file's points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.geometry import PageFrame
from signer.document.pages import Page
from signer.document.reader import PdfFile

_A4 = (0.0, 0.0, 595.28, 841.89)


def page_frames(path: Path, limit: int = 2000) -> tuple[PageFrame, ...]:
    """Frames of the first `limit` pages: crop box within media box (ISO 32000-2, 14.11.2), rotation, unit.

    Raises `DocumentRefused` when the file or its page tree is broken.
    """
    with PdfFile.open(path) as pdf:
        count = min(pdf.page_count, limit)
        return tuple(frame_of(pdf, pdf.page(index)) for index in range(count))


def frame_of(pdf: PdfFile, page: Page) -> PageFrame:
    """The frame of one page."""
    media = _box(pdf, page.dict.get("MediaBox")) or _A4
    crop = _box(pdf, page.dict.get("CropBox")) or media
    x0, y0 = max(media[0], crop[0]), max(media[1], crop[1])
    x1, y1 = min(media[2], crop[2]), min(media[3], crop[3])
    if x1 <= x0 or y1 <= y0:
        x0, y0, x1, y1 = media
    rotation = pdf.resolve(page.dict.get("Rotate"))
    unit = pdf.resolve(page.dict.get("UserUnit"))
    turned = int(rotation) % 360 if isinstance(rotation, int) else 0
    scale = float(unit) if isinstance(unit, int | float) and unit > 0 else 1.0
    return PageFrame(x0, y0, x1, y1, turned, scale)


def _box(pdf: PdfFile, value: Any) -> tuple[float, float, float, float] | None:
    found = pdf.resolve(value)
    if not isinstance(found, list) or len(found) != 4:
        return None
    corners = [pdf.resolve(item) for item in found]
    numbers = [float(corner) for corner in corners if isinstance(corner, int | float)]
    if len(numbers) != 4:
        return None
    a, b, c, d = numbers
    return min(a, c), min(b, d), max(a, c), max(b, d)
