"""What had no drawing of its own when it was signed: readers make one, by the form's defaults."""

from __future__ import annotations

from typing import Any

from signer.document.contents import operations, well_formed
from signer.document.fields import FormField
from signer.document.kept import kept_by_bytes
from signer.document.objects import Name
from signer.document.reader import PdfFile
from signer.document.visibility import is_drawn
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_WITH_TEXT = frozenset(("FreeText", "Redact"))  # annotations that have a /DA (tables 177 and 195)
_FONT_NAME = compile_pattern(rb"/([^\s/\[\]()<>{}%]++)")
_LONGEST = 4096
_ALIGNED = range(3)
Entries = dict[str, Any]


def is_undrawn(pdf: PdfFile, field: FormField) -> bool:
    """Whether readers draw some widget of this field themselves."""
    return not all(is_drawn(pdf, each.dict, ticks=field.type == "Btn") for each in field.widgets)


def undrawn_texts(pdf: PdfFile) -> tuple[Entries, ...]:
    """The annotations of all pages whose text readers draw themselves."""
    if undrawn_texts not in pdf.kept:
        annotations = (
            pdf.dictionary(each) for page in pdf.pages() for each in pdf.array(page.dict.get("Annots"))
        )
        pdf.kept[undrawn_texts] = tuple(
            each
            for each in annotations
            if pdf.resolve(each.get("Subtype")) in _WITH_TEXT and not is_drawn(pdf, each)
        )
    found: tuple[Entries, ...] = pdf.kept[undrawn_texts]
    return found


def says(pdf: PdfFile, entries: Entries, key: str) -> bool:
    """Whether every reader finds this (/DA or /Q) here, and asks the form no more."""
    value = pdf.resolve(entries.get(key))
    if key == "Q":
        return type(value) is int and value in _ALIGNED
    return isinstance(value, bytes) and b"%" not in value and _fonts(value)[1]


def fonts_of(value: bytes) -> frozenset[str] | None:
    """The fonts that a default appearance may name to some reader; None when nobody knows."""
    return _fonts(value)[0]


def _fonts(value: bytes) -> tuple[frozenset[str] | None, bool]:
    return (None, False) if len(value) > _LONGEST else _named(bytes(value))


@kept_by_bytes
def _named(value: bytes) -> tuple[frozenset[str] | None, bool]:
    """Names, with escapes and as they are written (poppler takes them so), and whether one is chosen."""
    names = {name.decode("latin-1") for name in _FONT_NAME.findall(value)}
    chosen = False
    try:
        for operator, operands in operations(value):
            names.update(str(each) for each in operands if isinstance(each, Name))
            sound = operator == "Tf" and well_formed(operator, operands)
            chosen = chosen or (sound and isinstance(operands[0], Name) and type(operands[1]) in (int, float))
    except DocumentRefused:
        return None, False
    return frozenset(names), chosen
