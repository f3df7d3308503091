"""Text fields whose value is not what the page shows: /V says 15, the appearance draws 51.

Our own fields (number and date) must draw exactly their value. Of anybody else's fields only a plain contradiction
counts: a visible widget whose text is known and differs, after white space, compatibility forms and letters that
a poor font lacks. What a form legitimately shows otherwise is left alone: passwords, values that a format script
rewrites, right-to-left text, empty appearances (not drawn yet), pictures, and fonts whose characters are unknown.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from dataclasses import dataclass

from policies.layout import TEXT_FIELDS
from signer.document.character_maps import FontReader
from signer.document.drawn_text import Drawing, drawn_text, draws_value
from signer.document.fields import FormField, Widget, form_fields
from signer.document.objects import Ref, Stream
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.document.visibility import HIDDEN, NO_VIEW, is_hidden
from signer.errors import DocumentRefused

_MOST_FIELDS = 2_000
_LONGEST = 20_000
_MOST_STEPS = 500_000
_MULTILINE, _PASSWORD = 1 << 12, 1 << 13  # table 231
_RIGHT_TO_LEFT = frozenset(("R", "AL", "AN"))
_STANDS_IN = frozenset("?.·•□■�_*")  # what is drawn for a character that the font lacks


@dataclass(frozen=True, slots=True)
class Contradiction:
    """A field with its value and the text that one of its widgets draws; None when that is not known."""

    field: str
    value: str
    drawn: str | None


def contradictions(pdf: PdfFile) -> tuple[Contradiction, ...]:
    """The text fields that show something else than their value, in the order of the form.

    At most `_MOST_FIELDS` foreign fields are read. Raises `DocumentRefused` when the form cannot be read.
    """
    fonts: dict[Ref, FontReader] = {}
    found: list[Contradiction] = []
    foreign = 0
    for field in form_fields(pdf, pages=False):
        if field.type != "Tx":
            continue
        if field.name in TEXT_FIELDS:
            differs = _own(pdf, field)
        else:
            foreign += 1
            differs = _foreign(pdf, field, fonts) if foreign <= _MOST_FIELDS else None
        if differs is not None:
            found.append(differs)
    return tuple(found)


def _own(pdf: PdfFile, field: FormField) -> Contradiction | None:
    try:
        if draws_value(pdf, field):
            return None
    except DocumentRefused:  # not made as the standard says: then it draws nothing that could be believed
        pass
    value = text_string(field.value) if isinstance(field.value, bytes) else ""
    drawings = [_drawing(pdf, widget, {}) for widget in field.widgets]
    return Contradiction(field.name, value, next((d.text for d in drawings if d is not None), None))


def _foreign(pdf: PdfFile, field: FormField, fonts: dict[Ref, FontReader]) -> Contradiction | None:
    if not isinstance(field.value, bytes) or field.flags & _PASSWORD or len(field.value) > _LONGEST:
        return None
    value = text_string(field.value)
    if not value.strip() or any(unicodedata.bidirectional(c) in _RIGHT_TO_LEFT for c in value):
        return None
    if any(_is_formatted(pdf, entries) for entries in (field.dict, *(w.dict for w in field.widgets))):
        return None
    for widget in field.widgets:
        drawing = _drawing(pdf, widget, fonts) if _is_seen(pdf, widget) else None
        if drawing is None or drawing.text is None or not drawing.text.strip():
            continue
        if not agrees(value, drawing, multiline=bool(field.flags & _MULTILINE)):
            return Contradiction(field.name, value, drawing.text)
    return None


def _is_formatted(pdf: PdfFile, entries: dict[str, object]) -> bool:
    """Whether a script formats what is shown (12.7.6.3, /F of the additional actions)."""
    try:
        return "F" in pdf.dictionary(entries.get("AA"))
    except DocumentRefused:
        return False


def _is_seen(pdf: PdfFile, widget: Widget) -> bool:
    x0, y0, x1, y1 = widget.rect
    return not is_hidden(pdf, widget.dict, HIDDEN | NO_VIEW) and x0 < x1 and y0 < y1


def _drawing(pdf: PdfFile, widget: Widget, fonts: dict[Ref, FontReader]) -> Drawing | None:
    try:
        appearance = pdf.resolve(pdf.dictionary(widget.dict.get("AP")).get("N"))
        return drawn_text(pdf, appearance, fonts) if isinstance(appearance, Stream) else None
    except DocumentRefused:  # nobody knows what it draws
        return None


def agrees(value: str, drawing: Drawing, *, multiline: bool = False) -> bool:
    """Whether a drawing shows this value, as far as a person would say so.

    A box of several lines may be too small for all of them; where the order of drawing is not the order of
    reading, only the characters are compared.
    """
    wanted, drawn = _plain(value), _plain(drawing.text or "")
    if wanted == drawn or (multiline and wanted.startswith(drawn)):
        return True
    if not drawing.sound and Counter(wanted) == Counter(drawn):
        return True
    return not wanted.isascii() and _poorly_drawn(wanted, drawn)


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in folded if unicodedata.category(c)[0] not in "CZ")


def _poorly_drawn(wanted: str, drawn: str) -> bool:
    """Whether `drawn` is `wanted` by a font without some of its letters: ASCII stands as it is, any other
    character may be missing, or be drawn without its marks, or as a sign that stands in for it."""
    reached = {0}
    steps = 0
    for character in drawn:
        following: set[int] = set()
        for start in reached:
            end = _next_ascii(wanted, start)
            steps += end - start + 1
            if steps > _MOST_STEPS:
                return False
            following.update(
                at + 1 for at in range(start, min(end, len(wanted))) if _draws(wanted[at], character)
            )
        reached = following
    return any(_next_ascii(wanted, at) > len(wanted) for at in reached)


def _next_ascii(text: str, start: int) -> int:
    """The offset after the next ASCII character from `start` on; beyond the end when there is none."""
    for at in range(start, len(text)):
        if text[at].isascii():
            return at + 1
    return len(text) + 1


def _draws(wanted: str, drawn: str) -> bool:
    if wanted == drawn:
        return True
    if wanted.isascii():
        return False
    base = "d" if wanted == "đ" else unicodedata.normalize("NFD", wanted)[0]
    return drawn == base or drawn in _STANDS_IN
