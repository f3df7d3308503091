"""How far readers may read that go where the table leads and take what our parser refuses.

Such an object ends with its last bracket, or with `endobj` or `stream` outside of brackets, strings and comments.
Readers that mend what is broken read on until then, over whatever else stands there. Where they disagree about it,
it has no end.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator

from signer.document.reader import PdfFile
from signer.patterns import compile_pattern

_FIRST_WINDOW, _WINDOW = 4096, 1 << 20  # an object that does not end within the last has no end
_MOST = 4 << 20  # bytes looked at in one file; those that begin behind have no end either
MOST_HEADS = 100_000
_CHUNK, _LONGEST_HEAD = 16 << 20, 64
_SPACES = b"\0\t\n\x0b\f\r "
_BETWEEN = rb"(?:[\0\t\n\x0b\f\r ]|%[^\r\n]*+[\r\n])"
_HEAD = compile_pattern(
    _BETWEEN + rb"*+[+-]?([0-9]++)" + _BETWEEN + rb"++[+-]?[0-9]++" + _BETWEEN + rb"*+obj"
)
_BEFORE_HEAD = compile_pattern(_BETWEEN + rb"*+(?:%[^\r\n]*+\Z)?")
_HEAD_BEHIND = compile_pattern(rb"([0-9]{1,10})[\0\t\n\f\r ]++[0-9]{1,5}[\0\t\n\f\r ]*+\Z")
_STREAM = compile_pattern(_BETWEEN + rb"*+(?:stream|%[^\r\n]*+\Z|\Z)")
UNSURE = -1
_WORD_BEFORE, _WORD_BEHIND = rb"[^\0\t\n\f\r )>\]}]", rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
_TURN = compile_pattern(
    rb"<<|>>|[\[\](<%]|(?<!" + _WORD_BEFORE + rb")(?:endobj|stream|BI|ID)(?!" + _WORD_BEHIND + rb")"
)
_IN_STRING = compile_pattern(rb"\\[\s\S]|[()]")
_DIGITS = compile_pattern(rb"[0-9A-Fa-f\0\t\n\f\r ]*+>")
_END_OF_LINE = compile_pattern(rb"[\r\n]")
_PAIRS = {b">>": b"<<", b"]": b"["}


def heads(pdf: PdfFile, numbers: Collection[int]) -> Iterator[tuple[int, int]]:
    """Where objects of these numbers begin, and which (or UNSURE): what readers find that mend the table."""
    for start in range(0, pdf.size, _CHUNK) if numbers else ():
        before = max(0, start - _LONGEST_HEAD)
        data = pdf.read(before, min(_CHUNK, pdf.size - start) + start - before + 2)
        at = data.find(b"obj", start - before)
        while at >= 0:
            num = _number_before(data, at)
            if num is not None and (num == UNSURE or num in numbers):
                yield before + at, num
            at = data.find(b"obj", at + 3)


def _number_before(data: bytes, at: int) -> int | None:
    """The number in the head that ends there; UNSURE where some reader may see one, None where none does."""
    if at == 0 or data[at - 1] not in _SPACES + b"0123456789":
        return None
    head = _HEAD_BEHIND.search(data, max(0, at - _LONGEST_HEAD), at)
    return UNSURE if head is None else int(head[1])


def stands_at(pdf: PdfFile, place: int) -> int | None:
    """The number of the object whose head is there, behind space and comments; UNSURE where some reader may see one,
    None where none does."""
    window = pdf.read(place, _FIRST_WINDOW)
    head = _HEAD.match(window)
    if head is not None:
        return int(head[1][-10:])
    begun = _BEFORE_HEAD.match(window)
    rest = window[begun.end() if begun else 0 :][:1]
    return UNSURE if rest in b"0123456789+-." and len(window) > 1 else None


class Ends:
    """Where objects end, looking at no more than so many bytes of one file."""

    def __init__(self, pdf: PdfFile) -> None:
        self._pdf, self._left = pdf, _MOST

    def of(self, place: int) -> int | None:
        """Of what begins there; None when that is not sure."""
        size = _FIRST_WINDOW
        while self._left > 0:
            window = self._pdf.read(place, size)
            self._left -= size
            length = _length(window)
            if length < len(window):
                return place + length
            if len(window) < size or size >= _WINDOW:
                return None
            size *= 16
        return None

    def may_be_stream(self, place: int) -> bool:
        """Whether data follow the object that begins there, as far as that is sure."""
        end = self.of(place)
        return end is None or _STREAM.match(self._pdf.read(end, _FIRST_WINDOW)) is not None


class Reach:
    """What lies in objects that begin at these places, in ascending order, as parts of the file that do not overlap."""

    def __init__(self, pdf: PdfFile, begun: Iterable[int], ends: Ends) -> None:
        self.parts: list[tuple[int, int]] = []
        for begin in begun:
            if self.parts and self.parts[-1][1] >= pdf.size:
                break
            self._add(begin, ends.of(begin) or pdf.size)
        self._begins = [begin for begin, _ in self.parts]

    def holds(self, place: int) -> bool:
        last = bisect_right(self._begins, place)
        return last > 0 and place < self.parts[last - 1][1]

    def _add(self, begin: int, end: int) -> None:
        if self.parts and begin <= self.parts[-1][1]:
            self.parts[-1] = (self.parts[-1][0], max(end, self.parts[-1][1]))
        else:
            self.parts.append((begin, end))


def merged(parts: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bytes, each once."""
    found: list[tuple[int, int]] = []
    for start, stop in sorted(parts):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((start, stop))
    return found


def _length(window: bytes) -> int:
    """Up to the end of the object; all of the window when it has none there, or none that is sure."""
    at, open_brackets, no_end = 0, list[bytes](), len(window)
    while (turn := _TURN.search(window, at)) is not None:
        at, found = turn.end(), turn[0]
        if found in (b"<<", b"["):
            open_brackets.append(found)
        elif found in _PAIRS:
            if not open_brackets or open_brackets.pop() != _PAIRS[found]:
                return no_end
            if not open_brackets:
                return at
        elif found == b"(":
            at = _string_end(window, at)
        elif found == b"%":
            line = _END_OF_LINE.search(window, at)
            at = line.end() if line else no_end
        elif found == b"<" and (digits := _DIGITS.match(window, at)) is not None:
            at = digits.end()
        elif found not in (b"endobj", b"stream"):
            return no_end
        elif not open_brackets:
            return turn.start() if at < no_end else no_end  # more may follow the word
    return no_end


def _string_end(window: bytes, at: int) -> int:
    depth = 1
    for part in _IN_STRING.finditer(window, at):
        depth += (part[0] == b"(") - (part[0] == b")")
        if not depth:
            return part.end()
    return len(window)
