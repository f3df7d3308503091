"""6.1.2–6.1.4: header, trailer, cross-reference keyword, and nothing after the last end of file; 6.1.13: its size."""

from __future__ import annotations

import re

from signer.document.pdfa.context import Context
from signer.document.pdfa_size import MOST_BYTES

_HEADER = re.compile(rb"%PDF-1\.[0-7](\r\n|\r(?!\n)|\n)")
_XREF = re.compile(rb"[\0\t\n\f\r ]*xref(?:\r\n|\r(?!\n)|\n)\d")
_XREF_TABLE = re.compile(rb"[\0\t\n\f\r ]*xref")
_AFTER = (b"", b"\n", b"\r", b"\r\n")


def check_file_structure(context: Context) -> None:
    """Rules on the frame of the file."""
    _header(context)
    _trailer(context)
    _end(context)
    size = context.pdf.size
    context.require(size <= MOST_BYTES, "6.1.13-1", f"{size} bytes: offsets beyond the integer {MOST_BYTES}")
    for section in context.pdf.sections:
        start = context.pdf.read(section.offset, 64)
        if _XREF_TABLE.match(start) and not _XREF.match(start):
            context.fail("6.1.4-2", f"no single end of line after xref at byte {section.offset}")


def _header(context: Context) -> None:
    head = context.pdf.read(0, 64)
    header = _HEADER.match(head)
    if header is None:
        context.fail("6.1.2-1", "the file does not begin with %PDF-1.n and one end of line")
        return
    comment = re.split(rb"[\r\n]", head[header.end() :])[0]
    binary = comment[:1] == b"%" and len(comment) >= 5 and all(byte > 127 for byte in comment[1:5])
    context.require(binary, "6.1.2-2", "no comment of four bytes above 127 after the header")


def _trailer(context: Context) -> None:
    identifier = context.array(context.pdf.trailer.get("ID"))
    sound = len(identifier) == 2 and all(isinstance(context.get(part), bytes) for part in identifier)
    context.require(sound, "6.1.3-1", "the trailer has no /ID of two strings")


def _end(context: Context) -> None:
    pdf = context.pdf
    if pdf.eof < 0:
        context.fail("6.1.3-3", "no %%EOF after the last startxref")
        return
    # The reader counts one end of line as part of the end of file.
    context.require(pdf.eof == pdf.size, "6.1.3-3", f"{pdf.size - pdf.eof} bytes after the last %%EOF")
