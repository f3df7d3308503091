"""Cross-reference rows and object streams as the native path reads them (ISO 32000-2, 7.5.4, 7.5.7, 7.5.8)."""

from __future__ import annotations

import re

from signer.creation.native.grammar import Entries, entries, integer, integers
from signer.creation.native.unfit import Unfit, Unfitness
from signer.document import filters
from signer.document.objects import Name
from signer.errors import DocumentRefused

_MOST_BYTES = 4 << 20
_PREDICTED = 4  # times as dear: undone byte by byte, in Python
_WIDEST_ROW = 64
_LONGEST_HEAD = 128 << 10
_ROW = re.compile(rb"(\d{10}) (\d{5}) ([nf])(?: \r| \n|\r\n)")
MOST_ROWS = b" 00000 n \n"
_NUMBER = re.compile(rb"\d{1,10}")

FREE, IN_USE, PACKED = 0, 1, 2  # as in a cross-reference stream
Row = tuple[int, int, int]
"""What is said of an object: offset and generation when it is `IN_USE`, its stream's number and its index in it when it
is `PACKED`; the third says which."""
Place = tuple[int, int, bool]
"""Where an object is: as in a `Row`; whether it is packed."""
Run = tuple[int, int, "StreamRows | None", int]
"""Rows of neighbouring numbers: the first, the one after the last, the stream that holds them or None for a table, and
where in the file or in the stream's data the first row begins."""


class Room:
    """How many bytes of streams may still be read and inflated for one file."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = _MOST_BYTES

    def take(self, size: int) -> None:
        """Raises `Unfit` when that is too much."""
        self.left -= size
        if self.left < 0:
            raise Unfit(Unfitness.LONG_STREAM)


def is_row(data: bytes, position: int) -> bool:
    """Whether a table's row of exactly 20 bytes stands here."""
    return _ROW.match(data, position) is not None


def table_row(data: bytes, position: int) -> Row:
    """The table's row that stands here. Raises `Unfit` when none does."""
    offset = data[position : position + 10]
    if offset.isdigit() and data.startswith(MOST_ROWS, position + 10):
        return int(offset), 0, IN_USE
    row = _ROW.match(data, position)
    if row is None:
        raise Unfit(Unfitness.LOOSE_TABLE)
    return int(row[1]), int(row[2]), IN_USE if row[3] == b"n" else FREE


class StreamRows:
    """The rows of a cross-reference stream, decoded when the first is looked for; its runs are ascending."""

    __slots__ = ("_data", "_found", "_raw", "_room", "_size", "_widths", "runs")

    def __init__(self, raw: bytes, found: Entries, room: Room) -> None:
        widths = integers(found.get(b"W", b""))
        index = integers(found[b"Index"]) if b"Index" in found else [0, integer(found.get(b"Size", b""))]
        if len(widths) != 3 or max(widths) > 8 or len(index) % 2 or not sum(widths):
            raise Unfit(Unfitness.CROSS_REFERENCE)
        self._raw, self._found, self._room = raw, found, room
        self._data: bytes | None = None
        self._widths = widths
        self.runs: list[Run] = []
        position, following = 0, 0
        for first, count in zip(index[::2], index[1::2], strict=True):
            if first < following:
                raise Unfit(Unfitness.CROSS_REFERENCE)
            following = first + count
            self.runs.append((first, following, self, position))
            position += count * sum(widths)
        self._size = position

    def row(self, start: int, index: int) -> Row:
        """The `index`-th row of the run that begins at `start`."""
        if self._data is None:
            self._data = inflated(self._raw, self._found, self._room)
            if len(self._data) < self._size:
                raise Unfit(Unfitness.CROSS_REFERENCE)
        kind_width, where_width, extra_width = self._widths
        start += index * sum(self._widths)
        middle = start + kind_width
        last = middle + where_width
        kind = int.from_bytes(self._data[start:middle], "big") if kind_width else IN_USE
        where = int.from_bytes(self._data[middle:last], "big")
        extra = int.from_bytes(self._data[last : last + extra_width], "big")
        return where, extra, kind


def unpacked(raw: bytes, found: Entries, room: Room) -> tuple[bytes, list[tuple[int, int]]]:
    """An object stream's data, and by index each object's number and where it begins. Raises `Unfit`."""
    count, first = integer(found.get(b"N", b"")), integer(found.get(b"First", b""))
    if first > _LONGEST_HEAD:
        raise Unfit(Unfitness.OBJECT_STREAM)
    data = inflated(raw, found, room)
    numbers = [int(each) for each in _NUMBER.findall(data, 0, first)]
    if found.get(b"Type") != b"/ObjStm" or first > len(data) or 2 * count > len(numbers):
        raise Unfit(Unfitness.OBJECT_STREAM)
    starts = (first + at for at in numbers[1 : 2 * count : 2])
    return data, list(zip(numbers[: 2 * count : 2], starts, strict=True))


def inflated(raw: bytes, found: Entries, room: Room) -> bytes:
    """`decoded`, within what is left for the file."""
    data = decoded(raw, found, room.left)
    room.take(len(data) * (_PREDICTED if b"DecodeParms" in found else 1))
    return data


def decoded(raw: bytes, found: Entries, most: int) -> bytes:
    """A stream's data of at most `most` bytes: as it is, or deflated, with a predictor or without. Raises `Unfit` for
    other filters."""
    kind = found.get(b"Filter")
    if kind is None:
        return raw
    if kind != b"/FlateDecode":
        raise Unfit(Unfitness.STREAM_FILTER)
    parameters = entries(found[b"DecodeParms"])[0] if b"DecodeParms" in found else {}
    given = {key.decode("latin-1"): integer(value) for key, value in parameters.items()}
    if given.get("Predictor", 1) != 1:
        most //= _PREDICTED
        if given.get("Columns", 1) > _WIDEST_ROW or given.get("Colors", 1) != 1:
            raise Unfit(Unfitness.STREAM_FILTER)
    try:
        return filters.decode(raw, [Name("FlateDecode")], [dict(given)], most)
    except DocumentRefused as exc:
        raise Unfit(Unfitness.STREAM_FILTER) from exc
