"""What a field that a later revision brings along may be: its widgets, whether they draw, what they may do."""

from __future__ import annotations

from signer.document.changes.step import Step
from signer.document.fields import FormField, Widget
from signer.document.visibility import is_hidden, is_rectangle, keeps_its_place

_DRAWN = frozenset(("Subtype", "Rect", "AP"))
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


def draws_nothing(step: Step, field: FormField) -> bool:
    """Whether no reader draws anything of a field: every widget is a point, or hidden.

    A widget without an appearance is not enough: readers then draw its background, or a sign of their own. Nor is a
    field without widgets that is an annotation of another kind.
    """
    judged = {widget.ref.num for widget in field.widgets}
    others = (node for node in field.nodes if node.num not in judged)
    return all(_DRAWN.isdisjoint(step.after.dictionary(node)) for node in others) and all(
        _draws_nothing(step, widget) for widget in field.widgets
    )


def drawn_widgets(step: Step, field: FormField) -> list[Widget]:
    """The widgets that some reader draws."""
    return [widget for widget in field.widgets if not _draws_nothing(step, widget)]


def _draws_nothing(step: Step, widget: Widget) -> bool:
    if not _is_widget(step, widget):
        return False
    if is_hidden(step.after, widget.dict):
        return True
    if not is_rectangle(step.after, widget.dict.get("Rect")):
        return False  # MuPDF paints the whole page
    flat = (widget.rect[0] == widget.rect[2], widget.rect[1] == widget.rect[3])
    # PDFium draws a line where only one of the two is nothing: through a digit, say.
    if "AP" in widget.dict:
        return all(flat) and keeps_its_place(step.after, widget.dict)
    return any(flat)


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
