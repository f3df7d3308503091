"""`re.compile` for patterns with possessive quantifiers, right also where Python's own are not.

Before 3.11.5 a possessive quantifier behind a group may go on from the middle of a repetition that failed (CPython
gh-106052; gh-101955 for groups that capture): a dictionary `<</0[ []>>`, whose array does not end, was read as an
empty one. Debian 12 has 3.11.2. There, each such quantifier is written as an atomic group around the plain one,
which is the same by definition.
"""

from __future__ import annotations

import re
import sys
from typing import AnyStr

_SOUND = sys.version_info >= (3, 11, 5)
_QUANTIFIER = re.compile(r"[*+?]|\{\d*,?\d*\}")


def compile_pattern(source: AnyStr, flags: int = 0) -> re.Pattern[AnyStr]:
    """The pattern of `source`, which is written as for `re`. Raises `re.error` as that does."""
    return re.compile(source if _SOUND else atomic(source), flags)


def atomic(source: AnyStr) -> AnyStr:
    """`source` with `(?>(…)*)` for each `(…)*+`, and so on. Not for verbose patterns, which have comments."""
    if isinstance(source, bytes):
        return _atomic(source.decode("latin-1")).encode("latin-1")
    return _atomic(source)


def _atomic(source: str) -> str:
    written: list[str] = []
    opened: list[int] = []  # for each open group, its first place in `written`
    at = 0
    while at < len(source):
        if source[at] == ")":
            first = opened.pop()
            quantifier = _QUANTIFIER.match(source, at + 1)
            written.append(")")
            at += 1
            if quantifier is not None and source.startswith("+", quantifier.end()):
                written[first] = "(?>" + written[first]
                written.append(quantifier[0] + ")")
                at = quantifier.end() + 1
            continue
        if source[at] == "(":
            opened.append(len(written))
        end = _after(source, at)
        written.append(source[at:end])
        at = end
    return "".join(written)


def _after(source: str, at: int) -> int:
    """Where an escape, a set or a single character ends."""
    if source[at] == "\\":
        return at + 2
    if source[at] != "[":
        return at + 1
    at += 2 if source.startswith("[^", at) else 1
    at += source.startswith("]", at)  # the first one stands for itself
    while source[at] != "]":
        at += 2 if source[at] == "\\" else 1
    return at + 1
