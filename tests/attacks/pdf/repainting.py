"""Fields that are filled, and paint another picture: by operators that say the same, in another state.

A field lies over a digit. What it painted when it was signed was clipped away, in a layer that nobody sees, or of a
colour that is none; the update paints it. Or it writes its value so that a person reads another one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, Stream
from tests.attacks.pdf.cases import CERTIFIED, SHADOW, Found, attack
from tests.attacks.pdf.certification import annotation, with_annotation
from tests.attacks.pdf.shadow import NUMBERS, white
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, FONT, FONT_REF, FORM, NUMBER, PAGE, append, stream

_OLD, _NEW, _PART, _LAYER, _BOX, _ON, _OFF, _FONT, _KIDS = range(60, 69)
_PLACE = (10, 10, 110, 30)
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"
_GROUND = b" 1 g 0 0 100 20 re f "
_TEXT = {"Font": {"F1": Ref(FONT_REF)}}
_DIGITS = stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET BT /F1 12 Tf 20 16 Td (100) Tj ET")
Objects = dict[int, object]


def _form(operators: bytes, resources: dict[str, object] | None = None, **entries: object) -> Stream:
    return stream(
        operators,
        **{
            "Type": Name("XObject"),
            "Subtype": Name("Form"),
            "BBox": [0, 0, 100, 20],
            "Resources": {**_TEXT, **(resources or {})},
            **entries,
        },
    )


def _said(text: bytes, *, before: bytes = b"", resources: dict[str, object] | None = None) -> Stream:
    return _form(b"/Tx BMC q BT " + before + b" /F1 12 Tf 2 5 Td (" + text + b") Tj ET Q EMC", resources)


def _entry(num: int, **entries: object) -> Callable[[bytes], Objects]:
    return lambda data: {num: {**PdfFile.of(data).get(num), **entries}}


def _signed(desk, objects: Objects) -> bytes:
    return desk.sign(append(build.prepared(), {CONTENT: _DIGITS, **objects}))


# --- what is painted besides the value


@dataclass(frozen=True)
class _Painted:
    """The field's appearance as signed and as written anew, with the objects that both use."""

    old: Stream
    new: Stream
    kind: str = "Tx"
    also: Objects = field(default_factory=dict)


_HIDDEN_LAYER: Objects = {
    CATALOG: build.catalog(OCProperties={"OCGs": [Ref(_LAYER)], "D": {"OFF": [Ref(_LAYER)]}}),
    _LAYER: {"Type": Name("OCG"), "Name": b"Hidden"},
}
_DOT = b"0 0 1 1 re W n "
_WHITE = {"FunctionType": 2, "N": 1, "Domain": [0, 1], "C0": [1], "C1": [1]}


def _coloured(colourant: str) -> Stream:
    space = [Name("Separation"), Name(colourant), Name("DeviceGray"), _WHITE]
    return _form(b"/C cs 1 scn 0 0 100 20 re f", {"ColorSpace": {"C": space}})


def _scaled(scale: bytes) -> Stream:
    return _form(b"1 g q %b 0 0 %b 0 0 cm 0 0 100000 20000 re f Q" % (scale, scale))


def _with_part(operators: bytes, part: bytes, **entries: object) -> Stream:
    drawn = _form(part, **entries)
    return _form(b"/D Do" + operators, {"XObject": {"D": drawn}})


_PAINTED = {
    "a clip ends before it": _Painted(_form(_DOT + _GROUND), _form(b"q " + _DOT + b"Q" + _GROUND)),
    "its colour is one": _Painted(_coloured("None"), _coloured("Spot")),
    "it leaves a hidden layer": _Painted(
        _form(b"/OC /L BDC" + _GROUND + b"EMC", {"Properties": {"L": Ref(_LAYER)}}),
        _form(_GROUND),
        also=_HIDDEN_LAYER,
    ),
    "it is larger by what is rounded away": _Painted(_scaled(b".0001"), _scaled(b".0049")),
    "a clip of letters ends before it": _Painted(
        _form(b"BT /F1 1 Tf 7 Tr ( ) Tj ET" + _GROUND), _form(b"BT /F1 1 Tf 7 Tr ET" + _GROUND), kind="Ch"
    ),
    "it is not transparent any more": _Painted(
        _form(b"/G gs" + _GROUND, {"ExtGState": {"G": {"ca": 0}}}), _form(_GROUND), kind="Ch"
    ),
}


def _painting(kind: str, num: int) -> dict:
    return build.field("Number", kind, _PLACE, DA=b"/F1 12 Tf", AP={"N": Ref(num)})


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        f"a field paints its ground: {name}": Found(_SUSPICIOUS, ("Leader",), ("change.appearance-replaced",))
        for name in _PAINTED
    },
)
def grounds(desk, variant, malicious):
    case = _PAINTED[variant.removeprefix("a field paints its ground: ")]
    old, new = (case.old, case.new) if malicious else (_form(_GROUND), _form(b"q" + _GROUND + b"Q"))
    old, new = (old, new) if malicious else (new, new)
    data = _signed(desk, {NUMBER: _painting(case.kind, _OLD), _OLD: old, **case.also})
    return append(data, {NUMBER: _painting(case.kind, _NEW), _NEW: new})


_PARTS = {
    "a clip ends with the drawing before it": (
        (b"", _DOT + _GROUND, {}),
        (_GROUND, _DOT, {}),
    ),
    "its drawing leaves a hidden layer": (
        (b"", _GROUND, {"OC": Ref(_LAYER)}),
        (b"", _GROUND, {}),
    ),
}


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        f"a field paints its ground: {name}": Found(_SUSPICIOUS, ("Leader",), ("change.appearance-replaced",))
        for name in _PARTS
    },
)
def grounds_of_parts(desk, variant, malicious):
    old, new = _PARTS[variant.removeprefix("a field paints its ground: ")]
    signed = {NUMBER: _painting("Tx", _OLD), **_drawn(_OLD, _PART, *old), **_HIDDEN_LAYER}
    data = _signed(desk, signed)
    return append(data, {NUMBER: _painting("Tx", _NEW), **_drawn(_NEW, _KIDS, *(new if malicious else old))})


def _drawn(num: int, part: int, operators: bytes, drawn: bytes, entries: dict) -> Objects:
    outer = _form(b"/D Do" + operators, {"XObject": {"D": Ref(part)}})
    return {num: outer, part: _form(drawn, **entries)}


# --- what is read is another value


@dataclass(frozen=True)
class _Written:
    value: bytes
    drawing: Stream
    found: str = "value-differs-from-drawing"
    also: Objects = field(default_factory=dict)
    between: Objects = field(default_factory=dict)  # in a revision of its own
    signed: Objects = field(default_factory=dict)


_MAP = b"begincmap 1 beginbfchar <a3> <0039> endbfchar endcmap"
_DINGBATS = {**FONT, "BaseFont": Name("ZapfDingbats")}
_DISGUISED = {**_DINGBATS, "FontDescriptor": {"Type": Name("FontDescriptor"), "Flags": 4}}
_OTHER_FONT = {"Font": {"F1": Ref(_FONT)}}


def _coloured(before: bytes, space: object, name: str = "P") -> Stream:
    return _said(b"15", before=before, resources={"ColorSpace": {name: space}})


_WHITE_AT = {"FunctionType": 2, "N": 1, "Domain": [0, 1], "C0": [1], "C1": [1]}
_NO_INK = [Name("Separation"), Name("Ink"), Name("DeviceGray"), _WHITE_AT]
_LIGHT = {"WhitePoint": [0.95, 1, 1.09], "Gamma": 0.001}
_WRITTEN = {
    "in a black that a profile makes white": _Written(
        b"15",
        _coloured(b"/P cs 0 scn", [Name("ICCBased"), Ref(_PART)]),
        also={_PART: stream(b"profile", N=1)},
    ),
    "in a grey that its exponent makes white": _Written(
        b"15", _coloured(b"/P cs 0.5 scn", [Name("CalGray"), _LIGHT])
    ),
    "in colours that their exponents make white": _Written(
        b"15",
        _coloured(b"/P cs 0.5 0.5 0.5 scn", [Name("CalRGB"), {**_LIGHT, "Gamma": [0.001, 0.001, 0.001]}]),
    ),
    "in an ink that is none, from the start": _Written(b"15", _coloured(b"/P cs", _NO_INK)),
    "in a black that is called another by default": _Written(
        b"15", _coloured(b"0 g", _NO_INK, "DefaultGray")
    ),
    "in white, with operands to spare": _Written(b"15", _said(b"15", before=b"0 0 1 g")),
    "in another order, with operands to spare": _Written(
        b"15", _form(b"q 9 1 0 0 1 40 0 cm BT /F1 12 Tf 2 5 Td (1) Tj ET Q BT /F1 12 Tf 20 5 Td (5) Tj ET")
    ),
    "in nothing, with operands to spare": _Written(
        b"15", _form(b"BT /F1 12 Tf /F1 12 /F1 0.01 Tf 2 5 Td (15) Tj ET")
    ),
    "in a font that nobody used": _Written(
        b"15", _said(b"15", resources=_OTHER_FONT), signed={_FONT: {"Unused": True}}, also={_FONT: _DISGUISED}
    ),
    "in a font of an update before": _Written(
        b"15", _said(b"15", resources=_OTHER_FONT), between={_FONT: _DISGUISED}
    ),
    "in signs that a map calls digits": _Written(
        b"9",
        _said(b"\xa3", resources=_OTHER_FONT),
        also={
            _FONT: {k: v for k, v in {**FONT, "ToUnicode": Ref(_PART)}.items() if k != "Encoding"},
            _PART: stream(_MAP),
        },
    ),
    "in dingbats": _Written(
        b"15",
        _said(b"15", resources=_OTHER_FONT),
        also={_FONT: {k: v for k, v in _DINGBATS.items() if k != "Encoding"}},
    ),
}


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        f"a value is written {name}": Found(_SUSPICIOUS, ("Leader",), (f"change.{case.found}",))
        for name, case in _WRITTEN.items()
    },
)
def values(desk, variant, malicious):
    case = _WRITTEN[variant.removeprefix("a value is written ")]
    data = _signed(desk, case.signed)
    if case.between:
        data = append(data, case.between)
    later = {NUMBER: {**_painting("Tx", _NEW), "V": case.value}}
    if not malicious:
        return append(data, {**later, _NEW: _said(case.value)})
    return append(data, {**later, _NEW: case.drawing, **case.also})


_COMBO = 1 << 17


@attack(
    "shadow attack: replace",
    SHADOW,
    {"a choice of one shows all": Found(_SUSPICIOUS, ("Leader",), ("change.value-differs-from-drawing",))},
)
def choices(desk, _variant, malicious):
    entries = {"Ff": _COMBO, "Opt": [b"100", b"000"]}
    data = _signed(desk, {NUMBER: {**_painting("Ch", _OLD), **entries}, _OLD: _said(b"")})
    chosen = {NUMBER: {**_painting("Ch", _NEW), **entries, "V": b"100"}}
    return append(data, {**chosen, _NEW: _said(b"100000" if malicious else b"100")})


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        f"a list shows {how}": Found(_SUSPICIOUS, ("Leader",), ("change.value-differs-from-drawing",))
        for how in ("its options on one line", "its options in other rows")
    },
)
def lists(desk, variant, malicious):
    entries = {"Opt": [b"15", b"00"]}
    rows = _form(b"BT /F1 8 Tf 0 g 2 12 Td (15) Tj 0 -9 Td (00) Tj ET")
    other = b"(1500) Tj" if "one line" in variant else b"(150) Tj 0 -9 Td (0) Tj"
    data = _signed(desk, {NUMBER: {**_painting("Ch", _OLD), **entries}, _OLD: rows})
    chosen = {NUMBER: {**_painting("Ch", _NEW), **entries, "V": b"15"}}
    return append(
        data, {**chosen, _NEW: _form(b"BT /F1 8 Tf 0 g 2 12 Td " + other + b" ET") if malicious else rows}
    )


# --- one object in two roles


@dataclass(frozen=True)
class _Role:
    resources: dict[str, object]
    operators: bytes
    signed: Objects
    later: Callable[[bytes], Objects]
    honest: Callable[[bytes], Objects]
    found: str = "field-changed"
    verdict: str = _SUSPICIOUS


def _says(words: bytes) -> Stream:
    return _form(b"BT /F1 12 Tf 50 600 Td (" + words + b") Tj ET", BBox=[0, 0, 595, 842])


_TICKED = {"V": b"15", "AP": {"N": Ref(_NEW)}}
_FILLED = {_NEW: _said(b"15")}
_INDEXED = [Name("Indexed"), Name("DeviceRGB"), 1]


def _fills(num: int = NUMBER) -> Callable[[bytes], Objects]:
    return lambda data: {**_entry(num, **_TICKED)(data), **_FILLED}


_ROLES = {
    "the appearance of a field is a drawing": _Role(
        {"XObject": Ref(NUMBER)},
        b"/AP Do",
        {NUMBER: build.field("Number", "Tx", AP=Ref(_OLD)), _OLD: _says(b"100"), _PART: _says(b"900")},
        _entry(NUMBER, AP=Ref(_PART)),
        _entry(NUMBER, M=b"D:20261120030000Z"),
    ),
    "the value of a field is a colour": _Role(
        {"ColorSpace": Ref(NUMBER)},
        b"BT /V cs 0 sc /F1 12 Tf 50 600 Td (khong) Tj ET",
        {
            NUMBER: build.field(
                "Number", "Ch", V=[*_INDEXED, b"\0\0\0\xff\xff\xff"], AP={"N": Ref(_OLD)}, Opt=[]
            ),
            _OLD: _said(b""),
        },
        _entry(NUMBER, V=[*_INDEXED, b"\xff" * 6]),
        _entry(NUMBER, M=b"D:20261120030000Z"),
    ),
    "the kids of a field are attachments": _Role(
        {},
        b"",
        {
            CATALOG: build.catalog(Names={"EmbeddedFiles": Ref(NUMBER)}),
            NUMBER: build.field("Number", "Tx", Kids=[{"Names": [b"a", Ref(_OLD)]}]),
            _OLD: {"Type": Name("Filespec"), "F": b"a", "EF": {"F": Ref(_PART)}},
            _PART: stream(b"100"),
        },
        lambda data: {
            **_entry(NUMBER, Kids=[{"Names": [b"a", Ref(_KIDS)]}])(data),
            _KIDS: {"Type": Name("Filespec"), "F": b"a", "EF": {"F": Ref(_KIDS + 1)}},
            _KIDS + 1: stream(b"900"),
        },
        _fills(),
    ),
}


@attack(
    "one object in two roles",
    SHADOW,
    {name: Found(role.verdict, ("Leader",), (f"change.{role.found}",)) for name, role in _ROLES.items()},
)
def roles_of_fields(desk, variant, malicious):
    role = _ROLES[variant]
    shown = build.page(NUMBERS, Resources={**_TEXT, **role.resources})
    data = _signed(desk, {PAGE: shown, CONTENT: stream(_DIGITS.data + b" " + role.operators), **role.signed})
    return append(data, (role.later if malicious else role.honest)(data))


# --- appearances that are shown while something is pressed, and those that readers make


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        "an empty field gets a face under the pointer": Found(
            _SUSPICIOUS, ("Leader",), ("change.value-differs-from-drawing",)
        ),
        "a filled field gets a ground under the pointer": Found(
            _SUSPICIOUS, ("Leader",), ("change.appearance-replaced",)
        ),
    },
)
def under_the_pointer(desk, variant, malicious):
    data = desk.signed()
    if variant.startswith("a filled"):
        made = {NUMBER: {**_painting("Tx", _NEW), "V": b"15"}, _NEW: _said(b"15")}
        rolled = _form(_GROUND + b"BT 0 g /F1 12 Tf 2 5 Td (15) Tj ET") if malicious else _said(b"15")
        return append(data, {**made, **_with_states(made[NUMBER], R=Ref(_PART)), _PART: rolled})
    widget = build.field("Number", "Tx", DA=b"/F1 12 Tf")
    return append(data, {**_with_states(widget, R=Ref(_PART)), _PART: _said(b"900" if malicious else b"")})


def _with_states(widget: dict, **states: object) -> Objects:
    return {NUMBER: {**widget, "AP": {**widget.get("AP", {}), **states}}}


@attack(
    "font and content substitution",
    SHADOW,
    {
        f"the font that a reader would draw a {what}": Found(
            _SUSPICIOUS, ("Leader",), ("change.form-changed",)
        )
        for what in ("value in", "list in", "caption in", "value in, escaped", "value in, after a mark")
    },
)
def of_a_generated_appearance(desk, variant, malicious):
    """The value has no appearance, and its font no object: readers take one of their own, until there is one."""
    kind, entries = "Tx", {"DA": b"/Fx 12 Tf 0 g", "V": b"111"}
    if "list" in variant:
        kind, entries = "Ch", {"DA": entries["DA"], "Opt": [b"111", b"112"]}
    elif "caption" in variant:
        kind, entries = "Btn", {"DA": entries["DA"], "Ff": 1 << 16, "MK": {"CA": b"111"}}
    elif "escaped" in variant:
        entries["DA"] = b"/F#78 12 Tf 0 g"
    elif "mark" in variant:
        entries["DA"] = b"\xfe\xff /Fx 12 Tf 0 g"
    widget = build.field("Number", kind, _PLACE, **entries)
    data = desk.sign(append(build.prepared(), {NUMBER: widget}))
    swapped = {**FONT, "Encoding": {"Type": Name("Encoding"), "Differences": [0x31, Name("nine")]}}
    fonts = {"F1": Ref(FONT_REF), "Fx" if malicious else "Fy": Ref(_FONT)}
    return append(data, {FORM: build.form(NUMBERS, DR={"Font": fonts}), _FONT: swapped})


# --- boxes


_SMALL = (50, 600, 62, 612)
_COVER = b" 1 g 0 0 12 12 re f "


def _face(operators: bytes, resources: dict[str, object] | None = None) -> Stream:
    return _form(operators, resources, BBox=[0, 0, 12, 12])


_GLYPHS = {
    "Type": Name("Font"),
    "Subtype": Name("Type3"),
    "FontBBox": [0, 0, 12, 12],
    "FontMatrix": [1, 0, 0, 1, 0, 0],
    "FirstChar": 0x78,
    "LastChar": 0x78,
    "Widths": [12],
    "Encoding": {"Type": Name("Encoding"), "Differences": [0x78, Name("x")]},
    "CharProcs": {"x": Ref(_PART)},
    "Resources": {},
}
_FACES: dict[str, tuple[Stream, Stream, Objects]] = {
    "draws another picture of the same name": (
        _face(b"q 12 0 0 12 0 0 cm /I Do Q", {"XObject": {"I": Ref(_KIDS)}}),
        _face(b"q 12 0 0 12 0 0 cm /I Do Q", {"XObject": {"I": Ref(_PART)}}),
        {_PART: white(), _KIDS: _form(b"")},
    ),
    "ends a clip that dark ink had begun": (
        _face(b"0 0 1 1 re W f" + _COVER),
        _face(b"0 0 1 1 re f" + _COVER),
        {},
    ),
    "strokes without gaps": (
        _face(b"[0.1 1000] 999 d 1 G 12 w 0 6 m 12 6 l S"),
        _face(b"1 G 12 w 0 6 m 12 6 l S"),
        {},
    ),
    "writes a letter that is a white box": (
        _face(b""),
        _face(b"BT /F1 1 Tf 0 g (x) Tj ET", {"Font": {"F1": Ref(_FONT)}}),
        {_FONT: _GLYPHS, _PART: stream(b"12 0 d0 1 g 0 0 12 12 re f")},
    ),
    "leaves a hidden layer": (
        _face(b"/OC /L BDC" + _COVER + b"EMC", {"Properties": {"L": Ref(_LAYER)}}),
        _face(_COVER),
        _HIDDEN_LAYER,
    ),
    "is white, with operands to spare": (_face(b""), _face(b"0 0 1 g 0 0 12 12 re f"), {}),
}


@attack(
    "shadow attack: replace",
    SHADOW,
    {
        f"a face that covers a digit {name}": Found(_SUSPICIOUS, ("Leader",), ("change.appearance-replaced",))
        for name in _FACES
    },
)
def faces(desk, variant, malicious):
    off, on, also = _FACES[variant.removeprefix("a face that covers a digit ")]
    tick = _face(b"BT /F1 9 Tf 0 g 2 2 Td (x) Tj ET")
    widget = build.field(
        "Agreed", "Btn", _SMALL, AP={"N": {"Yes": Ref(_ON), "Off": Ref(_OFF)}}, AS=Name("Off"), V=Name("Off")
    )
    said = stream(_DIGITS.data + b" BT /F1 12 Tf 52 602 Td (1) Tj ET")
    data = _signed(
        desk,
        {
            CONTENT: said,
            PAGE: build.page([*NUMBERS, _BOX]),
            FORM: build.form([*NUMBERS, _BOX]),
            _BOX: widget,
            _ON: on if malicious else tick,
            _OFF: off if malicious else _face(b""),
            **also,
        },
    )
    return append(data, _entry(_BOX, V=Name("Yes"), AS=Name("Yes"))(data))


# --- marks


_LINES = [n for y in (690, 705, 720) for n in (45, y + 12, 245, y + 12, 45, y, 245, y)]
_MARKS = {
    "Highlight in black": annotation(
        "Highlight", QuadPoints=[45, 715, 245, 715, 45, 695, 245, 695], C=[0, 0, 0]
    ),
    **{
        f"Highlight in the {name} of the text": annotation(
            "Highlight", QuadPoints=[45, 715, 245, 715, 45, 695, 245, 695], C=colour
        )
        for name, colour in {"red": [1, 0, 0], "green": [0, 1, 0], "red of the print": [0, 1, 1, 0]}.items()
    },
    "StrikeOut in white": annotation("StrikeOut", QuadPoints=_LINES, C=[1, 1, 1]),
    "Underline in white": annotation("Underline", QuadPoints=_LINES, C=[1]),
}


@attack(
    "evil annotation attack",
    CERTIFIED,
    dict.fromkeys(_MARKS, Found(_SUSPICIOUS, ("Leader",), ("change.annotation-added",))),
)
def marks(desk, variant, malicious):
    honest = {**_MARKS[variant], "C": [1, 1, 0] if "Highlight" in variant else [1, 0, 0]}
    return with_annotation(desk.certified(3), _MARKS[variant] if malicious else honest)
