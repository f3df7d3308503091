"""Files whose contents break a rule of PDF/A where it is easily overlooked: by the state that a stream inherits, in a
glyph, a pattern, a mask. They join those of `pdfa_violations`, for every part.
"""

from __future__ import annotations

from tests.factories.pdfa_file import FORM_XOBJECT, IMAGE, PAGE, RawFile, encode, stream
from tests.factories.pdfa_violations import breaks, content

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
