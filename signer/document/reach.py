"""How far readers may read that go where the table leads and take what our parser refuses.

Such an object ends with `endobj`, or with `stream` before its data, outside of its strings and comments and after its
last bracket: readers that mend what is broken read on until then, over whatever else stands there.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from signer.document.reader import PdfFile
from signer.patterns import compile_pattern

_WINDOW = 1 << 20  # an object that does not end within it has no end
_MOST = 4 << 20  # bytes looked at in one file; those that begin behind have no end either
_WORD_BEFORE, _WORD_BEHIND = rb"[^\0\t\n\f\r )>\]}]", rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
_TURN = compile_pattern(
    rb"<<|>>|[\[\](<%]|(?<!" + _WORD_BEFORE + rb")(?:endobj|stream)(?!" + _WORD_BEHIND + rb")"
)
_IN_STRING = compile_pattern(rb"\\[\s\S]|[()]")
_END_OF_LINE = compile_pattern(rb"[\r\n]")


class Reach:
    """What lies in objects that begin at these places, in ascending order, as parts of the file that do not overlap."""

    def __init__(self, pdf: PdfFile, begun: Iterable[int]) -> None:
        self.parts: list[tuple[int, int]] = []
        left = _MOST
        for begin in begun:
            end = pdf.size
            if left > 0 and (self.parts[-1:] or [(0, 0)])[0][1] < pdf.size:
                window = pdf.read(begin, _WINDOW)
                length = _length(window)
                left -= length
                end = begin + length if length < len(window) else pdf.size
            self._add(begin, end)
        self._begins = [begin for begin, _ in self.parts]

    def holds(self, place: int) -> bool:
        last = bisect_right(self._begins, place)
        return last > 0 and place < self.parts[last - 1][1]

    def _add(self, begin: int, end: int) -> None:
        if self.parts and begin <= self.parts[-1][1]:
            self.parts[-1] = (self.parts[-1][0], max(end, self.parts[-1][1]))
        else:
            self.parts.append((begin, end))


def _length(window: bytes) -> int:
    """Up to the word that ends the object; all of the window when none does."""
    at, depth = 0, 0
    while (turn := _TURN.search(window, at)) is not None:
        at, found = turn.end(), turn[0]
        if found in (b"<<", b"["):
            depth += 1
        elif found in (b">>", b"]"):
            depth -= 1
        elif found == b"(":
            at = _string_end(window, at)
        elif found == b"<":
            at = _after(window, window.find(b">", at))
        elif found == b"%":
            line = _END_OF_LINE.search(window, at)
            at = line.end() if line else len(window)
        elif depth <= 0:
            return turn.start()
    return len(window)


def _string_end(window: bytes, at: int) -> int:
    depth = 1
    for part in _IN_STRING.finditer(window, at):
        depth += (part[0] == b"(") - (part[0] == b")")
        if not depth:
            return part.end()
    return len(window)


def _after(window: bytes, found: int) -> int:
    return len(window) if found < 0 else found + 1
