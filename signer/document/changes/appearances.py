"""Rules for what a field draws: it may be drawn anew when it is filled, and must then draw its value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.buttons import compare_faces
from signer.document.changes.step import Step
from signer.document.drawn_text import drawn_once, draws_rows, draws_value
from signer.document.fields import FormField
from signer.document.objects import PdfObject, Ref, Stream
from signer.document.painting import Paint
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.document.visibility import keeps_its_place
from signer.errors import DocumentRefused

_STATES = ("N", "R", "D")
_COMBO = 1 << 17  # table 233


def compare_appearances(step: Step, old: FormField, new: FormField) -> bool:
    """Whether the field is drawn differently than before; notes a text that is not the field's value."""
    earlier = {widget.ref.num: widget.dict for widget in old.widgets}
    redrawn = False
    for widget in new.widgets:
        before, after = earlier.get(widget.ref.num, {}), widget.dict
        streams = _streams(step.before, before.get("AP"))
        anew = any(not step.same(before.get(key), after.get(key)) for key in ("AP", "AS"))
        anew = anew or any(step.rewritten(stream) for stream in streams)
        redrawn = redrawn or anew
        if step.before.resolve(before.get("Subtype")) == "Widget":
            groups = [each for each in streams if isinstance(step.before.resolve(each), dict)]
            step.explain_unshared(before.get("AP"), *groups)
            step.explain_unshared(*streams, within=(before.get("AP"), *groups))
        if step.differing(_besides(step.before, before), _besides(step.after, after)):
            step.found(Changes.SUSPICIOUS, "field-changed", widget.ref.num, new.name, "AP")
        if anew and not keeps_its_place(step.after, after):
            step.found(Changes.SUSPICIOUS, "appearance-replaced", widget.ref.num, new.name)
    filled = redrawn or not step.same(old.dict.get("V"), new.dict.get("V"))
    if filled and new.type in ("Tx", "Ch"):
        if not _draws_value(step, new):
            step.found(Changes.SUSPICIOUS, "value-differs-from-drawing", new.ref.num, new.name)
        if redrawn and _uncovers(step, earlier, old, new):
            step.found(Changes.SUSPICIOUS, "appearance-replaced", new.ref.num, new.name)
    elif new.type not in ("Tx", "Ch", "Sig") and _faces_changed(step, earlier, new):
        step.found(Changes.SUSPICIOUS, "appearance-replaced", new.ref.num, new.name)
    elif filled and new.type == "Btn":
        compare_faces(step, earlier, new)
    return redrawn


def _besides(pdf: PdfFile, widget: dict[str, Any]) -> dict[str, Any]:
    """What an appearance dictionary says that is no appearance: it may be a graphics state as well, say."""
    return {key: item for key, item in pdf.dictionary(widget.get("AP")).items() if key not in _STATES}


def _draws_value(step: Step, new: FormField) -> bool:
    candidates = [new] if new.type == "Tx" else [replace(new, value=text) for text in _choices(step, new)]
    if any(_draws(step, one) for one in candidates):
        return True
    return new.type == "Ch" and not new.flags & _COMBO and _lists(step, new)


def _draws(step: Step, one: FormField) -> bool:
    return draws_value(step.after, one, lambda font: step.stood(font.num))


def _lists(step: Step, new: FormField) -> bool:
    """Whether a list box shows all of its options, each on a line of its own."""
    shown = [text_string(word) for _, word in _options(step, new) if isinstance(word, bytes)]
    every = b"\xfe\xff" + "".join(shown).encode("utf-16-be")
    return _draws(step, replace(new, value=every)) and draws_rows(step.after, new, shown)


def _uncovers(step: Step, earlier: dict[int, dict[str, Any]], old: FormField, new: FormField) -> bool:
    """Whether a field shows or hides more than its value: it may lie over what the page says.

    A filled field paints the background and the border that were painted when it was signed, and what it drew as text
    then was its value.
    """
    drawn = any("AP" in widget.dict for widget in old.widgets)
    if old.type == "Tx" and drawn and not draws_value(step.before, old):
        return True
    return any(_covers_otherwise(step, earlier.get(each.ref.num, {}), each.dict) for each in new.widgets)


def _covers_otherwise(step: Step, before: dict[str, Any], after: dict[str, Any]) -> bool:
    old, new = _paint(step.before, before), _paint(step.after, after)
    if old is None or new is None or not old.same_as(new):
        return True
    states = step.after.dictionary(after.get("AP"))  # under the pointer no more is painted than otherwise
    others = [_paint(step.after, after, state) for state in _STATES if state in states]
    return any(other is None or not new.same_as(other) for other in others)


def _paint(pdf: PdfFile, widget: dict[str, Any], state: str = "N") -> Paint | None:
    """What a widget paints; None when nobody knows, as in a layer, under letters or with transparency."""
    try:
        appearance = pdf.resolve(pdf.dictionary(widget.get("AP")).get(state))
        if not isinstance(appearance, Stream):
            return Paint()
        drawing = drawn_once(pdf, appearance)
    except DocumentRefused:
        return None
    return drawing.paint if drawing.sound or not drawing.paint.anything else None


def _choices(step: Step, new: FormField) -> list[PdfObject]:
    """What a choice field may show: its value, and the words for it in /Opt."""
    return [new.value, *(shown for export, shown in _options(step, new) if export == new.value)]


def _options(step: Step, new: FormField) -> list[tuple[PdfObject, PdfObject]]:
    pairs = [step.after.resolve(item) for item in step.after.array(new.dict.get("Opt"))]
    known = [pair if isinstance(pair, list) and len(pair) == 2 else [pair, pair] for pair in pairs]
    return [(step.after.resolve(export), step.after.resolve(shown)) for export, shown in known]


def _faces_changed(step: Step, earlier: dict[int, dict[str, Any]], new: FormField) -> bool:
    """A button is filled by choosing one of its faces (/AS); the faces themselves stay."""
    for widget in new.widgets:
        before = earlier.get(widget.ref.num, {}).get("AP")
        if not step.same(before, widget.dict.get("AP")):
            return True
        if any(step.rewritten(stream) for stream in (before, *_streams(step.before, before))):
            return True
    return False


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
