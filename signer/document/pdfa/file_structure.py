"""6.1.2–6.1.4: header, trailer, cross-reference, and nothing after the last end of file; 6.1.13: its size."""

from __future__ import annotations

import re

from signer.document.pdfa.context import Context
from signer.document.pdfa_size import MOST_BYTES
from signer.document.xref import TablePart, XrefSection

_XREF = re.compile(rb"[\0\t\n\f\r ]*xref(?:\r\n|\r(?!\n)|\n)\d")
_XREF_TABLE = re.compile(rb"[\0\t\n\f\r ]*xref")
_SUBSECTION = re.compile(rb"[\0\t\n\f\r ]\d{1,10} \d{1,10}[\t ]*(?:\r\n|\r|\n)\Z")
_LONGEST_SUBSECTION = 32
_LINEARIZED = re.compile(rb"\d+\s+\d+\s+obj\s*<<[^>]{0,500}?/Linearized\b")
_LENGTH = re.compile(rb"/L\s+(\d{1,19})\b")
_FIRST_OBJECT = 1_024  # bytes in which it must stand (ISO 32000-1, annex F.3.3)


def check_file_structure(context: Context) -> None:
    """Rules on the frame of the file."""
    _header(context)
    _trailer(context)
    _end(context)
    size = context.pdf.size
    context.require(size <= MOST_BYTES, "6.1.13-1", f"{size} bytes: offsets beyond the integer {MOST_BYTES}")
    for section in context.pdf.sections:
        _section(context, section)


def _header(context: Context) -> None:
    head = context.pdf.read(0, 64)
    header = context.part.header.match(head)
    if header is None:
        context.fail("6.1.2-1", "the file does not begin with %PDF-1.n and one end of line")
        return
    comment = re.split(rb"[\r\n]", head[header.end() :])[0]
    binary = comment[:1] == b"%" and len(comment) >= 5 and all(byte > 127 for byte in comment[1:5])
    context.require(binary, "6.1.2-2", "no comment of four bytes above 127 after the header")


def _trailer(context: Context) -> None:
    encrypted = any("Encrypt" in section.trailer for section in context.pdf.sections)
    context.require(not encrypted, "6.1.3-2", "the file is encrypted")
    identifier = context.array(context.pdf.trailer.get("ID"))
    sound = len(identifier) == 2 and all(isinstance(context.get(part), bytes) for part in identifier)
    context.require(sound, "6.1.3-1", "the trailer has no /ID of two strings")
    if _is_linearized(context):
        others = [section.trailer["ID"] for section in context.pdf.sections if "ID" in section.trailer]
        texts = [[context.get(part) for part in context.array(other)] for other in others]
        same = all(text == texts[0] for text in texts)
        context.require(same, "1:6.1.3-4", "the trailers of a linearized file have different /ID")


def _is_linearized(context: Context) -> bool:
    """Whether the file is as it was linearized: an update makes it an ordinary one."""
    head = context.pdf.read(0, _FIRST_OBJECT)
    length = _LENGTH.search(head)
    linearized = _LINEARIZED.search(head) is not None
    return linearized and length is not None and int(length[1]) == context.pdf.size


def _end(context: Context) -> None:
    pdf = context.pdf
    if pdf.eof < 0:
        context.fail("6.1.3-3", "no %%EOF after the last startxref")
        return
    # The reader counts one end of line as part of the end of file.
    context.require(pdf.eof == pdf.size, "6.1.3-3", f"{pdf.size - pdf.eof} bytes after the last %%EOF")


def _section(context: Context, section: XrefSection) -> None:
    context.require(section.kind == "table", "1:6.1.4-3", f"a cross-reference stream: {section.kind}")
    head = context.pdf.read(section.offset, 64)
    if _XREF_TABLE.match(head) and not _XREF.match(head):
        context.fail("6.1.4-2", f"no single end of line after xref at byte {section.offset}")
    for part in section.parts if context.part.number("1:6.1.4-1") else ():
        if isinstance(part, TablePart):
            start = max(0, part.offset - _LONGEST_SUBSECTION)
            before = context.pdf.read(start, part.offset - start)
            if _SUBSECTION.search(before) is None:
                context.fail("1:6.1.4-1", f"the head of the subsection before byte {part.offset}")
                return
