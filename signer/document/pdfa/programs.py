"""Whether the bytes of a font program can be one at all: Type 1, CFF, OpenType. Its glyphs are not looked at, but that
there are some. Adobe Technical Notes 5176 (CFF) and the Type 1 format; ISO/IEC 14496-22.
"""

from __future__ import annotations

import struct

from signer.document.pdfa.sfnt import sfnt_tables

_TYPE_1 = (b"%!", b"\x80\x01")  # the second is a segment as in a .pfb file, which readers take
_SHORTEST_PRIVATE = 16  # bytes behind eexec: four are random
_CHAR_STRINGS = 17
_MOST_OPERANDS = 48


def check_program(data: bytes, key: str, subtype: str) -> None:
    """A program in /FontFile or /FontFile3. Raises ValueError when it is none."""
    try:
        if key == "FontFile":
            _check_type_1(data)
        elif data[:4] in (b"OTTO", b"\0\1\0\0", b"true"):
            _check_open_type(data)
        elif subtype == "OpenType":
            raise ValueError("no OpenType font program")
        else:
            _check_cff(data)
    except (struct.error, IndexError) as exc:
        raise ValueError("the font program is cut short") from exc


def _check_type_1(data: bytes) -> None:
    head, marker, private = data.partition(b"eexec")
    if not head.lstrip().startswith(_TYPE_1) or not marker or len(private) < _SHORTEST_PRIVATE:
        raise ValueError("no Type 1 font program")


def _check_open_type(data: bytes) -> None:
    tables = sfnt_tables(data)
    if "CFF " in tables:
        _check_cff(tables["CFF "])
    elif not tables.get("glyf") or not tables.get("loca"):
        raise ValueError("the font program has no outlines")


def _check_cff(data: bytes) -> None:
    if len(data) < 4 or data[0] != 1 or data[2] < 4:
        raise ValueError("no CFF font program")
    names, _, at = _index(data, data[2])
    fonts, first, _ = _index(data, at)
    if not names or not fonts:
        raise ValueError("no font in the font program")
    if not _index(data, _char_strings(first))[0]:
        raise ValueError("the font program has no glyphs")


def _index(data: bytes, at: int) -> tuple[int, bytes, int]:
    """An INDEX: how many items, the first of them, and where it ends."""
    count = struct.unpack_from(">H", data, at)[0]
    if not count:
        return 0, b"", at + 2
    size = data[at + 2]
    if not 1 <= size <= 4:
        raise ValueError("no CFF font program")
    before = at + 2 + (count + 1) * size  # offsets count from the byte before the data

    def offset(item: int) -> int:
        start = at + 3 + item * size
        return int.from_bytes(data[start : start + size], "big")

    end = before + offset(count)
    if offset(0) != 1 or end > len(data) or end <= before:
        raise ValueError("the font program is cut short")
    return count, data[before + 1 : before + offset(1)], end


def _char_strings(top: bytes) -> int:
    """Where the Top DICT says that the glyphs are."""
    operands: list[int] = []
    at = 0
    while at < len(top) and len(operands) <= _MOST_OPERANDS:
        first = top[at]
        if first <= 21:
            if first == _CHAR_STRINGS and operands and operands[-1] > 0:
                return operands[-1]
            operands = []
            at += 2 if first == 12 else 1
        else:
            value, at = _operand(top, at)
            operands.append(value)
    raise ValueError("the font program does not say where its glyphs are")


def _operand(top: bytes, at: int) -> tuple[int, int]:
    """An operand of a DICT and what follows; a real is read as 0."""
    first = top[at]
    if first == 28:
        return struct.unpack_from(">h", top, at + 1)[0], at + 3
    if first == 29:
        return struct.unpack_from(">i", top, at + 1)[0], at + 5
    if first == 30:
        while top[at + 1] & 15 != 15:
            at += 1
        return 0, at + 2
    if first <= 246:
        return first - 139, at + 1
    if first <= 250:
        return (first - 247) * 256 + top[at + 1] + 108, at + 2
    return -(first - 251) * 256 - top[at + 1] - 108, at + 2
