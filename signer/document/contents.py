"""Content streams and CMaps as operations: operands, then an operator (ISO 32000-2, 7.8.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from policies.reasons import document as reasons
from signer.document import syntax
from signer.errors import DocumentRefused
from signer.patterns import compile_pattern

_MOST_OPERATIONS = 200_000
_MOST_OPERANDS = 4_096
_INLINE_END = compile_pattern(rb"[\0\t\n\f\r ]EI(?=[\0\t\n\f\r ]|\Z)")
_COUNTS = {
    **dict.fromkeys(("q", "Q", "BT", "ET", "T*", "W", "W*", "n", "h", "f", "F", "f*"), 0),
    **dict.fromkeys(("B", "B*", "b", "b*", "S", "s", "EMC"), 0),
    **dict.fromkeys(("g", "G", "w", "J", "j", "M", "i", "Tr", "TL", "Tc", "Tw", "Tz", "Ts"), 1),
    **dict.fromkeys(("Do", "gs", "cs", "CS", "ri", "Tj", "TJ", "'", "BMC", "MP", "sh"), 1),
    **dict.fromkeys(("Td", "TD", "Tf", "m", "l", "d", "BDC", "DP"), 2),
    **dict.fromkeys(("rg", "RG", '"'), 3),
    **dict.fromkeys(("k", "K", "re", "v", "y"), 4),
    **dict.fromkeys(("cm", "Tm", "c"), 6),
}
_OF_NAMES = frozenset(
    ["Tf", "d", "Do", "gs", "cs", "CS", "ri", "Tj", "TJ", "'", '"', "BMC", "BDC", "MP", "DP", "sh"]
)
_NUMERIC = frozenset(_COUNTS) - _OF_NAMES
_BLANK = compile_pattern(rb"[\0\t\n\f\r ]*+(?:%[^\r\n]*+[\0\t\n\f\r ]*+)*+\Z")


def operations(data: bytes) -> Iterator[tuple[str, list[Any]]]:
    """Each operator with its operands. Inline images come as `BI` without operands.

    Raises `DocumentRefused` for what is not the grammar, and for absurd lengths.
    """
    operands: list[Any] = []
    position, count = 0, 0
    while True:
        match = syntax.TOKEN.match(data, position)
        if match is None:
            if _BLANK.match(data, position):
                return
            raise syntax.malformed("content stream", position)
        word = match[syntax.WORD]
        if word is None or word in (b"true", b"false", b"null"):
            value, position = _operand(data, position, match)
            operands.append(value)
            if len(operands) > _MOST_OPERANDS:
                raise syntax.malformed("too many operands", position)
            continue
        position = match.end()
        if word == b"BI":
            position = _after_inline_image(data, position)
        yield word.decode("latin-1"), operands
        operands = []
        count += 1
        if count > _MOST_OPERATIONS:
            raise DocumentRefused(reasons.OBJECT_TOO_LARGE, limit=_MOST_OPERATIONS)


def well_formed(operator: str, operands: list[Any]) -> bool:
    """Whether an operator has the operands that it takes. Of too many some readers use the first, others the last."""
    if len(operands) != _COUNTS.get(operator, len(operands)):
        return False
    return operator not in _NUMERIC or all(type(item) in (int, float) for item in operands)


def _operand(data: bytes, position: int, match: re.Match[bytes]) -> tuple[Any, int]:
    kind = match.lastindex
    if kind == syntax.NUMBER:
        return syntax.number_of(match[kind], position), match.end()
    if kind == syntax.REF:  # no references here: `1 0 R` would be two numbers and an operator
        raise syntax.malformed("a reference in a content stream", position)
    return syntax.parse(data, position)


def _after_inline_image(data: bytes, position: int) -> int:
    end = _INLINE_END.search(data, position)
    if end is None:
        raise syntax.malformed("an inline image without an end", position)
    return end.end()
