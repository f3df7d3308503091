"""Which annotations may be added where annotations are permitted: those that cannot hide what the page says.

DocMDP /P 3 permits them all (ISO 32000-2, table 257), a white rectangle over the text as well. Such a document is not
called unchanged: only notes and marks that every reader draws by itself are (Rohlmann et al., S&P 2021, 7).
"""

from __future__ import annotations

from typing import Any

from signer.document.fields import rectangle
from signer.document.legibility import luminance_of
from signer.document.reader import PdfFile
from signer.document.visibility import Box, is_rectangle

_KINDS = frozenset(("Text", "Popup", "Highlight", "Underline", "Squiggly", "StrikeOut"))
_LINES = frozenset(("Underline", "Squiggly", "StrikeOut"))
_TALLEST_LINE = 72.0  # points: text of an inch
_LOWEST_LINE = 4.0
_MOST_QUADS = 128
_SPACE = 3.0
_LIGHTEST_LINE, _DARKEST_GROUND = 0.65, 0.25
_LEAST_CONTRASTS = (0.15, 0.15, 0.04)  # of red, blue and green text; green ones are light, and rare
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
    kind = pdf.resolve(entries.get("Subtype"))
    plain = kind in _KINDS and _KEYS.issuperset(entries) and _lets_read(pdf, str(kind), entries.get("C"))
    return plain and (kind not in _LINES or _is_thin(pdf, entries))


def _is_thin(pdf: PdfFile, entries: dict[str, Any]) -> bool:
    """Whether lines are as thick as ones of text, and apart: readers draw them by the height of what they mark."""
    found = pdf.resolve(entries.get("QuadPoints"))
    if found is None:
        _, low, _, high = rectangle(pdf, entries.get("Rect"))
        return is_rectangle(pdf, entries.get("Rect")) and high - low <= _TALLEST_LINE
    resolved = [pdf.resolve(item) for item in found] if isinstance(found, list) else []
    numbers = [float(item) for item in resolved if isinstance(item, int | float)]
    if len(numbers) != len(resolved) or len(numbers) % 8 or not numbers:
        return False
    corners = [complex(*numbers[at : at + 2]) for at in range(0, len(numbers), 2)]
    quads = [corners[at : at + 4] for at in range(0, len(corners), 4)]
    return len(quads) <= _MOST_QUADS and _once_everywhere(quads)


def _once_everywhere(quads: list[list[complex]]) -> bool:
    """Whether lines lie apart: stacked, they cover text. PDFium draws each a point thick, however low its quad is."""
    heights = [height for a, b, c, d in quads for height in (abs(a - c), abs(b - d))]
    if min(heights) < _LOWEST_LINE or max(heights) > _TALLEST_LINE:
        return False
    boxes = [_box(quad) for quad in quads]
    return not any(_mostly_over(boxes[i], boxes[k]) for i in range(len(boxes)) for k in range(i))


def _box(quad: list[complex]) -> Box:
    xs, ys = [each.real for each in quad], [each.imag for each in quad]
    return min(xs), min(ys), max(xs), max(ys)


def _mostly_over(a: Box, b: Box) -> bool:
    """Whether two boxes share half of the lower one's height, over more than a space's width."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    if wide <= _SPACE:
        return False
    high = min(a[3], b[3]) - max(a[1], b[1])
    return 2 * high > min(a[3] - a[1], b[3] - b[1])


def _lets_read(pdf: PdfFile, kind: str, colour: Any) -> bool:
    """Whether a mark's colour leaves the text to be read: black is multiplied to black, and white lines erase."""
    found = pdf.resolve(colour)
    if found is None or found == [] or (kind not in _LINES and kind != "Highlight"):
        return True
    given = [pdf.resolve(item) for item in found] if isinstance(found, list) else []
    parts = [float(item) for item in given if isinstance(item, int | float)]
    luminance = luminance_of(parts)
    if luminance is None:
        return False
    if kind in _LINES:
        return luminance <= _LIGHTEST_LINE
    return luminance >= _DARKEST_GROUND and _keeps_colours(parts)


def _keeps_colours(parts: list[float]) -> bool:
    """Whether red, blue and green text stay apart from their ground, which the mark's colour is multiplied into: red
    text under red is gone."""
    red, green, blue = _rgb(parts)
    seen = (0.59 * green + 0.11 * blue, 0.3 * red + 0.59 * green, 0.3 * red + 0.11 * blue)
    return all(each >= least for each, least in zip(seen, _LEAST_CONTRASTS, strict=True))


def _rgb(parts: list[float]) -> list[float]:
    if len(parts) == 4:
        return [(1 - part) * (1 - parts[3]) for part in parts[:3]]
    return parts if len(parts) == 3 else parts * 3
