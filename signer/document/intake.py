"""Examine hostile bytes before anything else looks at them. Facts only: `policies.intake` decides.

1. raw bytes: header, end of file, cross-reference chain (what parsers forgive);
2. qpdf, through a stream, so that memory does not grow with the file: graph, pages, form, fonts;
3. the first page alone, without its pictures, by PDFium: is there a secrecy mark?

Runs in the sandbox. The caller MUST hand the facts to `policies.intake.decide` before using the file.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pikepdf
from pikepdf import settings

from policies.intake import DocumentFacts, IntakeLimits, secrecy_mark
from signer.document import intake_graph as graph
from signer.document.intake_bytes import ByteFacts, byte_facts
from signer.document.intake_text import first_page_lines

MAX_DAMAGE = 5
METADATA_BYTES = 4 << 20


def examine_file(path: Path, limits: IntakeLimits, password: str = "") -> DocumentFacts:
    """Facts of one file. Broken contents are facts too, so this raises only OSError.

    What would cost more than `limits` is not read: the facts then say which limit was passed, and hold the
    defaults for the rest.
    """
    raw = byte_facts(path, limits.xref_sections)
    facts = _raw_facts(raw)
    if _is_settled(facts, limits):
        return facts
    exceeded = _bound_qpdf(limits)
    try:
        facts = _examine_graph(path, facts, limits, password)
    except MemoryError:  # inside the sandbox: a filter without its own limit reached the address space's
        facts = replace(facts, decoded_over_limit=True)
    if settings.qpdf_limit_errors() > exceeded:
        facts = replace(facts, decoded_over_limit=True)
    return facts


def _raw_facts(raw: ByteFacts) -> DocumentFacts:
    return DocumentFacts(
        size=raw.size,
        header_offset=raw.header_offset,
        version=raw.version,
        truncated=raw.truncated,
        trailing_bytes=raw.trailing_bytes,
        xref_loop=raw.xref_loop,
        xref_sections=raw.xref_sections,
        objects=raw.declared_entries,
    )


def _is_settled(facts: DocumentFacts, limits: IntakeLimits) -> bool:
    """Whether the raw facts already rule the file out under every profile."""
    return (
        facts.size == 0
        or facts.size > limits.file_bytes
        or facts.header_offset < 0
        or facts.truncated
        or facts.xref_loop
        or facts.xref_sections > limits.xref_sections
        or facts.objects > limits.objects
    )


def _bound_qpdf(limits: IntakeLimits) -> int:
    """Set qpdf's process-wide limits; the count of times any of them was met so far."""
    settings.set_qpdf_limits(
        doc_max_warnings=1_000,
        parser_max_nesting=200,
        parser_max_container_size=2_000_000,
        flate_max_memory=limits.decoded_bytes,
        png_max_memory=limits.decoded_bytes,
        tiff_max_memory=limits.decoded_bytes,
        run_length_max_memory=limits.decoded_bytes,
    )
    return settings.qpdf_limit_errors()


def _examine_graph(path: Path, facts: DocumentFacts, limits: IntakeLimits, password: str) -> DocumentFacts:
    try:
        with _open(path, password, repair=False) as pdf:
            return _document_facts(pdf, facts, limits)
    except pikepdf.PasswordError:
        return replace(facts, encrypted=True)
    except (pikepdf.PdfError, *_BROKEN_VALUES) as exc:
        facts = replace(facts, damage=(_complaint(exc, path),))
    if facts.size > limits.repair_bytes:
        return facts
    try:
        with _open(path, password, repair=True) as pdf:
            return _document_facts(pdf, facts, limits)
    except pikepdf.PasswordError:
        return replace(facts, encrypted=True)
    except (pikepdf.PdfError, *_BROKEN_VALUES):
        return facts


# What pikepdf's conversions raise on values of another kind than the key promises.
_BROKEN_VALUES = (ValueError, TypeError, AttributeError, KeyError, IndexError, OverflowError, RuntimeError)


def _open(path: Path, password: str, *, repair: bool) -> pikepdf.Pdf:
    return pikepdf.open(
        path,
        password=password,
        attempt_recovery=repair,
        inherit_page_attributes=False,
        suppress_warnings=True,
        access_mode=pikepdf.AccessMode.stream,
    )


def _complaint(exc: Exception, path: Path) -> str:
    """The parser's words without the path of our work area."""
    return str(exc).replace(str(path), "").strip(" :()")[:200] or type(exc).__name__


def _document_facts(pdf: pikepdf.Pdf, facts: DocumentFacts, limits: IntakeLimits) -> DocumentFacts:
    objects = max(facts.objects, len(pdf.get_xref_table()))
    facts = replace(facts, readable=True, objects=objects, encrypted=pdf.is_encrypted)
    if objects > limits.objects:
        return facts
    tree = graph.walk_pages(pdf, limits)
    facts = replace(
        facts,
        declared_pages=tree.declared,
        pages=tree.pages,
        page_tree_depth=tree.depth,
        page_tree_loop=tree.loop,
        shapes=tuple(tree.shapes[: limits.pages]),
    )
    if tree.loop or tree.depth > limits.page_tree_depth or max(tree.pages, tree.declared) > limits.pages:
        return facts
    found = graph.walk_graph(pdf, limits.nodes)
    facts = replace(
        facts,
        walk_complete=found.complete,
        actions=tuple(sorted(found.actions)),
        active=tuple(sorted(found.active)),
        embedded_files=found.embedded_files,
        fonts_not_embedded=tuple(sorted(found.fonts_not_embedded)[:50]),
        xfa=graph.has_xfa(pdf),
        signatures=graph.signature_fields(pdf, limits.nodes),
        certification=graph.certification_level(pdf),
        pdfa=graph.pdfa_claim(pdf, METADATA_BYTES),
    )
    damage = [*facts.damage, *(_complaint(warning, Path(pdf.filename)) for warning in pdf.get_warnings())]
    mark = (
        secrecy_mark(first_page_lines(pdf, tree.first, limits.decoded_bytes))
        if tree.first is not None
        else ""
    )
    return replace(facts, damage=tuple(damage[:MAX_DAMAGE]), secrecy_mark=mark)
