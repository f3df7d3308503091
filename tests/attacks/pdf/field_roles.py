"""The objects of a field, used by the page: what no widget shows may be drawn all the same.

A field without a widget, a group of fields, a widget's own value, an annotation of another kind: each may be filled,
and nothing of it is compared with what was there, unless that is asked for. The twins get a document time-stamp.
"""

from __future__ import annotations

from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import SHADOW, Found, attack
from tests.attacks.pdf.desk import NUMBERS
from tests.attacks.pdf.overlays import drawing
from tests.signer.document import build
from tests.signer.document.build import CONTENT, FONT_REF, FORM, PAGE, append, field, form, page, stream

FIELD, OLD, NEW, KID, DRAWN = range(80, 85)
_GHOST = b"/%b gs BT /F1 12 Tf 50 600 Td (khong) Tj ET"
_FORBIDDEN = Found("TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), ("change.field-changed",))
_TEXT = {"FT": Name("Tx"), "T": b"Extra"}
_PLACE = {
    "Type": Name("Annot"),
    "Subtype": Name("Widget"),
    "Rect": [10, 400, 110, 420],
    "F": 4,
    "P": Ref(PAGE),
    "Parent": Ref(FIELD),
    "AP": {"N": Ref(DRAWN)},
}
_SHOWN = field("Extra", "Tx", (10, 400, 110, 420), DA=b"/F1 12 Tf", AP={"N": Ref(DRAWN)})
_STAMP = {**_SHOWN, "Subtype": Name("Stamp"), "Rect": [40, 600, 540, 740]}
_GROUP = {"T": b"Group", "Kids": [Ref(KID)]}
_IN_GROUP = {**field("kid", "Tx", (10, 400, 110, 420), V=b"15", AP={"N": Ref(DRAWN)}), "Parent": Ref(FIELD)}


# What the page does with an object, the field and its kid as they were signed, and what the update says of either.
_ROLES = {
    "the appearance of a field without widgets": (
        b"/AP Do",
        {**_TEXT, "AP": Ref(OLD)},
        None,
        {"AP": Ref(NEW)},
    ),
    "the appearance of a group": (b"/AP Do", {**_GROUP, "AP": Ref(OLD)}, _IN_GROUP, {"AP": Ref(NEW)}),
    "the appearance of a field with kids": (
        b"/AP Do",
        {**_TEXT, "V": b"15", "Kids": [Ref(KID)], "AP": Ref(OLD)},
        _PLACE,
        {"AP": Ref(NEW)},
    ),
    "the appearance of a widget, which goes": (b"/AP Do", {**_SHOWN, "AP": Ref(OLD)}, None, {"AP": {}}),
    "the graphics state of a field without widgets": (
        _GHOST % b"AP",
        {**_TEXT, "AP": {"ca": 1}},
        None,
        {"AP": {"ca": 0}},
    ),
    "the graphics state of a widget, which goes": (
        _GHOST % b"AP",
        {**_SHOWN, "AP": {"N": Ref(DRAWN), "ca": 0}},
        None,
        {"AP": {"N": Ref(DRAWN)}},
    ),
    "the value of a group": (b"/V Do", {**_GROUP, "V": Ref(OLD)}, _IN_GROUP, {"V": Ref(NEW)}),
    "the value of a widget": (
        b"/V Do",
        {**_TEXT, "V": b"15", "Kids": [Ref(KID)]},
        {**_PLACE, "V": Ref(OLD)},
        {"V": Ref(NEW)},
    ),
    "the value of a field, which goes": (b"/V Do", {**_SHOWN, "V": Ref(OLD)}, None, {"V": b"15"}),
    "the time of a field, which goes": (b"/M Do", {**_SHOWN, "M": Ref(OLD)}, None, {"M": b"D:20261120"}),
    "a stamp that is a field": (b"", {**_STAMP, "AP": {"N": Ref(OLD)}}, None, {"AP": {"N": Ref(NEW)}}),
    "a stamp that is a group": (
        b"",
        {**_STAMP, **_GROUP, "FT": None, "AP": {"N": Ref(OLD)}},
        _IN_GROUP,
        {"AP": {"N": Ref(NEW)}},
    ),
}


@attack("one object in two roles", SHADOW, {f"{name} is drawn": _FORBIDDEN for name in _ROLES})
def of_a_field(desk, variant, malicious):
    operators, parent, kid, update = _ROLES[variant.removesuffix(" is drawn")]
    used = KID if "of a widget is" in variant else FIELD  # by the page, and by the update
    kind = "ExtGState" if b"gs" in operators else "XObject"
    resources = {"Font": {"F1": Ref(FONT_REF)}, **({kind: Ref(used)} if operators else {})}
    places = [num for num, each in ((FIELD, parent), (KID, kid)) if each and "Rect" in each]
    objects = {
        PAGE: page([*NUMBERS, *places], Resources=resources),
        CONTENT: stream(b"BT /F1 12 Tf 50 700 Td (So tien:) Tj ET q " + operators + b" Q"),
        FORM: form([*NUMBERS, FIELD]),
        FIELD: parent,
        OLD: drawing(b"BT /F1 12 Tf 50 600 Td (100) Tj ET", BBox=[0, 0, 595, 842]),
        DRAWN: build.text_appearance(b"15" if kid or "V" in parent else b""),
        **({KID: kid} if kid else {}),
    }
    data = desk.sign(append(build.prepared(), objects), mdp=build.certification(2))
    if not malicious:
        return desk.stamp_document(data)
    later = {used: {**(kid if used == KID else parent), **update}}
    return append(data, {**later, NEW: drawing(b"BT /F1 12 Tf 50 600 Td (900) Tj ET", BBox=[0, 0, 595, 842])})
