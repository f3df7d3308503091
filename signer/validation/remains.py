"""What can be read of the signatures of a file that is refused: who seems to have signed. Nothing of it is verified.

The file has no structure that could be trusted, so its bytes are looked through for signature dictionaries
(ISO 32000-2, 12.8.1). Runs in the sandbox.
"""

from __future__ import annotations

import mmap
from binascii import unhexlify
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from signer.patterns import compile_pattern
from signer.validation.document_facts import parse_date
from signer.validation.format_checking import MAX_CMS, FormatProblem, read
from signer.validation.names import clean, common_name
from signer.validation.signing_certificate import named_in

MAX_SEARCHED = 256 << 20  # bytes
MAX_FOUND = 100
_AROUND = 4096
_SPACE = rb"[\0\t\n\f\r ]"
_RANGE = compile_pattern(
    rb"/ByteRange" + _SPACE + rb"*+\[(" + _SPACE + rb"*+(?:\d{1,19}" + _SPACE + rb"*+){0,64})\]"
)
_CONTENTS = compile_pattern(rb"/Contents" + _SPACE + rb"*+<([0-9A-Fa-f\0\t\n\f\r ]*+)>")
_SUBFILTER = compile_pattern(rb"/SubFilter" + _SPACE + rb"*+/([^\0\t\n\f\r ()<>\[\]{}/%]{1,60})")
_MADE = compile_pattern(rb"/M" + _SPACE + rb"*+\(([^()\\]{4,40})\)")


@dataclass(frozen=True, slots=True)
class Remains:
    """One signature dictionary as it stands in the bytes: what it says, unverified. `signer` is the common name of the
    certificate that its CMS names, "" when that cannot be read; `claimed_time` is aware UTC or None."""

    byte_range: tuple[int, ...]
    subfilter: str
    signer: str
    claimed_time: datetime | None


def remains(path: Path) -> tuple[Remains, ...]:
    """Every signature dictionary in plain sight, at most `MAX_FOUND`, in the order of the bytes."""
    if path.stat().st_size == 0:
        return ()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as data:
        end = min(len(data), MAX_SEARCHED)
        found: list[Remains] = []
        for match in _RANGE.finditer(data, 0, end):
            found.append(_one(data, match.start(), match.end(), match[1]))
            if len(found) == MAX_FOUND:
                break
        return tuple(found)


def _one(data: mmap.mmap, start: int, end: int, numbers: bytes) -> Remains:
    ranges = tuple(int(word) for word in numbers.replace(b"\0", b" ").split())
    first, last = max(0, start - _AROUND), min(len(data), end + _AROUND)
    hole = _hole(data, ranges, first, last)
    near = data[first:last]
    subfilter, made = _SUBFILTER.search(near), _MADE.search(near)
    return Remains(
        byte_range=ranges[:8],
        subfilter=clean(subfilter[1].decode("latin-1")) if subfilter else "",
        signer=_signer(hole),
        claimed_time=parse_date(made[1]) if made else None,
    )


def _hole(data: mmap.mmap, ranges: tuple[int, ...], first: int, last: int) -> bytes:
    """Where the ByteRange leaves it out, else the next /Contents near by."""
    if (
        len(ranges) == 4
        and 0 <= ranges[1] < ranges[2] <= len(data)
        and ranges[2] - ranges[1] <= 2 * MAX_CMS + 2
    ):
        text = data[ranges[1] : ranges[2]].strip(b"<>\0\t\n\f\r ")
    else:
        match = _CONTENTS.search(data, first, min(len(data), last + 2 * MAX_CMS))
        text = match[1] if match else b""
    try:
        return unhexlify(b"".join(text.split()))
    except ValueError:
        return b""


def _signer(contents: bytes) -> str:
    try:
        message = read(contents)
    except FormatProblem:
        return ""
    found = named_in(message)
    return common_name(found) if found is not None else ""
