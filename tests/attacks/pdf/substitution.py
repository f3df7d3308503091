"""Font and content substitution: nothing is added to the page, and what it is made of is replaced."""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize_indirect
from tests.attacks.pdf.cases import SHADOW, Found, attack
from tests.attacks.pdf.shadow import white
from tests.signer.document import build
from tests.signer.document.build import CONTENT, FONT, FONT_REF, PAGE, append, page, stream, table

_NUMBERS = [build.LEADER, build.NUMBER, build.DATE, build.SEAL]
(
    _PROGRAM,
    _DESCRIPTOR,
    _ENCODING,
    _WIDTHS,
    _UNICODE,
    _DRAWING,
    _IMAGE,
    _STATE,
    _PATTERN,
    _RESOURCES,
    _SPACE,
) = range(80, 91)
_FOUND = Found("TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), ("change.page-content-changed",))
_DIFFERENCES = {"Type": Name("Encoding"), "Differences": [0x31, Name("nine")]}


def _page_of_parts(*, shared: bool) -> bytes:
    """A page whose font, pictures and drawings are objects of their own. `shared`: the resources are one, too."""
    font = {
        **FONT,
        "Subtype": Name("TrueType"),
        "FontDescriptor": Ref(_DESCRIPTOR),
        "Encoding": Ref(_ENCODING),
        "FirstChar": 0x31,
        "LastChar": 0x32,
        "Widths": Ref(_WIDTHS),
        "ToUnicode": Ref(_UNICODE),
    }
    resources = {
        "Font": {"F1": Ref(FONT_REF)},
        "XObject": {"D": Ref(_DRAWING), "I": Ref(_IMAGE)},
        "ExtGState": {"G": Ref(_STATE)},
        "Pattern": {"P": Ref(_PATTERN)},
        "ColorSpace": {"C": Ref(_SPACE)},
    }
    pattern = {
        "PatternType": 1,
        "PaintType": 1,
        "TilingType": 1,
        "BBox": [0, 0, 9, 9],
        "XStep": 9,
        "YStep": 9,
    }
    function = {"FunctionType": 2, "N": 1, "Domain": [0, 1]}
    content = (
        b"BT /F1 12 Tf 50 700 Td (12) Tj ET /G gs /D Do q 9 0 0 9 0 0 cm /I Do Q "
        b"/Pattern cs /P scn 0 0 50 50 re f /C cs 1 scn 0 0 9 9 re f"
    )
    return append(
        build.prepared(),
        {
            PAGE: page(_NUMBERS, Resources=Ref(_RESOURCES) if shared else resources),
            _RESOURCES: resources,
            CONTENT: stream(content),
            FONT_REF: font,
            _PROGRAM: stream(b"program"),
            _DESCRIPTOR: {"Type": Name("FontDescriptor"), "Flags": 4, "FontFile2": Ref(_PROGRAM)},
            _ENCODING: {"Type": Name("Encoding")},
            _WIDTHS: [500, 500],
            _UNICODE: stream(b"begincmap endcmap"),
            _DRAWING: stream(b"0 0 9 9 re f", Type=Name("XObject"), Subtype=Name("Form"), BBox=[0, 0, 9, 9]),
            _IMAGE: white(),
            _STATE: {"Type": Name("ExtGState"), "ca": 1},
            _PATTERN: stream(b"0 0 5 5 re f", **pattern, Resources={}),
            _SPACE: [Name("Separation"), Name("Black"), Name("DeviceGray"), function],
        },
    )


_PARTS = {
    "the font": {FONT_REF: FONT},
    "the font's program": {_PROGRAM: stream(b"another program")},
    "the font's descriptor": {_DESCRIPTOR: {"Type": Name("FontDescriptor"), "Flags": 4}},
    "the font's encoding": {_ENCODING: _DIFFERENCES},
    "the font's widths": {_WIDTHS: [-500, 500]},
    "the font's text": {_UNICODE: stream(b"begincmap 1 beginbfchar <31> <0039> endbfchar endcmap")},
    "a drawing": {
        _DRAWING: stream(b"0 0 99 99 re f", Type=Name("XObject"), Subtype=Name("Form"), BBox=[0, 0, 99, 99])
    },
    "an image": {_IMAGE: {**white().dict, "Width": 2}},
    "a graphics state": {_STATE: {"Type": Name("ExtGState"), "ca": 0}},
    "a pattern": {_PATTERN: stream(b"0 0 1 1 re f", PatternType=1)},
    "a colour": {_SPACE: [Name("Separation"), Name("None"), Name("DeviceGray"), {}]},
    "the resources": {_RESOURCES: {"Font": {}}},
}


_FONT = Found(  # the form uses it too, so it is not the page's alone
    "INDETERMINATE/SIG_CONSTRAINTS_FAILURE", ("Leader",), ("change.object-redefined",)
)


@attack(
    "font and content substitution",
    SHADOW,
    {name: _FONT if "font" in name else _FOUND for name in _PARTS},
)
def of_a_part(desk, variant, malicious):
    shared = variant == "the resources"
    data = desk.once(f"parts {shared}", lambda: desk.sign(_page_of_parts(shared=shared)))
    return append(data, _PARTS[variant]) if malicious else desk.stamp_document(data)


@attack(
    "font and content substitution",
    SHADOW,
    {
        "the generation of the content": Found(
            "TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), ("change.generation-changed",)
        ),
        "the length of the content is another": Found("TOTAL-FAILED/FORMAT_FAILURE", ("Leader",)),
    },
)
def of_the_content(desk, variant, malicious):
    if variant == "the generation of the content":
        data = desk.signed()
        evil = append(data, {CONTENT: stream(b"BT ET")}, gens={CONTENT: 1})
        at = evil.rindex(table({CONTENT: len(data)})[:6])
        return evil[:at] + evil[at:].replace(b" 00000 n", b" 00001 n", 1) if malicious else data
    data = desk.sign(_with_length_elsewhere(append(build.prepared(), {_STATE: len(_SAID)})))
    return append(data, {_STATE: len(_SAID) - 12}) if malicious else desk.stamp_document(data)


_SAID = b"BT /F1 12 Tf 50 700 Td (Khong) Tj ET BT ET endstream "


def _with_length_elsewhere(base: bytes) -> bytes:
    """The content's /Length is an object of its own, so that an update can shorten the stream."""
    with PdfFile.of(base) as pdf:
        prev = pdf.startxref
    body = b"%d 0 obj\n<</Length %d 0 R>>\nstream\n%b\nendstream\nendobj\n" % (CONTENT, _STATE, _SAID)
    trailer = b"trailer\n<</Size 120/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        prev,
        len(base + body),
    )
    return base + body + table({CONTENT: len(base)}) + trailer


_FORMS = {
    "six zeros as its generation": b"%d 000000 R",
    "a sign before its generation": b"%d +0 R",
    "a sign before its number": b"+%d 0 R",
    "zeros before its number": b"0000000000%d 0 R",
}


@attack(
    "font and content substitution",
    SHADOW,
    {f"the content is named with {name}": _FOUND for name in _FORMS},
)
def of_what_is_named_oddly(desk, variant, malicious):
    """The page names its content in a way that a quick look for references may miss."""
    odd = _FORMS[variant.removeprefix("the content is named with ")]
    data = desk.sign(_page_of_bytes(build.prepared(), b"/Contents " + odd % CONTENT))
    return append(data, {CONTENT: stream(b"BT ET")}) if malicious else desk.stamp_document(data)


def _page_of_bytes(base: bytes, contents: bytes) -> bytes:
    """The page written anew, with this entry as its content."""
    with PdfFile.of(base) as pdf:
        prev = pdf.startxref
    body = serialize_indirect(Ref(PAGE), page(_NUMBERS)).replace(b"/Contents %d 0 R" % CONTENT, contents)
    assert contents in body
    trailer = b"trailer\n<</Size 120/Root 1 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        prev,
        len(base + body),
    )
    return base + body + table({PAGE: len(base)}) + trailer
