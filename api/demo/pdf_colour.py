"""An sRGB output profile made here: no file to license, no creation time that would change the bytes."""

from __future__ import annotations

import struct
from functools import lru_cache

_WHITE_D50 = (0.9642, 1.0, 0.8249)
_COLORANTS = {  # IEC 61966-2-1 primaries, adapted to D50 (ICC.1:2001-04, annex E)
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(value * 65536))


def _xyz(values: tuple[float, float, float]) -> bytes:
    return b"XYZ \0\0\0\0" + b"".join(map(_fixed, values))


def _curve() -> bytes:
    def linear(index: int) -> float:
        level = index / 255
        return level / 12.92 if level <= 0.04045 else float(((level + 0.055) / 1.055) ** 2.4)

    samples = [round(linear(index) * 65535) for index in range(256)]
    return b"curv\0\0\0\0" + struct.pack(">I256H", 256, *samples)


def _description(text: bytes) -> bytes:
    ascii_part = struct.pack(">I", len(text) + 1) + text + b"\0"
    return b"desc\0\0\0\0" + ascii_part + bytes(8) + bytes(2 + 1 + 67)


@lru_cache(maxsize=1)
def srgb_profile() -> bytes:
    """A display profile of ICC version 2.1 with the sRGB colour space, the same bytes each time."""
    tags = {
        b"desc": _description(b"sRGB IEC61966-2.1"),
        b"cprt": b"text\0\0\0\0No copyright, use freely\0",
        b"wtpt": _xyz(_WHITE_D50),
        **{tag: _xyz(values) for tag, values in _COLORANTS.items()},
        b"rTRC": _curve(),
    }
    offset, body, table = 128 + 4 + 12 * (len(tags) + 2), b"", []
    for tag, data in tags.items():
        table.append((tag, offset + len(body), len(data)))
        body += data + bytes(-len(data) % 4)
    curve = table[-1]
    table += [(b"gTRC", *curve[1:]), (b"bTRC", *curve[1:])]
    header = struct.pack(
        ">I4sI4s4s4s6H4s4sI4sII8s12s4s44x",
        *(offset + len(body), b"\0\0\0\0", 0x02100000, b"mntr", b"RGB ", b"XYZ "),
        *(2026, 1, 1, 0, 0, 0, b"acsp", b"\0\0\0\0", 0, b"\0\0\0\0", 0, 0, bytes(8)),
        *(b"".join(map(_fixed, _WHITE_D50)), b"\0\0\0\0"),
    )
    rows = b"".join(struct.pack(">4sII", *row) for row in table)
    return header + struct.pack(">I", len(table)) + rows + body
