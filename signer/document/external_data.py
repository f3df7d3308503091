"""Streams whose data are said to be in another file (ISO 32000-2, 7.3.8.2, table 5): no signature covers those.

Every place of the file where such a key may stand is looked for among its bytes; most files have none. Each must lie in
an object that the parser takes, and that object must be none that names a file. A place that lies in no such object, in
a file that has objects which the parser refuses, may be what lenient readers show: then those objects count as well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property

from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_FILTERS = ("FFilter", "FDecodeParms")
# Where objects are large, all are parsed: that is less than to look through their data.
_BYTES_AN_OBJECT = 10_000
_CHUNK, _LONGEST_SPACE = 16 << 20, 1000
_BACK = 8  # objects that begin before a place, and may hold it
_SPACE = rb"[\0\t\n\f\r ]"
# The key, by name or by numbers, with anything behind it that is no number by itself: that is an annotation's flags.
_PLACE = compile_pattern(
    rb"/F(?:Filter|DecodeParms|[(<%%]|%b{1,%d}+(?:[(<%%+.-]|%b|[0-9]++(?!%b*+[/>])))"
    % (_SPACE, _LONGEST_SPACE, _SPACE, _SPACE)
)
_SPELLED = b"/#46"


def external_streams(pdf: PdfFile) -> tuple[int, ...]:
    """The numbers of the streams that name another file or a filter for one, and of objects that cannot be read and may
    be such."""
    objects = _Objects(pdf)
    parts: Iterable[tuple[int, int]] = [(0, pdf.size)]
    if pdf.size > _BYTES_AN_OBJECT * sum(part.count for section in pdf.sections for part in section.parts):
        objects.read_all()
        parts = objects.holes() if objects.refused else []
    places = (place for start, stop in parts for place in _places(pdf, start, stop))
    if all(objects.hold(place) for place in places):
        return tuple(sorted(objects.external))
    objects.read_all()
    return tuple(sorted(objects.external | objects.refused))


def _places(pdf: PdfFile, start: int, stop: int) -> Iterator[int]:
    """Where such a key may stand in this part."""
    for begun in range(start, stop, _CHUNK):
        data = pdf.read(begun, min(_CHUNK + 2 * _LONGEST_SPACE, stop - begun))
        yield from (begun + found.start() for found in _PLACE.finditer(data))
        at = data.find(_SPELLED)
        while at >= 0:
            yield begun + at
            at = data.find(_SPELLED, at + 1)


class _Objects:
    """The plain objects of the newest view, and where those of older ones stand. Each is read once.

    `external`: streams among those that were read that name a file. `refused`: what the parser did not take.
    """

    def __init__(self, pdf: PdfFile) -> None:
        self._pdf = pdf
        self.external: set[int] = set()
        self.refused: set[int] = set()
        self._ends: dict[int, int] = {}

    @cached_property
    def _shown(self) -> set[tuple[int, int]]:
        return {(entry.where, num) for num, entry in self._pdf.newest_entries() if entry.kind == "n"}

    @cached_property
    def _all(self) -> list[tuple[int, int]]:
        """Offset and number, by offset. Nothing stands at 0, whatever careless writers say."""
        sections = self._pdf.sections
        older = {(entry.where, num) for part in sections for num, entry in part.items() if entry.kind == "n"}
        return sorted(place for place in self._shown | older if place[0] > 0)

    def read_all(self) -> None:
        for index in range(len(self._all)):
            self._end(index)

    def hold(self, place: int) -> bool:
        """Whether an object that the parser takes holds this place."""
        last = bisect_right(self._all, (place, 1 << 32)) - 1
        ends = [self._end(index) for index in range(last, max(-1, last - _BACK), -1)]
        return any(end > place for end in ends)

    def holes(self) -> Iterator[tuple[int, int]]:
        """What lies in no object that was taken."""
        at = 0
        for index, (where, _) in enumerate(self._all):
            if where > at:
                yield at, where
            at = max(at, self._end(index))
        if at < self._pdf.size:
            yield at, self._pdf.size

    def _end(self, index: int) -> int:
        """Where the object ends, its data included; where it begins, when the parser does not take it."""
        if index not in self._ends:
            self._ends[index] = self._read(*self._all[index])
        return self._ends[index]

    def _read(self, where: int, num: int) -> int:
        try:
            end = self._pdf.end_of(where)
            if (where, num) not in self._shown:
                return end
            value = self._pdf.load(num)
            if not isinstance(value, Stream):
                return end
            if self._names_file(value):
                self.external.add(num)
        except DocumentRefused:
            self.refused |= {num} if (where, num) in self._shown else set()
            return where
        return value.start + value.length

    def _names_file(self, stream: Stream) -> bool:
        resolve = self._pdf.resolve
        named = isinstance(resolve(stream.dict.get("F")), bytes | dict | Stream)
        return named or any(resolve(stream.dict.get(key)) is not None for key in _FILTERS)
