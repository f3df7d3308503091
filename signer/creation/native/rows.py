"""Cross-reference rows and object streams as the native path reads them (ISO 32000-2, 7.5.4, 7.5.7, 7.5.8)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

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
_NUMBER = re.compile(rb"\d{1,10}")

Window = Callable[[int, int], tuple[bytes, int]]


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


class Place(NamedTuple):
    """Where an object is: at offset `where` with generation `extra`, or (`container`) in object stream `where` as its
    `extra`-th."""

    where: int
    extra: int
    free: bool = False
    container: bool = False


def is_row(data: bytes, position: int) -> bool:
    """Whether a table's row of exactly 20 bytes stands here."""
    return _ROW.match(data, position) is not None


class TableRows:
    """The rows of a table, in the file: runs of (first number, count, offset of the rows), ascending."""

    __slots__ = ("highest", "runs")

    def __init__(self, runs: list[tuple[int, int, int]]) -> None:
        self.runs = runs
        self.highest = runs[-1][0] + runs[-1][1] - 1 if runs else -1

    def place(self, num: int, window: Window) -> Place | None:
        """This table's row of an object, None when it has none."""
        for first, count, rows in self.runs:
            if first <= num < first + count:
                offset = rows + 20 * (num - first)
                data, base = window(offset, 20)
                row = _ROW.match(data, offset - base)
                if row is None:
                    raise Unfit(Unfitness.LOOSE_TABLE)
                return Place(int(row[1]), int(row[2]), row[3] == b"f")
        return None


class StreamRows:
    """The rows of a cross-reference stream, decoded when the first is looked for."""

    __slots__ = ("_data", "_found", "_raw", "_room", "highest", "runs", "widths")

    def __init__(self, raw: bytes, found: Entries, room: Room) -> None:
        widths = integers(found.get(b"W", b""))
        index = integers(found[b"Index"]) if b"Index" in found else [0, integer(found.get(b"Size", b""))]
        if len(widths) != 3 or max(widths) > 8 or len(index) % 2 or not sum(widths):
            raise Unfit(Unfitness.CROSS_REFERENCE)
        self._raw, self._found, self._room = raw, found, room
        self._data: bytes | None = None
        self.widths = widths
        self.runs: list[tuple[int, int, int]] = []
        position, self.highest = 0, -1
        for first, count in zip(index[::2], index[1::2], strict=True):
            if first <= self.highest:
                raise Unfit(Unfitness.CROSS_REFERENCE)
            self.runs.append((first, count, position))
            self.highest = first + count - 1
            position += count * sum(widths)

    def place(self, num: int, _window: Window) -> Place | None:
        """This stream's row of an object, None when it has none."""
        for first, count, rows in self.runs:
            if first <= num < first + count:
                return self._row(rows + (num - first) * sum(self.widths))
        return None

    def _row(self, start: int) -> Place:
        if self._data is None:
            self._data = inflated(self._raw, self._found, self._room)
            if len(self._data) < sum(count for _, count, _ in self.runs) * sum(self.widths):
                raise Unfit(Unfitness.CROSS_REFERENCE)
        kind_width, where_width, extra_width = self.widths
        middle = start + kind_width
        last = middle + where_width
        kind = int.from_bytes(self._data[start:middle], "big") if kind_width else 1
        where = int.from_bytes(self._data[middle:last], "big")
        extra = int.from_bytes(self._data[last : last + extra_width], "big")
        return Place(where, extra, kind not in (1, 2), kind == 2)


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
