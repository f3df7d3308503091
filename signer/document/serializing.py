"""Writes PDF objects as bytes (ISO 32000-2, 7.3), always the same bytes for the same value."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

from signer.document.objects import DEFAULT_LIMITS, HexString, Name, Ref, Stream

_NAME_UNSAFE = re.compile(rb"[^!-~]|[#()<>\[\]{}/%]")
_STRING_UNSAFE = re.compile(rb"[\\()\r\n]")
_STRING_SAFE = {b"\\": rb"\\", b"(": rb"\(", b")": rb"\)", b"\r": rb"\r", b"\n": rb"\n"}
_REAL_LIMIT = 3.403e38  # PDF/A-2, 6.1.13
_INTEGER_LIMIT = 2_147_483_647


def serialize(value: Any) -> bytes:
    """The bytes of an object in the form that PDF/A-2 (6.1.6-6.1.13) asks.

    Dictionary keys keep their order; entries that are None are left out. A `Stream` must hold its data, and
    its /Length is written from it. Raises ValueError for a value that has no PDF form (NaN, a number beyond
    the limits) and TypeError for a foreign type.
    """
    parts: list[bytes] = []
    _write(value, parts, 0)
    return b"".join(parts)


def serialize_indirect(ref: Ref, value: Any) -> bytes:
    """`N G obj … endobj` with the line ends that PDF/A-2, 6.1.9 asks."""
    return b"%d %d obj\n%b\nendobj\n" % (ref.num, ref.gen, serialize(value))


def _write(value: Any, parts: list[bytes], depth: int) -> None:
    if depth > DEFAULT_LIMITS.depth:
        raise ValueError("nested too deep to be written")
    if isinstance(value, dict):
        _write_dictionary(value, parts, depth)
    elif isinstance(value, Name):
        parts.append(_name(value))
    elif isinstance(value, list):
        if _is_of_integers(value):
            parts.append(repr(value).replace(",", "").encode("ascii"))  # widths, rectangles
            return
        parts.append(b"[")
        for index, item in enumerate(value):
            if index:
                parts.append(b" ")
            _write(item, parts, depth + 1)
        parts.append(b"]")
    elif isinstance(value, Stream):
        if value.data is None:
            raise TypeError("a stream without data cannot be written")
        _write_dictionary({**value.dict, "Length": len(value.data)}, parts, depth)
        parts += (b"\nstream\n", value.data, b"\nendstream")
    else:
        parts.append(_scalar(value))


def _is_of_integers(value: list[Any]) -> bool:
    """Whether Python writes this list as PDF does, apart from commas: integers, and lists of integers."""
    kinds = set(map(type, value))
    if kinds == {int, list}:
        value = [*chain.from_iterable([item] if type(item) is int else item for item in value)]
        kinds = set(map(type, value))
    return kinds == {int} and -_INTEGER_LIMIT <= min(value) <= max(value) <= _INTEGER_LIMIT


def _write_dictionary(value: dict[str, Any], parts: list[bytes], depth: int) -> None:
    parts.append(b"<<")
    for key, item in value.items():
        if item is not None:
            parts += (_name(key), b" ")
            _write(item, parts, depth + 1)
    parts.append(b">>")


def _scalar(value: Any) -> bytes:
    if value is None:
        return b"null"
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, Ref):
        return b"%d %d R" % value
    if isinstance(value, Name):
        return _name(value)
    if isinstance(value, HexString):
        return b"<" + value.hex().encode() + b">"
    if isinstance(value, bytes):
        return b"(" + _STRING_UNSAFE.sub(lambda m: _STRING_SAFE[m[0]], value) + b")"
    if isinstance(value, int | float):
        return _number(value)
    raise TypeError(f"no PDF form for {type(value)!r}")


@lru_cache(2_000)
def _name(value: str) -> bytes:
    raw = value.encode("latin-1")
    return b"/" + _NAME_UNSAFE.sub(lambda m: b"#%02X" % m[0][0], raw)


def _number(value: int | float) -> bytes:
    if isinstance(value, int):
        if abs(value) > _INTEGER_LIMIT * 16:  # offsets beyond 2 GiB are written, though not PDF/A
            raise ValueError("an integer too large")
        return b"%d" % value
    if not math.isfinite(value) or abs(value) > _REAL_LIMIT:
        raise ValueError("a real number out of range")
    if value == int(value):
        return b"%d" % int(value) if abs(value) <= _INTEGER_LIMIT else b"%.1f" % value
    return format(Decimal(repr(value)), "f").encode()
