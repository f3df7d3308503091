"""Stream filters (ISO 32000-2, 7.4), each bounded by the size that it may give. Image codecs stay encoded."""

from __future__ import annotations

import base64
import binascii
import sys
import zlib
from array import array
from collections.abc import Callable
from itertools import accumulate
from typing import Any

from policies.reasons import document as reasons
from signer.document.objects import Name
from signer.errors import DocumentRefused

_SHORT = {"Fl": "FlateDecode", "LZW": "LZWDecode", "AHx": "ASCIIHexDecode", "A85": "ASCII85Decode"}
_SHORT["RL"] = "RunLengthDecode"
_WHITESPACE = b"\0\t\n\f\r "
_MOST_FILTERS = 8
_LARGEST_GROWTH = 4_096  # no filter makes more of a byte: Flate 1,032, LZW below 2,731


def decode(
    data: bytes,
    filters: list[Any],
    parameters: list[Any],
    limit: int,
    made: Callable[[int], None] | None = None,
) -> bytes:
    """Undo `filters` in order until one is met that is no general filter (images), and return the bytes.

    Raises `DocumentRefused` for damaged data and for more than `limit` bytes at any step. `made` is told how many
    bytes each step made, of one that failed how many it may have.
    """
    if len(filters) > _MOST_FILTERS:
        raise damaged("too many filters")
    for index, name in enumerate(filters):
        if index == 0 and name == "Crypt":  # 7.4.10: undone by the reader, before everything else
            continue
        step = _FILTERS.get(_SHORT.get(name, name)) if isinstance(name, Name) else None
        if step is None:
            return data
        given = parameters[index] if index < len(parameters) else None
        at_most = min(limit, _LARGEST_GROWTH * len(data))
        try:
            data = step(data, given if isinstance(given, dict) else {}, limit)
            at_most = len(data)
        finally:
            if made is not None:
                made(at_most)
    return data


def is_general(name: object) -> bool:
    """Whether `decode` undoes this filter."""
    return isinstance(name, Name) and _SHORT.get(name, name) in _FILTERS


def damaged(what: str) -> DocumentRefused:
    """The refusal for stream data that its filter cannot read."""
    return DocumentRefused(reasons.STREAM_DAMAGED, what=what)


def _checked(data: bytes, limit: int) -> bytes:
    if len(data) > limit:
        raise DocumentRefused(reasons.BOMB, limit=limit)
    return data


def _flate(data: bytes, parameters: dict[str, Any], limit: int) -> bytes:
    inflate = zlib.decompressobj()
    try:
        plain = inflate.decompress(data, limit + 1)
    except zlib.error as exc:
        raise damaged("FlateDecode") from exc
    _checked(plain, limit)
    if not inflate.eof:
        raise damaged("FlateDecode ends too early")
    return _unpredict(plain, parameters)


def _lzw(data: bytes, parameters: dict[str, Any], limit: int) -> bytes:
    early = 0 if parameters.get("EarlyChange") == 0 else 1
    table = [bytes((byte,)) for byte in range(256)] + [b"", b""]
    out = bytearray()
    width, held, bits = 9, 0, 0
    previous = b""
    for byte in data:
        held, bits = (held << 8) | byte, bits + 8
        if bits < width:
            continue
        bits -= width
        code, held = held >> bits, held & ((1 << bits) - 1)
        if code == 257:
            break
        if code == 256:
            del table[258:]
            width, previous = 9, b""
            continue
        entry = _lzw_entry(table, code, previous)
        out += entry
        if previous and len(table) < 4096:
            table.append(previous + entry[:1])
        previous = entry
        width = min(12, max(9, (len(table) + early).bit_length()))
        if len(out) > limit:
            raise DocumentRefused(reasons.BOMB, limit=limit)
    return _unpredict(bytes(out), parameters)


def _lzw_entry(table: list[bytes], code: int, previous: bytes) -> bytes:
    if code < len(table) and code not in (256, 257):
        return table[code]
    if code == len(table) and previous:
        return previous + previous[:1]
    raise damaged("LZWDecode")


def _ascii_hex(data: bytes, _: dict[str, Any], limit: int) -> bytes:
    digits = data.partition(b">")[0].translate(None, _WHITESPACE)
    try:
        return _checked(binascii.unhexlify(digits + b"0" if len(digits) & 1 else digits), limit)
    except binascii.Error as exc:
        raise damaged("ASCIIHexDecode") from exc


def _ascii85(data: bytes, _: dict[str, Any], limit: int) -> bytes:
    text = data.partition(b"~")[0].translate(None, _WHITESPACE)
    if len(text) + 4 * text.count(b"z") > limit * 2 + 16:
        raise DocumentRefused(reasons.BOMB, limit=limit)
    try:
        return _checked(base64.a85decode(text), limit)
    except ValueError as exc:
        raise damaged("ASCII85Decode") from exc


def _run_length(data: bytes, _: dict[str, Any], limit: int) -> bytes:
    out = bytearray()
    position = 0
    while position < len(data) and data[position] != 128:
        length = data[position]
        if length < 128:
            out += data[position + 1 : position + 2 + length]
            position += length + 2
        else:
            out += data[position + 1 : position + 2] * (257 - length)
            position += 2
        if len(out) > limit:
            raise DocumentRefused(reasons.BOMB, limit=limit)
    return bytes(out)


def _crypt(data: bytes, parameters: dict[str, Any], _: int) -> bytes:
    if parameters.get("Name", "Identity") != "Identity":
        raise damaged("Crypt")
    return data


_FILTERS: dict[str, Callable[[bytes, dict[str, Any], int], bytes]] = {
    "FlateDecode": _flate,
    "LZWDecode": _lzw,
    "ASCIIHexDecode": _ascii_hex,
    "ASCII85Decode": _ascii85,
    "RunLengthDecode": _run_length,
    "Crypt": _crypt,
}


# --- predictors (7.4.4.4) --------------------------------------------------------------------------------


def _unpredict(data: bytes, parameters: dict[str, Any]) -> bytes:
    predictor = parameters.get("Predictor", 1)
    if predictor == 1:
        return data
    colors, bits = parameters.get("Colors", 1), parameters.get("BitsPerComponent", 8)
    columns = parameters.get("Columns", 1)
    if not all(type(x) is int and 0 < x <= 1 << 20 for x in (colors, bits, columns)) or bits > 16:
        raise damaged("predictor parameters")
    pixel = max(1, colors * bits // 8)
    row = (colors * bits * columns + 7) // 8
    if predictor == 2:
        return _tiff(data, row, pixel, bits)
    if type(predictor) is int and 10 <= predictor <= 15:
        return _png(data, row, pixel)
    raise damaged("predictor")


def _tiff(data: bytes, row: int, pixel: int, bits: int) -> bytes:
    if bits != 8:
        raise damaged("TIFF predictor with other than 8 bits")
    out = bytearray(data)
    for start in range(0, len(out), row):
        for index in range(start + pixel, min(start + row, len(out))):
            out[index] = (out[index] + out[index - pixel]) & 255
    return bytes(out)


def _png(data: bytes, row: int, pixel: int) -> bytes:
    stride = row + 1
    kinds = data[::stride]
    if len(data) % stride == 0 and not kinds.strip(b"\2"):
        return _png_up(data, stride, len(kinds))
    out = bytearray()
    before = bytes(row)
    for start in range(0, len(data), stride):
        line = bytearray(data[start + 1 : start + stride])
        _png_row(data[start], line, before, pixel)
        before = bytes(line).ljust(row, b"\0")
        out += line
    return bytes(out)


def _png_up(data: bytes, stride: int, rows: int) -> bytes:
    """Every row says Up (as cross-reference streams do): each column is a running sum."""
    out = bytearray(rows * (stride - 1))
    for column in range(1, stride):
        sums = array("Q", accumulate(data[column::stride]))
        if sys.byteorder == "big":
            sums.byteswap()
        out[column - 1 :: stride - 1] = sums.tobytes()[:: sums.itemsize]
    return bytes(out)


def _png_row(kind: int, line: bytearray, before: bytes, pixel: int) -> None:
    if kind == 0:
        return
    if kind > 4:
        raise damaged("PNG predictor")
    for index, value in enumerate(line):
        left = line[index - pixel] if index >= pixel else 0
        up = before[index]
        if kind == 1:
            add = left
        elif kind == 2:
            add = up
        elif kind == 3:
            add = (left + up) >> 1
        else:
            add = _paeth(left, up, before[index - pixel] if index >= pixel else 0)
        line[index] = (value + add) & 255


def _paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    a, b, c = abs(guess - left), abs(guess - up), abs(guess - corner)
    if a <= b and a <= c:
        return left
    return up if b <= c else corner
