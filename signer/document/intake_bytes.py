"""Facts that are read from raw bytes, where parsers are lenient: header, end of file, cross-reference chain.

Reads a few windows of the file, never the whole. ISO 32000-1, 7.5.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

HEAD = 1_024
TAIL = 4_096
WINDOW = 1 << 16
_HEADER = re.compile(rb"%PDF-(\d\.\d)")
_LINEARIZED_LENGTH = re.compile(rb"/Linearized\b.*?/L\s+(\d{1,15})\b", re.DOTALL)
_STARTXREF = re.compile(rb"startxref\s+(\d{1,15})\s")
_EOF = b"%%EOF"
_SUBSECTION = re.compile(rb"\s*(\d{1,10})\s+(\d{1,10})\s*[\r\n]")
_STREAM_OBJECT = re.compile(rb"\s*\d{1,10}\s+\d{1,5}\s+obj\b")
_POINTER = re.compile(rb"/(Prev|XRefStm)\s+(\d{1,15})\b")


@dataclass(frozen=True, slots=True)
class ByteFacts:
    """Header offset (-1: none in the first 1,024 bytes) and version, end of file, cross-reference chain.

    `declared_entries` is the sum of the table subsections' counts: how many entries a reader would have to
    hold.
    """

    size: int
    header_offset: int
    version: str
    truncated: bool
    trailing_bytes: int
    xref_loop: bool
    xref_sections: int
    declared_entries: int


def byte_facts(path: Path, max_sections: int) -> ByteFacts:
    """Raw facts of one file. Never raises on contents; OSError when the file cannot be read."""
    with path.open("rb") as file:
        descriptor = file.fileno()
        size = os.fstat(descriptor).st_size
        head = os.pread(descriptor, HEAD, 0)
        tail = os.pread(descriptor, TAIL, max(0, size - TAIL))
        header = _HEADER.search(head)
        chain = _Chain(descriptor, size, max_sections)
        start = _last_startxref(tail)
        if start is not None:
            chain.follow(start)
    return ByteFacts(
        size=size,
        header_offset=header.start() if header else -1,
        version=header[1].decode() if header else "",
        truncated=start is None or _EOF not in tail or _linearized_length(head) > size,
        trailing_bytes=len(tail.rpartition(_EOF)[2].strip(b"\0\t\n\f\r ")) if _EOF in tail else 0,
        xref_loop=chain.loop,
        xref_sections=len(chain.seen),
        declared_entries=chain.entries,
    )


def _last_startxref(tail: bytes) -> int | None:
    found = _STARTXREF.findall(tail)
    return int(found[-1]) if found else None


def _linearized_length(head: bytes) -> int:
    """The length that a linearised file had when written; updates only make it longer."""
    found = _LINEARIZED_LENGTH.search(head)
    return int(found[1]) if found else 0


class _Chain:
    """Follows /Prev and /XRefStm from section to section; stops at the first thing it does not understand,
    because damage is the parser's to report."""

    def __init__(self, descriptor: int, size: int, max_sections: int) -> None:
        self.descriptor = descriptor
        self.size = size
        self.max_sections = max_sections
        self.seen: set[int] = set()
        self.loop = False
        self.entries = 0

    def follow(self, start: int) -> None:
        todo = [start]
        while todo and len(self.seen) <= self.max_sections:
            offset = todo.pop()
            if offset >= self.size:
                continue
            if offset in self.seen:
                self.loop = True
                return
            self.seen.add(offset)
            todo += self._pointers(offset)

    def _pointers(self, offset: int) -> list[int]:
        window = os.pread(self.descriptor, WINDOW, offset)
        stripped = window.lstrip()
        if stripped.startswith(b"xref"):
            dictionary = self._after_table(offset + len(window) - len(stripped) + 4)
            end = dictionary.find(b"startxref")
        elif _STREAM_OBJECT.match(window):
            dictionary = window
            end = dictionary.find(b"stream")
        else:
            return []
        return [int(value) for _, value in _POINTER.findall(dictionary[: end if end >= 0 else WINDOW])]

    def _after_table(self, offset: int) -> bytes:
        """The window that begins at `trailer`; entries of 20 bytes are stepped over, not read."""
        for _ in range(100_000):
            window = os.pread(self.descriptor, 64, offset)
            subsection = _SUBSECTION.match(window)
            if subsection is None:
                break
            count = int(subsection[2])
            self.entries += count
            offset += subsection.end() + 20 * count
        window = os.pread(self.descriptor, WINDOW, offset)
        return window if window.lstrip().startswith(b"trailer") else b""
