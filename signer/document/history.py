"""The revisions of a file: what was appended when (ISO 32000-2, 7.5.6), and what looks wrong about it.

A revision is one run of bytes that ends with `startxref`, an offset and `%%EOF`. Its cross-reference section
is found through /Prev from the newest one; a linearised file has two in its first revision (Annex F).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from signer.document.reader import PdfFile
from signer.document.xref import XrefSection, xref_damaged
from signer.patterns import compile_pattern

# What may stand between a cross-reference section and the end of its revision.
CLOSING = compile_pattern(
    rb"[\0\t\n\f\r ]*+(?:endstream[\0\t\n\f\r ]++endobj[\0\t\n\f\r ]++)?"
    rb"(?:%[^\r\n]*+[\r\n]++)*+startxref[\0\t\n\f\r ]++(\d{1,19})[\0\t\n\f\r ]++%%EOF(\r\n|\n|\r)?"
)
_END_MARK = compile_pattern(rb"startxref[\0\t\n\f\r ]++(\d{1,19})[\0\t\n\f\r ]++%%EOF")
_LIVE = compile_pattern(rb"\d[\0\t\n\f\r ]++obj|trailer|xref|stream|%PDF-")
# How an update begins, also one that was cut off after a few bytes.
_UPDATE = compile_pattern(
    rb"(?:[\0\t\n\f\r ]|%[^\r\n]*+(?=[\r\n]))*+"
    rb"(?:\d{1,10}(?:[\0\t\n\f\r ]++(?:\d{1,5}(?:[\0\t\n\f\r ]++(?:o(?:b(?:j.*+)?)?)?)?)?)?|x(?:r(?:e(?:f.*+)?)?)?)\Z",
    re.DOTALL,
)
_WHITESPACE = b"\0\t\n\f\r "
_BLOCK = 1 << 20
_LONGEST_TAIL = 64 << 10
_MOST_SEARCHED = 256 << 20


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, 0 the oldest. Bytes `start` to `end`; `mark` is the offset just after `%%EOF`, `end` the
    same after one end of line. `xref` is the offset of its cross-reference section."""

    index: int
    start: int
    end: int
    mark: int
    xref: int


@dataclass(frozen=True, slots=True)
class StructuralFinding:
    """Something about the file's bytes that no honest writer needs.

    `trailing-bytes`      bytes after the last `%%EOF` that are no white space and no PDF
    `hidden-bytes`        bytes after the last `%%EOF` that a lenient reader may take for PDF, or the beginning of
                          a revision whose end was cut off
    `no-end-mark`         no `%%EOF` after the last `startxref`
    `revision-unreadable` the end of an earlier revision could not be found
    `unreachable-revision` a revision that the newer ones no longer lead to
    `prev-forward`        /Prev leads to a later place of the file (not linearised)
    """

    id: str
    offset: int


class History:
    """A file with its revisions, each of which can be seen as it was. Opened views are kept."""

    def __init__(self, pdf: PdfFile) -> None:
        self.pdf = pdf
        self.findings: list[StructuralFinding] = []
        self._groups = self._group()
        self.revisions = self._bounds()
        self._views: dict[int, PdfFile] = {}
        self.findings += _after_end(pdf, self.revisions[-1].mark)

    def view(self, index: int) -> PdfFile:
        """The file as it was at the end of a revision."""
        if index == len(self.revisions) - 1:
            return self.pdf
        if index not in self._views:
            self._views[index] = self.pdf.until(self.revisions[index].end)
        return self._views[index]

    def sections(self, index: int) -> tuple[XrefSection, ...]:
        """The cross-reference sections that a revision brought (two when linearised), newest first."""
        return self._groups[index]

    def changed(self, index: int) -> frozenset[int]:
        """Numbers of the objects that a revision wrote, moved or freed; for the oldest, all of them."""
        before = self.view(index - 1) if index else None
        numbers: set[int] = set()
        for section in self._groups[index]:
            for num, entry in section.entries.items():
                if before is None or before.entry(num) != entry:
                    numbers.add(num)
        return frozenset(numbers)

    @cached_property
    def unreachable(self) -> tuple[StructuralFinding, ...]:
        """Ends of revisions inside later ones: reads every revision but the oldest."""
        found: list[StructuralFinding] = []
        for revision in self.revisions[1:]:
            found.extend(self._inner_ends(revision))
        return tuple(found)

    # --- finding the bounds

    def _group(self) -> list[tuple[XrefSection, ...]]:
        chain = list(self.pdf.sections)
        groups: list[tuple[XrefSection, ...]] = []
        while chain:
            group = [chain.pop()]
            if chain and chain[-1].offset < group[0].offset:
                # Linearised: the first-page section stands before the main one that its /Prev names.
                if groups or not self._linearised():
                    self.findings.append(StructuralFinding("prev-forward", chain[-1].offset))
                group.insert(0, chain.pop())
            groups.append(tuple(group))
        return groups

    def _linearised(self) -> bool:
        return b"/Linearized" in self.pdf.read(0, 1024)

    def _bounds(self) -> tuple[Revision, ...]:
        found: list[Revision] = []
        start = 0
        for index, group in enumerate(self._groups):
            newest = index == len(self._groups) - 1
            end, mark = self._end(group, newest)
            if end < start:
                raise xref_damaged("revisions out of order", group[0].offset)
            found.append(Revision(index, start, end, mark, group[0].offset))
            start = end
        return tuple(found)

    def _end(self, group: tuple[XrefSection, ...], newest: bool) -> tuple[int, int]:
        place = max(section.end for section in group)
        window = self.pdf.read(place, 4096)
        match = CLOSING.match(window)
        if match is not None and int(match[1]) == group[0].offset:
            mark = place + match.start(2) if match[2] else place + match.end()
            return place + match.end(), mark
        if newest and self.pdf.startxref_at >= place:
            return self._loose_end()
        self.findings.append(StructuralFinding("revision-unreadable", place))
        return place, place

    def _loose_end(self) -> tuple[int, int]:
        pdf = self.pdf
        if pdf.eof < 0:
            return pdf.size, pdf.size
        tail = pdf.read(pdf.eof - 2, 2)
        return pdf.eof, pdf.eof - len(tail) + len(tail.rstrip(b"\r\n"))

    def _inner_ends(self, revision: Revision) -> list[StructuralFinding]:
        found: list[StructuralFinding] = []
        position, stop = revision.start, min(revision.mark, revision.start + _MOST_SEARCHED)
        while position < stop:
            block = self.pdf.read(position, min(_BLOCK + 64, stop - position))
            for match in _END_MARK.finditer(block):
                if position + match.end() < revision.mark and self._is_section(int(match[1])):
                    found.append(StructuralFinding("unreachable-revision", position + match.start()))
            position += _BLOCK
        return found

    def _is_section(self, offset: int) -> bool:
        head = self.pdf.read(offset, 64).lstrip(_WHITESPACE)
        return head.startswith(b"xref") or re.match(rb"\d+\s+\d+\s+obj", head) is not None


def after_end(pdf: PdfFile) -> bytes:
    """What follows the last `%%EOF`, without white space around it; at most 64 KiB, else the reader refuses."""
    return pdf.read(pdf.eof, pdf.size - pdf.eof).strip(_WHITESPACE) if pdf.eof >= 0 else b""


def begins_an_update(rest: bytes) -> bool:
    """Whether bytes after the last `%%EOF` are the beginning of one more revision, whose end was cut off."""
    return _UPDATE.match(rest) is not None


def _after_end(pdf: PdfFile, mark: int) -> list[StructuralFinding]:
    """What follows the newest revision, whose `%%EOF` ends at `mark`; another end of it that says the same may too."""
    if pdf.eof < 0:
        return [StructuralFinding("no-end-mark", pdf.startxref_at)]
    found: list[StructuralFinding] = []
    if pdf.eof - mark > _LONGEST_TAIL or _END_MARK.sub(b"", pdf.read(mark, pdf.eof - mark)).strip(
        _WHITESPACE
    ):
        found.append(StructuralFinding("hidden-bytes", mark))
    rest = after_end(pdf)
    if rest:
        hidden = begins_an_update(rest) or _LIVE.search(rest)
        found.append(StructuralFinding("hidden-bytes" if hidden else "trailing-bytes", pdf.eof))
    return found


def revisions(pdf: PdfFile) -> tuple[Revision, ...]:
    """The file's revisions, oldest first. Raises `DocumentRefused` when they overlap."""
    return History(pdf).revisions
