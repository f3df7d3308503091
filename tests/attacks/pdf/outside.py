"""Streams whose data are in another file: that file is not signed, and says tomorrow what its owner likes.

The twin has the same stream with the same bytes inside, and names no other file.
"""

from __future__ import annotations

from collections.abc import Callable

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize
from tests.attacks.pdf.cases import ISO, Found, attack
from tests.attacks.pdf.later import section
from tests.attacks.pdf.shadow import NUMBERS
from tests.signer.document import build
from tests.signer.document.build import CONTENT, FONT_REF, NUMBER, PAGE, append, page, stream

_DRAWN, _NEW = 80, 81
_WORDS = b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET"
_FILE = {"Type": Name("Filespec"), "F": b"https://example.org/page.txt", "UF": b"page.txt"}
_FOUND = Found("INDETERMINATE/SIG_CONSTRAINTS_FAILURE", (), ("verification.external-data",))
_LONG = {f"Key{index}": b"filled" for index in range(200)}  # more than is looked at first
Entries = dict[str, object]


def _content(entries: Entries) -> dict[int, object]:
    return {CONTENT: stream(_WORDS, **entries)}


def _drawing(entries: Entries) -> dict[int, object]:
    drawn = stream(_WORDS, Type=Name("XObject"), Subtype=Name("Form"), BBox=[0, 0, 595, 842], **entries)
    resources = {"Font": {"F1": Ref(FONT_REF)}, "XObject": {"X": Ref(_DRAWN)}}
    return {PAGE: page(NUMBERS, Resources=resources), CONTENT: stream(b"/X Do"), _DRAWN: drawn}


def _in(make: Callable[[Entries], dict[int, object]], **entries: object):
    return make, entries


_PLACES = {
    "the content of the page": _in(_content, F=_FILE),
    "the content of the page, by a plain name": _in(_content, F=b"page.txt"),
    "the content of the page, under words that end nothing": _in(
        _content, A=b"\nendobj\n>>\nstream\n", F=_FILE
    ),
    "the content of the page, behind a string in a string": _in(_content, A=b"((a)) >>\nstream\n", F=_FILE),
    "the content of the page, behind much else": _in(_content, **_LONG, ZZ=0, F=_FILE),
    "a drawing on the page": _in(_drawing, F=_FILE),
    "a filter for another file": _in(_content, FFilter=Name("FlateDecode")),
    "parameters of a filter for another file": _in(_content, FDecodeParms={"Columns": 1}),
}


def _without(entries: Entries) -> Entries:
    return {key: item for key, item in entries.items() if key not in ("F", "FFilter", "FDecodeParms")}


@attack("data of another file", ISO, dict.fromkeys(_PLACES, _FOUND))
def signed_so(desk, variant, malicious):
    make, entries = _PLACES[variant]
    return desk.sign(append(build.prepared(), make(entries if malicious else _without(entries))))


@attack("data of another file", ISO, {"the name is spelled by numbers": _FOUND})
def spelled(desk, _variant, malicious):
    data = append(build.prepared(), _content({"Q7": _FILE}))
    written = serialize(Name("Q7"))
    assert data.count(written) == 1
    return desk.sign(data.replace(written, b"/#46") if malicious else _shorter(data, written))


def _shorter(data: bytes, written: bytes) -> bytes:
    return data.replace(written, b"/#47")


@attack(
    "data of another file",
    ISO,
    {"the appearance of a filled field": Found(_FOUND.verdict, (), _FOUND.ids)},
)
def filled_so(desk, _variant, malicious):
    data = desk.signed()
    drawn = build.text_appearance(b"15")
    if malicious:
        drawn.dict["F"] = _FILE
    widget = {**PdfFile.of(data).get(NUMBER), "V": b"15", "AP": {"N": Ref(_NEW)}}
    return append(data, {NUMBER: widget, _NEW: drawn})


_DATA = b"\nstream\n" + _WORDS + b"\nendstream\nendobj\n"
_ODD = {
    "a key twice, the file first": b"<</Length 41 @ /F null>>" + _DATA,
    "a key twice, the file last": b"<</Length 41/F null @>>" + _DATA,
    "a word that is none": b"<</Length 41 @ foo>>" + _DATA,
    "a key without a value": b"<</Length 41 @ /A>>" + _DATA,
    "a bracket too many": b"<</Length 41 @ /A )>>" + _DATA,
    "too deep": b"<</Length 41 @ /A " + b"[" * 200 + b"]" * 200 + b">>" + _DATA,
    "no length": b"<<@>>" + _DATA,
    "a length below zero": b"<</Length -1 @>>" + _DATA,
    "a length beyond the file": b"<</Length 4100000 @>>" + _DATA,
    "a length that is nowhere": b"<</Length 99 0 R @>>" + _DATA,
    "no end of its data": b"<</Length 41 @>>" + _DATA.replace(b"endstream\n", b""),
    "data behind a carriage return": b"<</Length 41 @>>" + _DATA.replace(b"stream\n", b"stream\r", 1),
    "data behind a space": b"<</Length 41 @>>" + _DATA.replace(b"\nstream\n", b"stream ", 1),
    "words of an end inside": b"<</Length 41 endobj @>>" + _DATA,
    "words of a beginning inside": b"<</Length 41 stream @>>" + _DATA,
    "an odd string before a word of an end": b"<</A <41>> endobj @>>" + _DATA,
}


@attack(
    "data of another file",
    ISO,
    {f"in an object that strict readers refuse: {variant}": _FOUND for variant in _ODD},
)
def refused_so(desk, variant, malicious):
    """Lenient readers show it: whoever refuses it cannot say that it names no file."""
    base = build.prepared()
    written = _ODD[variant.partition(": ")[2]].replace(
        b"@", b"/F (page.txt)" if malicious else b"/G (page.txt)"
    )
    data = base + b"%d 0 obj\n" % CONTENT + written
    return desk.sign(section(data, {CONTENT: len(base)}, Prev=PdfFile.of(base).startxref))
