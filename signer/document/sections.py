"""Opening a file: its header, its end, and its chain of cross-reference sections (ISO 32000-2, 7.5)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from policies.reasons import document as reasons
from signer.document import filters, syntax, xref
from signer.document.objects import ReaderLimits, Stream
from signer.document.source import Source
from signer.document.xref import XrefSection, xref_damaged
from signer.errors import DocumentRefused

_T = TypeVar("_T")
_WINDOW = 4096
_TAIL_WINDOWS = (2_048, 65_536)
_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_STARTXREF = re.compile(rb"startxref[\0\t\n\f\r ]++(\d{1,19})(?=[\0\t\n\f\r ])")
_EOF = re.compile(rb"[\0\t\n\f\r ]*+%%EOF(?:\r\n|\n|\r)?")
_XREF = re.compile(rb"[\0\t\n\f\r ]*+xref(?=[\0\t\n\f\r ])")
_ENDSTREAM = re.compile(rb"[\0\t\n\f\r ]{0,4}endstream")


def read_header(source: Source) -> str:
    """The version in the first line. Raises `DocumentRefused` for an empty file or one that is no PDF."""
    if source.size == 0:
        raise DocumentRefused(reasons.EMPTY)
    match = _HEADER.match(source.read(0, 16))
    if match is None:
        raise DocumentRefused(reasons.NOT_PDF)
    return match[1].decode()


def read_end(source: Source) -> tuple[int, int, int]:
    """The last `startxref`: the offset of the keyword, the offset that it names, and the offset after the
    `%%EOF` (and one end of line) that follows it, or -1 when that is missing.

    Raises `DocumentRefused` when there is none in the last 64 KiB.
    """
    for length in _TAIL_WINDOWS:
        start = max(0, source.size - length)
        window = source.read(start, length)
        at = window.rfind(b"startxref")
        if at >= 0:
            match = _STARTXREF.match(window, at)
            if match is None:
                raise DocumentRefused(reasons.CUT_IN_HALF)
            eof = _EOF.match(window, match.end())
            return start + at, int(match[1]), start + eof.end() if eof else -1
    raise DocumentRefused(reasons.CUT_IN_HALF)


def read_sections(
    source: Source, newest: int, limits: ReaderLimits, known: dict[int, XrefSection]
) -> tuple[XrefSection, ...]:
    """The sections from the one at `newest` along /Prev, newest first.

    `known` are those that were read in these bytes, whatever their end, by offset; it grows. Raises
    `DocumentRefused` for a loop, a section that is not one, or more sections than the limit.
    """
    found: list[XrefSection] = []
    seen: set[int] = set()
    offset: object = newest
    while offset is not None:
        if type(offset) is not int or not 0 < offset < source.size:
            raise xref_damaged("/Prev, startxref", found[-1].offset if found else source.size)
        if offset in seen:
            raise DocumentRefused(reasons.XREF_LOOP)
        if len(found) >= limits.sections:
            raise DocumentRefused(reasons.TOO_MANY_REVISIONS, limit=limits.sections)
        seen.add(offset)
        if offset not in known or known[offset].reach > source.size:
            known[offset] = _read_section(source, offset, limits)
        found.append(known[offset])
        offset = found[-1].trailer.get("Prev")
    _check_hidden(found)
    return tuple(found)


def _check_hidden(chain: list[XrefSection]) -> None:
    """/Prev means nothing in the stream of a hybrid section (7.5.8.4), but some readers follow it: it must lead
    nowhere else than the chain does."""
    for section, older in zip(chain, [*chain[1:], None], strict=True):
        prev = None if section.hidden is None else section.hidden.trailer.get("Prev")
        same = older is not None and older.hidden is not None and prev == older.hidden.offset
        if prev is not None and prev != section.trailer.get("Prev") and not same:
            raise xref_damaged("/Prev of /XRefStm", section.offset)


def _read_section(source: Source, offset: int, limits: ReaderLimits) -> XrefSection:
    table = _XREF.match(source.read(offset, 64))
    if table is None:
        return _read_stream_section(source, offset, limits)
    parts, position = xref.table_parts(source, offset + table.end(), limits.object_number)
    trailer, end = grow(source, position, syntax.parse, limits)
    if not isinstance(trailer, dict):
        raise xref_damaged("no trailer dictionary", position)
    hidden = None
    at = trailer.get("XRefStm")
    if at is not None:
        if type(at) is not int or not 0 < at < source.size:
            raise xref_damaged("/XRefStm", position)
        hidden = _read_stream_section(source, at, limits)
        xref.contradicted(parts, hidden, position)
    kind = "table" if hidden is None else "hybrid"
    return XrefSection(offset, position + end, kind, trailer, parts, hidden=hidden)


def _read_stream_section(source: Source, offset: int, limits: ReaderLimits) -> XrefSection:
    found = grow(source, offset, syntax.parse_indirect, limits)
    value = found.value
    if found.stream_start < 0 or not isinstance(value, dict) or value.get("Type") != "XRef":
        raise xref_damaged("no cross-reference table or stream here", offset)
    stream = stream_at(source, value, offset + found.stream_start, value.get("Length"), found.num)
    if stream.length > limits.xref_bytes:
        raise DocumentRefused(reasons.BOMB, limit=limits.xref_bytes)
    raw = source.read(stream.start, stream.length)
    rows = filters.decode(raw, _many(value.get("Filter")), _many(value.get("DecodeParms")), limits.xref_bytes)
    parts = xref.stream_parts(value, rows, offset, limits.object_number)
    return XrefSection(offset, stream.start + stream.length, "stream", value, parts, number=found.num)


def _many(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def stream_at(source: Source, dictionary: dict[str, Any], start: int, length: object, num: int) -> Stream:
    """The stream whose data begins at `start`. Refused when its length does not lead to `endstream`."""
    if type(length) is not int or not 0 <= length <= source.size - start:
        raise DocumentRefused(reasons.WRONG_TYPE, what=f"/Length, {num}")
    if _ENDSTREAM.match(source.read(start + length, 16)) is None:
        raise DocumentRefused(reasons.WRONG_TYPE, what=f"/Length, endstream, {num}")
    return Stream(dictionary, start, length)


def grow(source: Source, offset: int, read: Callable[..., _T], limits: ReaderLimits) -> _T:
    """Parse at `offset` over a window that grows until the object is whole.

    Offsets in the result count from `offset`. Raises `DocumentRefused` when the object exceeds the limit.
    """
    length = _WINDOW
    while True:
        buffer = source.read(offset, length)
        final = offset + len(buffer) >= source.size
        try:
            return read(buffer, 0, limits, base=offset, final=final)
        except syntax.NeedMore as exc:
            length *= 8
            if length > limits.object_bytes * 8:
                raise DocumentRefused(reasons.OBJECT_TOO_LARGE, limit=limits.object_bytes) from exc
            length = min(length, limits.object_bytes)
            if length == len(buffer):
                raise DocumentRefused(reasons.OBJECT_TOO_LARGE, limit=limits.object_bytes) from exc
