"""What a person sees of a change: which pages, where on them, and how much was looked at."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from signer.document import seen
from signer.document.history import History
from signer.document.reader import PdfFile
from signer.document.revisions import signatures
from signer.document.syntax import Name, Stream
from signer.errors import DocumentRefused
from tests.signer.validation.office import update

A4_POINTS = (595, 842)


def picture(data):
    return Image.open(io.BytesIO(data)).convert("RGB")


def drawn(content):
    """A change that draws this on the first page, on top of what is there."""

    def change(revision, pdf):
        page = pdf.page(0)
        old = revision.value(page.ref)["Contents"]
        contents = [*(old if isinstance(old, list) else [old]), revision.add(Stream({}, data=content))]
        revision.put(page.ref, {**revision.value(page.ref), "Contents": contents})

    return change


def last(path):
    with PdfFile.open(path) as pdf:
        return len(History(pdf).revisions) - 1


def after(path, out, change):
    """What is seen of this change after the whole file."""
    revision = last(path)
    return seen.compare(update(path, out, change), revision)


def test_a_bar_over_a_line_is_found_where_it_is(shelf, tmp_path):
    found = after(shelf.issued, tmp_path / "a.pdf", drawn(b"0 0 1 rg 100 700 200 20 re f"))
    (page,) = found.pages
    assert (page.page, found.different, found.total) == (0, 1, found.compared)
    left, top, right, low = page.boxes[0]
    assert (left, right) == (pytest.approx(100, abs=2), pytest.approx(300, abs=2))
    height = low - top
    assert height == pytest.approx(20, abs=3)
    signed, now = picture(page.signed), picture(page.now)
    inside = tuple(round(v * 96 / 72) for v in (200, (top + low) / 2))
    assert now.getpixel(inside) == (0, 0, 255) != signed.getpixel(inside)


def test_two_places_are_two_boxes(shelf, tmp_path):
    content = b"1 0 0 rg 50 800 20 20 re 500 50 20 20 re f"
    (page,) = after(shelf.issued, tmp_path / "a.pdf", drawn(content)).pages
    assert len(page.boxes) == 2
    assert page.boxes[0][1] < page.boxes[1][1], "from top to bottom"


def test_many_places_are_one_box(shelf, tmp_path):
    dots = b"".join(b"%d %d 3 3 re " % (30 + 50 * (n % 11), 100 + 100 * (n // 11)) for n in range(77))
    (page,) = after(shelf.issued, tmp_path / "a.pdf", drawn(dots + b"f")).pages
    assert len(page.boxes) == 1


@pytest.mark.parametrize("content", [b"", b"1 1 1 rg 5 5 1 1 re f", b"0.99 g 300 5 10 10 re f"])
def test_what_nobody_sees_is_no_difference(shelf, tmp_path, content):
    found = after(shelf.issued, tmp_path / "a.pdf", drawn(content))
    assert (found.pages, found.different) == ((), 0)
    assert found.compared == found.total > 0


def test_number_date_and_seal_are_what_is_seen_after_the_leader(shelf):
    """The honest change: the leader sees what was filled after the signature."""
    with PdfFile.open(shelf.issued) as pdf:
        history = History(pdf)
        leader = next(each for each in signatures(pdf, history) if each.name == "leader-1")
    (page,) = seen.compare(shelf.issued, leader.revision).pages
    assert page.page == 0 and 2 <= len(page.boxes) <= 6


def test_a_page_more_has_no_picture_as_signed(shelf, tmp_path):
    def change(revision, pdf):
        pages = pdf.catalog["Pages"]
        tree = revision.value(pages)
        extra = revision.add({"Type": Name("Page"), "Parent": pages, "MediaBox": [0, 0, 200, 200]})
        revision.put(pages, {**tree, "Kids": [*tree["Kids"], extra], "Count": tree["Count"] + 1})

    found = after(shelf.issued, tmp_path / "a.pdf", change)
    page = found.pages[-1]
    assert page.signed == b"" and picture(page.now).size == (267, 267)
    assert found.total == page.page + 1


def test_a_page_of_another_size_differs_as_a_whole(shelf, tmp_path):
    def change(revision, pdf):
        page = pdf.page(0)
        revision.put(page.ref, {**revision.value(page.ref), "MediaBox": [0, 0, 300, 400]})

    page = after(shelf.issued, tmp_path / "a.pdf", change).pages[0]
    assert page.boxes == ((0, 0, pytest.approx(300, abs=1), pytest.approx(400, abs=1)),)


def test_a_page_that_cannot_be_shown_is_a_typed_refusal(shelf, tmp_path):
    def change(revision, pdf):
        revision.put(pdf.catalog["Pages"], {"Type": Name("Pages"), "Kids": [], "Count": 0})

    with pytest.raises(DocumentRefused):
        after(shelf.issued, tmp_path / "a.pdf", change)
