"""Files that readers show in two ways: by their cross-references, or rebuilt from what stands in their bytes.

A reader that does not find the newest cross-reference section, or does not like it, looks through the whole file and
takes the last object of each number. Usually both are the same document. Where they are not, nothing that makes a
reader rebuild may be appended to a signed file: not even white space.
"""

from __future__ import annotations

import re

from signer.document.objects import Ref
from signer.document.reader import PdfFile
from signer.document.reference_scan import references
from signer.document.xref import Entry, TablePart, XrefSection

LOOKED_BACK = 1024
"""Bytes from the end in which every reader finds `startxref` (poppler and Acrobat; PDFium looks at four times that)."""

_OBJECT = re.compile(rb"(?<!\d)(\d{1,10})[\0\t\n\f\r ]+\d{1,5}[\0\t\n\f\r ]+obj")
_TRAILER = re.compile(rb"trailer[\0\t\n\f\r ]*<<")
_BLOCK, _OVERLAP = 1 << 20, 64
_MOST_SEARCHED = 256 << 20
_HIGHEST_SIZE = 8_388_608
_WIDEST = 4


def may_be_rebuilt(pdf: PdfFile, newer: list[XrefSection]) -> bool:
    """Whether some reader may rebuild the file: on account of what follows its end, or of these sections."""
    return pdf.size - pdf.startxref_at > LOOKED_BACK or not all(_plain(pdf, each) for each in newer)


def _plain(pdf: PdfFile, section: XrefSection) -> bool:
    """Whether every reader takes the section: entries of 20 bytes, numbers of usual sizes, nothing but Flate."""
    size, root = section.trailer.get("Size"), section.trailer.get("Root")
    if type(size) is not int or not 0 < size <= _HIGHEST_SIZE or not isinstance(root, Ref):
        return False
    if section.kind == "stream":
        narrow = all(width <= _WIDEST for width in section.trailer["W"])
        return narrow and section.trailer.get("Filter") in (None, "FlateDecode")
    tables = all(isinstance(part, TablePart) for part in section.parts)
    return tables and pdf.read(section.offset, 4) == b"xref" and section.hidden is None


def rebuilt_otherwise(pdf: PdfFile) -> bool:
    """Whether a reader that rebuilds the file shows another object, or another trailer, than its cross-references do.

    More than 256 MB are not searched, and count as such a file.
    """
    if pdf.size > _MOST_SEARCHED:
        return True
    found = _last_objects(pdf)
    if found is None:
        return True
    unlisted = set()
    for num, offset in found.items():
        entry = pdf.entry(num)
        if entry is None or entry.kind == "f":
            unlisted.add(num)
        elif _comes_later(pdf, entry, offset):
            return True
    used = (num for _, referred in references(pdf) for num in referred or ()) if unlisted else ()
    return not unlisted.isdisjoint(used)


def _last_objects(pdf: PdfFile) -> dict[int, int] | None:
    """Where the last object of each number stands; None when there is a trailer that no section has."""
    sections = [(each.offset, each.end) for each in pdf.sections]
    found: dict[int, int] = {}
    for start in range(0, pdf.size, _BLOCK):
        block = pdf.read(start, _BLOCK + _OVERLAP)
        for match in _OBJECT.finditer(block):
            found[int(match[1])] = start + match.start()
        for match in _TRAILER.finditer(block):
            if not any(first <= start + match.start() < end for first, end in sections):
                return None
    return found


def _comes_later(pdf: PdfFile, entry: Entry, offset: int) -> bool:
    if entry.kind == "c":
        packed = pdf.entry(entry.where)
        return packed is not None and offset > packed.where
    between = pdf.read(entry.where, min(offset - entry.where, _OVERLAP)) if offset > entry.where else b""
    return bool(between.strip(b"\0\t\n\f\r "))
