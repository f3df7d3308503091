"""6.2.2, 6.1.13-8 and what pages really use: operators, nesting, colours, fonts with their codes.

Each page's content, its forms, patterns, masks and glyph procedures, and the appearances of annotations are read once
for each state that they start in: a form paints in the colour, and writes in the font, that whoever draws it has set
(ISO 32000-1, 8.10.1). What was shown in which font is kept for the font rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from signer.document.objects import Name, Ref, Stream
from signer.document.pdfa.colour import SHORT, check_rendering_intent, check_space
from signer.document.pdfa.content_tokens import operations
from signer.document.pdfa.context import Context
from signer.document.pdfa.graphics_state import (
    DEVICE_OPERATORS,
    FILLED,
    INVISIBLE,
    NO_FONT,
    Colour,
    Space,
    Spaces,
    State,
    fills,
    strokes,
    text_mode,
)
from signer.document.pdfa.images import check_image, has_own_space
from signer.document.pdfa.operators import INLINE_FILTERS, OPERATORS, check_operands
from signer.document.pdfa.parts import READER

MAX_NESTING = 28
_AGAIN = 64  # tokens that reading a stream once more costs at least; and one for so many bytes
_BYTES_A_TOKEN = 16
_BYTES_AT_FIRST = 32  # 2,500 full pages of text are 40 MB
_A_PART = 8  # tokens, of a page's content
_UNCOLOURED = 2

_Handler = Callable[["_Run", list[Any]], None]


@dataclass
class FontUse:
    """A font dictionary, its object number, the strings shown in it, and those of them that are rendered. Of a Type 3
    font the glyph procedures."""

    font: dict[str, Any]
    number: int
    shown: set[bytes] = field(default_factory=set)
    rendered: bool = False
    procedures: tuple[Ref, ...] | None = None


@dataclass
class Contents:
    """Reads contents for one check. `fonts` is what was shown; `budget` the tokens left. `seen`: what was read, with
    the resources that it found and the state that it started in; `times` what was read at all."""

    context: Context
    fonts: dict[int, FontUse] = field(default_factory=dict)
    seen: set[tuple[Ref, int, State | None]] = field(default_factory=set)
    times: set[Ref] = field(default_factory=set)
    lent: dict[int, dict[str, Any]] = field(default_factory=dict)
    drawn: set[tuple[int, int, State]] = field(default_factory=set)
    budget: int = 0
    longest: int = 64 << 20

    def __post_init__(self) -> None:
        self.spaces = Spaces(self.context)

    def page(self, page: dict[str, Any], own: dict[str, Any], number: int) -> None:
        """One page; `own` is its own /Resources ({} when inherited), `page` has the inherited ones."""
        parts = self.context.get(page.get("Contents"))
        streams = parts if isinstance(parts, list) else [parts]
        if not self.pay(_A_PART * len(streams)):
            return
        chunks: list[bytes] = []
        left = self.context.limits.stream_bytes
        with self.context.reading(number):
            for item in streams:
                stream = self.context.get(item)
                if isinstance(stream, Stream):
                    chunks.append(self.context.data(stream, left))
                    left -= len(chunks[-1])
            if not self.pay(sum(map(len, chunks)) // _BYTES_AT_FIRST):
                return
            resources = self.context.dictionary(page.get("Resources"))
            self.run(b"\n".join(chunks), own, resources, number, 0, None)

    def form(self, value: Any, outer: dict[str, Any], depth: int, start: State | None) -> None:
        """A form XObject, an appearance, a tiling pattern or the group of a soft mask; once for each state. `start`:
        None for what nobody calls, which starts as pages do."""
        stream = self.context.get(value)
        if isinstance(stream, Stream) and isinstance(value, Ref):
            own = self.context.dictionary(stream.dict.get("Resources"))
            self._stream(value, stream, own, None if "Resources" in stream.dict else outer, depth, start)

    def _stream(
        self,
        ref: Ref,
        stream: Stream,
        own: dict[str, Any],
        lent: dict[str, Any] | None,
        depth: int,
        start: State | None,
    ) -> None:
        """One stream in one state, unless that was read. Once more costs more than its tokens, which may be few.
        `lent`: the resources of whoever calls it, when it has none."""
        key = (ref, id(lent), start)
        if key in self.seen:
            return
        if depth > self.context.limits.form_depth or self.budget < 0:
            self.context.complete = False
            return
        self.seen.add(key)
        if lent is not None:
            self.lent[id(lent)] = lent  # so that no other has its id
        with self.context.reading(ref.num):
            data = self.context.data(stream, self.context.limits.stream_bytes)
            again = _AGAIN + len(data) // _BYTES_A_TOKEN
            if not self.pay(again if ref in self.times else len(data) // _BYTES_AT_FIRST):
                return
            self.times.add(ref)
            self.run(data, own, own if lent is None else lent, ref.num, depth, start)

    def pay(self, tokens: int) -> bool:
        """Take from the budget what is about to be read. Without enough left the check is incomplete."""
        self.budget -= tokens
        if self.budget < 0:
            self.context.complete = False
        return self.budget >= 0

    def procedures(self, font: dict[str, Any]) -> tuple[Ref, ...]:
        """The glyph procedures of a Type 3 font, each once."""
        named = self.context.dictionary(font.get("CharProcs"))
        if not self.pay(len(named)):
            return ()
        return tuple(dict.fromkeys(value for value in named.values() if isinstance(value, Ref)))

    def glyphs(self, use: FontUse, outer: dict[str, Any], depth: int, start: State) -> None:
        """The glyph procedures of a Type 3 font, painting as the text that shows them would (9.6.5)."""
        lent = None if "Resources" in use.font else outer
        key = (start.font, id(lent), start)
        if not use.procedures or key in self.drawn:
            return
        if not self.pay(len(use.procedures)):
            return
        self.drawn.add(key)
        own = self.context.dictionary(use.font.get("Resources"))
        for value in use.procedures:
            stream = self.context.get(value)
            if isinstance(stream, Stream):
                self._stream(value, stream, own, lent, depth, start)

    def run(
        self,
        data: bytes,
        own: dict[str, Any],
        resources: dict[str, Any],
        number: int,
        depth: int,
        start: State | None,
    ) -> None:
        """Interpret one content stream."""
        run = _Run(self, own, resources, number, depth, start)
        for operator, operands, tokens in operations(data, self.context.part.largest_real):
            if not self.pay(tokens):
                return
            if operator:
                run.step(operator, operands)
            else:
                run.set_colours(operands)


class _Run:
    """One stream under way, with its graphics state."""

    def __init__(
        self,
        contents: Contents,
        own: dict[str, Any],
        resources: dict[str, Any],
        number: int,
        depth: int,
        start: State | None,
    ) -> None:
        self.contents = contents
        self.context = contents.context
        self.own = own
        self.resources = resources
        self.number = number
        self.depth = depth
        self.named = self.context.dictionary(resources.get("ColorSpace"))
        self.devices = contents.spaces.devices(self.named) if self.named else DEVICE_OPERATORS
        black = self.devices[b"g"]
        self.start = start or State(black, black, NO_FONT, FILLED)
        self.fill, self.stroke, self.font, self.mode = self.start
        self.saved: list[State] = []
        self.selected: dict[Name, Colour] = {}
        self.checked: set[Colour] = set()

    def step(self, operator: str, operands: list[Any]) -> None:
        if operator not in OPERATORS:
            self.context.fail("6.2.2-1", f"the operator {operator[:20]!r} is not defined", self.number)
            return
        check_operands(self.context, operands, self.number)
        handler = _HANDLERS.get(operator)
        if handler is not None:
            handler(self, operands)

    # --- graphics state

    @property
    def state(self) -> State:
        return State(self.fill, self.stroke, self.font, self.mode)

    def _save(self, _: list[Any]) -> None:
        self.saved.append(self.state)
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
                self.fill = self.devices[operator]
            else:
                self.stroke = self.devices[operator]

    def _fill_space(self, operands: list[Any]) -> None:
        self.fill = self._selected(_first(operands))

    def _stroke_space(self, operands: list[Any]) -> None:
        self.stroke = self._selected(_first(operands))

    def _selected(self, operand: Any) -> Colour:
        name = operand if isinstance(operand, Name) else Name("")
        if name not in self.selected:
            self.selected[name] = colour = self.contents.spaces.of(self.named, name)
            if isinstance(colour, Space) and not colour.default:
                self._resource("ColorSpace", name)
        return self.selected[name]

    def _text_mode(self, operands: list[Any]) -> None:
        self.mode = text_mode(_first(operands))

    def _intent(self, operands: list[Any]) -> None:
        check_rendering_intent(self.context, _first(operands), self.number)

    def _graphics_state(self, operands: list[Any]) -> None:
        state = self.context.dictionary(self._resource("ExtGState", _first(operands)))
        font = self.context.array(state.get("Font"))
        if font:
            self.font = self._use(font[0])
        self._mask(state)

    def _mask(self, state: dict[str, Any]) -> None:
        """11.6.5.2: what the group of a soft mask paints shows as opacity, and is content all the same."""
        group = self.context.dictionary(state.get("SMask")).get("G")
        if group is not None:
            self.contents.form(group, self.resources, self.depth + 1, self.state)

    # --- what is painted

    def _paint_fill(self, _: list[Any]) -> None:
        self._space(self.fill)

    def _paint_stroke(self, _: list[Any]) -> None:
        self._space(self.stroke)

    def _paint_both(self, _: list[Any]) -> None:
        self._space(self.fill)
        self._space(self.stroke)

    def _space(self, colour: Colour) -> None:
        if colour not in self.checked:
            self.checked.add(colour)
            self.contents.spaces.check(colour, self.number)

    def _pattern(self, operands: list[Any]) -> None:
        name = operands[-1] if operands else None
        if isinstance(name, Name):
            pattern = self._resource("Pattern", name)
            node = self.context.dictionary(pattern)
            if isinstance(self.context.get(pattern), Stream):
                self._tiling(pattern, node)
            else:
                self._shading_of(node.get("Shading"))
                self._mask(self.context.dictionary(node.get("ExtGState")))

    def _tiling(self, pattern: Any, node: dict[str, Any]) -> None:
        """8.7.3.1: a cell starts as the stream did that has the pattern; without colours of its own, it paints in
        the one that the pattern was set with."""
        start = self.start
        if self.context.integer(node.get("PaintType")) == _UNCOLOURED:
            start = start._replace(fill=None, stroke=None)
        self.contents.form(pattern, self.resources, self.depth + 1, start)

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
            self.contents.form(value, self.resources, self.depth + 1, self.state)
        elif kind == "Image" and self.context.get(node.get("ImageMask")) is True:
            self._space(self.fill)
        elif kind == "Image" and ("ColorSpace" in node or not has_own_space(self.context, node)):
            check_space(self.context, node.get("ColorSpace"), self.resources, number)
        elif node and kind not in ("Image", "PS"):
            self.context.fail(READER, f"an XObject of the subtype {kind[:60] or '?'}", number)

    def _inline(self, operands: list[Any]) -> None:
        image = operands[0]
        check_image(self.context, image, self.number)
        check_rendering_intent(self.context, image.get("Intent"), self.number)
        used = image.get("Filter")
        for name in used if isinstance(used, list) else [] if used is None else [used]:
            self.context.require(name in INLINE_FILTERS, "6.1.10-1", f"inline filter {name}", self.number)
        if image.get("ImageMask") is True:
            self._space(self.fill)
        else:
            self._inline_space(image.get("ColorSpace"))

    def _inline_space(self, space: Any) -> None:
        """8.9.7: a short name, or else one of the resources."""
        if isinstance(space, Name):
            self._space(self._selected(Name(SHORT.get(space, space))))
        else:
            check_space(self.context, space, self.resources, self.number)

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
            self.contents.fonts[key] = use = FontUse(font, number)
            if self.context.name(font.get("Subtype")) == "Type3":
                use.procedures = self.contents.procedures(font)
                self._glyphs(use, State(None, None, key, FILLED))
        return key

    def _show(self, operands: list[Any]) -> None:
        last = operands[-1] if operands else None
        strings = [s for s in (last if isinstance(last, list) else [last]) if isinstance(s, bytes)]
        if not any(strings):
            return
        use = self.contents.fonts.get(self.font)
        if use is None:
            known = self.mode == INVISIBLE
            self.context.require(known, "6.2.11.4.1-1", "text in a font that is not there", self.number)
        else:
            self._shown(use, strings)
        if use is not None and use.procedures is not None:  # a Type 3 font has no modes (9.3.6)
            self._glyphs(use, self.state._replace(mode=FILLED))
            return
        if fills(self.mode):
            self._space(self.fill)
        if strokes(self.mode):
            self._space(self.stroke)

    def _glyphs(self, use: FontUse, start: State) -> None:
        self.contents.glyphs(use, self.resources, self.depth + 1, start)

    def _shown(self, use: FontUse, strings: list[bytes]) -> None:
        if self.contents.longest >= 0:
            fresh = set(strings) - use.shown
            self.contents.longest -= sum(map(len, fresh))
            use.shown |= fresh
        use.rendered |= self.mode != INVISIBLE

    def _resource(self, category: str, operand: Any) -> Any:
        name = operand if isinstance(operand, Name) else Name("")
        if name not in self.context.dictionary(self.own.get(category)):
            self.context.fail(
                "6.2.2-2", f"{category} {name} is not in the stream's own resources", self.number
            )
        return self.context.dictionary(self.resources.get(category)).get(name)


def _first(operands: list[Any]) -> Any:
    return operands[0] if operands else None


def _device(operator: bytes) -> _Handler:
    return lambda run, _: run.set_colours([operator])


_HANDLERS: dict[str, _Handler] = {
    "q": _Run._save,
    "Q": _Run._restore,
    "cs": _Run._fill_space,
    "CS": _Run._stroke_space,
    **dict.fromkeys(("sc", "scn", "SC", "SCN"), _Run._pattern),
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
    **{operator.decode(): _device(operator) for operator in DEVICE_OPERATORS},
}
