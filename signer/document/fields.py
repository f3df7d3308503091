"""The form's fields with their widgets (ISO 32000-2, 12.7), walked without recursion, each node once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from policies.reasons import document as reasons
from signer.document.objects import PdfObject, Ref
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.errors import DocumentRefused

INHERITED = ("FT", "V", "DV", "Ff", "DA", "Q", "MaxLen")
_NUMBERS = frozenset((int, float))
_DEEPEST = 32
_MOST_FIELDS = 20_000


@dataclass(frozen=True, slots=True)
class Widget:
    """One place where a field is shown: its annotation, page (0 is the first, -1 when on no page) and
    rectangle (points, as written; normalised to x0 ≤ x1, y0 ≤ y1)."""

    ref: Ref
    page: int
    rect: tuple[float, float, float, float]
    dict: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FormField:
    """A terminal field. `dict` is its dictionary with inherited attributes filled in; `value` is /V resolved,
    `value_ref` the reference that /V is (None when it is direct); `nodes` are the objects from the root of
    the form down to the field, itself last."""

    name: str
    ref: Ref
    type: str
    value: PdfObject
    value_ref: Ref | None
    flags: int
    widgets: tuple[Widget, ...]
    dict: dict[str, Any]
    nodes: tuple[Ref, ...]

    @property
    def page(self) -> int:
        """The page of the first widget; -1 when there is none."""
        return self.widgets[0].page if self.widgets else -1


@dataclass(frozen=True, slots=True)
class _Node:
    ref: Ref
    merged: dict[str, Any]
    name: str
    nodes: tuple[Ref, ...]
    widgets: tuple[tuple[Ref, dict[str, Any]], ...]


def form_fields(pdf: PdfFile, *, pages: bool = True) -> tuple[FormField, ...]:
    """Every terminal field of the form, in the order of the form.

    `pages=False` spares the walk over the page tree; widgets then have page -1. Raises `DocumentRefused` for
    a form that loops, is too deep or too large, or is not made as the standard says. Walked once for a view.
    """
    key = form_fields, pages
    if key not in pdf.kept:
        pdf.kept[key] = _read_form(pdf, pages)
    found: tuple[FormField, ...] = pdf.kept[key]
    return found


def _read_form(pdf: PdfFile, pages: bool) -> tuple[FormField, ...]:
    form = pdf.dictionary(pdf.catalog.get("AcroForm"))
    found = list(_terminals(pdf, pdf.array(form.get("Fields"))))
    places = _places(pdf, [w for node in found for w in node.widgets]) if pages else {}
    return tuple(_field(pdf, node, places) for node in found)


def _terminals(pdf: PdfFile, roots: list[Any]) -> Iterator[_Node]:
    seen: set[int] = set()
    stack: list[tuple[Iterator[Any], str, dict[str, Any], tuple[Ref, ...]]] = [(iter(roots), "", {}, ())]
    while stack:
        kids, path, inherited, above = stack[-1]
        ref = next(kids, None)
        if ref is None:
            stack.pop()
            continue
        node = pdf.resolve(ref)
        if node is None:
            continue
        if not isinstance(ref, Ref) or not isinstance(node, dict):
            raise DocumentRefused(reasons.WRONG_TYPE, what="/Fields")
        if ref.num in seen or len(stack) > _DEEPEST or len(seen) > _MOST_FIELDS:
            raise DocumentRefused(reasons.FORM_TREE_BROKEN)
        seen.add(ref.num)
        name = _joined(path, pdf.resolve(node.get("T")))
        merged = {**{key: inherited[key] for key in INHERITED if key in inherited}, **node}
        nodes = (*above, ref)
        below = [(kid, pdf.resolve(kid)) for kid in pdf.array(node.get("Kids"))]
        if any(isinstance(kid, dict) and "T" in kid for _, kid in below):
            stack.append((iter([kid for kid, _ in below]), name, merged, nodes))
            continue
        yield _Node(ref, merged, name, nodes, _own_widgets(ref, node, below, seen))


def _own_widgets(
    ref: Ref, node: dict[str, Any], below: list[tuple[Any, PdfObject]], seen: set[int]
) -> tuple[tuple[Ref, dict[str, Any]], ...]:
    widgets = [(ref, node)] if node.get("Subtype") == "Widget" else []
    for kid, value in below:
        if isinstance(kid, Ref) and isinstance(value, dict):
            if kid.num in seen:
                raise DocumentRefused(reasons.FORM_TREE_BROKEN)
            seen.add(kid.num)
            widgets.append((kid, value))
    return tuple(widgets)


def _joined(path: str, partial: PdfObject) -> str:
    if not isinstance(partial, bytes):
        return path
    name = text_string(partial)
    return f"{path}.{name}" if path else name


def _field(pdf: PdfFile, node: _Node, places: dict[int, int]) -> FormField:
    value = node.merged.get("V")
    kind = pdf.resolve(node.merged.get("FT"))
    flags = pdf.resolve(node.merged.get("Ff"))
    widgets = tuple(
        Widget(ref, places.get(ref.num, -1), rectangle(pdf, widget.get("Rect")), widget)
        for ref, widget in node.widgets
    )
    return FormField(
        name=node.name,
        ref=node.ref,
        type=str(kind) if isinstance(kind, str) else "",
        value=pdf.resolve(value),
        value_ref=value if isinstance(value, Ref) else None,
        flags=flags if type(flags) is int else 0,
        widgets=widgets,
        dict=node.merged,
        nodes=node.nodes,
    )


def rectangle(pdf: PdfFile, value: Any) -> tuple[float, float, float, float]:
    """A rectangle with its corners in order; all zero when it is missing or none."""
    found = pdf.resolve(value)
    if not isinstance(found, list) or len(found) != 4:
        return (0.0, 0.0, 0.0, 0.0)
    numbers = [pdf.resolve(item) if isinstance(item, Ref) else item for item in found]
    if not _NUMBERS.issuperset(map(type, numbers)):
        return (0.0, 0.0, 0.0, 0.0)
    a, b, c, d = (float(n) for n in numbers if isinstance(n, int | float))
    return (min(a, c), min(b, d), max(a, c), max(b, d))


def _places(pdf: PdfFile, widgets: list[tuple[Ref, dict[str, Any]]]) -> dict[int, int]:
    """Page index by widget object number: by /P first, and by each page's /Annots for those without."""
    waiting: dict[int, list[int]] = {}
    lost = {ref.num for ref, _ in widgets}
    for ref, widget in widgets:
        page = widget.get("P")
        if isinstance(page, Ref):
            waiting.setdefault(page.num, []).append(ref.num)
            lost.discard(ref.num)
    places: dict[int, int] = {}
    index = 0
    while waiting or lost:
        page = pdf.page_or_none(index)
        if page is None:
            break
        for num in waiting.pop(page.ref.num, ()):
            places[num] = index
        if lost:
            for annotation in pdf.array(page.dict.get("Annots")):
                if isinstance(annotation, Ref) and annotation.num in lost:
                    places[annotation.num] = index
                    lost.discard(annotation.num)
        index += 1
    return places
