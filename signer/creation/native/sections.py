"""The cross-reference section behind one appended revision, from raw trailer entries (ISO 32000-2, 7.5.4, 7.5.8)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import pairwise

from signer.creation.native.grammar import Entries
from signer.creation.native.unfit import Unfit, Unfitness
from signer.patterns import compile_pattern

_DROPPED = frozenset(
    (
        b"Prev",
        b"XRefStm",
        b"Size",
        b"Type",
        b"W",
        b"Index",
        b"Length",
        b"Filter",
        b"DecodeParms",
        b"DL",
        b"ID",
    )
)
_SPACE = rb"[\0\t\n\f\r ]*+"
_STRING = rb"(<[0-9A-Fa-f]++>|\((?:[^()\\]++|\\.)++\))"
_IDENTIFIERS = compile_pattern(rb"\[" + _SPACE + _STRING + _SPACE + _STRING + _SPACE + rb"\]", re.DOTALL)
_LARGEST_TABLE_OFFSET = 9_999_999_999

Row = tuple[int, int, int]
"""Object number, generation, offset."""


def trailer(old: Entries, startxref: int, fresh: bytes) -> bytes:
    """The entries of the new trailer but /Size: the old ones, /Prev, and /ID with `fresh` (16 bytes) as its second."""
    kept = b"".join([b"/%b %b" % pair for pair in old.items() if pair[0] not in _DROPPED])
    new = b"<" + fresh.hex().encode() + b">"
    first = new
    if b"ID" in old:
        known = _IDENTIFIERS.fullmatch(old[b"ID"])
        if known is None:
            raise Unfit(Unfitness.IDENTIFIERS)
        first = known[1]
    return b"%b/Prev %d/ID [%b %b]" % (kept, startxref, first, new)


def table(rows: list[Row], size: int, entries: bytes) -> bytes:
    """A table with these rows (ascending by number) and its trailer."""
    if rows[-1][2] > _LARGEST_TABLE_OFFSET:
        raise Unfit(Unfitness.LARGE_TABLE)
    parts, following, count = [], -1, 0
    for num, gen, offset in reversed(rows):
        if num != following - 1 and count:
            parts.append(b"%d %d\n" % (following, count))
            count = 0
        parts.append(b"%010d %05d n \n" % (offset, gen))
        following, count = num, count + 1
    parts += (b"%d %d\n" % (following, count), b"xref\n")
    parts.reverse()
    return b"%btrailer\n<</Size %d%b>>\n" % (b"".join(parts), size, entries)


def stream(rows: list[Row], own: int, position: int, entries: bytes) -> bytes:
    """A cross-reference stream at `position`, object `own`, with these rows and its own."""
    every = [*rows, (own, 0, position)]
    width = max(4, (position.bit_length() + 7) // 8)
    data = b"".join(
        [b"\x01%b%b" % (at.to_bytes(width, "big"), gen.to_bytes(2, "big")) for _, gen, at in every]
    )
    index = b" ".join([b"%d %d" % (run[0][0], len(run)) for run in _runs(every)])
    head = b"/Type /XRef/Size %d/W [1 %d 2]/Index [%b]%b/Length %d" % (
        own + 1,
        width,
        index,
        entries,
        len(data),
    )
    return b"%d 0 obj\n<<%b>>\nstream\n%b\nendstream\nendobj\n" % (own, head, data)


def _runs(rows: list[Row]) -> Iterable[list[Row]]:
    """Rows of neighbouring numbers together."""
    cuts = [0, *(i + 1 for i, (a, b) in enumerate(pairwise(rows)) if b[0] != a[0] + 1), len(rows)]
    return (rows[start:end] for start, end in pairwise(cuts))
