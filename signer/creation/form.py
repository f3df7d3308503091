"""The interactive form as creation sees it: fields by name, widgets to be added (ISO 32000-2, 12.7)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from policies.reasons import document as reasons
from signer.creation.append import Revision
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref
from signer.errors import DocumentRefused
from signer.stamping.appearance import Colours

PRINT = 4
LOCKED = 128
SIGNATURES_EXIST_APPEND_ONLY = 3
_INHERITED = ("FT", "V", "DA", "Q", "Ff")
_MOST_FIELDS = 20_000
_DEEPEST = 32


@dataclass(frozen=True, slots=True)
class Field:
    """A terminal field. `own` is its own dictionary, `attributes` include inherited ones; `widget` is its
    one widget (often the field itself), None when it has none or several."""

    name: str
    ref: Ref
    own: dict[str, Any]
    attributes: dict[str, Any]
    widget: Ref | None

    @property
    def kind(self) -> str:
        return str(self.attributes.get("FT", ""))


def fields(pdf: PdfFile) -> dict[str, Field]:
    """Terminal fields by fully qualified name. Raises `DocumentRefused` for a form that is no tree, or in
    which two fields have one name: readers would disagree about which is meant."""
    found: dict[str, Field] = {}
    form = pdf.dictionary(pdf.catalog.get("AcroForm"))
    stack: list[tuple[Any, str, dict[str, Any], int]] = [
        (item, "", {}, 0) for item in reversed(pdf.array(form.get("Fields")))
    ]
    seen: set[int] = set()
    while stack:
        ref, prefix, inherited, depth = stack.pop()
        node = pdf.resolve(ref)
        if not isinstance(ref, Ref) or not isinstance(node, dict) or ref.num in seen or depth > _DEEPEST:
            raise DocumentRefused(reasons.FORM_UNSUPPORTED, what="/Fields")
        if len(seen) >= _MOST_FIELDS:
            raise DocumentRefused(reasons.TOO_MANY_OBJECTS, objects=len(seen), limit=_MOST_FIELDS)
        seen.add(ref.num)
        name = ".".join(part for part in (prefix, text_of(pdf.resolve(node.get("T")))) if part)
        passed = {**inherited, **{key: node[key] for key in _INHERITED if key in node}}
        kids = pdf.array(node.get("Kids"))
        below = [kid for kid in kids if "T" in pdf.dictionary(kid)]
        if below:
            stack += [(kid, name, passed, depth + 1) for kid in reversed(below)]
            continue
        if name in found:
            raise DocumentRefused(reasons.FORM_UNSUPPORTED, what=f"/T {name}"[:80])
        found[name] = Field(name, ref, node, {**node, **passed}, _widget(ref, node, kids))
    return found


def _widget(ref: Ref, node: dict[str, Any], kids: list[Any]) -> Ref | None:
    if not kids:
        return ref if "Rect" in node else None
    return kids[0] if len(kids) == 1 and isinstance(kids[0], Ref) else None


def text_of(value: object) -> str:
    """A text string (ISO 32000-2, 7.9.2.2) as Unicode; "" for anything else."""
    if not isinstance(value, bytes) or isinstance(value, Ref):
        return ""
    if value.startswith(b"\xfe\xff"):
        return value[2:].decode("utf-16-be", "replace")
    if value.startswith(b"\xef\xbb\xbf"):
        return value[3:].decode("utf-8", "replace")
    return value.decode("latin-1")


def text_string(text: str) -> bytes:
    """A text string: ASCII as it is, else UTF-16 with its mark."""
    return text.encode("ascii") if text.isascii() else b"\xfe\xff" + text.encode("utf-16-be")


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
    resources["Font"] = {**pdf.dictionary(resources.get("Font")), **fonts}
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
        "T": text_string(name),
        "F": flags,
        "Rect": rect,
        "P": page,
    }
    if rotation:
        made["MK"] = {"R": rotation}
    return made
