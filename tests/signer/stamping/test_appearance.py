from __future__ import annotations

import io

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given
from hypothesis import strategies as st

from policies.layout import Rect
from signer.document.syntax import Name, Ref, Stream
from signer.errors import SigningRefused
from signer.stamping.appearance import (
    Alignment,
    Appearance,
    Colours,
    TextStyle,
    baseline_of,
    signature_form,
    text_form,
    text_rect,
)
from signer.stamping.typefaces import DIGITS, NUMBER_LETTERS, VIETNAMESE, Face, embed, typeface
from tests.signer.stamping.test_images import png


class Objects(list):
    def add(self, value):
        self.append(value)
        return Ref(len(self), 0)

    def of(self, ref):
        return self[ref.num - 1]


def style(size=13.0, alignment=Alignment.RIGHT):
    return TextStyle(typeface(Face.REGULAR, NUMBER_LETTERS), Ref(9, 0), "AnTinRoman", size, alignment)


def test_subsets_are_complete_and_repeat():
    for face in Face:
        font = typeface(face)
        assert set(font.glyphs) == set(VIETNAMESE) and 0 not in font.glyphs.values()
        assert typeface(face, VIETNAMESE[::-1]) is font
    roman = typeface(Face.REGULAR, DIGITS)
    assert roman.width("15", 13) == 13.0 and len(roman.program) < 3_000
    program = __import__("zlib").decompress(roman.program)
    glyphs = TTFont(io.BytesIO(program)).getReverseGlyphMap()
    assert len(glyphs) == 11  # .notdef and the digits


def test_an_embedded_font_has_all_that_pdf_a_asks():
    objects = Objects()
    font = typeface(Face.ITALIC, DIGITS)
    whole = objects.of(embed(font, objects.add))
    assert whole["Encoding"] == "Identity-H" and whole["BaseFont"] == font.name
    assert font.name[6] == "+" and font.name[:6].isalpha() and font.name[:6].isupper()
    (descendant,) = whole["DescendantFonts"]
    below = objects.of(descendant)
    assert below["CIDToGIDMap"] == "Identity" and below["W"]
    descriptor = objects.of(below["FontDescriptor"])
    assert descriptor["ItalicAngle"] < 0 and descriptor["Flags"] & 64
    assert objects.of(descriptor["FontFile2"]).dict["Length1"] == font.program_length
    assert isinstance(objects.of(whole["ToUnicode"]), Stream)


@given(st.floats(6, 30), st.floats(0, 800), st.integers(1, 400))
def test_a_line_stands_on_its_baseline(size, baseline, width):
    rect = text_rect(0, width, baseline, size)
    assert rect.y0 + baseline_of(rect.height, size) == pytest.approx(baseline)


@pytest.mark.parametrize(
    ("alignment", "start"), [(Alignment.LEFT, b"0 "), (Alignment.CENTRE, b"10 "), (Alignment.RIGHT, b"20 ")]
)
def test_alignment(alignment, start):
    form = text_form("15", style(13, alignment), Rect(0, 0, 33, 15.6), 0, Colours.RGB)
    assert b"\n" + start + b"3.25 Td" in form.data and b"Tz" not in form.data


def test_a_wide_value_is_set_narrow_then_refused():
    assert b"76.923 Tz" in text_form("1234", style(), Rect(0, 0, 20, 15.6), 0, Colours.RGB).data
    with pytest.raises(SigningRefused):
        text_form("12345", style(), Rect(0, 0, 20, 15.6), 0, Colours.RGB)
    with pytest.raises(SigningRefused):
        text_form("Ệ", style(), Rect(0, 0, 90, 15.6), 0, Colours.RGB)


@pytest.mark.parametrize(
    ("rotation", "matrix", "size"),
    [
        (0, None, [0, 0, 60, 20]),
        (90, [0, 1, -1, 0, 0, 0], [0, 0, 20, 60]),
        (180, [-1, 0, 0, -1, 0, 0], [0, 0, 60, 20]),
        (270, [0, -1, 1, 0, 0, 0], [0, 0, 20, 60]),
    ],
)
def test_forms_turn_with_the_page(rotation, matrix, size):
    form = text_form("1", style(), Rect(10, 10, 70, 30), rotation, Colours.RGB)
    assert form.dict.get("Matrix") == matrix and form.dict["BBox"] == size


@pytest.mark.parametrize("colours", list(Colours))
def test_colours_follow_the_output_intent(colours):
    objects = Objects()
    form = objects.of(
        signature_form(Appearance(png(), ("Nguyễn Văn An",)), Rect(0, 0, 90, 30), 0, colours, objects.add)
    )
    image = objects.of(form.dict["Resources"]["XObject"]["Im"])
    device = image.dict["ColorSpace"] == Name("DeviceRGB")
    assert device == (colours is Colours.RGB)
    assert ("ColorSpace" in form.dict["Resources"]) == (colours is Colours.NONE)
    assert "Interpolate" not in image.dict and b" gs" not in form.data
    mask = objects.of(image.dict["SMask"])
    assert mask.dict["ColorSpace"] == "DeviceGray" and (mask.dict["Width"], mask.dict["Height"]) == (100, 50)


def test_a_picture_is_fitted_and_centred():
    objects = Objects()
    form = objects.of(signature_form(Appearance(png()), Rect(0, 0, 60, 60), 0, Colours.RGB, objects.add))
    assert form.data == b"q 60 0 0 30 0 15 cm /Im Do Q\n"


def test_text_shrinks_into_its_box():
    objects = Objects()
    lines = ("Số: 15/QĐ-UBND; 05/03/2026; 14:05:09+07:00",) * 3
    form = objects.of(
        signature_form(Appearance(None, lines), Rect(0, 0, 90, 20), 0, Colours.RGB, objects.add)
    )
    size = float(form.data.split(b"/F ")[1].split()[0])
    assert 0 < size < 5 and form.data.count(b"Tj") == 3
