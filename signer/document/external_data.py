"""Streams whose data are said to be in another file (ISO 32000-2, 7.3.8.2, table 5): no signature covers those.

Exact for the grammar, and quick: an object is read by the parser only when its first bytes leave a doubt.
"""

from __future__ import annotations

from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_KEYS = ("F", "FFilter", "FDecodeParms")
_HEAD = 1024
# Up to what decides: one of the keys, or what may spell one; a comment or an odd string; the end of the dictionary.
_PASSED = compile_pattern(
    rb"(?:[^#/(%se]++|\((?:[^()\\]|\\.)*+\)"
    rb"|/(?!F(?:[\0\t\n\f\r ()<>\[\]{}/%]|Filter|DecodeParms))"
    rb"|(?<![\0\t\n\f\r >])s|s(?!tream\r?\n)"
    rb"|(?<![\0\t\n\f\r >\])])e|e(?!ndobj[\0\t\n\f\r ]))*+"
)


def external_streams(pdf: PdfFile) -> tuple[int, ...]:
    """The numbers of the streams that name another file or a filter for one. Objects that cannot be read are not
    among them: nobody shows those."""
    plain = {entry.where: num for num, entry in pdf.newest_entries() if entry.kind == "n"}
    return tuple(
        num for at, num in plain.items() if _in_doubt(pdf.read(at, _HEAD)) and _is_external(pdf, num)
    )


def _in_doubt(head: bytes) -> bool:
    """Whether this may be a stream with such a key."""
    found, at = False, 0
    while match := _PASSED.match(head, at):
        decides = head[match.end() : match.end() + 1]
        if decides in (b"#", b"/"):
            found, at = True, match.end() + 1
        elif decides == b"s":
            return found
        elif decides == b"e":
            return False
        else:
            break
    return True


def _is_external(pdf: PdfFile, num: int) -> bool:
    try:
        value = pdf.load(num)
        return isinstance(value, Stream) and any(
            pdf.resolve(value.dict.get(key)) is not None for key in _KEYS
        )
    except DocumentRefused:
        return False
