"""Cross-reference tables as this software writes them behind a revision: each is read by one pattern."""

from __future__ import annotations

from signer.creation.native.grammar import Entries
from signer.creation.native.rows import Run
from signer.creation.native.written import NUMBER, REFERENCE, Written
from signer.patterns import compile_pattern

_IDENTIFIER = rb"<[0-9A-Fa-f]++>"
_TRAILER = Written(
    rb"trailer\n",
    {
        b"Size": NUMBER,
        b"Root": REFERENCE,
        b"Info": REFERENCE,
        b"Prev": NUMBER,
        b"ID": rb"\[%b %b\]" % (_IDENTIFIER, _IDENTIFIER),
    },
)
_RUN = rb"(?:(\d{1,10}+) (\d{1,10}+)\n((?:\d{10} \d{5} n \n){1,64}+))?+"
_MOST_RUNS = 4
_TABLE = compile_pattern(rb"xref\n" + _RUN * _MOST_RUNS + _TRAILER.source)
_ROWS = range(3, 3 * _MOST_RUNS + 1, 3)  # the groups with a run's rows
_PREV = 3 * _MOST_RUNS + 4


def own_table(data: bytes, base: int, offset: int, *, newest: bool) -> tuple[list[Run], Entries, int] | None:
    """The table at `offset`, in a buffer that begins at `base`: its runs, its trailer's entries (/Prev alone unless it
    is the newest), and where the trailer ends. None for one that is written otherwise or has other rows than it says.
    """
    table = _TABLE.match(data, offset - base)
    if table is None:
        return None
    runs: list[Run] = []
    following = 0
    for group in _ROWS:
        start, end = table.span(group)
        if start < 0:
            break
        first, count = int(table[group - 2]), int(table[group - 1])
        if first < following or end - start != 20 * count:
            return None
        following = first + count
        runs.append((first, following, None, base + start))
    if newest:
        return runs, _TRAILER.entries(table.groups()[3 * _MOST_RUNS :]), base + table.end()
    return runs, {} if table[_PREV] is None else {b"Prev": table[_PREV]}, base + table.end()
