"""Rules for the form: fields may be filled and signed, signature fields may be added; nothing else."""

from __future__ import annotations

from policies.vocabulary import Changes
from signer.document.changes.appearances import compare_appearances
from signer.document.changes.areas import judge_areas
from signer.document.changes.form_defaults import compare_defaults
from signer.document.changes.form_resources import compare_resources
from signer.document.changes.form_values import OF_ANOTHER_ROLE, is_value
from signer.document.changes.nodes import compare_nodes
from signer.document.changes.step import Step
from signer.document.changes.widgets import beyond_a_field, drawn_widgets, draws_nothing
from signer.document.fields import FormField
from signer.document.signature_fields import TIMESTAMP_SUBFILTER
from signer.document.visibility import flags, keeps_its_place


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
        if key not in ("Fields", "SigFlags", "DR", "NeedAppearances", "DA", "Q"):
            step.found(Changes.SUSPICIOUS, "form-changed", detail=key)
    if flags(step.before.resolve(old.get("SigFlags"))) & ~flags(step.after.resolve(new.get("SigFlags"))):
        step.found(Changes.SUSPICIOUS, "form-changed", detail="SigFlags")
    compare_defaults(step, old, new)
    compare_resources(step, old.get("DR"), new.get("DR"), form)
    _compare_fields(step)


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
    signed = [field for num, field in new.items() if _is_signed_now(old.get(num), field)]
    judge_areas(step, [field for field in signed if not _is_time_stamp(step, field)])


def _is_signed_now(old: FormField | None, new: FormField) -> bool:
    signed = new.type == "Sig" and isinstance(new.value, dict)
    return signed and (old is None or (old.type == "Sig" and not isinstance(old.value, dict)))


def _is_time_stamp(step: Step, field: FormField) -> bool:
    value = step.after.dictionary(field.value)
    kind, subfilter = step.after.resolve(value.get("Type")), step.after.resolve(value.get("SubFilter"))
    return kind == "DocTimeStamp" or subfilter == TIMESTAMP_SUBFILTER


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
    if not OF_ANOTHER_ROLE.isdisjoint(value):
        step.found(Changes.SUSPICIOUS, "field-changed", field.ref.num, field.name, "V")
    if _is_time_stamp(step, field):
        # Anybody gets one from an authority that is trusted: what it draws, nobody stands for.
        harmless = draws_nothing(step, field)
        weight = Changes.LONG_TERM_DATA if harmless else Changes.SUSPICIOUS
        step.found(weight, "document-timestamp-added", field.ref.num, field.name)
    else:
        drawn = not draws_nothing(step, field)
        if not all(keeps_its_place(step.after, widget.dict) for widget in drawn_widgets(step, field)):
            step.found(Changes.SUSPICIOUS, "appearance-replaced", field.ref.num, field.name)
        covers = drawn and step.is_new(field.ref.num)
        step.found(Changes.FORM_FILL, "signature-added", field.ref.num, field.name, covers=covers)


def _compare_field(step: Step, old: FormField, new: FormField) -> None:
    if old.name != new.name or old.type != new.type:
        step.found(Changes.SUSPICIOUS, "field-changed", new.ref.num, old.name, "T")
        return
    signed_now = _is_signed_now(old, new)
    compare_nodes(step, old, new, signed_now)
    if old.type == "Sig":
        _compare_signature(step, old, new, signed_now)
    else:
        _compare_value(step, old, new)


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
    if filled and not is_value(step, new):
        step.found(Changes.SUSPICIOUS, "field-changed", new.ref.num, new.name, "V")
    if filled or redrawn:
        step.found(Changes.FORM_FILL, "field-filled", new.ref.num, new.name)
