"""What a form holds, and nothing that a page could use as well: a field may be a page's resources too.

An array may be a colour space, a dictionary a font: filling the field would then say how the page is drawn.
"""

from __future__ import annotations

from typing import Any

from signer.document.changes.step import Step
from signer.document.fields import FormField
from signer.document.objects import PdfObject, Ref, Stream
from signer.document.reader import PdfFile

# What makes a dictionary a font, a drawing, a pattern, a graphics state or a layer (tables 57, 75, 89, 97, 99, 109),
# and no signature.
_FONTS_AND_DRAWINGS = "Subtype PatternType ShadingType ColorSpace Function Font SMask"
_STATES = "BM ca CA LW LC LJ ML D RI OP op OPM TR TR2 HT BG BG2 UCR UCR2 TK"
_LAYERS = "OCGs VE Usage Intent"
OF_ANOTHER_ROLE = frozenset(f"{_FONTS_AND_DRAWINGS} {_STATES} {_LAYERS}".split())
_COLOUR_SPACES = ("DeviceGray", "DeviceRGB", "DeviceCMYK", "Pattern")
_KINDS: dict[str, type] = {"M": bytes, "TI": int, "AS": str, "AP": dict}
_VALUES: dict[str, type] = {"Tx": bytes, "Ch": bytes, "Btn": str}


def is_plain(step: Step, key: str, before: dict[str, Any], after: dict[str, Any]) -> bool:
    """Whether this is, and was, what a form has under this key, and nothing that another use of the same object would
    show."""
    value = step.after.resolve(after.get(key))
    if key == "Kids":
        return _are_kids(step, value, step.before.array(before.get(key)))
    old = step.before.resolve(before.get(key))
    if key == "V" and isinstance(old, dict | Stream):  # a signature that was there: that is another rule's
        return isinstance(old, dict) and "ByteRange" in old
    return _is_plain(step.before, key, old) and _is_plain(step.after, key, value)


def _is_plain(pdf: PdfFile, key: str, value: PdfObject) -> bool:
    if key == "I" and value is not None:
        return isinstance(value, list) and _all(pdf, value, int)
    if key == "V" and isinstance(value, list):  # several choices
        return _all(pdf, value, bytes)
    return value not in _COLOUR_SPACES and isinstance(value, (_KINDS.get(key, object), type(None)))


def _are_kids(step: Step, value: Any, before: list[Any]) -> bool:
    """A direct kid is no widget: the array may be a tree of names."""
    kids = value if isinstance(value, list) else []
    indirect = all(isinstance(kid, Ref) for kid in (*before, *kids))
    widgets = _all(step.before, before, dict) and _all(step.after, kids, dict)
    return isinstance(value, (list, type(None))) and indirect and widgets


def is_value(step: Step, field: FormField) -> bool:
    """Whether a field of this type may have the value that it has (12.7.5): some choices have several."""
    if field.type == "Ch" and isinstance(field.value, list):
        return _all(step.after, field.value, bytes)
    return field.value is None or isinstance(field.value, _VALUES.get(field.type, type(None)))


def _all(pdf: PdfFile, items: list[Any], kind: type) -> bool:
    return all(isinstance(pdf.resolve(item), kind) for item in items)
