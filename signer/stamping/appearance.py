"""Appearance streams of widgets: a picture, a line of text, or both; PDF/A-2 safe.

Colours are device colours only where the file's output intent gives them a meaning, else CIE-based ones
(ISO 19005-2, 6.2.4). No Interpolate, no blend modes, no actions. Content is drawn upright as the page is
displayed, whatever the page's rotation: the widget's /MK /R and the form's /Matrix turn it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from policies.layout import Rect
from policies.reasons import signing as reasons
from signer.document.syntax import Name, Ref, Stream
from signer.errors import SigningRefused
from signer.stamping.images import Picture, picture
from signer.stamping.typefaces import Face, Metrics, embed, typeface

Add = Callable[[object], Ref]

_LINE = 1.2  # distance of baselines ÷ size
_DESCENT = 0.25  # baseline above the lower edge ÷ size, for a box of one line
_NARROWEST = 0.7  # a value may be set this narrow before it is refused
_WHITE_POINT = [0.9505, 1, 1.089]
CAL_RGB: list[object] = [
    Name("CalRGB"),
    {
        "WhitePoint": _WHITE_POINT,
        "Gamma": [2.2, 2.2, 2.2],
        "Matrix": [0.4124, 0.2126, 0.0193, 0.3576, 0.7152, 0.1192, 0.1805, 0.0722, 0.9505],
    },
]
CAL_GRAY: list[object] = [Name("CalGray"), {"WhitePoint": _WHITE_POINT, "Gamma": 2.2}]


class Colours(StrEnum):
    """What the file's PDF/A output intent defines: nothing, or the device colours of its profile."""

    NONE = "none"
    GRAY = "gray"
    RGB = "rgb"
    CMYK = "cmyk"


class Alignment(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Appearance:
    """What a signature shows: a PNG picture, lines of text (`size` points, upright, black), or both."""

    image: bytes | None = None
    lines: tuple[str, ...] = ()
    size: float = 10.0


@dataclass(frozen=True, slots=True)
class TextStyle:
    """An embedded font (its subset and its object) and how a field's value is set in it."""

    font: Metrics
    reference: Ref
    resource: str
    size: float
    alignment: Alignment = Alignment.LEFT


def signature_form(
    shown: Appearance, rect: Rect, rotation: int, colours: Colours, add: Add, user_unit: float = 1.0
) -> Ref:
    """Add the appearance of a signature widget with this rectangle; the reference of its form XObject.

    The picture is fitted, centred, keeping its shape. Text sizes are true points on pages with a UserUnit.
    Raises `SigningRefused` for a picture or letter that cannot be drawn.
    """
    width, height = upright_size(rect, rotation)
    resources: dict[str, object] = {}
    content = b""
    picture_width = width if not shown.lines else width * 0.4
    if shown.image is not None:
        made = picture(shown.image)
        resources["XObject"] = {"Im": image_xobject(made, colours, add)}
        content += _draw_picture(made, picture_width, height)
    if shown.lines:
        left = picture_width if shown.image is not None else 0.0
        content += _draw_lines(shown, left, width, height, user_unit, resources, colours, add)
    return add(_form(rect, rotation, resources, content))


def text_form(value: str, style: TextStyle, rect: Rect, rotation: int, colours: Colours) -> Stream:
    """The appearance of a text field that shows `value` in one line, on the baseline of its box.

    Raises `SigningRefused` when the value does not fit even when set at 70 % of its width.
    """
    width, height = upright_size(rect, rotation)
    natural = style.font.width(value, style.size)
    narrow = min(1.0, width / natural) if natural else 1.0
    if narrow < _NARROWEST:
        raise SigningRefused(reasons.VALUE_TOO_WIDE, value=value, field=style.resource)
    free = width - natural * narrow
    x = {Alignment.LEFT: 0.0, Alignment.CENTRE: free / 2, Alignment.RIGHT: free}[style.alignment]
    y = baseline_of(height, style.size)
    scale = b"" if narrow == 1.0 else b"%b Tz " % _n(narrow * 100)
    codes = style.font.encode(value).hex().upper().encode()
    content = b"/Tx BMC\nq\nBT\n%b0 g\n/%b %b Tf\n%b %b Td\n<%b> Tj\nET\nQ\nEMC" % (
        scale,
        style.resource.encode(),
        _n(style.size),
        _n(x),
        _n(y),
        codes,
    )
    resources: dict[str, object] = {"Font": {style.resource: style.reference}, **_gray(colours)}
    return _form(rect, rotation, resources, content)


def baseline_of(height: float, size: float) -> float:
    """Height of the baseline above the lower edge of a one-line box (the box is centred on the line)."""
    return (height - size * _LINE) / 2 + size * _DESCENT


def text_rect(x0: float, x1: float, baseline: float, size: float) -> Rect:
    """The box whose one line of `size` stands on `baseline`: the inverse of `baseline_of`."""
    low = baseline - size * _DESCENT
    return Rect(x0, low, x1, low + size * _LINE)


def upright_size(rect: Rect, rotation: int) -> tuple[float, float]:
    """Width and height of a rectangle as displayed."""
    return (rect.height, rect.width) if rotation in (90, 270) else (rect.width, rect.height)


def image_xobject(made: Picture, colours: Colours, add: Add) -> Ref:
    """Add the picture and its soft mask (ISO 32000-2, 11.6.5.2); the reference of the image."""
    common = {
        "Type": Name("XObject"),
        "Subtype": Name("Image"),
        "Width": made.width,
        "Height": made.height,
        "BitsPerComponent": 8,
        "Filter": Name("FlateDecode"),
    }
    mask = add(Stream({**common, "ColorSpace": Name("DeviceGray")}, data=made.alpha))
    space: object = Name("DeviceRGB") if colours is Colours.RGB else CAL_RGB
    return add(Stream({**common, "ColorSpace": space, "SMask": mask}, data=made.rgb))


def _draw_picture(made: Picture, width: float, height: float) -> bytes:
    scale = min(width / made.width, height / made.height)
    wide, high = made.width * scale, made.height * scale
    return b"q %b 0 0 %b %b %b cm /Im Do Q\n" % (
        _n(wide),
        _n(high),
        _n((width - wide) / 2),
        _n((height - high) / 2),
    )


def _draw_lines(
    shown: Appearance,
    left: float,
    width: float,
    height: float,
    user_unit: float,
    resources: dict[str, object],
    colours: Colours,
    add: Add,
) -> bytes:
    font = typeface(Face.REGULAR, "".join(shown.lines))
    room = width - left
    widest = max(font.width(line, 1.0) for line in shown.lines)
    size = min(shown.size / user_unit, room / widest if widest else shown.size)
    size = min(size, height / (_LINE * len(shown.lines)))
    resources["Font"] = {"F": embed(font, add)}
    resources.update(_gray(colours))
    top = (height + size * _LINE * len(shown.lines)) / 2
    parts = [b"q\nBT\n0 g\n/F %b Tf\n%b TL\n" % (_n(size), _n(size * _LINE))]
    parts.append(b"%b %b Td\n" % (_n(left), _n(top - size * _LINE + size * _DESCENT)))
    for line in shown.lines:
        parts.append(b"<%b> Tj T*\n" % font.encode(line).hex().upper().encode())
    return b"".join(parts) + b"ET\nQ\n"


def _gray(colours: Colours) -> dict[str, object]:
    """`0 g` needs an output intent or a default (ISO 19005-2, 6.2.4.3)."""
    return {} if colours is not Colours.NONE else {"ColorSpace": {"DefaultGray": CAL_GRAY}}


_MATRICES: dict[int, list[object]] = {
    90: [0, 1, -1, 0, 0, 0],
    180: [-1, 0, 0, -1, 0, 0],
    270: [0, -1, 1, 0, 0, 0],
}


def _form(rect: Rect, rotation: int, resources: dict[str, object], content: bytes) -> Stream:
    width, height = upright_size(rect, rotation)
    form: dict[str, object] = {
        "Type": Name("XObject"),
        "Subtype": Name("Form"),
        "BBox": [0, 0, tidy(width), tidy(height)],
    }
    if rotation in _MATRICES:  # the viewer then moves the turned box onto the rectangle (12.5.5)
        form["Matrix"] = list(_MATRICES[rotation])
    form["Resources"] = resources
    return Stream(form, data=content)


def tidy(value: float) -> int | float:
    """A coordinate with at most three decimals (1/3 micrometre)."""
    rounded = round(value, 3)
    return int(rounded) if rounded == int(rounded) else rounded


def _n(value: float) -> bytes:
    return b"%d" % tidy(value) if tidy(value) == int(value) else (b"%.3f" % value).rstrip(b"0").rstrip(b".")
