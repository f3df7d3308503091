"""Shadow attacks: the document is prepared before it is signed, so that a small update later shows something else.

Each prepared document is made by the attacker and signed by somebody who sees nothing amiss. The twin is the same
document with an honest update: a document time-stamp.
"""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize, serialize_indirect
from tests.attacks.pdf.cases import SHADOW, Found, attack
from tests.signer.document import build
from tests.signer.document.build import (
    CATALOG,
    CONTENT,
    DATE,
    FONT,
    FONT_REF,
    FORM,
    LEADER,
    NUMBER,
    PAGE,
    PAGES,
    SEAL,
    append,
    catalog,
    field,
    form,
    page,
    stream,
    text_appearance,
)

NUMBERS = [LEADER, NUMBER, DATE, SEAL]
COVER, LAYER, FIELD, TREE, HIDDEN_PAGE, HIDDEN_TEXT, OTHER_FONT, NOTE = 80, 81, 82, 83, 84, 85, 86, 87
_FORBIDDEN = "TOTAL-FAILED/FORMAT_FAILURE"
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"


def _forbidden(*ids: str) -> Found:
    return Found(_FORBIDDEN, ("Leader",), tuple(f"change.{each}" for each in ids))


def _suspicious(*ids: str) -> Found:
    return Found(_SUSPICIOUS, ("Leader",), tuple(f"change.{each}" for each in ids))


def text(words: bytes) -> object:
    return stream(b"BT /F1 12 Tf 50 700 Td (" + words + b") Tj ET")


def white() -> object:
    """One white pixel, drawn as large as its user wants."""
    return stream(
        b"\xff",
        Type=Name("XObject"),
        Subtype=Name("Image"),
        Width=1,
        Height=1,
        BitsPerComponent=8,
        ColorSpace=Name("DeviceGray"),
    )


def rectangle(size=(300, 30)) -> object:
    """A form XObject that draws a white rectangle."""
    return stream(
        b"1 g 0 0 %d %d re f" % size, Type=Name("XObject"), Subtype=Name("Form"), BBox=[0, 0, *size]
    )


def pointing(data: bytes, offsets: dict[int, int], **entries: object) -> bytes:
    """An update of nothing but cross-references: objects are where they were all the time."""
    pdf = PdfFile.of(data)
    at = len(data)
    trailer = {"Size": 120, "Root": Ref(CATALOG), "Prev": pdf.startxref, **entries}
    return (
        data + build.table(offsets) + b"trailer\n" + serialize(trailer) + b"\nstartxref\n%d\n%%%%EOF\n" % at
    )


# --- hide: what was covered when it was signed is uncovered


def _covered() -> bytes:
    """The page says two things; an image lies over the second."""
    resources = {"Font": {"F1": Ref(FONT_REF)}, "XObject": {"Cover": Ref(COVER)}}
    content = b"BT /F1 12 Tf 50 700 Td (Khong dong y) Tj 0 -20 Td (Quyet dinh) Tj ET q 200 0 0 20 45 695 cm /Cover Do Q"
    return append(
        build.prepared(),
        {PAGE: page(NUMBERS, Resources=resources), CONTENT: stream(content), COVER: white()},
    )


def _with_field(**entries: object) -> dict[int, object]:
    """A text field over the first line whose appearance is white."""
    cover = field("Cover", "Tx", (45, 695, 245, 715), AP={"N": Ref(COVER)}, DA=b"/F1 12 Tf", **entries)
    return {
        PAGE: page([*NUMBERS, FIELD]),
        FORM: form([*NUMBERS, FIELD]),
        FIELD: cover,
        COVER: rectangle((200, 20)),
    }


def _on_white(words: bytes) -> object:
    """A text on a white ground, as large as the field."""
    drawn = text_appearance(words)
    return stream(b"1 g 0 0 100 20 re f 0 g " + drawn.data, **drawn.dict)


def _layered(off: bool) -> dict[int, object]:
    """A layer over the text; `off` hides it."""
    group = {"Type": Name("OCG"), "Name": b"Layer"}
    content = b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET /OC /L BDC 1 g 45 695 200 20 re f EMC"
    properties = {"OCGs": [Ref(LAYER)], "D": Ref(TREE)}
    resources = {"Font": {"F1": Ref(FONT_REF)}, "Properties": {"L": Ref(LAYER)}}
    return {
        CATALOG: catalog(OCProperties=properties),
        PAGE: page(NUMBERS, Resources=resources),
        CONTENT: stream(content),
        LAYER: group,
        TREE: {"ON": [] if off else [Ref(LAYER)], "OFF": [Ref(LAYER)] if off else []},
    }


def _annotated() -> dict[int, object]:
    """A stamp that lies over the text."""
    stamp = {"Type": Name("Annot"), "Subtype": Name("Stamp"), "Rect": [45, 695, 245, 715], "P": Ref(PAGE)}
    return {
        PAGE: page([*NUMBERS, NOTE]),
        NOTE: {**stamp, "F": 4, "AP": {"N": Ref(COVER)}},
        COVER: rectangle((200, 20)),
    }


_HIDE = {
    "the image over the text is freed": (
        _covered,
        lambda data: append(data, {}, freed=(COVER,)),
        _forbidden("page-content-changed"),
    ),
    "the image over the text is no image any more": (
        _covered,
        lambda data: append(data, {COVER: {"Type": Name("XObject"), "Subtype": Name("Image")}}),
        _forbidden("page-content-changed"),
    ),
    "the image over the text is moved by cross-references": (
        _covered,
        lambda data: pointing(data, {COVER: data.index(b"\n2 0 obj") + 1}),
        _suspicious("uncompared"),
    ),
    "the field over the text is drawn anew": (
        lambda: append(build.prepared(), _with_field()),
        lambda data: append(data, {COVER: rectangle((0, 0))}),
        _suspicious("field-filled", "appearance-replaced"),
    ),
    "the field over the text is filled on a white ground": (
        lambda: append(build.prepared(), {**_with_field(), COVER: rectangle((0, 0))}),
        lambda data: append(
            data,
            {
                FIELD: {**PdfFile.of(data).get(FIELD), "V": b"gia", "AP": {"N": Ref(HIDDEN_TEXT)}},
                HIDDEN_TEXT: _on_white(b"gia"),
            },
        ),
        _suspicious("field-filled", "appearance-replaced"),
    ),
    "the field over the text is hidden": (
        lambda: append(build.prepared(), _with_field()),
        lambda data: append(data, {FIELD: {**PdfFile.of(data).get(FIELD), "F": 2}}),
        _suspicious("field-changed"),
    ),
    "the field over the text is moved": (
        lambda: append(build.prepared(), _with_field()),
        lambda data: append(data, {FIELD: {**PdfFile.of(data).get(FIELD), "Rect": [0, 0, 5, 5]}}),
        _suspicious("field-changed"),
    ),
    "the field over the text is freed": (
        lambda: append(build.prepared(), _with_field()),
        lambda data: append(data, {}, freed=(FIELD,)),
        _forbidden("field-removed"),
    ),
    "the layer over the text is switched off": (
        lambda: append(build.prepared(), _layered(off=False)),
        lambda data: append(data, {TREE: {"ON": [], "OFF": [Ref(LAYER)]}}),
        _suspicious("object-redefined"),
    ),
    "the layer over the text is switched off in the catalog": (
        lambda: append(build.prepared(), _layered(off=False)),
        lambda data: append(
            data,
            {CATALOG: catalog(OCProperties={"OCGs": [Ref(LAYER)], "D": {"OFF": [Ref(LAYER)]}})},
        ),
        _suspicious("catalog-changed"),
    ),
    "the stamp over the text is taken away": (
        lambda: append(build.prepared(), _annotated()),
        lambda data: append(data, {PAGE: page(NUMBERS)}),
        Found(_SUSPICIOUS, ("Leader",), ("change.annotation-removed",)),
    ),
    "the stamp over the text is freed": (
        lambda: append(build.prepared(), _annotated()),
        lambda data: append(data, {}, freed=(NOTE,)),
        Found(_SUSPICIOUS, ("Leader",), ("change.annotation-changed",)),
    ),
    "the stamp over the text is drawn anew": (
        lambda: append(build.prepared(), _annotated()),
        lambda data: append(data, {COVER: rectangle((0, 0))}),
        Found(_SUSPICIOUS, ("Leader",), ("change.annotation-changed",)),
    ),
}


@attack("shadow attack: hide", SHADOW, {name: found for name, (_, _, found) in _HIDE.items()})
def hide(desk, variant, malicious):
    prepare, show, _ = _HIDE[variant]
    data = desk.once(f"hide {variant}", lambda: desk.sign(prepare()))
    return show(data) if malicious else desk.stamp_document(data)


# --- replace: what seems harmless to change changes what is read

_SWAPPED = {"Differences": [0x31, Name("nine"), 0x39, Name("one")], "Type": Name("Encoding")}


def _with_amount() -> bytes:
    """A number written with a font of its own, which nothing else uses."""
    resources = {"Font": {"F1": Ref(FONT_REF), "F2": Ref(OTHER_FONT)}}
    content = b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET BT /F2 12 Tf 150 700 Td (100) Tj ET"
    return append(
        build.prepared(),
        {PAGE: page(NUMBERS, Resources=resources), CONTENT: stream(content), OTHER_FONT: FONT},
    )


def _type3() -> bytes:
    """The same in a font whose glyphs are drawings."""
    glyphs = {"one": Ref(HIDDEN_TEXT), "zero": Ref(HIDDEN_TEXT)}
    font = {
        "Type": Name("Font"),
        "Subtype": Name("Type3"),
        "FontBBox": [0, 0, 750, 750],
        "FontMatrix": [0.001, 0, 0, 0.001, 0, 0],
        "CharProcs": glyphs,
        "Encoding": {"Type": Name("Encoding"), "Differences": [0x30, Name("zero"), Name("one")]},
        "FirstChar": 0x30,
        "LastChar": 0x31,
        "Widths": [750, 750],
        "Resources": {},
    }
    return append(
        _with_amount(), {OTHER_FONT: font, HIDDEN_TEXT: stream(b"750 0 0 0 750 750 d1 0 0 300 700 re f")}
    )


def _valued() -> bytes:
    """A field whose value and drawing agree: 100."""
    amount = field("Amount", "Tx", (45, 600, 245, 620), V=b"100", AP={"N": Ref(COVER)}, DA=b"/F1 12 Tf")
    return append(
        build.prepared(),
        {
            PAGE: page([*NUMBERS, FIELD]),
            FORM: form([*NUMBERS, FIELD]),
            FIELD: amount,
            COVER: text_appearance(b"100"),
        },
    )


def _amount(data: bytes, **entries: object) -> dict[int, object]:
    return {FIELD: {**PdfFile.of(data).get(FIELD), **entries}}


_REPLACE = {
    "the font is replaced": (
        _with_amount,
        lambda data: append(data, {OTHER_FONT: {**FONT, "Encoding": _SWAPPED}}),
        _forbidden("page-content-changed"),
    ),
    "the glyphs of a drawn font are replaced": (
        _type3,
        lambda data: append(data, {HIDDEN_TEXT: stream(b"750 0 0 0 750 750 d1 0 0 700 700 re f")}),
        _forbidden("page-content-changed"),
    ),
    "the font of the form is replaced": (
        lambda: append(
            _valued(),
            {
                FORM: form([*NUMBERS, FIELD], DR={"Font": {"F1": Ref(OTHER_FONT)}}),
                OTHER_FONT: FONT,
                COVER: text_appearance(b"100", font=OTHER_FONT),
            },
        ),
        lambda data: append(data, {OTHER_FONT: {**FONT, "Encoding": _SWAPPED}}),
        _suspicious("object-redefined"),
    ),
    "the field is drawn with another text": (
        _valued,
        lambda data: append(data, {COVER: text_appearance(b"900")}),
        Found(
            _SUSPICIOUS, ("Leader",), ("change.value-differs-from-drawing", "verification.value-not-drawn")
        ),
    ),
    "the field gets another drawing": (
        _valued,
        lambda data: append(
            data, {**_amount(data, AP={"N": Ref(HIDDEN_TEXT)}), HIDDEN_TEXT: text_appearance(b"900")}
        ),
        Found(
            _SUSPICIOUS, ("Leader",), ("change.value-differs-from-drawing", "verification.value-not-drawn")
        ),
    ),
    "the field gets another value and keeps its drawing": (
        _valued,
        lambda data: append(data, _amount(data, V=b"900")),
        Found(
            _SUSPICIOUS, ("Leader",), ("change.value-differs-from-drawing", "verification.value-not-drawn")
        ),
    ),
    "the field is to be drawn by its reader": (
        _valued,
        lambda data: append(data, {FORM: form([*NUMBERS, FIELD], NeedAppearances=True)}),
        _suspicious("form-changed"),
    ),
    "the field gets an opaque background": (
        _valued,
        lambda data: append(data, _amount(data, MK={"BG": [1]})),
        _suspicious("field-changed"),
    ),
    "a second drawing of the field grows": (
        _valued,
        lambda data: append(data, _amount(data, Rect=[0, 0, 595, 842])),
        _suspicious("field-changed"),
    ),
}


@attack("shadow attack: replace", SHADOW, {name: found for name, (_, _, found) in _REPLACE.items()})
def replace(desk, variant, malicious):
    prepare, show, _ = _REPLACE[variant]
    data = desk.once(f"replace {variant}", lambda: desk.sign(prepare()))
    return show(data) if malicious else desk.stamp_document(data)


# --- hide and replace: a second document lies in the first


def _two_of(num: int, hidden: object, base: bytes) -> tuple[bytes, int]:
    """A second object of the same number, which nothing leads to, and its offset."""
    body = serialize_indirect(Ref(num), hidden)
    update = build.append(base, {110: stream(body, Type=Name("Private"))})
    return update, update.rindex(body)


def _hidden_pages() -> dict[int, object]:
    return {
        TREE: {"Type": Name("Pages"), "Kids": [Ref(HIDDEN_PAGE)], "Count": 1},
        HIDDEN_PAGE: {**page(NUMBERS), "Parent": Ref(TREE), "Contents": Ref(HIDDEN_TEXT)},
        HIDDEN_TEXT: text(b"Quyet dinh gia"),
    }


_HIDDEN = {
    "the content": (CONTENT, lambda: text(b"Quyet dinh gia"), _forbidden("page-content-changed")),
    "the page": (PAGE, lambda: page(NUMBERS, Contents=Ref(HIDDEN_TEXT)), _forbidden("page-changed")),
    "the page tree": (
        PAGES,
        lambda: {"Type": Name("Pages"), "Kids": [Ref(HIDDEN_PAGE)], "Count": 1},
        _forbidden("page-tree-changed"),
    ),
    "the catalog": (CATALOG, lambda: catalog(Pages=Ref(TREE)), _forbidden("page-tree-changed")),
    "the font": (FONT_REF, lambda: {**FONT, "Encoding": _SWAPPED}, _forbidden("page-content-changed")),
}


@attack(
    "shadow attack: hide and replace",
    SHADOW,
    {f"{name} is swapped by cross-references": found for name, (_, _, found) in _HIDDEN.items()},
)
def swapped_by_cross_references(desk, variant, malicious):
    num, hidden, _ = _HIDDEN[variant.removesuffix(" is swapped by cross-references")]
    base, offset = _two_of(num, hidden(), append(build.prepared(), _hidden_pages()))
    data = desk.sign(base)
    return pointing(data, {num: offset}) if malicious else desk.stamp_document(data)


_OTHER_ROOT = 88


@attack(
    "shadow attack: hide and replace",
    SHADOW,
    {
        "the trailer names a hidden catalog": _forbidden("page-tree-changed"),
        "the trailer names a hidden catalog without a form": _forbidden("page-tree-changed", "form-dropped"),
        "a hidden object gets what it waits for": _suspicious("dangling-reference-defined"),
        "a hidden object stream is shown": _forbidden("page-content-changed"),
    },
)
def shown_by_an_update(desk, variant, malicious):
    if variant == "a hidden object gets what it waits for":
        base = append(build.prepared(), {PAGE: page(NUMBERS, Contents=[Ref(CONTENT), Ref(HIDDEN_TEXT)])})
        data = desk.sign(base)
        return append(data, {HIDDEN_TEXT: text(b"va hon the")}) if malicious else desk.stamp_document(data)
    if variant == "a hidden object stream is shown":
        packed = stream(b"%d 0 <</Length 0>>" % FONT_REF, Type=Name("ObjStm"), N=1, First=4)
        data = desk.sign(append(build.prepared(), {111: packed}))
        if not malicious:
            return desk.stamp_document(data)
        at = len(data)
        trailer = {"Size": 130, "Root": Ref(CATALOG), "Prev": PdfFile.of(data).startxref}
        entry = build.xref_stream({FONT_REF: (111, 0)}, trailer, 129, at)
        return data + entry + b"startxref\n%d\n%%%%EOF\n" % at
    bare = {key: value for key, value in catalog(Pages=Ref(TREE)).items() if key != "AcroForm"}
    other = bare if variant.endswith("without a form") else catalog(Pages=Ref(TREE))
    data = desk.sign(append(build.prepared(), {**_hidden_pages(), _OTHER_ROOT: other}))
    return pointing(data, {}, Root=Ref(_OTHER_ROOT)) if malicious else desk.stamp_document(data)
