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


# What is there already, and says something else later.

_TREE, _ELEM, _PARENTS, _CLASSES, _OUTLINE, _DEST = range(90, 96)
_ELEMENT = {
    "Type": Name("StructElem"),
    "S": Name("P"),
    "P": Ref(_TREE),
    "Pg": Ref(PAGE),
    "K": 0,
    "Alt": b"one hundred",
    "ActualText": b"100",
}
_TREE_ROOT = {
    "Type": Name("StructTreeRoot"),
    "K": [Ref(_ELEM)],
    "ParentTree": Ref(_PARENTS),
    "RoleMap": {"Line": Name("P")},
    "ClassMap": Ref(_CLASSES),
}
_CATALOGUE = build.catalog(
    StructTreeRoot=Ref(_TREE), Outlines=Ref(_OUTLINE), Dests=Ref(_DEST), MarkInfo={"Marked": True}
)
_TAGGED = {
    CATALOG: _CATALOGUE,
    PAGE: build.page(_NUMBERS, StructParents=0),
    CONTENT: build.stream(b"/P <</MCID 0>> BDC BT /F1 12 Tf 50 700 Td (100) Tj ET EMC"),
    _TREE: _TREE_ROOT,
    _ELEM: _ELEMENT,
    _PARENTS: {"Nums": [0, [Ref(_ELEM)]]},
    _CLASSES: {"Big": {"O": Name("Layout"), "TextAlign": Name("Center")}},
    _OUTLINE: {"Type": Name("Outlines"), "First": Ref(98), "Last": Ref(98), "Count": 1},
    98: {"Title": b"Quyet dinh", "Parent": Ref(_OUTLINE), "Dest": [Ref(PAGE), Name("Fit")]},
    _DEST: {"a": [Ref(PAGE), Name("Fit")]},
}
_LATER = {
    "what an element is read as": {_ELEM: {**_ELEMENT, "ActualText": b"900"}},
    "what an element is described as": {_ELEM: {**_ELEMENT, "Alt": b"nine hundred"}},
    "what an abbreviation stands for": {_ELEM: {**_ELEMENT, "E": b"nine hundred"}},
    "an element's content": {
        _ELEM: {**_ELEMENT, "K": [0, {"Type": Name("MCR"), "MCID": 1, "Pg": Ref(PAGE)}]}
    },
    "an element's role": {_ELEM: {**_ELEMENT, "S": Name("Artifact")}},
    "an element's file": {_ELEM: {**_ELEMENT, "AF": [{"Type": Name("Filespec"), "F": b"a"}]}},
    "one more element": {
        _TREE: {**_TREE_ROOT, "K": [Ref(_ELEM), Ref(99)]},
        99: {**_ELEMENT, "K": [], "ActualText": b"and more"},
    },
    "an element that is gone": {_TREE: {**_TREE_ROOT, "K": []}},
    "the roles": {_TREE: {**_TREE_ROOT, "RoleMap": {"P": Name("Artifact")}}},
    "the parents": {_PARENTS: {"Nums": []}},
    "the classes": {_CLASSES: {}},
    "a bookmark's words": {
        98: {"Title": b"Huy bo", "Parent": Ref(_OUTLINE), "Dest": [Ref(PAGE), Name("Fit")]}
    },
    "a bookmark's action": {
        98: {"Title": b"Quyet dinh", "Parent": Ref(_OUTLINE), "A": {"S": Name("URI"), "URI": b"http://a"}}
    },
    "where a name leads": {_DEST: {"a": [Ref(PAGE), Name("XYZ"), 0, 0, 9]}},
}


@pytest.mark.parametrize("name", _LATER)
def test_what_is_said_besides_the_page_cannot_change(name):
    """Read aloud, reflowed or copied, the document would say something else."""
    signed = append(build.prepared(), _TAGGED)
    found = classify(PdfFile.of(append(signed, _LATER[name])), 2)
    assert found.kind in (Changes.SUSPICIOUS, Changes.FORBIDDEN), (found.kind, found.items)


def test_a_tree_that_is_written_again_as_it_was_is_no_change():
    signed = append(build.prepared(), _TAGGED)
    again = append(signed, {num: _TAGGED[num] for num in (_TREE, _ELEM, _PARENTS, _CLASSES, _OUTLINE, _DEST)})
    assert classify(PdfFile.of(again), 2).kind is Changes.NONE
