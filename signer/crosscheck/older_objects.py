"""What a file said before this product touched it: a catalog, a page, a form, which our later revisions change.

Still the second reader, and still of its own: cross-reference tables and streams, object streams, Flate with PNG
predictors (ISO 32000-2, 7.5.4, 7.5.7, 7.5.8). What it does not understand is `Strange`, and the check then fails.
"""

from __future__ import annotations

import re
import zlib
from typing import Any, NamedTuple

from signer.crosscheck.plain_reader import LARGEST_SECTION, PlainFile, Ref, Section, Strange, parse

_LARGEST = 16 << 20
_MOST_SECTIONS = 1_000
_HEAD = re.compile(rb"[\0\t\n\f\r ]*(\d+)[\0\t\n\f\r ]+(\d+)[\0\t\n\f\r ]+obj")
_STREAM = re.compile(rb"[\0\t\n\f\r ]*stream(?:\r\n|\n)")


class _Place(NamedTuple):
    """At an offset, or (`stream` above 0) in an object stream at a position in it."""

    offset: int
    stream: int = 0
    position: int = 0


class OlderObjects:
    """Values by number, as the file said at one of our sections."""

    def __init__(self, file: PlainFile) -> None:
        self._file = file
        self._sections: dict[int, tuple[dict[int, _Place | None], dict[str, Any]]] = {}

    def value(self, number: int, section: Section) -> Any:
        """The object of this number at `section`, which is ours. Raises `Strange`."""
        return self._at(self._place(number, section), number, section)[0]

    def resolved(self, value: Any, section: Section) -> Any:
        """The value, or what it refers to."""
        return self.value(value.number, section) if isinstance(value, Ref) else value

    def _place(self, number: int, section: Section) -> _Place:
        if number in section.offsets:
            return _Place(section.offsets[number])
        older = section.trailer.get("Prev")
        for _ in range(_MOST_SECTIONS):
            if older is None:
                break
            places, trailer = self._section(older)
            if number in places:
                found = places[number]
                if found is None:
                    break
                return found
            older = trailer.get("Prev")
        raise Strange(f"no object {number}")

    def _at(self, place: _Place, number: int, section: Section) -> tuple[Any, bytes | None]:
        if place.stream:
            return self._packed(place, number, section), None
        data = self._file.read(place.offset, min(self._file.size, place.offset + _LARGEST))
        head = _HEAD.match(data)
        if head is None or int(head[1]) != number:
            raise Strange(f"no object {number} at {place.offset}")
        value, end = parse(data, head.end())
        begun = _STREAM.match(data, end)
        if begun is None or not isinstance(value, dict):
            return value, None
        length = self.resolved(value["Length"], section)
        return value, _decoded(value, data[begun.end() : begun.end() + length])

    def _packed(self, place: _Place, number: int, section: Section) -> Any:
        container, data = self._at(self._place(place.stream, section), place.stream, section)
        if data is None:
            raise Strange(f"no object stream {place.stream}")
        numbers = [int(word) for word in data[: container["First"]].split()]
        if numbers[2 * place.position] != number:
            raise Strange(f"no object {number} in {place.stream}")
        return parse(data, container["First"] + numbers[2 * place.position + 1])[0]

    # --- sections, ours and others'

    def _section(self, offset: int) -> tuple[dict[int, _Place | None], dict[str, Any]]:
        if offset not in self._sections:
            data = self._file.read(offset, min(self._file.size, offset + LARGEST_SECTION)).lstrip()
            self._sections[offset] = self._table(data) if data.startswith(b"xref") else self._stream(offset)
        return self._sections[offset]

    def _table(self, data: bytes) -> tuple[dict[int, _Place | None], dict[str, Any]]:
        end = data.index(b"trailer")
        trailer, _ = parse(data, end + len(b"trailer"))
        words = data[len(b"xref") : end].split()
        found: dict[int, _Place | None] = {}
        at = 0
        while at < len(words):
            first, count = int(words[at]), int(words[at + 1])
            for row in range(count):
                offset, _, kind = words[at + 2 + 3 * row : at + 5 + 3 * row]
                found[first + row] = _Place(int(offset)) if kind == b"n" else None
            at += 2 + 3 * count
        if "XRefStm" in trailer:
            hidden, _ = self._stream(trailer["XRefStm"])
            found = {**hidden, **{number: place for number, place in found.items() if place is not None}}
        return found, trailer

    def _stream(self, offset: int) -> tuple[dict[int, _Place | None], dict[str, Any]]:
        data = self._file.read(offset, min(self._file.size, offset + LARGEST_SECTION))
        head = _HEAD.match(data)
        if head is None:
            raise Strange(f"no cross-references at {offset}")
        trailer, end = parse(data, head.end())
        begun = _STREAM.match(data, end)
        if begun is None or trailer.get("Type") != "XRef":
            raise Strange(f"no cross-reference stream at {offset}")
        rows = _decoded(trailer, data[begun.end() : begun.end() + trailer["Length"]])
        index = trailer.get("Index", [0, trailer["Size"]])
        numbers = [n for at in range(0, len(index), 2) for n in range(index[at], index[at] + index[at + 1])]
        return dict(zip(numbers, _rows(rows, trailer["W"]), strict=False)), trailer


def _rows(data: bytes, widths: list[int]) -> list[_Place | None]:
    found: list[_Place | None] = []
    kind_width, width, last = widths
    step = sum(widths)
    for at in range(0, len(data) - step + 1, step):
        row = data[at : at + step]
        kind = int.from_bytes(row[:kind_width], "big") if kind_width else 1
        where = int.from_bytes(row[kind_width : kind_width + width], "big")
        position = int.from_bytes(row[step - last :], "big") if last else 0
        found.append({1: _Place(where), 2: _Place(0, where, position)}.get(kind))
    return found


def _decoded(entries: dict[str, Any], data: bytes) -> bytes:
    filters = entries.get("Filter")
    names = filters if isinstance(filters, list) else [filters]
    given = entries.get("DecodeParms")
    parameters = given[0] if isinstance(given, list) and given else given
    if names == [None] or not names:
        return data
    if names != ["FlateDecode"]:
        raise Strange("a filter that is not read here")
    plain = zlib.decompressobj().decompress(data, _LARGEST)
    if not isinstance(parameters, dict) or parameters.get("Predictor", 1) == 1:
        return plain
    if parameters["Predictor"] < 10:
        raise Strange("a predictor that is not read here")
    return _unpredicted(plain, parameters.get("Columns", 1))


def _unpredicted(data: bytes, columns: int) -> bytes:
    """PNG's predictors for rows of single bytes (RFC 2083, 6)."""
    out = bytearray()
    above = bytes(columns)
    for at in range(0, len(data) - columns, columns + 1):
        kind, row = data[at], bytearray(data[at + 1 : at + 1 + columns])
        for column in range(columns):
            left = row[column - 1] if column else 0
            corner = above[column - 1] if column else 0
            up = above[column]
            added = (0, left, up, (left + up) // 2, _paeth(left, up, corner))[kind]
            row[column] = (row[column] + added) & 0xFF
        out += row
        above = bytes(row)
    return bytes(out)


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((left, up, corner), key=lambda each: abs(guess - each))
