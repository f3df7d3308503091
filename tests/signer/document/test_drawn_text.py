"""What an appearance draws, and whether it is the field's value."""

from __future__ import annotations

import io

import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from signer.document.drawn_text import drawn_text, draws_value
from signer.document.fields import form_fields
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.signer.document import build
from tests.signer.document.build import FONT, FONT_REF, NUMBER, append, field, flate, stream


def appearance(content: bytes, fonts: dict | None = None, **resources):
    return stream(
        content,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, 100, 20],
        Resources={"Font": fonts or {"F1": Ref(FONT_REF)}, **resources},
    )


def with_number(value: bytes, drawn, more: dict | None = None) -> PdfFile:
    number = field("Number", "Tx", V=value, AP={"N": Ref(21)})
    return PdfFile.of(append(build.prepared(), {NUMBER: number, 21: drawn, **(more or {})}))


def number_field(pdf: PdfFile):
    return next(f for f in form_fields(pdf) if f.name == "Number")


@pytest.mark.parametrize(
    "content",
    [
        b"/Tx BMC q BT /F1 12 Tf 2 5 Td (15) Tj ET Q EMC",
        b"BT /F1 12 Tf 2 5 Td [(1) -30 (5)] TJ ET",
        b"BT /F1 12 Tf 2 5 Td (1) Tj (5) Tj ET",
        b"BT /F1 12 Tf 2 5 Td (1) Tj 7 0 Td (5) Tj ET",
        b"BT /F1 12 Tf 1 0 0 1 2 5 Tm <3135> Tj ET",
        b"q 1 g 0 0 100 20 re f 0 G 0.5 0.5 99 19 re s Q BT /F1 12 Tf 2 5 Td (15) Tj ET",
        b"q 0 0 100 20 re W n BT /F1 12 Tf 2 5 Td (15) Tj ET Q",
        b"BT /F1 12 Tf 14 TL 2 15 Td (1) Tj T* (5) Tj ET",
        b"0 1 -1 0 20 0 cm BT /F1 12 Tf 2 5 Td (15) Tj ET",
        b"/Form Do",
    ],
)
def test_honest_ways_to_draw_a_number(content):
    inner = appearance(b"BT /F1 12 Tf 2 5 Td (15) Tj ET")
    pdf = with_number(b"15", appearance(content, XObject={"Form": Ref(70)}), {70: inner})
    assert draws_value(pdf, number_field(pdf))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"BT /F1 12 Tf 2 5 Td (51) Tj ET", id="another number"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"BT /F1 12 Tf 2 5 Td (15) Tj 20 0 Td (6) Tj ET", id="more"),
        pytest.param(b"BT 3 Tr /F1 12 Tf 2 5 Td (15) Tj ET", id="invisible"),
        pytest.param(b"BT /F1 0.1 Tf 2 5 Td (15) Tj ET", id="tiny"),
        pytest.param(b"BT /F1 12 Tf 2 500 Td (15) Tj ET", id="outside of the box"),
        pytest.param(b"BT /F1 12 Tf 20 5 Td (1) Tj -8 0 Td (5) Tj ET", id="written backwards"),
        pytest.param(b"BT /F1 12 Tf 20 5 Td [(1) 1400 (5)] TJ ET", id="kerned backwards"),
        pytest.param(b"BT /F1 12 Tf -15 Tc 20 5 Td (15) Tj ET", id="spaced backwards"),
        pytest.param(b"BT /F1 12 Tf -100 Tz 20 5 Td (15) Tj ET", id="scaled backwards"),
        pytest.param(b"BT /F1 12 Tf -1 0 0 1 50 5 Tm (15) Tj ET", id="mirrored"),
        pytest.param(
            b"BT /F1 12 Tf 2 5 Td (15) Tj ET BT /F1 12 Tf 2 5.2 Td () Tj ET 1 g 0 0 99 19 re f", id="covered"
        ),
        pytest.param(b"BT /F1 12 Tf 2 5 Td (1) Tj 0.1 0 Td (5) Tj ET", id="on top of each other"),
        pytest.param(b"BT /F1 12 Tf 2 5 Td (15) Tj ET 5 5 m 20 20 l S", id="and a line"),
        pytest.param(b"BT /F1 12 Tf 2 5 Td (15) Tj ET /Im Do", id="and a picture"),
        pytest.param(
            b"BT /F1 12 Tf 2 5 Td (15) Tj ET BI /W 1 /H 1 /BPC 8 /CS /G ID x EI", id="and an inline picture"
        ),
        pytest.param(b"/GS gs BT /F1 12 Tf 2 5 Td (15) Tj ET", id="transparent"),
        pytest.param(
            b"1 0 0 1 0 0 cm " + b"1 1 1 1 re " * 9 + b"f BT /F1 12 Tf 2 5 Td (15) Tj ET", id="pixels"
        ),
        pytest.param(b"BT /Nope 12 Tf 2 5 Td (15) Tj ET", id="an unknown font"),
        pytest.param(b"BT 2 5 Td (15) Tj ET", id="no font"),
        pytest.param(b"BT /F1 12 Tf 2 5 Td (15 Tj ET", id="broken"),
        pytest.param(b"BT 1 0 R ET", id="a reference"),
    ],
)
def test_number_is_not_what_a_person_sees(content):
    image = stream(b"\0", Subtype=Name("Image"), Width=1, Height=1)
    pdf = with_number(b"15", appearance(content, XObject={"Im": Ref(70)}), {70: image})
    assert not draws_value(pdf, number_field(pdf))


def test_forms_that_draw_each_other_end():
    loop = appearance(b"/A Do /A Do", XObject={"A": Ref(21)})
    pdf = with_number(b"15", loop)
    assert not draws_value(pdf, number_field(pdf))


def test_value_without_an_appearance_is_not_drawn():
    data = append(build.prepared(), {NUMBER: field("Number", "Tx", V=b"15")})
    pdf = PdfFile.of(data)
    assert not draws_value(pdf, number_field(pdf))
    empty = PdfFile.of(build.prepared())
    assert draws_value(empty, number_field(empty))


# --- fonts


def program(characters: dict[int, str]) -> bytes:
    """A TrueType program with one box per character."""
    names = [".notdef", *(f"g{code}" for code in characters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({code: f"g{code}" for code in characters})
    pen = TTGlyphPen(None)
    for point, move in (((0, 0), True), ((0, 500), False), ((500, 500), False)):
        (pen.moveTo if move else pen.lineTo)(point)
    pen.closePath()
    builder.setupGlyf(dict.fromkeys(names, pen.glyph()))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (600, 0)))
    builder.setupHorizontalHeader()
    builder.setupNameTable({"familyName": "Test"})
    builder.setupOS2()
    builder.setupPost()
    out = io.BytesIO()
    builder.save(out)
    return out.getvalue()


def to_unicode(body: bytes):
    return stream(
        b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        b"1 begincodespacerange <0000> <FFFF> endcodespacerange\n" + body + b"\nendcmap end end"
    )


def composite(map_body: bytes, font: bytes | None = None) -> dict[int, object]:
    """Objects 70 to 74: a Type 0 font whose codes are glyph numbers."""
    descriptor = {"Type": Name("FontDescriptor"), "Flags": 4}
    if font:
        descriptor["FontFile2"] = Ref(74)
    return {
        70: {
            "Type": Name("Font"),
            "Subtype": Name("Type0"),
            "Encoding": Name("Identity-H"),
            "DescendantFonts": [Ref(71)],
            "ToUnicode": Ref(73),
        },
        71: {
            "Type": Name("Font"),
            "Subtype": Name("CIDFontType2"),
            "FontDescriptor": Ref(72),
            "CIDToGIDMap": Name("Identity"),
        },
        72: descriptor,
        73: to_unicode(map_body),
        **({74: flate(font)} if font else {}),
    }


def drawn_with(font: dict[int, object], codes: bytes) -> str | None:
    content = b"BT /F2 12 Tf 2 5 Td <" + codes.hex().encode() + b"> Tj ET"
    pdf = with_number(b"15", appearance(content, {"F2": Ref(70)}), font)
    return drawn_text(pdf, pdf.get(21)).text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"2 beginbfchar <0001> <0031> <0002> <0035> endbfchar", "15"),
        (b"1 beginbfrange <0001> <0002> <0034> endbfrange", "45"),
        (b"1 beginbfrange <0001> <0002> [<0110> <01AF01A1>] endbfrange", "ĐƯơ"),
        (b"1 beginbfchar <0001> <0031> endbfchar", None),
        (b"", None),
    ],
)
def test_composite_fonts_are_read_through_their_map(body, text):
    assert drawn_with(composite(body), b"\0\1\0\2") == text


def test_a_map_that_contradicts_the_font_program_is_not_believed():
    glyphs = program({0x31: "1", 0x35: "5"})
    honest = b"2 beginbfchar <0001> <0031> <0002> <0035> endbfchar"
    lying = b"2 beginbfchar <0001> <0035> <0002> <0031> endbfchar"
    assert drawn_with(composite(honest, glyphs), b"\0\1\0\2") == "15"
    assert drawn_with(composite(b"", glyphs), b"\0\1\0\2") == "15"
    assert drawn_with(composite(lying, glyphs), b"\0\1\0\2") is None
    assert drawn_with(composite(honest, glyphs[:200]), b"\0\1\0\2") == "15"


@pytest.mark.parametrize(
    ("font", "raw", "text"),
    [
        (FONT, b"15 \xc0", "15 À"),
        (
            {**FONT, "Encoding": {"Differences": [49, Name("Dcroat"), Name("uhorn"), Name("uni1EA1")]}},
            b"123",
            "Đưạ",
        ),
        ({**FONT, "Encoding": Name("MacRomanEncoding")}, b"\x80", "Ä"),
        ({"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("Helvetica")}, b"15", "15"),
        ({"Type": Name("Font"), "Subtype": Name("Type3")}, b"15", None),
        ({"Type": Name("Font"), "Subtype": Name("TrueType"), "FontDescriptor": {"Flags": 4}}, b"15", None),
        ({**FONT, "ToUnicode": Ref(73)}, b"15", None),
        ({"Type": Name("Font"), "Subtype": Name("Type0"), "Encoding": Name("UniGB-UCS2-H")}, b"\0\1", None),
    ],
)
def test_simple_fonts_are_read_through_their_encoding(font, raw, text):
    lying = to_unicode(b"1 beginbfchar <31> <0035> endbfchar")
    assert drawn_with({70: font, 73: lying}, raw) == text


def test_new_lines_and_composed_letters_do_not_matter():
    font = {**FONT, "Encoding": {"Differences": [49, Name("edotbelow")]}}
    content = b"BT /F2 12 Tf 14 TL 2 15 Td (Vi1) Tj T* (t) Tj ET"
    decomposed = "Vie\u0323t".encode("utf-16-be")
    pdf = with_number(b"\xfe\xff" + decomposed, appearance(content, {"F2": Ref(70)}), {70: font})
    assert draws_value(pdf, number_field(pdf))
