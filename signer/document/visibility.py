"""What every reader agrees upon: whether an annotation is hidden, and whether a drawing stays inside its box.

Readers keep flags in 32 bits or in fewer, some signed: of a greater number each sees others. Where a drawing has no
/BBox (ISO 32000-2, table 93, demands one), PDFium draws it as large as it is written, whatever the rectangle says.
"""

from __future__ import annotations

from typing import Any, TypeGuard

from signer.document.contents import operations
from signer.document.fields import rectangle
from signer.document.objects import PdfObject, Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

HIDDEN, NO_VIEW = 2, 32  # table 167
_FLAGS = range(1 << 31)
_FARTHEST = 1 << 20  # points; greater numbers are no places to some readers
STATES = ("N", "R", "D")
_LIMIT = 1 << 20
_LIMIT_OF_A_VIEW = 4 << 20  # bytes of drawings
_LEAST_COUNTED = 256
_MOST_FACES = 256
_SMALLEST_SCALE = 0.01
_MAY_WRITE = frozenset(("Tj", "TJ", "'", '"', "Do"))
Box = tuple[float, float, float, float]


def flags(value: PdfObject) -> int:
    """An integer of flags as every reader sees it; 0 for anything else."""
    return value if are_flags(value) else 0


def are_flags(value: PdfObject) -> TypeGuard[int]:
    """Whether every reader takes this for the same flags."""
    return type(value) is int and value in _FLAGS


def is_hidden(pdf: PdfFile, annotation: dict[str, Any], unseen: int = HIDDEN) -> bool:
    """Whether the flags of an annotation keep every reader from drawing it."""
    return bool(flags(pdf.resolve(annotation.get("F"))) & unseen)


def is_rectangle(pdf: PdfFile, value: Any) -> bool:
    """Whether every reader takes this for the same four numbers."""
    found = pdf.resolve(value)
    numbers = [pdf.resolve(item) for item in found] if isinstance(found, list) else []
    return len(numbers) == 4 and all(_is_place(number) for number in numbers)


def _is_place(number: PdfObject) -> bool:
    return isinstance(number, int | float) and type(number) is not bool and abs(number) <= _FARTHEST


def keeps_its_place(pdf: PdfFile, widget: dict[str, Any]) -> bool:
    """Whether a widget draws inside its rectangle alone, to every reader: that is one (what is no annotation needs
    none), and each of its drawings has a box that is fitted to it."""
    placed = "Rect" in widget or pdf.resolve(widget.get("Subtype")) == "Widget"
    if placed and not is_rectangle(pdf, widget.get("Rect")):
        return False
    appearance = pdf.resolve(widget.get("AP"))
    if not isinstance(appearance, dict):
        return appearance is None
    rect = rectangle(pdf, widget.get("Rect"))
    drawings = _drawings(pdf, appearance)
    return drawings is not None and all(_fits(pdf, each, rect) for each in drawings)


def is_drawn(pdf: PdfFile, widget: dict[str, Any], *, ticks: bool = False) -> bool:
    """Whether a widget has a drawing of its own: readers make one for an empty /AP as for none.

    `ticks`: it is a button's, and draws nothing where it is /Off and has no face for that.
    """
    appearance = pdf.resolve(widget.get("AP"))
    drawing = pdf.resolve(appearance.get("N")) if isinstance(appearance, dict) else None
    if isinstance(drawing, dict):
        chosen = pdf.resolve(widget.get("AS"))
        if ticks and chosen == "Off" and chosen not in drawing:
            return any(isinstance(pdf.resolve(each), Stream) for each in drawing.values())
        return isinstance(chosen, str) and isinstance(pdf.resolve(drawing.get(chosen)), Stream)
    return isinstance(drawing, Stream)


def _fits(pdf: PdfFile, drawing: Stream, rect: Box) -> bool:
    """PDFium writes letters large, and beside the box, where it would have to make them very small."""
    if not is_rectangle(pdf, drawing.dict.get("BBox")):
        return _draws(pdf, drawing, frozenset()) is False
    x0, y0, x1, y1 = rectangle(pdf, drawing.dict["BBox"])
    if x0 == x1 or y0 == y1:
        return True
    matrix = _matrix(pdf, drawing.dict.get("Matrix"))
    if matrix is not None:
        a, b, c, d, *_ = matrix
        wide = abs(a) * (x1 - x0) + abs(c) * (y1 - y0)
        high = abs(b) * (x1 - x0) + abs(d) * (y1 - y0)
        if (
            0 < wide * _SMALLEST_SCALE <= rect[2] - rect[0]
            and 0 < high * _SMALLEST_SCALE <= rect[3] - rect[1]
        ):
            return True
    return _draws(pdf, drawing, _MAY_WRITE) is False


def _matrix(pdf: PdfFile, value: Any) -> list[float] | None:
    """The six numbers of a drawing's matrix; None for what is none."""
    found = pdf.resolve([1, 0, 0, 1, 0, 0] if value is None else value)
    resolved = [pdf.resolve(item) for item in found] if isinstance(found, list) else []
    numbers = [float(each) for each in resolved if isinstance(each, int | float) and _is_place(each)]
    return numbers if len(numbers) == len(resolved) == 6 else None


def _draws(pdf: PdfFile, drawing: Stream, kinds: frozenset[str]) -> bool | None:
    """Whether a drawing has any operator of these kinds (of any kind, without); None when nobody knows."""
    key = _draws, (drawing.start, drawing.length) if drawing.start >= 0 else drawing
    if key not in pdf.kept:
        pdf.kept[key] = _operators(pdf, drawing)
    found: frozenset[str] | None = pdf.kept[key]
    if found is None:
        return None
    return not found.isdisjoint(kinds) if kinds else bool(found)


def _operators(pdf: PdfFile, drawing: Stream) -> frozenset[str] | None:
    """The operators of a drawing, as long as not too much was read of this view."""
    left: int = pdf.kept.get(_operators, _LIMIT_OF_A_VIEW)
    if left <= 0:
        return None
    try:
        data = pdf.stream_data(drawing, _LIMIT)
        pdf.kept[_operators] = left - len(data) - _LEAST_COUNTED
        return frozenset(operator for operator, _ in operations(data))
    except DocumentRefused:
        pdf.kept[_operators] = pdf.kept.get(_operators, left) - _LEAST_COUNTED
        return None


def _drawings(pdf: PdfFile, appearance: dict[str, Any]) -> list[Stream] | None:
    """Every stream of an appearance dictionary, chosen now or not; None when there are too many."""
    found: list[Stream] = []
    for state in STATES:
        value = pdf.resolve(appearance.get(state))
        if isinstance(value, dict) and len(value) > _MOST_FACES:
            return None
        faces = [pdf.resolve(each) for each in value.values()] if isinstance(value, dict) else [value]
        found.extend(each for each in faces if isinstance(each, Stream))
    return found
