"""A QR code with its host in letters, as one form XObject for page content.

A QR code as a locked form field makes validators reject the leader's signature, so it is page content, drawn
before anyone signs. Modules are vector squares: sharp at any size, a kilobyte long.
"""

from __future__ import annotations

import segno

from policies.layout import Rect
from signer.document.syntax import Name, Ref, Stream
from signer.stamping.appearance import CAL_GRAY, Add, Colours, tidy, upright_size
from signer.stamping.typefaces import Face, embed, typeface

_QUIET = 4  # modules, ISO/IEC 18004, 9.1
_SIZE = 9.0
_SMALLEST = 4.0
_LINE = 1.25


def qr_form(url: str, lines: tuple[str, ...], rect: Rect, rotation: int, colours: Colours, add: Add) -> Ref:
    """Add the form XObject of a QR code (error correction M) and its text; drawn upright from (0, 0).

    The code is a square of the box's smaller side, at its left or top; the text stands in the rest.
    """
    width, height = upright_size(rect, rotation)
    side = min(width, height)
    content = _modules(url, side, height - side)
    resources: dict[str, object] = {}
    if colours is Colours.NONE:
        resources["ColorSpace"] = {"DefaultGray": CAL_GRAY}
    shown = [line for line in lines if line]
    if shown:
        font = typeface(Face.REGULAR)
        resources["Font"] = {"F": embed(font, add)}
        beside = width - side > height - side
        room = width - side if beside else width
        size = min(_SIZE, *(room / max(font.width(line, 1.0), 0.01) for line in shown))
        size = max(_SMALLEST, min(size, (height if beside else height - side) / (len(shown) * _LINE)))
        block = len(shown) * size * _LINE
        x, top = (side, (height + block) / 2) if beside else (0.0, height - side)
        content += f"BT /F {size:.2f} Tf {size * _LINE:.2f} TL {x:.2f} {top - size:.2f} Td\n".encode()
        content += b"".join(b"<%b> Tj T*\n" % font.encode(line).hex().upper().encode() for line in shown)
        content += b"ET\n"
    form = {
        "Type": Name("XObject"),
        "Subtype": Name("Form"),
        "BBox": [0, 0, tidy(width), tidy(height)],
        "Resources": resources,
    }
    return add(Stream(form, data=b"q\n" + content + b"Q"))


def _modules(url: str, side: float, bottom: float) -> bytes:
    rows = [list(row) for row in segno.make(url, error="m", micro=False).matrix]
    module = side / (len(rows) + 2 * _QUIET)
    parts = [f"1 g 0 {bottom:.3f} {side:.3f} {side:.3f} re f\n0 g\n"]
    parts.append(f"q {module:.5f} 0 0 {module:.5f} 0 {bottom:.3f} cm\n")
    for index, row in enumerate(rows):
        y = len(rows) + _QUIET - 1 - index
        for start, length in _dark_runs(row):
            parts.append(f"{start + _QUIET} {y} {length} 1 re\n")
    return "".join([*parts, "f Q\n"]).encode()


def _dark_runs(row: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for index, dark in enumerate(row):
        if not dark:
            continue
        if runs and sum(runs[-1]) == index:
            runs[-1] = (runs[-1][0], runs[-1][1] + 1)
        else:
            runs.append((index, 1))
    return runs
