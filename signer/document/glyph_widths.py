"""How far each code of a font moves the pen (ISO 32000-2, 9.2.4 and 9.7.4.3), in units of the font size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from signer.document.reader import PdfFile

Advances = Callable[[bytes], list[float]]
_STANDARD = 0.5  # the fourteen standard fonts need no widths; their digits have about this
_MOST = 70_000


def advances(pdf: PdfFile, font: Any) -> Advances:
    """The advance of every code in a string of this font. Raises `DocumentRefused` for a broken font."""
    entries = pdf.dictionary(font)
    if pdf.resolve(entries.get("Subtype")) == "Type0":
        return _composite(pdf, entries)
    first = pdf.resolve(entries.get("FirstChar"))
    start = first if type(first) is int else 0
    given = [_number(pdf.resolve(item)) / 1000 for item in pdf.array(entries.get("Widths"))[:256]]
    missing = _number(pdf.resolve(pdf.dictionary(entries.get("FontDescriptor")).get("MissingWidth"))) / 1000
    otherwise = missing if given else _STANDARD

    def simple(raw: bytes) -> list[float]:
        return [given[code - start] if 0 <= code - start < len(given) else otherwise for code in raw]

    return simple


def _composite(pdf: PdfFile, entries: dict[str, Any]) -> Advances:
    below = pdf.array(entries.get("DescendantFonts"))
    descendant = pdf.dictionary(below[0] if below else None)
    default = pdf.resolve(descendant.get("DW"))
    otherwise = (_number(default) if default is not None else 1000.0) / 1000
    table = _ranges(pdf, [pdf.resolve(item) for item in pdf.array(descendant.get("W"))])

    def composite(raw: bytes) -> list[float]:
        codes = [int.from_bytes(raw[at : at + 2], "big") for at in range(0, len(raw) - 1, 2)]
        return [table.get(code, otherwise) for code in codes]

    return composite


def _ranges(pdf: PdfFile, items: list[Any]) -> dict[int, float]:
    """`first [w …]` and `first last w`."""
    table: dict[int, float] = {}
    at = 0
    while at + 1 < len(items) and len(table) < _MOST:
        first, second = items[at], items[at + 1]
        if type(first) is not int:
            break
        if isinstance(second, list):
            table.update((first + n, _number(pdf.resolve(w)) / 1000) for n, w in enumerate(second))
            at += 2
        elif type(second) is int and at + 2 < len(items):
            width = _number(items[at + 2]) / 1000
            table.update(dict.fromkeys(range(first, min(second, first + 65_535) + 1), width))
            at += 3
        else:
            break
    return table


def _number(value: Any) -> float:
    return float(value) if type(value) in (int, float) else 0.0
