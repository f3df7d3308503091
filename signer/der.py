"""DER in the small: write TLVs, walk them with limits, never recurse (ITU-T X.690).

Shared ground below creation, time-stamping and trust; whole structures are parsed by asn1crypto only after
`check` has bounded their size and depth.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

INTEGER, OCTET_STRING, NULL, OID, UTF8_STRING = 0x02, 0x04, 0x05, 0x06, 0x0C
GENERALIZED_TIME, SEQUENCE, SET = 0x18, 0x30, 0x31
CONTEXT, CONSTRUCTED = 0x80, 0x20


class DerError(ValueError):
    """The bytes are not DER, or go beyond a limit."""


class Element(NamedTuple):
    """One TLV inside a buffer: its tag byte and offsets of header, content and end."""

    tag: int
    start: int
    content: int
    end: int


def encode(tag: int, *parts: bytes) -> bytes:
    """One TLV over the joined parts."""
    size = sum(map(len, parts))
    return b"".join((bytes((tag,)), _length(size), *parts))


def _length(size: int) -> bytes:
    if size < 0x80:
        return bytes((size,))
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(octets),)) + octets


def integer(value: int) -> bytes:
    """INTEGER of a non-negative value."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def oid(dotted: str) -> bytes:
    """OBJECT IDENTIFIER from its dotted form."""
    first, second, *rest = map(int, dotted.split("."))
    return encode(OID, *(_base128(arc) for arc in (40 * first + second, *rest)))


def _base128(value: int) -> bytes:
    octets = [value & 0x7F]
    while value := value >> 7:
        octets.append(0x80 | value & 0x7F)
    return bytes(reversed(octets))


def read(buffer: bytes, start: int = 0, end: int | None = None) -> Element:
    """The TLV at `start`. Raises DerError: high tags, indefinite or non-minimal lengths, overrun."""
    content, after = _bounds(buffer, start, len(buffer) if end is None else end)
    return Element(buffer[start], start, content, after)


def _bounds(buffer: bytes, start: int, end: int) -> tuple[int, int]:
    """The offsets of content and end of the TLV at `start`."""
    if end - start < 2:
        raise DerError(f"no element at {start}")
    if buffer[start] & 0x1F == 0x1F:
        raise DerError(f"high tag number at {start}")
    content, size = start + 2, buffer[start + 1]
    if size >= 0x80:
        count = size & 0x7F
        content += count
        size = int.from_bytes(buffer[start + 2 : content], "big")
        if not 1 <= count <= 4 or content > end or size < 0x80 or size.bit_length() <= 8 * (count - 1):
            raise DerError(f"length at {start} is not DER")
    if content + size > end:
        raise DerError(f"element at {start} runs over its end")
    return content, content + size


def children(buffer: bytes, parent: Element) -> Iterator[Element]:
    """The elements inside a constructed one, in order."""
    position = parent.content
    while position < parent.end:
        child = read(buffer, position, parent.end)
        yield child
        position = child.end


def expect(buffer: bytes, start: int, end: int, tag: int) -> Element:
    """The TLV at `start`, which must have this tag."""
    element = read(buffer, start, end)
    if element.tag != tag:
        raise DerError(f"tag {element.tag:#x} at {start}, not {tag:#x}")
    return element


def check(buffer: bytes, *, size: int, depth: int = 24, elements: int = 4096) -> None:
    """Bound a hostile structure before anything recursive sees it: exactly one element, all lengths fit.

    Raises DerError beyond `size` bytes, `depth` levels or `elements` TLVs.
    """
    if len(buffer) > size:
        raise DerError(f"more than {size} bytes")
    if read(buffer).end != len(buffer):
        raise DerError("bytes after the element")
    waiting = [(0, len(buffer), 1)]
    while waiting:
        position, end, level = waiting.pop()
        while position < end:
            content = position + 2
            # Most elements are short: their bounds are read here, without a call for each.
            if content > end or buffer[position] & 0x1F == 0x1F or buffer[position + 1] >= 0x80:
                content, after = _bounds(buffer, position, end)
            elif (after := content + buffer[position + 1]) > end:
                raise DerError(f"element at {position} runs over its end")
            elements -= 1
            if level > depth or elements < 0:
                raise DerError("nested or split beyond the limit")
            if buffer[position] & CONSTRUCTED:
                waiting.append((content, after, level + 1))
            position = after


def trim(padded: bytes) -> bytes:
    """The first element without the zero bytes that fill a PDF's `/Contents` after it.

    Raises DerError when something other than zeros follows.
    """
    end = read(padded).end
    if padded[end:].strip(b"\0"):
        raise DerError("bytes other than zero after the element")
    return padded[:end]
