"""Cross-reference tables and streams (ISO 32000-2, 7.5.4 and 7.5.8), read entry by entry where they stand.

A section of a table stays in the file: one entry is 20 bytes at a known place. A section of a stream is
decoded once, within the limit. Nothing here follows /Prev; `reader` does.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple, Protocol

from policies.reasons import document as reasons
from signer.document.source import Source
from signer.errors import DocumentRefused

ENTRY_SIZE = 20
_SHORTEST_ENTRY = 6
_LONGEST_AFTER = 16  # where `endstream` is looked for
_HEAD = re.compile(rb"[\0\t\n\f\r ]*+(\d{1,10})[ \t]++(\d{1,10})[ \t]*+(?:\r\n|\n|\r)")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
_LOOSE = re.compile(rb"[\0\t\n\f\r ]*+(\d{1,10})[ \t]++(\d{1,5})[ \t]++([nf])(?=[\0\t\n\f\r ])")
_TRAILER = re.compile(rb"[\0\t\n\f\r ]*+trailer")
_BLOCK = ENTRY_SIZE * 4096


class Entry(NamedTuple):
    """Where an object is. `n`: at offset `where` with generation `extra`; `c`: in object stream `where` at
    index `extra`; `f`: free."""

    kind: str
    where: int
    extra: int


class Part(Protocol):
    """A run of entries for consecutive object numbers."""

    first: int
    count: int

    def entry(self, num: int) -> Entry: ...

    def items(self) -> Iterator[tuple[int, Entry]]: ...


@dataclass(slots=True)
class TablePart:
    """A subsection of a table, in the file at `offset`."""

    source: Source
    offset: int
    first: int
    count: int

    def entry(self, num: int) -> Entry:
        position = self.offset + (num - self.first) * ENTRY_SIZE
        return _table_entry(self.source.read(position, ENTRY_SIZE), position)

    def items(self) -> Iterator[tuple[int, Entry]]:
        position, end = self.offset, self.offset + self.count * ENTRY_SIZE
        num = self.first
        while position < end:
            block = self.source.read(position, min(_BLOCK, end - position))
            for start in range(0, min(_BLOCK, end - position), ENTRY_SIZE):
                yield num, _table_entry(block[start : start + ENTRY_SIZE], position + start)
                num += 1
            position += _BLOCK


def _table_entry(raw: bytes, position: int) -> Entry:
    match = _ENTRY.fullmatch(raw)
    if match is None:
        raise xref_damaged("an entry of the table", position)
    return Entry(match[3].decode(), int(match[1]), int(match[2]))


@dataclass(slots=True)
class LoosePart:
    """A subsection whose entries are not 20 bytes each (some producers write 19), read whole."""

    first: int
    count: int
    rows: list[Entry]

    def entry(self, num: int) -> Entry:
        return self.rows[num - self.first]

    def items(self) -> Iterator[tuple[int, Entry]]:
        return iter(enumerate(self.rows, self.first))


@dataclass(slots=True)
class StreamPart:
    """A subsection of a cross-reference stream: `rows` decoded, this part's rows from `offset` on."""

    rows: bytes
    offset: int
    first: int
    count: int
    widths: tuple[int, int, int]

    def entry(self, num: int) -> Entry:
        kind_width, where_width, extra_width = self.widths
        start = self.offset + (num - self.first) * sum(self.widths)
        middle = start + kind_width
        last = middle + where_width
        kind = int.from_bytes(self.rows[start:middle], "big") if kind_width else 1
        where = int.from_bytes(self.rows[middle:last], "big")
        extra = int.from_bytes(self.rows[last : last + extra_width], "big")
        if kind == 1:
            return Entry("n", where, extra)
        return Entry("c" if kind == 2 else "f", where, extra)  # 7.5.8.3: other types read as null

    def items(self) -> Iterator[tuple[int, Entry]]:
        return ((num, self.entry(num)) for num in range(self.first, self.first + self.count))


@dataclass(eq=False)
class XrefSection:
    """One cross-reference section with its trailer.

    `offset` is where it begins, `end` where its trailer dictionary (or its stream's data) ends. `kind` is
    "table", "stream" or "hybrid": a table whose trailer names a stream (/XRefStm) with the objects that the
    table hides. `number` is the object number of a cross-reference stream, else -1. `parts` are in ascending
    order and do not overlap.
    """

    offset: int
    end: int
    kind: str
    trailer: dict[str, Any]
    parts: tuple[Part, ...]
    number: int = -1
    hidden: XrefSection | None = field(default=None, repr=False)

    def entry(self, num: int) -> Entry | None:
        """This section's entry for an object number, or None."""
        found = self._own(num)
        if self.hidden is not None and (found is None or found.kind == "f"):
            return self.hidden.entry(num) or found
        return found

    def _own(self, num: int) -> Entry | None:
        index = bisect_right(self._firsts, num) - 1
        if index < 0:
            return None
        part = self.parts[index]
        return part.entry(num) if num < part.first + part.count else None

    @cached_property
    def _firsts(self) -> list[int]:
        return [part.first for part in self.parts]

    @property
    def entries(self) -> dict[int, Entry]:
        """All entries by object number, built anew at each use; `entry` is cheaper for a few."""
        return dict(self.items())

    def items(self) -> Iterator[tuple[int, Entry]]:
        """All entries, each object number once."""
        if self.hidden is None:
            for part in self.parts:
                yield from part.items()
            return
        shown = {num for part in self.parts for num, entry in part.items() if entry.kind != "f"}
        hidden = set()
        for num, entry in self.hidden.items():
            if num not in shown:
                hidden.add(num)
                yield num, entry
        for part in self.parts:
            yield from ((num, entry) for num, entry in part.items() if num not in hidden)

    @property
    def reach(self) -> int:
        """The offset up to which bytes were looked at to read this section."""
        return max(self.end, self.hidden.end if self.hidden is not None else 0) + _LONGEST_AFTER

    @property
    def highest(self) -> int:
        """The highest object number that this section speaks of, or -1."""
        own = max((part.first + part.count - 1 for part in self.parts if part.count), default=-1)
        return max(own, self.hidden.highest) if self.hidden is not None else own


def xref_damaged(what: str, offset: int) -> DocumentRefused:
    """The refusal for cross-reference data that is not as the standard says."""
    return DocumentRefused(reasons.XREF_DAMAGED, what=what, offset=offset)


def table_parts(source: Source, offset: int, limit: int) -> tuple[tuple[Part, ...], int]:
    """The subsections of the table whose keyword `xref` ends at `offset`, and the offset after `trailer`.

    Raises `DocumentRefused` when it is no table, or speaks of more than `limit` objects.
    """
    parts: list[Part] = []
    total = 0
    while True:
        window = source.read(offset, 128)
        trailer = _TRAILER.match(window)
        if trailer is not None:
            return ordered(parts, offset), offset + trailer.end()
        head = _HEAD.match(window)
        if head is None:
            raise xref_damaged("no subsection or trailer here", offset)
        first, count = int(head[1]), int(head[2])
        total += count
        if max(total, first + count) > limit:
            raise DocumentRefused(reasons.TOO_MANY_OBJECTS, objects=max(total, first + count), limit=limit)
        part, offset = _table_part(source, offset + head.end(), first, count)
        if count:
            parts.append(part)


def _table_part(source: Source, offset: int, first: int, count: int) -> tuple[Part, int]:
    if offset + count * _SHORTEST_ENTRY > source.size:
        raise xref_damaged("a subsection longer than the file", offset)
    end = offset + count * ENTRY_SIZE
    if end > source.size:
        return _loose_part(source, offset, first, count)
    edge = source.read(end, 64)
    ends = count == 0 or (
        _ENTRY.fullmatch(source.read(offset, ENTRY_SIZE)) is not None
        and _ENTRY.fullmatch(source.read(end - ENTRY_SIZE, ENTRY_SIZE)) is not None
    )
    if ends and (_TRAILER.match(edge) or _HEAD.match(edge)):
        return TablePart(source, offset, first, count), end
    return _loose_part(source, offset, first, count)


def _loose_part(source: Source, offset: int, first: int, count: int) -> tuple[Part, int]:
    buffer = source.read(offset, count * 24 + 64)
    rows: list[Entry] = []
    position = 0
    for _ in range(count):
        match = _LOOSE.match(buffer, position)
        if match is None:
            raise xref_damaged("an entry of the table", offset + position)
        rows.append(Entry(match[3].decode(), int(match[1]), int(match[2])))
        position = match.end()
    return LoosePart(first, count, rows), offset + position


def contradicted(shown: tuple[Part, ...], hidden: XrefSection, offset: int) -> None:
    """Refuses a hybrid section whose table and stream say different things of one object: readers differ there."""
    for part in shown:
        for num, entry in part.items():
            other = hidden.entry(num)
            if entry.kind != "f" and other is not None and other != entry:
                raise xref_damaged(f"object {num} twice in one section", offset)


def stream_parts(trailer: dict[str, Any], rows: bytes, offset: int, limit: int) -> tuple[Part, ...]:
    """The subsections of a cross-reference stream from its dictionary and decoded data."""
    widths = trailer.get("W")
    if not (isinstance(widths, list) and len(widths) == 3 and all(_small(w, 8) for w in widths)):
        raise xref_damaged("/W", offset)
    step = sum(widths)
    index = trailer.get("Index", [0, trailer.get("Size")])
    if not isinstance(index, list) or len(index) % 2 or not all(_small(x, limit) for x in index) or not step:
        raise xref_damaged("/Index", offset)
    parts: list[Part] = []
    position = 0
    for first, count in zip(index[::2], index[1::2], strict=True):
        if first + count > limit:
            raise DocumentRefused(reasons.TOO_MANY_OBJECTS, objects=first + count, limit=limit)
        if position + count * step > len(rows):
            raise xref_damaged("fewer rows than /Index says", offset)
        if count:
            parts.append(StreamPart(rows, position, first, count, (widths[0], widths[1], widths[2])))
        position += count * step
    return ordered(parts, offset)


def ordered(parts: list[Part], offset: int) -> tuple[Part, ...]:
    """The parts by first object number. Two entries for one object are refused: readers differ there."""
    result = tuple(sorted(parts, key=lambda part: part.first))
    for before, after in pairwise(result):
        if before.first + before.count > after.first:
            raise xref_damaged(f"object {after.first} twice in one section", offset)
    return result


def _small(value: object, limit: int) -> bool:
    return type(value) is int and 0 <= value <= limit
