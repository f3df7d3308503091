"""Whether a person can read the text of a field's appearance: in its box, dark on light, upright, large enough.

`drawn_text` says which characters are drawn. That is not what is read when they are white, clipped away, pushed out
of the box, too small, upside down, in a layer, or beside strokes that make other digits.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from signer.document.contents import operations
from signer.document.fields import Widget, rectangle
from signer.document.glyph_widths import Advances, advances
from signer.document.objects import Ref, Stream
from signer.document.reader import PdfFile
from signer.document.visibility import keeps_its_place
from signer.errors import DocumentRefused

Matrix = tuple[float, float, float, float, float, float]
Box = tuple[float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)
_LIMIT = 4 << 20
_DEEPEST = 4
_MOST_FORMS = 64
_SMALLEST = 3.0  # points on the page
_SLACK = 1.5  # points by which a box may be too narrow
_NARROWEST = 0.1  # of the size: glyphs on top of each other are none
DARK, _LIGHT = 0.55, 0.75
_WIDEST_LINE = 3.0
_FILLS = frozenset(("f", "F", "f*", "B", "B*", "b", "b*"))
_STROKES = frozenset(("S", "s", "B", "B*", "b", "b*"))
_CURVES = frozenset(("m", "l", "c", "v", "y"))
# Others have profiles, exponents or functions, which may make black ink white (8.6.5 and 8.6.6).
_PLAIN_SPACES = {"DeviceGray": 1, "DeviceRGB": 3, "DeviceCMYK": 4}
_DEFAULT_SPACES = frozenset(("DefaultGray", "DefaultRGB", "DefaultCMYK"))  # 8.6.5.6
_PARTS = {"g": 1, "rg": 3, "k": 4}


@dataclass(slots=True)
class _State:
    """The graphics state as far as it decides what is seen. Colours are luminances, None when not known."""

    matrix: Matrix
    clip: Box
    fill: float | None = 0.0
    stroke: float | None = 0.0
    fill_parts: int = 1  # components of a plain colour space; 0 of any other
    stroke_parts: int = 1
    line: float = 1.0
    advances: Advances | None = None
    size: float = 0.0
    spacing: float = 0.0
    word_spacing: float = 0.0
    stretch: float = 1.0
    rise: float = 0.0
    mode: int = 0
    leading: float = 0.0


class _Illegible(Exception):
    """Something that a person does not see as it is written."""


def legible(pdf: PdfFile, widget: Widget, appearance: Stream) -> bool:
    """Whether all text of this appearance of a widget can be read on the page, and no other strokes beside it.

    Raises `DocumentRefused` when the stream cannot be read.
    """
    if widget.rect[0] == widget.rect[2] or widget.rect[1] == widget.rect[3]:
        return keeps_its_place(pdf, widget.dict)  # then nothing is shown at all
    turned = pdf.resolve(pdf.dictionary(widget.dict.get("MK")).get("R"))
    view = _onto(_matrix(pdf, appearance), rectangle(pdf, appearance.dict.get("BBox")), widget.rect)
    if view is None:
        return False
    try:
        reader = _Reader(pdf, widget.rect, float(turned) if type(turned) is int else 0.0)
        reader.run(appearance, _State(view, widget.rect), 0)
    except _Illegible:
        return False
    return True


def _onto(matrix: Matrix, box: Box, rect: Box) -> Matrix | None:
    """From form space to the page: the transformed box is fitted to the rectangle (12.5.5, algorithm)."""
    x0, y0, x1, y1 = _bounds(matrix, box)
    if x0 == x1 or y0 == y1:
        return None
    sx, sy = (rect[2] - rect[0]) / (x1 - x0), (rect[3] - rect[1]) / (y1 - y0)
    return _product(matrix, (sx, 0.0, 0.0, sy, rect[0] - x0 * sx, rect[1] - y0 * sy))


class _Reader:
    def __init__(self, pdf: PdfFile, rect: Box, turned: float) -> None:
        self._pdf = pdf
        self._rect = rect
        self._turned = turned
        self._forms = 0
        self._path: list[Box] = []
        self._curved = False
        self._clips = False
        self._text = self._line = _IDENTITY
        self._resources: dict[str, Any] = {}

    def run(self, form: Stream, state: _State, depth: int) -> None:
        self._forms += 1
        if "OC" in form.dict or depth > _DEEPEST or self._forms > _MOST_FORMS:
            raise _Illegible
        outer, self._resources = self._resources, self._pdf.dictionary(form.dict.get("Resources"))
        if not _DEFAULT_SPACES.isdisjoint(self._pdf.dictionary(self._resources.get("ColorSpace"))):
            raise _Illegible  # the plain colours are none either
        box = _bounds(state.matrix, rectangle(self._pdf, form.dict.get("BBox")))
        state = replace(state, clip=_common(state.clip, box))
        stack: list[_State] = []
        for operator, operands in operations(self._pdf.stream_data(form, _LIMIT)):
            if operator == "q" and len(stack) < 64:
                stack.append(replace(state))
            elif operator == "Q" and stack:
                state = stack.pop()
            elif operator == "cm":
                state.matrix = _product(_six(operands), state.matrix)
            elif operator == "Do":
                self._inner(operands, state, depth)
            elif operator in ("BDC", "DP") and operands[:1] == ["OC"]:
                raise _Illegible
            elif operator in _COLOURS:
                self._colour(operator, operands, state)
            elif operator in _NUMBERS:
                _NUMBERS[operator](state, _number(operands[-1]) if operands else 0.0)
            elif operator == "Tf":
                self._font(operands, state)
            else:
                self._path_or_text(operator, operands, state)
        self._resources = outer

    def _inner(self, operands: list[Any], state: _State, depth: int) -> None:
        name = operands[0] if operands and isinstance(operands[0], str) else ""
        drawn = self._pdf.resolve(self._pdf.dictionary(self._resources.get("XObject")).get(name))
        if isinstance(drawn, Stream):
            kept = self._text, self._line
            self.run(
                drawn, replace(state, matrix=_product(_matrix(self._pdf, drawn), state.matrix)), depth + 1
            )
            self._text, self._line = kept

    # --- colours

    def _colour(self, operator: str, operands: list[Any], state: _State) -> None:
        strokes = operator[0].isupper()
        parts = state.stroke_parts if strokes else state.fill_parts
        luminance: float | None = 0.0
        if operator.lower() == "cs":
            parts = self._components(operands[0] if operands else None)
            luminance = 0.0 if parts else None
        else:
            parts = _PARTS.get(operator.lower(), parts)
            known = parts and len(operands) == parts
            luminance = luminance_of([_number(item) for item in operands]) if known else None
        if strokes:
            state.stroke, state.stroke_parts = luminance, parts
        else:
            state.fill, state.fill_parts = luminance, parts

    def _components(self, name: Any) -> int:
        """How many components a colour space has; 0 for one whose colours are not known."""
        space = (
            self._pdf.dictionary(self._resources.get("ColorSpace")).get(name)
            if isinstance(name, str)
            else None
        )
        found = self._pdf.resolve(space)
        family = self._pdf.resolve(found[0]) if isinstance(found, list) and found else found
        kind = family if family is not None else name
        return _PLAIN_SPACES.get(kind, 0) if isinstance(kind, str) else 0

    # --- paths: a frame and a ground may be as large as the box; anything smaller may be a part of a digit

    def _path_or_text(self, operator: str, operands: list[Any], state: _State) -> None:
        if operator == "re":
            x, y, width, height = (_number(item) for item in [*operands, 0, 0, 0, 0][:4])
            self._curved = self._curved or not _straight(state.matrix)
            self._path.append(_bounds(state.matrix, (x, y, x + width, y + height)))
        elif operator in _CURVES:
            self._curved = True
        elif operator in ("W", "W*"):
            self._clips = True
        elif operator == "n" or operator in _FILLS or operator in _STROKES:
            self._painted(operator, state)
        else:
            self._text_operator(operator, operands, state)

    def _painted(self, operator: str, state: _State) -> None:
        if operator != "n" and not all(self._large(box, state) for box in self._path):
            raise _Illegible
        if operator in _FILLS and (state.fill is None or state.fill < _LIGHT):
            raise _Illegible
        if operator in _STROKES and state.line * _scale(state.matrix) > _WIDEST_LINE:
            raise _Illegible
        if self._clips:
            if self._curved or len(self._path) != 1:
                raise _Illegible
            state.clip = _common(state.clip, self._path[0])
        self._path, self._curved, self._clips = [], False, False

    def _large(self, box: Box, _state: _State) -> bool:
        x0, y0, x1, y1 = self._rect
        return box[2] - box[0] >= (x1 - x0) / 2 and box[3] - box[1] >= (y1 - y0) / 2

    # --- text

    def _font(self, operands: list[Any], state: _State) -> None:
        name, size = (*operands, None, None)[:2]
        fonts = self._pdf.dictionary(self._resources.get("Font"))
        font = fonts.get(name) if isinstance(name, str) else None
        state.advances = advances(self._pdf, font) if isinstance(font, Ref | dict) else None
        state.size = _number(size)

    def _text_operator(self, operator: str, operands: list[Any], state: _State) -> None:
        if operator == "BT":
            self._text = self._line = _IDENTITY
        elif operator == "Tm":
            self._text = self._line = _six(operands)
        elif operator in ("Td", "TD"):
            dx, dy = (_number(item) for item in [*operands, 0, 0][:2])
            state.leading = -dy if operator == "TD" else state.leading
            self._move(dx, dy)
        elif operator in ("T*", "'", '"'):
            if operator == '"' and len(operands) == 3:
                state.word_spacing, state.spacing = _number(operands[0]), _number(operands[1])
            self._move(0.0, -state.leading)
        if operator in ("Tj", "TJ", "'", '"') and operands:
            self._show(operands[-1] if isinstance(operands[-1], list) else [operands[-1]], state)

    def _move(self, dx: float, dy: float) -> None:
        self._text = self._line = _product((1.0, 0.0, 0.0, 1.0, dx, dy), self._line)

    def _show(self, parts: list[Any], state: _State) -> None:
        for part in parts:
            if isinstance(part, bytes):
                for advance in state.advances(part) if state.advances else ():
                    self._glyph(advance, state)
            else:
                self._forward(-_number(part) / 1000 * state.size * state.stretch)

    def _glyph(self, advance: float, state: _State) -> None:
        step = (advance * state.size + state.spacing) * state.stretch
        if step < _NARROWEST * state.size * state.stretch or state.rise:
            raise _Illegible
        whole = _product(self._text, state.matrix)
        wide = advance * state.size * state.stretch
        corners = [_point(whole, x, y) for x in (0.0, wide) for y in (0.0, 0.4 * state.size)]
        if not all(_within(state.clip, corner) for corner in corners):
            raise _Illegible
        if not self._seen(whole, state) or not self._upright(whole):
            raise _Illegible
        self._forward(step + (state.word_spacing if advance and state.word_spacing else 0.0))

    def _seen(self, whole: Matrix, state: _State) -> bool:
        height = state.size * math.hypot(whole[2], whole[3])
        width = state.size * state.stretch * math.hypot(whole[0], whole[1])
        dark = state.fill is not None and state.fill <= DARK
        if state.mode == 2:
            dark = dark and state.stroke is not None and state.stroke <= DARK and state.line <= 1
        return dark and state.mode in (0, 2) and min(height, width) >= _SMALLEST

    def _upright(self, whole: Matrix) -> bool:
        """Neither mirrored nor upside down: 16 would be read as 91."""
        if whole[0] * whole[3] - whole[1] * whole[2] <= 0:
            return False
        angle = math.degrees(math.atan2(whole[1], whole[0])) - self._turned
        return math.cos(math.radians(angle)) > -0.1

    def _forward(self, distance: float) -> None:
        self._text = _product((1.0, 0.0, 0.0, 1.0, distance, 0.0), self._text)


_COLOURS = frozenset(["g", "G", "rg", "RG", "k", "K", "cs", "CS", "sc", "SC", "scn", "SCN"])


def _setter(name: str, factor: float = 1.0) -> Callable[[_State, float], None]:
    return lambda state, value: setattr(state, name, value * factor)


_NUMBERS: dict[str, Callable[[_State, float], None]] = {
    "w": _setter("line"),
    "Tc": _setter("spacing"),
    "Tw": _setter("word_spacing"),
    "Tz": _setter("stretch", 0.01),
    "Ts": _setter("rise"),
    "TL": _setter("leading"),
    "Tr": lambda state, value: setattr(state, "mode", int(value)),
}


def luminance_of(parts: list[float]) -> float | None:
    """How light a colour of one, three or four components is; None for any other."""
    if len(parts) == 1:
        return parts[0]
    if len(parts) == 3:
        return 0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]
    if len(parts) == 4:
        cyan, magenta, yellow, black = parts
        return (1 - min(1.0, black)) * (1 - 0.3 * cyan - 0.59 * magenta - 0.11 * yellow)
    return None


def _number(value: Any) -> float:
    return float(value) if type(value) in (int, float) else 0.0


def _six(operands: list[Any]) -> Matrix:
    if len(operands) != 6:
        return _IDENTITY
    a, b, c, d, e, f = (_number(item) for item in operands)
    return (a, b, c, d, e, f)


def _matrix(pdf: PdfFile, form: Stream) -> Matrix:
    return _six([pdf.resolve(item) for item in pdf.array(form.dict.get("Matrix"))])


def _product(m: Matrix, n: Matrix) -> Matrix:
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )


def _point(matrix: Matrix, x: float, y: float) -> tuple[float, float]:
    return matrix[0] * x + matrix[2] * y + matrix[4], matrix[1] * x + matrix[3] * y + matrix[5]


def _bounds(matrix: Matrix, box: Box) -> Box:
    corners = [_point(matrix, x, y) for x in (box[0], box[2]) for y in (box[1], box[3])]
    xs, ys = [x for x, _ in corners], [y for _, y in corners]
    return min(xs), min(ys), max(xs), max(ys)


def _common(a: Box, b: Box) -> Box:
    return max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])


def _within(box: Box, point: tuple[float, float]) -> bool:
    return box[0] - _SLACK <= point[0] <= box[2] + _SLACK and box[1] - _SLACK <= point[1] <= box[3] + _SLACK


def _straight(matrix: Matrix) -> bool:
    return (matrix[1] == 0 == matrix[2]) or (matrix[0] == 0 == matrix[3])


def _scale(matrix: Matrix) -> float:
    return math.sqrt(abs(matrix[0] * matrix[3] - matrix[1] * matrix[2]))


def readable(pdf: PdfFile, widget: Widget, appearance: Stream) -> bool:
    """`legible`, where a stream that cannot be read is not. Looked at once for a widget's appearance of a view."""
    key = readable, widget.ref, appearance
    if key not in pdf.kept:
        pdf.kept[key] = _looked_at(pdf, widget, appearance)
    found: bool = pdf.kept[key]
    return found


def _looked_at(pdf: PdfFile, widget: Widget, appearance: Stream) -> bool:
    try:
        return legible(pdf, widget, appearance)
    except DocumentRefused:
        return False
