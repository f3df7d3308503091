"""Two readers, two documents: an update that says nothing new, and makes some readers look for the objects themselves.

Each prepared document holds an object that its cross-references do not name; the twin gets the same update, and hides
nothing.
"""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize, serialize_indirect
from tests.attacks.pdf.cases import SHADOW, Found, attack
from tests.attacks.pdf.later import section
from tests.attacks.pdf.shadow import NUMBERS, _covered, text
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, FONT_REF, FORM, PAGE, append, page, stream

_EVIL = text(b"Quyet dinh gia")
_SPARE = 115
_SUSPICIOUS = "INDETERMINATE/SIG_CONSTRAINTS_FAILURE"


def _found(*ids: str) -> Found:
    return Found(_SUSPICIOUS, ("Leader",), ids)


def _hiding(base: bytes, hidden: bytes) -> bytes:
    """One more revision with these bytes, which nothing leads to."""
    return section(base + hidden, {}, Prev=PdfFile.of(base).startxref)


def _update(data: bytes, row: bytes, **entries: object) -> bytes:
    """An object that nobody uses, in a table with this row."""
    at = len(data)
    body = serialize_indirect(Ref(_SPARE), {})
    trailer = {"Size": 120, "Root": Ref(CATALOG), "Prev": PdfFile.of(data).startxref, **entries}
    table = b"xref\n%d 1\n" % _SPARE + row % at + b"trailer\n" + serialize(trailer)
    return data + body + table + b"\nstartxref\n%d\n%%%%EOF\n" % (at + len(body))


_ROW = b"%010d 00000 n\r\n"
_WAYS = {
    "a long tail": lambda data: data + b"\n<!--" + b"-" * 3000 + b"-->\n",
    "a tail of white space": lambda data: data + b"\n" * 3000,
    "lines of 19 bytes": lambda data: _update(data, b"%010d 00000 n\n"),
    "lines without zeros": lambda data: _update(data, b"%d 0 n\n"),
    "no size": lambda data: _update(data, _ROW, Size=None),
    "a size below nothing": lambda data: _update(data, _ROW, Size=-1),
    "an absurd size": lambda data: _update(data, _ROW, Size=99_999_999),
}


@attack(
    "two readers, two documents",
    SHADOW,
    {f"rebuilt on account of {name}": _found("change.rebuilt-otherwise") for name in _WAYS},
)
def rebuilt(desk, variant, malicious):
    hidden = serialize_indirect(Ref(CONTENT), _EVIL) if malicious else b""
    data = desk.sign(_hiding(build.prepared(), hidden))
    return _WAYS[variant.removeprefix("rebuilt on account of ")](data)


@attack(
    "two readers, two documents",
    SHADOW,
    {
        "a hidden trailer, and a long tail": _found("change.rebuilt-otherwise"),
        "a hidden object that the page waits for, and a long tail": _found("change.rebuilt-otherwise"),
        "an object stream hides an older object, and a long tail": _found("change.rebuilt-otherwise"),
    },
)
def rebuilt_from_more(desk, variant, malicious):
    base = append(build.prepared(), {PAGE: page(NUMBERS, Contents=[Ref(CONTENT), Ref(90)])})
    hidden = serialize_indirect(Ref(91 if not malicious else 90), _EVIL)
    if variant.startswith("a hidden trailer"):
        hidden = b"trailer\n<</Root 88 0 R>>\n" if malicious else b"% nothing\n"
    if variant.startswith("an object stream"):
        words = serialize(dict(PdfFile.of(base).get(FONT_REF)))
        packed = stream(b"%d 0 %b" % (FONT_REF, words), Type=Name("ObjStm"), N=1, First=4)
        at = len(base)
        made = base + serialize_indirect(Ref(111), packed)
        hidden = serialize_indirect(Ref(FONT_REF), {"Type": Name("Font")}) if malicious else b""
        place = len(made) + len(hidden)
        trailer = {"Size": 130, "Root": Ref(CATALOG), "Prev": PdfFile.of(base).startxref}
        rows = build.xref_stream({FONT_REF: (111, 0), 111: at}, trailer, 129, place)
        signed = desk.sign(made + hidden + rows + b"startxref\n%d\n%%%%EOF\n" % place)
    else:
        signed = desk.sign(_hiding(base, hidden))
    return _WAYS["a long tail"](signed)


def _hybrid(data: bytes, table: dict[int, int], hidden: dict[int, int], **entries: object) -> bytes:
    """An update with a table, and a stream beside it; `entries` are the stream's."""
    at = len(data)
    rows = build.xref_stream(hidden, {"Size": 120, "Root": Ref(CATALOG), **entries}, 92, at)
    return section(data + rows, table, Prev=PdfFile.of(data).startxref, XRefStm=at)


@attack(
    "two readers, two documents",
    SHADOW,
    {
        "the table and its stream name two places": Found("document.xref-damaged"),
        "the stream beside the table leads elsewhere": Found("document.xref-damaged"),
    },
)
def in_a_hybrid_section(desk, variant, malicious):
    data = desk.signed()
    old, start = PdfFile.of(data).entry(CONTENT).where, len(data)
    evil = data + serialize_indirect(Ref(CONTENT), _EVIL)
    if variant.startswith("the table"):
        return _hybrid(
            evil if malicious else data, {CONTENT: old}, {CONTENT: start} if malicious else {CONTENT: old}
        )
    prev = PdfFile.of(data).startxref
    if not malicious:
        return _hybrid(data, {}, {}, Prev=prev)
    place = len(evil)
    trailer = b"trailer\n" + serialize({"Size": 120, "Root": Ref(CATALOG)}) + b"\n"
    made = evil + build.table({CONTENT: start}) + trailer
    at = len(made)
    rows = build.xref_stream({}, {"Size": 120, "Root": Ref(CATALOG), "Prev": place}, 92, at)
    return section(made + rows, {}, Prev=prev, XRefStm=at)


@attack(
    "two readers, two documents",
    SHADOW,
    {
        "the size leaves out what covers the text": _found("change.trailer-changed"),
        "the catalog stands in the trailer": _found("change.trailer-changed"),
        "a key is null, and then is not": Found("document.malformed"),
        "an object stream has one number twice": Found("document.object-mismatch"),
    },
)
def said_twice(desk, variant, malicious):
    data = desk.once("covered by an image", lambda: desk.sign(_covered()))
    prev = PdfFile.of(data).startxref
    if variant.startswith("the size"):
        return section(data, {}, Prev=prev, Size=50 if malicious else 120)
    if variant.startswith("the catalog"):
        return section(data, {}, Prev=prev, Root=PdfFile.of(data).catalog if malicious else Ref(CATALOG))
    same = serialize(PdfFile.of(data).get(FORM))
    if variant.startswith("a key"):
        twice = same.replace(b"/Fields ", b"/Fields null/Fields ") if malicious else same
        made = data + b"%d 0 obj\n%b\nendobj\n" % (FORM, twice)
        return section(made, {FORM: len(data)}, Prev=prev)
    head = b"%d 0 %d %d " % (FORM, FORM if malicious else 119, len(same) + 1)
    packed = stream(head + same + b" <<>>", Type=Name("ObjStm"), N=2, First=len(head))
    made = data + serialize_indirect(Ref(111), packed)
    place = len(made)
    trailer = {"Size": 130, "Root": Ref(CATALOG), "Prev": prev}
    rows = build.xref_stream({FORM: (111, 0), 111: len(data)}, trailer, 129, place)
    return made + rows + b"startxref\n%d\n%%%%EOF\n" % place
