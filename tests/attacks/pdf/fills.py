"""Fields that are filled after the signature, as the programs write them that people fill forms with."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from tests.attacks.pdf.cases import genuine
from tests.attacks.pdf.shadow import NUMBERS
from tests.signer.document import build
from tests.signer.document.build import FONT, FORM, NUMBER, PAGE, append, stream

_OLD, _NEW, _HELV, _DINGBATS, _BOX = range(60, 65)
_FACES = range(70, 74)
_PDF_DOC = {"Type": Name("Encoding"), "Differences": [24, Name("breve"), Name("caron"), 160, Name("Euro")]}
_FONTS = {
    _HELV: {**FONT, "Name": Name("Helv"), "Encoding": _PDF_DOC},
    _DINGBATS: {"Type": Name("Font"), "Subtype": Name("Type1"), "BaseFont": Name("ZapfDingbats")},
}
_NAMES = {"Font": {"Helv": Ref(_HELV), "ZaDb": Ref(_DINGBATS)}}
_WRITERS = {
    "Acrobat": (
        b"/Tx BMC \nEMC\n",
        b"/Tx BMC \nq\n1 1 98 18 re\nW\nn\nBT\n/Helv 12 Tf\n0 g\n2 5.676 Td\n(15) Tj\nET\nQ\nEMC\n",
    ),
    "Acrobat, on a ground with a border": (
        b"1 g\n0 0 100 20 re\nf\n0.5 0.5 99 19 re\ns\n/Tx BMC \nEMC\n",
        b"1 g\n0 0 100 20 re\nf\n0.5 0.5 99 19 re\ns\n/Tx BMC \nq\n1 1 98 18 re\nW\nn\nBT\n/Helv 12 Tf\n0 g\n"
        b"2 5.676 Td\n(15) Tj\nET\nQ\nEMC\n",
    ),
    "Acrobat, in a comb": (
        b"/Tx BMC \nEMC\n",
        b"/Tx BMC \nq\nBT\n/Helv 12 Tf\n0 g\n21.66 5.676 Td\n(1) Tj\n50 0 Td\n(5) Tj\nET\nQ\nEMC\n",
    ),
    "Foxit": (
        b"/Tx BMC\nEMC\n",
        b"/Tx BMC\nq\n2 2 96 16 re W n\nBT\n0 0 0 rg\n/Helv 12 Tf\n2 6 Td\n0 Tc 0 Tw 100 Tz\n(15) Tj\nET\nQ\nEMC\n",
    ),
    "LibreOffice": (
        b"",
        b"/Tx BMC\nq 1 1 98 18 re W* n\nBT\n0 0 0 rg\n/Helv 12 Tf\n1 0 0 1 2 5 Tm\n<3135>Tj\nET\nQ\nEMC\n",
    ),
    "iText": (
        b"/Tx BMC\nEMC\n",
        b"/Tx BMC\nq\n1 1 98 18 re\nW\nn\nq\nBT\n/Helv 12 Tf\n2 5 Td\n0 g\n(15)Tj\nET\nQ\nQ\nEMC\n",
    ),
    "pdf.js": (
        b"",
        b"/Tx BMC q BT /Helv 12 Tf 0 g 1 0 0 1 0 0 Tm 2 5.5 Td (15) Tj ET Q EMC",
    ),
}


def _appearance(operators: bytes, box: tuple[int, ...] = (0, 0, 100, 20)):
    return stream(
        operators,
        Type=Name("XObject"),
        Subtype=Name("Form"),
        BBox=list(box),
        Resources={**_NAMES, "ProcSet": [Name("PDF"), Name("Text")]},
    )


def _signed(desk, kind: str, empty: bytes, **entries: object) -> bytes:
    given = {"AP": {"N": Ref(_OLD)}} if empty else {}
    widget = build.field("Number", kind, DA=b"/Helv 12 Tf 0 g", **given, **entries)
    objects = {FORM: build.form(NUMBERS, DR=_NAMES), NUMBER: widget, _OLD: _appearance(empty), **_FONTS}
    return desk.sign(append(build.prepared(), objects))


def _filled(data: bytes, drawing: bytes, **entries: object) -> bytes:
    widget = {**PdfFile.of(data).get(NUMBER), "V": b"15", "AP": {"N": Ref(_NEW)}, **entries}
    return append(data, {NUMBER: widget, _NEW: _appearance(drawing)})


@genuine("fields filled by programs of many", tuple(_WRITERS), ids=("change.field-filled",))
def texts(desk, variant):
    empty, drawing = _WRITERS[variant]
    return _filled(_signed(desk, "Tx", empty), drawing, M=b"D:20261120100000+07'00'")


@genuine(
    "fields filled by programs of many",
    ("a combo box", "a list box", "in place, twice", "cleared again"),
    ids=("change.field-filled",),
)
def others(desk, variant):
    empty, drawing = _WRITERS["Acrobat"]
    if variant == "a combo box":
        entries = {"Ff": 1 << 17, "Opt": [[b"a", b"15"], [b"b", b"16"]]}
        return _filled(_signed(desk, "Ch", empty, **entries), drawing, V=b"a", I=[0])
    if variant == "a list box":
        rows = b"/Tx BMC\nq\nBT\n/Helv 8 Tf\n0 g\n2 12 Td\n(15) Tj\n0 -8 Td\n(16) Tj\nET\nQ\nEMC\n"
        return _filled(_signed(desk, "Ch", rows, Opt=[b"15", b"16"]), rows, I=[0])
    data = _filled(_signed(desk, "Tx", empty), drawing)
    if variant == "cleared again":
        return append(data, {NUMBER: {**PdfFile.of(data).get(NUMBER), "V": b""}, _NEW: _appearance(empty)})
    later = {NUMBER: {**PdfFile.of(data).get(NUMBER), "V": b"16"}}
    return append(data, {**later, _NEW: _appearance(drawing.replace(b"(15)", b"(16)"))})


_BORDER = b"0.5 0.5 11 11 re\ns\n"
_MARKED = b"q\n1 1 10 10 re\nW\nn\nBT\n/ZaDb 9.2 Tf\n0 g\n2.1 2.8 Td\n9.2 TL\n0 0 Td\n(4) Tj\nET\nQ\n"
_BOXES = {
    "Acrobat": (_BORDER, _BORDER + _MARKED),
    "Acrobat, on a ground": (
        b"q\n1 g\n0 0 12 12 re\nf\nQ\n" + _BORDER,
        b"q\n1 g\n0 0 12 12 re\nf\nQ\n" + _BORDER + _MARKED,
    ),
    "iText": (b"q\nQ\n", b"q\nBT\n0 g\n/ZaDb 9 Tf\n1 0 0 1 2.2 2.8 Tm\n(8)Tj\nET\nQ\n"),
    "LibreOffice": (
        b"/Tx BMC\nEMC\n",
        b"/Tx BMC\nq BT\n0 0 0 rg\n/ZaDb 10 Tf\n1.5 2 Td\n<38> Tj\nET\nQ\nEMC\n",
    ),
    "PDFium": (b"q Q", b"q\n0 0 0 rg\n2 6 m\n5 2 l\n10 10 l\n5 5 l\nh\nf\nQ\n"),
}


@genuine("boxes ticked by programs of many", tuple(_BOXES), ids=("change.field-filled",))
def boxes(desk, variant):
    off, on = _BOXES[variant]
    down_off, down_on, plain_off, plain_on = _FACES
    pressed = b"0.75 g\n0 0 12 12 re\nf\n"
    states = {
        "N": {"Yes": Ref(plain_on), "Off": Ref(plain_off)},
        "D": {"Yes": Ref(down_on), "Off": Ref(down_off)},
    }
    mark = {"CA": b"4", "BC": [0], "BG": [1]}
    widget = build.field(
        "Agreed", "Btn", (50, 600, 62, 612), AP=states, AS=Name("Off"), MK=mark, DA=b"/ZaDb 0 Tf 0 g"
    )
    box = (0, 0, 12, 12)
    objects = {
        PAGE: build.page([*NUMBERS, _BOX]),
        FORM: build.form([*NUMBERS, _BOX], DR=_NAMES),
        _BOX: widget,
        plain_on: _appearance(on, box),
        plain_off: _appearance(off, box),
        down_on: _appearance(pressed + on, box),
        down_off: _appearance(pressed + off, box),
        **_FONTS,
    }
    data = desk.sign(append(build.prepared(), objects))
    return append(data, {_BOX: {**widget, "V": Name("Yes"), "AS": Name("Yes")}})


@genuine("fields filled by programs of many", ("the form gains fonts",), ids=("change.field-filled",))
def with_fonts(desk, _variant):
    """The filling program names its own font, and enters it into the form's resources."""
    widget = build.field("Number", "Tx", DA=b"/Helv 12 Tf 0 g")
    data = desk.sign(append(build.prepared(), {NUMBER: widget}))
    later = {
        FORM: build.form(NUMBERS, DR={"Font": {"F1": Ref(build.FONT_REF), "Helv": Ref(_HELV)}}),
        **_FONTS,
    }
    drawn = {_NEW: _appearance(_WRITERS["Acrobat"][1])}
    return append(data, {**later, **drawn, NUMBER: {**widget, "V": b"15", "AP": {"N": Ref(_NEW)}}})
