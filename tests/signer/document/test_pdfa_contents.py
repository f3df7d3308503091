"""What contents paint, and in which state: where our PDF/A check must find something, and where it must not."""

from __future__ import annotations

import contextlib
import struct
import time
import zlib

import pytest

from api.demo.pdf_colour import srgb_profile
from signer.document.pdfa import PdfaLimits, check
from signer.document.pdfa.programs import check_program
from tests.factories.pdfa_contents import (
    EMPTY,
    FORM,
    SHADING,
    SQUARE,
    TYPE_1,
    TYPE_1_HEAD,
    TYPE_1_PRIVATE,
    cff,
    drawing,
    in_font,
    in_segments,
    open_type,
    shaded,
    shown,
    tiled,
    with_helvetica,
    with_resources,
    written_in_type_3,
)
from tests.factories.pdfa_file import (
    CATALOG,
    FORM_XOBJECT,
    GOOD,
    PAGE,
    PAGES,
    STATE,
    encode,
    good_file,
    srgb,
    stream,
)
from tests.factories.pdfa_violations import with_entries

CMYK, EMBEDDED = "6.2.4.3-3", "6.2.11.4.1-1"


def judged(folder, file):
    path = folder / "a.pdf"
    path.write_bytes(file.build())
    return check(path)


GOOD_CONTENTS = {
    "mode 7 paints nothing": lambda file: file.set_content(shown(b"0 0 0 1 K 0 0 0 1 k 7 Tr")),
    "mode 3 paints nothing": lambda file: file.set_content(shown(b"0 0 0 1 K 0 0 0 1 k 3 Tr")),
    "mode 0 does not stroke": lambda file: file.set_content(shown(b"0 0 0 1 K 0 Tr")),
    "mode 5 does not fill": lambda file: file.set_content(shown(b"0 0 0 1 k 0 G 5 Tr")),
    "a colour that is taken back": lambda file: drawing(file, b"q 0 0 0 1 k Q", SQUARE),
    "a form's own colour": lambda file: drawing(file, b"0 0 0 1 k", b"0 g " + SQUARE),
    "a colour that a form does not hand back": lambda file: drawing(
        file, b"0 g", b"0 0 0 1 k 0 0 m n"
    ).set_content(b"/Fm1 Do " + SQUARE),
    "a font from outside": lambda file: drawing(
        file, b"BT /F1 12 Tf ET", b"BT 9 9 Td " + encode("15") + b" Tj ET"
    ),
    "a cell does not inherit at scn": lambda file: tiled(file, SQUARE).set_content(
        b"0 0 0 1 k /Pattern cs /P1 scn " + SQUARE
    ),
    "an uncoloured cell": lambda file: with_resources(
        tiled(file, SQUARE, b"/PaintType 2 " + EMPTY), b"/ColorSpace << /U [/Pattern /DeviceRGB] >>"
    ).set_content(b"/U cs 0 0 1 /P1 scn " + SQUARE),
    "a glyph in its text's colour": lambda file: written_in_type_3(
        file, b"1 0 0 0 1 1 d1 " + SQUARE, b"0 0 0 1 k BT /T3 9 Tf ET 0 g"
    ),
    "a glyph with an image of its font": lambda file: written_in_type_3(
        file, b"1 0 d0 /Im Do", b"", b"/Resources << /XObject << /Im 16 0 R >> >>"
    ),
    "a shading pattern with a state": lambda file: shaded(file, b"<< /LW 2 /BM /Normal >>"),
    "RGB by another name": lambda file: with_resources(file, b"/ColorSpace << /C1 /DeviceRGB >>").set_content(
        b"/C1 cs 1 0 0 sc " + SQUARE
    ),
    "an inline image in a named space": lambda file: with_resources(
        file, b"/ColorSpace << /C1 /DeviceRGB >>"
    ).set_content(b"BI /W 1 /H 1 /BPC 8 /CS /C1 ID abc EI"),
    "an inline image with a palette": lambda file: file.set_content(
        b"BI /W 1 /H 1 /BPC 8 /CS [/I /RGB 0 <000000>] ID a EI"
    ),
}


@pytest.mark.parametrize("part", ["1", "2"])
@pytest.mark.parametrize("name", GOOD_CONTENTS)
def test_what_paints_nothing_wrong_conforms(tmp_path, name, part):
    report = judged(tmp_path, GOOD_CONTENTS[name](GOOD[part]()))
    assert report.findings == ()
    assert report.conforms


def test_the_group_of_a_soft_mask_is_content(tmp_path):
    file = with_helvetica(good_file())
    file.objects[STATE] = (
        b"<< /Type /ExtGState /SMask << /Type /Mask /S /Luminosity /TR /Identity /G 41 0 R >> >>"
    )
    group = FORM + b"/Group << /S /Transparency /CS /DeviceRGB >> "
    file.objects[41] = stream(b"0 0 1 rg " + SQUARE, group + EMPTY)
    assert judged(tmp_path, file).conforms
    file.objects[41] = stream(b"0 0 0 1 k " + SQUARE, group + EMPTY)
    assert judged(tmp_path, file).rules == {CMYK}
    font = b"/Resources << /Font << /H 42 0 R >> >>"
    file.objects[41] = stream(b"BT /H 9 Tf 9 9 Td (abc) Tj ET", group + font)
    assert judged(tmp_path, file).rules == {EMBEDDED}


def test_the_mask_of_a_shading_pattern_is_content(tmp_path):
    file = shaded(good_file(), b"<< /SMask << /S /Luminosity /G 41 0 R >> >>")
    file.objects[41] = stream(b"0 0 0 1 k " + SQUARE, FORM + EMPTY)
    assert judged(tmp_path, file).rules == {CMYK}


@pytest.mark.parametrize("painted", [b"/Sh1 sh", b"/Pattern cs /P1 scn " + SQUARE])
def test_a_shading_is_in_a_space_too(tmp_path, painted):
    shading = SHADING.replace(b"/DeviceRGB", b"[/Indexed /DeviceCMYK 0 <00000000>]")
    file = with_resources(shaded(good_file(), b"<< >>", shading), b"/Shading << /Sh1 %s >>" % shading)
    assert judged(tmp_path, file.set_content(painted)).rules == {CMYK}


def test_a_form_without_resources_is_read_with_those_of_each_page(tmp_path):
    """Part 1 allows it, and the same name is another font on another page."""
    file = drawing(GOOD["1"](), b"", b"BT /F1 9 Tf 9 9 Td " + encode("15") + b" Tj ET", b"")
    assert judged(tmp_path, file).conforms
    file.objects[42] = file.objects[13].replace(b"14 0 R", b"<< >>")
    file.objects[41] = file.objects[PAGE].replace(b"/F1 8 0 R", b"/F1 42 0 R")
    file.replace(PAGES, b"[3 0 R] /Count 1", b"[3 0 R 41 0 R] /Count 2")
    assert "6.3.4-1" in judged(tmp_path, file).rules


def test_what_stands_in_for_cmyk(tmp_path):
    profile = bytearray(srgb())
    profile[16:20] = b"CMYK"
    file = with_resources(good_file(), b"/ColorSpace << /DefaultCMYK [/ICCBased 44 0 R] >>")
    file.set_content(b"0 0 0 1 k " + SQUARE)
    file.objects[44] = stream(bytes(profile), b"/N 4")
    assert judged(tmp_path, file).conforms
    file.objects[44] = stream(b"no profile", b"/N 4")
    assert judged(tmp_path, file).rules == {"6.2.4.2-1"}


@pytest.mark.parametrize(
    "data",
    [
        b"[1] gs",
        b"<< /A 1 >> gs",
        b"[/A] cs",
        b"(x) Do",
        b"[1] Tf",
        b"[1] sh",
        b"[1] ri",
        b"gs",
        b"cs",
        b"[1] Tr",
    ],
)
def test_operands_of_wrong_kinds_end_in_a_report(tmp_path, data):
    judged(tmp_path, good_file().set_content(data))


def test_a_form_in_ever_other_states_costs_no_more_than_the_limit(tmp_path):
    """Each state reads it again: a large form, a few tokens, and states without end."""
    file = good_file()
    names = b" ".join(b"/C%d [/CalGray << /WhitePoint [1 1 1] >>]" % index for index in range(20_000))
    with_resources(file, b"/ColorSpace << %s >>" % names)
    file.objects[23] = stream(b" " * (8 << 20), FORM + EMPTY, compress=True)
    file.set_content(b" ".join(b"/C%d cs /Fm1 Do" % index for index in range(20_000)))
    started = time.monotonic()
    report = judged(tmp_path, file)
    assert not report.complete
    assert time.monotonic() - started < 20


def with_procedures(file, number):
    procedures = b" ".join(b"/a%d 43 0 R" % index for index in range(number))
    return file.replace(42, b"/CharProcs << /a 43 0 R >>", b"/CharProcs << %s >>" % procedures)


def test_many_glyphs_in_many_states_are_within_the_budget(tmp_path):
    file = with_procedures(written_in_type_3(good_file(), b"1 0 0 0 1 1 d1 " + SQUARE, b""), 20_000)
    spaces = b" ".join(b"/C%d [/CalGray << /WhitePoint [1 1 1] >>]" % index for index in range(400))
    with_resources(file, b"/ColorSpace << %s >>" % spaces)
    shown_in_each = b" ".join(b"/C%d cs (a) Tj" % index for index in range(400))
    file.set_content(b"BT /T3 12 Tf " + shown_in_each + b" ET")
    path = tmp_path / "a.pdf"
    path.write_bytes(file.build())
    started = time.process_time()
    assert check(path).complete  # one procedure, however often it is named
    assert time.process_time() - started < 5
    assert not check(path, PdfaLimits(tokens=20_000)).complete


def test_distinct_glyphs_are_paid_in_every_state(tmp_path):
    file = written_in_type_3(good_file(), b"1 0 0 0 1 1 d1 " + SQUARE, b"")
    procedures = b" ".join(b"/a%d %d 0 R" % (index, 100 + index) for index in range(500))
    file.replace(42, b"/CharProcs << /a 43 0 R >>", b"/CharProcs << %s >>" % procedures)
    spaces = b" ".join(b"/C%d [/CalGray << /WhitePoint [1 1 1] >>]" % index for index in range(200))
    with_resources(file, b"/ColorSpace << %s >>" % spaces)
    file.set_content(b"BT /T3 12 Tf " + b" ".join(b"/C%d cs (a) Tj" % index for index in range(200)) + b" ET")
    path = tmp_path / "a.pdf"
    path.write_bytes(file.build())
    assert check(path).complete  # the procedures are not there, which costs their number in each state
    assert not check(path, PdfaLimits(tokens=90_000)).complete


def deflated(plain, entries):
    data = zlib.compress(zlib.compress(plain, 9), 9)
    head = b"<< %s /Filter [/FlateDecode /FlateDecode] /Length %d >>" % (entries, len(data))
    return head + b"\nstream\n" + data + b"\nendstream"


def with_forms(file, inside):
    for index, form in enumerate(inside, 100):
        file.objects[index] = form
    names = b" ".join(b"/X%d %d 0 R" % (index, index) for index in range(100, 100 + len(inside)))
    file.replace(PAGE, b"/XObject <<", b"/XObject << " + names)
    return file.set_content(b" ".join(b"/X%d Do" % index for index in range(100, 100 + len(inside))))


def emptied(size):
    """Flate blocks of nothing: long in between, empty at the end."""
    return b"\x78\x9c" + b"\0\0\0\xff\xff" * (size // 5) + b"\x01\0\0\xff\xff\0\0\0\x01"


def icc_in_form():
    return stream(b"/C0 cs " + SQUARE, FORM + b"/Resources << /ColorSpace << /C0 [/ICCBased 99 0 R] >> >>")


def appearances(number):
    file = good_file()
    states = b" ".join(b"/s%d 71 0 R" % index for index in range(number))
    file.objects[70] = (
        b"<< /Type /Annot /Subtype /Square /F 4 /Rect [0 0 9 9] /AP << /N << %s >> >> >>" % states
    )
    file.objects[71] = stream(b"", FORM + EMPTY)
    return file.replace(PAGE, b"/Annots [", b"/Annots [" + b"70 0 R " * number)


def parts(number):
    file = good_file()
    file.objects[72] = stream(b" ")
    return file.replace(PAGE, b"/Contents", b"/Contents [%s] /Was" % (b"72 0 R " * number))


def widths(number):
    file = good_file()
    (below,) = [key for key, value in file.objects.items() if b"/Subtype /CIDFontType2" in value]
    file.objects[90] = b"[%s]" % (b"0 65535 500 " * number)
    return file.replace(below, b"/W ", b"/W 90 0 R /Was ")


def resources_of_annotations(number):
    file = good_file().replace(PAGE, b"/Group << /S /Transparency /CS /DeviceRGB >>", b"")
    file.objects[70] = b"<< /Type /Annot /Subtype /Square /F 4 /Rect [0 0 9 9] /AP 73 0 R >>"
    file.objects[71] = stream(b"", FORM + EMPTY)
    file.objects[73] = b"<< %s >>" % b" ".join(b"/s%d 71 0 R" % index for index in range(number))
    file.replace(PAGE, b"/ExtGState << /GS1 18 0 R >>", b"").replace(CATALOG, b"/OutputIntents", b"/Was")
    return file.replace(PAGE, b"/Annots [", b"/Annots [" + b"70 0 R " * 2_000)


COSTLY = {
    "ranges of widths": lambda: widths(60_000),
    "resources of annotations": lambda: resources_of_annotations(10_000),
    "comments": lambda: with_forms(good_file(), [deflated(b"%" + b"a" * (30 << 20), FORM + EMPTY)] * 10),
    "nothing at last": lambda: with_forms(
        good_file(),
        [
            b"<< %s /Filter [/FlateDecode /FlateDecode] /Length %d >>\nstream\n%s\nendstream"
            % (FORM + EMPTY, len(d), d)
            for d in [zlib.compress(emptied(30 << 20), 9)]
        ]
        * 20,
    ),
    "too long": lambda: with_forms(good_file(), [deflated(b"%" + b"a" * (65 << 20), FORM + EMPTY)] * 20),
    "appearances": lambda: appearances(2_500),
}


@pytest.mark.parametrize("name", COSTLY)
def test_what_costs_more_than_it_is_long_is_within_the_budget(tmp_path, name):
    path = tmp_path / "a.pdf"
    path.write_bytes(COSTLY[name]().build())
    started = time.process_time()
    assert not check(path).complete
    assert time.process_time() - started < 20


def test_parts_of_a_page_are_paid_though_they_hold_nothing(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(parts(1_000).build())
    assert check(path).complete
    assert not check(path, PdfaLimits(tokens=7_000)).complete


def test_a_profile_is_read_once(tmp_path):
    file = with_forms(good_file(), [icc_in_form()] * 40)
    profile = srgb_profile() + bytes(30 << 20)
    file.objects[99] = stream(profile, b"/N 3", compress=True)
    path = tmp_path / "a.pdf"
    path.write_bytes(file.build())
    assert check(path).conforms
    assert not check(path, PdfaLimits(decoded_bytes=20 << 20)).complete


PROGRAMS = {
    "Type 1": (b"Type1", b"FontFile", lambda: TYPE_1, b""),
    "Type 1 in hexadecimal": (
        b"Type1",
        b"FontFile",
        lambda: TYPE_1_HEAD + TYPE_1_PRIVATE.hex(" ", 32).encode(),
        b"",
    ),
    "Type 1 in segments": (
        b"MMType1",
        b"FontFile",
        lambda: in_segments(TYPE_1_HEAD, TYPE_1_PRIVATE, b"0" * 64),
        b"",
    ),
    "CFF": (b"Type1", b"FontFile3", cff, b"/Subtype /Type1C"),
    "OpenType": (b"Type1", b"FontFile3", open_type, b"/Subtype /OpenType"),
    "OpenType for TrueType": (b"TrueType", b"FontFile3", open_type, b"/Subtype /OpenType"),
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_programs_that_are_fonts_conform_with_their_glyphs_unexamined(tmp_path, name):
    kind, key, program, entries = PROGRAMS[name]
    report = judged(tmp_path, in_font(good_file(), kind, key, program(), entries))
    assert report.conforms
    assert report.unexamined == ("glyphs",)


def test_type_1_programs_are_decrypted_within_the_budget(tmp_path):
    endless = TYPE_1_HEAD + b"\xff" * (15 << 20)
    file = good_file()
    in_font(file, b"Type1", b"FontFile", endless)
    for index in range(200):
        file.objects[100 + index] = file.objects[42]
    file.objects[43] = stream(endless, compress=True)
    fonts = b" ".join(b"/T%d %d 0 R" % (index, 100 + index) for index in range(200))
    file.replace(PAGE, b"/Font << ", b"/Font << " + fonts)
    file.set_content(b"BT " + b" ".join(b"/T%d 9 Tf (S) Tj" % index for index in range(200)) + b" ET")
    started = time.process_time()
    assert not judged(tmp_path, file).complete
    assert time.process_time() - started < 20


@pytest.mark.parametrize("data", [cff(), open_type(), TYPE_1], ids=["CFF", "OpenType", "Type 1"])
def test_programs_cut_anywhere_end_in_a_report(data):
    for length in range(0, len(data), 7):
        for key, subtype in (("FontFile", ""), ("FontFile3", "Type1C"), ("FontFile3", "OpenType")):
            with contextlib.suppress(ValueError):
                check_program(data[:length], key, subtype, lambda _: None)


@pytest.mark.parametrize("number", [PAGE, FORM_XOBJECT])
def test_the_space_that_a_group_blends_in_is_used(tmp_path, number):
    group = b"/Group << /S /Transparency /CS /DeviceCMYK >>"
    file = good_file().replace(PAGE, b"/Group << /S /Transparency /CS /DeviceRGB >>", b"")
    assert judged(tmp_path, file).conforms
    assert judged(tmp_path, with_entries(file, number, group)).rules == {CMYK}


def test_what_is_drawn_says_what_it_is(tmp_path):
    file = good_file().replace(FORM_XOBJECT, b"/Subtype /Form", b"")
    assert judged(tmp_path, file).rules == {"reader"}


def overlapping(number, size):
    """Objects of an object stream that all begin at the same place."""
    head = b" ".join(b"%d 0" % (100 + index) for index in range(number)) + b" "
    packed = stream(head + b"[" + b"1 " * size + b"]", b"/Type /ObjStm /N %d /First %d" % (number, len(head)))
    out, places = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", [0]
    for index, value in enumerate(
        (b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Kids [] /Count 0 >>", packed), 1
    ):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (index, value)
    places.append(len(out))
    rows = b"".join(struct.pack(">BIH", min(index, 1), place, 0) for index, place in enumerate(places))
    rows += b"".join(struct.pack(">BIH", 2, 3, index) for index in range(number))
    entries = b"/Type /XRef /Size %d /W [1 4 2] /Index [0 5 100 %d] /Root 1 0 R" % (100 + number, number)
    return out + b"4 0 obj\n%s\nendobj\nstartxref\n%d\n%%%%EOF\n" % (stream(rows, entries), places[-1])


def test_objects_within_each_other_are_not_read_again_and_again(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(overlapping(1, 20_000))
    assert check(path).complete
    path.write_bytes(overlapping(2_000, 20_000))
    started = time.process_time()
    assert not check(path).complete
    assert time.process_time() - started < 10
