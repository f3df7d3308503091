"""Rules for what a field draws: it may be drawn anew when it is filled, and must then draw its value."""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.step import Step
from signer.document.drawn_text import draws_value
from signer.document.fields import FormField
from signer.document.objects import Ref
from signer.document.reader import PdfFile

_STATES = ("N", "R", "D")


def compare_appearances(step: Step, old: FormField, new: FormField) -> bool:
    """Whether the field is drawn differently than before; notes a text that is not the field's value."""
    earlier = {widget.ref.num: widget.dict for widget in old.widgets}
    redrawn = False
    for widget in new.widgets:
        before, after = earlier.get(widget.ref.num, {}), widget.dict
        streams = _streams(step.before, before.get("AP"))
        redrawn = redrawn or not step.same(before.get("AP"), after.get("AP"))
        redrawn = redrawn or not step.same(before.get("AS"), after.get("AS"))
        redrawn = redrawn or any(step.rewritten(stream) for stream in streams)
        step.explain_unshared(before.get("AP"), *streams)
        extra = set(step.after.dictionary(after.get("AP"))) - set(_STATES)
        if extra:
            step.found(Changes.SUSPICIOUS, "field-changed", widget.ref.num, new.name, "AP")
    filled = redrawn or not step.same(old.dict.get("V"), new.dict.get("V"))
    if (
        filled
        and new.type == "Tx"
        and not draws_value(step.after, new, lambda font: not step.is_new(font.num))
    ):
        step.found(Changes.SUSPICIOUS, "value-differs-from-drawing", new.ref.num, new.name)
    return redrawn


def _streams(pdf: PdfFile, appearance: Any) -> list[Ref]:
    """References from an appearance dictionary: its states' streams and the dictionaries between."""
    found: list[Ref] = []
    states = pdf.resolve(appearance)
    for state in _STATES if isinstance(states, dict) else ():
        value = states.get(state) if isinstance(states, dict) else None
        if isinstance(value, Ref):
            found.append(value)
        inner = pdf.resolve(value)
        if isinstance(inner, dict):
            found.extend(item for item in inner.values() if isinstance(item, Ref))
    return found
