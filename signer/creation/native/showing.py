"""What a signature field shows: its place and turn, the file's colours, and the stamp for both."""

from __future__ import annotations

from functools import lru_cache

from policies.layout import Rect
from signer.creation.native.drawing import NO_STAMP, Stamp, Stamps
from signer.creation.native.form import Field
from signer.creation.native.grammar import Entries, entries, integer, items, reals, reference
from signer.creation.native.reading import NativeFile, alone, common, taken_apart
from signer.creation.native.unfit import Unfit, Unfitness
from signer.stamping.appearance import Appearance, Colours

_COLOURS = {b"1": Colours.GRAY, b"3": Colours.RGB, b"4": Colours.CMYK}


def stamp_of(
    file: NativeFile, catalog: Entries, target: Field, shown: Appearance | None, stamps: Stamps
) -> Stamp:
    """The objects that show the signature; none for an invisible field. Raises `Unfit`, `SigningRefused`."""
    if target.found.get(b"Rect") == b"[0 0 0 0]":  # as we write an invisible one
        return NO_STAMP
    x0, y0, x1, y1 = _corners(target)
    if x0 == x1 or y0 == y1:
        return NO_STAMP
    if shown is None:
        raise Unfit(Unfitness.RULE)
    unit = _user_unit(file, target) if shown.lines else 1.0
    return stamps.of(shown, abs(x1 - x0), abs(y1 - y0), rotation_of(target), colours_of(file, catalog), unit)


def rect_of(field: Field) -> Rect:
    """A widget's rectangle, its corners in order."""
    x0, y0, x1, y1 = _corners(field)
    return Rect(min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1))


def _corners(field: Field) -> list[float]:
    corners = reals(field.found.get(b"Rect", b""))
    if len(corners) != 4:
        raise Unfit(Unfitness.RECTANGLE)
    return corners


def rotation_of(field: Field) -> int:
    """A widget's /MK /R: 0, 90, 180 or 270."""
    raw = field.found.get(b"MK")
    if raw is None:
        return 0
    turned = integer(entries(raw)[0].get(b"R", b"0"))
    return turned % 360 if turned % 90 == 0 else 0


def _user_unit(file: NativeFile, target: Field) -> float:
    page = file.raw(*reference(target.found.get(b"P", b"")))
    if b"UserUnit" not in page and not (b"(" in page or b"%" in page or b"#" in page):
        return 1.0  # with none of them no `endobj` is none, and no key is written otherwise
    raw = alone(page).get(b"UserUnit")
    unit = 1.0 if raw is None else reals(b"[%b]" % raw)[0]
    return unit if unit > 0 else 1.0


def colours_of(file: NativeFile, catalog: Entries) -> Colours:
    """The device colours that the file's PDF/A output intent defines (ISO 19005-2, 6.2.3)."""
    for raw in _intents(catalog.get(b"OutputIntents", b"[]")):
        intent = common(file, raw)
        kind = intent.get(b"S", b"")
        if b"#" in kind:
            raise Unfit(Unfitness.GRAMMAR)
        if kind == b"/GTS_PDFA1" and b"DestOutputProfile" in intent:
            profile = taken_apart(file.stream_head(*reference(intent[b"DestOutputProfile"])))
            return _COLOURS[profile[b"N"]] if profile.get(b"N") in _COLOURS else _uncertain(profile)
    return Colours.NONE


def _uncertain(profile: Entries) -> Colours:
    if b"N" in profile:  # perhaps a number written otherwise
        raise Unfit(Unfitness.GRAMMAR)
    return Colours.NONE


@lru_cache(maxsize=64)
def _intents(raw: bytes) -> tuple[bytes, ...]:
    return tuple(items(raw))
