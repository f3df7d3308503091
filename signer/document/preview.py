"""Pictures and text of pages, by PDFium, for people to look at.

Runs in the sandbox: PDFium is not thread-safe and parses hostile bytes. What the leader sees before signing
is rendered here from the very bytes that will be signed. Sizes are PDF points of the page as displayed
(rotation and crop box applied); text is Unicode.
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image

from policies.reasons import document as reasons
from signer.errors import DocumentRefused

ImageFormat = Literal["png", "webp"]

DPI_RANGE = (18.0, 400.0)
MAX_PIXELS = 16_000_000  # A3 at 300 dpi is 17.4 million; 3 bytes each
MAX_SIDE = 16_000  # WebP ends at 16,383
MAX_TEXT = 200_000
MAX_PAGES = 10_000
FEW_COLOURS = 4_096  # a born-digital page; lossless is then smaller than lossy


@dataclass(frozen=True, slots=True)
class PageSize:
    """Width and height in points of a page as displayed, after rotation and crop."""

    width: float
    height: float


def page_count(path: Path) -> int:
    """Number of pages. Raises `DocumentRefused` when PDFium cannot open the file."""
    with opened(path) as document:
        return len(document)


def page_sizes(path: Path) -> tuple[PageSize, ...]:
    """Sizes of all pages in order; page contents are not read.

    Raises `DocumentRefused` when the file cannot be opened or has more than `MAX_PAGES` pages.
    """
    with opened(path) as document:
        if len(document) > MAX_PAGES:
            raise DocumentRefused(reasons.TOO_MANY_PAGES, pages=len(document), limit=MAX_PAGES)
        try:
            return tuple(PageSize(*document.get_page_size(index)) for index in range(len(document)))
        except pypdfium2.PdfiumError as exc:
            raise DocumentRefused(reasons.NOT_READABLE) from exc


def page_text(path: Path, index: int) -> str:
    """Text of one page (0-based) in PDFium's reading order, at most `MAX_TEXT` characters."""
    with opened(path) as document, page_of(document, index) as page:
        text_page = page.get_textpage()
        try:
            count = min(text_page.count_chars(), MAX_TEXT)
            return str(text_page.get_text_range(0, count)) if count > 0 else ""
        finally:
            text_page.close()


def render_page(path: Path, index: int, dpi: float = 96.0, image_format: ImageFormat = "png") -> bytes:
    """Picture of one page (0-based) with its annotations and form fields, as PNG or WebP.

    A page too large for `dpi` is rendered smaller, so that it stays within `MAX_PIXELS` and `MAX_SIDE`: the
    picture always shows the whole page. Raises `DocumentRefused` when there is no such page, or when the file
    or the page cannot be read, ValueError for a dpi outside `DPI_RANGE` or an unknown format.
    """
    if not DPI_RANGE[0] <= dpi <= DPI_RANGE[1]:
        raise ValueError(f"dpi {dpi} is outside {DPI_RANGE}")
    if image_format not in ("png", "webp"):
        raise ValueError(f"unknown image format {image_format!r}")
    with opened(path) as document:
        document.init_forms()  # before the page: widgets are drawn by the form environment
        with page_of(document, index) as page:
            return encode(picture_of(page, dpi), image_format)


def picture_of(page: Any, dpi: float) -> Image.Image:
    """A page as it is shown, with its annotations and form fields, smaller than asked for when it is too large."""
    scale = _bounded_scale(page.get_width(), page.get_height(), dpi / 72)
    bitmap = page.render(
        scale=scale, may_draw_forms=True, rev_byteorder=True, draw_annots=True, limit_image_cache=True
    )
    try:
        image: Image.Image = bitmap.to_pil().convert("RGB")  # a copy: the bitmap is freed here
        return image
    finally:
        bitmap.close()


def _bounded_scale(width: float, height: float, scale: float) -> float:
    """Largest scale up to `scale` whose picture stays within the limits; one pixel at least."""
    if not (0 < width < math.inf and 0 < height < math.inf):
        raise DocumentRefused(reasons.NOT_READABLE)
    by_area = math.sqrt(MAX_PIXELS / (width * height))
    return min(scale, by_area, MAX_SIDE / width, MAX_SIDE / height)


def encode(image: Image.Image, image_format: ImageFormat) -> bytes:
    """PNG, or WebP without loss where that is the smaller one."""
    out = io.BytesIO()
    if image_format == "png":
        image.save(out, "PNG", compress_level=6)
    elif image.getcolors(FEW_COLOURS) is not None:
        image.save(out, "WEBP", lossless=True, method=2)
    else:
        image.save(out, "WEBP", quality=75, method=2)
    return out.getvalue()


class _Beginning(io.RawIOBase):
    """The bytes of a file up to an offset: one of its earlier revisions."""

    def __init__(self, path: Path, end: int) -> None:
        self._file = path.open("rb", buffering=0)
        self._end = end
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._end}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def readinto(self, buffer: Any) -> int:
        view = memoryview(buffer).cast("B")
        self._file.seek(self._at)
        count = self._file.readinto(view[: max(0, self._end - self._at)]) or 0
        self._at += count
        return count

    def close(self) -> None:
        self._file.close()
        super().close()


@contextmanager
def opened(path: Path, *, end: int | None = None, password: str | None = None) -> Iterator[Any]:
    """The document as PDFium opens it; `end`: as if the file ended there. Raises `DocumentRefused`."""
    source = path if end is None else _Beginning(path, end)
    try:
        document = pypdfium2.PdfDocument(source, password)
    except pypdfium2.PdfiumError as exc:
        if exc.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise DocumentRefused(reasons.ENCRYPTED) from exc
        raise DocumentRefused(reasons.NOT_READABLE) from exc
    try:
        yield document
    finally:
        document.close()  # closes the form environment too
        if isinstance(source, _Beginning):
            source.close()


@contextmanager
def page_of(document: Any, index: int) -> Iterator[Any]:
    """One page (0-based) of an open document. Raises `DocumentRefused`."""
    if not 0 <= index < len(document):
        raise DocumentRefused(reasons.NO_SUCH_PAGE, page=index + 1, pages=len(document))
    try:
        page = document.get_page(index)
    except pypdfium2.PdfiumError as exc:
        raise DocumentRefused(reasons.NOT_READABLE) from exc
    try:
        yield page
    finally:
        page.close()
