"""Number and date in the seal's own revision: values and appearances of prepared text fields, from raw objects.

The font is the one that preparation embedded. Its codes and widths are read from the file, once for all documents that
embed the same bytes.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from policies.layout import YEAR_FIELD
from signer.creation.fill import DEFAULT_APPEARANCE, codes_of, widths_of
from signer.creation.native.form import Field
from signer.creation.native.grammar import Entries, integer, items, reference, string
from signer.creation.native.reading import NativeFile, common
from signer.creation.native.rows import decoded
from signer.creation.native.showing import rect_of, rotation_of
from signer.creation.native.unfit import Unfit, Unfitness
from signer.document.objects import Ref
from signer.document.serializing import serialize
from signer.document.text_strings import encode_text
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern
from signer.stamping.appearance import Alignment, Colours, TextStyle, text_form
from signer.stamping.typefaces import Metrics

_ALIGNMENTS = {0: Alignment.LEFT, 1: Alignment.CENTRE, 2: Alignment.RIGHT}
_LARGEST_MAP = 1 << 20
_RUN = compile_pattern(
    rb"[\t\n\f\r ]*+(\d{1,5}+)[\t\n\f\r ]*+\[((?:[\t\n\f\r ]*+\d{1,5}+(?!\d))*+[\t\n\f\r ]*+)\]"
)
_RUNS = compile_pattern(rb"\[(?:" + _RUN.pattern + rb")*+[\t\n\f\r ]*+\]")


@dataclass(frozen=True, slots=True)
class Filled:
    """A field that gets a value: the field, the value as a text string, its appearance's bytes."""

    field: Field
    value: bytes
    form: bytes


def wanted(known: dict[str, Field], fills: Mapping[str, str]) -> dict[str, str]:
    """The values to be filled: a year that is printed has no field."""
    return {name: value for name, value in fills.items() if name in known or name != YEAR_FIELD}


def filled(
    file: NativeFile, form: Entries, known: dict[str, Field], fills: Mapping[str, str], colours: Colours
) -> list[Filled]:
    """The fields with their new values, in the order given. Raises `Unfit` where the other way knows or refuses."""
    return [_filled(file, form, known.get(name), value, colours) for name, value in fills.items()]


def _filled(file: NativeFile, form: Entries, field: Field | None, value: str, colours: Colours) -> Filled:
    value = unicodedata.normalize("NFC", value)
    if field is None or field.found.get(b"FT") != b"/Tx" or b"V" in field.found:
        raise Unfit(Unfitness.RULE)
    if not value or value != value.strip():
        raise Unfit(Unfitness.RULE)
    shown = text_form(value, _style(file, form, field), rect_of(field), rotation_of(field), colours)
    return Filled(field, serialize(encode_text(value)), serialize(shown))


def _style(file: NativeFile, form: Entries, field: Field) -> TextStyle:
    match = DEFAULT_APPEARANCE.search(string(field.found.get(b"DA", b"")))
    if match is None:
        raise Unfit(Unfitness.RULE)
    fonts = common(file, common(file, form.get(b"DR", b"<<>>")).get(b"Font", b"<<>>"))
    num, gen = reference(fonts.get(match[1], b""))
    alignment = _ALIGNMENTS.get(integer(field.found.get(b"Q", b"0")), Alignment.LEFT)
    name = match[1].decode("latin-1")
    return TextStyle(_metrics(file, num, gen), Ref(num, gen), name, float(match[2]), alignment)


def _metrics(file: NativeFile, num: int, gen: int) -> Metrics:
    font = file.dictionary(num, gen)
    below = items(font.get(b"DescendantFonts", b"[]"))
    if font.get(b"Encoding") != b"/Identity-H" or len(below) != 1:
        raise Unfit(Unfitness.FOREIGN_FONT)
    raw, its = file.stream(*reference(font.get(b"ToUnicode", b"")))
    widths = common(file, below[0]).get(b"W", b"")
    if set(its) - {b"Length", b"Filter"} or len(raw) > _LARGEST_MAP or _RUNS.fullmatch(widths) is None:
        raise Unfit(Unfitness.FOREIGN_FONT)
    return _measured(raw, its.get(b"Filter"), widths)


@lru_cache(maxsize=16)
def _measured(raw: bytes, kind: bytes | None, widths: bytes) -> Metrics:
    data = decoded(raw, {} if kind is None else {b"Filter": kind}, _LARGEST_MAP)
    try:
        glyphs = codes_of(data)
    except DocumentRefused as exc:
        raise Unfit(Unfitness.FOREIGN_FONT) from exc
    array = [
        part for first, run in _RUN.findall(widths) for part in (int(first), [int(w) for w in run.split()])
    ]
    by_code = widths_of(array)
    return Metrics(glyphs, {letter: by_code.get(code, 0) for letter, code in glyphs.items()})
