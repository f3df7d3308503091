"""The sample documents: honest PDF/A, the layout of the decree, equal bytes for an equal spec."""

import io
import re
import subprocess
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pypdfium2
import pytest
from PIL import Image

from api.demo import images
from api.demo.agency import DEMO_AGENCY
from api.demo.documents import (
    Anchors,
    DecisionSpec,
    Kind,
    Leak,
    decision,
    expected_boxes,
    of_this_year,
    write_decision,
)
from api.demo.pdf_colour import srgb_profile
from api.demo.pdf_writer import Name, PdfWriter, serialize
from tests.conftest import need_tool

MM = 72 / 25.4
SHAPES = {
    "plain": DecisionSpec(),
    "letter": DecisionSpec(kind=Kind.LETTER),
    "two leaders": DecisionSpec(leaders=DEMO_AGENCY.leaders),
    "rotated 90": DecisionSpec(rotation=90),
    "rotated 180, cropped": DecisionSpec(rotation=180, crop=(20, 30, 40, 50)),
    "rotated 270, cropped, moved": DecisionSpec(rotation=270, crop=(20, 30, 40, 50), origin=(-100, 37)),
    "state leaks": DecisionSpec(leak=Leak.STATE),
    "q never closed": DecisionSpec(leak=Leak.UNCLOSED),
    "secret": DecisionSpec(secrecy="MẬT"),
    "urgent": DecisionSpec(urgency="HỎA TỐC"),
    "scanned": DecisionSpec(scanned=True),
    "pictured": DecisionSpec(pictured=True),
    "without anchors": DecisionSpec(anchors=Anchors.NONE),
    "two numbers": DecisionSpec(anchors=Anchors.TWO_NUMBERS),
    "two blocks": DecisionSpec(anchors=Anchors.TWO_SIGNATURE_BLOCKS),
    "long": DecisionSpec(pages=70, appendix_pages=3),
}


def text_of(data, page=0):
    return pypdfium2.PdfDocument(data)[page].get_textpage().get_text_bounded().replace("\r\n", "\n")


@pytest.mark.parametrize("name", SHAPES)
def test_qpdf_finds_no_fault(name, tmp_path):
    path = tmp_path / "sample.pdf"
    write_decision(path, SHAPES[name])
    done = subprocess.run([need_tool("qpdf"), "--check", path], capture_output=True, text=True)
    warnings = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert (done.returncode, warnings) == (0, []), done.stderr


def test_all_fonts_are_embedded_subsets_with_unicode(tmp_path):
    path = tmp_path / "sample.pdf"
    write_decision(path)
    rows = subprocess.run([need_tool("pdffonts"), path], capture_output=True, text=True, check=True).stdout
    fonts = rows.splitlines()[2:]
    assert len(fonts) == 4
    assert all(re.search(r"\+LiberationSerif.*Identity-H\s+yes yes yes", row) for row in fonts)


def test_equal_specs_give_equal_bytes_and_a_usual_size():
    first = decision(DecisionSpec())
    assert first == decision(DecisionSpec())
    assert first != decision(DecisionSpec(subject="Thành lập Tổ công tác"))
    assert 40_000 < len(first) < 65_000


def test_the_text_reads_as_the_decree_lays_it_out():
    lines = [line.strip() for line in text_of(decision()).splitlines()]
    joined = "\n".join(lines)
    assert re.search(r"^Số: +/QĐ-UBND", joined, re.M)
    assert re.search(r"Sông Hồng, ngày +tháng +năm 2026", joined)
    order = [
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "Căn cứ",
        "QUYẾT ĐỊNH:",
        "Điều 1.",
    ]
    assert [joined.index(part) for part in order] == sorted(joined.index(part) for part in order)
    for part in ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH", "Nguyễn Văn An", "Nơi nhận:", "- Lưu: VT, KSTT.", "./."):
        assert part in joined


@pytest.mark.parametrize(("second", "year"), [(59, 2026), (60, 2027)])
def test_it_can_be_numbered_in_the_year_that_it_is_made_in(second, year):
    """Its own year would be refused at the number: the page prints that of the calendar in Vietnam."""
    at = datetime(2026, 12, 31, 16, 59, tzinfo=UTC) + timedelta(seconds=second)
    assert re.search(rf"ngày +tháng +năm {year}", text_of(decision(of_this_year(at))))
    assert of_this_year(at, SHAPES["letter"]) == replace(SHAPES["letter"], year=year)


def test_the_letter_has_its_subject_under_the_number():
    text = text_of(decision(SHAPES["letter"]))
    assert "/UBND-KSTT" in text
    assert "V/v phê duyệt" in text
    assert "Kính gửi:" in text


@pytest.mark.parametrize("pages", [1, 2, 7, 65])
def test_the_page_count_is_as_asked(pages):
    document = pypdfium2.PdfDocument(decision(DecisionSpec(pages=pages, appendix_pages=2)))
    assert len(document) == pages + 2
    assert "Nguyễn Văn An" in document[pages - 1].get_textpage().get_text_bounded()


def test_two_thousand_pages():
    assert len(pypdfium2.PdfDocument(decision(DecisionSpec(pages=2000)))) == 2000


def test_the_ink_keeps_to_the_margins_of_the_decree():
    page = pypdfium2.PdfDocument(decision())[0]
    picture = page.render(scale=2).to_pil().convert("L").point(lambda level: 255 if level < 200 else 0)
    left, top, right, bottom = (edge / 2 / MM for edge in picture.getbbox())
    assert 29 <= left <= 35
    assert 15 <= 210 - right <= 20.5
    assert 19 <= top <= 25
    assert 297 - bottom >= 19


@pytest.mark.parametrize(
    "name", ["plain", "rotated 90", "rotated 180, cropped", "rotated 270, cropped, moved"]
)
def test_rotated_and_cropped_pages_are_displayed_upright(name):
    shown = pypdfium2.PdfDocument(decision(SHAPES[name]))[0].render(scale=1).to_pil().convert("L")
    plain = pypdfium2.PdfDocument(decision())[0].render(scale=1).to_pil().convert("L")
    assert shown.size == plain.size
    difference = [abs(a - b) for a, b in zip(shown.tobytes(), plain.tobytes(), strict=True)]
    assert sum(difference) / len(difference) < 3.5


@pytest.mark.parametrize("name", ["plain", "rotated 90", "rotated 270, cropped, moved", "two leaders"])
def test_the_expected_boxes_are_blank_and_beside_their_anchors(name):
    spec = SHAPES[name]
    page = pypdfium2.PdfDocument(decision(spec))[0]
    picture = page.render(scale=4).to_pil().convert("L")
    roles = [box.role for box in expected_boxes(spec)]
    assert roles.count("leader") == len(spec.leaders)
    for box in expected_boxes(spec):
        area = picture.crop(to_pixels(page, box.rect, 4))
        inked = area.getextrema()[0] < 128
        assert inked == (box.role == "date"), box


def to_pixels(page, rect, scale):
    """Through PDFium's own matrix from page to device, so that rotation and boxes are not computed twice."""
    width, height = (int(side * scale) for side in page.get_size())
    corners = []
    for x, y in ((rect[0], rect[1]), (rect[2], rect[3])):
        left, top = pypdfium2.raw.c_int(), pypdfium2.raw.c_int()
        pypdfium2.raw.FPDF_PageToDevice(page, 0, 0, width, height, 0, x, y, left, top)
        corners.append((left.value, top.value))
    xs, ys = zip(*corners, strict=True)
    return min(xs) + 2, min(ys) + 2, max(xs) - 2, max(ys) - 2


def test_the_number_blank_lies_between_its_words():
    (box,) = [box for box in expected_boxes() if box.role == "number"]
    page = pypdfium2.PdfDocument(decision())[0].get_textpage()
    x0, y0, x1, y1 = box.rect
    around = page.get_text_bounded(x0 - 24, y0, x1 + 60, y1)
    assert around.startswith("Số:")
    assert around.rstrip().endswith("/QĐ-UBND")


def test_a_scan_has_no_text_and_one_image():
    document = pypdfium2.PdfDocument(decision(DecisionSpec(scanned=True)))
    assert document[0].get_textpage().get_text_bounded() == ""
    assert len(list(document[0].get_objects())) == 1


def test_padding_is_incompressible_and_never_in_memory(tmp_path):
    path = tmp_path / "large.pdf"
    write_decision(path, DecisionSpec(padding=60_000_000))
    data = path.read_bytes()
    assert 60_000_000 <= len(data) < 60_200_000
    assert len(zlib.compress(data, 1)) > 0.99 * len(data)
    assert len(pypdfium2.PdfDocument(path)) == 1 + 3


def test_no_transparency_no_encryption_and_pdfa_marks():
    data = decision()
    for forbidden in (b"/SMask", b"/CA ", b"/ca ", b"/Encrypt", b"/BM", b"/AA", b"/OpenAction", b"/AcroForm"):
        assert forbidden not in data
    assert data.startswith(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
    assert b"<pdfaid:part>2</pdfaid:part><pdfaid:conformance>B</pdfaid:conformance>" in data
    assert re.search(rb"/ID \[<[0-9A-F]{32}> <[0-9A-F]{32}>\]", data)
    assert data.endswith(b"%%EOF\n")


def test_the_profile_is_read_as_srgb():
    from PIL import ImageCms

    profile = ImageCms.getOpenProfile(io.BytesIO(srgb_profile()))
    assert "sRGB" in ImageCms.getProfileName(profile)
    picture = Image.new("RGB", (3, 1))
    picture.putdata([(250, 20, 20), (20, 250, 20), (90, 120, 200)])
    through = ImageCms.profileToProfile(picture, profile, ImageCms.createProfile("sRGB"))
    pairs = zip(picture.tobytes(), through.tobytes(), strict=True)
    assert max(abs(a - b) for a, b in pairs) <= 2


def test_signature_is_blue_on_nothing_and_differs_by_name():
    data = images.leader_signature_png("Nguyễn Văn An")
    picture = Image.open(io.BytesIO(data))
    assert picture.mode == "RGBA"
    assert picture.getpixel((0, 0))[3] == 0
    inked = [pixel for pixel in picture.get_flattened_data() if pixel[3] > 200]
    assert len(inked) > 2000
    assert all(blue > red and blue > green for red, green, blue, _ in inked)
    assert len(data) < 30_000
    assert data != images.leader_signature_png("Trần Thị Bình")


def test_seal_is_red_round_and_has_its_true_size():
    data = images.seal_png(DEMO_AGENCY)
    picture = Image.open(io.BytesIO(data))
    dpi = picture.info["dpi"][0]
    left, top, right, bottom = picture.getchannel("A").getbbox()
    assert right - left == pytest.approx(36 / 25.4 * dpi, rel=0.01)
    assert bottom - top == pytest.approx(right - left, abs=2)
    assert dpi >= 300
    assert picture.getpixel((0, 0))[3] == 0
    assert all(red > 2 * blue for red, _, blue, alpha in picture.get_flattened_data() if alpha)
    assert len(data) < 50_000


def test_the_writer_escapes_what_would_break_syntax():
    assert serialize("a(b)\\") == b"(a\\(b\\)\\\\)"
    assert serialize(Name("Số 1/2#")) == b"/S#E1#BB#91#201#2F2#23"
    assert serialize("ấ").startswith(b"(\xfe\xff")
    assert serialize([True, 1, 0.5, b"\x0a"]) == b"[true 1 0.5 <0A>]"
    with pytest.raises(TypeError):
        serialize(object())


def test_the_writer_refuses_a_stream_of_another_length():
    with pytest.raises(ValueError, match="length"):
        PdfWriter(io.BytesIO()).add_blocks([b"abc"], 4, {})


def test_long_words_of_other_specs_keep_the_page(tmp_path):
    spec = replace(DecisionSpec(), subject="Thành lập Ban Chỉ đạo " + "chuyển đổi số " * 12)
    assert len(pypdfium2.PdfDocument(decision(spec))) in (1, 2)
