"""Fills a prepared text field: /V and /AP change, nothing else.

The value is drawn with the font that was embedded at preparation, read back from the file, so that a newer
release of this software fills documents that an older one prepared.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from policies.layout import Rect
from policies.reasons import document as document_reasons
from policies.reasons import signing as reasons
from signer.creation.append import Revision
from signer.creation.form import only_widget, written
from signer.document.fields import FormField, Widget
from signer.document.reader import PdfFile
from signer.document.syntax import Ref, Stream
from signer.document.text_strings import encode_text
from signer.errors import DocumentRefused, SigningRefused
from signer.patterns import compile_pattern
from signer.stamping.appearance import Alignment, Colours, TextStyle, text_form
from signer.stamping.typefaces import Metrics

DEFAULT_APPEARANCE = compile_pattern(
    rb"/([^\0- ()<>\[\]{}/%#\x7f-\xff]++)[ \r\n]++(\d{1,4}+(?:\.\d{0,4}+)?+)[ \r\n]++Tf"
)
_PAIR = compile_pattern(rb"<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]{4,8})>")
_LARGEST_MAP = 1 << 20
_ALIGNMENTS = {0: Alignment.LEFT, 1: Alignment.CENTRE, 2: Alignment.RIGHT}


def fillable(known: dict[str, FormField], name: str) -> FormField:
    """The empty text field of this name. Raises `SigningRefused` otherwise."""
    field = known.get(name)
    if field is None:
        raise SigningRefused(reasons.FIELD_MISSING, field=name[:80])
    if field.type != "Tx" or only_widget(field) is None:
        raise SigningRefused(reasons.FIELD_WRONG_KIND, field=name, needed="chữ / text")
    if written(field):
        raise SigningRefused(reasons.FIELD_FILLED, field=name)
    return field


def fill(revision: Revision, field: FormField, value: str, colours: Colours) -> None:
    """Give the field its value and the appearance that shows exactly this value.

    Raises `SigningRefused` when the font lacks a letter or the value does not fit its box.
    """
    pdf = revision.pdf
    value = unicodedata.normalize("NFC", value)
    if not value or value != value.strip():
        raise SigningRefused(reasons.FIELD_LEFT_EMPTY, field=field.name)
    (widget,) = field.widgets
    style = _style(pdf, field)
    form = revision.add(text_form(value, style, Rect(*widget.rect), rotation_of(pdf, widget), colours))
    revision.put(field.ref, {**revision.value(field.ref), "V": encode_text(value)})
    revision.put(widget.ref, {**revision.value(widget.ref), "AP": {"N": form}})


def _style(pdf: PdfFile, field: FormField) -> TextStyle:
    text = pdf.resolve(field.dict.get("DA"))
    match = DEFAULT_APPEARANCE.search(text) if isinstance(text, bytes) else None
    form = pdf.dictionary(pdf.catalog.get("AcroForm"))
    fonts = pdf.dictionary(pdf.dictionary(form.get("DR")).get("Font"))
    reference = fonts.get(match[1].decode("latin-1")) if match else None
    if match is None or not isinstance(reference, Ref):
        raise DocumentRefused(document_reasons.FORM_UNSUPPORTED, what=f"/DA {field.name}"[:80])
    alignment = _ALIGNMENTS.get(field.dict.get("Q", 0), Alignment.LEFT)
    name = match[1].decode("latin-1")
    return TextStyle(_metrics(pdf, reference), reference, name, float(match[2]), alignment)


def _metrics(pdf: PdfFile, reference: Ref) -> Metrics:
    """Codes and widths of an embedded font of ours, from its /ToUnicode and /W."""
    font = pdf.dictionary(reference)
    unicode_map = pdf.resolve(font.get("ToUnicode"))
    descendants = pdf.array(font.get("DescendantFonts"))
    if font.get("Encoding") != "Identity-H" or not isinstance(unicode_map, Stream) or not descendants:
        raise DocumentRefused(document_reasons.FORM_UNSUPPORTED, what="/DR /Font")
    glyphs = codes_of(pdf.stream_data(unicode_map, _LARGEST_MAP))
    by_code = widths_of(pdf.array(pdf.dictionary(descendants[0]).get("W")))
    return Metrics(glyphs, {letter: by_code.get(code, 0) for letter, code in glyphs.items()})


def codes_of(unicode_map: bytes) -> dict[str, int]:
    """Codes by letter, from a /ToUnicode map in the form that we write. Raises `DocumentRefused` for another."""
    try:
        return {
            bytes.fromhex(match[2].decode()).decode("utf-16-be"): int(match[1], 16)
            for match in _PAIR.finditer(unicode_map)
        }
    except ValueError as exc:  # half a byte, half a surrogate pair
        raise DocumentRefused(document_reasons.FORM_UNSUPPORTED, what="/ToUnicode") from exc


def widths_of(array: list[Any]) -> dict[int, int]:
    """/W in the form `first [w w w]`, which is the one that we write."""
    widths: dict[int, int] = {}
    for first, run in zip(array[::2], array[1::2], strict=False):
        if isinstance(first, int) and isinstance(run, list):
            widths.update({first + index: int(width) for index, width in enumerate(run)})
    return widths


def rotation_of(pdf: PdfFile, widget: Widget) -> int:
    """A widget's /MK /R: 0, 90, 180 or 270."""
    value = pdf.resolve(pdf.dictionary(widget.dict.get("MK")).get("R"))
    return value % 360 if isinstance(value, int) and value % 90 == 0 else 0
