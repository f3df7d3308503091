"""Which annotations may be added where annotations are permitted: those that cannot hide what the page says.

DocMDP /P 3 permits them all (ISO 32000-2, table 257), a white rectangle over the text as well. Such a document is not
called unchanged: only notes and marks that every reader draws by itself are (Rohlmann et al., S&P 2021, 7).
"""

from __future__ import annotations

from typing import Any

from signer.document.reader import PdfFile

_KINDS = frozenset(("Text", "Popup", "Highlight", "Underline", "Squiggly", "StrikeOut"))
# No appearance, no action, no layer, no blend mode: those decide what is drawn (tables 166, 172 and 173).
_COMMON = ("Type", "Subtype", "Rect", "Contents", "P", "NM", "M", "F", "C", "Lang", "StructParent")
_MARKUP = ("T", "Popup", "CA", "RC", "CreationDate", "IRT", "Subj", "RT", "IT")
_OWN = ("Open", "Name", "State", "StateModel", "QuadPoints", "Parent")
_KEYS = frozenset((*_COMMON, *_MARKUP, *_OWN))


def hides_nothing(pdf: PdfFile, annotation: Any) -> bool:
    """Whether this is a plain note or mark. What is no dictionary is none."""
    entries = pdf.resolve(annotation)
    if not isinstance(entries, dict):
        return False
    return pdf.resolve(entries.get("Subtype")) in _KINDS and _KEYS.issuperset(entries)
