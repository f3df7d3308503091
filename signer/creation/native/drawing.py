"""A stamp's objects, drawn and serialised once for an identity and a size, numbered anew for each document."""

from __future__ import annotations

import re
from itertools import accumulate
from threading import Lock
from typing import Any

from policies.layout import Rect
from signer.document.objects import Ref, Stream
from signer.document.serializing import serialize
from signer.stamping.appearance import Appearance, Colours, signature_form

_FIRST = 9_999_000_000  # stand for the numbers to come; no document has objects of such numbers
_STANDS_IN = re.compile(rb"\b9999000(\d{3})(?= 0 R)")
_MOST_KEPT = 32
_MOST_NUMBERINGS = 4  # documents of one kind have as many objects


class Stamp:
    """The stamp's objects as one run of pieces; between them stand the objects' numbers. The last one is the form."""

    __slots__ = ("_numbered", "_pieces", "_slots", "_starts", "count")

    def __init__(self, values: list[Any]) -> None:
        self.count = len(values)
        self._numbered: dict[int, tuple[bytes, list[int]]] = {}
        self._pieces: list[bytes] = []
        self._slots: list[tuple[int, int]] = []  # place of a number among the pieces, and whose it is
        self._starts: list[int] = []  # for each object the place of its own number
        for index, value in enumerate(values):
            self._starts.append(len(self._pieces))
            self._add(index, *_pieces(value))

    def _add(self, own: int, pieces: list[bytes], indices: list[int]) -> None:
        for index, piece in zip((own, *indices), (b" 0 obj\n" + pieces[0], *pieces[1:]), strict=True):
            self._slots.append((len(self._pieces), index))
            self._pieces += (b"", piece)
        self._pieces[-1] += b"\nendobj\n"

    def numbered(self, first: int) -> tuple[bytes, list[int]]:
        """The objects, which get the numbers from `first` on, and where in these bytes each begins."""
        known = self._numbered.get(first)
        if known is None:
            if len(self._numbered) >= _MOST_NUMBERINGS:
                self._numbered.clear()
            known = self._numbered[first] = self._written(first)
        return known

    def _written(self, first: int) -> tuple[bytes, list[int]]:
        names = [b"%d" % number for number in range(first, first + self.count)]
        parts = self._pieces.copy()
        for place, index in self._slots:
            parts[place] = names[index]
        ends = list(accumulate(map(len, parts), initial=0))
        return b"".join(parts), [ends[place] for place in self._starts]


NO_STAMP = Stamp([])


class Stamps:
    """Stamps that were drawn lately, by what they show and where; the oldest are forgotten. Safe for threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[object, ...], Stamp] = {}
        self._lock = Lock()

    def of(
        self,
        shown: Appearance,
        width: float,
        height: float,
        rotation: int,
        colours: Colours,
        user_unit: float,
    ) -> Stamp:
        """The stamp for a widget of this size. Raises `SigningRefused` for what cannot be drawn."""
        key = (shown, width, height, rotation, colours, user_unit)
        kept = self._kept.get(key)
        if kept is None:
            kept = _drawn(shown, Rect(0, 0, width, height), rotation, colours, user_unit)
            with self._lock:
                self._kept[key] = kept
                while len(self._kept) > _MOST_KEPT:
                    del self._kept[next(iter(self._kept))]
        return kept


def _drawn(shown: Appearance, rect: Rect, rotation: int, colours: Colours, user_unit: float) -> Stamp:
    values: list[Any] = []

    def add(value: object) -> Ref:
        values.append(value)
        return Ref(_FIRST + len(values) - 1)

    signature_form(shown, rect, rotation, colours, add, user_unit)
    return Stamp(values)


def _pieces(value: Any) -> tuple[list[bytes], list[int]]:
    """An object's bytes without the numbers of other objects, and whose numbers go between."""
    rest = b""
    if isinstance(value, Stream):
        data = value.data or b""
        value, rest = {**value.dict, "Length": len(data)}, b"\nstream\n" + data + b"\nendstream"
    pieces = _STANDS_IN.split(serialize(value))
    return [*pieces[:-1:2], pieces[-1] + rest], [int(each) for each in pieces[1::2]]
