"""What the object graph holds besides pages: actions, attachments, active annotations, fonts.

The walk is bounded, takes each object once, does not recurse and decodes no stream but object streams.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from signer.document.objects import Name, Ref, Stream
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

ACTION_TYPES = frozenset(
    {
        "GoTo", "GoToR", "GoToE", "Launch", "Thread", "URI", "Sound", "Movie", "Hide", "Named", "SubmitForm",
        "ResetForm", "ImportData", "JavaScript", "SetOCGState", "Rendition", "Trans", "GoTo3DView",
        "RichMediaExecute", "GoToDp",
    }
)  # fmt: skip
ACTIVE_ANNOTATIONS = frozenset({"Movie", "Sound", "Screen", "3D", "RichMedia"})
# What holds no action: structure, glyphs. /Parent is followed: an orphan field may carry actions there.
_SKIPPED = frozenset({"StructTreeRoot", "FontFile", "FontFile2", "FontFile3", "W", "Widths", "Differences"})
_FONT_FILES = ("FontFile", "FontFile2", "FontFile3")
_PDFAID = re.compile(rb"""pdfaid:(part|conformance)\s*(?:=\s*["']\s*(\w+)\s*["']|>\s*(\w+)\s*<)""", re.ASCII)


@dataclass(slots=True)
class Graph:
    """What a walk from the trailer found. `complete` is False when the limit ended it; `damage` are the
    refusals met on single objects, at most five."""

    complete: bool = True
    actions: set[str] = field(default_factory=set)
    active: set[str] = field(default_factory=set)
    embedded_files: int = 0
    fonts_not_embedded: set[str] = field(default_factory=set)
    damage: list[str] = field(default_factory=list)


def walk_graph(pdf: PdfFile, limit: int) -> Graph:
    """Look at every dictionary that the trailer leads to, at most `limit` values."""
    graph = Graph()
    seen: set[Ref] = set()
    values: list[Any] = [pdf.trailer]
    while values:
        references: set[Ref] = set()
        while values:
            node = values.pop()
            children = list(_children(node))
            limit -= 1 + len(children)
            if limit < 0:
                graph.complete = False
                return graph
            if not isinstance(node, list):
                _judge(pdf, node.dict if isinstance(node, Stream) else node, graph)
            for child in children:
                if isinstance(child, Ref):
                    references.add(child)
                else:
                    values.append(child)
        values = list(_resolved(pdf, sorted(references - seen, key=lambda ref: _place(pdf, ref)), graph))
        seen |= references
    return graph


def _place(pdf: PdfFile, ref: Ref) -> tuple[int, int]:
    """Objects of one object stream together: it is then unpacked once."""
    entry = pdf.entry(ref.num)
    return (entry.where, entry.extra) if entry is not None else (0, 0)


def _resolved(pdf: PdfFile, references: list[Ref], graph: Graph) -> Iterator[Any]:
    for ref in references:
        try:
            value = pdf.resolve(ref)
        except DocumentRefused as exc:
            if len(graph.damage) < 5:
                graph.damage.append(str(exc)[:200])
            continue
        if isinstance(value, dict | list | Stream):
            yield value


def _children(node: Any) -> Iterator[Any]:
    if isinstance(node, list):
        return (value for value in node if isinstance(value, dict | list | Ref))
    entries = node.dict if isinstance(node, Stream) else node
    return (
        value
        for key, value in entries.items()
        if key not in _SKIPPED and isinstance(value, dict | list | Ref)
    )


def _judge(pdf: PdfFile, node: dict[str, Any], graph: Graph) -> None:
    if not node.keys() & _TELLING:
        return
    kind = _name(pdf, node.get("S"))
    type_ = _name(pdf, node.get("Type"))
    if kind in ACTION_TYPES and type_ in ("", "Action"):
        graph.actions.add(kind)
    if "JS" in node:
        graph.actions.add("JavaScript")
    subtype = _name(pdf, node.get("Subtype"))
    if subtype in ACTIVE_ANNOTATIONS and "Rect" in node:
        graph.active.add(subtype)
    if "EF" in node or (subtype == "FileAttachment" and "Rect" in node):
        graph.embedded_files += 1
    if type_ == "Font" and not _is_embedded(pdf, node, subtype):
        graph.fonts_not_embedded.add(_name(pdf, node.get("BaseFont"))[:127])


_TELLING = frozenset({"S", "JS", "Subtype", "EF"})


def _is_embedded(pdf: PdfFile, font: dict[str, Any], subtype: str) -> bool:
    if subtype in ("Type0", "Type3"):  # the descendant is judged; Type 3 glyphs are streams
        return True
    descriptor = pdf.resolve(font.get("FontDescriptor"))
    return isinstance(descriptor, dict) and any(key in descriptor for key in _FONT_FILES)


def _name(pdf: PdfFile, value: Any) -> str:
    """As far as all readers take it: some end it at a null character."""
    found = pdf.resolve(value) if isinstance(value, Ref) else value
    return found.partition("\0")[0] if isinstance(found, Name) else ""


def certification_level(pdf: PdfFile) -> int | None:
    """DocMDP level P (1 to 3) of a certified document, None otherwise (ISO 32000-2, 12.8.2.2)."""
    permissions = pdf.dictionary(pdf.catalog.get("Perms"))
    if "DocMDP" not in permissions:
        return None
    level: object = None
    for reference in pdf.array(pdf.dictionary(permissions["DocMDP"]).get("Reference"))[:16]:
        parameters = pdf.dictionary(pdf.dictionary(reference).get("TransformParams"))
        level = pdf.resolve(parameters.get("P")) or level
    return level if type(level) is int else 2


def has_xfa(pdf: PdfFile) -> bool:
    """Whether the interactive form has XFA, or the catalog asks for XFA rendering."""
    return "XFA" in pdf.dictionary(pdf.catalog.get("AcroForm")) or "NeedsRendering" in pdf.catalog


def pdfa_claim(pdf: PdfFile, limit: int) -> str:
    """What the XMP metadata claim, such as "2B"; "" for none. A claim, not a finding (ISO 19005-2, 6.6.4)."""
    metadata = pdf.resolve(pdf.catalog.get("Metadata"))
    if not isinstance(metadata, Stream):
        return ""
    packet = pdf.stream_data(metadata, limit)
    found = {key: (first or second).decode() for key, first, second in _PDFAID.findall(packet)}
    return found[b"part"] + found.get(b"conformance", "").upper() if b"part" in found else ""
