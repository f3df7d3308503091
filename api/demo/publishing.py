"""Turns a laid-out document into PDF/A-2b (ISO 19005-2): embedded fonts, output intent, XMP, identifier."""

from __future__ import annotations

import io
from collections.abc import Iterator
from random import Random
from typing import BinaryIO
from xml.sax.saxutils import escape

from PIL import Image

from api.demo import images
from api.demo.canvas import PAGE_HEIGHT, PAGE_WIDTH, Frame, Item, Line, Page, Picture, Text
from api.demo.layout import Composition
from api.demo.pdf_colour import srgb_profile
from api.demo.pdf_fonts import Style, Subset, embed, make_subset, used_characters
from api.demo.pdf_writer import Name, PdfWriter, Ref, Value, number
from api.demo.scanning import scan_jpeg
from api.demo.specification import DecisionSpec, Leak

Matrix = tuple[float, float, float, float, float, float]
Rect = tuple[float, float, float, float]

_KIDS = 64
_NOISE_BLOCK = 1 << 20
_NOISE_ROW = 2480 * 3  # one row of an A4 page in RGB at 300 dpi
_NOISE_ROWS = 3508
_LEAK = b"1 0.4 0 rg 0 0.3 1 RG 7 w 0.31 0 0 -0.27 410 505 cm 10 10 60 60 re W n BT 3 Tr 40 Tz 9 Ts ET\n"


def publish(out: BinaryIO, spec: DecisionSpec, composition: Composition) -> None:
    """Writes the whole file. Nothing of the size of `spec.padding` is held in memory."""
    writer = PdfWriter(out)
    pages = _scanned(composition.pages) if spec.scanned else composition.pages
    fonts = _subsets(pages)
    resources = _resources(writer, spec, composition, pages, fonts)
    root_of_pages = writer.reserve()
    kids = [_write_page(writer, spec, page, fonts, resources) for page in pages]
    kids += _padding_pages(writer, spec)
    _write_tree(writer, root_of_pages, kids)
    writer.finish(_catalog(writer, spec, root_of_pages), _information(writer, spec))


def user_space(spec: DecisionSpec, rect: Rect) -> Rect:
    """A rectangle of the upright page in default user space of the page as published."""
    a, b, c, d, e, f = _matrix(spec)
    corners = [(a * x + c * y + e, b * x + d * y + f) for x in rect[::2] for y in rect[1::2]]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def _matrix(spec: DecisionSpec) -> Matrix:
    """From the upright page to user space: undoes /Rotate, then moves past origin and crop margins."""
    turned: dict[int, Matrix] = {
        0: (1, 0, 0, 1, 0, 0),
        90: (0, 1, -1, 0, PAGE_HEIGHT, 0),
        180: (-1, 0, 0, -1, PAGE_WIDTH, PAGE_HEIGHT),
        270: (0, -1, 1, 0, 0, PAGE_WIDTH),
    }
    a, b, c, d, e, f = turned[spec.rotation]
    left, bottom = (spec.crop or (0.0, 0.0, 0.0, 0.0))[:2]
    return a, b, c, d, e + spec.origin[0] + left, f + spec.origin[1] + bottom


def _page_boxes(spec: DecisionSpec) -> dict[str, Value]:
    width, height = (PAGE_WIDTH, PAGE_HEIGHT) if spec.rotation % 180 == 0 else (PAGE_HEIGHT, PAGE_WIDTH)
    left, bottom, right, top = spec.crop or (0.0, 0.0, 0.0, 0.0)
    x, y = spec.origin
    boxes: dict[str, Value] = {"MediaBox": [x, y, x + left + width + right, y + bottom + height + top]}
    if spec.crop is not None:
        boxes["CropBox"] = [x + left, y + bottom, x + left + width, y + bottom + height]
    if spec.rotation:
        boxes["Rotate"] = spec.rotation
    return boxes


def _scanned(pages: list[Page]) -> list[Page]:
    return [Page([Picture(f"scan-{index}", 0, 0, PAGE_WIDTH, PAGE_HEIGHT)]) for index in range(len(pages))]


def _subsets(pages: list[Page]) -> dict[Style, Subset]:
    texts = ((item.style, item.text) for page in pages for item in page.items if isinstance(item, Text))
    return {style: make_subset(style, characters) for style, characters in used_characters(texts).items()}


def _resources(
    writer: PdfWriter,
    spec: DecisionSpec,
    composition: Composition,
    pages: list[Page],
    fonts: dict[Style, Subset],
) -> dict[str, Value]:
    """One resource dictionary for fonts; images are added for each page that shows them."""
    pictures: dict[str, Value] = {}
    for page in pages:
        for item in page.items:
            if isinstance(item, Picture) and item.key not in pictures:
                pictures[item.key] = _write_picture(writer, spec, composition, item.key)
    resources: dict[str, Value] = {
        "Font": {f"F{style}": embed(writer, font) for style, font in fonts.items()}
    }
    if pictures:
        resources["XObject"] = pictures
    return {"shared": writer.add(resources)}


def _write_picture(writer: PdfWriter, spec: DecisionSpec, composition: Composition, key: str) -> Ref:
    if key.startswith("scan-"):
        width, height, data = scan_jpeg(composition.pages[int(key[5:])])
        entries = _image(width, height, "DeviceGray")
        return writer.add_stream(data, {**entries, "Filter": Name("DCTDecode")}, compress=False)
    leader = spec.leaders[0]
    png = images.seal_png(spec.agency) if key == "seal" else images.leader_signature_png(leader.name)
    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    mask = writer.add_stream(picture.getchannel("A").tobytes(), _image(*picture.size, "DeviceGray"))
    entries = {**_image(*picture.size, "DeviceRGB"), "SMask": mask}
    return writer.add_stream(picture.convert("RGB").tobytes(), entries)


def _image(width: int, height: int, space: str) -> dict[str, Value]:
    return {
        "Type": Name("XObject"),
        "Subtype": Name("Image"),
        "Width": width,
        "Height": height,
        "ColorSpace": Name(space),
        "BitsPerComponent": 8,
    }


def _write_page(
    writer: PdfWriter, spec: DecisionSpec, page: Page, fonts: dict[Style, Subset], resources: dict[str, Value]
) -> dict[str, Value]:
    content = writer.add_stream(_content(spec, page, fonts))
    return _page(spec, content, resources["shared"])


def _page(spec: DecisionSpec, content: Ref, resources: Value) -> dict[str, Value]:
    return {"Type": Name("Page"), **_page_boxes(spec), "Resources": resources, "Contents": content}


def _content(spec: DecisionSpec, page: Page, fonts: dict[Style, Subset]) -> bytes:
    body = b"".join(_operators(item, fonts) for item in page.items)
    matrix = b" ".join(number(float(value)) for value in _matrix(spec)) + b" cm\n"
    drawn = b"q\n" + matrix + body + b"Q\n"
    if spec.leak is Leak.NONE:
        return drawn
    return drawn + _LEAK + (b"q 1 1 0 rg 0.5 0 0 0.5 90 -40 cm\n" if spec.leak is Leak.UNCLOSED else b"")


def _operators(item: Item, fonts: dict[Style, Subset]) -> bytes:
    if isinstance(item, Text):
        return _text_operators(item, fonts[item.style])
    if isinstance(item, Line):
        points = b"%b %b m %b %b l S\n" % _numbers(item.x0, item.y0, item.x1, item.y1)
        return _pen(item.colour, item.thickness) + points
    if isinstance(item, Frame):
        box = _numbers(item.x0, item.y0, item.x1 - item.x0, item.y1 - item.y0)
        return _pen(item.colour, item.thickness) + b"%b %b %b %b re S\n" % box
    placed = _numbers(item.width, item.height, item.x, item.y)
    return b"q %b 0 0 %b %b %b cm /%b Do Q\n" % (*placed, item.key.encode())


def _pen(colour: tuple[float, float, float], thickness: float) -> bytes:
    return b"%b %b %b RG %b w " % _numbers(*colour, thickness)


def _numbers(*values: float) -> tuple[bytes, ...]:
    return tuple(number(float(value)) for value in values)


def _text_operators(item: Text, font: Subset) -> bytes:
    head = b"BT /F%b %b Tf %b %b %b rg 1 0 0 1 %b %b Tm " % (
        item.style.encode(),
        *_numbers(item.size, *item.colour, item.x, item.y),
    )
    if not item.stretch:
        return head + b"<%b> Tj ET\n" % font.encode(item.text).hex().upper().encode()
    gap = b" %b " % number(-item.stretch * 1000 / item.size)
    words = [word + " " for word in item.text.split(" ")]
    words[-1] = words[-1][:-1]
    shown = gap.join(b"<%b>" % font.encode(word).hex().upper().encode() for word in words if word)
    tail = gap if item.text.endswith(" ") else b""
    return head + b"[" + shown + tail + b"] TJ ET\n"


def _padding_pages(writer: PdfWriter, spec: DecisionSpec) -> list[dict[str, Value]]:
    """Uncompressed noise, one picture of at most 26 MB to a page, until `spec.padding` bytes are written."""
    if spec.padding <= 0:
        return []
    noise = Random(spec.padding).randbytes(_NOISE_BLOCK)  # noqa: S311 - filler, not a secret
    rows, pages = -(-spec.padding // _NOISE_ROW), []
    while rows > 0:
        height = min(rows, _NOISE_ROWS)
        length = height * _NOISE_ROW
        picture = writer.add_blocks(_noise(noise, length), length, _image(2480, height, "DeviceRGB"))
        resources = {"XObject": {"Noise": picture}}
        drawn = Page([Picture("Noise", 60, 60, PAGE_WIDTH - 120, (PAGE_HEIGHT - 120) * height / _NOISE_ROWS)])
        pages.append(_page(spec, writer.add_stream(_content(spec, drawn, {})), resources))
        rows -= height
    return pages


def _noise(block: bytes, length: int) -> Iterator[bytes]:
    for start in range(0, length, len(block)):
        yield block[: length - start]


def _write_tree(writer: PdfWriter, root: Ref, pages: list[dict[str, Value]]) -> None:
    """A page tree two levels deep when there are many pages (ISO 32000-1, 7.7.3)."""
    if len(pages) <= _KIDS:
        kids: list[Value] = [writer.add({**page, "Parent": root}) for page in pages]
    else:
        kids = [
            _write_node(writer, root, pages[start : start + _KIDS]) for start in range(0, len(pages), _KIDS)
        ]
    writer.add({"Type": Name("Pages"), "Count": len(pages), "Kids": kids}, root)


def _write_node(writer: PdfWriter, parent: Ref, pages: list[dict[str, Value]]) -> Ref:
    node = writer.reserve()
    kids = [writer.add({**page, "Parent": node}) for page in pages]
    return writer.add({"Type": Name("Pages"), "Parent": parent, "Count": len(pages), "Kids": kids}, node)


def _catalog(writer: PdfWriter, spec: DecisionSpec, pages: Ref) -> Ref:
    profile = writer.add_stream(srgb_profile(), {"N": 3, "Alternate": Name("DeviceRGB")})
    intent = {
        "Type": Name("OutputIntent"),
        "S": Name("GTS_PDFA1"),
        "OutputConditionIdentifier": "sRGB IEC61966-2.1",
        "Info": "sRGB IEC61966-2.1",
        "DestOutputProfile": profile,
    }
    metadata = writer.add_stream(
        _xmp(spec), {"Type": Name("Metadata"), "Subtype": Name("XML")}, compress=False
    )
    return writer.add(
        {
            "Type": Name("Catalog"),
            "Pages": pages,
            "Lang": "vi-VN",
            "Metadata": metadata,
            "OutputIntents": [intent],
            "ViewerPreferences": {"DisplayDocTitle": True},
        }
    )


def _information(writer: PdfWriter, spec: DecisionSpec) -> Ref:
    created = spec.created.strftime("D:%Y%m%d%H%M%SZ")
    return writer.add({"Title": spec.subject, "CreationDate": created, "ModDate": created})


def _xmp(spec: DecisionSpec) -> bytes:
    created = spec.created.strftime("%Y-%m-%dT%H:%M:%SZ")
    title = f'<rdf:Alt><rdf:li xml:lang="x-default">{escape(spec.subject)}</rdf:li></rdf:Alt>'
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">\n'
        '<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:xmp="http://ns.adobe.com/xap/1.0/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/">\n'
        f"<dc:title>{title}</dc:title>\n"
        f"<xmp:CreateDate>{created}</xmp:CreateDate><xmp:ModifyDate>{created}</xmp:ModifyDate>\n"
        "<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>\n"
        '</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end="w"?>'
    ).encode()
