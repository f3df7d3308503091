"""Content streams as operators with their operands (ISO 32000-1, 7.8.2), inline images included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from signer.document import syntax
from signer.document.objects import ReaderLimits
from signer.patterns import compile_pattern

MAX_OPERANDS = 64  # beyond what any operator takes; a longer run is cut, and flagged by the operator's rule
_IMAGE_END = compile_pattern(rb"[\0\t\n\f\r ]EI(?=[\0\t\n\f\r ]|\Z)")
_LIMITS = ReaderLimits(depth=32, object_items=100_000)


class InlineImage(dict[str, Any]):
    """The dictionary of an inline image, with its keys written out."""


_LONG_KEYS = {
    "BPC": "BitsPerComponent", "CS": "ColorSpace", "D": "Decode", "DP": "DecodeParms", "F": "Filter",
    "H": "Height", "IM": "ImageMask", "I": "Interpolate", "L": "Length", "W": "Width",
}  # fmt: skip


# Operators on plain numbers that paint nothing (positions, paths, text state, device colours), as far as they
# follow each other. The numbers are within the limits of 6.1.13 by their length; what looks different ends the run.
_SPACE = rb"[\t\n\f\r ]"
_NUMBER = rb"[+-]?(?:\d{1,9}+(?:\.\d{0,9}+)?+|\.\d{1,9}+)"
# The same with reals below 10,000, for a part that allows 32,767 (part 1, 6.1.12).
_NUMBER_SHORT = rb"[+-]?(?:\d{1,4}+\.\d{0,9}+|\d{1,9}+(?!\.)|\.\d{1,9}+)"
_UNPAINTED = rb"(?:BT|ET|EMC|cm|re|rg|RG|T[cdDLmswz*]|W\*?|[cghijJkGKlmMnvwy])"
_COLOURS = frozenset({b"g", b"rg", b"k", b"G", b"RG", b"K"})


def _run(number: bytes) -> re.Pattern[bytes]:
    parts = (_SPACE, number, _SPACE, MAX_OPERANDS, _UNPAINTED, _SPACE)
    return compile_pattern(rb"(?:%b*+(?:%b%b++){0,%d}+%b(?=%b|\Z)){1,500}+" % parts)


def _shown(number: bytes) -> re.Pattern[bytes]:
    """What TJ shows, up to its end: strings of plain letters or whole bytes, and such numbers."""
    parts = (_SPACE, number, _SPACE)
    return compile_pattern(
        rb"\[((?:%b*+(?:<(?:[0-9A-Fa-f]{2})*+>|\([^()\\\r]*+\)|%b(?=[\t\n\f\r <(\]]))){0,5000}+)%b*+\]"
        % parts
    )


_RUN, _RUN_SHORT = _run(_NUMBER), _run(_NUMBER_SHORT)
_SHOWN, _SHOWN_SHORT = _shown(_NUMBER), _shown(_NUMBER_SHORT)
_SAFE_REAL = 1e9  # what the longer form of a number stays below
_STRINGS = compile_pattern(rb"<([^>]*+)>|\(([^)]*+)\)")


def operations(data: bytes, largest_real: float) -> Iterator[tuple[str, list[Any], int]]:
    """Operators in order with their operands, and how many tokens that were; an inline image is one ("BI",
    [InlineImage]). A run of operators that paint nothing is one ("", [those that set a device colour]) with all
    its tokens; an array that shows text may be without its numbers.

    No real beyond `largest_real` is left out with a run or an array. Raises `DocumentRefused` for what is not the
    grammar.
    """
    short = largest_real < _SAFE_REAL
    runs, shown_arrays = (_RUN_SHORT, _SHOWN_SHORT) if short else (_RUN, _SHOWN)
    position = 0
    operands: list[Any] = []
    token = syntax.TOKEN.match
    while True:
        if not operands:
            run = runs.match(data, position)
            if run is not None:
                position = run.end()
                words = run[0].split()
                yield "", [word for word in words if word in _COLOURS], len(words)
        match = token(data, position)
        if match is None:
            break
        kind = match.lastindex
        if kind == syntax.WORD and match[syntax.WORD] not in _VALUES:
            position = match.end()
            word = match[syntax.WORD].decode("latin-1")
            if word == "BI":
                image, position = _inline_image(data, position)
                yield "BI", [image], 2
            else:
                yield word, operands, 1 + len(operands)
            operands = []
            continue
        if kind == syntax.NUMBER:
            position = match.end()
            value: Any = syntax.number_of(match[syntax.NUMBER], match.start())
        elif kind == syntax.NAME:
            value, position = syntax.name_of(match[syntax.NAME]), match.end()
        elif kind == syntax.HEX:
            value, position = syntax.hex_string(match, 0), match.end()
        elif kind == syntax.BRACKET and (shown := shown_arrays.match(data, match.start(syntax.BRACKET))):
            position = shown.end()
            value = [bytes.fromhex(digits.decode()) or text for digits, text in _STRINGS.findall(shown[1])]
        else:
            value, position = syntax.parse(data, position, _LIMITS)
        if len(operands) < MAX_OPERANDS:
            operands.append(value)
    rest = _REST.sub(b"", data[position:])
    if rest:
        raise syntax.malformed("content", position)


_VALUES = (b"true", b"false", b"null")
_REST = compile_pattern(rb"[\0\t\n\f\r ]+|%[^\r\n]*")


def _inline_image(data: bytes, position: int) -> tuple[InlineImage, int]:
    image = InlineImage()
    while True:
        match = syntax.TOKEN.match(data, position)
        if match is None:
            raise syntax.malformed("inline image", position)
        if match.lastindex == syntax.WORD and match[syntax.WORD] == b"ID":
            end = _IMAGE_END.search(data, match.end())
            if end is None:
                raise syntax.malformed("inline image without EI", position)
            return image, end.end()
        key, position = syntax.parse(data, position, _LIMITS)
        value, position = syntax.parse(data, position, _LIMITS)
        image[_LONG_KEYS.get(str(key), str(key))] = value
        if len(image) > MAX_OPERANDS:
            raise syntax.malformed("inline image", position)
