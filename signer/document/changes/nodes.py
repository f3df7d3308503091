"""Rules for the objects that a field is made of: its groups, the field, its widgets.

Any of them may be a page's resources as well. So each key may change where a form has it alone, and what was there
before must have been of a form as well: a drawing that goes is gone from the page.
"""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.form_values import is_plain
from signer.document.changes.step import Step
from signer.document.fields import FormField
from signer.document.objects import Ref
from signer.document.visibility import are_flags

_FILLED = frozenset(("V", "AP", "Kids", "M"))
_FILLED_BUTTON = _FILLED | {"AS"}
_FILLED_CHOICE = _FILLED | {"I", "TI"}
_OF_WIDGETS = frozenset(("AP", "AS"))
_OF_VALUES = frozenset(("V", "I", "TI"))
_PRINT_AND_LOCKED = 4 | 128
Entries = dict[str, Any]


def compare_nodes(step: Step, old: FormField, new: FormField, signed_now: bool) -> None:
    """Every object of a field that was written again."""
    widgets = {widget.ref.num for widget in old.widgets}
    if widgets != {widget.ref.num for widget in new.widgets}:
        step.found(Changes.ANNOTATIONS, "widgets-changed", new.ref.num, new.name, covers=True)
    for ref in {*old.nodes, *(widget.ref for widget in old.widgets)}:
        if not step.touched(ref):
            continue
        before, after = step.before.dictionary(ref), step.after.dictionary(ref)
        for key in step.differing(before, after):
            if key == "F" and signed_now and _only_locks(step, before, after):
                continue
            if not _may_change(step, key, ref, before, after, new):
                step.found(Changes.SUSPICIOUS, "field-changed", ref.num, new.name, key)
        step.explain(ref)
        step.explain_unshared(before.get("Kids"))


def _may_change(step: Step, key: str, ref: Ref, before: Entries, after: Entries, new: FormField) -> bool:
    allowed = {"Btn": _FILLED_BUTTON, "Ch": _FILLED_CHOICE}.get(new.type, _FILLED)
    if key not in allowed or not is_plain(step, key, before, after):
        return False
    if key in _OF_WIDGETS:
        return _is_widget(step, ref, new)
    return key not in _OF_VALUES or _holds_value(step, key, ref, after, new)


def _is_widget(step: Step, ref: Ref, new: FormField) -> bool:
    """Whether this is what is compared as one: of another kind of annotation, or of a group, nothing is."""
    found = next((each for each in new.widgets if each.ref.num == ref.num), None)
    return found is not None and step.after.resolve(found.dict.get("Subtype")) == "Widget"


def _holds_value(step: Step, key: str, ref: Ref, after: Entries, new: FormField) -> bool:
    """Whether the field has its value from here, or this repeats it as some programs do in every widget."""
    if ref.num == new.ref.num or (key in after and step.after.resolve(after[key]) == new.value):
        return True
    holder = next((node for node in reversed(new.nodes) if key in step.after.dictionary(node)), None)
    return holder is not None and holder.num == ref.num


def _only_locks(step: Step, before: Entries, after: Entries) -> bool:
    """A signer may set Print and Locked, nothing else (12.5.3)."""
    old, new = step.before.resolve(before.get("F", 0)), step.after.resolve(after.get("F", 0))
    return are_flags(old) and are_flags(new) and old | _PRINT_AND_LOCKED == new | _PRINT_AND_LOCKED
