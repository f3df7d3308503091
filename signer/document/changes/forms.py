"""Rules for the form: fields may be filled and signed, signature fields may be added; nothing else."""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.appearances import compare_appearances
from signer.document.changes.step import Step
from signer.document.changes.widgets import beyond_a_field, draws_nothing, flags
from signer.document.fields import FormField
from signer.document.objects import Ref, Stream
from signer.document.signature_fields import TIMESTAMP_SUBFILTER
from signer.document.text_strings import text_string
from signer.patterns import compile_pattern

_FILLED = frozenset(("V", "AP", "Kids", "M"))
_FILLED_BUTTON = _FILLED | {"AS"}
_FILLED_CHOICE = _FILLED | {"I", "TI"}
_FONT_NAME = compile_pattern(r"/([^\s/\[\]()<>{}%]++)")
_PRINT_AND_LOCKED = 4 | 128
# What makes a dictionary a font, a drawing, a pattern or a graphics state (tables 57, 75, 89, 109), and no signature.
_KEYS = "Subtype PatternType ShadingType ColorSpace Function Font SMask BM ca CA LW LC LJ ML D RI OP op OPM TR HT BG"
_OF_ANOTHER_ROLE = frozenset(_KEYS.split()) | {"TR2", "BG2", "UCR", "UCR2", "TK"}
_COLOUR_SPACES = frozenset(("DeviceGray", "DeviceRGB", "DeviceCMYK", "Pattern"))
_KINDS: dict[str, type | tuple[type, ...]] = {"M": bytes, "I": list, "TI": int, "AS": str}


def compare_form(step: Step) -> None:
    """The form's own dictionary: it stays, and only its list of fields and its resources grow."""
    old_form, new_form = step.before.catalog.get("AcroForm"), step.after.catalog.get("AcroForm")
    old, new = step.before.dictionary(old_form), step.after.dictionary(new_form)
    if old and not new:
        step.found(Changes.FORBIDDEN, "form-dropped")
    form = (step.before.trailer.get("Root"), old_form)
    step.explain_unshared(old_form, within=form)
    step.explain_unshared(old.get("Fields"), within=form)
    for key in step.differing(old, new):
        if key not in ("Fields", "SigFlags", "DR", "NeedAppearances"):
            step.found(Changes.SUSPICIOUS, "form-changed", detail=key)
    if flags(step.before.resolve(old.get("SigFlags"))) & ~flags(step.after.resolve(new.get("SigFlags"))):
        step.found(Changes.SUSPICIOUS, "form-changed", detail="SigFlags")
    if new.get("NeedAppearances") and not step.same(old.get("NeedAppearances"), new["NeedAppearances"]):
        step.found(Changes.SUSPICIOUS, "form-changed", detail="NeedAppearances")
    _compare_resources(step, old.get("DR"), new.get("DR"), form)
    _compare_fields(step)


def _compare_resources(step: Step, old: Any, new: Any, form: tuple[object, ...]) -> None:
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
        if field.value is not None and (anew or any("AP" not in each.dict for each in field.widgets)):
            given = (each.get("DA") for each in (form, field.dict, *(w.dict for w in field.widgets)))
            words = [step.before.resolve(each) for each in given]
            found.update(
                name
                for word in words
                if isinstance(word, bytes)
                for name in _FONT_NAME.findall(text_string(word))
            )
    return found


def _compare_fields(step: Step) -> None:
    old = {field.ref.num: field for field in step.old_fields}
    new = {field.ref.num: field for field in step.new_fields}
    names = {field.name for field in step.old_fields}
    for num, field in old.items():
        if num in new:
            _compare_field(step, field, new[num])
        else:
            step.found(Changes.FORBIDDEN, "field-removed", num, field.name)
    for num, field in new.items():
        if num not in old:
            _added_field(step, field, names)
            names.add(field.name)


def _added_field(step: Step, field: FormField, names: set[str]) -> None:
    if field.name in names:
        step.found(Changes.SUSPICIOUS, "field-duplicated", field.ref.num, field.name)
    elif not step.is_new(field.ref.num):
        step.found(Changes.SUSPICIOUS, "field-added", field.ref.num, field.name)
    elif field.type != "Sig":
        step.found(Changes.SUSPICIOUS, "field-added", field.ref.num, field.name, field.type)
    elif (extra := beyond_a_field(step, field)) is not None:
        step.found(Changes.SUSPICIOUS, "field-added", field.ref.num, field.name, extra)
    elif isinstance(field.value, dict):
        _signed(step, field)
    else:
        kind = Changes.FORM_FILL if draws_nothing(step, field) else Changes.ANNOTATIONS
        step.found(kind, "field-added", field.ref.num, field.name, "Sig")


def _signed(step: Step, field: FormField) -> None:
    if field.value_ref is not None and not step.is_new(field.value_ref.num):
        step.found(Changes.SUSPICIOUS, "signature-borrowed", field.ref.num, field.name)
    value = step.after.dictionary(field.value)
    if not _OF_ANOTHER_ROLE.isdisjoint(value):
        step.found(Changes.SUSPICIOUS, "field-changed", field.ref.num, field.name, "V")
    kind, subfilter = step.after.resolve(value.get("Type")), step.after.resolve(value.get("SubFilter"))
    if kind == "DocTimeStamp" or subfilter == TIMESTAMP_SUBFILTER:
        # Anybody gets one from an authority that is trusted: what it draws, nobody stands for.
        harmless = draws_nothing(step, field)
        weight = Changes.LONG_TERM_DATA if harmless else Changes.SUSPICIOUS
        step.found(weight, "document-timestamp-added", field.ref.num, field.name)
    else:
        covers = step.is_new(field.ref.num) and not draws_nothing(step, field)
        step.found(Changes.FORM_FILL, "signature-added", field.ref.num, field.name, covers=covers)


def _compare_field(step: Step, old: FormField, new: FormField) -> None:
    if old.name != new.name or old.type != new.type:
        step.found(Changes.SUSPICIOUS, "field-changed", new.ref.num, old.name, "T")
        return
    signed_now = old.type == "Sig" and not isinstance(old.value, dict) and isinstance(new.value, dict)
    _compare_nodes(step, old, new, signed_now)
    if old.type == "Sig":
        _compare_signature(step, old, new, signed_now)
    else:
        _compare_value(step, old, new)


def _compare_nodes(step: Step, old: FormField, new: FormField, signed_now: bool) -> None:
    allowed = {"Btn": _FILLED_BUTTON, "Ch": _FILLED_CHOICE}.get(old.type, _FILLED)
    widgets = {widget.ref.num for widget in old.widgets}
    if widgets != {widget.ref.num for widget in new.widgets}:
        step.found(Changes.ANNOTATIONS, "widgets-changed", new.ref.num, new.name, covers=True)
    for ref in {*old.nodes, *(widget.ref for widget in old.widgets)}:
        if not step.touched(ref):
            continue
        before, after = step.before.dictionary(ref), step.after.dictionary(ref)
        for key in step.differing(before, after):
            if (key in allowed and _is_plain(step, key, before, after)) or (
                key == "F" and signed_now and _only_locks(before, after)
            ):
                continue
            step.found(Changes.SUSPICIOUS, "field-changed", ref.num, new.name, key)
        step.explain(ref)
        step.explain_unshared(before.get("Kids"))


def _is_plain(step: Step, key: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether an entry is what a field has there, and nothing that another use of the same object would show."""
    value = step.after.resolve(after.get(key))
    if key == "Kids":  # a direct one is no widget: this may be a tree of names
        kids = [*step.before.array(before.get(key)), *step.after.array(after.get(key))]
        return all(isinstance(kid, Ref) for kid in kids)
    if isinstance(value, str):
        return value not in _COLOUR_SPACES
    if key == "V" and isinstance(value, list):  # several choices; not a colour space
        return all(isinstance(step.after.resolve(item), bytes) for item in value)
    return isinstance(value, (_KINDS.get(key, object), type(None)))


def _only_locks(before: dict[str, Any], after: dict[str, Any]) -> bool:
    """A signer may set Print and Locked, nothing else (12.5.3)."""
    return flags(before.get("F")) | _PRINT_AND_LOCKED == flags(after.get("F")) | _PRINT_AND_LOCKED


def _compare_signature(step: Step, old: FormField, new: FormField, signed_now: bool) -> None:
    redrawn = compare_appearances(step, old, new)
    if signed_now:
        _signed(step, new)
    elif _new_value(step, old, new):
        what = "signature-replaced" if isinstance(new.value, dict) else "signature-removed"
        step.found(Changes.FORBIDDEN, what, new.ref.num, new.name)
    elif redrawn:
        step.found(Changes.SUSPICIOUS, "appearance-replaced", new.ref.num, new.name)


def _new_value(step: Step, old: FormField, new: FormField) -> bool:
    changed = not step.same(old.dict.get("V"), new.dict.get("V")) or step.rewritten(old.value_ref)
    if old.type == "Sig":
        step.explain(old.value_ref)
    else:
        step.explain_unshared(old.value_ref)
    return changed


def _compare_value(step: Step, old: FormField, new: FormField) -> None:
    filled = _new_value(step, old, new)
    redrawn = compare_appearances(step, old, new)
    if filled and isinstance(new.value, dict | Stream):  # nothing that a form holds as its value
        step.found(Changes.SUSPICIOUS, "field-changed", new.ref.num, new.name, "V")
    if filled or redrawn:
        step.found(Changes.FORM_FILL, "field-filled", new.ref.num, new.name)
