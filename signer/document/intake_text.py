"""The text lines of the first page, where they stand, for the secrecy mark.

The page is copied out alone, without its pictures and patterns, and unpacked within limits; only that small
file is given to PDFium. Annotation appearances (a stamp, a filled field) are flattened into it.
"""

from __future__ import annotations

import ctypes
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from policies.intake import PlacedLine

MAX_CHARACTERS = 20_000
MAX_ANNOTATIONS = 200
MAX_FORMS = 2_000
GRID = 20_000  # device units across the page, for upright positions whatever the rotation
_KEPT = ("/MediaBox", "/CropBox", "/Rotate", "/UserUnit")
_PICTURES = ("/Pattern", "/Shading", "/ExtGState", "/ColorSpace", "/Properties")


def first_page_lines(pdf: pikepdf.Pdf, page: Any, limit: int) -> tuple[PlacedLine, ...]:
    """Lines of `page` with their height on the page as displayed; () when PDFium cannot read it.

    Raises MemoryError when the page unpacks to more than `limit` bytes. Changes `page` in memory.
    """
    small = _copied_alone(pdf, page, limit)
    try:
        document = pypdfium2.PdfDocument(small)
    except pypdfium2.PdfiumError:
        return ()
    try:
        return tuple(_lines(document))
    except pypdfium2.PdfiumError:
        return ()
    finally:
        document.close()


class _Bounded(io.BytesIO):
    def __init__(self, limit: int) -> None:
        super().__init__()
        self.limit = limit

    def write(self, data: Any) -> int:
        if self.tell() + len(data) > self.limit:
            raise MemoryError("the first page unpacks beyond the limit")
        return super().write(data)


def _copied_alone(pdf: pikepdf.Pdf, page: Any, limit: int) -> bytes:
    alone = pikepdf.Dictionary(Type=pikepdf.Name.Page)
    for key in _KEPT:
        if key in page:
            alone[key] = page[key]
    if isinstance(page.get("/Resources"), pikepdf.Dictionary):
        alone.Resources = page.Resources
        _drop_pictures(page.Resources)
    if "/Contents" in page:
        alone.Contents = page.Contents
    alone.Annots = pikepdf.Array(list(_drawn_annotations(page)))
    out = pikepdf.new()
    out.pages.append(pikepdf.Page(pdf.make_indirect(alone)))
    buffer = _Bounded(limit)
    out.save(
        buffer,
        compress_streams=False,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        object_stream_mode=pikepdf.ObjectStreamMode.disable,
    )
    return buffer.getvalue()


def _drop_pictures(resources: Any) -> None:
    """Remove images, also from the forms that the page draws; text stays."""
    todo: list[Any] = [resources]
    forms = 0
    while todo:
        current = todo.pop()
        for key in _PICTURES:
            if key in current:
                del current[key]
        objects: Any = current.get("/XObject")
        for key, value in list(objects.items()) if isinstance(objects, pikepdf.Dictionary) else []:
            if (
                not isinstance(value, pikepdf.Stream)
                or value.get("/Subtype") != "/Form"
                or forms >= MAX_FORMS
            ):
                del objects[key]
            elif isinstance(value.get("/Resources"), pikepdf.Dictionary):
                todo.append(value.Resources)
                forms += 1


def _drawn_annotations(page: Any) -> Iterator[pikepdf.Dictionary]:
    annotations = page.get("/Annots")
    for annotation in list(annotations)[:MAX_ANNOTATIONS] if isinstance(annotations, pikepdf.Array) else []:
        appearances = annotation.get("/AP") if isinstance(annotation, pikepdf.Dictionary) else None
        normal: Any = appearances.get("/N") if isinstance(appearances, pikepdf.Dictionary) else None
        if isinstance(normal, pikepdf.Stream) and isinstance(annotation.get("/Rect"), pikepdf.Array):
            if isinstance(normal.get("/Resources"), pikepdf.Dictionary):
                _drop_pictures(normal.Resources)
            yield pikepdf.Dictionary(
                Type=pikepdf.Name.Annot,
                Subtype=pikepdf.Name.Stamp,
                Rect=annotation.Rect,
                F=4,
                AP=pikepdf.Dictionary(N=normal),
            )


def _lines(document: Any) -> Iterator[PlacedLine]:
    page = document.get_page(0)
    if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
        page.close()
        page = document.get_page(0)
    height = max(1, round(GRID * page.get_height() / max(page.get_width(), 1.0)))
    run: list[_Character] = []
    for character in _characters(page, height):
        if run and not _continues(run[-1], character):
            yield _line(run, height)
            run = []
        run.append(character)
    if run:
        yield _line(run, height)


@dataclass(frozen=True, slots=True)
class _Character:
    """A glyph with its box in device units, the origin at the upper left of the page as displayed."""

    text: str
    left: int
    top: int
    right: int
    bottom: int


def _characters(page: Any, height: int) -> Iterator[_Character]:
    text_page = page.get_textpage()
    box = pdfium.FS_RECTF()
    for index in range(min(text_page.count_chars(), MAX_CHARACTERS)):
        text = chr(pdfium.FPDFText_GetUnicode(text_page, index))
        if text.isspace() or not pdfium.FPDFText_GetLooseCharBox(text_page, index, box):
            continue
        x0, y0 = _upright(page, height, box.left, box.top)
        x1, y1 = _upright(page, height, box.right, box.bottom)
        yield _Character(text, min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _upright(page: Any, height: int, x: float, y: float) -> tuple[int, int]:
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, GRID, height, 0, x, y, across, down)
    return across.value, down.value


def _continues(before: _Character, after: _Character) -> bool:
    """Same base line, and no gap wider than two letter heights (a column's gap, not a word's)."""
    height = max(before.bottom - before.top, after.bottom - after.top, 1)
    return abs(before.bottom - after.bottom) < height / 2 and -height < after.left - before.right < 2 * height


def _line(run: list[_Character], height: int) -> PlacedLine:
    middle = (run[0].top + run[0].bottom) / 2
    return PlacedLine("".join(character.text for character in run), middle / height)
