"""Whether the bytes of a font program can be one at all: Type 1, CFF, OpenType. Its glyphs are not looked at, but that
there are some. Adobe Technical Notes 5176 (CFF) and the Type 1 format; ISO/IEC 14496-22.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from signer.document.pdfa.sfnt import sfnt_tables

_TYPE_1 = (b"%!", b"\x80\x01")  # the second is a segment as in a .pfb file, which readers take
_ASCII, _BINARY = 1, 2  # kinds of such segments
_EEXEC = re.compile(rb"eexec[\t\n\r ]+")
_EEXEC_CALLED = re.compile(rb"currentfile[\t\n\r ]+eexec[\t\n\r ]+")
_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_NO_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEF"))
_KEY, _FACTOR, _ADDEND = 55_665, 52_845, 22_719  # of eexec (Type 1 format, 7.1)
_RANDOM = 4  # bytes before what is encrypted
_DECRYPTED = 2 << 20  # bytes in which the glyphs must begin
_CHUNK = 4_096
_A_DECRYPTED_BYTE = 8  # as costly as so many decoded ones
_GLYPHS = re.compile(rb"/CharStrings[\t\n\r ]+(\d{1,9})[\t\n\r ]")
_GLYPHS_LENGTH = 40
_CHAR_STRINGS = 17
_MOST_OPERANDS = 48


def check_program(data: bytes, key: str, subtype: str, spend: Callable[[int], None]) -> None:
    """A program in /FontFile or /FontFile3. Raises ValueError when it is none. `spend` is told what costs more than
    decoding did, and may raise."""
    try:
        if key == "FontFile":
            _check_type_1(data, spend)
        elif data[:4] in (b"OTTO", b"\0\1\0\0", b"true"):
            _check_open_type(data)
        elif subtype == "OpenType":
            raise ValueError("no OpenType font program")
        else:
            _check_cff(data)
    except (struct.error, IndexError) as exc:
        raise ValueError("the font program is cut short") from exc


def _check_type_1(data: bytes, spend: Callable[[int], None]) -> None:
    data = data.lstrip()
    if not data.startswith(_TYPE_1):
        raise ValueError("no Type 1 font program")
    plain = _without_segments(data)
    begin = _EEXEC_CALLED.search(plain) or _EEXEC.search(plain)
    if begin is None:
        raise ValueError("no Type 1 font program")
    if not _has_glyphs(_in_binary(plain[begin.end() : begin.end() + 3 * _DECRYPTED]), spend):
        raise ValueError("the font program has no glyphs")


def _without_segments(data: bytes) -> bytes:
    """What the segments of a .pfb file hold; other programs as they are."""
    parts: list[bytes] = []
    at = 0
    while data[at : at + 1] == b"\x80" and data[at + 1] in (_ASCII, _BINARY):
        size = struct.unpack_from("<I", data, at + 2)[0]
        parts.append(data[at + 6 : at + 6 + size])
        at += 6 + size
    return b"".join(parts) if parts else data


def _in_binary(cipher: bytes) -> bytes:
    """The encrypted part may be written in hexadecimal digits: its first four bytes tell (7.2)."""
    if _HEX.match(cipher) is None:
        return cipher[:_DECRYPTED]
    digits = cipher.translate(None, _NO_HEX)
    return bytes.fromhex(digits[: len(digits) & ~1].decode())[:_DECRYPTED]


def _has_glyphs(cipher: bytes, spend: Callable[[int], None]) -> bool:
    """Whether the encrypted part has a /CharStrings with entries. It is decrypted up to there."""
    plain = bytearray()
    key = _KEY
    for start in range(0, len(cipher), _CHUNK):
        spend(_CHUNK * _A_DECRYPTED_BYTE)
        for byte in cipher[start : start + _CHUNK]:
            plain.append(byte ^ key >> 8)
            key = (byte + key) * _FACTOR + _ADDEND & 0xFFFF
        found = _GLYPHS.search(plain, max(_RANDOM, start - _GLYPHS_LENGTH))
        if found is not None and int(found[1]):
            return True
    return False


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
