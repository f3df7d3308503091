"""A genuine document time-stamp, which anybody may add, brings something that is drawn over the sealed page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from policies.validation import PASSED
from policies.vocabulary import Changes, Indication
from signer.augmentation import archive_timestamp
from signer.creation.append import Raw, Revision
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Stream
from tests.signer.trust.forge import NOW
from tests.signer.validation.office import explain, found, ids

BOX = [80, 400, 500, 760]


def stamped(office, path, make):
    """The file with a valid document time-stamp whose field is as `make` says."""
    with PdfFile.open(path) as pdf:
        revision = Revision(pdf)
        value = revision.add(Raw(archive_timestamp._dictionary(8192)))
        field = revision.reserve()
        common = {"FT": Name("Sig"), "T": b"DocTimeStamp1", "V": value}
        shown = make(revision, pdf.page(0).ref, field, common)
        archive_timestamp._add_to_page(revision, shown)
        archive_timestamp._add_to_form(revision, field)
        prepared = archive_timestamp._prepared(path, revision.build(), value, 8192, "sha256", "DocTimeStamp1")
    office.later(minutes=30)
    out = office.path()
    made = office.authority("tsa").token(prepared.digest, "sha256")
    archive_timestamp.write(path, prepared, made, out)
    return out


def widget(page, common, **more):
    return {"Type": Name("Annot"), "Subtype": Name("Widget"), "F": 132, "P": page, **common, **more}


def nothing_shown(revision, page, field, common):
    revision.put(field, widget(page, common, Rect=[0, 0, 0, 0]))
    return field


def white_square_as_kid(revision, page, field, common):
    """Readers draw a square annotation that has no appearance of its own."""
    kid = revision.add(
        {
            "Type": Name("Annot"),
            "Subtype": Name("Square"),
            "Rect": BOX,
            "IC": [1, 1, 1],
            "C": [1, 1, 1],
            "F": 4,
            "P": page,
            "Parent": field,
        }
    )
    revision.put(field, {**common, "Kids": [kid]})
    return kid


def square_that_is_the_field(revision, page, field, common):
    revision.put(field, {**widget(page, common, Rect=BOX, IC=[1, 1, 1]), "Subtype": Name("Square")})
    return field


def background_without_appearance(revision, page, field, common):
    """poppler paints /MK /BG, MuPDF its own sign."""
    revision.put(field, widget(page, common, Rect=BOX, MK={"BG": [1, 1, 1]}))
    return field


def rectangle_of_five_numbers(revision, page, field, common):
    """Refused as a rectangle by some readers, taken as one by others."""
    cover = Stream(
        {"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, 400, 400]},
        data=b"1 g 0 0 400 400 re f",
    )
    revision.put(field, widget(page, common, Rect=[*BOX, 0], AP={"N": revision.add(cover)}))
    return field


def line_without_height(revision, page, field, common):
    """PDFium draws a line that strikes through what is there."""
    cover = Stream(
        {"Type": Name("XObject"), "Subtype": Name("Form"), "BBox": [0, 0, 600, 0]},
        data=b"0 0 600 800 re f",
    )
    revision.put(field, widget(page, common, Rect=[80, 400, 500, 400], AP={"N": revision.add(cover)}))
    return field


def script_on_page_open(revision, page, field, common):
    action = {"PO": {"S": Name("JavaScript"), "JS": b"app.alert(1)"}}
    revision.put(field, widget(page, common, Rect=[0, 0, 0, 0], AA=action))
    return field


@pytest.mark.parametrize(
    "make",
    [
        white_square_as_kid,
        square_that_is_the_field,
        background_without_appearance,
        rectangle_of_five_numbers,
        line_without_height,
        script_on_page_open,
    ],
)
def test_a_time_stamp_that_draws_or_acts_breaks_the_seal(shelf, make):
    path = stamped(shelf._fresh(), shelf.issued, make)
    report = shelf.office.online(path, at=NOW + timedelta(hours=2))
    assert report.verdict != PASSED, explain(report)
    assert found(report, "seal-1").changes in (Changes.FORBIDDEN, Changes.SUSPICIOUS)


def test_its_genuine_twin_does_not(shelf):
    path = stamped(shelf._fresh(), shelf.issued, nothing_shown)
    report = shelf.office.online(path, at=NOW + timedelta(hours=2))
    assert report.verdict.indication is Indication.TOTAL_PASSED, explain(report)
    assert "verification.changes-long-term" in ids(found(report, "seal-1"))
