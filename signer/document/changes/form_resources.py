"""The form's default resources: they may gain names, and nothing that is read already."""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.step import Step
from signer.document.changes.undrawn import fonts_of, is_undrawn, says, undrawn_texts


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
    awaited = _awaited(step) if fonts else frozenset()
    if awaited is None or fonts & awaited:
        step.found(Changes.SUSPICIOUS, "form-changed", detail="DR")


def _awaited(step: Step) -> frozenset[str] | None:
    """The fonts of what had no appearance when it was signed: readers draw that themselves. None when nobody knows."""
    form = step.before.dictionary(step.before.catalog.get("AcroForm"))
    anew = bool(step.before.resolve(form.get("NeedAppearances")))
    sources = list(undrawn_texts(step.before))
    if not all(says(step.before, each, "DA") for each in sources):
        return None
    for field in step.old_fields:
        nothing = not field.value and field.type in ("Tx", "Sig")
        if not nothing and (anew or is_undrawn(step.before, field)):
            sources += [field.dict, *(each.dict for each in field.widgets)]
    words = (step.before.resolve(each.get("DA")) for each in (form, *sources))
    found = [fonts_of(word) for word in words if isinstance(word, bytes)] if sources else []
    known = [names for names in found if names is not None]
    return frozenset().union(*known) if len(known) == len(found) else None
