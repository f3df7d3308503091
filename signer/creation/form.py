"""The interactive form as creation sees it: fields by name, widgets to be added (ISO 32000-2, 12.7)."""

from __future__ import annotations

from typing import Any

from policies.reasons import document as reasons
from signer.creation.append import Revision
from signer.document.fields import FormField, Widget, form_fields
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from signer.document.text_strings import encode_text, text_string
from signer.errors import DocumentRefused
from signer.stamping.appearance import Colours

PRINT = 4
LOCKED = 128
SIGNATURES_EXIST_APPEND_ONLY = 3


def fields(pdf: PdfFile) -> dict[str, FormField]:
    """Terminal fields by fully qualified name.

    Raises `DocumentRefused` for a form that is no tree, or in which two fields have one name: readers would
    disagree about which one is meant.
    """
    found: dict[str, FormField] = {}
    for field in form_fields(pdf, pages=False):
        if field.name in found:
            raise DocumentRefused(reasons.FORM_UNSUPPORTED, what=f"/T {field.name}"[:80])
        found[field.name] = field
    return found


def is_signed(field: FormField) -> bool:
    """Whether this is a signature field with a value."""
    return field.type == "Sig" and field.value is not None


def written(field: FormField) -> str:
    """The text of a text field; "" when it is empty."""
    return text_string(field.value) if isinstance(field.value, bytes) else ""


def only_widget(field: FormField) -> Widget | None:
    """The one place where the field is shown; None when there is none, or several."""
    return field.widgets[0] if len(field.widgets) == 1 else None


def output_colours(pdf: PdfFile) -> Colours:
    """The device colours that the file's PDF/A output intent defines (ISO 19005-2, 6.2.3)."""
    for item in pdf.array(pdf.catalog.get("OutputIntents")):
        intent = pdf.dictionary(item)
        profile = pdf.dictionary(intent.get("DestOutputProfile"))
        if intent.get("S") == "GTS_PDFA1" and profile:
            return {1: Colours.GRAY, 3: Colours.RGB, 4: Colours.CMYK}.get(profile.get("N", 0), Colours.NONE)
    return Colours.NONE


def add_to_form(revision: Revision, new: list[Ref], fonts: dict[str, Ref]) -> None:
    """Put fields and their fonts into the form, making the form when there is none.

    Runs only before the first signature: it may rewrite the catalog. /NeedAppearances is dropped (readers
    would redraw the fields); XFA is refused.
    """
    pdf = revision.pdf
    where = pdf.catalog.get("AcroForm")
    old = pdf.dictionary(where)
    if "XFA" in old:
        raise DocumentRefused(reasons.XFA)
    form = {key: value for key, value in old.items() if key != "NeedAppearances"}
    form["Fields"] = [*pdf.array(old.get("Fields")), *new]
    resources = dict(pdf.dictionary(old.get("DR")))
    known = pdf.dictionary(resources.get("Font"))
    for name in fonts.keys() & known.keys():  # would change how an existing field is drawn
        raise DocumentRefused(reasons.ALREADY_PREPARED, name=name)
    resources["Font"] = {**known, **fonts}
    form["DR"] = resources
    form["SigFlags"] = SIGNATURES_EXIST_APPEND_ONLY
    if isinstance(where, Ref):
        revision.put(where, form)
        return
    root = pdf.trailer["Root"]
    revision.put(root, {**pdf.catalog, "AcroForm": revision.add(form)})


def add_to_page(revision: Revision, page: Ref, widgets: list[Ref]) -> None:
    """Append widgets to a page's /Annots, in place when that array is an object of its own."""
    pdf = revision.pdf
    own = revision.value(page)
    where = own.get("Annots")
    annotations = [*pdf.array(where), *widgets]
    if isinstance(where, Ref) and where.num:
        revision.put(where, annotations)
    else:
        revision.put(page, {**own, "Annots": annotations})


def widget(
    name: str, kind: str, rect: list[int | float], page: Ref, flags: int, rotation: int
) -> dict[str, Any]:
    """A field that is its own widget."""
    made: dict[str, Any] = {
        "Type": Name("Annot"),
        "Subtype": Name("Widget"),
        "FT": Name(kind),
        "T": encode_text(name),
        "F": flags,
        "Rect": rect,
        "P": page,
    }
    if rotation:
        made["MK"] = {"R": rotation}
    return made
