"""Facts that are read from the object graph with qpdf: pages, actions, attachments, signatures, fonts.

Every walk is bounded and knows what it has seen; nothing recurses; no stream is decoded except metadata.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pikepdf

from policies.intake import IntakeLimits, PageShape, SignatureFact

ACTION_TYPES = frozenset(
    {
        "GoTo", "GoToR", "GoToE", "Launch", "Thread", "URI", "Sound", "Movie", "Hide", "Named", "SubmitForm",
        "ResetForm", "ImportData", "JavaScript", "SetOCGState", "Rendition", "Trans", "GoTo3DView",
        "RichMediaExecute", "GoToDp",
    }
)  # fmt: skip
ACTIVE_ANNOTATIONS = frozenset({"Movie", "Sound", "Screen", "3D", "RichMedia"})
# Leads up again, or to what holds no action: structure, glyphs, pixels.
_SKIPPED = frozenset(
    {
        "/Parent",
        "/P",
        "/StructTreeRoot",
        "/FontFile",
        "/FontFile2",
        "/FontFile3",
        "/W",
        "/Widths",
        "/Differences",
    }
)
_PDFAID = re.compile(rb"""pdfaid:(part|conformance)\s*(?:=\s*["']\s*(\w+)\s*["']|>\s*(\w+)\s*<)""", re.ASCII)


@dataclass(slots=True)
class Graph:
    """What a walk from the catalog found."""

    complete: bool = True
    actions: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    embedded_files: int = 0
    fonts_not_embedded: set[str] = field(default_factory=set)


@dataclass(slots=True)
class PageTree:
    """What a walk over the page tree found; `first` is the first page's dictionary."""

    declared: int = 0
    pages: int = 0
    depth: int = 0
    loop: bool = False
    shapes: list[PageShape] = field(default_factory=list)
    first: pikepdf.Dictionary | None = None


def walk_graph(pdf: pikepdf.Pdf, limit: int) -> Graph:
    """Look at every dictionary that the catalog leads to, at most `limit` values."""
    graph = Graph()
    seen: set[tuple[int, int]] = set()
    todo: list[Any] = [pdf.trailer]
    while todo:
        node = todo.pop()
        if node.is_indirect:
            if node.objgen in seen:
                continue
            seen.add(node.objgen)
        children = list(_children(node))
        limit -= 1 + len(children)
        if limit < 0:
            graph.complete = False
            return graph
        if not isinstance(node, pikepdf.Array):
            _judge(node, graph)
        todo += children
    return graph


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, pikepdf.Array):
        values = iter(node)
    else:
        values = (value for key, value in node.items() if key not in _SKIPPED)
    return (
        value for value in values if isinstance(value, pikepdf.Dictionary | pikepdf.Array | pikepdf.Stream)
    )


def _judge(node: Any, graph: Graph) -> None:
    kind = name_of(node.get("/S"))
    if kind in ACTION_TYPES and name_of(node.get("/Type")) in ("", "Action"):
        graph.actions.add(kind)
    if "/JS" in node:
        graph.actions.add("JavaScript")
    subtype = name_of(node.get("/Subtype"))
    if subtype in ACTIVE_ANNOTATIONS and "/Rect" in node:
        graph.active.add(subtype)
    if "/EF" in node or (subtype == "FileAttachment" and "/Rect" in node):
        graph.embedded_files += 1
    if name_of(node.get("/Type")) == "Font" and not _is_embedded(node, subtype):
        graph.fonts_not_embedded.add(name_of(node.get("/BaseFont"))[:127])


def _is_embedded(font: Any, subtype: str) -> bool:
    if subtype in ("Type0", "Type3"):  # the descendant is judged; Type 3 glyphs are streams
        return True
    descriptor = font.get("/FontDescriptor")
    files = ("/FontFile", "/FontFile2", "/FontFile3")
    return isinstance(descriptor, pikepdf.Dictionary) and any(key in descriptor for key in files)


def name_of(value: Any) -> str:
    """A name without its slash; "" for what is not a name."""
    return str(value)[1:] if isinstance(value, pikepdf.Name) else ""


def walk_pages(pdf: pikepdf.Pdf, limits: IntakeLimits) -> PageTree:
    """Count pages from first to last, at most one more than the limit, and note their shapes."""
    tree = PageTree()
    root = pdf.Root.get("/Pages")
    if not isinstance(root, pikepdf.Dictionary):
        return tree
    tree.declared = _integer(root.get("/Count"))
    if tree.declared > limits.pages:
        return tree  # refused on its own word: nothing else is read
    seen: set[tuple[int, int]] = set()
    todo: list[tuple[Any, int, dict[str, Any]]] = [(root, 1, {})]
    while todo and tree.pages <= limits.pages:
        node, depth, inherited = todo.pop()
        if not isinstance(node, pikepdf.Dictionary):
            continue
        if node.is_indirect and node.objgen in seen:
            tree.loop = True
            return tree
        seen.add(node.objgen)
        tree.depth = max(tree.depth, depth)
        if tree.depth > limits.page_tree_depth:
            return tree
        inherited = inherited | {key: node[key] for key in _INHERITED if key in node}
        kids = node.get("/Kids")
        if isinstance(kids, pikepdf.Array):
            room = limits.pages + 1
            todo += reversed([(kid, depth + 1, inherited) for kid, _ in zip(kids, range(room), strict=False)])
        else:
            _note_page(tree, node, inherited)
    return tree


_INHERITED = ("/MediaBox", "/CropBox", "/Rotate", "/Resources")


def _note_page(tree: PageTree, page: pikepdf.Dictionary, inherited: dict[str, Any]) -> None:
    tree.pages += 1
    tree.shapes.append(_shape(inherited))
    if tree.first is None:
        tree.first = page
        for key, value in inherited.items():
            page[key] = value  # in memory only, so that the page can be looked at alone


def _shape(attributes: dict[str, Any]) -> PageShape:
    box = _rectangle(attributes.get("/CropBox")) or _rectangle(attributes.get("/MediaBox")) or (0, 0, 0, 0)
    rotation = _integer(attributes.get("/Rotate")) % 360
    width, height = abs(box[2] - box[0]), abs(box[3] - box[1])
    return PageShape(height, width, rotation) if rotation in (90, 270) else PageShape(width, height, rotation)


def _rectangle(value: Any) -> tuple[float, ...] | None:
    if not isinstance(value, pikepdf.Array) or len(value) != 4:
        return None
    try:
        return tuple(float(number) for number in value)
    except (TypeError, ValueError, OverflowError):
        return None


def _integer(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def signature_fields(pdf: pikepdf.Pdf, limit: int) -> tuple[SignatureFact, ...]:
    """Signature fields of the interactive form, in the order of its tree."""
    form = pdf.Root.get("/AcroForm")
    if not isinstance(form, pikepdf.Dictionary) or not isinstance(form.get("/Fields"), pikepdf.Array):
        return ()
    found: list[SignatureFact] = []
    seen: set[tuple[int, int]] = set()
    todo: list[tuple[Any, str, str]] = [(item, "", "") for item in reversed(list(form.Fields))]
    while todo and limit > 0:
        node, prefix, kind = todo.pop()
        limit -= 1
        if not isinstance(node, pikepdf.Dictionary) or (node.is_indirect and node.objgen in seen):
            continue
        seen.add(node.objgen)
        kind = name_of(node.get("/FT")) or kind
        name = _full_name(prefix, node.get("/T"))
        if kind == "Sig" and ("/T" in node or "/V" in node):
            found.append(_signature(name, node.get("/V")))
        kids = node.get("/Kids")
        if isinstance(kids, pikepdf.Array):
            todo += [(kid, name, kind) for kid in reversed(list(kids))]
    return tuple(found)


def _full_name(prefix: str, title: Any) -> str:
    if not isinstance(title, pikepdf.String):
        return prefix
    return f"{prefix}.{str(title)[:200]}".removeprefix(".")[:1_000]


def _signature(name: str, value: Any) -> SignatureFact:
    if not isinstance(value, pikepdf.Dictionary):
        return SignatureFact(name, signed=False)
    return SignatureFact(name, signed="/Contents" in value, subfilter=name_of(value.get("/SubFilter"))[:64])


def certification_level(pdf: pikepdf.Pdf) -> int | None:
    """DocMDP level P (1 to 3) of a certified document, None otherwise (ISO 32000-1, 12.8.2.2)."""
    node: Any = pdf.Root.get("/Perms")
    for key in ("/DocMDP", "/Reference"):
        if not isinstance(node, pikepdf.Dictionary):
            return None
        node = node.get(key)
    level = 2
    for reference in list(node)[:16] if isinstance(node, pikepdf.Array) else []:
        parameters = reference.get("/TransformParams") if isinstance(reference, pikepdf.Dictionary) else None
        if isinstance(parameters, pikepdf.Dictionary):
            level = _integer(parameters.get("/P")) or level
    return level


def has_xfa(pdf: pikepdf.Pdf) -> bool:
    """Whether the interactive form has XFA, or the catalog asks for XFA rendering."""
    form = pdf.Root.get("/AcroForm")
    return "/NeedsRendering" in pdf.Root or (isinstance(form, pikepdf.Dictionary) and "/XFA" in form)


def pdfa_claim(pdf: pikepdf.Pdf, limit: int) -> str:
    """What the XMP metadata claim, such as "2B"; "" for none. A claim, not a finding (ISO 19005-2, 6.6.4)."""
    metadata = pdf.Root.get("/Metadata")
    if not isinstance(metadata, pikepdf.Stream) or not 0 < _integer(metadata.get("/Length")) <= limit:
        return ""
    raw = metadata.read_raw_bytes()
    if "/Filter" in metadata:
        try:
            raw = zlib.decompressobj().decompress(raw, limit)
        except zlib.error:
            return ""
    found = {key: (first or second).decode() for key, first, second in _PDFAID.findall(raw)}
    return found.get(b"part", "") + found.get(b"conformance", "").upper() if b"part" in found else ""
