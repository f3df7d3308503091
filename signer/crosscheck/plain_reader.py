"""The second reader: just enough of ISO 32000 to look into revisions that this product appended.

It shares no code with `signer.document` on purpose. It reads objects that stand as they are, uncompressed,
behind a cross-reference table or stream without filters: the only forms that our writer makes. Everything
else is `Strange`, and the check then fails.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

WINDOW = 1 << 20
LARGEST_OBJECT = 32 << 20
LARGEST_SECTION = 64 << 20
_DEEPEST = 32
_TOKEN = re.compile(
    rb"(?:[\0\t\n\f\r ]|%[^\r\n]*[\r\n])*(?:(?P<ref>\d+\s+\d+\s+R\b)|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+))"
    rb"|/(?P<name>[^\0\t\n\f\r ()<>\[\]{}/%]*)|(?P<mark><<|>>|\[|\])|<(?P<hex>[0-9A-Fa-f\s]*)>"
    rb"|(?P<literal>\()|(?P<word>true|false|null)\b)"
)
_LITERAL = re.compile(rb"[()]|\\(?:[0-7]{1,3}|\r\n|.)", re.DOTALL)
_ESCAPES = {
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"b": b"\b",
    b"f": b"\f",
    b"\n": b"",
    b"\r": b"",
    b"\r\n": b"",
}
_RUN = re.compile(rb"(\d+) (\d+)\n")
_NAME_ESCAPE = re.compile(rb"#([0-9A-Fa-f]{2})")
_HEAD = re.compile(rb"(\d+) (\d+) obj\b")
_END = re.compile(rb"startxref\n(\d+)\n%%EOF\n\Z")
_WORDS = {b"true": True, b"false": False, b"null": None}


class Strange(ValueError):
    """Not of a form that our writer makes."""


class Name(str):
    """A name object, without its slash."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference: object number, generation."""

    number: int
    generation: int


class _Close(bytes):
    """`>>` or `]`, seen while a value was wanted."""


@dataclass(frozen=True, slots=True)
class Found:
    """An object: its value, the offset of its head, the bytes of the object up to `endobj`, stream data."""

    value: Any
    offset: int
    raw: bytes
    stream: bytes | None


@dataclass(frozen=True, slots=True)
class Section:
    """One cross-reference section: object number → offset, and its trailer."""

    offsets: dict[int, int]
    trailer: dict[str, Any]

    @property
    def start(self) -> int:
        """Where the revision's first object stands: where the revision before ends."""
        return min(self.offsets.values())


class PlainFile:
    """A file read by `pread`; memory does not grow with it."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = os.fstat(self._descriptor).st_size
        self._sections: dict[int, Section] = {}  # by the end of their revision
        self._objects: dict[tuple[int, int], Found] = {}  # by offset and the end that bounds them

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self, start: int, end: int) -> bytes:
        """The bytes of [start, end), all of them."""
        data = os.pread(self._descriptor, end - start, start) if 0 <= start <= end <= self.size else b""
        if len(data) != end - start:
            raise Strange(f"no bytes at {start}..{end}")
        return data

    def blocks(self, start: int, end: int) -> Iterator[bytes]:
        """[start, end) in blocks."""
        while start < end:
            stop = min(end, start + WINDOW)
            yield self.read(start, stop)
            start = stop

    def find_all(self, word: bytes, pattern: re.Pattern[bytes], longest: int = 256) -> list[int]:
        """Offsets in the whole file where `word` begins a match of `pattern`, at most `longest` bytes long."""
        found: list[int] = []
        for start in range(0, self.size, WINDOW):
            window = self.read(start, min(self.size, start + WINDOW + longest))
            at = window.find(word)
            while 0 <= at < WINDOW:
                if pattern.match(window, at):
                    found.append(start + at)
                at = window.find(word, at + 1)
        return found

    def section_ending_at(self, end: int) -> Section:
        """The cross-reference section of the revision whose `%%EOF` line ends exactly at `end`."""
        if end not in self._sections:
            ending = _END.search(self.read(max(0, end - 64), end))
            if ending is None:
                raise Strange(f"no revision ends at {end}")
            self._sections[end] = self.section(int(ending[1]), end)
        return self._sections[end]

    def section(self, offset: int, end: int) -> Section:
        """The section at `offset`; `end` bounds it."""
        data = self.read(offset, min(end, offset + LARGEST_SECTION))
        if data.startswith(b"xref\n"):
            return _table(data)
        found = self.object_at(offset, end)
        return _stream_section(found)

    def object_at(self, offset: int, end: int) -> Found:
        """The indirect object whose head stands at `offset`; read once, shared, not to be changed."""
        if (offset, end) not in self._objects:
            self._objects[offset, end] = self._read_object(offset, end)
        return self._objects[offset, end]

    def _read_object(self, offset: int, end: int) -> Found:
        data = self.read(offset, min(end, offset + LARGEST_OBJECT))
        head = _HEAD.match(data)
        if head is None:
            raise Strange(f"no object at {offset}")
        value, position = parse(data, head.end())
        stream = None
        if data.startswith(b"\nstream\n", position) and isinstance(value, dict):
            first = position + len(b"\nstream\n")
            position = first + int(value["Length"])
            stream = data[first:position]
            if not data.startswith(b"\nendstream", position):
                raise Strange(f"stream of another length at {offset}")
            position += len(b"\nendstream")
        if not data.startswith(b"\nendobj\n", position):
            raise Strange(f"no endobj at {offset + position}")
        return Found(value, offset, data[:position], stream)


def decoded(found: Found, limit: int) -> bytes:
    """Data of a stream object without a filter or with Flate alone."""
    if found.stream is None or "DecodeParms" in found.value:
        raise Strange("not a plain stream")
    if found.value.get("Filter") is None:
        return found.stream
    if found.value["Filter"] != "FlateDecode":
        raise Strange("a filter that our writer does not use")
    return zlib.decompressobj().decompress(found.stream, limit)


def _table(data: bytes) -> Section:
    offsets: dict[int, int] = {}
    position = len(b"xref\n")
    while run := _RUN.match(data, position):
        position = run.end()
        for number in range(int(run[1]), int(run[1]) + int(run[2])):
            row = data[position : position + 20]
            if row[17:18] == b"n":
                offsets[number] = int(row[:10])
            position += 20
    if not data.startswith(b"trailer\n", position):
        raise Strange("no trailer after the table")
    trailer, _ = parse(data, position + len(b"trailer\n"))
    return Section(offsets, trailer)


def _stream_section(found: Found) -> Section:
    trailer, data = found.value, found.stream or b""
    if trailer.get("Type") != "XRef" or "Filter" in trailer or list(trailer["W"])[::2] != [1, 2]:
        raise Strange("a cross-reference stream of another form")
    width = trailer["W"][1]
    rows = (data[at : at + width + 3] for at in range(0, len(data), width + 3))
    index = trailer["Index"]
    numbers = (
        n for first, count in zip(index[::2], index[1::2], strict=True) for n in range(first, first + count)
    )
    offsets = {
        number: int.from_bytes(row[1:-2], "big")
        for number, row in zip(numbers, rows, strict=True)
        if row[0] == 1
    }
    return Section(offsets, trailer)


def parse(data: bytes, position: int, depth: int = 0) -> tuple[Any, int]:
    """The value at `position` and where it ends. Raises `Strange`."""
    token = _TOKEN.match(data, position)
    if token is None or depth > _DEEPEST:
        raise Strange(f"no value at {position}")
    kind, end = token.lastgroup or "", token.end()
    text = token[kind]
    match kind:
        case "ref":
            number, generation, _ = text.split()
            return Ref(int(number), int(generation)), end
        case "number":
            return (float(text) if b"." in text else int(text)), end
        case "name":
            if b"#" in text:
                text = _NAME_ESCAPE.sub(lambda m: bytes.fromhex(m[1].decode()), text)
            return Name(text.decode("latin-1")), end
        case "hex":
            digits = b"".join(text.split())
            return bytes.fromhex((digits + b"0" * (len(digits) % 2)).decode()), end
        case "literal":
            return _literal(data, end)
        case "word":
            return _WORDS[text], end
    if text in (b">>", b"]"):
        if not depth:
            raise Strange(f"{text!r} closes nothing at {position}")
        return _Close(text), end
    return _collection(data, end, text, depth)


def _collection(data: bytes, position: int, opening: bytes, depth: int) -> tuple[Any, int]:
    items: list[Any] = []
    while True:
        item, position = parse(data, position, depth + 1)
        if isinstance(item, _Close):
            break
        items.append(item)
    if opening + item == b"[]":
        return items, position
    keys = items[::2]
    names = all(isinstance(key, Name) for key in keys) and len(set(keys)) == len(keys)
    if opening + item != b"<<>>" or len(items) % 2 or not names:
        raise Strange(f"a broken dictionary or array before {position}")
    return {str(key): value for key, value in zip(keys, items[1::2], strict=True)}, position


def _literal(data: bytes, position: int) -> tuple[bytes, int]:
    parts: list[bytes] = []
    open_ones, start = 1, position
    for mark in _LITERAL.finditer(data, position):
        text = mark[0]
        if text in (b"(", b")"):
            open_ones += 1 if text == b"(" else -1
            if not open_ones:
                parts.append(data[start : mark.start()])
                return b"".join(parts), mark.end()
            continue
        parts += [data[start : mark.start()], _escape(text[1:])]
        start = mark.end()
    raise Strange(f"a string without its end at {position}")


def _escape(text: bytes) -> bytes:
    if text[:1].isdigit():
        return bytes((int(text, 8) & 0xFF,))
    return _ESCAPES.get(text, text)
