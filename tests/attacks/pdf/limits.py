"""Limits of size that a drawing without a box, several widgets, a small page or a tall mark got around; and the form's
defaults, by which readers draw what has no drawing."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import CERTIFIED, SHADOW, Found, attack, genuine
from tests.attacks.pdf.certification import annotation, with_annotation
from tests.attacks.pdf.desk import NUMBERS
from tests.attacks.pdf.overlays import drawing
from tests.signer.document import build
from tests.signer.document.build import (
    DATE,
    FONT,
    FORM,
    NUMBER,
    PAGE,
    SEAL,
    append,
    field,
    form,
    page,
    stream,
)

FIELD, DRAWN, OTHER, FIRST_KID = 80, 81, 82, 83
_SUSPICIOUS, _FORBIDDEN = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE", "TOTAL-FAILED/FORMAT_FAILURE"
_REPLACED = Found(_SUSPICIOUS, ("Leader",), ("change.appearance-replaced",))
_CHANGED = Found(_SUSPICIOUS, ("Leader",), ("change.form-changed",))
_BOX = [0, 0, 300, 100]


def _signed_in(desk, widgets: dict[int, tuple[float, ...]], drawn: object, **shown: object) -> bytes:
    """A second signature in a new field with these widgets, which all have this drawing."""
    data = desk.sign(append(build.prepared(), {PAGE: page(NUMBERS, **shown)})) if shown else desk.signed()
    parts = {
        num: {
            **{key: each for key, each in field("", "Sig", rect).items() if key not in ("FT", "T")},
            "F": 132,
            "Parent": Ref(FIELD),
            "AP": {"N": Ref(DRAWN)},
        }
        for num, rect in widgets.items()
    }
    return desk.sign(
        data,
        FIELD,
        120,
        role="seal",
        field_value={"FT": Name("Sig"), "T": b"Second", "Kids": [Ref(num) for num in parts]},
        also={
            **parts,
            DRAWN: drawn,
            FORM: form([*NUMBERS, FIELD]),
            PAGE: page([*NUMBERS, *parts], **shown),
        },
    )


def _signed_again(desk, height: int) -> bytes:
    """Four updates, each with a signature in a new place of its own."""
    data, numbers = desk.signed(), list(NUMBERS)
    for at in range(4):
        num = 300 + 3 * at
        numbers.append(num)
        place = field(
            f"More{at}", "Sig", (0, at * 200, 595, at * 200 + height), AP={"N": Ref(num + 2)}, F=132
        )
        also = {FORM: form(numbers), PAGE: page(numbers), num + 2: drawing(BBox=_BOX)}
        data = desk.sign(data, num, num + 1, role="seal", field_value=place, also=also)
    return data


_STRIPS = {FIRST_KID + at: (0, at * 170, 595, at * 170 + 170) for at in range(5)}
_SMALL = {FIRST_KID: (10, 10, 110, 60)}


@attack(
    "sneaky signature attack",
    CERTIFIED,
    dict.fromkeys(
        (
            "a field of several widgets that cover the page",
            "a field over most of a small page",
            "a field over most of what is seen of a page",
            "a small field with a drawing without a box",
            "a small field whose rectangle has five numbers",
            "a small field whose letters are as small as nothing",
        ),
        _REPLACED,
    )
    | {
        "a quarter of the page, update after update": Found(
            _SUSPICIOUS, ("Leader", "More0", "More1", "More2"), ("change.appearance-replaced",)
        )
    },
)
def by_a_signature(desk, variant, malicious):
    boxed = drawing(BBox=_BOX)
    if variant.startswith("a quarter"):
        return _signed_again(desk, 200 if malicious else 60)
    if variant.startswith("a field of several"):
        two = dict(list(_STRIPS.items())[:1])
        return _signed_in(desk, _STRIPS if malicious else two, boxed)
    if variant.startswith("a field over"):
        shown = {"CropBox" if "seen" in variant else "MediaBox": [0, 0, 200, 200]}
        rect = (0, 0, 190, 190) if malicious else (10, 10, 90, 90)
        return _signed_in(desk, {FIRST_KID: rect}, boxed, **shown)
    if "five numbers" in variant:
        return _signed_in(desk, {FIRST_KID: (10, 10, 590, 830, 0)} if malicious else _SMALL, boxed)
    if "letters" in variant:
        return _signed_in(desk, _SMALL, drawing(BBox=[0, 0, 10**5, 10**5]) if malicious else boxed)
    return _signed_in(desk, _SMALL, drawing() if malicious else boxed)


@attack(
    "shadow attack: replace",
    SHADOW,
    {"a tick is drawn without a box": _REPLACED, "a value of nothing is drawn without a box": _REPLACED},
)
def by_a_fill(desk, variant, malicious):
    """A box of ten points draws a bar over the page; a text without a place is white, and covers the words."""
    box = {} if malicious else {"BBox": [0, 0, 10, 10]}
    if "tick" in variant:
        faces = {"Yes": Ref(DRAWN), "Off": Ref(OTHER)}
        ticked = field("Box", "Btn", (40, 640, 50, 650), AS=Name("Off"), V=Name("Off"), AP={"N": faces})
        later = {FIELD: {**ticked, "AS": Name("Yes"), "V": Name("Yes")}}
        objects = {
            FIELD: ticked,
            DRAWN: drawing(b"0 g 0 0 560 130 re f", **box),
            OTHER: drawing(b"", BBox=[0, 0, 10, 10]),
        }
    else:
        text = field("Extra", "Tx", (45, 697, 45, 697), DA=b"/F1 12 Tf")
        flat = {} if malicious else {"BBox": [0, 0, 0, 0]}
        colour = b"1 g" if malicious else b"0 g"
        words = b"BT " + colour + b" /F1 24 Tf 0 0 Td (MMMM) Tj ET"
        later = {FIELD: {**text, "V": b"MMMM", "AP": {"N": Ref(DRAWN)}}, DRAWN: drawing(words, **flat)}
        objects = {FIELD: text}
    shown = {PAGE: page([*NUMBERS, FIELD]), FORM: form([*NUMBERS, FIELD])}
    return append(desk.sign(append(build.prepared(), {**shown, **objects})), later)


_LINE = Found(_SUSPICIOUS, ("Leader",), ("change.annotation-added",))
_TALL = [40, 900, 300, 900, 40, 500, 300, 500]
_STACKED = [each for y in range(690, 720) for each in (40, y + 3, 200, y + 3, 40, y - 3, 200, y - 3)]
_FLAT = [each for y in range(690, 720) for each in (40, y + 1, 200, y + 1, 40, y, 200, y)]
_LINES = {
    "StrikeOut, stacked": {"QuadPoints": _STACKED},
    "StrikeOut of no height, stacked": {"QuadPoints": _FLAT},
    "StrikeOut, light": {"QuadPoints": [40, 715, 300, 715, 40, 695, 300, 695], "C": [0.8, 0.8, 0.8]},
    "StrikeOut": {"QuadPoints": _TALL},
    "Underline": {"QuadPoints": _TALL},
    "Squiggly": {"QuadPoints": _TALL},
    "StrikeOut with one tall quad of two": {"QuadPoints": [40, 715, 300, 715, 40, 695, 300, 695, *_TALL]},
    "Underline with seven numbers": {"QuadPoints": _TALL[:7]},
    "Underline without quads": {"Rect": [40, 500, 300, 900]},
}


@attack("evil annotation attack", CERTIFIED, {f"{name}, as thick as a bar": _LINE for name in _LINES})
def by_a_line(desk, variant, malicious):
    """Readers draw a line in proportion to the height of what it marks."""
    name = variant.removesuffix(", as thick as a bar")
    low = {"QuadPoints": [40, 715, 300, 715, 40, 695, 300, 695, 40, 697, 300, 697, 40, 677, 300, 677]}
    entries = {"C": [0, 0, 0], **(_LINES[name] if malicious else low)}
    return with_annotation(desk.certified(3), annotation(name.split()[0].strip(","), **entries))


# --- what readers draw by the form's defaults

_AMOUNT = field("Amount", "Tx", (45, 600, 245, 620), V=b"15", AP={"N": Ref(DRAWN)}, DA=b"/F1 12 Tf 0 g")
_GLYPHS = stream(
    b"0 g 2 w 10 5 m 5 5 l 5 12 l 10 12 l 10 18 l 5 18 l S 16 4 m 16 18 l S",
    Type=Name("XObject"),
    Subtype=Name("Form"),
    BBox=[0, 0, 200, 20],
)
_OF_READERS = {
    "is dropped": ({}, _CHANGED),
    "is false": ({"NeedAppearances": False}, _CHANGED),
}


def _with_amount(drawn: object, amount: dict, **entries: object) -> bytes:
    objects = {
        PAGE: page([*NUMBERS, FIELD]),
        FORM: form([*NUMBERS, FIELD], **entries),
        FIELD: amount,
        DRAWN: drawn,
    }
    return append(build.prepared(), objects)


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        f"that readers draw the form {how}{what}": found
        for how, (_, found) in _OF_READERS.items()
        for what in ("", ", under a ground", ", a button")
    },
)
def drawn_by_the_file(desk, variant, malicious):
    """Readers drew the value, as long as they were told to. Now they draw what was in the file all the time."""
    later = _OF_READERS[variant.removeprefix("that readers draw the form ").partition(",")[0]][0]
    amount, drawn = _AMOUNT, _GLYPHS if malicious else build.text_appearance(b"15")
    if variant.endswith("ground") and malicious:
        drawn = build.text_appearance(b"15")
        drawn = stream(b"1 g 0 0 100 20 re f 0 g " + drawn.data, **drawn.dict)
    if variant.endswith("button"):
        face = {"AP": {"N": {"On": Ref(DRAWN)}}, "AS": Name("On"), "V": Name("On")}
        amount = field("Amount", "Btn", (45, 600, 245, 620), **face) if malicious else _AMOUNT
    data = desk.sign(_with_amount(drawn, amount, NeedAppearances=True))
    return append(data, {FORM: form([*NUMBERS, FIELD], **later)})


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        "the form gains a colour for a value without one": _CHANGED,
        "the form gains a colour for a value that readers draw": _CHANGED,
        "the form gains a colour for a value whose drawing is none": _CHANGED,
        "the form gains a place for a value that has no drawing": _CHANGED,
        "the form's own colour is another": _CHANGED,
        "the form gains a colour that is none": _CHANGED,
        "the form gains a colour for a value whose face is another": _CHANGED,
        "the form gains a colour for a value whose own is empty": _CHANGED,
        "the form gains a colour for a value whose own is missing": _CHANGED,
        "the form gains a colour for a text on the page": _CHANGED,
    },
)
def by_a_default(desk, variant, malicious):
    amount = {key: each for key, each in _AMOUNT.items() if key not in ("AP", "DA")}
    entries, later = {}, {"DA": b"/F1 12 Tf 1 g"}
    if "readers draw" in variant:
        amount, entries = {**amount, "AP": {"N": Ref(DRAWN)}}, {"NeedAppearances": True}
    elif "whose drawing" in variant:
        amount["AP"] = {}
    elif "whose face" in variant:
        amount.update(AP={"N": {"On": Ref(DRAWN)}}, AS=Name("Zz"))
    elif "whose own" in variant:
        amount["DA"] = b"" if "empty" in variant else Ref(999)
    elif "on the page" in variant:
        amount = annotation("FreeText", Rect=[45, 600, 245, 620], Contents=b"15")
    elif "place" in variant:
        later = {"Q": 2}
    elif "own" in variant:
        entries = {"DA": b"/F1 12 Tf 0 g"}
    elif "none" in variant:
        amount, later = _AMOUNT, {"DA": {"ca": 0}}
    data = desk.sign(_with_amount(build.text_appearance(b"15"), amount, **entries))
    return (
        append(data, {FORM: form([*NUMBERS, FIELD], **{**entries, **later})})
        if malicious
        else desk.stamp_document(data)
    )


@genuine(
    "a second signer's program adds to the form",
    (
        "a default font, as iText does",
        "a default font and its name",
        "where text is left",
        "that readers need not draw it",
    ),
)
def of_a_second_signer(desk, variant):
    data = desk.locked()
    fonts = {"DR": {"Font": {"F1": Ref(build.FONT_REF), "Helv": Ref(OTHER)}}}
    entries = {
        "a default font, as iText does": {"DA": b"/Helv 0 Tf 0 g "},
        "a default font and its name": {"DA": b"/Helv 0 Tf 0 g ", **fonts},
        "where text is left": {"Q": 0},
        "that readers need not draw it": {"NeedAppearances": False},
    }[variant]
    also = {FORM: form(NUMBERS, **entries), **({OTHER: FONT} if "DR" in entries else {})}
    return desk.sign(data, SEAL, 23, role="seal", also=also)


@genuine(
    "a second signer's program adds to the form",
    ("a default font, where fields have none", "a default font, where a box has no face for Off"),
)
def where_fields_have_none(desk, variant):
    """Number and date are empty, or drawn: no reader asks the form."""
    if "box" in variant:
        box = field("Box", "Btn", (45, 600, 65, 620), AP={"N": {"On": Ref(DRAWN)}}, AS=Name("Off"))
        data = desk.sign(_with_amount(build.text_appearance(b"4"), box))
        return append(data, {FORM: form([*NUMBERS, FIELD], DA=b"/Helv 0 Tf 0 g ")})
    plain = {num: {**PdfFile.of(build.prepared()).get(num)} for num in (NUMBER, DATE)}
    for entries in plain.values():
        del entries["DA"]
    plain[DATE] = {**plain[DATE], "V": b"15", "AP": {"N": Ref(DRAWN)}}
    base = append(build.prepared(), {**plain, DRAWN: build.text_appearance(b"15")})
    data = desk.sign(base, mdp=build.LEADER_LOCK)
    return desk.sign(data, SEAL, 130, role="seal", also={FORM: form(NUMBERS, DA=b"/Helv 0 Tf 0 g ")})
