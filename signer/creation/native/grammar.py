"""PDF dictionaries as raw bytes (ISO 32000-2, 7.3): checked by one pattern, split by another, never rebuilt.

A narrow grammar: no comments, no escaped keys, no unbalanced parentheses in strings, no `null`, five levels of
nesting; anything else is `Unfit`. What stands inside of an array or dictionary is passed on, and judged when it is
asked for. Every quantifier is possessive: no input makes a pattern backtrack.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

from signer.creation.native.unfit import Unfit, Unfitness
from signer.document import syntax
from signer.document.text_strings import text_string
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

T = TypeVar("T")
_LONGEST_KEPT = 2 << 10
_MOST_KEPT = 256

_WS = rb"[\0\t\n\f\r ]"
_STOP = rb"(?=[\0\t\n\f\r ()<>\[\]{}/%])"
_KEY = rb"/[^\0-\x20#()<>\[\]{}/%]++"
_STRING_ = rb"\((?:[^()\\]++|\\.)*+\)"
_HEX = rb"<(?:[0-9A-Fa-f]|" + _WS + rb")*+>"
_ATOM = (
    rb"/[^\0\t\n\f\r ()<>\[\]{}/%]*+"
    + rb"|\d{1,10}+" + _WS + rb"++\d{1,5}+" + _WS + rb"++R" + _STOP
    + rb"|[+-]?(?:\d++\.?\d*+|\.\d++)" + _STOP
    + rb"|" + _STRING_ + rb"|" + _HEX + rb"|(?:true|false)" + _STOP
)  # fmt: skip


def _inside(below: bytes) -> bytes:
    """What may stand between brackets, one level deeper: brackets and strings are told apart, nothing else."""
    return (
        rb"(?:[^\[\]<>()%{}]++|" + _STRING_ + rb"|" + _HEX + rb"|\[" + below + rb"\]|<<" + below + rb">>)*+"
    )


_FLAT = rb"(?:[^\[\]<>()%{}]++|" + _STRING_ + rb"|" + _HEX + rb")*+"
_NESTED = _inside(_inside(_inside(_FLAT)))
_VALUE = rb"(?:" + _ATOM + rb"|\[" + _NESTED + rb"\]|<<" + _NESTED + rb">>)"
_PAIRS = rb"(?:" + _WS + rb"*+" + _KEY + _WS + rb"*+" + _VALUE + rb")*+"
_DICTIONARY = compile_pattern(_WS + rb"*+<<" + _PAIRS + _WS + rb"*+>>", re.DOTALL)
_ENTRY = compile_pattern(_WS + rb"*+/(" + _KEY[1:] + rb")" + _WS + rb"*+(" + _VALUE + rb")", re.DOTALL)
_ITEM = compile_pattern(_WS + rb"*+(" + _VALUE + rb")", re.DOTALL)
_ITEMS = compile_pattern(rb"\[(?:" + _WS + rb"*+" + _VALUE + rb")*+" + _WS + rb"*+\]", re.DOTALL)
_REFERENCE = compile_pattern(rb"(\d{1,10}+)" + _WS + rb"++(\d{1,5}+)" + _WS + rb"++R")
_REFERENCES = compile_pattern(
    rb"\[(?:" + _WS + rb"*+" + _REFERENCE.pattern + _STOP + rb")*+" + _WS + rb"*+\]"
)
_MOST_DIGITS = 18
# Numbers of a length that int() and float() take, and between them what bytes.split() takes for space.
_INTEGERS = compile_pattern(rb"\[(?:[\t\n\f\r ]*+\d{1,18}+(?!\d))*+[\t\n\f\r ]*+\]")
_REALS = compile_pattern(
    rb"\[(?:[\t\n\f\r ]*+[+-]?(?:\d{1,10}+\.?\d{0,20}+|\.\d{1,20}+)(?=[\t\n\f\r \]]))*+[\t\n\f\r ]*+\]"
)
_STRING = compile_pattern(rb"\(([^()\\\r]*+)\)")

Entries = dict[bytes, bytes]


def entries(data: bytes, position: int = 0) -> tuple[Entries, int]:
    """The dictionary at `position` (white space may stand before it) as raw values by raw key, and its end.

    Raises `Unfit` for what is not this grammar, and for a key that stands there twice.
    """
    whole = _DICTIONARY.match(data, position)
    if whole is None:
        raise Unfit(Unfitness.GRAMMAR)
    end = whole.end()  # the closing brackets stay in sight: what a value ends with is looked at
    pairs = _ENTRY.findall(data, data.index(b"<<", position) + 2, end)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Unfit(Unfitness.GRAMMAR)
    return found, end


def joined(found: Entries) -> bytes:
    """Entries one behind the other, as they stand in a dictionary."""
    return b"/" + b"/".join(map(b" ".join, found.items())) if found else b""


def remembered(read: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """`read`, which hangs on the bytes alone, done once for the same ones unless they are many. What it gives is then
    shared, and not to be changed."""
    kept = lru_cache(maxsize=_MOST_KEPT)(read)
    return lambda raw: kept(raw) if len(raw) <= _LONGEST_KEPT else read(raw)


def reference(raw: bytes) -> tuple[int, int]:
    """Object number and generation. Raises `Unfit` when the value is direct."""
    num, _, rest = raw.partition(b" ")
    if rest == b"0 R" and num.isdigit() and len(num) <= 10:  # as nearly all are
        return int(num), 0
    match = _REFERENCE.fullmatch(raw)
    if match is None:
        raise Unfit(Unfitness.DIRECT_OBJECT)
    return int(match[1]), int(match[2])


@remembered
def references(raw: bytes) -> tuple[tuple[int, int], ...]:
    """An array of references. Raises `Unfit` for any other value."""
    if _REFERENCES.fullmatch(raw) is None:
        raise Unfit(Unfitness.DIRECT_OBJECT)
    return tuple((int(num), int(gen)) for num, gen in _REFERENCE.findall(raw))


def items(raw: bytes) -> list[bytes]:
    """The raw values of an array. Raises `Unfit` for any other value, and for what is not this grammar in it."""
    if not raw.startswith(b"["):
        raise Unfit(Unfitness.DIRECT_OBJECT)
    if _ITEMS.fullmatch(raw) is None:
        raise Unfit(Unfitness.GRAMMAR)
    return _ITEM.findall(raw, 1)


def integer(raw: bytes) -> int:
    """A non-negative integer. Raises `Unfit` for any other value."""
    if not raw.isdigit() or len(raw) > _MOST_DIGITS:
        raise Unfit(Unfitness.GRAMMAR)
    return int(raw)


def integers(raw: bytes) -> list[int]:
    """An array of non-negative integers. Raises `Unfit` for any other value."""
    if _INTEGERS.fullmatch(raw) is None:
        raise Unfit(Unfitness.GRAMMAR)
    return [int(each) for each in raw[1:-1].split()]


def reals(raw: bytes) -> list[float]:
    """An array of numbers. Raises `Unfit` for any other value."""
    if _REALS.fullmatch(raw) is None:
        raise Unfit(Unfitness.GRAMMAR)
    return [float(each) for each in raw[1:-1].split()]


def string(raw: bytes) -> bytes:
    """The bytes of a string. Raises `Unfit` for any other value."""
    match = _STRING.fullmatch(raw)
    if match is not None:
        return match[1]
    if not raw.startswith((b"(", b"<")) or raw.startswith(b"<<"):
        raise Unfit(Unfitness.DIRECT_OBJECT)
    try:
        found, end = syntax.parse(raw)
    except DocumentRefused as exc:
        raise Unfit(Unfitness.GRAMMAR) from exc
    if not isinstance(found, bytes) or end != len(raw):
        raise Unfit(Unfitness.DIRECT_OBJECT)
    return found


def text(raw: bytes) -> str:
    """A text string. Raises `Unfit` for any other value."""
    found = string(raw)
    if found.isascii() and (plain := found.decode("ascii")).isprintable():
        return plain
    return text_string(found)  # which has letters for some control codes
