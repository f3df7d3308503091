"""Who refers to whom: one pass over a revision's objects, then only over what later revisions write.

Two questions need it. Did an object that a revision defines for the first time have references waiting for it
(then old content changes without being touched)? Is an object used in one place only (then a change that one
rule allows cannot show somewhere else)? Two places of one object are two: the catalog may call its layers its
metadata as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.document.reference_scan import direct_references, references

TRAILER = 0
_OF_THE_TRAILER = ("Root", "Info", "ID")


class References:
    """References from object to object. Grows with `add`; never forgets, so it errs towards suspicion."""

    def __init__(self) -> None:
        self._first: dict[int, int] = {}
        self._shared: set[int] = set()

    @classmethod
    def of(cls, pdf: PdfFile) -> References:
        """All references of one view of a file. Looks at every object once."""
        found = cls()
        found.add(TRAILER, pdf.trailer)
        trailers = _trailers(pdf)
        for num, referred in references(pdf):
            if num in trailers:
                found.add(num, _beyond_the_trailer(pdf.load(num)))
            else:
                found._add(num, referred)
        return found

    def add_objects(self, pdf: PdfFile, numbers: Iterable[int]) -> None:
        """The references that these objects hold in a later view."""
        self.add(TRAILER, pdf.trailer)
        trailers = _trailers(pdf)
        for num in numbers:
            value = pdf.get(num)
            self.add(num, _beyond_the_trailer(value) if num in trailers else value)

    def add(self, referrer: int, value: Any) -> None:
        """The references inside one object."""
        self._add(referrer, [ref.num for ref in direct_references(value)])

    def _add(self, referrer: int, referred: list[int]) -> None:
        here: set[int] = set()
        for num in referred:
            known = self._first.setdefault(num, referrer)
            if known != referrer or num in here:
                self._shared.add(num)
            here.add(num)

    def referred(self, num: int) -> bool:
        """Whether any object refers to this one."""
        return num in self._first

    def shared(self, num: int) -> bool:
        """Whether more than one place refers to this object."""
        return num in self._shared

    def referrer(self, num: int) -> int | None:
        """One object that refers to this one (0 is the trailer)."""
        return self._first.get(num)


def _trailers(pdf: PdfFile) -> frozenset[int]:
    """The numbers of the cross-reference streams: their dictionaries are trailers (7.5.8.2), also the older ones."""
    sections = [*pdf.sections, *(section.hidden for section in pdf.sections if section.hidden is not None)]
    return frozenset(section.number for section in sections if section.number >= 0)


def _beyond_the_trailer(value: Any) -> Any:
    """What such a stream says besides: who else uses it, as a form XObject say, follows that too."""
    if not isinstance(value, Stream):
        return value
    return {key: item for key, item in value.dict.items() if key not in _OF_THE_TRAILER}
