"""The order of the check: what the file claims, frame, objects, catalog, graph, pages, fonts, form, signatures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from policies.reasons import document as reasons
from signer.document.objects import ReaderLimits
from signer.document.pdfa import actions, attachments, colour, file_structure, fonts, forms, graph, images
from signer.document.pdfa.annotations import annotation_rule
from signer.document.pdfa.content import Contents
from signer.document.pdfa.context import Context, PdfaLimits
from signer.document.pdfa.metadata import check_metadata, read_metadata
from signer.document.pdfa.object_syntax import check_object_syntax
from signer.document.pdfa.parts import PART_2, READER
from signer.document.pdfa.report import PdfaFinding, PdfaReport
from signer.document.pdfa.signatures import check_signatures
from signer.document.pdfa.transparency import check_transparency
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

BOXES = ("MediaBox", "CropBox", "BleedBox", "TrimBox", "ArtBox")
SMALLEST, LARGEST = 3, 14_400
_GRAPH_RULES: tuple[graph.Rule, ...] = (
    actions.action_rule,
    attachments.file_specification_rule,
    annotation_rule,
    colour.state_rule,
    colour.halftone_rule,
    images.external_object_rule,
    fonts.font_rule,
)
_DEFAULT = PdfaLimits()
_UNREAD = {reasons.ENCRYPTED.id: "6.1.3-2", reasons.TOO_MANY_OBJECTS.id: "6.1.13-7"}


def check(path: Path, limits: PdfaLimits = _DEFAULT, password: str | None = None) -> PdfaReport:
    """Check a file against level B of the part of ISO 19005 that it claims, as far as `docs/pdfa.md` lists; against
    part 2 when it claims none that is known. `password` opens an encrypted file, which is a finding all the same.

    Runs in the sandbox. Raises `DocumentRefused` when the file cannot be read as PDF at all; encryption that is not
    opened and too many objects, which end the reading too, are reported as the rules that they break.
    """
    return _report(lambda given: PdfFile.open(path, limits=given, password=password), limits)


def check_open(pdf: PdfFile, limits: PdfaLimits = _DEFAULT) -> PdfaReport:
    """The same for a file that is open, whatever its reader's limits are. Raises as `check`."""
    return _report(pdf.within, limits)


def _report(opened: Callable[[ReaderLimits], PdfFile], limits: PdfaLimits) -> PdfaReport:
    try:
        with opened(ReaderLimits(stream_bytes=limits.stream_bytes)) as pdf:
            return _checked(Context(pdf, limits))
    except DocumentRefused as exc:
        if exc.reason.id not in _UNREAD:
            raise
        rule = _UNREAD[exc.reason.id]
        return PdfaReport("", (PdfaFinding(rule, str(exc), area=PART_2.area(rule)),), complete=False)


def _checked(context: Context) -> PdfaReport:
    metadata = read_metadata(context)
    with context.reading():
        file_structure.check_file_structure(context)
    if _is_too_large(context):
        context.complete = False
        return _found(context)
    check_object_syntax(context)
    with context.reading():
        colour.check_output_intents(context)
    with context.reading():
        check_metadata(context, metadata)
    with context.reading():
        actions.check_catalog(context)
    with context.reading():
        graph.walk(context, _GRAPH_RULES)
    attachments.check_associated(context)
    _pages(context)
    with context.reading():
        forms.check_form(context)
    check_signatures(context)
    return _found(context)


def _found(context: Context) -> PdfaReport:
    return PdfaReport(
        context.claims,
        tuple(context.findings.values()),
        context.complete,
        tuple(sorted(context.unexamined)),
        f"{context.part.name}B",
    )


def _is_too_large(context: Context) -> bool:
    """Whether the file is beyond the limits by its own words; then nothing in it is looked at."""
    pages = context.integer(context.dictionary(context.pdf.catalog.get("Pages")).get("Count")) or 0
    return pages > context.limits.pages or context.pdf.next_object_number > context.limits.objects


def _pages(context: Context) -> None:
    contents = Contents(context, budget=context.limits.tokens)
    index = 0
    with context.reading():
        while (page := context.pdf.page_or_none(index)) is not None:
            index += 1
            if index > context.limits.pages:
                context.complete = False
                break
            with context.reading(page.ref.num):
                _page(context, contents, page.dict, page.ref.num)
    if not index:
        context.fail(READER, "the file has no pages")
    for use in contents.fonts.values():
        with context.reading(use.number):
            fonts.check_font(context, use)


def _page(context: Context, contents: Contents, page: dict[str, Any], number: int) -> None:
    for key in BOXES:
        if key in page:
            _box(context, key, page[key], number)
    actions.page_rule(context, page, number)
    check_transparency(context, page, number)
    colour.check_blending(context, page, number)
    own = context.dictionary(context.dictionary(context.pdf.get(number)).get("Resources"))
    contents.page(page, own, number)
    for item in context.array(page.get("Annots")):
        normal = context.dictionary(context.dictionary(item).get("AP")).get("N")
        states = context.get(normal)
        appearances = list(states.values()) if isinstance(states, dict) else [normal]
        if not contents.pay(1 + len(appearances)):
            return
        for appearance in appearances:
            contents.form(appearance, {}, 1, None)


def _box(context: Context, key: str, value: Any, number: int) -> None:
    corners = [context.number(item) for item in context.array(value)]
    if len(corners) != 4 or None in corners:
        context.fail("6.1.13-11", f"/{key} is no rectangle", number)
        return
    x0, y0, x1, y1 = (corner or 0.0 for corner in corners)
    sound = all(SMALLEST <= abs(side) <= LARGEST for side in (x1 - x0, y1 - y0))
    context.require(sound, "6.1.13-11", f"/{key} is {abs(x1 - x0):g} × {abs(y1 - y0):g} units", number)
