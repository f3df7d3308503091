"""The form's default resources: they may gain names, and nothing that is read already."""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.step import Step
from signer.document.changes.undrawn import is_undrawn
from signer.document.text_strings import text_string
from signer.patterns import compile_pattern

_FONT_NAME = compile_pattern(r"/([^\s/\[\]()<>{}%]++)")


def compare_resources(step: Step, old: Any, new: Any, form: tuple[object, ...]) -> None:
    """Default resources may gain names; a name keeps what it names."""
    before, after = step.before.dictionary(old), step.after.dictionary(new)
    step.explain_unshared(old, within=form)
    for category, value in before.items():
        known, now = step.before.resolve(value), step.after.resolve(after.get(category))
        step.explain_unshared(value, within=(*form, old))
        if isinstance(known, dict) and isinstance(now, dict):
            kept = all(step.same(item, now.get(name)) for name, item in known.items())
        else:
            kept = step.same(value, after.get(category))
        if not kept:
            step.found(Changes.SUSPICIOUS, "form-changed", detail="DR")
    fonts = set(step.after.dictionary(after.get("Font"))) - set(step.before.dictionary(before.get("Font")))
    if fonts & _awaited(step):
        step.found(Changes.SUSPICIOUS, "form-changed", detail="DR")


def _awaited(step: Step) -> set[str]:
    """The fonts of values that had no appearance when they were signed: readers draw those themselves."""
    form = step.before.dictionary(step.before.catalog.get("AcroForm"))
    anew = bool(step.before.resolve(form.get("NeedAppearances")))
    found: set[str] = set()
    for field in step.old_fields:
        if field.value is not None and (anew or is_undrawn(step.before, field)):
            given = (each.get("DA") for each in (form, field.dict, *(w.dict for w in field.widgets)))
            words = [step.before.resolve(each) for each in given]
            found.update(
                name
                for word in words
                if isinstance(word, bytes)
                for name in _FONT_NAME.findall(text_string(word))
            )
    return found
