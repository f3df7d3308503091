"""Signature wrapping: the signed bytes are all there, but other bytes stand between them.

The hole of a signature is larger than its value, or is made so; what lies in it is covered by nobody.
"""

from __future__ import annotations

import re

from signer.document.reader import PdfFile
from signer.document.syntax import HexString, Name, Ref, serialize, serialize_indirect
from tests.attacks.pdf.cases import REFUND, Found, attack
from tests.attacks.pdf.desk import patched
from tests.signer.document import build
from tests.signer.document.build import CATALOG, CONTENT, LEADER, stream

_EVIL = serialize_indirect(Ref(CONTENT), stream(b"BT /F1 12 Tf 50 700 Td (Quyet dinh gia) Tj ET"))
_RANGE = ("verification.byte-range",)
_FORMAT = Found("TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), _RANGE)
_HASH = Found("TOTAL-FAILED/HASH_FAILURE", ("Leader",), _RANGE)


def _hole(data: bytes) -> tuple[int, int, int]:
    """The newest hole, and where its value's last byte ends."""
    start = data.rindex(b"/Contents <") + 10
    end = data.index(b">", start) + 1
    digits = data[start + 1 : end - 1].rstrip(b"0")
    return start, end, start + 1 + len(digits) + len(digits) % 2


def _in_the_gap(data: bytes, evil: bytes) -> bytes:
    """The value's filling becomes the end of its object and whatever the attacker wants; nothing signed moves."""
    start, end, filling = _hole(data)
    begun = data[start:filling] + b">>>\nendobj\n" + evil
    rest = b"99 0 obj\n<</A <"
    room = end - start - len(begun) - len(rest) - 1
    return data[:start] + begun + rest + b"0" * room + b">" + data[end:]


def _shown_by_an_update(data: bytes) -> bytes:
    """A table at the end leads to the objects in the gap."""
    wrapped = _in_the_gap(data, _EVIL)
    offsets = {CONTENT: wrapped.rindex(_EVIL)}
    at = len(wrapped)
    trailer = {"Size": 100, "Root": Ref(CATALOG), "Prev": PdfFile.of(data).startxref}
    return (
        wrapped
        + build.table(offsets)
        + b"trailer\n"
        + serialize(trailer)
        + b"\nstartxref\n%d\n%%%%EOF\n" % at
    )


def _widened(data: bytes, before: int, after: int) -> bytes:
    """The ByteRange leaves out more than the hole."""
    old = list(re.finditer(rb"\[0 (\d+) (\d+) (\d+) *\]", data))[-1]
    first, second, rest = (int(group) for group in old.groups())
    return patched(data, old[0], b"[0 %d %d %d]" % (first - before, second + after, rest - after), last=True)


def _wrapped(data: bytes, hole: int, second: int, byte_range: re.Match[bytes]) -> bytes:
    """What is signed after the hole is moved away, and the ByteRange follows it. Where the signed `startxref` leads
    to stands a table of the attacker's, and between them whatever he wants to show."""
    offset = PdfFile.of(data).startxref
    tail = data[second:offset]

    def between(place: int) -> bytes:
        table = build.table(
            {CONTENT: place, LEADER: data.rindex(b"\n10 0 obj") + 1, 20: data.rindex(b"\n20 0 obj") + 1}
        )
        trailer = {"Size": 100, "Root": Ref(CATALOG), "Prev": PdfFile.of(build.prepared()).startxref}
        return tail + table + b"trailer\n" + serialize(trailer) + b"\n"

    evil = between(offset + len(between(10**9)) - len(tail))
    evil += _EVIL + b"99 0 obj\n<</A 1"
    numbers = b"[0 %d %d %d]" % (hole, second + len(evil), len(data) - second)
    moved = data[: byte_range.start()] + numbers.ljust(len(byte_range[0])) + data[byte_range.end() : second]
    return moved + evil + data[second:]


@attack(
    "signature wrapping",
    REFUND,
    {
        "objects in the filling": _FORMAT,
        "objects in the filling, shown by an update": Found(
            "TOTAL-FAILED/FORMAT_FAILURE", ("Leader",), (*_RANGE, "change.page-content-changed")
        ),
        "the hole begins too early": _HASH,
        "the hole ends too late": _HASH,
        "the second part is moved": _HASH,
    },
)
def around_the_hole(desk, variant, malicious):
    data = desk.signed()
    if not malicious:
        return data
    match variant:
        case "objects in the filling":
            return _in_the_gap(data, _EVIL)
        case "objects in the filling, shown by an update":
            return _shown_by_an_update(data)
        case "the hole begins too early":
            return _widened(data, 2, 0)
        case "the hole ends too late":
            return _widened(data, 0, 2)
        case _:
            start, end, _ = _hole(data)
            return _wrapped(data, start, end, list(re.finditer(rb"\[0 \d+ \d+ \d+ *\]", data))[-1])


def _range_in_the_hole(desk, malicious: bool) -> bytes:
    """A signer who leaves the ByteRange itself unsigned: it stands behind /Contents, within what is left out."""
    base = build.prepared()
    value = {
        "Type": Name("Sig"),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.CAdES.detached"),
        "Contents": HexString(bytes(9000)),
        "ByteRange": [0, 9_999_999_999, 9_999_999_999, 9_999_999_999],
    }
    field = PdfFile.of(base).get(LEADER)
    data = bytearray(build.append(base, {LEADER: {**field, "V": Ref(20)}, 20: value}))
    start = data.rindex(b"<" + b"0" * 18000)
    old = re.search(rb"\[ ?0 9999999999 9999999999 9999999999 ?\]", bytes(data[start:]))
    end = start + (old.end() if malicious else 18002)
    written = b"[0 %d %d %d" % (start, end, len(data) - end)
    place = start + old.start()
    data[place : place + len(old[0])] = written.ljust(len(old[0]) - 1) + b"]"
    signed = bytes(data[:start] + data[end:])
    cms = desk.cms_of("leader")(signed).hex().encode()
    data[start + 1 : start + 1 + len(cms)] = cms
    if not malicious:
        return bytes(data)
    # Whoever has the file can move the second part now: the value verifies still.
    return _wrapped(bytes(data), start, end, list(re.finditer(rb"\[0 \d+ \d+ \d+ *\]", bytes(data)))[-1])


@attack("signature wrapping", REFUND, {"the ByteRange is not signed": _FORMAT, "two ByteRanges": _FORMAT})
def by_the_range(desk, variant, malicious):
    if variant == "the ByteRange is not signed":
        return _range_in_the_hole(desk, malicious)
    data = desk.signed()
    if not malicious:
        return data
    start, end, filling = _hole(data)
    second = b">/ByteRange [0 %d %d %d]/B <" % (start, end, len(data) - end)
    return data[:filling] + second + b"0" * (end - 1 - filling - len(second)) + data[end - 1 :]
