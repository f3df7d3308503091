"""The tables of a TrueType font program that rules need: glyph count, widths, character maps.

Strict and bounded: anything that does not fit its table raises ValueError. ISO/IEC 14496-22.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

_MAX_TABLES = 64
_MAX_SEGMENTS = 65_536
_MAX_GROUP = 65_536


@dataclass(frozen=True, slots=True)
class FontProgram:
    """`widths` are in thousandths of the em, by glyph; the last one holds for all further glyphs. `maps` are
    the character maps by (platform, encoding). `outlined`: there are TrueType outlines."""

    glyphs: int
    outlined: bool
    widths: tuple[float, ...]
    maps: dict[tuple[int, int], dict[int, int]] = field(repr=False)

    def width(self, glyph: int) -> float:
        """Advance width of a glyph in thousandths of the em."""
        return self.widths[min(glyph, len(self.widths) - 1)]


def read_font_program(data: bytes) -> FontProgram:
    """Parse a TrueType (or OpenType) font program. Raises ValueError when it is damaged."""
    try:
        tables = sfnt_tables(data)
        units = struct.unpack_from(">H", tables["head"], 18)[0]
        glyphs = struct.unpack_from(">H", tables["maxp"], 4)[0]
        count = struct.unpack_from(">H", tables["hhea"], 34)[0]
        metrics = struct.unpack_from(f">{2 * count}H", tables["hmtx"])
        maps = _maps(tables["cmap"]) if "cmap" in tables else {}
    except (struct.error, KeyError) as exc:
        raise ValueError("the font program lacks a table or is cut short") from exc
    if not units or not count or not glyphs:
        raise ValueError("the font program has no glyphs")
    widths = tuple(advance * 1000 / units for advance in metrics[::2])
    outlined = all(tables.get(tag) for tag in ("glyf", "loca"))
    return FontProgram(glyphs, outlined, widths, maps)


def sfnt_tables(data: bytes) -> dict[str, bytes]:
    """The tables by tag. Raises ValueError when they do not fit the file."""
    if data[:4] not in (b"\0\1\0\0", b"true", b"OTTO"):
        raise ValueError("no TrueType font program")
    count = struct.unpack_from(">H", data, 4)[0]
    if count > _MAX_TABLES:
        raise ValueError("too many tables")
    tables = {}
    for index in range(count):
        tag, _, offset, length = struct.unpack_from(">4sLLL", data, 12 + 16 * index)
        if offset + length > len(data):
            raise ValueError(f"the table {tag!r} runs out of the file")
        tables[tag.decode("latin-1")] = data[offset : offset + length]
    return tables


def _maps(table: bytes) -> dict[tuple[int, int], dict[int, int]]:
    count = struct.unpack_from(">H", table, 2)[0]
    maps: dict[tuple[int, int], dict[int, int]] = {}
    for index in range(min(count, _MAX_TABLES)):
        platform, encoding, offset = struct.unpack_from(">HHL", table, 4 + 8 * index)
        maps[platform, encoding] = _map(table[offset:])
    return maps


def _map(table: bytes) -> dict[int, int]:
    kind = struct.unpack_from(">H", table)[0]
    reader = {0: _format_0, 4: _format_4, 6: _format_6, 12: _format_12}.get(kind)
    return reader(table) if reader else {}


def _format_0(table: bytes) -> dict[int, int]:
    return {code: glyph for code, glyph in enumerate(struct.unpack_from(">256B", table, 6)) if glyph}


def _format_4(table: bytes) -> dict[int, int]:
    segments = struct.unpack_from(">H", table, 6)[0] // 2
    ends = struct.unpack_from(f">{segments}H", table, 14)
    starts = struct.unpack_from(f">{segments}H", table, 16 + 2 * segments)
    deltas = struct.unpack_from(f">{segments}H", table, 16 + 4 * segments)
    at = 16 + 6 * segments
    ranges = struct.unpack_from(f">{segments}H", table, at)
    found: dict[int, int] = {}
    for index, (start, end, delta, offset) in enumerate(zip(starts, ends, deltas, ranges, strict=True)):
        for code in range(start, end + 1):
            glyph = code
            if offset:
                place = at + 2 * index + offset + 2 * (code - start)
                glyph = struct.unpack_from(">H", table, place)[0] if place + 2 <= len(table) else 0
                if not glyph:
                    continue
            if (glyph + delta) & 0xFFFF:
                found[code] = (glyph + delta) & 0xFFFF
        if len(found) > _MAX_SEGMENTS:
            raise ValueError("a character map of too many codes")
    return found


def _format_6(table: bytes) -> dict[int, int]:
    first, count = struct.unpack_from(">HH", table, 6)
    glyphs = struct.unpack_from(f">{count}H", table, 10)
    return {first + index: glyph for index, glyph in enumerate(glyphs) if glyph}


def _format_12(table: bytes) -> dict[int, int]:
    count = struct.unpack_from(">L", table, 12)[0]
    if count > _MAX_SEGMENTS:
        raise ValueError("a character map of too many groups")
    found: dict[int, int] = {}
    for start, end, glyph in struct.iter_unpack(">LLL", table[16 : 16 + 12 * count]):
        if end < start or end - start > _MAX_GROUP or len(found) > 4 * _MAX_GROUP:
            raise ValueError("a character map of too many codes")
        found.update({code: glyph + code - start for code in range(start, end + 1)})
    return found
