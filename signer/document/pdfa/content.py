"""6.2.2, 6.1.13-8 and what pages really use: operators, nesting, colours, fonts with their codes.

Each page's content, its forms, patterns and glyph procedures, and the appearances of annotations are read
once. What was shown in which font is kept for the font rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signer.document.objects import Name, Ref, Stream
from signer.document.pdfa.colour import DEVICES, check_rendering_intent, check_space
from signer.document.pdfa.content_tokens import operations
from signer.document.pdfa.context import Context
from signer.document.pdfa.images import check_image
from signer.document.pdfa.object_syntax import MAX_INTEGER, MAX_NAME, check_number, check_size

MAX_NESTING = 28
_OPERATORS = (
    "b B b* B* BDC BI BMC BT BX c cm CS cs d d0 d1 Do DP EMC ET EX f F f* G g gs h i j J K k l M m MP n q Q re "
    "RG rg ri s S sc SC scn SCN sh T* Tc Td TD Tf Tj TJ TL Tm Tr Ts Tw Tz v w W W* y ' \""
)
OPERATORS = frozenset(_OPERATORS.split())
INLINE_FILTERS = frozenset(
    {
        "ASCIIHexDecode", "ASCII85Decode", "FlateDecode", "RunLengthDecode", "CCITTFaxDecode", "DCTDecode",
        "AHx", "A85", "Fl", "RL", "CCF", "DCT",
    }
)  # fmt: skip
INVISIBLE_TEXT = 3
_GRAY, _RGB, _CMYK = Name("DeviceGray"), Name("DeviceRGB"), Name("DeviceCMYK")
_DEVICE_SPACES = {b"g": _GRAY, b"G": _GRAY, b"rg": _RGB, b"RG": _RGB, b"k": _CMYK, b"K": _CMYK}

_Handler = Callable[["_Run", list[Any]], None]


@dataclass
class FontUse:
    """A font dictionary, its object number, the strings shown in it, and those of them that are rendered."""

    font: dict[str, Any]
    number: int
    shown: set[bytes] = field(default_factory=set)
    rendered: bool = False


@dataclass
class Contents:
    """Reads contents for one check. `fonts` is what was shown; `budget` the tokens left."""

    context: Context
    fonts: dict[int, FontUse] = field(default_factory=dict)
    seen: set[Ref] = field(default_factory=set)
    budget: int = 0
    longest: int = 64 << 20

    def page(self, page: dict[str, Any], own: dict[str, Any], number: int) -> None:
        """One page; `own` is its own /Resources ({} when inherited), `page` has the inherited ones."""
        parts = self.context.get(page.get("Contents"))
        streams = parts if isinstance(parts, list) else [parts]
        chunks: list[bytes] = []
        left = self.context.limits.stream_bytes
        with self.context.reading(number):
            for item in streams:
                stream = self.context.get(item)
                if isinstance(stream, Stream):
                    chunks.append(self.context.data(stream, left))
                    left -= len(chunks[-1])
            resources = self.context.dictionary(page.get("Resources"))
            self.run(b"\n".join(chunks), own, resources, number, 0)

    def form(self, value: Any, outer: dict[str, Any], number: int, depth: int) -> None:
        """A form XObject, an appearance, a tiling pattern or a glyph procedure."""
        if isinstance(value, Ref):
            if value in self.seen:
                return
            self.seen.add(value)
            number = value.num
        stream = self.context.get(value)
        if not isinstance(stream, Stream) or depth > self.context.limits.form_depth:
            self.context.complete &= depth <= self.context.limits.form_depth
            return
        with self.context.reading(number):
            data = self.context.data(stream, self.context.limits.stream_bytes)
            own = self.context.dictionary(stream.dict.get("Resources"))
            self.run(data, own, own or outer, number, depth)

    def run(
        self, data: bytes, own: dict[str, Any], resources: dict[str, Any], number: int, depth: int
    ) -> None:
        """Interpret one content stream."""
        run = _Run(self, own, resources, number, depth)
        for operator, operands, tokens in operations(data, self.context.part.largest_real):
            self.budget -= tokens
            if self.budget < 0:
                self.context.complete = False
                return
            if operator:
                run.step(operator, operands)
            else:
                run.set_colours(operands)


class _Run:
    """One stream under way, with the part of the graphics state that rules ask for: colour spaces as they were
    set, the font's key, the text rendering mode."""

    def __init__(
        self, contents: Contents, own: dict[str, Any], resources: dict[str, Any], number: int, depth: int
    ) -> None:
        self.contents = contents
        self.context = contents.context
        self.own = own
        self.resources = resources
        self.number = number
        self.depth = depth
        self.fill: Any = _GRAY
        self.stroke: Any = _GRAY
        self.font = -1
        self.mode = 0
        self.saved: list[tuple[Any, Any, int, int]] = []
        self.checked: set[str] = set()
        part = contents.context.part
        self.largest, self.smallest = part.largest_real, part.smallest_real
        self.longest = part.longest_string

    def step(self, operator: str, operands: list[Any]) -> None:
        if operator not in OPERATORS:
            self.context.fail("6.2.2-1", f"the operator {operator[:20]!r} is not defined", self.number)
            return
        self._limits(operands)
        handler = _HANDLERS.get(operator)
        if handler is not None:
            handler(self, operands)

    def _limits(self, operands: list[Any]) -> None:
        """Limits of the operands (6.1.13); most are small."""
        todo = operands[::-1]
        while todo:
            item = todo.pop()
            kind = type(item)
            if kind is int:
                if not -MAX_INTEGER <= item <= MAX_INTEGER:
                    check_number(self.context, item, self.number)
            elif kind is float:
                if not self.smallest <= abs(item) <= self.largest:
                    check_number(self.context, item, self.number)
            elif isinstance(item, Name):
                if len(item) > MAX_NAME:
                    self.context.fail("6.1.13-4", "a long name", self.number)
            elif isinstance(item, bytes):
                if len(item) > self.longest:
                    self.context.fail("6.1.13-3", "a long string", self.number)
            elif isinstance(item, list):
                check_size(self.context, item, self.number)
                todo += item
            elif isinstance(item, dict):
                check_size(self.context, item, self.number)
                todo += item.values()

    # --- graphics state

    def _save(self, _: list[Any]) -> None:
        self.saved.append((self.fill, self.stroke, self.font, self.mode))
        nested = len(self.saved) <= MAX_NESTING
        self.context.require(nested, "6.1.13-8", "q is nested too deep", self.number)
        if len(self.saved) > 10_000:
            self.saved.pop(0)

    def _restore(self, _: list[Any]) -> None:
        if self.saved:
            self.fill, self.stroke, self.font, self.mode = self.saved.pop()

    def set_colours(self, operators: list[bytes]) -> None:
        """What operators that set a device colour do."""
        for operator in operators:
            if operator.islower():
                self.fill = _DEVICE_SPACES[operator]
            else:
                self.stroke = _DEVICE_SPACES[operator]

    def _fill_space(self, operands: list[Any]) -> None:
        self.fill = _first(operands)

    def _stroke_space(self, operands: list[Any]) -> None:
        self.stroke = _first(operands)

    def _text_mode(self, operands: list[Any]) -> None:
        mode = _first(operands)
        self.mode = mode if type(mode) is int else 0

    def _intent(self, operands: list[Any]) -> None:
        check_rendering_intent(self.context, _first(operands), self.number)

    def _graphics_state(self, operands: list[Any]) -> None:
        state = self.context.dictionary(self._resource("ExtGState", _first(operands)))
        font = self.context.array(state.get("Font"))
        if font:
            self.font = self._use(font[0])

    # --- what is painted

    def _paint_fill(self, _: list[Any]) -> None:
        self._space(self.fill)

    def _paint_stroke(self, _: list[Any]) -> None:
        self._space(self.stroke)

    def _paint_both(self, _: list[Any]) -> None:
        self._space(self.fill)
        self._space(self.stroke)

    def _space(self, space: Any) -> None:
        known = str(space) if isinstance(space, Name) else ""
        if known in self.checked:
            return
        self.checked.add(known)
        if known and known not in DEVICES and known != "Pattern":
            self._resource("ColorSpace", space)
        check_space(self.context, space, self.resources, self.number)

    def _pattern(self, operands: list[Any]) -> None:
        name = operands[-1] if operands else None
        if isinstance(name, Name):
            pattern = self._resource("Pattern", name)
            if isinstance(self.context.get(pattern), Stream):
                self.contents.form(pattern, self.resources, self.number, self.depth + 1)
            else:
                self._shading_of(self.context.dictionary(pattern).get("Shading"))

    def _shading(self, operands: list[Any]) -> None:
        self._shading_of(self._resource("Shading", _first(operands)))

    def _shading_of(self, value: Any) -> None:
        shading = self.context.dictionary(value)
        if "ColorSpace" in shading:
            check_space(self.context, shading["ColorSpace"], self.resources, self.number)

    def _draw(self, operands: list[Any]) -> None:
        value = self._resource("XObject", _first(operands))
        node = self.context.dictionary(value)
        kind = self.context.name(node.get("Subtype"))
        number = value.num if isinstance(value, Ref) else self.number
        if kind == "Form":
            self.contents.form(value, self.resources, self.number, self.depth + 1)
        elif kind == "Image" and self.context.get(node.get("ImageMask")) is True:
            self._space(self.fill)
        elif kind == "Image" and "ColorSpace" in node:
            check_space(self.context, node["ColorSpace"], self.resources, number)

    def _inline(self, operands: list[Any]) -> None:
        image = operands[0]
        check_image(self.context, image, self.number)
        used = image.get("Filter")
        for name in used if isinstance(used, list) else [] if used is None else [used]:
            self.context.require(name in INLINE_FILTERS, "6.1.10-1", f"inline filter {name}", self.number)
        if image.get("ImageMask") is True:
            self._space(self.fill)
        elif "ColorSpace" in image:
            check_space(self.context, image["ColorSpace"], self.resources, self.number)

    # --- text

    def _font(self, operands: list[Any]) -> None:
        self.font = self._use(self._resource("Font", _first(operands)))

    def _use(self, value: Any) -> int:
        font = self.context.get(value)
        if not isinstance(font, dict):
            return -1
        key = value.num if isinstance(value, Ref) else -id(font)
        if key not in self.contents.fonts:
            number = value.num if isinstance(value, Ref) else self.number
            self.contents.fonts[key] = FontUse(font, number)
            for procedure in self.context.dictionary(font.get("CharProcs")).values():
                inner = self.context.dictionary(font.get("Resources")) or self.resources
                self.contents.form(procedure, inner, number, self.depth + 1)
        return key

    def _show(self, operands: list[Any]) -> None:
        use = self.contents.fonts.get(self.font)
        last = operands[-1] if operands else None
        strings = [s for s in (last if isinstance(last, list) else [last]) if isinstance(s, bytes)]
        if use is not None and any(strings):
            if self.contents.longest >= 0:
                fresh = set(strings) - use.shown
                self.contents.longest -= sum(map(len, fresh))
                use.shown |= fresh
            use.rendered |= self.mode != INVISIBLE_TEXT
        if self.mode != INVISIBLE_TEXT:
            self._space(self.fill if self.mode in (0, 4) else self.stroke)

    def _resource(self, category: str, name: Any) -> Any:
        if name not in self.context.dictionary(self.own.get(category)):
            self.context.fail(
                "6.2.2-2", f"{category} {name} is not in the stream's own resources", self.number
            )
        return self.context.dictionary(self.resources.get(category)).get(str(name))


def _first(operands: list[Any]) -> Any:
    return operands[0] if operands else None


def _device(operator: bytes) -> _Handler:
    return lambda run, _: run.set_colours([operator])


_HANDLERS: dict[str, _Handler] = {
    "q": _Run._save,
    "Q": _Run._restore,
    "cs": _Run._fill_space,
    "CS": _Run._stroke_space,
    "scn": _Run._pattern,
    "SCN": _Run._pattern,
    "sh": _Run._shading,
    "Do": _Run._draw,
    "BI": _Run._inline,
    "Tf": _Run._font,
    "Tr": _Run._text_mode,
    "ri": _Run._intent,
    "gs": _Run._graphics_state,
    **dict.fromkeys(("f", "F", "f*"), _Run._paint_fill),
    **dict.fromkeys(("S", "s"), _Run._paint_stroke),
    **dict.fromkeys(("b", "B", "b*", "B*"), _Run._paint_both),
    **dict.fromkeys(("Tj", "TJ", "'", '"'), _Run._show),
    **{operator.decode(): _device(operator) for operator in _DEVICE_SPACES},
}
