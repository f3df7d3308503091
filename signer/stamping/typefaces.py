"""The fonts of stamps: Liberation Serif (the widths of Times New Roman), subset once and embedded.

Type 0 fonts with Identity-H, so that every Vietnamese letter has one code; /ToUnicode and widths complete, as
PDF/A-2 asks (ISO 19005-2, 6.2.11). The same letters give the same bytes: a subset is kept and reused.
"""

from __future__ import annotations

import hashlib
import io
import logging
import unicodedata
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

from fontTools import subset

from policies.reasons import signing as reasons
from signer.document.syntax import Name, Ref, Stream
from signer.errors import SigningRefused

_FONTS = Path(__file__).parent / "fonts"
# fontTools says for each font which of its tables it cannot subset; they are dropped on purpose.
logging.getLogger("fontTools.subset").setLevel(logging.ERROR)

DIGITS = "0123456789"
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_VIETNAMESE = (
    "ÀÁÂÃÈÉÊÌÍÒÓÔÕÙÚÝàáâãèéêìíòóôõùúýĂăĐđĨĩŨũƠơƯư" + "".join(map(chr, range(0x1EA0, 0x1EFA))) + "–—“”‘’…«»§°"
)
VIETNAMESE = _ASCII + _VIETNAMESE
NUMBER_LETTERS = _ASCII + "Đđ"  # what a number may ever need: 15a, 15/2026, DRAFT …


class Face(StrEnum):
    REGULAR = "Regular"
    BOLD = "Bold"
    ITALIC = "Italic"
    BOLD_ITALIC = "BoldItalic"


@dataclass(frozen=True)
class Metrics:
    """Codes (glyph indices) and widths (1/1000 of the size) by character."""

    glyphs: dict[str, int]
    widths: dict[str, int]

    def encode(self, text: str) -> bytes:
        """Codes of `text`, two bytes each. Raises `SigningRefused` for a letter that is not in the subset."""
        text = unicodedata.normalize("NFC", text)
        missing = [letter for letter in text if letter not in self.glyphs]
        if missing:
            raise SigningRefused(reasons.LETTER_MISSING, letter=missing[0], code=f"U+{ord(missing[0]):04X}")
        return b"".join(self.glyphs[letter].to_bytes(2, "big") for letter in text)

    def width(self, text: str, size: float) -> float:
        """Width of `text` in points at `size`; letters that are missing count nothing."""
        text = unicodedata.normalize("NFC", text)
        return sum(self.widths.get(letter, 0) for letter in text) * size / 1000


@dataclass(frozen=True)
class Typeface(Metrics):
    """One subset, ready to be embedded. Units are 1/1000 of the size."""

    face: Face
    name: str
    ascent: int
    descent: int
    cap_height: int
    bounds: tuple[int, int, int, int]
    italic_angle: float
    program: bytes
    program_length: int
    unicode_map: bytes


def typeface(face: Face, letters: str = VIETNAMESE) -> Typeface:
    """The subset of `face` with these letters, made once per process (about 15 ms)."""
    return _subset(face, "".join(sorted(set(unicodedata.normalize("NFC", letters)))))


@lru_cache(maxsize=64)
def _subset(face: Face, letters: str) -> Typeface:
    options = subset.Options()
    options.layout_features = []
    options.hinting = False
    options.name_IDs = []
    options.notdef_outline = True
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "FFTM"]
    options.canonical_order = True
    options.recalc_timestamp = False
    font = subset.load_font(str(_FONTS / f"LiberationSerif-{face}.ttf"), options, lazy=True)
    try:
        subsetter = subset.Subsetter(options)
        subsetter.populate(text=letters)
        subsetter.subset(font)
        return _measure(face, letters, font)
    finally:
        font.close()


def _measure(face: Face, letters: str, font: Any) -> Typeface:
    scale = 1000 / font["head"].unitsPerEm
    head, os2 = font["head"], font["OS/2"]
    character_map = font.getBestCmap()
    order = font.getReverseGlyphMap()
    advance = font["hmtx"].metrics
    angle = float(font["post"].italicAngle)
    glyphs = {letter: order[character_map[ord(letter)]] for letter in letters if ord(letter) in character_map}
    widths = {letter: round(advance[character_map[ord(letter)]][0] * scale) for letter in glyphs}
    ascent, descent = round(font["hhea"].ascent * scale), round(font["hhea"].descent * scale)
    cap_height = round(getattr(os2, "sCapHeight", 1341) * scale)
    bounds = tuple(round(value * scale) for value in (head.xMin, head.yMin, head.xMax, head.yMax))
    buffer = io.BytesIO()
    font.save(buffer)
    program = buffer.getvalue()
    tag = hashlib.sha256(program).digest()[:6].translate(_LETTERS).decode("ascii")
    return Typeface(
        face=face,
        name=f"{tag}+LiberationSerif" + ("" if face is Face.REGULAR else f"-{face}"),
        glyphs=glyphs,
        widths=widths,
        ascent=ascent,
        descent=descent,
        cap_height=cap_height,
        bounds=(bounds[0], bounds[1], bounds[2], bounds[3]),
        italic_angle=angle,
        program=zlib.compress(program, 9),
        program_length=len(program),
        unicode_map=zlib.compress(_to_unicode(glyphs), 9),
    )


_LETTERS = bytes(ord("A") + value % 26 for value in range(256))


def embed(font: Typeface, add: Callable[[object], Ref]) -> Ref:
    """Add the font's objects through `add`; the reference of the Type 0 font."""
    program = Stream({"Length1": font.program_length, "Filter": Name("FlateDecode")}, data=font.program)
    descriptor = add(_descriptor(font, add(program)))
    descendant = {
        "Type": Name("Font"),
        "Subtype": Name("CIDFontType2"),
        "BaseFont": Name(font.name),
        "CIDSystemInfo": {"Registry": b"Adobe", "Ordering": b"Identity", "Supplement": 0},
        "FontDescriptor": descriptor,
        "CIDToGIDMap": Name("Identity"),
        "DW": 0,
        "W": _width_array(font),
    }
    unicode_map = Stream({"Filter": Name("FlateDecode")}, data=font.unicode_map)
    return add(
        {
            "Type": Name("Font"),
            "Subtype": Name("Type0"),
            "BaseFont": Name(font.name),
            "Encoding": Name("Identity-H"),
            "DescendantFonts": [add(descendant)],
            "ToUnicode": add(unicode_map),
        }
    )


def _descriptor(font: Typeface, program: Ref) -> dict[str, object]:
    bold = font.face in (Face.BOLD, Face.BOLD_ITALIC)
    italic = font.face in (Face.ITALIC, Face.BOLD_ITALIC)
    return {
        "Type": Name("FontDescriptor"),
        "FontName": Name(font.name),
        "Flags": 2 | 4 | (64 if italic else 0),  # serif, symbolic (glyph codes), italic
        "FontBBox": list(font.bounds),
        "ItalicAngle": font.italic_angle,
        "Ascent": font.ascent,
        "Descent": font.descent,
        "CapHeight": font.cap_height,
        "StemV": 140 if bold else 80,
        "FontFile2": program,
    }


def _width_array(font: Typeface) -> list[object]:
    """/W: runs of neighbouring codes with their widths (ISO 32000-2, 9.7.4.3)."""
    by_code = dict(sorted((font.glyphs[letter], font.widths[letter]) for letter in font.glyphs))
    result: list[object] = []
    run: list[object] = []
    previous = -2
    for code, width in by_code.items():
        if code != previous + 1:
            run = []
            result += [code, run]
        run.append(width)
        previous = code
    return result


_CMAP_HEAD = b"""/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
"""
_CMAP_TAIL = b"endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n"


def _to_unicode(glyphs: dict[str, int]) -> bytes:
    rows = [
        b"<%04X> <%b>\n" % (code, letter.encode("utf-16-be").hex().upper().encode())
        for letter, code in sorted(glyphs.items(), key=lambda item: item[1])
    ]
    blocks = [rows[start : start + 100] for start in range(0, len(rows), 100)]
    body = [b"%d beginbfchar\n%bendbfchar\n" % (len(block), b"".join(block)) for block in blocks]
    return _CMAP_HEAD + b"".join(body) + _CMAP_TAIL
