"""What an appearance draws as text, and whether that is the field's value.

No reader compares the two, so `/V` may say 15 while the page shows 51.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from policies.reasons import document as reasons
from signer.document.character_maps import FontReader, font_reader
from signer.document.contents import operations, well_formed
from signer.document.fields import FormField, rectangle
from signer.document.legibility import readable
from signer.document.objects import Ref, Stream
from signer.document.painting import Paint
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.document.visibility import is_hidden
from signer.errors import DocumentRefused

_CONTENT_LIMIT = 4 << 20
_DEEPEST = 4
_MOST_FORMS = 64
_MOST_OPERATIONS = 200_000  # of an appearance and all that it draws
_MOVES = frozenset(("BT", "Tm", "Td", "TD", "T*", "'", '"'))
_SHOWS = frozenset(("Tj", "TJ", "'", '"'))
_SETS = frozenset(("Tf", "Tr", "TL", "Tc", "Tw", "Tz", "gs"))
_DEFAULT_SPACES = frozenset(("DefaultGray", "DefaultRGB", "DefaultCMYK"))  # 8.6.5.6
_INVISIBLE_MODES = (3, 7)
_SMALLEST_SIZE = 0.5
_FARTHEST_BACK = 400  # thousandths of the size; kerning is less
_NARROWEST = 0.15  # of the size: no printed character advances less
Matrix = tuple[float, float, float, float, float, float]
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass(slots=True)
class Drawing:
    """What an appearance draws. `text` is None when a code's character is unknown; `sound` is False when
    something else than plain text is drawn, text that nobody sees, or text in another order than it reads;
    `fonts` are the embedded fonts used (number -1 for one that is not an object of its own); `rows` is
    the text by its height in the box; `paint` is what is painted besides the text."""

    text: str | None = ""
    sound: bool = True
    fonts: set[Ref] = field(default_factory=set)
    rows: dict[float, str] = field(default_factory=dict)
    paint: Paint = field(default_factory=Paint)


def drawn_text(pdf: PdfFile, appearance: Stream, fonts: dict[Ref, FontReader] | None = None) -> Drawing:
    """The text of an appearance stream in drawing order.

    `fonts` keeps readers of fonts from one appearance of this view to the next. Raises `DocumentRefused` when the
    stream cannot be read.
    """
    drawing = Drawing()
    _Reader(pdf, drawing, {} if fonts is None else fonts).run(appearance, _IDENTITY, 0)
    return drawing


def draws_value(pdf: PdfFile, form_field: FormField, trusts: Callable[[Ref], bool] = lambda _: True) -> bool:
    """Whether every visible widget of a text field draws exactly its value (white space aside), legibly.

    `trusts` says of an embedded font whether its glyphs may be believed to look like what they are called.
    """
    value = form_field.value
    if value is not None and not isinstance(value, bytes):
        return False
    wanted = _plain(text_string(value or b""))
    for widget in form_field.widgets:
        if is_hidden(pdf, widget.dict):
            continue
        states = pdf.dictionary(widget.dict.get("AP"))
        drawn = [state for state in ("N", "R", "D") if pdf.resolve(states.get(state)) is not None]
        if wanted and "N" not in drawn:
            return False
        for state in drawn:
            appearance = pdf.resolve(states.get(state))
            if not isinstance(appearance, Stream) or not _draws(pdf, appearance, wanted, trusts):
                return False
            if wanted and not readable(pdf, widget, appearance):
                return False
    return True


def draws_rows(pdf: PdfFile, form_field: FormField, rows: list[str]) -> bool:
    """Whether all that a field draws is exactly these texts, each at a height of its own."""
    wanted = sorted(_plain(row) for row in rows if _plain(row))
    for widget in form_field.widgets:
        for state in pdf.dictionary(widget.dict.get("AP")).values():
            appearance = pdf.resolve(state)
            if not isinstance(appearance, Stream):
                continue
            drawn = drawn_once(pdf, appearance).rows.values()
            if sorted(_plain(row) for row in drawn if _plain(row)) != wanted:
                return False
    return True


def _draws(pdf: PdfFile, appearance: Stream, wanted: str, trusts: Callable[[Ref], bool]) -> bool:
    try:
        drawing = drawn_once(pdf, appearance)
    except DocumentRefused:  # it cannot be read, so nobody knows what it draws
        return False
    if not drawing.sound or drawing.text is None or not all(trusts(font) for font in drawing.fonts):
        return False
    return _plain(drawing.text) == wanted


def drawn_once(pdf: PdfFile, appearance: Stream) -> Drawing:
    """The same for several rules that ask about one appearance of a view: it is read for the first of them."""
    key = drawn_text, appearance
    if key not in pdf.kept:
        try:
            pdf.kept[key] = drawn_text(pdf, appearance)
        except DocumentRefused as refused:
            pdf.kept[key] = refused
    found: Drawing | DocumentRefused = pdf.kept[key]
    if isinstance(found, DocumentRefused):
        raise DocumentRefused(found.reason, **found.values)
    return found


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFC", text).split())


@dataclass(slots=True)
class _State:
    matrix: Matrix
    font: FontReader | None = None
    size: float = 0.0
    mode: int = 0
    leading: float = 0.0


class _Reader:
    """Follows the operators that matter to text; everything else that paints makes the drawing unsound."""

    def __init__(self, pdf: PdfFile, drawing: Drawing, fonts: dict[Ref, FontReader]) -> None:
        self._pdf = pdf
        self._drawing = drawing
        self._paint = drawing.paint
        self._fonts = fonts
        self._direct: dict[int, FontReader] = {}  # by identity: the appearance holds them while it is read
        self._forms = 0
        self._left = _MOST_OPERATIONS
        self._box = (0.0, 0.0, 0.0, 0.0)
        self._last: tuple[Matrix, float] | None = None  # where the last text began, and its least length

    def run(self, form: Stream, outer: Matrix, depth: int) -> None:
        pdf = self._pdf
        resources = pdf.dictionary(form.dict.get("Resources"))
        self._forms += 1
        box = rectangle(pdf, form.dict.get("BBox"))
        if depth == 0:
            self._box = box
        if "OC" in form.dict:  # in a layer, which may be hidden
            self._drawing.sound = False
        if not _DEFAULT_SPACES.isdisjoint(pdf.dictionary(resources.get("ColorSpace"))):
            self._paint.unknown()
        self._paint.frame((*box, *_matrix(pdf, form.dict.get("Matrix"))))
        state = _State(_product(_matrix(pdf, form.dict.get("Matrix")), outer) if depth else outer)
        stack: list[_State] = []
        line = _IDENTITY
        for operator, operands in operations(pdf.stream_data(form, _CONTENT_LIMIT)):
            self._left -= 1
            if self._left < 0:
                raise DocumentRefused(reasons.OBJECT_TOO_LARGE, limit=_MOST_OPERATIONS)
            if not well_formed(operator, operands):
                self._drawing.sound = False
            if operator == "q" and len(stack) < 64:
                stack.append(replace(state))
            elif operator == "Q" and stack:
                state = stack.pop()
            elif operator == "cm":
                state.matrix = _product(_numbers(operands), state.matrix)
            elif operator == "Do":
                self._draw_object(resources, operands, state.matrix, depth)
            elif operator in _MOVES:
                line = self._move(operator, operands, state, line)
            if operator in _SHOWS:
                self._show(operands, state, line)
            elif operator in _SETS:
                self._set(operator, operands, state, resources)
            elif operator not in _MOVES and not self._paint.plain(
                operator, operands, state.matrix, written=bool(self._drawing.text)
            ):
                self._drawing.sound = False

    def _move(self, operator: str, operands: list[Any], state: _State, line: Matrix) -> Matrix:
        if operator == "BT":
            return _IDENTITY
        if operator == "Tm":
            return _numbers(operands)
        if operator in ("Td", "TD"):
            dx, dy = (_number(item) for item in operands[:2]) if len(operands) == 2 else (0.0, 0.0)
            state.leading = -dy if operator == "TD" else state.leading
        else:
            dx, dy = 0.0, -state.leading
        return _product((1.0, 0.0, 0.0, 1.0, dx, dy), line)

    def _set(self, operator: str, operands: list[Any], state: _State, resources: dict[str, Any]) -> None:
        value = _number(operands[-1]) if operands else 0.0
        if operator == "Tf" and len(operands) == 2:
            state.font, state.size = self._font(resources, operands[0]), value
        elif operator == "Tr":
            state.mode = int(value)
        elif operator == "TL":
            state.leading = value
        elif (
            operator == "gs"  # may make text transparent
            or (operator in ("Tc", "Tw") and value < -1)  # glyphs may run backwards
            or (operator == "Tz" and value < 25)
        ):
            self._drawing.sound = False

    def _font(self, resources: dict[str, Any], name: Any) -> FontReader:
        font = self._pdf.dictionary(resources.get("Font")).get(name) if isinstance(name, str) else None
        if isinstance(font, Ref):
            reader = self._fonts.get(font) or self._fonts.setdefault(font, font_reader(self._pdf, font))
        else:
            reader = self._direct.get(id(font)) or self._direct.setdefault(
                id(font), font_reader(self._pdf, font)
            )
        if reader.embedded:
            self._drawing.fonts.add(font if isinstance(font, Ref) else Ref(-1))
        return reader

    def _show(self, operands: list[Any], state: _State, line: Matrix) -> None:
        shown = operands[-1] if operands else None
        parts = shown if isinstance(shown, list) else [shown]
        raw = b"".join(part for part in parts if isinstance(part, bytes))
        if not raw:
            return
        drawing = self._drawing
        text = state.font.decode(raw) if state.font else None
        drawing.text = None if text is None or drawing.text is None else drawing.text + text
        origin = _product(line, state.matrix)
        height = round(origin[5], 1)
        drawing.rows[height] = drawing.rows.get(height, "") + (text or "")
        backwards = any(_number(part) > _FARTHEST_BACK for part in parts)
        hidden = state.mode in _INVISIBLE_MODES or state.size < _SMALLEST_SIZE
        if backwards or hidden or not self._inside(origin) or not self._onward(origin, state.size, len(raw)):
            drawing.sound = False

    def _inside(self, origin: Matrix) -> bool:
        x0, y0, x1, y1 = self._box
        return x0 - 1 <= origin[4] <= x1 + 1 and y0 - 1 <= origin[5] <= y1 + 1

    def _onward(self, origin: Matrix, size: float, length: int) -> bool:
        """Whether this text stands after the last one as one reads: to its right, or on a line below."""
        a, b, c, d, x, y = origin
        scale = math.hypot(a, b)
        if scale == 0 or a * d - b * c <= 0:  # flat or mirrored
            return False
        last, self._last = self._last, (origin, _NARROWEST * size * length)
        if last is None or last[0] == origin:
            return True
        dx, dy = x - last[0][4], y - last[0][5]
        along, across = (dx * a + dy * b) / scale, (dy * a - dx * b) / scale
        if across < -0.5 * size * scale:
            return True
        return across <= 0.5 * size * scale and along >= last[1] * scale

    def _draw_object(
        self, resources: dict[str, Any], operands: list[Any], matrix: Matrix, depth: int
    ) -> None:
        name = operands[0] if operands and isinstance(operands[0], str) else ""
        drawn = self._pdf.resolve(self._pdf.dictionary(resources.get("XObject")).get(name))
        form = isinstance(drawn, Stream) and drawn.dict.get("Subtype") == "Form"
        if isinstance(drawn, Stream) and form and depth < _DEEPEST and self._forms < _MOST_FORMS:
            self.run(drawn, matrix, depth + 1)
        elif drawn is not None:
            self._paint.picture(self._pdf, drawn, matrix)
            self._drawing.sound = False


def _number(value: Any) -> float:
    return float(value) if type(value) in (int, float) else 0.0


def _numbers(operands: list[Any]) -> Matrix:
    if len(operands) != 6:
        return _IDENTITY
    a, b, c, d, e, f = (_number(item) for item in operands)
    return (a, b, c, d, e, f)


def _matrix(pdf: PdfFile, value: Any) -> Matrix:
    return _numbers([pdf.resolve(item) for item in pdf.array(value)])


def _product(m: Matrix, n: Matrix) -> Matrix:
    return (
        m[0] * n[0] + m[1] * n[2],
        m[0] * n[1] + m[1] * n[3],
        m[2] * n[0] + m[3] * n[2],
        m[2] * n[1] + m[3] * n[3],
        m[4] * n[0] + m[5] * n[2] + n[4],
        m[4] * n[1] + m[5] * n[3] + n[5],
    )
