"""Buttons: which face is chosen is all that filling changes, and the faces stood in the signed document.

Nobody sees a face that is not chosen, so one may lie over the whole page, or say another thing than the value.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, Stream
from tests.attacks.pdf.cases import SHADOW, Found, attack, genuine
from tests.attacks.pdf.shadow import NUMBERS
from tests.signer.document import build
from tests.signer.document.build import FONT_REF, FORM, PAGE, append, field, form, page, stream

_BOX, _OTHER, _ON, _OFF, _GLYPH = 60, 61, 62, 63, 64
_SMALL, _WHOLE = (50, 600, 62, 612), (0, 0, 595, 842)
_TICK = b"BT /F1 9 Tf 0 g 2 2 Td (x) Tj ET"
_GROUND = b"q 1 g 0 0 12 12 re f 0.5 0.5 11 11 re s Q "
_DISC = b"0 g 10 6 m 10 8 8 10 6 10 c 4 10 2 8 2 6 c 2 4 4 2 6 2 c 8 2 10 4 10 6 c f "
_WORD = b"BT /F1 4 Tf 0 g 0 2 Td (khong) Tj ET "
_FALSE = b"1 g 0 0 595 842 re f 0 g BT /F1 12 Tf 50 700 Td (Gia mao) Tj ET"
_STROKES = b"".join(b"%d 2 m %d 10 l %d 6 m %d 2 l S " % (x, x, x, x + 1) for x in range(1, 11, 2))
_FONTS = {
    "F1": Ref(FONT_REF),
    "ZaDb": {"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("ZapfDingbats")},
    "Odd": {
        "Type": Name("Font"),
        "Subtype": Name("Type1"),
        "BaseFont": Name("ZapfDingbats"),
        "Encoding": {"Differences": [0x34, Name("a120")]},
    },
    "T3": {
        "Type": Name("Font"),
        "Subtype": Name("Type3"),
        "FontBBox": [0, 0, 1000, 1000],
        "FontMatrix": [0.001, 0, 0, 0.001, 0, 0],
        "CharProcs": {"x": Ref(_GLYPH)},
        "Encoding": {"Differences": [0x78, Name("x")]},
        "FirstChar": 0x78,
        "LastChar": 0x78,
        "Widths": [1000],
    },
}
_PUSHES, _RADIO = 1 << 16, 1 << 15
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"


@dataclass(frozen=True)
class _Box:
    """A box with the two faces that it had when it was signed, and what it says afterwards."""

    on: bytes = _TICK
    off: bytes = b""
    rect: tuple[int, ...] = _SMALL
    flags: int = 0
    value: str = "Yes"
    face: str = "Yes"


def _face(operators: bytes, rect: tuple[int, ...]) -> Stream:
    return stream(
        operators,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=[0, 0, rect[2] - rect[0], rect[3] - rect[1]],
        Resources={"Font": _FONTS},
    )


def _signed(desk, box: _Box) -> bytes:
    states = {"N": {"Yes": Ref(_ON), "Off": Ref(_OFF)}}
    widget = field("Agreed", "Btn", box.rect, Ff=box.flags, AP=states, AS=Name("Off"), V=Name("Off"))
    objects = {
        PAGE: page([*NUMBERS, _BOX]),
        FORM: form([*NUMBERS, _BOX]),
        _BOX: widget,
        _ON: _face(box.on, box.rect),
        _OFF: _face(box.off, box.rect),
        _GLYPH: stream(b"1000 0 d0 1 g 0 0 1000 1000 re f"),
    }
    return desk.sign(append(build.prepared(), objects))


def _chosen(data: bytes, value: str, face: str) -> bytes:
    return append(data, {_BOX: {**PdfFile.of(data).get(_BOX), "V": Name(value), "AS": Name(face)}})


_BOXES = {
    "a face as large as the page is chosen": (_Box(_FALSE, rect=_WHOLE), "appearance-replaced"),
    "a face as large as the page is chosen, and no value": (
        _Box(_FALSE, rect=_WHOLE, value="Off"),
        "appearance-replaced",
    ),
    "a face that covers a digit is chosen": (_Box(b"1 g 0 0 12 12 re f"), "appearance-replaced"),
    "a face of white letters is chosen": (_Box(b"BT /F1 90 Tf 1 g (M) Tj ET"), "appearance-replaced"),
    "a face that is a picture is chosen": (_Box(b"/I Do"), "appearance-replaced"),
    "a face that uncovers a digit is chosen": (_Box(off=b"1 g 0 0 12 12 re f"), "appearance-replaced"),
    "a face that writes a digit is chosen": (
        _Box(b"BT /F1 9 Tf 0 g 2 2 Td (9) Tj ET"),
        "appearance-replaced",
    ),
    "a face that writes a word is chosen": (
        _Box(b"BT /F1 5 Tf 0 g 0 2 Td [(kh) 0 (ong)] TJ ET"),
        "appearance-replaced",
    ),
    "a face that writes crosses in a row is chosen": (
        _Box(b"BT /F1 5 Tf 0 g 0 2 Td (xxxx) Tj ET"),
        "appearance-replaced",
    ),
    "a face that writes a word in strokes is chosen": (_Box(_STROKES), "appearance-replaced"),
    "a face that draws a digit by a glyph is chosen": (
        _Box(b"/T3 9 Tf 0 g q /F1 9 Tf Q BT 2 2 Td (x) Tj ET"),
        "appearance-replaced",
    ),
    "a face that wrote a digit is left": (
        _Box(off=b"BT /F1 9 Tf 0 g 2 2 Td (9) Tj ET"),
        "appearance-replaced",
    ),
    "a face that writes a circled digit is chosen": (
        _Box(b"BT /ZaDb 9 Tf 0 g 2 2 Td (\\300) Tj ET"),
        "appearance-replaced",
    ),
    "a face that writes a digit by a code of its own is chosen": (
        _Box(b"BT /Odd 9 Tf 0 g 2 2 Td (4) Tj ET"),
        "appearance-replaced",
    ),
    "a push button gets another face": (_Box(flags=_PUSHES), "appearance-replaced"),
    "a box says yes and shows no": (_Box(face="Off"), "value-differs-from-drawing"),
    "a box shows yes and says no": (_Box(value="Off"), "value-differs-from-drawing"),
}


@attack(
    "shadow attack: replace",
    SHADOW,
    {name: Found(_SUSPICIOUS, ("Leader",), (f"change.{found}",)) for name, (_, found) in _BOXES.items()},
)
def another_face(desk, variant, malicious):
    box = _BOXES[variant][0] if malicious else _Box()
    return _chosen(_signed(desk, box), box.value, box.face)


def _radio(desk) -> bytes:
    shared = {
        "Type": Name("Annot"),
        "Subtype": Name("Widget"),
        "F": 4,
        "Parent": Ref(_BOX),
        "P": Ref(PAGE),
        "AS": Name("Off"),
    }
    objects = {
        PAGE: page([*NUMBERS, _OTHER, _OTHER + 10]),
        FORM: form([*NUMBERS, _BOX]),
        _BOX: {"FT": Name("Btn"), "T": b"Choice", "Ff": _RADIO, "Kids": [Ref(_OTHER), Ref(_OTHER + 10)]},
        _OTHER: {**shared, "Rect": list(_SMALL), "AP": {"N": {"a": Ref(_ON), "Off": Ref(_OFF)}}},
        _OTHER + 10: {**shared, "Rect": [80, 600, 92, 612], "AP": {"N": {"b": Ref(_ON), "Off": Ref(_OFF)}}},
        _ON: _face(_GROUND + b"0 g 3 3 6 6 re f", _SMALL),
        _OFF: _face(_GROUND, _SMALL),
    }
    data = desk.sign(append(build.prepared(), objects))
    pdf = PdfFile.of(data)
    return append(
        data, {_BOX: {**pdf.get(_BOX), "V": Name("a")}, _OTHER: {**pdf.get(_OTHER), "AS": Name("a")}}
    )


_TICKED: dict[str, Callable[..., bytes]] = {
    "a letter on a white ground": lambda desk: _chosen(
        _signed(desk, _Box(_GROUND + _TICK, _GROUND)), "Yes", "Yes"
    ),
    "two strokes": lambda desk: _chosen(_signed(desk, _Box(b"2 2 m 10 10 l 10 2 m 2 10 l S")), "Yes", "Yes"),
    **{
        f"the sign {sign} of the dingbats": lambda desk, sign=sign: _chosen(
            _signed(desk, _Box(b"BT /ZaDb 9 Tf 0 g 2 2 Td (%b) Tj ET" % sign.encode())), "Yes", "Yes"
        )
        for sign in "48lunH"
    },
    "a circle": lambda desk: _chosen(_signed(desk, _Box(_GROUND + _DISC, _GROUND)), "Yes", "Yes"),
    "a word that stood there": lambda desk: _chosen(_signed(desk, _Box(_WORD + _TICK, _WORD)), "Yes", "Yes"),
    "ticked, and not any more": lambda desk: _chosen(
        _chosen(_signed(desk, _Box()), "Yes", "Yes"), "Off", "Off"
    ),
    "a radio button": _radio,
}


@genuine("boxes that are ticked after the signature", tuple(_TICKED), ids=("change.field-filled",))
def ticked(desk, variant):
    return _TICKED[variant](desk)
