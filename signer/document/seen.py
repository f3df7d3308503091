"""What a person sees of the changes after a signature: the page as signed and as now, with what differs marked.

Runs in the sandbox, as all of PDFium does. It decides nothing: what is invisible here may show elsewhere, and the
classes of `modifications` weigh that. Coordinates are points from the top left corner of the page as displayed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageDraw

from signer.document.history import History
from signer.document.preview import ImageFormat, encode, opened, page_of, picture_of
from signer.document.reader import PdfFile
from signer.document.touched import touched_pages

DPI = 96.0
MAX_COMPARED = 40  # pages, those first whose objects were written again
MAX_SHOWN = 6
MAX_BOXES = 24
_CELL = 8  # pixels: what lies nearer is one difference
_FAINT = 12  # of 255
_MARK = (208, 32, 32)

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class SeenPage:
    """One page that looks different. `page` is 0-based, `boxes` enclose what differs; `signed` and `now` are
    pictures with the boxes drawn on them, empty where there was, or is, no such page."""

    page: int
    boxes: tuple[Box, ...]
    signed: bytes
    now: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What was compared: `compared` of `total` pages, and how many of these look `different`, of which the first are
    shown."""

    pages: tuple[SeenPage, ...]
    different: int
    compared: int
    total: int


def compare(
    path: Path, revision: int, password: str | None = None, image_format: ImageFormat = "webp"
) -> Seen:
    """The file at the end of `revision` (0-based) against the file as it is now.

    Raises `DocumentRefused` when one of the two cannot be read or shown.
    """
    with PdfFile.open(path, password=password or "") as pdf:
        history = History(pdf)
        end = history.revisions[revision].end
        wanted = touched_pages(history, revision)
    with (
        opened(path, end=end, password=password) as signed,
        opened(path, password=password) as now,
    ):
        for document in (signed, now):
            document.init_forms()
        return _compared(signed, now, wanted, image_format)


def _compared(signed: Any, now: Any, wanted: list[int], image_format: ImageFormat) -> Seen:
    total = max(len(signed), len(now))
    order = list(dict.fromkeys([page for page in wanted if page < total] + list(range(total))))[:MAX_COMPARED]
    found = [page for page in order if _differs(signed, now, page)]
    shown = tuple(_shown(signed, now, page, image_format) for page in sorted(found)[:MAX_SHOWN])
    return Seen(shown, len(found), len(order), total)


def _differs(signed: Any, now: Any, page: int) -> bool:
    before, after = _picture(signed, page), _picture(now, page)
    if before is None or after is None or before.size != after.size:
        return True
    return _mask(before, after).getbbox() is not None


def _picture(document: Any, page: int) -> Image.Image | None:
    if page >= len(document):
        return None
    with page_of(document, page) as found:
        return picture_of(found, DPI)


def _mask(before: Image.Image, after: Image.Image) -> Image.Image:
    """White where the two differ by more than the eye forgives."""
    return ImageChops.difference(before, after).convert("L").point(lambda value: 255 * (value > _FAINT))


def _shown(signed: Any, now: Any, page: int, image_format: ImageFormat) -> SeenPage:
    before, after = _picture(signed, page), _picture(now, page)
    boxes: list[tuple[int, int, int, int]] = []
    if before is not None and after is not None:
        same = before.size == after.size
        boxes = _boxes(_mask(before, after)) if same else [(0, 0, *after.size)]
    scale = _scale(now if after is not None else signed, page, after or before)
    points = tuple((x / scale, y / scale, right / scale, low / scale) for x, y, right, low in boxes)
    return SeenPage(page, points, *(_marked(each, boxes, image_format) for each in (before, after)))


def _scale(document: Any, page: int, picture: Image.Image | None) -> float:
    """Pixels in a point."""
    with page_of(document, page) as found:
        width = float(found.get_width())
    return (picture.width if picture is not None else 1) / width


def _marked(
    picture: Image.Image | None, boxes: list[tuple[int, int, int, int]], image_format: ImageFormat
) -> bytes:
    if picture is None:
        return b""
    drawing = ImageDraw.Draw(picture)
    for left, top, right, low in boxes:
        drawing.rectangle((left - 3, top - 3, right + 2, low + 2), outline=_MARK, width=2)
    return encode(picture, image_format)


def _boxes(mask: Image.Image) -> list[tuple[int, int, int, int]]:
    """What encloses each group of differing pixels; one box around all when there are too many groups."""
    width, height = -(-mask.width // _CELL), -(-mask.height // _CELL)
    padded = Image.new("L", (width * _CELL, height * _CELL))
    padded.paste(mask)
    cells = padded.reduce(_CELL).point(lambda value: 255 * (value > 0)).tobytes()
    groups = list(_groups({at for at, value in enumerate(cells) if value}, width))
    found = [_around(mask, group, width) for group in groups]
    if len(found) <= MAX_BOXES:
        return sorted(found, key=lambda box: (box[1], box[0]))
    return [box] if (box := mask.getbbox()) else []


def _groups(cells: set[int], width: int) -> Iterator[list[int]]:
    """Cells that touch, also at a corner."""
    while cells:
        group = [cells.pop()]
        for cell in group:
            row, column = divmod(cell, width)
            for near_row in (row - 1, row, row + 1):
                for near in (column - 1, column, column + 1):
                    at = near_row * width + near
                    if 0 <= near < width and at in cells:
                        cells.remove(at)
                        group.append(at)
        yield group


def _around(mask: Image.Image, group: list[int], width: int) -> tuple[int, int, int, int]:
    rows, columns = zip(*(divmod(cell, width) for cell in group), strict=True)
    left, top = min(columns) * _CELL, min(rows) * _CELL
    area = (left, top, (max(columns) + 1) * _CELL, (max(rows) + 1) * _CELL)
    inner = mask.crop(area).getbbox() or (0, 0, area[2] - left, area[3] - top)
    return left + inner[0], top + inner[1], left + inner[2], top + inner[3]
