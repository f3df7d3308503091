"""Content streams as operators with their operands (ISO 32000-1, 7.8.2), inline images included."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from signer.document import syntax
from signer.document.objects import ReaderLimits

MAX_OPERANDS = 64  # beyond what any operator takes; a longer run is cut, and flagged by the operator's rule
_IMAGE_END = re.compile(rb"[\0\t\n\f\r ]EI(?=[\0\t\n\f\r ]|\Z)")
_LIMITS = ReaderLimits(depth=32, object_items=100_000)


class InlineImage(dict[str, Any]):
    """The dictionary of an inline image, with its keys written out."""


_LONG_KEYS = {
    "BPC": "BitsPerComponent", "CS": "ColorSpace", "D": "Decode", "DP": "DecodeParms", "F": "Filter",
    "H": "Height", "IM": "ImageMask", "I": "Interpolate", "L": "Length", "W": "Width",
}  # fmt: skip


def operations(data: bytes) -> Iterator[tuple[str, list[Any]]]:
    """Operators in order with their operands; an inline image is one ("BI", [InlineImage]).

    Raises `DocumentRefused` for what is not the grammar.
    """
    position = 0
    operands: list[Any] = []
    while True:
        match = syntax.TOKEN.match(data, position)
        if match is None:
            break
        kind = match.lastindex
        if kind == syntax.WORD and match[syntax.WORD] not in (b"true", b"false", b"null"):
            position = match.end()
            word = match[syntax.WORD].decode("latin-1")
            if word == "BI":
                image, position = _inline_image(data, position)
                yield "BI", [image]
            else:
                yield word, operands
            operands = []
            continue
        if kind == syntax.NUMBER:
            position = match.end()
            value: Any = syntax.number_of(match[syntax.NUMBER], match.start())
        elif kind == syntax.HEX:
            value, position = syntax.hex_string(match, 0), match.end()
        else:
            value, position = syntax.parse(data, position, _LIMITS)
        if len(operands) < MAX_OPERANDS:
            operands.append(value)
    rest = _REST.sub(b"", data[position:])
    if rest:
        raise syntax.malformed("content", position)


_REST = re.compile(rb"[\0\t\n\f\r ]+|%[^\r\n]*")


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
