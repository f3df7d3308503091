"""Mutations that know the structure: tokens, numbers, names, objects, offsets, splices of two files, CMS bytes.

All are pure on bytes and a random generator, so that a seed gives the same files everywhere.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

Mutator = Callable[[bytes, bytes, random.Random], bytes]

_WORDS = b"0 1 -1 99999 2147483648 / << >> [ ] ( ) null true endobj stream endstream obj xref trailer startxref".split()
_MORE = (
    b"%%EOF",
    b"%",
    b"<",
    b">",
    b"1.5",
    b"1 0 R",
    b"4 0 R",
    b"20 0 R",
    b"\0",
    b"\r",
    b"/#00",
    b"(\\",
    b"<</V",
    b"%PDF-",
)
TOKENS = (*_WORDS, *_MORE)
_KEYS = (
    b"/Kids /Parent /V /AP /Annots /Contents /Length /Prev /XRefStm /Size /Root /Info /Type /Subtype /FT /T /Fields "
    b"/ByteRange /SubFilter /Filter /DecodeParms /W /Index /N /First /Extends /Encrypt /Perms /Reference /Resources"
).split()
_NUMBERS = (0, 1, -1, 255, 65_535, 65_536, 2**31 - 1, 2**31, 2**32, 2**63, 10**10)
_NAME = re.compile(rb"/[A-Za-z0-9]+")
_DIGITS = re.compile(rb"\d+")
_OBJECT = re.compile(rb"\d+ \d+ obj.*?endobj", re.DOTALL)
_ENTRY = re.compile(rb"\d{10} \d{5} [nf]")
_START = re.compile(rb"(?:startxref\s+|/Prev |/XRefStm )(\d+)")
_HOLE = re.compile(rb"/Contents ?<([0-9A-Fa-f]{40,})>")


def _any(pattern: re.Pattern[bytes], data: bytes, chance: random.Random) -> re.Match[bytes] | None:
    found = list(pattern.finditer(data))
    return chance.choice(found) if found else None


def _put(data: bytes, start: int, end: int, new: bytes) -> bytes:
    return data[:start] + new + data[end:]


def flip(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """One bit."""
    at = chance.randrange(len(data))
    return _put(data, at, at + 1, bytes((data[at] ^ 1 << chance.randrange(8),)))


def token_over(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A token over other bytes: nothing moves."""
    at, word = chance.randrange(len(data)), chance.choice(TOKENS)
    return _put(data, at, at + len(word), word)


def token_in(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A token between other bytes."""
    at = chance.randrange(len(data))
    return _put(data, at, at, b" " + chance.choice(TOKENS) + b" ")


def number(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A number for another, as wide as it or not."""
    found = _any(_DIGITS, data, chance)
    if found is None:
        return data
    new = b"%d" % chance.choice(
        (*_NUMBERS, chance.randrange(200), int(found[0][:9]) + chance.choice((-1, 1)))
    )
    return _put(
        data,
        found.start(),
        found.end(),
        new if chance.random() < 0.5 else new[: len(found[0])].rjust(len(found[0]), b"0"),
    )


def key(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """A name for another."""
    found = _any(_NAME, data, chance)
    return data if found is None else _put(data, found.start(), found.end(), chance.choice(_KEYS))


def names_swapped(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Two names of the file change places."""
    one, two = sorted(
        (_any(_NAME, data, chance), _any(_NAME, data, chance)), key=lambda m: m.start() if m else -1
    )
    if one is None or two is None or one.end() > two.start():
        return data
    return data[: one.start()] + two[0] + data[one.end() : two.start()] + one[0] + data[two.end() :]


def object_over(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """An object of this or the other file in the place of one of this."""
    old, new = _any(_OBJECT, data, chance), _any(_OBJECT, chance.choice((data, other)), chance)
    return data if old is None or new is None else _put(data, old.start(), old.end(), new[0])


def object_twice(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """An object stands once more, at the end."""
    found = _any(_OBJECT, data, chance)
    return data if found is None else data + b"\n" + found[0] + b"\n"


def offset(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """An entry of a table, or what leads to one, names another place."""
    found = _any(chance.choice((_ENTRY, _START)), data, chance)
    if found is None:
        return data
    place = chance.choice((chance.randrange(len(data)), found.start(), 0, len(data)))
    if found.re is _ENTRY:
        new = b"%010d" % place + found[0][10:17] + chance.choice((b"n", b"f", found[0][17:]))
        return _put(data, found.start(), found.end(), new)
    return _put(data, found.start(1), found.end(1), b"%d" % place)


def splice(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """The beginning of one file and the end of the other."""
    return data[: chance.randrange(len(data))] + other[chance.randrange(len(other)) :]


def update_of_other(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """What the other file has after one of its ends stands at the end of this."""
    ends = [match.end() for match in re.finditer(rb"%%EOF\s*", other)][:-1]
    return data + other[chance.choice(ends) :] if ends else data


def cut(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Some bytes are missing, in the middle or at the end."""
    at = chance.randrange(len(data))
    return data[:at] if chance.random() < 0.2 else _put(data, at, at + chance.randint(1, 60), b"")


def repeat(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Some bytes stand many times."""
    at = chance.randrange(len(data))
    piece = data[at : at + chance.randint(1, 30)]
    return _put(data, at, at, piece * chance.choice((1, 2, 50, 2000)))


def hexadecimal(data: bytes, _other: bytes, chance: random.Random) -> bytes:
    """Bytes of a signature's value: of its lengths and tags above all."""
    found = _any(_HOLE, data, chance)
    if found is None:
        return data
    value = bytearray.fromhex(found[1].decode()[: len(found[1]) // 2 * 2])
    size = max(1, len(bytes(value).rstrip(b"\0")))
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(size) if chance.random() < 0.6 else chance.randrange(min(size, 80))
        value[at] = chance.choice(
            (chance.randrange(256), 0x30, 0x31, 0x80, 0x82, 0x84, 0xFF, 0xA0, 0xA1, 0x06, 0x00)
        )
    return _put(data, found.start(1), found.end(1), value.hex().encode())


OF_FILES: tuple[Mutator, ...] = (
    flip,
    token_over,
    token_in,
    number,
    key,
    names_swapped,
    object_over,
    object_twice,
    offset,
    splice,
    update_of_other,
    cut,
    repeat,
    hexadecimal,
    hexadecimal,
)


def mutated(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A file, altered once or a few times."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        data = chance.choice(OF_FILES)(data, other, chance) or b"%PDF-1.7"
    return data


def mutated_der(data: bytes, other: bytes, chance: random.Random) -> bytes:
    """A structure in DER, altered: tags and lengths, bytes, pieces of another."""
    out = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        at = chance.randrange(len(out))
        match chance.randrange(5):
            case 0:
                out[at] ^= 1 << chance.randrange(8)
            case 1:
                out[at] = chance.choice(
                    (0x00, 0x02, 0x03, 0x04, 0x06, 0x0C, 0x17, 0x18, 0x30, 0x31, 0x80, 0xA0, 0xFF)
                )
            case 2:
                del out[at : at + chance.randint(1, 8)]
            case 3:
                start = chance.randrange(len(other))
                out[at:at] = other[start : start + chance.randint(1, 60)]
            case _:
                out[at:at] = bytes((0x30, 0x80)) * chance.choice((1, 3, 300))
        if not out:
            return b"\x30\x00"
    return bytes(out)
