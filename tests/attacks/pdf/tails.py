"""Byte tails: what stands after the last `%%EOF`, where readers disagree about what the file is.

The twin has what a web site appends, or white space: told, and passed.
"""

from __future__ import annotations

from signer.document.reader import PdfFile
from tests.attacks.pdf.cases import REFUND, Found, attack

_HIDDEN = Found(
    "INDETERMINATE/SIG_CONSTRAINTS_FAILURE",
    ("Leader",),
    ("verification.hidden-bytes", "change.hidden-bytes"),
)
_TAILS = {
    "an object": b"\n4 0 obj\n<</Type/Page>>\nendobj\n",
    "an object that fills the last kilobyte": b"\n4 0 obj\n(" + b"x" * 1010 + b")\nendobj\n",
    "an object larger than any reader looks back": b"\n4 0 obj\n(" + b"x" * 60_000 + b")\nendobj\n",
    "a trailer": b"\ntrailer\n<</Root 1 0 R>>\n",
    "a table": b"\nxref\n0 1\n0000000000 65535 f\r\n",
    "a second header": b"\n%PDF-1.7\n",
    "a stream": b"\nstream\nx\nendstream\n",
    "half of an object": b"\n4 0 ob",
    "a number": b"\n4",
    "an object behind a comment": b"\n% page served by a web site\n4 0 obj\n<<>>\nendobj\n",
    "an object behind white space": b" " * 900 + b"4 0 obj\n<<>>\nendobj\n",
    "an object with zeros in its head": b"\n4\x000\x00obj\n<<>>\nendobj\n",
}


@attack("byte tail", REFUND, dict.fromkeys(_TAILS, _HIDDEN))
def after_the_end(desk, variant, malicious):
    data = desk.signed()
    return data + _TAILS[variant] if malicious else data + b"\n<!-- served by a web site -->\n"


_ENDS = {
    "startxref without an end mark": b"\nstartxref\n9\n",
    "startxref of another place": b"\nstartxref\n9\n%%EOF\n",
    "startxref of nothing": b"\nstartxref\n0\n%%EOF\n",
    "more bytes than anybody appends": b"\n<!-- " + b"x" * 200_000,
}


@attack(
    "byte tail",
    REFUND,
    {
        "startxref without an end mark": Found("document.xref-damaged"),
        "startxref of another place": Found("document.xref-damaged"),
        "startxref of nothing": Found("document.xref-damaged"),
        "more bytes than anybody appends": Found("document.cut-in-half"),
    },
)
def another_end(desk, variant, malicious):
    data = desk.signed()
    return data + _ENDS[variant] if malicious else data + b"\r\n"


_BEFORE_THE_SAME_END = {
    "an object, and the same end again": b"4 0 obj\n<</Type/Page>>\nendobj\n",
    "many objects, and the same end again": b"4 0 obj\n<</Type/Page>>\nendobj\n" * 4_000,
}


@attack("byte tail", REFUND, dict.fromkeys(_BEFORE_THE_SAME_END, _HIDDEN))
def the_same_end_again(desk, variant, malicious):
    """The last end of the file names the table of the signed revision, and what stands before it is in none."""
    data = desk.signed()
    hidden = _BEFORE_THE_SAME_END[variant] if malicious else b""
    return data + hidden + b"startxref\n%d\n%%%%EOF\n" % PdfFile.of(data).startxref
