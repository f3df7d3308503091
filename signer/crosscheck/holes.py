"""The hole of a signature, read by the second reader: its ByteRange covers all of its revision but this."""

from __future__ import annotations

import re

from signer.crosscheck.plain_reader import Found
from signer.crosscheck.signed_data import Wrong

_HEX = re.compile(rb"<[0-9A-Fa-f]+>")


def hole_of(value: Found, end: int) -> tuple[int, int]:
    """Offsets of the hole's `<` and after its `>`. `end`: where the signature's revision ends.

    Raises `Wrong` (`byte-range`) when the ByteRange says anything else.
    """
    raw = value.raw
    holes = [m for m in _HEX.finditer(raw) if raw[: m.start()].rstrip().endswith(b"/Contents")]
    if len(holes) != 1 or raw.count(b"/Contents") != 1 or raw.count(b"/ByteRange") != 1:
        raise Wrong("byte-range")
    hole = (value.offset + holes[0].start(), value.offset + holes[0].end())
    if value.value["ByteRange"] != [0, hole[0], hole[1], end - hole[1]]:
        raise Wrong("byte-range")
    return hole
