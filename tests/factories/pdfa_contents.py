"""Files whose contents break a rule of PDF/A where it is easily overlooked: by the state that a stream inherits, in a
glyph, a pattern, a mask; and fonts whose program is none. They join those of `pdfa_violations`, for every part.
"""

from __future__ import annotations

import functools
import io
import struct

from fontTools.fontBuilder import FontBuilder
from fontTools.misc import eexec
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

from api.demo.pdf_colour import srgb_profile
from tests.factories.pdfa_file import (
    CATALOG,
    FORM_XOBJECT,
    IMAGE,
    LINK,
    PAGE,
    PROFILE,
    SIMPLE_FILE,
    STATE,
    RawFile,
    encode,
    font_program,
    stream,
)
from tests.factories.pdfa_violations import add, breaks, content

RGB, CMYK, EMBEDDED = "6.2.4.3-2", "6.2.4.3-3", "6.2.11.4.1-1"
FORM = b"/Type /XObject /Subtype /Form /BBox [0 0 99 99] "
EMPTY = b"/Resources << >>"
HELVETICA = (
    b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /FirstChar 97 /LastChar 99 /Widths [500 500 500] >>"
)
SQUARE = b"0 0 9 9 re f"


def shown(operators: bytes) -> bytes:
    """Text in the embedded font, after `operators`."""
    return b"BT " + operators + b" /F1 13 Tf 50 500 Td " + encode("15") + b" Tj ET"


def with_resources(file: RawFile, entries: bytes) -> RawFile:
    """More categories of resources for the page."""
    return file.replace(PAGE, b"/Resources <<", b"/Resources << " + entries)


def with_helvetica(file: RawFile) -> RawFile:
    """A font /H that is not embedded."""
    file.objects[42] = HELVETICA
    return file.replace(PAGE, b"/Font << /F1", b"/Font << /H 42 0 R /F1")


def drawing(file: RawFile, before: bytes, inside: bytes, entries: bytes = EMPTY) -> RawFile:
    """The page draws the form /Fm1 in the state that `before` makes."""
    file.objects[FORM_XOBJECT] = stream(inside, FORM + entries)
    return file.set_content(before + b" /Fm1 Do")


def tiled(file: RawFile, cell: bytes, entries: bytes = b"/PaintType 1 " + EMPTY) -> RawFile:
    """The page has a tiling pattern /P1 of this cell."""
    head = b"/Type /Pattern /PatternType 1 /TilingType 1 /BBox [0 0 5 5] /XStep 5 /YStep 5 "
    file.objects[40] = stream(cell, head + entries)
    return with_resources(file, b"/Pattern << /P1 40 0 R >>")


SHADING = (
    b"<< /ShadingType 2 /ColorSpace /DeviceRGB /Coords [0 0 1 1] "
    b"/Function << /FunctionType 2 /Domain [0 1] /N 1 /C0 [0 0 0] /C1 [1 1 1] >> >>"
)


def shaded(file: RawFile, state: bytes, shading: bytes = SHADING) -> RawFile:
    """The page paints with a shading pattern that has a graphics state."""
    file.objects[40] = b"<< /Type /Pattern /PatternType 2 /Shading %s /ExtGState %s >>" % (shading, state)
    with_resources(file, b"/Pattern << /P1 40 0 R >>")
    return file.set_content(b"/Pattern cs /P1 scn " + SQUARE)


def written_in_type_3(file: RawFile, glyph: bytes, before: bytes, entries: bytes = EMPTY) -> RawFile:
    """The page shows a glyph of a Type 3 font /T3 in the state that `before` makes."""
    file.objects[42] = (
        b"<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1 1] /FontMatrix [1 0 0 1 0 0] /CharProcs << /a 43 0 R >> "
        b"/Encoding << /Differences [97 /a] >> /FirstChar 97 /LastChar 97 /Widths [1] %s >>" % entries
    )
    file.objects[43] = stream(glyph)
    file.replace(PAGE, b"/Font << /F1", b"/Font << /T3 42 0 R /F1")
    return file.set_content(before + b" BT /T3 12 Tf 50 50 Td (a) Tj ET")


# --- what a text rendering mode paints

for _mode in (b"2", b"6", b"0", b"4"):
    content(CMYK, shown(b"0 0 0 1 k 0 G " + _mode + b" Tr"))
for _mode in (b"2", b"6", b"1", b"5"):
    content(CMYK, shown(b"0 0 0 1 K 0 g " + _mode + b" Tr"))

# --- what a form inherits

breaks(CMYK)(lambda file: drawing(file, b"0 0 0 1 k", SQUARE))
breaks(CMYK)(lambda file: drawing(file, b"0 0 0 1 K", b"0 0 m 9 9 l S"))
breaks(CMYK)(lambda file: drawing(file, b"/DeviceCMYK cs", SQUARE))
breaks(CMYK)(lambda file: drawing(file, b"0 g /Fm1 Do 0 0 0 1 k", SQUARE))
breaks(CMYK)(
    lambda file: drawing(
        with_resources(file, b"/ColorSpace << /C1 /DeviceCMYK >>"), b"/C1 cs 0 0 0 1 sc", SQUARE
    )
)
breaks(CMYK)(
    lambda file: drawing(
        file,
        b"0 0 0 1 K 1 Tr",
        b"BT /F1 12 Tf " + encode("15") + b" Tj ET",
        b"/Resources << /Font << /F1 8 0 R >> >>",
    )
)
breaks(EMBEDDED)(lambda file: drawing(with_helvetica(file), b"BT /H 12 Tf ET", b"BT 9 9 Td (abc) Tj ET"))
breaks(EMBEDDED)(
    lambda file: drawing(
        with_helvetica(file), b"BT 3 Tr /H 12 Tf (a) Tj ET q 0 Tr /Fm1 Do Q", b"BT 9 9 Td (abc) Tj ET"
    )
)
content(EMBEDDED, b"BT 9 9 Td (abc) Tj ET")

# --- glyph procedures and cells

breaks(CMYK)(lambda file: written_in_type_3(file, b"1 0 d0 " + SQUARE, b"0 0 0 1 k"))
breaks(CMYK)(lambda file: written_in_type_3(file, b"1 0 0 0 1 1 d1 " + SQUARE, b"0 0 0 1 k 3 Tr"))
breaks(CMYK)(lambda file: written_in_type_3(file, b"1 0 d0 0 0 0 1 k " + SQUARE, b""))
breaks(CMYK)(
    lambda file: tiled(file, b"0 0 0 1 k " + SQUARE).set_content(b"/Pattern CS /P1 SCN 0 0 m 9 9 l S")
)
breaks(CMYK)(
    lambda file: with_resources(
        tiled(file, SQUARE, b"/PaintType 2 " + EMPTY), b"/ColorSpace << /U [/Pattern /DeviceCMYK] >>"
    ).set_content(b"/U cs 0 0 0 1 /P1 scn " + SQUARE)
)


@breaks(CMYK)
def _cell_in_a_form_that_inherits(file: RawFile) -> RawFile:
    tiled(file, SQUARE)
    pattern = b"/Resources << /Pattern << /P1 40 0 R >> >>"
    return drawing(file, b"0 0 0 1 k", b"/Pattern cs /P1 scn " + SQUARE, pattern)


# --- the state of a shading pattern

breaks("6.2.5-1")(lambda file: shaded(file, b"<< /TR /Identity >>"))
breaks("6.2.5-2")(lambda file: shaded(file, b"<< /TR2 /Identity >>"))
breaks("6.2.6-1")(lambda file: shaded(file, b"<< /RI /Vivid >>"))
breaks("6.2.10-1")(lambda file: shaded(file, b"<< /BM /Foo >>"))
breaks(CMYK)(lambda file: shaded(file, b"<< >>", SHADING.replace(b"DeviceRGB", b"DeviceCMYK")))

# --- colour spaces


def _spaces(entries: bytes, data: bytes) -> None:
    breaks(CMYK)(lambda file: with_resources(file, b"/ColorSpace << %s >>" % entries).set_content(data))


_PAINTED = b"0 0 0 1 k " + SQUARE
_ALTERNATE = b"<< /FunctionType 2 /Domain [0 1] /N 1 /C0 [0 0 0 0] /C1 [0 1 1 0] >>"
_spaces(b"/DeviceCMYK [/ICCBased 7 0 R]", _PAINTED)  # a device name is no resource (8.6.8)
_spaces(b"/DefaultCMYK /DeviceCMYK", _PAINTED)
_spaces(b"/DefaultCMYK null", _PAINTED)
_spaces(b"/DefaultCMYK [/Separation /Red /DeviceCMYK %s]" % _ALTERNATE, _PAINTED)
_spaces(b"/DefaultCMYK [/ICCBased 7 0 R]", _PAINTED)  # of three components
_spaces(b"/C1 [/DeviceCMYK]", b"/C1 cs 0 0 0 1 sc " + SQUARE)
_spaces(b"/C1 [/Indexed /DeviceCMYK 0 <00000000>]", b"/C1 cs 0 sc " + SQUARE)
_spaces(b"/C1 [/DeviceCMYK]", b"BI /W 1 /H 1 /BPC 8 /CS /C1 ID abcd EI")
breaks(CMYK)(lambda file: file.replace(IMAGE, b"/ColorSpace /DeviceRGB", b"/ColorSpace [/DeviceCMYK]"))
breaks(CMYK)(
    lambda file: drawing(
        with_resources(file, b"/ColorSpace << /DefaultCMYK [/ICCBased 44 0 R] >>"), b"", _PAINTED
    )
)
content(CMYK, b"BI /W 1 /H 1 /BPC 8 /CS [/I /CMYK 0 <00000000>] ID a EI")
content("6.2.6-1", b"BI /W 1 /H 1 /BPC 8 /CS /G /Intent /Vivid ID a EI")

# --- font programs


@functools.cache
def open_type() -> bytes:
    """A small OpenType font with CFF outlines."""
    builder = FontBuilder(1000, isTTF=False)
    builder.setupGlyphOrder([".notdef", "S"])
    builder.setupCharacterMap({ord("S"): "S"})
    pen = T2CharStringPen(500, None)
    for step, point in enumerate(((0, 0), (0, 500), (500, 500))):
        (pen.lineTo if step else pen.moveTo)(point)
    pen.closePath()
    outline = pen.getCharString()
    builder.setupCFF("Small", {}, {".notdef": outline, "S": outline}, {})
    builder.setupHorizontalMetrics({".notdef": (500, 0), "S": (500, 0)})
    builder.setupHorizontalHeader(ascent=500, descent=0)
    builder.setupPost()
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()


@functools.cache
def cff() -> bytes:
    """The same as a bare CFF program."""
    data: bytes = TTFont(io.BytesIO(open_type())).reader["CFF "]
    return data


TYPE_1_HEAD = b"%!PS-AdobeFont-1.0: Small\n/FontName /Small def currentdict end\ncurrentfile eexec\n"


def private(glyphs: bytes) -> bytes:
    """The encrypted part of a Type 1 program with these entries of /CharStrings."""
    text = b"dup /Private 8 dict dup begin /lenIV 4 def\n2 index /CharStrings %d dict dup begin\n%s" % (
        glyphs.count(b"/"),
        glyphs,
    )
    encrypted: bytes = eexec.encrypt(b"\xf0\xf0\xf0\xf0" + text + b"end end readonly put\n", 55665)[0]
    return encrypted


_OUTLINE = eexec.encrypt(b"rand" + bytes([139, 248, 136, 13, 14]), 4330)[0]  # 0 500 hsbw endchar
_GLYPHS = b"".join(b"/%s %d RD %s ND\n" % (name, len(_OUTLINE), _OUTLINE) for name in (b".notdef", b"S"))
TYPE_1_PRIVATE = private(_GLYPHS)
TYPE_1 = TYPE_1_HEAD + TYPE_1_PRIVATE + b"0" * 512 + b"\ncleartomark\n"


def in_segments(*parts: bytes) -> bytes:
    """As in a .pfb file: text and binary in turn."""
    kinds = b"\1\2\1"
    heads = [b"\x80" + kinds[index : index + 1] + struct.pack("<I", len(p)) for index, p in enumerate(parts)]
    return b"".join(head + part for head, part in zip(heads, parts, strict=True)) + b"\x80\3"


def in_font(file: RawFile, kind: bytes, key: bytes, program: bytes, entries: bytes = b"") -> RawFile:
    """The page writes in a font of this kind with this program under `key`."""
    file.objects[42] = (
        b"<< /Type /Font /Subtype /%s /BaseFont /Small /Encoding /WinAnsiEncoding /FirstChar 83 /LastChar 83 "
        b"/Widths [500] /FontDescriptor << /Type /FontDescriptor /FontName /Small /Flags 32 /FontBBox [0 0 1 1] "
        b"/ItalicAngle 0 /Ascent 1 /Descent 0 /CapHeight 1 /StemV 1 /%s 43 0 R >> >>" % (kind, key)
    )
    file.objects[43] = stream(program, entries)
    file.replace(PAGE, b"/Font << /F1", b"/Font << /H 42 0 R /F1")
    return file.set_content(b"BT /H 12 Tf (S) Tj ET")


_C = b"/Subtype /Type1C"
for _key, _entries in ((b"FontFile", b""), (b"FontFile3", _C)):
    breaks(EMBEDDED)(lambda file, k=_key, e=_entries: in_font(file, b"Type1", k, b"", e))
breaks(EMBEDDED)(lambda file: in_font(file, b"TrueType", b"FontFile2", b""))
breaks(EMBEDDED)(lambda file: in_font(file, b"TrueType", b"FontFile", TYPE_1))
breaks(EMBEDDED)(lambda file: in_font(file, b"Type1", b"FontFile3 43 0 R /FontFile", TYPE_1))
breaks(EMBEDDED)(lambda file: file.objects.pop(SIMPLE_FILE) and file)
for _program in (
    b"no font",
    b"%!PS-AdobeFont-1.0: cut",
    b"%!PS-AdobeFont-1.0: cut eexec",
    b"%!eexec" + b"A" * 16,
    TYPE_1_HEAD + b"A" * 600,
    TYPE_1_HEAD + bytes(range(1, 200)),
    TYPE_1_HEAD + private(b""),
):
    breaks("6.2.11.4.1-2")(lambda file, p=_program: in_font(file, b"Type1", b"FontFile", p))
for _change in (
    lambda data: b"no font" + data,
    lambda data: data[:4],
    lambda data: data[: len(data) // 2],
    lambda data: data[:4] + b"\0\0" * 4,
):
    breaks("6.2.11.4.1-2")(lambda file, c=_change: in_font(file, b"Type1", b"FontFile3", c(cff()), _C))
breaks("6.2.11.4.1-2")(lambda file: file.objects.update({SIMPLE_FILE: stream(without_outlines())}) or file)


def without_outlines() -> bytes:
    """The simple TrueType program without what its glyphs look like."""
    return font_program("So: 15").replace(b"glyf", b"glyg", 1)


# --- what stands beside contents

add("6.5.1-1", LINK, b"/AA << /E << /Type /Other /S /JavaScript /JS (x) >> >>")
add("6.5.1-1", LINK, b"/PA << /Type /Other /S /Launch /F (x) >>")
add(
    "6.5.1-1",
    CATALOG,
    b"/Names << /JavaScript << /Names [(a) << /Type /Other /S /JavaScript /JS (1) >>] >> >>",
)
add(
    "6.5.1-1",
    CATALOG,
    b"/OpenAction << /S /GoTo /D [3 0 R /Fit] /Next [<< /Type /Other /S /Launch /F (x) >>] >>",
)
add("6.2.5-4", STATE, b"/HT << /HalftoneType 5 /Default << /HalftoneType 6 /Width 1 /Height 1 >> >>")
breaks("6.2.11.2-2")(lambda file: file.replace(PAGE, b"/F1 8 0 R", b"/F1 9 0 R"))
breaks("6.2.3-1")(
    lambda file: (
        file.objects.update({PROFILE: stream(srgb_profile()[:200], b"/N 3")}) or file.set_content(b"")
    )
)
