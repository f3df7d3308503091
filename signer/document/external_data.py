"""Streams whose data are said to be in another file (ISO 32000-2, 7.3.8.2, table 5): no signature covers those.

Exact for the grammar, and quick: most files have no key /F with a file behind it at all, and where one may be, an
object is read by the parser only when its first bytes leave a doubt. What the parser refuses, others may show: such
an object names a file when that key, or a doubt about it, stands before its data.
"""

from __future__ import annotations

from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_FILTERS = ("FFilter", "FDecodeParms")
_HEAD, _LONG_HEAD = 1024, 64 << 10
# A larger file, or one of few objects, is looked at by its objects.
_WHOLE, _BYTES_AN_OBJECT = 32 << 20, 10_000
_SPACE = rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+[\r\n])"
# The key /F with a string, a dictionary or a reference behind it: a number is an annotation's flags.
_FILE = compile_pattern(
    rb"/F(?:Filter|DecodeParms|" + _SPACE + rb"*+(?:\((?:[^()\\]|\\(?s:.))*+(?:\(|\)" + _SPACE + rb"*+[!-~])"
    rb"|<[<0-9A-Fa-f\0\t\n\f\r %>]|[0-9]++" + _SPACE + rb"++[0-9]++" + _SPACE + rb"++R))"
)
_STRING = rb"\((?:[^()\\]|\\(?s:.))*+\)"
_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
# Up to what decides: one of the keys, or what may spell one; a comment or an odd string; a word that may end the
# dictionary. Lenient readers end words anywhere.
_PASSED = compile_pattern(
    rb"(?:[^#/(%se]++|" + _STRING + rb"|/(?!F(?:(?!" + _REGULAR + rb")|Filter|DecodeParms))"
    rb"|(?<=" + _REGULAR + rb")[se]|s(?!tream(?!" + _REGULAR + rb"))|e(?!ndobj(?!" + _REGULAR + rb")))*+"
)
_BRACKETS = compile_pattern(
    _STRING + rb"|(?P<open><<)|(?P<close>>>)|<[0-9A-Fa-f\0\t\n\f\r ]*+>|(?P<odd>[<>])"
)


def external_streams(pdf: PdfFile) -> tuple[int, ...]:
    """The numbers of the streams that name another file or a filter for one, and of objects that cannot be read
    and may be such."""
    if not _may_name_files(pdf):
        return ()
    plain = {entry.where: num for num, entry in pdf.newest_entries() if entry.kind == "n"}
    return tuple(
        num for at, num in plain.items() if _in_doubt(pdf.read(at, _HEAD)) and _is_external(pdf, at, num)
    )


def _may_name_files(pdf: PdfFile) -> bool:
    """Whether such a key stands anywhere among the bytes, data of streams included; True when that is dear to know."""
    if pdf.size > min(
        _WHOLE, _BYTES_AN_OBJECT * sum(part.count for section in pdf.sections for part in section.parts)
    ):
        return True
    data = pdf.read(0, pdf.size)
    if b"/#46" in data:
        return True
    at = data.find(b"/F")
    while at >= 0:
        if _FILE.match(data, at):
            return True
        at = data.find(b"/F", at + 2)
    return False


def _in_doubt(head: bytes) -> bool:
    """Whether this may be a stream with such a key."""
    found, at = False, 0
    while match := _PASSED.match(head, at):
        decides = head[match.end() : match.end() + 1]
        if decides in (b"#", b"/"):
            found, at = True, match.end() + 1
        elif decides in (b"s", b"e") and _closed(head[: match.end()]):
            return found and decides == b"s"
        else:
            break
    return True


def _closed(head: bytes) -> bool:
    """Whether each dictionary in it has ended: in one that has not, some readers pass over a word and go on."""
    depth = 0
    for bracket in _BRACKETS.finditer(head):
        if bracket["odd"]:
            return False
        depth += bool(bracket["open"]) - bool(bracket["close"])
    return depth == 0


def _is_external(pdf: PdfFile, at: int, num: int) -> bool:
    try:
        value = pdf.load(num)
        if not isinstance(value, Stream):
            return False
        names_file = isinstance(pdf.resolve(value.dict.get("F")), bytes | dict | Stream)
        return names_file or any(pdf.resolve(value.dict.get(key)) is not None for key in _FILTERS)
    except DocumentRefused:
        return _in_doubt(pdf.read(at, _LONG_HEAD))
