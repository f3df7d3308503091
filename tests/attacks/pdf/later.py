"""Objects that come later: the signed part names a place that it does not reach, and the attacker brings the bytes.

No cross-reference is written anew, so a comparison of those finds nothing. The twin brings other bytes to that place.
"""

from __future__ import annotations

from signer.document.reader import PdfFile
from signer.document.syntax import Ref, serialize, serialize_indirect
from tests.attacks.pdf.cases import SHADOW, Found, attack
from tests.attacks.pdf.shadow import NUMBERS, text
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, PAGE, append, page

FAR = 40_000
LATE = 80
_WORDS = b"BT /F1 12 Tf 50 700 Td (Quyet dinh) Tj ET "
_FOUND = Found("INDETERMINATE/SIG_CONSTRAINTS_FAILURE", ("Leader",), ("change.dangling-reference-defined",))


def section(data: bytes, offsets: dict[int, int], **entries: object) -> bytes:
    """The data with a table at its end. `Prev` is among the entries."""
    trailer = {"Size": 120, "Root": Ref(CATALOG), **entries}
    at = len(data)
    return (
        data
        + build.table({0: None, **offsets})
        + b"trailer\n"
        + serialize(trailer)
        + b"\nstartxref\n%d\n%%%%EOF\n" % at
    )


def _named(data: bytes, offset: int) -> bytes:
    """One more revision, whose table says that object `LATE` stands at this offset."""
    return section(data, {LATE: offset}, Prev=PdfFile.of(data).startxref)


def _with_two_contents() -> bytes:
    return append(build.prepared(), {PAGE: page(NUMBERS, Contents=[Ref(CONTENT), Ref(LATE)])})


def _long_stream(head: bytes, base: bytes) -> tuple[bytes, int]:
    """The page's content says to be longer than the signed file is; where its data begin."""
    body = b"%d 0 obj\n%b\nstream\n" % (CONTENT, head)
    data = section(
        base + body + _WORDS + b"\nendstream\nendobj\n",
        {CONTENT: len(base)},
        Prev=PdfFile.of(base).startxref,
    )
    return data, len(base) + len(body)


def _filled(signed: bytes, place: int, brought: bytes) -> bytes:
    """An update without an object, before whose table these bytes stand at `place`."""
    data = signed + b"%" + b"-" * (place - len(signed) - 2) + b"\n" + brought
    return section(data, {}, Prev=PdfFile.of(signed).startxref)


_STREAMS = {
    "a stream is longer than the signed file": b"<</Length %d>>" % FAR,
    "a stream whose length has another name": b"<</DecodeParms <</Length 5>>/L#65ngth %d>>" % FAR,
    "a stream whose length is an object": b"<</DecodeParms <</Length 5>>/Length 81 0 R>>",
}


@attack(
    "object that comes later",
    SHADOW,
    dict.fromkeys(
        ("an entry leads beyond the signed file", "a string ends beyond the signed file", *_STREAMS), _FOUND
    ),
)
def brought_later(desk, variant, malicious):
    honest = b"% nothing\n"
    if variant == "an entry leads beyond the signed file":
        data = desk.once(variant, lambda: desk.sign(_named(_with_two_contents(), FAR)))
        return _filled(data, FAR, serialize_indirect(Ref(LATE), text(b"va hon the")) if malicious else honest)
    if variant == "a string ends beyond the signed file":
        base = _with_two_contents()
        begun = b"%d 0 obj\n<</A (" % LATE
        named = section(base + begun, {LATE: len(base)}, Prev=PdfFile.of(base).startxref)
        data = desk.once(variant, lambda: desk.sign(named))
        rest = b")/Length 40>>\nstream\n" + b"BT /F1 12 Tf 50 600 Td (gia) Tj ET".ljust(40)
        return _filled(data, FAR, rest + b"\nendstream\nendobj\n" if malicious else honest)
    base = append(build.prepared(), {81: FAR})
    made, start = _long_stream(_STREAMS[variant], base)
    data = desk.once(variant, lambda: desk.sign(made))
    more = b"\nBT /F1 12 Tf 50 600 Td (va hon the) Tj ET "
    end = start + FAR
    return _filled(data, end - len(more), more + b"\nendstream\nendobj\n" if malicious else honest)
