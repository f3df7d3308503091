"""Streams whose data are said to be in another file (ISO 32000-2, 7.3.8.2, table 5): no signature covers those.

Every place of the file where such a key may stand is looked for among its bytes; most files have none. Each must lie in
an object that the parser takes, and that object must be none that names a file. A place that lies in no such object, in
a file that has objects which the parser refuses, may be what lenient readers show: then those objects count as well.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from signer.document.objects import Ref, Stream
from signer.document.reach import MOST_HEADS, UNSURE, Ends, Reach, heads, merged, stands_at
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_FILTERS = ("FFilter", "FDecodeParms")
_KEYS = frozenset({"F", *_FILTERS})
# Where objects are large, all are parsed: that is less than to look through their data.
_BYTES_AN_OBJECT = 10_000
_CHUNK, _LONGEST_SPACE = 16 << 20, 1000
_BACK = 8  # objects that begin before a place, and may hold it
_SPACE = rb"[\0\t\n\f\r ]"
# The key, by name or by numbers, with anything behind it that is no number by itself: that is an annotation's flags.
# Some readers end a name at bytes that are letters to others.
_ENDS_A_NAME = "\0\x0b\x80\xff#"
_PLACE = compile_pattern(
    rb"/F(?:Filter|DecodeParms|[A-Za-z]{0,10}(?:#[0-9A-Fa-f]|[\x0b\x80\xff]++(?:[(<%%0-9]|%b))|"
    rb"[(<%%]|%b{1,%d}+(?:[(<%%+.-]|%b|[0-9]++(?!%b*+(?:/|>>))))"
    % (_SPACE, _SPACE, _LONGEST_SPACE, _SPACE, _SPACE)
)
_SPELLED = b"/#46"


def external_streams(pdf: PdfFile) -> tuple[int, ...]:
    """The numbers of the streams that name another file or a filter for one, and of objects that cannot be read and may
    be such."""
    large = pdf.size > _BYTES_AN_OBJECT * sum(
        part.count for section in pdf.sections for part in section.parts
    )
    if not large and next(_places(pdf, 0, pdf.size), None) is None:
        return ()
    objects = _Objects(pdf)
    objects.read_all()
    parts = objects.holes() if large else [(0, pdf.size)]
    if objects.refused and any(objects.loose(start, stop) for start, stop in parts):
        return tuple(sorted(objects.external | objects.refused))
    return tuple(sorted(objects.external))


def _places(pdf: PdfFile, start: int, stop: int) -> Iterator[int]:
    """Where such a key may stand in this part."""
    for begun in range(start, stop, _CHUNK):
        data = pdf.read(begun, min(_CHUNK + 2 * _LONGEST_SPACE, stop - begun))
        places = [begun + found.start() for found in _PLACE.finditer(data)]
        at = data.find(_SPELLED)
        while at >= 0:
            places.append(begun + at)
            at = data.find(_SPELLED, at + 1)
        yield from sorted(places)


class _Objects:
    """The plain objects of the newest view, and where those of older ones stand. Each is read once.

    `external`: streams of the newest view that name a file. `refused`: what the parser did not take of it.
    """

    def __init__(self, pdf: PdfFile) -> None:
        self._pdf = pdf
        self.external: set[int] = set()
        self.refused: set[int] = set()
        self._taken: list[tuple[int, int, int]] = []  # begin, end, number, by begin
        self._begun: list[int] = []  # where what was refused begins
        self._heads: list[int] = []  # of what was refused, wherever they stand
        self._reaching: list[int] = []  # what of both some reader may take
        self._rest = pdf.size  # from here on nothing is sure
        self._ends = Ends(pdf)
        self._reach: Reach | None = None

    def read_all(self) -> None:
        shown = {(entry.where, num) for num, entry in self._pdf.newest_entries() if entry.kind == "n"}
        older = {(e.where, num) for part in self._pdf.sections for num, e in part.items() if e.kind == "n"}
        for where, num in sorted(shown | older):
            end = self._read(where, num, (where, num) in shown) if self._stands(where, num) else 0
            if end > where:
                self._taken.append((where, end, num))
        self._find_heads({num for where, num in shown if not self._stands(where, num)})
        # A reader that repairs the file may take an older copy of what is refused here.
        self._taken = [taken for taken in self._taken if taken[2] not in self.refused]

    def _find_heads(self, lost: set[int]) -> None:
        """Of what was refused, and of streams whose entry leads nowhere."""
        for found, (place, num) in enumerate(heads(self._pdf, self.refused | lost)):
            if self.refused if num == UNSURE else num in self.refused:
                self._heads.append(place)
            elif self._ends.may_be_stream(place):
                self.refused |= lost if num == UNSURE else {num}
                self._heads.append(place)
            if found >= MOST_HEADS:
                self.refused |= lost
                self._heads.append(place)
                self._rest = place
                break
        standing = [place for place in self._begun if stands_at(self._pdf, place) is not None]
        self._reaching = sorted({*self._heads, *standing})
        self._begun = sorted({*self._begun, *self._heads})

    def _stands(self, where: int, num: int) -> bool:
        """Careless writers leave entries of nothing at 0. An object there stands before the header, or in its line."""
        return where > 0 or (where == 0 and stands_at(self._pdf, 0) in (num, UNSURE))

    def loose(self, start: int, stop: int) -> bool:
        """Whether such a key stands in this part, and in no object that was taken."""
        held_to = 0
        for place in _places(self._pdf, start, stop):
            if place >= held_to:
                held_to = self._held_to(place)
                if not held_to:
                    return True
        return False

    def _held_to(self, place: int) -> int:
        """Where what holds this place ends, or something refused begins within it; 0 when nothing holds it."""
        if self._refused_to(place):
            return 0
        last = bisect_right(self._taken, (place, 1 << 62, 0))
        after = bisect_right(self._begun, place)
        begun = self._begun[after - 1] if after else -1
        ends = [
            end for where, end, _ in self._taken[max(0, last - _BACK) : last] if end > place and where > begun
        ]
        return min(max(ends, default=0), *self._begun[after : after + 1], 1 << 62)

    def _refused_to(self, place: int) -> bool:
        """Whether this is still of something refused, which may reach over what was taken."""
        return place >= self._rest or self._reaches().holds(place)

    def _reaches(self) -> Reach:
        if self._reach is None:
            self._reach = Reach(self._pdf, self._reaching, self._ends)
        return self._reach

    def holes(self) -> list[tuple[int, int]]:
        """What lies in no object that was taken, and all from where something refused begins within one."""
        found, at = [], 0
        for where, end, _ in self._taken:
            if where > at:
                found.append((at, where))
            next_begun = bisect_left(self._begun, where)
            if next_begun < len(self._begun) and self._begun[next_begun] < end:
                found.append((self._begun[next_begun], end))
            at = max(at, end)
        return merged([*found, (at, self._pdf.size), (self._rest, self._pdf.size), *self._reaches().parts])

    def _read(self, where: int, num: int, shown: bool) -> int:
        """Where the object ends, its data included; where it begins, when the parser does not take it."""
        try:
            found = self._pdf.indirect_at(where)
        except DocumentRefused:
            return self._refuse(where, num) if shown else where
        if found.num != num:
            return self._refuse(where, num) if shown else where
        if found.stream_start < 0 or not isinstance(found.value, dict):
            return where + found.end
        if shown and self._names_file(found.value):
            self.external.add(num)
        return self._data_end(where + found.stream_start, num if shown else 0)

    def _refuse(self, where: int, num: int) -> int:
        self.refused.add(num)
        if not self._begun or self._begun[-1] != where:
            self._begun.append(where)
        return where

    def _data_end(self, start: int, num: int) -> int:
        """By its length, or where that lies or is of an older view, by the first word that ends data."""
        with suppress(DocumentRefused):
            value = self._pdf.load(num) if num else None
            if isinstance(value, Stream):
                return value.start + value.length
        for begun in range(start, self._pdf.size, _CHUNK):
            at = self._pdf.read(begun, min(_CHUNK + 16, self._pdf.size - begun)).find(b"endstream")
            if at >= 0:
                return begun + at
        return start

    def _names_file(self, entries: dict[str, Any]) -> bool:
        """Readers take the reference of another generation as well."""
        for key in entries:
            if key not in _KEYS and _cut(key) in _KEYS:
                return True
        file = entries.get("F")
        try:
            named = self._pdf.get(file.num) if isinstance(file, Ref) else file
            filters = [self._pdf.resolve(entries.get(key)) for key in _FILTERS]
        except DocumentRefused:
            return True
        return isinstance(named, bytes | dict | Stream) or any(value is not None for value in filters)


def _cut(key: str) -> str:
    """What those readers take for the name."""
    return next((key[:at] for at, letter in enumerate(key) if letter in _ENDS_A_NAME), key)
