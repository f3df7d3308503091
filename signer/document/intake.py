"""Examine hostile bytes before anything else looks at them. Facts only: `policies.intake` decides.

1. the strict reader opens the file: header, cross-reference chain, end;
2. pages are counted by walking, the object graph is searched for what is active, attached or signed;
3. the first page alone, without its pictures, goes to PDFium: is there a secrecy mark?
4. PDFium opens the whole file: do two readers see the same number of pages?

Runs in the sandbox. The caller MUST hand the facts to `policies.intake.decide` before using the file.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path

import pypdfium2

from policies.intake import DocumentFacts, IntakeLimits, PageShape, SignatureFact, secrecy_mark
from policies.reasons import document as reasons
from signer.document import intake_graph as graph
from signer.document.fields import form_fields, rectangle
from signer.document.history import after_end, begins_an_update
from signer.document.intake_text import marked_lines
from signer.document.objects import Name, ReaderLimits
from signer.document.pages import Page
from signer.document.reader import PdfFile
from signer.document.stray_fields import stray_signature_fields
from signer.errors import DocumentRefused

METADATA_BYTES = 4 << 20
MAX_NAMES = 50
_HEAD = 1_024
_LINEARIZED_LENGTH = re.compile(rb"/Linearized\b.*?/L\s+(\d{1,15})\b", re.DOTALL)


def examine_file(path: Path, limits: IntakeLimits) -> DocumentFacts:
    """Facts of one file. Broken contents are facts too, so this raises only OSError.

    What would cost more than `limits` is not read: the facts then say which limit was passed, or hold the
    reader's refusal, and the defaults for the rest.
    """
    with examined(path, limits) as (facts, _):
        return facts


@contextmanager
def examined(path: Path, limits: IntakeLimits) -> Iterator[tuple[DocumentFacts, PdfFile | None]]:
    """The facts of `examine_file`, with the file still open; None in its place where it could not be opened."""
    facts, pdf = _opened(path, limits)
    with pdf or nullcontext():
        if pdf is not None:
            try:
                facts = _second_reader(path, _examine(pdf, _frame(pdf, facts), limits))
            except DocumentRefused as exc:
                facts = _refused(facts, exc)
        yield facts, pdf


def _opened(path: Path, limits: IntakeLimits) -> tuple[DocumentFacts, PdfFile | None]:
    size = path.stat().st_size
    facts = DocumentFacts(size=size)
    if size == 0 or size > limits.file_bytes:
        return facts, None
    if _was_longer(path, size):
        return replace(facts, truncated=True), None
    try:
        return facts, PdfFile.open(path, limits=_reader_limits(limits))
    except DocumentRefused as exc:
        return _refused(facts, exc), None


def _was_longer(path: Path, size: int) -> bool:
    """A linearised file says how long it was when written; updates only make it longer (Annex F)."""
    with path.open("rb") as file:
        linearized = _LINEARIZED_LENGTH.search(file.read(_HEAD))
    return linearized is not None and int(linearized[1]) > size


def _refused(facts: DocumentFacts, refusal: DocumentRefused) -> DocumentFacts:
    values = tuple((key, str(value)[:200]) for key, value in refusal.values.items())
    return replace(facts, refusal=refusal.reason, refusal_values=values)


def _reader_limits(limits: IntakeLimits) -> ReaderLimits:
    return ReaderLimits(
        sections=limits.xref_sections,
        xref_bytes=limits.decoded_bytes,
        object_stream_bytes=limits.decoded_bytes,
        stream_bytes=limits.decoded_bytes,
        page_depth=limits.page_tree_depth,
        pages=limits.pages + 1,
    )


def _frame(pdf: PdfFile, facts: DocumentFacts) -> DocumentFacts:
    """What surrounds the objects: version, end of file, and what stands after it."""
    rest = after_end(pdf)
    return replace(
        facts,
        version=pdf.header,
        truncated=pdf.eof < 0 or begins_an_update(rest),
        trailing_bytes=len(rest),
        objects=pdf.next_object_number,
    )


def _examine(pdf: PdfFile, facts: DocumentFacts, limits: IntakeLimits) -> DocumentFacts:
    if facts.truncated or facts.objects > limits.objects:
        return facts
    try:
        declared = pdf.resolve(pdf.dictionary(pdf.catalog.get("Pages")).get("Count"))
        facts = replace(facts, declared_pages=declared if type(declared) is int else 0)
        if facts.declared_pages > limits.pages:
            return facts  # refused on its own word: nothing else is read
        facts = _pages(pdf, facts, limits)
        if facts.pages > limits.pages:
            return facts
        facts = _contents(pdf, facts, limits)
        if facts.pages:
            lines = marked_lines(pdf, pdf.page(0), limits.decoded_bytes)
            facts = replace(facts, secrecy_mark=secrecy_mark(lines))
    except DocumentRefused as exc:
        return _refused(facts, exc)
    return facts


def _pages(pdf: PdfFile, facts: DocumentFacts, limits: IntakeLimits) -> DocumentFacts:
    shapes: list[PageShape] = []
    while len(shapes) <= limits.pages:
        page = pdf.page_or_none(len(shapes))
        if page is None:
            break
        shapes.append(_shape(pdf, page))
    return replace(facts, pages=len(shapes), shapes=tuple(shapes[: limits.pages]))


def _shape(pdf: PdfFile, page: Page) -> PageShape:
    media, crop = rectangle(pdf, page.dict.get("MediaBox")), rectangle(pdf, page.dict.get("CropBox"))
    box = crop if crop != (0.0, 0.0, 0.0, 0.0) else media
    rotation = pdf.resolve(page.dict.get("Rotate"))
    turned = rotation % 360 if type(rotation) is int else 0
    width, height = box[2] - box[0], box[3] - box[1]
    return PageShape(height, width, turned) if turned in (90, 270) else PageShape(width, height, turned)


def _contents(pdf: PdfFile, facts: DocumentFacts, limits: IntakeLimits) -> DocumentFacts:
    found = graph.walk_graph(pdf, limits.nodes)
    return replace(
        facts,
        walk_complete=found.complete,
        damage=tuple(found.damage),
        actions=tuple(sorted(found.actions)),
        active=tuple(sorted(found.active)),
        embedded_files=found.embedded_files,
        fonts_not_embedded=tuple(sorted(found.fonts_not_embedded)[:MAX_NAMES]),
        xfa=graph.has_xfa(pdf),
        signatures=tuple(_signatures(pdf)),
        certification=graph.certification_level(pdf),
        pdfa=graph.pdfa_claim(pdf, METADATA_BYTES),
    )


def _signatures(pdf: PdfFile) -> list[SignatureFact]:
    found = []
    listed = form_fields(pdf, pages=False)
    for field in (*listed, *stray_signature_fields(pdf, listed)):
        if field.type == "Sig":
            value = field.value if isinstance(field.value, dict) else {}
            kind = pdf.resolve(value.get("SubFilter"))
            subfilter = str(kind)[:64] if isinstance(kind, Name) else ""
            found.append(SignatureFact(field.name[:1_000], signed="Contents" in value, subfilter=subfilter))
    return found


def _second_reader(path: Path, facts: DocumentFacts) -> DocumentFacts:
    """Two readers that count different pages would show and sign different documents."""
    if facts.refusal is not None or facts.pages == 0 or facts.pages != len(facts.shapes):
        return facts
    try:
        with pypdfium2.PdfDocument(path) as document:
            pages = len(document)
    except pypdfium2.PdfiumError:
        return replace(facts, damage=(*facts.damage, reasons.NOT_READABLE.id))
    if pages == facts.pages:
        return facts
    return replace(facts, damage=(*facts.damage, f"{facts.pages} ≠ {pages} trang"))
