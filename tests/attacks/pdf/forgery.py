"""Universal signature forgery: the signature is there, and says nothing about which bytes it covers.

The attacker alters the page and makes the viewer stumble over the signature, so that it shows the panel and skips
the check.
"""

from __future__ import annotations

import re

from tests.attacks.pdf.cases import REFUND, Found, attack
from tests.attacks.pdf.desk import entry_of, patched

_RANGE = "verification.byte-range"
_FORMAT = "TOTAL-FAILED/FORMAT_FAILURE"
_BYTE_RANGES = {
    "ByteRange is missing": b"",
    "ByteRange is null": b"/ByteRange null",
    "ByteRange is empty": b"/ByteRange []",
    "ByteRange of two numbers": b"/ByteRange [0 10]",
    "ByteRange of six numbers": b"/ByteRange [0 9 10 9 20 9]",
    "ByteRange of nothing": b"/ByteRange [0 0 0 0]",
    "ByteRange with a negative start": b"/ByteRange [-1 9 20 30]",
    "ByteRange with a negative length": b"/ByteRange [0 9 20 -1]",
    "ByteRange backwards": b"/ByteRange [0 20 5 9]",
    "ByteRange that overlaps itself": b"/ByteRange [0 99 50 99]",
    "ByteRange beyond the file": b"/ByteRange [0 9 20 999999999]",
    "ByteRange beyond 32 bits": b"/ByteRange [0 4294967296 9 9]",
    "ByteRange of reals": b"/ByteRange [0 9.5 20 9.5]",
    "ByteRange of names": b"/ByteRange [/a /b /c /d]",
    "ByteRange is a string": b"/ByteRange (0 9 20 9)",
    "ByteRange is a dictionary": b"/ByteRange <</A 1>>",
    "ByteRange is a reference": b"/ByteRange 7 0 R",
}
_CONTENTS = {
    "Contents is missing": b"",
    "Contents is null": b"/Contents null",
    "Contents is empty": b"/Contents <>",
    "Contents is one zero": b"/Contents <00>",
    "Contents is an empty SEQUENCE": b"/Contents <3000>",
    "Contents is endless": b"/Contents <3080>",
    "Contents is longer than it is": b"/Contents <3082ffff>",
    "Contents is a string": b"/Contents (30)",
    "Contents is an array": b"/Contents []",
    "Contents is a reference": b"/Contents 7 0 R",
}


def _altered(data: bytes) -> bytes:
    return patched(data, b"(Quyet dinh)", b"(Quyet dinX)")


@attack(
    "universal signature forgery",
    REFUND,
    {
        **dict.fromkeys(_BYTE_RANGES, Found(_FORMAT, ("Leader",), (_RANGE,))),
        **dict.fromkeys(_CONTENTS, Found(_FORMAT, ("Leader",), (_RANGE,))),
        "ByteRange of nothing": Found("TOTAL-FAILED/HASH_FAILURE", ("Leader",), (_RANGE,)),
    },
)
def without_a_range_or_a_value(desk, variant, malicious):
    data = desk.signed()
    if not malicious:
        return data
    key = b"/ByteRange" if variant in _BYTE_RANGES else b"/Contents"
    new = {**_BYTE_RANGES, **_CONTENTS}[variant]
    return patched(_altered(data), entry_of(data, key), new)


_HASH = Found("TOTAL-FAILED/HASH_FAILURE", ("Leader",), ("verification.hash-wrong",))
_UNKNOWN = Found("INDETERMINATE/SIG_CONSTRAINTS_FAILURE", ("Leader",), ("verification.format-unknown",))
_UNSIGNED = Found("NO-SIGNATURE", (), ("verification.no-signature", "verification.empty-fields"))
_WORDS = {
    "SubFilter is missing": (b"/SubFilter /ETSI.CAdES.detached", b""),
    "SubFilter is unknown": (b"/SubFilter /ETSI.CAdES.detached", b"/SubFilter /X"),
    "Filter is missing": (b"/Filter /Adobe.PPKLite", b""),
    "Type is another": (b"/Type /Sig", b"/Type /Foo"),
    "the value is taken away": (b"/V 20 0 R", b""),
    "the value leads nowhere": (b"/V 20 0 R", b"/V 9 0 R"),
    "the field is no signature": (b"/FT /Sig", b"/FT /Tx"),
}


@attack(
    "universal signature forgery",
    REFUND,
    {
        **dict.fromkeys(_WORDS, _HASH),
        "SubFilter is missing": _UNKNOWN,
        "SubFilter is unknown": _UNKNOWN,
        "the value is taken away": _UNSIGNED,
        "the value leads nowhere": _UNSIGNED,
    },
)
def without_a_word(desk, variant, malicious):
    data = desk.signed()
    old, new = _WORDS[variant]
    if not malicious:
        return data
    found = re.search(re.escape(old).replace(rb"\ ", rb" ?"), data[data.rindex(b"10 0 obj") :])
    return patched(_altered(data), found[0], new, last=True)
