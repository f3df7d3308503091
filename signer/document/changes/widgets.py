"""What a field that a later revision brings along may be: its widgets, whether they draw, what they may do."""

from __future__ import annotations

from typing import Any

from signer.document.changes.step import Step
from signer.document.fields import FormField, Widget
from signer.document.objects import PdfObject

_HIDDEN = 2
# Of a field and its widget (ISO 32000-2, tables 166, 191, 226 and 235). No actions, no layers, no rich text.
_FIELD = (
    "Type",
    "Subtype",
    "FT",
    "T",
    "TU",
    "TM",
    "V",
    "DV",
    "F",
    "Ff",
    "Rect",
    "P",
    "Parent",
    "Kids",
    "AP",
    "AS",
    "Lock",
)
_WIDGET = ("SV", "DA", "Q", "H", "MK", "BS", "Border", "C", "NM", "M", "Contents", "StructParent", "Lang")
_KNOWN = frozenset((*_FIELD, *_WIDGET))


def flags(value: PdfObject) -> int:
    """An integer of flags; 0 for anything else."""
    return value if type(value) is int else 0


def draws_nothing(step: Step, field: FormField) -> bool:
    """Whether no reader draws anything of a field: every widget is a point, or hidden.

    A widget without an appearance is not enough: readers then draw its background, or a sign of their own.
    """
    return all(_draws_nothing(step, widget) for widget in field.widgets)


def _draws_nothing(step: Step, widget: Widget) -> bool:
    if not _is_widget(step, widget):
        return False
    if flags(step.after.resolve(widget.dict.get("F"))) & _HIDDEN:
        return True
    flat = (widget.rect[0] == widget.rect[2], widget.rect[1] == widget.rect[3])
    # PDFium draws a line where only one of the two is nothing: through a digit, say.
    return _well_formed(step, widget.dict.get("Rect")) and (
        all(flat) or (any(flat) and "AP" not in widget.dict)
    )


def _well_formed(step: Step, rect: Any) -> bool:
    """Whether every reader takes these for the same four numbers (or there are none)."""
    if rect is None:
        return True
    found = step.after.resolve(rect)
    numbers = [step.after.resolve(item) for item in found] if isinstance(found, list) else []
    return len(numbers) == 4 and all(type(number) in (int, float) for number in numbers)


def _is_widget(step: Step, widget: Widget) -> bool:
    return step.after.resolve(widget.dict.get("Subtype")) == "Widget"


def beyond_a_field(step: Step, field: FormField) -> str | None:
    """What a new field has that no plain field needs: another kind of annotation, a key that acts."""
    for widget in field.widgets:
        if not _is_widget(step, widget):
            return str(step.after.resolve(widget.dict.get("Subtype")))
    for ref in (*field.nodes, *(widget.ref for widget in field.widgets)):
        if step.is_new(ref.num):
            for key in sorted(set(step.after.dictionary(ref)) - _KNOWN):
                return key
    return None
