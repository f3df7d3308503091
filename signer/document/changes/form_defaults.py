"""Rules for what readers draw fields by that have no drawing of their own: /NeedAppearances, /DA and /Q of the form."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.buttons import marks_only
from signer.document.changes.step import Step
from signer.document.changes.undrawn import is_undrawn, says, undrawn_texts
from signer.document.drawn_text import drawn_once, draws_value
from signer.document.fields import FormField, Widget
from signer.document.objects import Stream
from signer.document.visibility import STATES, is_hidden
from signer.errors import DocumentRefused

_KINDS = {"DA": bytes, "Q": int}
_GROUND = frozenset(("BG", "BC"))  # what readers paint besides the value (table 192)
Entries = dict[str, Any]


def compare_defaults(step: Step, old: Entries, new: Entries) -> None:
    """Readers draw every field anew, or as it is drawn in the file; and some by the form's default font."""
    anew = bool(step.before.resolve(old.get("NeedAppearances")))
    if not step.same(old.get("NeedAppearances"), new.get("NeedAppearances")) and (
        bool(step.after.resolve(new.get("NeedAppearances")))
        or (anew and not all(_looks_the_same(step, field) for field in step.old_fields))
    ):
        step.found(Changes.SUSPICIOUS, "form-changed", detail="NeedAppearances")
    for key, kind in _KINDS.items():
        if step.same(old.get(key), new.get(key)):
            continue
        added = key not in old and type(step.after.resolve(new.get(key))) is kind
        if (
            not added
            or any(_is_drawn_by(step, key, field, anew) for field in step.old_fields)
            or not all(says(step.before, each, key) for each in undrawn_texts(step.before))
        ):
            step.found(Changes.SUSPICIOUS, "form-changed", detail=key)


def _is_drawn_by(step: Step, key: str, field: FormField, anew: bool) -> bool:
    """Whether a reader would have to ask the form for this, to draw what the field said when it was signed."""
    pdf, own = step.before, [each.dict for each in field.widgets]
    if field.type == "Sig" or says(pdf, field.dict, key) or all(says(pdf, each, key) for each in own):
        return False
    empty = field.type == "Tx" and not field.value
    return anew or (not empty and is_undrawn(pdf, field))


def _looks_the_same(step: Step, field: FormField) -> bool:
    """Whether a reader that draws this field anew draws what the file draws."""
    seen = [widget for widget in field.widgets if not is_hidden(step.before, widget.dict)]
    if field.type == "Sig" or not any("AP" in widget.dict for widget in seen):
        return True
    if field.type == "Btn":
        return all(marks_only(step, field, widget) for widget in seen)
    try:
        return _draws_value(step, field) and all(_paints_its_ground(step, widget) for widget in seen)
    except DocumentRefused:
        return False


def _draws_value(step: Step, field: FormField) -> bool:
    value = field.value[0] if isinstance(field.value, list) and len(field.value) == 1 else field.value
    return draws_value(step.before, replace(field, value=value))


def _paints_its_ground(step: Step, widget: Widget) -> bool:
    """Whether no more is painted than the ground that a reader would paint."""
    if not _GROUND.isdisjoint(step.before.dictionary(widget.dict.get("MK"))):
        return True
    states = step.before.dictionary(widget.dict.get("AP"))
    drawings = [step.before.resolve(states.get(state)) for state in STATES]
    return not any(
        drawn_once(step.before, each).paint.anything for each in drawings if isinstance(each, Stream)
    )
