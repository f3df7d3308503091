"""What a filled field of ours draws, read back from its appearance by the second reader."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from signer.crosscheck.plain_reader import Found, Ref, Strange, decoded

_LARGEST = 1 << 20
_NUMBER = rb"-?[0-9.]+"
_CONTENT = re.compile(
    rb"/Tx BMC\nq\nBT\n(?:" + _NUMBER + rb" Tz )?0 g\n/(?P<font>\w+) (?P<size>" + _NUMBER + rb") Tf\n"
    rb"(?P<x>" + _NUMBER + rb") (?P<y>" + _NUMBER + rb") Td\n<(?P<codes>[0-9A-F]+)> Tj\nET\nQ\nEMC\s*"
)
_PAIR = re.compile(rb"<([0-9A-F]{4})> <([0-9A-F]{4,8})>\n")


def drawn(widget: dict[str, Any], lookup: Callable[[Any], Found]) -> str:
    """The text of the widget's one appearance. `lookup` finds the object of a reference.

    Raises `Strange` when the appearance is not exactly one line of text, inside its box and large enough to
    be seen, in a font whose codes have names.
    """
    if set(widget["AP"]) != {"N"} or widget.get("F", 0) & 2:
        raise Strange("more than one appearance, or a hidden one")
    form = lookup(widget["AP"]["N"])
    content = _CONTENT.fullmatch(decoded(form, _LARGEST))
    if content is None:
        raise Strange("an appearance of another form")
    width, height = form.value["BBox"][2:]
    if not (
        0 <= float(content["x"]) <= width
        and 0 <= float(content["y"]) <= height
        and float(content["size"]) >= 4
    ):
        raise Strange("text outside its box")
    font = lookup(form.value["Resources"]["Font"][content["font"].decode()])
    letters = _letters(font, lookup)
    codes = content["codes"]
    return "".join(letters[codes[at : at + 4]] for at in range(0, len(codes), 4))


def _letters(font: Found, lookup: Callable[[Any], Found]) -> dict[bytes, str]:
    if font.value["Encoding"] != "Identity-H" or not isinstance(font.value["ToUnicode"], Ref):
        raise Strange("a font of another form")
    unicode_map = decoded(lookup(font.value["ToUnicode"]), _LARGEST)
    return {m[1]: bytes.fromhex(m[2].decode()).decode("utf-16-be") for m in _PAIR.finditer(unicode_map)}
