"""What a later revision enters into the catalog, a page, a font or the form, though it draws nothing by itself."""

from __future__ import annotations

import pytest

from policies.vocabulary import Changes
from signer.document.modifications import classify
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, FONT, FONT_REF, FORM, NUMBER, PAGE, append

_NEW = 80
_OBJECTS = {_NEW: build.stream(b"any")}
_NUMBERS = [build.LEADER, build.NUMBER, build.DATE, build.SEAL]
_OF_THE_CATALOG = {
    "StructTreeRoot": {"Type": Name("StructTreeRoot"), "K": {"S": Name("P"), "ActualText": b"900"}},
    "MarkInfo": {"Marked": True},
    "Lang": b"en",
    "PageLabels": {"Nums": [0, {"S": Name("D"), "St": 9}]},
    "ViewerPreferences": {"DisplayDocTitle": True, "HideToolbar": True},
    "Outlines": {"Type": Name("Outlines"), "Count": 0},
    "Collection": {"View": Name("H"), "D": b"other.pdf"},
    "Threads": [{"Type": Name("Thread")}],
    "OCProperties": {"OCGs": [], "D": {"BaseState": Name("OFF")}},
    "Perms": {"UR3": {"Type": Name("Sig")}},
    "Legal": {"Attestation": b"nothing"},
    "AF": [{"Type": Name("Filespec"), "F": b"a"}],
    "OpenAction": [Ref(PAGE), Name("Fit")],
    "Names": {"Dests": {"Names": []}},
    "PageMode": Name("UseAttachments"),
}
_OF_A_PAGE = {
    "Thumb": Ref(_NEW),
    "StructParents": 0,
    "Lang": b"en",
    "AF": [{"Type": Name("Filespec"), "F": b"a"}],
    "Tabs": Name("S"),
    "UserUnit": 2,
}
_OF_A_FONT = {
    "ToUnicode": Ref(_NEW),
    "Encoding": {"Differences": [0x31, Name("nine")]},
    "Widths": [1000],
    "CIDToGIDMap": Ref(_NEW),
}
_CASES = {
    **{f"/{key} of the catalog": {CATALOG: build.catalog(**{key: v})} for key, v in _OF_THE_CATALOG.items()},
    **{f"/{key} of a page": {PAGE: build.page(_NUMBERS, **{key: v})} for key, v in _OF_A_PAGE.items()},
    **{f"/{key} of a font": {FONT_REF: {**FONT, key: v}} for key, v in _OF_A_FONT.items()},
    "/CO of the form": {FORM: build.form(_NUMBERS, CO=[Ref(NUMBER)])},
    **{
        f"a stream of type {kind} as appearance": {
            NUMBER: {**PdfFile.of(build.prepared()).get(NUMBER), "V": b"15", "AP": {"N": Ref(_NEW)}},
            _NEW: build.stream(b"1 0 <</A 1>>", Type=Name(kind), N=1, First=4, W=[1, 1, 1], Size=1),
        }
        for kind in ("XRef", "ObjStm")
    },
}


@pytest.mark.parametrize("name", _CASES)
def test_it_is_never_harmless(name):
    signed = append(build.prepared(), {CONTENT: build.stream(b"BT /F1 12 Tf 50 700 Td (100) Tj ET")})
    pdf = PdfFile.of(append(signed, {**_OBJECTS, **_CASES[name]}))
    found = classify(pdf, 2)
    assert found.kind in (Changes.SUSPICIOUS, Changes.FORBIDDEN), (found.kind, found.items)


@pytest.mark.parametrize(
    ("later", "kind"),
    [
        (_OBJECTS, Changes.NONE),
        ({CATALOG: build.catalog(), **_OBJECTS}, Changes.NONE),
        ({PAGE: build.page(_NUMBERS), FONT_REF: FONT, FORM: build.form(_NUMBERS)}, Changes.NONE),
        (
            {
                NUMBER: {**PdfFile.of(build.prepared()).get(NUMBER), "V": b"15", "AP": {"N": Ref(_NEW)}},
                _NEW: build.text_appearance(b"15"),
            },
            Changes.FORM_FILL,
        ),
    ],
)
def test_what_says_the_same_is_no_change(later, kind):
    pdf = PdfFile.of(append(build.prepared(), later))
    assert classify(pdf, 1).kind is kind, classify(pdf, 1).items
