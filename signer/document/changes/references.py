"""Who refers to whom: one pass over a revision's objects, then only over what later revisions write.

Two questions need it. Did an object that a revision defines for the first time have references waiting for it
(then old content changes without being touched)? Is an object used in one place only (then a change that one
rule allows cannot show somewhere else)? Two places of one object are two: the catalog may call its layers its
metadata as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from signer.document.objects import Ref, Stream
from signer.document.reader import PdfFile
from signer.document.reference_scan import direct_references, references

TRAILER = 0
_OF_THE_TRAILER = ("Root", "Info", "ID")


class References:
    """References from object to object. Grows with `add`; never forgets, so it errs towards suspicion.

    `unreadable`: objects that the first view has, and that could not be read there. `written`: objects that later
    views made, or made another.
    """

    def __init__(self) -> None:
        self.unreadable: set[int] = set()
        self.written: set[int] = set()
        self._of_trailers: dict[int, list[int]] = {}
        self._users: dict[int, set[int]] = {}  # of catalogs and forms
        self._first: dict[int, int] = {}
        self._shared: set[int] = set()

    @classmethod
    def of(cls, pdf: PdfFile) -> References:
        """All references of one view of a file. Looks at every object once."""
        found = cls()
        found._watch(pdf)
        found.add(TRAILER, pdf.trailer)
        trailers = _trailers(pdf)
        for num, referred in references(pdf):
            if referred is None:
                found.unreadable.add(num)
            elif num in trailers:
                found._add_trailer(num, pdf.load(num))
            else:
                found._add(num, referred)
        found._add_used_trailers()
        return found

    def add_objects(self, pdf: PdfFile, numbers: Iterable[int]) -> None:
        """The references that these objects hold in a later view."""
        self._watch(pdf)
        self.add(TRAILER, pdf.trailer)
        trailers = _trailers(pdf)
        for num in numbers:
            value = pdf.get(num)
            if num in trailers:
                self._add_trailer(num, value)
            else:
                self.add(num, value)
        self._add_used_trailers()

    def add(self, referrer: int, value: Any) -> None:
        """The references inside one object."""
        self._add(referrer, [ref.num for ref in direct_references(value)])

    def _watch(self, pdf: PdfFile) -> None:
        for each in (pdf.trailer.get("Root"), pdf.catalog.get("AcroForm")):
            if isinstance(each, Ref):
                self._users.setdefault(each.num, set())

    def _add_trailer(self, num: int, value: Any) -> None:
        """A cross-reference stream. What it says as the trailer is the trailer's, as long as nobody uses it besides."""
        if isinstance(value, Stream):
            own = {key: item for key, item in value.dict.items() if key in _OF_THE_TRAILER}
            self._of_trailers[num] = [ref.num for ref in direct_references(own)]
            value = {key: item for key, item in value.dict.items() if key not in _OF_THE_TRAILER}
        self.add(num, value)

    def _add_used_trailers(self) -> None:
        for num in [each for each in self._of_trailers if self.referred(each)]:
            self._add(num, self._of_trailers.pop(num))

    def _add(self, referrer: int, referred: list[int]) -> None:
        here: set[int] = set()
        for num in referred:
            known = self._first.setdefault(num, referrer)
            if known != referrer or num in here:
                self._shared.add(num)
            here.add(num)
            if num in self._users:
                self._users[num].add(referrer)

    def referred(self, num: int) -> bool:
        """Whether any object refers to this one."""
        return num in self._first

    def shared(self, num: int) -> bool:
        """Whether more than one place refers to this object."""
        return num in self._shared

    def used_besides(self, pdf: PdfFile, num: int, owner: int) -> bool:
        """Whether anything but its owner uses a catalog or a form, in this view: as a font's dictionary, say.

        What a signature's reference names as its /Data (table 256) is not used so, nor what an object names to which
        nothing leads, such as an older catalog.
        """
        for user in self._users.get(num, set()) - {TRAILER}:
            times = _times(pdf.get(user), num)
            if user == owner:
                times -= 1
            elif not self.referred(user):
                continue
            if times > 0:
                return True
        return False

    def referrer(self, num: int) -> int | None:
        """One object that refers to this one (0 is the trailer)."""
        return self._first.get(num)


def _times(value: Any, num: int) -> int:
    """How often a value refers to this object, apart from /Data of signature references."""
    stack, count = [value], 0
    while stack:
        item = stack.pop()
        if isinstance(item, Ref):
            count += item.num == num
        elif isinstance(item, dict | Stream):
            entries = item if isinstance(item, dict) else item.dict
            ours = "TransformMethod" in entries
            stack.extend(each for key, each in entries.items() if not (ours and key == "Data"))
        elif isinstance(item, list):
            stack.extend(item)
    return count


def _trailers(pdf: PdfFile) -> frozenset[int]:
    """The numbers of the cross-reference streams: their dictionaries are trailers (7.5.8.2), also the older ones."""
    sections = [*pdf.sections, *(section.hidden for section in pdf.sections if section.hidden is not None)]
    return frozenset(section.number for section in sections if section.number >= 0)
