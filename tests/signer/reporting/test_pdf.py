"""The printed report: complete letters, pages that break where they should, PDF/A-2b by our own check."""

from __future__ import annotations

import subprocess
import unicodedata
from datetime import UTC, datetime

import pypdfium2
import pytest

from signer.document import pdfa
from signer.reporting.blocks import Block, Kind, Printed
from signer.reporting.lettering import LONGEST, Lettering
from signer.reporting.pdf import compose
from signer.reporting.typesetting import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, set_pages
from signer.stamping.typefaces import VIETNAMESE, Face
from tests.conftest import need_tool

AT = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
TITLE = "Báo cáo kiểm tra chữ ký số"


def printed(*blocks, footer="Báo cáo", words="Trang {page}/{pages}"):
    return Printed(TITLE, "vi", (Block(Kind.TITLE, TITLE), *blocks), footer, words)


def made(path, *blocks, **others):
    path.write_bytes(compose(printed(*blocks, **others), AT))
    return path


def pages_of(path):
    with pypdfium2.PdfDocument(path) as document:
        return [unicodedata.normalize("NFC", page.get_textpage().get_text_bounded()) for page in document]


def squeezed(text):
    return "".join(text.split())


@pytest.mark.parametrize("kind", Kind)
def test_every_vietnamese_letter_is_drawn_and_found_again(tmp_path, kind):
    letters = "".join(c for c in VIETNAMESE if c.isalpha())
    label = "nhãn" if kind is Kind.FACT else ""
    (page,) = pages_of(made(tmp_path / "r.pdf", Block(kind, letters, label)))
    assert letters in squeezed(page)


def test_it_is_pdfa_and_qpdf_has_nothing_against_it(tmp_path):
    blocks = [Block(kind, f"Nội dung {kind}", "Nhãn") for kind in Kind]
    path = made(tmp_path / "r.pdf", *blocks)
    report = pdfa.check(path)
    assert report.conforms and report.claims == "2B", report.findings
    assert subprocess.run([need_tool("qpdf"), "--check", str(path)], capture_output=True).returncode == 0


def test_a_long_report_breaks_over_numbered_pages_and_loses_nothing(tmp_path):
    items = [
        Block(Kind.ITEM, f"Phát hiện thứ {number}: nội dung đủ dài để ngắt dòng. " * 3)
        for number in range(400)
    ]
    path = made(tmp_path / "r.pdf", *items)
    pages = pages_of(path)
    assert len(pages) > 10
    for number, page in enumerate(pages, 1):
        assert f"Trang {number}/{len(pages)}" in page
    whole = squeezed("".join(pages))
    assert all(f"Pháthiệnthứ{number}:" in whole for number in range(400))
    assert pdfa.check(path).conforms


def test_nothing_stands_outside_of_the_margins():
    blocks = [
        Block(Kind.FACT, "ab" * 400, "nhãn rất dài " * 20),
        Block(Kind.CODE, "f" * 500),
        Block(Kind.TEXT, "Ư" * 1500),
        *[Block(Kind.ITEM, "một dòng " * 40)] * 60,
        Block(Kind.SECTION, "Đề mục " * 30),
    ]
    words = printed(*blocks, footer="chân trang " * 60)
    letters = Lettering(words.blocks, (words.footer, "Trang 0123456789/"))
    for sheet in set_pages(words, letters):
        for line in sheet.lines:
            extent = letters.face(line.face).width(line.text, line.size)
            assert line.x >= LEFT - 0.01 and line.x + extent <= WIDTH - RIGHT + 0.01
            footer = line.y < BOTTOM
            assert footer or BOTTOM <= line.y <= HEIGHT - TOP


def test_a_heading_is_never_the_last_thing_on_a_page():
    blocks = [
        block for _ in range(60) for block in (Block(Kind.SECTION, "Mục"), *[Block(Kind.TEXT, "chữ")] * 3)
    ]
    words = printed(*blocks)
    for sheet in set_pages(words, Lettering(words.blocks, (words.footer, "Trang 0123456789/"))):
        body = sorted((line for line in sheet.lines if line.y >= BOTTOM), key=lambda line: line.y)
        assert body[0].text != "Mục"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("中文", "[U+4E2D][U+6587]"),
        ("😀", "[U+1F600]"),
        ("a\x00b\x1b", "a[U+0000]b[U+001B]"),
        ("‮fdp", "[U+202E]fdp"),
        ("\ud800", "[U+D800]"),
        ("e\u0302\u0301", "ế"),
    ],
)
def test_what_the_typeface_lacks_is_written_as_its_code(tmp_path, text, shown):
    path = made(tmp_path / "r.pdf", Block(Kind.TEXT, text))
    assert shown in squeezed("".join(pages_of(path)))
    assert pdfa.check(path).conforms


def test_an_endless_name_is_cut_and_says_so(tmp_path):
    (page, *_) = pages_of(made(tmp_path / "r.pdf", Block(Kind.TEXT, "Ă" * 100_000)))
    assert squeezed(page).count("Ă") == LONGEST and "Ă…" in squeezed(page)


def test_the_same_words_make_the_same_bytes():
    words = printed(Block(Kind.TEXT, "Như nhau"))
    assert compose(words, AT) == compose(words, AT)


def test_a_letter_of_both_faces_is_measured_in_its_own():
    letters = Lettering([Block(Kind.TITLE, "Ơ"), Block(Kind.TEXT, "Ơ")], ())
    wide, narrow = (letters.face(face).width("Ơ", 10) for face in (Face.BOLD, Face.REGULAR))
    assert wide > narrow > 0
