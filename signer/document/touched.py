"""The pages that show something which was written again after a revision: those to look at first."""

from __future__ import annotations

from signer.document.history import History
from signer.document.objects import Ref
from signer.document.reader import PdfFile
from signer.document.reference_scan import direct_references
from signer.errors import DocumentRefused

_MOST_PAGES = 2_000
_MOST_OBJECTS = 300  # of one page
_UPWARDS = frozenset({"Parent", "P", "StructParent", "StructParents", "Dest", "A", "AA"})


def touched_pages(history: History, revision: int) -> list[int]:
    """0-based pages that reach an object which a later revision wrote, in the file as it is now, in order. Those whose
    objects cannot be read count as touched."""
    later = range(revision + 1, len(history.revisions))
    changed = frozenset().union(*(history.changed(index) for index in later))
    found = []
    for index in range(_MOST_PAGES):
        page = history.pdf.page_or_none(index)
        if page is None:
            break
        if _reaches(history.pdf, page.ref, changed):
            found.append(index)
    return found


def _reaches(pdf: PdfFile, page: Ref, changed: frozenset[int]) -> bool:
    seen, waiting = {page.num}, [page.num]
    while waiting and len(seen) <= _MOST_OBJECTS:
        number = waiting.pop()
        if number in changed:
            return True
        try:
            value = pdf.get(number)
        except DocumentRefused:
            return True
        if isinstance(value, dict):
            value = {key: entry for key, entry in value.items() if key not in _UPWARDS}
        for ref in direct_references(value):
            if ref.num not in seen:
                seen.add(ref.num)
                waiting.append(ref.num)
    return False
