"""The PDF object model (ISO 32000-2, 7.3) as plain Python values.

    null  None      boolean  bool     integer  int       real  float
    name  Name      string   bytes    hexadecimal string  HexString
    array list      dictionary dict (keys without the slash)     stream  Stream     reference  Ref

Names are byte strings in the file; here they are `str` through Latin-1, so that no byte is lost. A `Name`
equals the `str` of the same letters, a string never does: strings are `bytes`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias


class Name(str):
    """A name, without its slash and with its `#xx` escapes undone."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"/{self!s}"


class TornName(Name):
    """A name with a null character, which none may have (7.3.5): poppler ends it there."""

    __slots__ = ()


class Ref(NamedTuple):
    """A reference to an indirect object: object number and generation."""

    num: int
    gen: int = 0


class HexString(bytes):
    """A string written in hexadecimal. `start` and `end` are the offsets of its `<` and just after its `>`
    in the file (in the unpacked data for a string in an object stream), or -1 when it was not read."""

    start: int = -1
    end: int = -1


@dataclass(slots=True, eq=False)
class Stream:
    """A stream. Read from a file it knows `start` and `length` (bytes, still encoded) and holds no data; made
    for writing it holds `data` (encoded as `dict` says). `PdfFile.stream_data` decodes both. `owner` is the object
    whose key encrypts it, None in a file that is not encrypted."""

    dict: dict[str, Any]
    start: int = -1
    length: int = 0
    data: bytes | None = None
    owner: Ref | None = None


PdfObject: TypeAlias = bool | int | float | bytes | Name | Ref | Stream | list[Any] | dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class ReaderLimits:
    """What one file may cost. Sizes in bytes; `depth` counts nested arrays and dictionaries."""

    depth: int = 64
    object_bytes: int = 16 << 20
    object_items: int = 500_000
    objects: int = 2_000_000
    sections: int = 1_024
    xref_bytes: int = 64 << 20
    object_stream_bytes: int = 16 << 20
    stream_bytes: int = 64 << 20
    page_depth: int = 64
    pages: int = 200_000
    object_number: int = 8_388_607


DEFAULT_LIMITS = ReaderLimits()
