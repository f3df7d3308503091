"""Which characters a font's codes stand for: ToUnicode maps, encodings, and the font program's own map.

A ToUnicode map says what a reader copies, not what a person sees. Where the font program says which
characters its glyphs are, both must agree.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from fontTools.agl import toUnicode

from signer.document.contents import operations
from signer.document.kept import kept_by_bytes
from signer.document.objects import Name, Stream
from signer.document.reader import PdfFile

_MOST_CODES = 100_000
_MAP_LIMIT = 4 << 20
_FONT_LIMIT = 32 << 20
_CODECS = {"WinAnsiEncoding": "cp1252", "MacRomanEncoding": "mac_roman", "StandardEncoding": "ascii"}


@dataclass(frozen=True, slots=True)
class FontReader:
    """Decodes one font's strings. `decode` gives None when a code's character is unknown or disputed;
    `embedded`: the glyphs' shapes or widths come from the file, so that only trust in the font says what a
    person sees."""

    decode: Callable[[bytes], str | None]
    embedded: bool


def font_reader(pdf: PdfFile, font: Any) -> FontReader:
    """The reader of a font dictionary. Raises `DocumentRefused` for a broken one."""
    entries = pdf.dictionary(font)
    subtype = pdf.resolve(entries.get("Subtype"))
    to_unicode = _to_unicode(pdf, entries.get("ToUnicode"))
    if subtype == "Type0":
        return _composite(pdf, entries, to_unicode)
    if subtype in ("Type1", "MMType1", "TrueType"):
        return _simple(pdf, entries, to_unicode)
    return FontReader(lambda _: None, True)  # Type 3 glyphs are drawings: they may show anything


def _composite(pdf: PdfFile, entries: dict[str, Any], to_unicode: Mapping[int, str]) -> FontReader:
    if pdf.resolve(entries.get("Encoding")) not in ("Identity-H", "Identity-V"):
        return FontReader(lambda _: None, True)
    descendants = pdf.array(entries.get("DescendantFonts"))
    descendant = pdf.dictionary(descendants[0] if descendants else None)
    glyphs = _glyph_characters(pdf, descendant)

    def decode(raw: bytes) -> str | None:
        if len(raw) % 2:
            return None
        out = []
        for code in struct.unpack(f">{len(raw) // 2}H", raw):
            text = to_unicode.get(code)
            named = glyphs.get(code)
            if named and text is not None and text not in named:
                return None
            if text is None and named:
                text = min(named)
            if text is None:
                return None
            out.append(text)
        return "".join(out)

    return FontReader(decode, True)


def _simple(pdf: PdfFile, entries: dict[str, Any], to_unicode: Mapping[int, str]) -> FontReader:
    encoding = _encoding(pdf, entries)
    embedded = "FontDescriptor" in entries or "Widths" in entries

    def decode(raw: bytes) -> str | None:
        out = []
        for code in raw:
            named, text = encoding.get(code), to_unicode.get(code)
            if named == "":  # a glyph of its own, which may look like anything
                return None
            if named is not None and text is not None and named != text:
                return None
            found = (
                text if named is None and embedded else named
            )  # a standard font has no glyph by a map's name
            if found is None:
                return None
            out.append(found)
        return "".join(out)

    return FontReader(decode, embedded)


def _encoding(pdf: PdfFile, entries: dict[str, Any]) -> dict[int, str]:
    value = pdf.resolve(entries.get("Encoding"))
    base: object = value
    differences: list[Any] = []
    if isinstance(value, dict):
        base = pdf.resolve(value.get("BaseEncoding"))
        differences = pdf.array(value.get("Differences"))
    codec = _CODECS.get(base if isinstance(base, str) else "")
    if codec is None and "FontDescriptor" not in entries:
        codec = "ascii"  # one of the standard 14 fonts without an encoding
    table = _table(codec) if codec and not _of_symbols(pdf, entries) else {}
    code = 0
    for item in differences:
        if type(item) is int:
            code = item
        elif isinstance(item, Name):
            table[code] = toUnicode(item)
            code += 1
    return table


def _of_symbols(pdf: PdfFile, entries: dict[str, Any]) -> bool:
    """Whether a font has signs in the place of letters (annex D.5 and D.6, and those that many machines have)."""
    name = str(pdf.resolve(entries.get("BaseFont"))).lower()
    return any(word in name for word in ("symbol", "dingbats", "dings"))


def _table(codec: str) -> dict[int, str]:
    table: dict[int, str] = {}
    for code in range(32, 256):
        text = bytes((code,)).decode(codec, "replace")
        if text != "\ufffd":
            table[code] = text
    return table


def _to_unicode(pdf: PdfFile, value: Any) -> Mapping[int, str]:
    stream = pdf.resolve(value)
    return _read_map(pdf.stream_data(stream, _MAP_LIMIT)) if isinstance(stream, Stream) else {}


@kept_by_bytes
def _read_map(data: bytes) -> Mapping[int, str]:
    table: dict[int, str] = {}
    for operator, operands in operations(data):
        if operator == "endbfchar":
            for code, text in zip(operands[::2], operands[1::2], strict=False):
                if isinstance(code, bytes) and isinstance(text, bytes):
                    table[int.from_bytes(code, "big")] = text.decode("utf-16-be", "replace")
        elif operator == "endbfrange":
            for low, high, text in zip(operands[::3], operands[1::3], operands[2::3], strict=False):
                _add_range(table, low, high, text)
    return table


def _add_range(table: dict[int, str], low: Any, high: Any, text: Any) -> None:
    if not (isinstance(low, bytes) and isinstance(high, bytes)):
        return
    first, last = int.from_bytes(low, "big"), int.from_bytes(high, "big")
    if not first <= last <= first + 65_535 or len(table) > _MOST_CODES:
        return
    for index, code in enumerate(range(first, last + 1)):
        if isinstance(text, list):
            if index < len(text) and isinstance(text[index], bytes):
                table[code] = text[index].decode("utf-16-be", "replace")
        elif isinstance(text, bytes) and len(text) >= 2:
            unit = (int.from_bytes(text[-2:], "big") + index) & 0xFFFF
            table[code] = (text[:-2] + unit.to_bytes(2, "big")).decode("utf-16-be", "replace")


# --- the font program's own map (OpenType, table `cmap`) ------------------------------------------------


def _glyph_characters(pdf: PdfFile, descendant: dict[str, Any]) -> Mapping[int, set[str]]:
    """Characters by code, for an embedded TrueType or OpenType program whose codes are its glyph numbers."""
    if pdf.resolve(descendant.get("CIDToGIDMap", Name("Identity"))) != "Identity":
        return {}
    descriptor = pdf.dictionary(descendant.get("FontDescriptor"))
    program = pdf.resolve(descriptor.get("FontFile2", descriptor.get("FontFile3")))
    if not isinstance(program, Stream):
        return {}
    data = pdf.stream_data(program, _FONT_LIMIT)
    try:
        return _read_cmap(data)
    except struct.error:  # a table that ends too early: no map, so nothing is proved
        return {}


@kept_by_bytes
def _read_cmap(data: bytes) -> Mapping[int, set[str]]:
    found: dict[int, set[str]] = {}
    start = _table_offset(data, b"cmap")
    if start is None:
        return found
    (count,) = struct.unpack_from(">H", data, start + 2)
    for index in range(min(count, 16)):
        platform, encoding, offset = struct.unpack_from(">HHI", data, start + 4 + 8 * index)
        if platform == 0 or (platform, encoding) in ((3, 1), (3, 10)):
            _read_subtable(data, start + offset, found)
    return found


def _table_offset(data: bytes, tag: bytes) -> int | None:
    (count,) = struct.unpack_from(">H", data, 4)
    for index in range(min(count, 64)):
        name, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        if name == tag:
            return int(offset)
    return None


def _read_subtable(data: bytes, start: int, found: dict[int, set[str]]) -> None:
    (form,) = struct.unpack_from(">H", data, start)
    if form == 4:
        _read_segments(data, start, found)
    elif form == 12:
        (groups,) = struct.unpack_from(">I", data, start + 12)
        left = _MOST_CODES
        for index in range(min(groups, _MOST_CODES)):
            first, last, glyph = struct.unpack_from(">III", data, start + 16 + 12 * index)
            end = min(last, first + 65_535, 0x10FFFF) + 1
            left = _taken(left, end - first)
            for code in range(first, end):
                found.setdefault(glyph + code - first, set()).add(chr(code))


def _taken(left: int, count: int) -> int:
    """What is left of the codes that a map may have. Raises `struct.error`: one with more is no map."""
    if count > left:
        raise struct.error("more codes than there are characters")
    return left - max(0, count)


def _read_segments(data: bytes, start: int, found: dict[int, set[str]]) -> None:
    (double,) = struct.unpack_from(">H", data, start + 6)
    ends = start + 14
    starts, deltas, offsets = ends + double + 2, ends + 2 * double + 2, ends + 3 * double + 2
    left = _MOST_CODES
    for at in range(0, double, 2):
        (last,) = struct.unpack_from(">H", data, ends + at)
        (first,) = struct.unpack_from(">H", data, starts + at)
        (delta,) = struct.unpack_from(">H", data, deltas + at)
        (offset,) = struct.unpack_from(">H", data, offsets + at)
        left = _taken(left, last + 1 - first)
        for code in range(first, last + 1):
            if code == 0xFFFF:
                continue
            glyph = code
            if offset:
                (glyph,) = struct.unpack_from(">H", data, offsets + at + offset + 2 * (code - first))
            if glyph or not offset:
                found.setdefault((glyph + delta) & 0xFFFF, set()).add(chr(code))
