"""The text lines of the first page, where they stand, for the secrecy mark.

The page is copied out alone, without its pictures and patterns, and unpacked within limits; only that small
file is given to PDFium. Annotation appearances (a stamp, a filled field) are flattened into it.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from policies.intake import PlacedLine
from signer.document import filters
from signer.document.objects import Name, Ref, Stream
from signer.document.pages import Page
from signer.document.reader import PdfFile
from signer.document.serializing import serialize, serialize_indirect

MAX_CHARACTERS = 20_000
MAX_ANNOTATIONS = 200
MAX_OBJECTS = 5_000
GRID = 10_000  # device units across and down the page
_PAGE_KEYS = ("MediaBox", "CropBox", "Rotate", "UserUnit", "Resources", "Contents")
# Pictures, colours, structure: no text stands there. /Parent and /P lead out of the page.
_DROPPED = frozenset(
    {
        "Pattern", "Shading", "ExtGState", "ColorSpace", "Properties", "Parent", "P", "StructParent",
        "StructParents", "Metadata", "PieceInfo", "Group", "OC", "Ref", "OPI", "LastModified",
    }
)  # fmt: skip


def first_page_lines(pdf: PdfFile, page: Page, limit: int) -> tuple[PlacedLine, ...]:
    """Lines of `page` with their height on the page as displayed; () when PDFium cannot read it.

    Raises `DocumentRefused` when the page unpacks to more than `limit` bytes or is broken.
    """
    small = _Copy(pdf, limit).of_page(page)
    try:
        with pypdfium2.PdfDocument(small) as document:
            return tuple(_lines(document))
    except pypdfium2.PdfiumError:
        return ()


class _Copy:
    """One page with what it needs, as a small file: object 1 is the catalog, 2 the page tree, 3 the page."""

    def __init__(self, pdf: PdfFile, limit: int) -> None:
        self._pdf = pdf
        self._limit = limit
        self._left = limit
        self._numbers: dict[Ref, int] = {}
        self._todo: list[Ref] = []

    def of_page(self, page: Page) -> bytes:
        kept: dict[str, Any] = {key: page.dict[key] for key in _PAGE_KEYS if key in page.dict}
        annotations = self._pdf.array(page.dict.get("Annots"))[:MAX_ANNOTATIONS]
        kept["Annots"] = [drawn for item in annotations if (drawn := self._drawn(item)) is not None]
        root = {"Type": Name("Catalog"), "Pages": Ref(2)}
        tree = {"Type": Name("Pages"), "Count": 1, "Kids": [Ref(3)]}
        alone = {**self._copied(kept), "Type": Name("Page"), "Parent": Ref(2)}
        bodies = [serialize_indirect(Ref(n), value) for n, value in ((1, root), (2, tree), (3, alone))]
        while self._todo:
            ref = self._todo.pop()
            value = self._pdf.resolve(ref)
            bodies.append(serialize_indirect(Ref(self._numbers[ref]), self._copied(value)))
        return _assembled(sorted(bodies, key=_number_of))

    def _drawn(self, item: Any) -> dict[str, Any] | None:
        annotation = self._pdf.dictionary(item)
        normal = self._pdf.dictionary(annotation.get("AP")).get("N")
        if not isinstance(self._pdf.resolve(normal), Stream) or "Rect" not in annotation:
            return None
        kind = {"Type": Name("Annot"), "Subtype": Name("Stamp"), "F": 4}
        return {**kind, "Rect": annotation["Rect"], "AP": {"N": normal}}

    def _copied(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self._reference(value)
        if isinstance(value, Stream):
            return self._stream(value)
        if isinstance(value, dict):
            return {key: self._copied(item) for key, item in value.items() if key not in _DROPPED}
        if isinstance(value, list):
            return [self._copied(item) for item in value]
        return value

    def _reference(self, ref: Ref) -> Ref | None:
        if ref not in self._numbers:
            if len(self._numbers) >= MAX_OBJECTS:
                return None
            self._numbers[ref] = len(self._numbers) + 4
            self._todo.append(ref)
        return Ref(self._numbers[ref])

    def _stream(self, stream: Stream) -> Stream | None:
        if stream.dict.get("Subtype") in ("Image", "XML"):
            return None
        names = self._pdf.resolve(stream.dict.get("Filter"))
        used = names if isinstance(names, list) else [] if names is None else [names]
        if not all(filters.is_general(self._pdf.resolve(name)) for name in used):
            return None
        data = self._pdf.stream_data(stream, self._left)
        self._left -= len(data)
        entries = {k: v for k, v in stream.dict.items() if k not in ("Filter", "DecodeParms", "Length")}
        return Stream(self._copied(entries), data=data)


def _number_of(body: bytes) -> int:
    return int(body[: body.index(b" ")])


def _assembled(bodies: list[bytes]) -> bytes:
    head = b"%PDF-1.7\n"
    out = [head]
    table = [b"xref\n0 %d\n0000000000 65535 f \n" % (len(bodies) + 1)]
    position = len(head)
    for body in bodies:
        table.append(b"%010d 00000 n \n" % position)
        out.append(body)
        position += len(body)
    trailer = serialize({"Size": len(bodies) + 1, "Root": Ref(1)})
    return b"".join([*out, *table, b"trailer\n", trailer, b"\nstartxref\n%d\n%%%%EOF\n" % position])


def _lines(document: Any) -> Iterator[PlacedLine]:
    page = document.get_page(0)
    if pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY) == pdfium.FLATTEN_SUCCESS:
        page.close()
        page = document.get_page(0)
    run: list[_Character] = []
    for character in _characters(page):
        if run and not _continues(run[-1], character):
            yield _line(page, run)
            run = []
        run.append(character)
    if run:
        yield _line(page, run)


@dataclass(frozen=True, slots=True)
class _Character:
    """A glyph: origin in user space and writing angle, and the same turned so that it is written level:
    `start` and `end` along the base line, `base` its height, `size` of the letter."""

    text: str
    x: float
    y: float
    angle: float
    start: float
    end: float
    base: float
    size: float


def _characters(page: Any) -> Iterator[_Character]:
    text_page = page.get_textpage()
    box, x, y = pdfium.FS_RECTF(), ctypes.c_double(), ctypes.c_double()
    for index in range(min(text_page.count_chars(), MAX_CHARACTERS)):
        text = chr(pdfium.FPDFText_GetUnicode(text_page, index))
        placed = pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
        if placed and not text.isspace() and pdfium.FPDFText_GetLooseCharBox(text_page, index, box):
            angle = pdfium.FPDFText_GetCharAngle(text_page, index)
            yield _levelled(text, x.value, y.value, angle, box)


def _levelled(text: str, x: float, y: float, angle: float, box: Any) -> _Character:
    cosine, sine = math.cos(angle), math.sin(angle)
    corners = [(cx, cy) for cx in (box.left, box.right) for cy in (box.bottom, box.top)]
    along = [cx * cosine + cy * sine for cx, cy in corners]
    across = [cy * cosine - cx * sine for cx, cy in corners]
    size = max(across) - min(across)
    return _Character(text, x, y, angle, min(along), max(along), y * cosine - x * sine, size)


def _continues(before: _Character, after: _Character) -> bool:
    """Same direction and base line, and no gap wider than two letter heights (a column's, not a word's)."""
    size = max(before.size, after.size)
    level = abs(before.angle - after.angle) < 0.1 and abs(before.base - after.base) < size / 2
    return level and -size < after.start - before.end < 2 * size


def _line(page: Any, run: list[_Character]) -> PlacedLine:
    """The run with its height on the page as displayed, whatever the page's rotation and crop."""
    across, down = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDF_PageToDevice(page, 0, 0, GRID, GRID, 0, run[0].x, run[0].y, across, down)
    return PlacedLine("".join(character.text for character in run), down.value / GRID)
