"""Step 2 of the path: one revision, before the first signature, that creates every field that is ever needed.

    1. refuse      a file that is signed, certified or prepared already
    2. fonts       embedded once, named in /DR and in each /DA
    3. fields      in the order of the acts, each signature with its lock
    4. pages       widgets; a transparency group where stamps would meet no output intent
    5. QR          page content, if the agency wants one
    6. form        /SigFlags 3, no /NeedAppearances

Nothing of this is rewritten later: after the leader's signature only /V and /AP of number and date, and the
seal, change. Unsigned and unfilled widgets have no /AP: one that exists before makes validators report a
change of the page.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from policies.layout import POINTS_PER_MM, Box, Rect
from policies.reasons import document as reasons
from policies.vocabulary import FieldRole
from signer.creation import form
from signer.creation.append import Revision
from signer.creation.content import add_qr
from signer.creation.plan import SIGNED, Act, PreparationPlan, acts
from signer.document.reader import Page, PdfFile
from signer.document.signature_fields import signatures
from signer.document.syntax import Name, Ref
from signer.document.text_strings import encode_text
from signer.errors import DocumentRefused
from signer.stages import Appended
from signer.stamping.appearance import CAL_RGB, Colours, tidy
from signer.stamping.typefaces import DIGITS, NUMBER_LETTERS, Face, embed, typeface

ROMAN = "AnTinRoman"
ITALIC = "AnTinItalic"
_RIGHT, _CENTRED = 2, 1
_TITLES = {
    FieldRole.LEADER: "Chữ ký số của lãnh đạo",
    FieldRole.INITIAL: "Ký nháy",
    FieldRole.NUMBER: "Số văn bản",
    FieldRole.DATE: "Thời gian ban hành",
    FieldRole.SEAL: "Chữ ký số của cơ quan",
}
_SMALLEST = POINTS_PER_MM  # a box less than 1 mm high or wide is a mistake


def prepare(path: Path, plan: PreparationPlan) -> Appended:
    """The revision that creates the fields of `plan` in the file at `path`, which stays as it is.

    Raises `DocumentRefused` when the file is signed, certified or prepared already, when a box lies outside
    its page or a name is used twice, or when the form cannot be extended safely.
    """
    with PdfFile.open(path) as pdf:
        refuse_signed(pdf, plan)
        revision = Revision(pdf)
        compose(revision, path, plan)
        return revision.appended()


def compose(revision: Revision, path: Path, plan: PreparationPlan) -> None:
    """Put the fields of `plan` into a revision behind the file at `path`. Raises as `prepare`."""
    pdf, ordered = revision.pdf, acts(plan)
    colours = form.output_colours(pdf)
    pages = {index: pdf.page(index) for index in sorted({act.box.page for act in ordered})}
    for act in ordered:
        _check_box(act.box, pages[act.box.page], pdf)
    fonts = _fonts(revision, ordered)
    refs = [revision.add(_field(revision, act, pages[act.box.page])) for act in ordered]
    for index, page in pages.items():
        widgets = [ref for ref, act in zip(refs, ordered, strict=True) if act.box.page == index]
        form.add_to_page(revision, page.ref, widgets)
        if colours is Colours.NONE:
            _add_group(revision, page.ref)
    if plan.qr is not None:
        _check_rect(plan.qr.rect, "QR", pdf.page(plan.qr.page), pdf)
        add_qr(revision, path, plan.qr, pdf.page(plan.qr.page), colours)
    form.add_to_form(revision, refs, fonts)


def refuse_signed(pdf: PdfFile, plan: PreparationPlan) -> None:
    """Raise `DocumentRefused` when the file is signed or certified, or has a field of this plan already."""
    ordered = acts(plan)
    known = form.fields(pdf)
    signed = [item.name for item in signatures(pdf)]  # those that a later revision hides, too
    if signed:
        raise DocumentRefused(reasons.ALREADY_SIGNED, count=len(signed), fields=", ".join(signed)[:200])
    permissions = pdf.dictionary(pdf.catalog.get("Perms"))
    if permissions:
        raise DocumentRefused(reasons.CERTIFIED, level="/" + "/".join(sorted(permissions))[:40])
    for act in ordered:
        if act.box.name in known:
            raise DocumentRefused(reasons.ALREADY_PREPARED, name=act.box.name)


def _check_box(box: Box, page: Page, pdf: PdfFile) -> None:
    if box.role in SIGNED and not box.rect.visible and (box.rect.width, box.rect.height) == (0, 0):
        return  # an invisible signature
    _check_rect(box.rect, box.name, page, pdf)


def _check_rect(rect: Rect, name: str, page: Page, pdf: PdfFile) -> None:
    if (
        rect.width < _SMALLEST
        or rect.height < _SMALLEST
        or not rect.within(page_box(page, pdf), slack=POINTS_PER_MM)
    ):
        raise DocumentRefused(reasons.BOX_OUTSIDE_PAGE, name=name, page=page.index + 1)


def page_box(page: Page, pdf: PdfFile) -> Rect:
    """The visible part of a page: /CropBox within /MediaBox (ISO 32000-2, 14.11.2)."""
    media = _rectangle(pdf.array(page.dict.get("MediaBox")), pdf) or Rect(0, 0, 612, 792)
    crop = _rectangle(pdf.array(page.dict.get("CropBox")), pdf) or media
    return Rect(
        max(media.x0, crop.x0), max(media.y0, crop.y0), min(media.x1, crop.x1), min(media.y1, crop.y1)
    )


def _rectangle(values: list[Any], pdf: PdfFile) -> Rect | None:
    numbers = [pdf.resolve(value) for value in values]
    sides = [float(value) for value in numbers if isinstance(value, int | float)]
    if len(sides) != 4:
        return None
    (x0, x1), (y0, y1) = sorted(sides[0::2]), sorted(sides[1::2])
    return Rect(x0, y0, x1, y1)


def page_rotation(page: Page, pdf: PdfFile) -> int:
    """/Rotate as 0, 90, 180 or 270."""
    value = pdf.resolve(page.dict.get("Rotate"))
    return value % 360 if isinstance(value, int) and value % 90 == 0 else 0


def _fonts(revision: Revision, ordered: tuple[Act, ...]) -> dict[str, Ref]:
    roles = {act.box.role for act in ordered}
    fonts: dict[str, Ref] = {}
    if FieldRole.NUMBER in roles:
        fonts[ROMAN] = embed(typeface(Face.REGULAR, NUMBER_LETTERS), revision.add)
    if FieldRole.DATE in roles:
        fonts[ITALIC] = embed(typeface(Face.ITALIC, DIGITS), revision.add)
    return fonts


def _field(revision: Revision, act: Act, page: Page) -> dict[str, Any]:
    box = act.box
    rect = [tidy(value) for value in (box.rect.x0, box.rect.y0, box.rect.x1, box.rect.y1)]
    rotation = page_rotation(page, revision.pdf)
    signed = box.role in SIGNED
    flags = form.PRINT | form.LOCKED if signed else form.PRINT
    field = form.widget(box.name, "Sig" if signed else "Tx", rect, page.ref, flags, rotation)
    field["TU"] = encode_text(_TITLES[box.role])
    if signed:
        field["Lock"] = revision.add(_lock(act))
    else:
        font = ROMAN if box.role is FieldRole.NUMBER else ITALIC
        field["DA"] = f"/{font} {tidy(box.font_size)} Tf 0 g".encode()
        field["Q"] = _RIGHT if box.role is FieldRole.NUMBER else _CENTRED
    return field


def _lock(act: Act) -> dict[str, Any]:
    """Signature field lock (ISO 32000-2, table 237)."""
    lock: dict[str, Any] = {"Type": Name("SigFieldLock")}
    if act.open_fields:
        lock["Action"] = Name("Exclude")
        lock["Fields"] = [encode_text(name) for name in act.open_fields]
    else:
        lock["Action"] = Name("All")
    lock["P"] = 2
    return lock


def _add_group(revision: Revision, ref: Ref) -> None:
    """A page that will show transparent pictures needs a blending space of its own when no output intent
    gives one (ISO 19005-2, 6.2.10)."""
    page = revision.value(ref)
    group = dict(revision.pdf.dictionary(page.get("Group")))
    if "CS" not in group:
        made = {"Type": Name("Group"), "S": Name("Transparency"), **group, "CS": CAL_RGB}
        revision.put(ref, {**page, "Group": made})
