"""The part of the graphics state that rules ask for: colours as they were set, the font, the text rendering mode
(ISO 32000-1, 8.4). Streams hand it to each other, so it is a value that can be compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from signer.document.objects import Name, Ref
from signer.document.pdfa.colour import DEFAULTS, check_default, check_space
from signer.document.pdfa.context import Context

GRAY, RGB, CMYK, PATTERN = Name("DeviceGray"), Name("DeviceRGB"), Name("DeviceCMYK"), Name("Pattern")
DEVICE_OPERATORS = {b"g": GRAY, b"G": GRAY, b"rg": RGB, b"RG": RGB, b"k": CMYK, b"K": CMYK}
NO_FONT = -1
FILLED, STROKED, BOTH, INVISIBLE = 0, 1, 2, 3
_CLIPPED = 4  # modes 4 to 7 clip besides (ISO 32000-1, table 106)


@dataclass(frozen=True, eq=False, slots=True)
class Space:
    """A colour space from the resources; `default` when it stands in for this device space (8.6.5.6)."""

    value: Any
    default: str = ""


Colour = Name | Space | None  # a name is a device space or Pattern; None: whoever draws this has been asked


class State(NamedTuple):
    """What a stream starts with. `font` is a key of `Contents.fonts`."""

    fill: Colour
    stroke: Colour
    font: int
    mode: int


@dataclass
class Spaces:
    """The colour spaces of one check: the same value is the same `Space`, so that states can be compared."""

    context: Context
    known: dict[tuple[Ref | int, str], Space] = field(default_factory=dict)

    def of(self, named: dict[str, Any], name: Name) -> Colour:
        """What a name selects, with `named` as the /ColorSpace of the resources; device names are no resources."""
        if name in DEFAULTS:
            instead = DEFAULTS[name]
            return self._known(named[instead], str(name)) if instead in named else name
        if name == PATTERN:
            return name
        value = self.context.get(named.get(name))
        if isinstance(value, Name) and (value in DEFAULTS or value == PATTERN):
            return self.of(named, value)
        return self._known(named.get(name), "")

    def devices(self, named: dict[str, Any]) -> dict[bytes, Colour]:
        """What the operators of device colours select."""
        return {operator: self.of(named, name) for operator, name in DEVICE_OPERATORS.items()}

    def check(self, colour: Colour, number: int) -> None:
        """Rules on a colour that paints."""
        if isinstance(colour, Space):
            if colour.default:
                check_default(self.context, colour.value, colour.default, number)
            else:
                check_space(self.context, colour.value, {}, number)
        elif colour is not None and colour != PATTERN:
            check_space(self.context, colour, {}, number)

    def _known(self, value: Any, default: str) -> Space:
        key = value if isinstance(value, Ref) else id(value)  # the space keeps it alive
        return self.known.setdefault((key, default), Space(value, default))


def text_mode(operand: Any) -> int:
    """The mode as read; what is none paints as if it did both."""
    return operand if type(operand) is int and 0 <= operand <= 7 else BOTH


def fills(mode: int) -> bool:
    """Whether text of this mode is filled."""
    return mode % _CLIPPED in (FILLED, BOTH)


def strokes(mode: int) -> bool:
    """Whether text of this mode is stroked."""
    return mode % _CLIPPED in (STROKED, BOTH)
