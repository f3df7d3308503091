"""Signature widgets that stand on a page and in no list of the form: some readers show them, others do not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from signer.document.fields import INHERITED, FormField, Widget, rectangle
from signer.document.objects import Ref
from signer.document.pages import Page
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.errors import DocumentRefused

_DEEPEST = 32
_MOST_PAGES = 10_000
_MOST_STRAYS = 100


def stray_signature_fields(pdf: PdfFile, listed: Iterable[FormField]) -> tuple[FormField, ...]:
    """The signed widgets of the pages that no field of the form (`listed`) owns, at most a hundred.

    Looks at the first 10,000 pages, as far as their tree can be read. `ref` of a widget that is written directly
    into its page's list is the page's.
    """
    known = {ref.num for field in listed for ref in (*field.nodes, *(w.ref for w in field.widgets))}
    found: list[FormField] = []
    try:
        for page in _pages(pdf):
            for item in pdf.array(page.dict.get("Annots")):
                if isinstance(item, Ref) and item.num in known:
                    continue
                field = _signed_widget(pdf, page, item)
                if field is not None and len(found) < _MOST_STRAYS:
                    known.add(field.ref.num if isinstance(item, Ref) else -1)
                    found.append(field)
    except DocumentRefused:  # pages that cannot be read show nothing; who needs them refuses
        return tuple(found)
    return tuple(found)


def _pages(pdf: PdfFile) -> Iterator[Page]:
    for index in range(_MOST_PAGES):
        page = pdf.page_or_none(index)
        if page is None:
            return
        if "Annots" in page.dict:
            yield page


def _signed_widget(pdf: PdfFile, page: Page, item: Any) -> FormField | None:
    annotation = pdf.resolve(item)
    if not isinstance(annotation, dict) or pdf.resolve(annotation.get("Subtype")) != "Widget":
        return None
    entries, names = _with_parents(pdf, annotation)
    value = pdf.resolve(entries.get("V"))
    if not isinstance(value, dict) or "Contents" not in value or "ByteRange" not in value:
        return None
    ref = item if isinstance(item, Ref) else page.ref
    return FormField(
        name=".".join(names),
        ref=ref,
        type="Sig",
        value=value,
        value_ref=entries["V"] if isinstance(entries["V"], Ref) else None,
        flags=0,
        widgets=(Widget(ref, page.index, rectangle(pdf, annotation.get("Rect")), annotation),),
        dict=entries,
        nodes=(ref,),
    )


def _with_parents(pdf: PdfFile, annotation: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The widget's entries with what it inherits, and the partial names from the top down."""
    entries: dict[str, Any] = dict(annotation)
    names: list[str] = []
    node: Any = annotation
    for _ in range(_DEEPEST):
        partial = pdf.resolve(node.get("T"))
        if isinstance(partial, bytes):
            names.insert(0, text_string(partial))
        node = pdf.resolve(node.get("Parent"))
        if not isinstance(node, dict):
            break
        entries = {**{key: node[key] for key in INHERITED if key in node}, **entries}
    return entries, names
