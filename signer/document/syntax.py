"""Reads PDF objects from bytes (ISO 32000-2, 7.2 and 7.3): strict, bounded, without recursion on input.

What is not exactly the grammar is refused rather than guessed: two readers that guess differently show two
different documents under one signature.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

from policies.reasons import document as reasons
from signer.document.objects import (
    DEFAULT_LIMITS,
    HexString,
    Name,
    PdfObject,
    ReaderLimits,
    Ref,
    Stream,
    TornName,
)
from signer.document.serializing import serialize, serialize_indirect
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

__all__ = [
    "HexString",
    "Indirect",
    "Name",
    "NeedMore",
    "PdfObject",
    "Ref",
    "Stream",
    "malformed",
    "parse",
    "parse_indirect",
    "serialize",
    "serialize_indirect",
]

WHITESPACE = b"\0\t\n\f\r "
_SPACE = rb"[\0\t\n\f\r ]"
_REGULAR = rb"[^\0\t\n\f\r ()<>\[\]{}/%]"
_STOP = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%]|\Z)"
_SKIP = _SPACE + rb"*+(?:%[^\r\n]*+" + _SPACE + rb"*+)*+"
# Every quantifier is possessive: no input makes this pattern backtrack.
TOKEN = compile_pattern(
    _SKIP
    + rb"(?:(\d{1,10})"
    + (_SPACE + rb"++(\d{1,5})" + _SPACE + rb"++R" + _STOP)
    + (rb"|([+-]?(?:\d++\.?\d*+|\.\d++))" + _STOP)
    + (rb"|/(" + _REGULAR + rb"*+)")
    + rb"|(<<|>>|[\[\]{}])"
    + rb"|<([0-9A-Fa-f\0\t\n\f\r ]*+)>"
    + rb"|\(([^()\\\r]*+)\)"
    + rb"|(\()"
    + (rb"|(" + _REGULAR + rb"++))")
)
REF, NUMBER, NAME, BRACKET, HEX, SIMPLE, STRING, WORD = 2, 3, 4, 5, 6, 7, 8, 9
# An array up to its end of plain numbers, as rectangles are, or also of such arrays, as widths are: read at one stroke.
_NUMBERS = rb"(?:[\t\n\f\r ]*+[+-]?\d{1,10}+(?:\.\d{0,10}+)?+(?=[\t\n\f\r \[\]]))++"
_ROWS = compile_pattern(
    rb"((?:" + _NUMBERS + rb"|[\t\n\f\r ]*+\[" + _NUMBERS + rb"[\t\n\f\r ]*+\])++)[\t\n\f\r ]*+\]"
)
_PARENTHESIS = compile_pattern(rb"\\.|[()]", re.DOTALL)
_ESCAPE = compile_pattern(rb"\\([0-7]{1,3}|\r\n|.)|\r\n?", re.DOTALL)
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_NAME_ESCAPE = compile_pattern(rb"#([0-9A-Fa-f]{2})")
# qpdf (VT) and pdfium take these bytes for white space: they read another name. In UTF-8 none follows a plain letter.
_ENDED_EARLY = compile_pattern(rb"[A-Za-z][A-Za-z0-9]*+[\x0b\x80\xff]")
_OBJECT = compile_pattern(_SKIP + rb"(\d{1,10})" + _SPACE + rb"++(\d{1,5})" + _SPACE + rb"++obj" + _STOP)
_AFTER = compile_pattern(_SKIP + rb"(?:(endobj)" + _STOP + rb"|stream(\r\n|\n))")
_HALF_REFERENCE = compile_pattern(_SPACE + rb"*+\d{0,5}+" + _SPACE + rb"*+R?\Z")
_WORDS: dict[bytes, bool | None] = {b"true": True, b"false": False, b"null": None}
_LONGEST_NUMBER = 40
_names: dict[bytes, Name] = {}


class NeedMore(Exception):
    """The buffer is a window into a longer file and ends too early."""


class Indirect(NamedTuple):
    """One indirect object: its number, generation and value; `stream_start` is the offset of the stream's
    data in the buffer, or -1; `end` is the offset after `endobj` or at the stream's data."""

    num: int
    gen: int
    value: PdfObject
    stream_start: int
    end: int


def malformed(what: str, offset: int) -> DocumentRefused:
    """The refusal for bytes that are not PDF grammar at this offset of the file."""
    return DocumentRefused(reasons.MALFORMED, what=what, offset=offset)


def parse(
    buffer: bytes,
    pos: int = 0,
    limits: ReaderLimits = DEFAULT_LIMITS,
    *,
    base: int = 0,
    final: bool = True,
) -> tuple[PdfObject, int]:
    """One direct object at `pos`; returns it and the offset after it.

    `base` is the offset of the buffer in its file (for messages and for `HexString.start`). With
    `final=False` the buffer is a window, and `NeedMore` is raised when the object runs into its end.
    Raises `DocumentRefused` for anything that is not the grammar or exceeds the limits.
    """
    stack: list[tuple[bytes, list[Any]]] = []
    items: list[Any] = []
    closing = b""
    total = 0
    size = len(buffer)
    token, names = TOKEN.match, _names
    value: Any
    while True:
        match = token(buffer, pos)
        if match is None:
            raise _stuck(buffer, pos, base, final)
        start, pos = pos, match.end()
        if pos == size and not final:
            raise NeedMore
        kind = match.lastindex
        if kind == NUMBER:
            value = number_of(match[NUMBER], base + start)
        elif kind == NAME:
            value = names.get(match[NAME]) or _sound_name(match[NAME], base + start)
        elif kind == REF:
            value = Ref(int(match[1]), int(match[2]))
        elif kind == BRACKET:
            bracket = match[BRACKET]
            row = _ROWS.match(buffer, pos) if stack and bracket == b"[" else None
            if row is not None and row.end() < size and (rows := _rows(row[1])) is not None:
                numbers, count, nested = rows
                if total + count <= limits.object_items and len(stack) + nested < limits.depth:
                    items.append(numbers)
                    total += count
                    pos = row.end()
                    continue
            if bracket in (b"<<", b"["):
                stack.append((closing, items))
                if len(stack) > limits.depth:
                    raise DocumentRefused(reasons.NESTED_TOO_DEEP, limit=limits.depth)
                closing, items = (b">>" if bracket == b"<<" else b"]"), []
                continue
            if bracket != closing:
                raise malformed(f"unexpected {bracket.decode()}", base + start)
            value = items if bracket == b"]" else _dictionary(items, base + start)
            closing, items = stack.pop()
        elif kind == SIMPLE:
            value = match[SIMPLE]
        elif kind == HEX:
            value = hex_string(match, base)
        elif kind == STRING:
            value, pos = long_string(buffer, pos, base, final)
        else:
            value = _word(match[WORD], items, base + start)
        if not stack:
            if kind == NUMBER and not final and _HALF_REFERENCE.match(buffer, pos):
                raise NeedMore
            return value, pos
        items.append(value)
        total += 1
        if total > limits.object_items:
            raise DocumentRefused(reasons.OBJECT_TOO_LARGE, limit=limits.object_items)


def _rows(text: bytes) -> tuple[list[Any], int, bool] | None:
    """The array that `_ROWS` has matched, how many values it is with all that are in it, and whether it nests.

    None when its numbers do not stand as JSON writes them, apart from the commas.
    """
    words = text.split()
    try:
        items = json.loads(b"[%b]" % b",".join(words))
    except ValueError:
        return None
    return items, len(words) + text.count(b"[") + 1, b"[" in text


def parse_indirect(
    buffer: bytes,
    pos: int = 0,
    limits: ReaderLimits = DEFAULT_LIMITS,
    *,
    base: int = 0,
    final: bool = True,
) -> Indirect:
    """The indirect object `N G obj … endobj` (or up to the start of its stream data) at `pos`.

    Raises as `parse` does.
    """
    head = _OBJECT.match(buffer, pos)
    if head is None:
        if not final and len(buffer) - pos < 64:
            raise NeedMore
        raise malformed("no object here", base + pos)
    value, pos = parse(buffer, head.end(), limits, base=base, final=final)
    after = _AFTER.match(buffer, pos)
    if after is None or (after.end() == len(buffer) and not final):
        if not final and len(buffer) - pos < 4096:
            raise NeedMore
        if after is None:
            raise malformed("no endobj", base + pos)
    if after[1]:
        return Indirect(int(head[1]), int(head[2]), value, -1, after.end())
    if not isinstance(value, dict):
        raise malformed("a stream without a dictionary", base + pos)
    return Indirect(int(head[1]), int(head[2]), value, after.end(), after.end())


def _stuck(buffer: bytes, pos: int, base: int, final: bool) -> Exception:
    skip = compile_pattern(_SKIP).match(buffer, pos)
    pos = skip.end() if skip else pos
    here = buffer[pos : pos + 1]
    if not final and (not here or here == b"<" or pos >= len(buffer) - 1):
        return NeedMore()
    return malformed("end of data" if not here else "unexpected byte", base + pos)


def name_of(raw: bytes) -> Name:
    """The name of these bytes (after the slash)."""
    known = _names.get(raw)
    if known is not None:
        return known
    plain = _NAME_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), raw) if b"#" in raw else raw
    name = (TornName if b"\0" in plain else Name)(plain.decode("latin-1"))
    if len(_names) < 4096 and len(raw) < 64 and not _ENDED_EARLY.match(raw):
        _names[raw] = name
    return name


def _sound_name(raw: bytes, offset: int) -> Name:
    """The same, unless readers differ about where it ends."""
    if _ENDED_EARLY.match(raw):
        raise malformed("a name that some readers end early", offset)
    return name_of(raw)


def number_of(raw: bytes, offset: int) -> int | float:
    """The number of these bytes; absurdly long ones are refused."""
    if len(raw) > _LONGEST_NUMBER:
        raise malformed("a number too long", offset)
    return float(raw) if b"." in raw else int(raw)


def _dictionary(items: list[Any], offset: int) -> dict[str, Any]:
    if len(items) & 1:
        raise malformed("a key without a value", offset)
    result: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if type(key) is not Name:
            raise malformed(f"a key that is no name or holds a null character, {key!r:.40}", offset)
        if key in result and not _alike(result[key], value):
            raise malformed(f"the key /{key} twice, with different values", offset)
        result[str(key)] = value
    if None in result.values():  # 7.3.7: null is the same as absent
        return {key: value for key, value in result.items() if value is not None}
    return result


def _alike(one: Any, other: Any) -> bool:
    """Equal, and not only to Python, for which 1 is true."""
    return bool(one == other) and (type(one) is bool) == (type(other) is bool)


def hex_string(match: re.Match[bytes], base: int) -> HexString:
    """The string of a HEX token."""
    digits = match[HEX].translate(None, WHITESPACE)
    text = HexString(bytes.fromhex((digits + b"0" if len(digits) & 1 else digits).decode("ascii")))
    text.start, text.end = base + match.start(HEX) - 1, base + match.end()
    return text


def long_string(buffer: bytes, pos: int, base: int, final: bool) -> tuple[bytes, int]:
    """The literal string whose opening parenthesis is just before `pos`, and the offset after it."""
    depth = 1
    for match in _PARENTHESIS.finditer(buffer, pos):
        if match[0] == b"(":
            depth += 1
        elif match[0] == b")":
            depth -= 1
            if not depth:
                if match.end() == len(buffer) and not final:
                    break
                return _ESCAPE.sub(_unescape, buffer[pos : match.start()]), match.end()
    if final:
        raise malformed("a string without an end", base + pos)
    raise NeedMore


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    if code is None:  # an end-of-line marker inside a string reads as LF (7.3.4.2)
        return b"\n"
    if code.isdigit() and code < b"8":
        return bytes((int(code, 8) & 255,))
    if code in (b"\n", b"\r", b"\r\n"):
        return b""
    return _ESCAPES.get(code, code)


def _word(word: bytes, items: list[Any], offset: int) -> PdfObject:
    if word in _WORDS:
        return _WORDS[word]
    if word == b"R" and len(items) >= 2 and type(items[-1]) is int and type(items[-2]) is int:
        gen, num = items.pop(), items.pop()
        if 0 <= num <= 9_999_999_999 and 0 <= gen <= 65_535:
            return Ref(num, gen)
    raise malformed(f"unknown word {word[:16]!r}", offset)
