"""Fields and their widgets."""

from __future__ import annotations

import pytest

from signer.document.fields import form_fields
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from signer.document.text_strings import encode_text, text_string
from signer.errors import DocumentRefused
from tests.signer.document import build
from tests.signer.document.build import CATALOG, FORM, PAGE, PAGES, append, field, form, page


def fields_of(objects: dict[int, object]):
    return form_fields(PdfFile.of(append(build.prepared(), objects)))


def test_the_prepared_fields_with_page_and_rectangle():
    found = form_fields(PdfFile.of(build.prepared()))
    assert [(f.name, f.type, f.page, f.value) for f in found] == [
        ("Leader", "Sig", 0, None),
        ("Number", "Tx", 0, None),
        ("Date", "Tx", 0, None),
        ("Seal", "Sig", 0, None),
    ]
    assert found[1].widgets[0].rect == (10, 10, 110, 30)


def test_names_join_and_attributes_come_down():
    found = fields_of(
        {
            FORM: form([60]),
            60: {"T": encode_text("Số"), "FT": Name("Tx"), "Ff": 1, "Kids": [Ref(61)]},
            61: {"T": b"a.b", "Parent": Ref(60), "Kids": [Ref(62), Ref(63)], "V": Ref(64)},
            62: {"Subtype": Name("Widget"), "Parent": Ref(61), "Rect": [9, 9, 1, 1], "P": Ref(PAGE)},
            63: {"Subtype": Name("Widget"), "Parent": Ref(61), "Rect": [0, 0, 1, 1]},
            64: b"15",
        }
    )
    (only,) = found
    assert (only.name, only.type, only.flags, only.value, only.value_ref) == (
        "Số.a.b",
        "Tx",
        1,
        b"15",
        Ref(64),
    )
    assert [w.rect for w in only.widgets] == [(1, 1, 9, 9), (0, 0, 1, 1)]
    assert [w.page for w in only.widgets] == [0, -1]
    assert only.nodes == (Ref(60), Ref(61))


def test_widgets_without_a_page_entry_are_found_through_the_pages():
    second = {k: v for k, v in field("Late", "Tx").items() if k != "P"}
    found = fields_of(
        {
            PAGES: {"Type": Name("Pages"), "Kids": [Ref(PAGE), Ref(60)], "Count": 2},
            60: page([61]),
            61: second,
            FORM: form([61]),
        }
    )
    assert found[0].page == 1


@pytest.mark.parametrize("value", [None, [1, 2, 3], [Name("a")] * 4, 7])
def test_a_rectangle_that_is_none_is_empty(value):
    assert fields_of({FORM: form([60]), 60: {**field("A", "Tx"), "Rect": value}})[0].widgets[0].rect == (
        0,
        0,
        0,
        0,
    )


@pytest.mark.parametrize(
    "objects",
    [
        {FORM: form([60]), 60: {"T": b"A", "Kids": [Ref(60)]}},
        {FORM: form([60, 60]), 60: field("A", "Tx")},
        {
            FORM: form([60]),
            **{60 + i: {"T": b"A", "Kids": [Ref(61 + i)]} for i in range(100)},
            160: field("A", "Tx"),
        },
        {FORM: {"Fields": [{"T": b"A"}]}},
        {FORM: {"Fields": 7}},
        {CATALOG: {**build.catalog(), "AcroForm": 7}},
    ],
)
def test_a_form_that_loops_or_is_none_is_refused(objects):
    with pytest.raises(DocumentRefused):
        fields_of(objects)


def test_a_file_without_a_form_has_no_fields():
    assert fields_of({CATALOG: {"Type": Name("Catalog"), "Pages": Ref(PAGES)}}) == ()


@pytest.mark.parametrize("text", ["Number", "Số: 15/QĐ-UBND", "𝄞", ""])
def test_text_strings_go_both_ways(text):
    assert text_string(encode_text(text)) == text


def test_the_encodings_of_text_strings():
    assert text_string(b"\x80 \xa0\x18") == "• €˘"
    assert text_string(b"\xef\xbb\xbf" + "Số".encode()) == "Số"
    assert text_string(b"\xff\xfeS\x00") == "S"
    assert text_string(b"\xfe\xff\xd8\x00") == "\ufffd"
