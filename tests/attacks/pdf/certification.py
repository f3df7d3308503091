"""Certification attacks: the author of a document permits some changes, and those are used to show something else.

Evil annotation: where annotations are permitted (P=3), one that hides the text or says another. Sneaky signature:
where signing is permitted (P=2 and 3), a signature in a field of its own, drawn over the text.
"""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import CERTIFIED, Found, attack
from tests.attacks.pdf.saving import annotations_of
from tests.attacks.pdf.shadow import rectangle, white
from tests.signer.document import build
from tests.signer.document.build import FORM, PAGE, append, form, page, text_appearance

NOTE, DRAWING, POPUP = 60, 61, 62
_OVER_TEXT = [45, 695, 245, 715]
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"
_FORBIDDEN = "TOTAL-FAILED/FORMAT_FAILURE"


def annotation(kind: str, **entries: object) -> dict[str, object]:
    return {
        "Type": Name("Annot"),
        "Subtype": Name(kind),
        "Rect": _OVER_TEXT,
        "P": Ref(PAGE),
        "F": 4,
        **entries,
    }


def with_annotation(data: bytes, entries: dict[str, object], drawing: object = None) -> bytes:
    objects: dict[int, object] = {PAGE: page([*annotations_of(data), NOTE]), NOTE: entries}
    if drawing is not None:
        objects[DRAWING] = drawing
    return append(data, objects)


_AP = {"N": Ref(DRAWING)}
_EVIL = {
    "FreeText that says another": annotation("FreeText", Contents=b"Quyet dinh gia", DA=b"/Helv 12 Tf 0 g"),
    "FreeText with a drawing": annotation("FreeText", Contents=b"", DA=b"/Helv 12 Tf 0 g", AP=_AP),
    "Stamp": annotation("Stamp", AP=_AP),
    "Redact": annotation(
        "Redact", QuadPoints=[45, 715, 245, 715, 45, 695, 245, 695], OverlayText=b"9", AP=_AP
    ),
    "Square that is filled": annotation("Square", IC=[1, 1, 1], C=[1, 1, 1]),
    "Circle that is filled": annotation("Circle", IC=[1, 1, 1], C=[1, 1, 1]),
    "Line as thick as the text": annotation("Line", L=[45, 705, 245, 705], C=[1, 1, 1], BS={"W": 20}),
    "Polygon that is filled": annotation(
        "Polygon", Vertices=[45, 695, 245, 695, 245, 715, 45, 715], IC=[1, 1, 1]
    ),
    "PolyLine": annotation("PolyLine", Vertices=[45, 705, 245, 705], C=[1, 1, 1], BS={"W": 20}),
    "Ink": annotation("Ink", InkList=[[45, 705, 245, 705]], C=[1, 1, 1], BS={"W": 20}),
    "Caret": annotation("Caret", AP=_AP),
    "Highlight with a drawing": annotation(
        "Highlight", QuadPoints=[45, 715, 245, 715, 45, 695, 245, 695], C=[1, 1, 0], AP=_AP
    ),
    "note with a drawing": annotation("Text", Contents=b"", AP=_AP),
    "FileAttachment with a drawing": annotation("FileAttachment", AP=_AP),
    "Watermark": annotation("Watermark", AP=_AP),
    "Screen": annotation("Screen", AP=_AP),
    "3D": annotation("3D", AP=_AP),
    "Link with a thick border": annotation("Link", Border=[0, 0, 40], C=[1, 1, 1]),
    "unknown kind": annotation("Acme", AP=_AP),
    "note with an action": annotation("Text", Contents=b"", A={"S": Name("JavaScript"), "JS": b"1"}),
    "PrinterMark": annotation("PrinterMark", AP=_AP),
}


@attack(
    "evil annotation attack",
    CERTIFIED,
    dict.fromkeys(
        _EVIL, Found(_SUSPICIOUS, ("Leader",), ("change.annotation-added", "verification.changes-suspicious"))
    ),
)
def over_the_text(desk, variant, malicious):
    data = desk.certified(3)
    evil = with_annotation(data, _EVIL[variant], rectangle((200, 20)))
    return (
        evil if malicious else with_annotation(data, annotation("Text", Contents="Đã xem".encode("utf-16")))
    )


def _noted(desk) -> bytes:
    """Certified with an annotation over the text: a stamp that hides it."""

    def make() -> bytes:
        base = append(
            build.prepared(),
            {build.CATALOG: build.catalog(Perms={"DocMDP": Ref(20)}), 20: {}},
        )
        base = with_annotation(base, annotation("Stamp", AP=_AP), rectangle((200, 20)))
        return desk.sign(base, mdp=build.certification(3))

    return desk.once("certified with a stamp", make)


_LATER = {
    "the stamp over the text is taken away": lambda data: append(
        data, {PAGE: page([num for num in annotations_of(data) if num != NOTE])}
    ),
    "the stamp over the text is moved": lambda data: append(
        data, {NOTE: annotation("Stamp", AP=_AP, Rect=[0, 0, 9, 9])}
    ),
    "the stamp over the text is drawn anew": lambda data: append(data, {DRAWING: rectangle((1, 1))}),
    "the stamp over the text is hidden": lambda data: append(data, {NOTE: annotation("Stamp", AP=_AP, F=2)}),
    "the stamp over the text is freed": lambda data: append(data, {}, freed=(NOTE,)),
}


@attack("evil annotation attack", CERTIFIED, dict.fromkeys(_LATER, Found(_SUSPICIOUS, ("Leader",))))
def that_was_there_already(desk, variant, malicious):
    data = _noted(desk)
    return _LATER[variant](data) if malicious else desk.stamp_document(data)


def sneaky(desk, data: bytes, role: str, *, rect=tuple(_OVER_TEXT), **options) -> bytes:
    """A signature in a new field, drawn over the text."""
    return desk.sign(
        data,
        70,
        71,
        role=role,
        field_value=build.field("Sneaky", "Sig", rect, AP={"N": Ref(72)}, **options),
        also={
            FORM: form([*_fields(data), 70]),
            PAGE: page([*annotations_of(data), 70]),
            72: text_appearance(b"Quyet dinh gia", extra=b""),
        },
    )


def _fields(data: bytes) -> list[int]:
    pdf = PdfFile.of(data)
    return [ref.num for ref in pdf.dictionary(pdf.catalog["AcroForm"])["Fields"]]


def _unsigned_field(data: bytes) -> bytes:
    """The field is there and drawn, and nobody signs it."""
    return append(
        data,
        {
            FORM: form([*_fields(data), 70]),
            PAGE: page([*annotations_of(data), 70]),
            70: build.field("Sneaky", "Sig", _OVER_TEXT, AP={"N": Ref(72)}),
            72: text_appearance(b"Quyet dinh gia"),
        },
    )


_SNEAKY = {
    "by a stranger, P=2": (2, "other-leader"),
    "by a stranger, P=3": (3, "other-leader"),
    "by somebody who is trusted, P=2": (2, "second-leader"),
    "by somebody who is trusted, P=3": (3, "second-leader"),
}


@attack(
    "sneaky signature attack",
    CERTIFIED,
    {
        name: Found(
            _FORBIDDEN,
            ("Leader", "Sneaky") if "stranger" in name else ("Leader",),
            ("change.signature-added", "verification.changes-forbidden"),
        )
        for name in _SNEAKY
    },
)
def in_a_new_field(desk, variant, malicious):
    level, role = _SNEAKY[variant]
    data = desk.certified(level)
    if malicious:
        return sneaky(desk, data, role)
    return desk.sign(data, build.SEAL, 23, role="seal")


@attack(
    "sneaky signature attack",
    CERTIFIED,
    {
        "the field stays empty, P=2": Found(_FORBIDDEN, ("Leader",), ("change.field-added",)),
        "the field stays empty, P=3": Found(_FORBIDDEN, ("Leader",), ("change.field-added",)),
        "the field is drawn anew after it was signed": Found(
            _FORBIDDEN, ("Leader", "Seal"), ("change.appearance-replaced",)
        ),
        "the prepared field is moved over the text": Found(
            _FORBIDDEN, ("Leader",), ("change.field-changed",)
        ),
    },
)
def around_the_field(desk, variant, malicious):
    level = 3 if variant.endswith("P=3") else 2
    data = desk.certified(level)
    if not malicious:
        return desk.sign(data, build.SEAL, 23, role="seal")
    if variant.startswith("the field stays"):
        return _unsigned_field(data)
    seal = PdfFile.of(data).get(build.SEAL)
    if variant.startswith("the prepared"):
        return desk.sign(data, build.SEAL, 23, role="seal", field_value={**seal, "Rect": _OVER_TEXT})
    signed = desk.sign(
        data,
        build.SEAL,
        23,
        role="seal",
        field_value={**seal, "AP": {"N": Ref(72)}},
        also={72: text_appearance(b"Dau")},
    )
    return append(signed, {72: text_appearance(b"Dau gia")})


_LARGE = Found(_SUSPICIOUS, ("Leader",), ("change.appearance-replaced",))


@attack(
    "sneaky signature attack",
    CERTIFIED,
    {"a field as large as the page, and no P": _LARGE, "a prepared field as large as the page": _LARGE},
)
def over_the_page(desk, variant, malicious):
    """Nothing is locked, so somebody who is trusted too may sign where he likes; he draws another document."""
    rect = (0, 0, 595, 842) if malicious else (300, 300, 400, 350)
    drawn = {73: text_appearance(b"Gia mao")}
    if variant.startswith("a prepared"):
        base = append(build.prepared(), {build.SEAL: build.field("Seal", "Sig", rect)})
        data = desk.sign(base)
        seal = {**PdfFile.of(data).get(build.SEAL), "AP": {"N": Ref(73)}}
        return desk.sign(data, build.SEAL, 23, role="seal", field_value=seal, also=drawn)
    data = desk.signed()
    fields = [*annotations_of(data), 70]
    return desk.sign(
        data,
        70,
        71,
        role="seal",
        field_value=build.field("Sneaky", "Sig", rect, AP={"N": Ref(73)}),
        also={**drawn, FORM: form(fields), PAGE: page(fields)},
    )


__all__ = ["annotation", "sneaky", "white", "with_annotation"]
