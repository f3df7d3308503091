"""Which objects an object refers to, found without reading what else it says.

Exact for the grammar, and where it is not sure it says so: then the object is read by the parser. What it finds in
something that is no PDF is too much rather than too little.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import itemgetter
from typing import Any

from signer.document.objects import Ref, Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_SPACE = rb"[\0\t\n\f\r ]"
_HEAD = compile_pattern(_SPACE + rb"*+(\d{1,10})" + _SPACE + rb"++(\d{1,5})" + _SPACE + rb"++obj(?=[^\w])")
# The parser takes a generation with a sign, or with more zeros than a table writes, as it takes any integer.
_REFERENCE = compile_pattern(
    rb"([0-9]{1,10}+)" + _SPACE + rb"++[+-]?[0-9]++" + _SPACE + rb"++R(?=[\0\t\n\f\r ()<>\[\]{}/%])"
)
# A string, a comment, or the end: `endobj`, or `stream` with its end of line. A name may hold either word. What stands
# before a word is looked at behind it, so that the search leaps from one first letter to the next.
_BEFORE = rb"[\0\t\n\f\r >\])]"
_NEXT = compile_pattern(
    rb"\(|%|endobj(?<=" + _BEFORE + rb"endobj)(?=[\0\t\n\f\r ])|stream(?<=" + _BEFORE + rb"stream)(?=\r?\n)"
)
_LENGTH = compile_pattern(
    rb"/Length(?=[\0\t\n\f\r ()<>\[\]{}/%])(?:" + _SPACE + rb"++(\d{1,10})(?=" + _SPACE + rb"*+[/>]))?"
)
_STRING = compile_pattern(rb"\([^()\\]*+\)")
_WINDOW = 64 << 10
_LONGEST_KEYWORDS = 32  # bytes of `stream` and `endstream` with what may stand around them


def references(pdf: PdfFile) -> Iterator[tuple[int, list[int] | None]]:
    """Every object that is in use, once, with the numbers of the objects that it refers to, as often as it does.

    None for a plain object that cannot be read in this view, also because it goes on beyond the view's end: reading it
    where it is used is what refuses. Raises `DocumentRefused` for an object stream that is none.
    """
    scan = _Scan(pdf)
    packed: list[tuple[int, int]] = []
    used = ((entry.where, num, entry) for num, entry in pdf.newest_entries() if entry.kind != "f")
    for where, num, entry in sorted(used, key=itemgetter(0, 1)):
        if entry.kind == "c":
            packed.append((where, num))
            continue
        yield num, scan.found(where, num, entry.extra)
    for _, num in packed:  # those of one object stream together
        yield num, [ref.num for ref in direct_references(pdf.load(num))]


def direct_references(value: Any) -> Iterator[Ref]:
    """Every reference inside a value, without following any."""
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)  # the reader makes no others, and most items are numbers
        if kind is Ref:
            yield item
        elif kind is dict:
            stack.extend(item.values())
        elif kind is list:
            stack.extend(item)
        elif kind is Stream:
            stack.extend(item.dict.values())


class _Scan:
    """A window that goes through the file, and what may still be looked at: objects that lie in one another would
    be looked at again and again."""

    def __init__(self, pdf: PdfFile) -> None:
        self._pdf = pdf
        self._start, self._window = 0, b""
        self._left = 4 * pdf.size + _WINDOW

    def found(self, where: int, num: int, gen: int) -> list[int] | None:
        begun = where - self._start
        if not 0 <= begun < len(self._window):
            begun = self._move(where)
        found = self._seen(begun, num, gen)
        if found is None and begun:  # perhaps the window ended within it
            found = self._seen(self._move(where), num, gen)
        return self._parsed(num) if found is None else found

    def _move(self, where: int) -> int:
        self._start, self._window = where, self._pdf.read(where, _WINDOW)
        return 0

    def _seen(self, begun: int, num: int, gen: int) -> list[int] | None:
        window = self._window
        head = _HEAD.match(window, begun)
        if self._left < 0 or head is None or (int(head[1]), int(head[2])) != (num, gen):
            return None
        found: list[int] = []
        place = head.end()
        while (stop := _NEXT.search(window, place)) is not None:
            found += map(int, _REFERENCE.findall(window, place, stop.end()))
            string = _STRING.match(window, stop.start())
            if string is None:
                self._left -= stop.end() - begun
                whole = stop[0] == b"endobj" or (stop[0] == b"stream" and self._ends(begun, stop.start()))
                return found if whole else None
            place = string.end()
        self._left -= len(window) - begun
        return None

    def _ends(self, begun: int, stop: int) -> bool:
        """Whether a stream surely ends within the view: where it does in one view, it does in all that are longer."""
        lengths = _LENGTH.findall(self._window, begun, stop)
        if len(lengths) != 1 or not lengths[0] or self._window.find(b"#", begun, stop) >= 0:
            return False
        return self._start + stop + int(lengths[0]) + _LONGEST_KEYWORDS <= self._pdf.size

    def _parsed(self, num: int) -> list[int] | None:
        try:
            return [ref.num for ref in direct_references(self._pdf.load(num))]
        except DocumentRefused:
            return None
