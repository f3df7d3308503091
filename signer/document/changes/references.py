"""Who refers to whom: one pass over a revision's objects, then only over what later revisions write.

Two questions need it. Did an object that a revision defines for the first time have references waiting for it
(then old content changes without being touched)? Is an object used in one place only (then a change that one
rule allows cannot show somewhere else)? Two places of one object are two: the catalog may call its layers its
metadata as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from signer.document.objects import Ref, Stream
from signer.document.reader import PdfFile

TRAILER = 0


class References:
    """References from object to object. Grows with `add`; never forgets, so it errs towards suspicion."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._shared: set[int] = set()

    @classmethod
    def of(cls, pdf: PdfFile) -> References:
        """All references of one view of a file. Reads every object once."""
        found = cls()
        found.add(TRAILER, pdf.trailer)
        for num, value in pdf.scan():
            found.add(num, value)
        return found

    def add_objects(self, pdf: PdfFile, numbers: Iterable[int]) -> None:
        """The references that these objects hold in a later view."""
        self.add(TRAILER, pdf.trailer)
        for num in numbers:
            self.add(num, pdf.get(num))

    def add(self, referrer: int, value: Any) -> None:
        """The references inside one object."""
        here: set[int] = set()
        for ref in direct_references(value):
            known = self._first.setdefault(ref.num, referrer)
            if known != referrer or ref.num in here:
                self._shared.add(ref.num)
            here.add(ref.num)

    def referred(self, num: int) -> bool:
        """Whether any object refers to this one."""
        return num in self._first

    def shared(self, num: int) -> bool:
        """Whether more than one place refers to this object."""
        return num in self._shared

    def referrer(self, num: int) -> int | None:
        """One object that refers to this one (0 is the trailer)."""
        return self._first.get(num)


def direct_references(value: Any) -> Iterator[Ref]:
    """Every reference inside a value, without following any."""
    stack = [value]
    while stack:
        item = stack.pop()
        kind = type(item)  # the reader makes no others, and most items are numbers
        if kind is Ref:
            yield item
        elif kind is dict:
            stack.extend(item.values())
        elif kind is list:
            stack.extend(item)
        elif kind is Stream:
            stack.extend(item.dict.values())
