"""Rules for buttons: a check box or a radio button is filled by choosing one of its faces.

Nobody reads what a face says, and it may be as large as the page (Mainka et al., NDSS 2021: replace via overlay). So
the box must be as small as boxes are, and of what it lays over the page only the dark ink of a mark may come and go.
"""

from __future__ import annotations

from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.check_marks import Ink, is_a_mark, path_ink, text_ink
from signer.document.changes.step import Step
from signer.document.contents import operations, well_formed
from signer.document.fields import FormField, Widget
from signer.document.legibility import DARK, luminance_of
from signer.document.objects import Stream
from signer.document.reader import PdfFile
from signer.document.visibility import keeps_its_place
from signer.errors import DocumentRefused

_LARGEST = 36.0  # points: half an inch
_PUSHES = 1 << 16  # table 229
_LIMIT = 1 << 20
_PAINTS = frozenset(["f", "F", "f*", "B", "B*", "b", "b*", "S", "s", "Tj", "TJ", "'", '"'])
_COLOURS = frozenset(("g", "G", "rg", "RG", "k", "K"))
_LETTERS = frozenset(["Tj", "TJ", "'", '"'])
_FONTS = frozenset(("Type1", "MMType1", "TrueType", "Type0"))
_CATEGORIES = frozenset(("Font", "XObject", "ExtGState", "ColorSpace", "Pattern", "Shading", "Properties"))
_PATH = frozenset(["m", "l", "c", "v", "y", "h", "re", "W", "W*"])
# Pictures, what is drawn elsewhere, and what may make dark ink light, or have another colour.
_UNKNOWN = frozenset(["Do", "sh", "BI", "gs", "cs", "CS", "sc", "SC", "scn", "SCN", "Tr"])


def compare_faces(step: Step, earlier: dict[int, dict[str, Any]], new: FormField) -> None:
    """The faces that are chosen now, against those that were, and against the value. The faces themselves stayed."""
    for widget in new.widgets:
        before = earlier.get(widget.ref.num, {})
        chosen = step.same(before.get("AS"), widget.dict.get("AS"))
        if not chosen and not _is_a_mark(step, before, new, widget):
            step.found(Changes.SUSPICIOUS, "appearance-replaced", widget.ref.num, new.name)
    if not _shows_its_value(step.after, new):
        step.found(Changes.SUSPICIOUS, "value-differs-from-drawing", new.ref.num, new.name)


def marks_only(step: Step, field: FormField, widget: Widget) -> bool:
    """Whether all that a button's face draws is a mark, in a box as small as boxes are."""
    return keeps_its_place(step.after, widget.dict) and _is_a_mark(step, {}, field, widget)


def _shows_its_value(pdf: PdfFile, new: FormField) -> bool:
    """Whether a face that is not off is what the value names, and there is one if any has it (12.7.5.2.3)."""
    value = new.value if isinstance(new.value, str) else "Off"
    chosen = {pdf.resolve(widget.dict.get("AS")) for widget in new.widgets} - {None, "Off"}
    known = {name for widget in new.widgets for name in _faces(pdf, widget.dict)} - {"Off"}
    return chosen == {value} & known


def _is_a_mark(step: Step, before: dict[str, Any], new: FormField, widget: Widget) -> bool:
    x0, y0, x1, y1 = widget.rect
    if new.flags & _PUSHES or x1 - x0 > _LARGEST or y1 - y0 > _LARGEST:
        return False
    try:
        old, new_face = _drawn(step.before, before), _drawn(step.after, widget.dict)
        return old.painted == new_face.painted and is_a_mark(old.ink, new_face.ink)
    except DocumentRefused:  # it cannot be read, so nobody knows what it hides
        return False


def _faces(pdf: PdfFile, widget: dict[str, Any]) -> dict[str, Any]:
    found = pdf.resolve(pdf.dictionary(widget.get("AP")).get("N"))
    return found if isinstance(found, dict) else {}


def _drawn(pdf: PdfFile, widget: dict[str, Any]) -> _Drawn:
    """What the chosen face draws."""
    chosen = pdf.resolve(widget.get("AS"))
    face = pdf.resolve(_faces(pdf, widget).get(chosen)) if isinstance(chosen, str) else None
    found = _Drawn(pdf, face.dict if isinstance(face, Stream) else {})
    if isinstance(face, Stream):
        for operator, operands in operations(pdf.stream_data(face, _LIMIT)):
            found.note(operator, operands)
    return found


class _Drawn:
    """`ink`: what is dark. `painted`: all else, in order, each with its colour, place and path."""

    def __init__(self, pdf: PdfFile, face: dict[str, Any]) -> None:
        resources = pdf.dictionary(face.get("Resources"))
        self.painted: list[str] = []
        self.ink: list[Ink] = []
        self._place = [repr(pdf.resolve(face.get(key))) for key in ("BBox", "Matrix", "OC", "Group")]
        self._place.append(repr(resources.get("ColorSpace")))
        self._pdf = pdf
        self._named = {key: pdf.dictionary(value) for key, value in resources.items() if key in _CATEGORIES}
        self._font: dict[str, Any] = {}
        self._path: list[str] = []
        self._colours = {"fill": (True, ""), "stroke": (True, "")}
        self._saved: list[tuple[list[str], dict[str, tuple[bool, str]], dict[str, Any]]] = []

    def note(self, operator: str, operands: list[Any]) -> None:
        said = (
            f"{operator} {operands!r} {[self._meant(each) for each in operands if isinstance(each, str)]!r}"
        )
        if operator == "q":
            self._saved.append((list(self._place), dict(self._colours), self._font))
        elif operator == "Q" and self._saved:
            self._place, self._colours, self._font = self._saved.pop()
        elif operator in _COLOURS:
            kind = "stroke" if operator.isupper() else "fill"
            self._colours[kind] = (well_formed(operator, operands) and _is_dark(operands), said)
        elif self._is_unknown(operator, operands) or (operator in _PAINTS and not self._dark()):
            self.painted.append(repr((said, self._place, self._path, self._colours)))
        elif operator in _PAINTS:
            self._note_ink(operator, operands, repr((said, self._place, self._path)))
        if operator in _PATH:
            self._path.append(said)
        elif operator in _PAINTS or operator == "n":
            if "W" in "".join(self._path):  # a clip as well
                self._place += self._path
            self._path = []
        elif operator not in _COLOURS and operator not in ("q", "Q"):
            self._place.append(said)
        if operator == "Tf":
            self._font = self._named_font(operands)

    def _note_ink(self, operator: str, operands: list[Any], drawn: str) -> None:
        if operator in _LETTERS:
            self.ink.append(text_ink(drawn, self._pdf, self._font, operands[-1]))
        else:
            self.ink.append(path_ink(drawn, [each.partition(" ")[0] for each in self._path]))

    def _is_unknown(self, operator: str, operands: list[Any]) -> bool:
        letters = operator in _LETTERS and not self._glyphs_are_ink()
        return operator in _UNKNOWN or letters or not well_formed(operator, operands)

    def _named_font(self, operands: list[Any]) -> dict[str, Any]:
        name = operands[0] if operands and isinstance(operands[0], str) else ""
        return self._pdf.dictionary(self._named.get("Font", {}).get(name))

    def _glyphs_are_ink(self) -> bool:
        """Whether the font's glyphs have the colour of the text: those of Type 3 are drawings."""
        return self._pdf.resolve(self._font.get("Subtype")) in _FONTS

    def _meant(self, name: str) -> list[str]:
        """What the resources call so."""
        return [repr(each[name]) for each in self._named.values() if name in each]

    def _dark(self) -> bool:
        return all(dark for dark, _ in self._colours.values())


def _is_dark(operands: list[Any]) -> bool:
    found = luminance_of([float(item) for item in operands if type(item) in (int, float)])
    return found is not None and found <= DARK
