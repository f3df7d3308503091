"""What is signed: documents of our own making, each with one empty signature field, made anew for each run."""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, String
from PIL import Image

from api.demo.documents import DecisionSpec, decision
from api.demo.layout import compose
from api.demo.scanning import scan_jpeg
from policies.layout import INVISIBLE, Box, PlacementRequest
from policies.vocabulary import FieldRole
from signer.creation import cms, two_step
from signer.creation.append import append, write_tail
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.ports import SigningKey
from signer.stamping import placement

FIELD, NAME = "Leader", "Nguyễn Văn An"
EARLIER = ("First", "Second")
OBJECTS = 6510
A4 = (595, 842)
_ADDED = 3  # what preparation adds to a file without a form: form, field, lock
_SCANNED_PAGES, _SCANNED_PIXELS, _GRAIN, _QUALITY = 4, (2480, 3508), 32, 90
_TAGGED_PAGES, _PICTURE_SIDE = 60, 101
_WORDS = ("phê duyệt", "kế hoạch", "số hóa", "hồ sơ", "lưu trữ", "thủ tục", "hành chính", "năm 2027")

Make = Callable[[Path], None]


def page(path: Path) -> None:
    """The demo's decision: one page, 54 KB."""
    path.write_bytes(decision(DecisionSpec()))


def ten_pages(path: Path) -> None:
    """A decision of nine pages and one with a picture: 423 KB."""
    path.write_bytes(decision(DecisionSpec(pages=9, padding=350_000)))


def scan(path: Path) -> None:
    """Four pages from a scanner, grey, 300 dpi, with the grain of paper: 16 MB."""
    _, _, jpeg = scan_jpeg(compose(DecisionSpec()).pages[0])
    picture = Image.open(io.BytesIO(jpeg)).resize(_SCANNED_PIXELS)
    with Pdf.new() as pdf:
        for _ in range(_SCANNED_PAGES):
            grain = Image.effect_noise(_SCANNED_PIXELS, _GRAIN)
            out = io.BytesIO()
            Image.blend(picture, grain, 0.5).save(out, "JPEG", quality=_QUALITY)
            image = _image(pdf, out.getvalue(), _SCANNED_PIXELS)
            image.Filter = Name.DCTDecode
            _show(pdf, image)
        pdf.save(path)


def _image(pdf: Pdf, data: bytes, size: tuple[int, int]) -> pikepdf.Object:
    image = pdf.make_stream(data)
    image.Type, image.Subtype, image.ColorSpace = Name.XObject, Name.Image, Name.DeviceGray
    image.Width, image.Height = size
    image.BitsPerComponent = 8
    return image


def _show(pdf: Pdf, image: pikepdf.Object) -> pikepdf.Page:
    """A page that the picture fills."""
    sheet = pdf.add_blank_page(page_size=A4)
    sheet.Resources = Dictionary(XObject=Dictionary(Scan=image))
    sheet.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Scan Do Q" % A4)
    return sheet


def many_pages(path: Path) -> None:
    """A decision of 300 pages."""
    path.write_bytes(decision(DecisionSpec(pages=300)))


def tagged_pages(path: Path) -> None:
    """A tagged document of 500 pages and 6,510 objects behind one cross-reference table."""
    _tagged(path, pikepdf.ObjectStreamMode.disable, 500)


def tagged_table(path: Path) -> None:
    """A tagged document of 6,510 objects behind one cross-reference table: 2.1 MB."""
    _tagged(path, pikepdf.ObjectStreamMode.disable)


def tagged_streams(path: Path) -> None:
    """The same document with object streams and a cross-reference stream."""
    _tagged(path, pikepdf.ObjectStreamMode.generate)


def _tagged(path: Path, mode: pikepdf.ObjectStreamMode, pages: int = _TAGGED_PAGES) -> None:
    chance = random.Random(OBJECTS)
    with Pdf.new() as pdf:
        sheets = [_picture_page(pdf, chance) for _ in range(pages)]
        root = pdf.make_indirect(Dictionary(Type=Name.StructTreeRoot))
        # Beside the elements: catalog, page tree, this root; each page with its content and picture.
        count = OBJECTS - _ADDED - 3 - 3 * len(sheets)
        root.K = Array([_element(pdf, root, sheets[i % len(sheets)], i, chance) for i in range(count)])
        pdf.Root.StructTreeRoot = root
        pdf.Root.MarkInfo = Dictionary(Marked=True)
        pdf.save(path, object_stream_mode=mode, compress_streams=mode is pikepdf.ObjectStreamMode.generate)


def _picture_page(pdf: Pdf, chance: random.Random) -> pikepdf.Object:
    side = (_PICTURE_SIDE, _PICTURE_SIDE)
    noise = _image(pdf, chance.randbytes(_PICTURE_SIDE**2), side)
    return _show(pdf, noise).obj


def _element(
    pdf: Pdf, root: pikepdf.Object, sheet: pikepdf.Object, index: int, chance: random.Random
) -> pikepdf.Object:
    words = " ".join(chance.choices(_WORDS, k=3))
    row = Dictionary(
        Type=Name.StructElem, S=Name.P, P=root, Pg=sheet, K=index, Alt=String(f"{index} {words}")
    )
    return pdf.make_indirect(row)


def ready(make: Make, path: Path, *, shown: bool = False) -> None:
    """Make a document at `path`, prepared with one empty field; `shown` puts it where the name stands."""
    source = path.with_suffix(".source.pdf")
    make(source)
    box = Box(FieldRole.LEADER, 0, INVISIBLE, FIELD)
    if shown:
        found = placement.find_boxes(source, PlacementRequest())
        place = next(each for each in found if each.role is FieldRole.LEADER)
        box = Box(FieldRole.LEADER, place.page, place.rect, FIELD, place.rotation)
    append(source, prepare(source, PreparationPlan((box,))), path)
    source.unlink()


def signed_twice(path: Path, first: SigningKey, second: SigningKey) -> None:
    """The page with two signatures of others, each a revision of its own, and the field still empty."""
    source, between = path.with_suffix(".source.pdf"), path.with_suffix(".between.pdf")
    page(source)
    roles = (FieldRole.INITIAL, FieldRole.INITIAL, FieldRole.LEADER)
    boxes = tuple(Box(role, 0, INVISIBLE, name) for role, name in zip(roles, (*EARLIER, FIELD), strict=True))
    append(source, prepare(source, PreparationPlan(boxes)), path)
    for field, key in zip(EARLIER, (first, second), strict=True):
        path.replace(between)
        _sign(between, field, key, path)
    source.unlink()
    between.unlink()


def _sign(base: Path, field: str, key: SigningKey, out: Path) -> None:
    request = two_step.SignatureRequest(field, two_step.contents_size(key), NAME, datetime.now(UTC))
    prepared = two_step.prepare_signature(base, request)
    tail = two_step.fill_hole(prepared, cms.build(prepared.digest, key))
    write_tail(base, prepared.base_size, tail, out)
