"""Liberation Serif in four styles: widths for the layout, subsets for the file."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from fontTools import subset, ttLib

from api.demo.pdf_writer import Name, PdfWriter, Ref


class Style(StrEnum):
    REGULAR = "Regular"
    BOLD = "Bold"
    ITALIC = "Italic"
    BOLD_ITALIC = "BoldItalic"


_FLAGS_SERIF_SYMBOLIC, _FLAG_ITALIC, _FLAG_FORCE_BOLD = 2 | 4, 64, 1 << 18


@lru_cache
def font_bytes(style: Style) -> bytes:
    """The vendored TrueType file of a style."""
    return (files("signer.stamping") / "fonts" / f"LiberationSerif-{style}.ttf").read_bytes()


@lru_cache
def advances(style: Style) -> dict[str, int]:
    """Advance widths in thousandths of the size for each character that the font has."""
    font = ttLib.TTFont(io.BytesIO(font_bytes(style)), lazy=True)
    metrics, units = font["hmtx"], font["head"].unitsPerEm
    return {chr(code): round(metrics[name][0] * 1000 / units) for code, name in font.getBestCmap().items()}


def text_width(text: str, style: Style, size: float) -> float:
    """Width in points. Raises KeyError for a character that the font does not have."""
    table = advances(style)
    return sum(table[character] for character in text) * size / 1000


@dataclass(frozen=True)
class Subset:
    """A font program with only the glyphs needed; glyph ids are the codes of the text."""

    style: Style
    program: bytes
    glyphs: dict[str, int]
    metrics: dict[str, Any]

    def encode(self, text: str) -> bytes:
        """The text as two-byte codes for Identity-H."""
        return b"".join(self.glyphs[character].to_bytes(2, "big") for character in text)


@lru_cache(maxsize=64)
def make_subset(style: Style, characters: frozenset[str]) -> Subset:
    """Cuts the font down to `characters` (plus .notdef, which no text uses)."""
    options = subset.Options(
        hinting=True, layout_features=[], name_IDs=[], notdef_outline=True, recalc_timestamp=False
    )
    options.drop_tables += ["GSUB", "GPOS", "GDEF", "kern", "FFTM", "gasp", "post", "name", "OS/2", "cmap"]
    font = ttLib.TTFont(io.BytesIO(font_bytes(style)), recalcTimestamp=False)
    names = {character: font.getBestCmap()[ord(character)] for character in sorted(characters)}
    metrics = _descriptor_metrics(font)
    cutter = subset.Subsetter(options)
    cutter.populate(glyphs=list(names.values()))
    cutter.subset(font)
    glyphs = {character: font.getGlyphID(name) for character, name in names.items()}
    out = io.BytesIO()
    font.save(out)
    return Subset(style, out.getvalue(), glyphs, metrics)


def _descriptor_metrics(font: ttLib.TTFont) -> dict[str, Any]:
    head, scale = font["head"], 1000 / font["head"].unitsPerEm
    italic = bool(head.macStyle & 2)
    return {
        "Flags": _FLAGS_SERIF_SYMBOLIC | (_FLAG_ITALIC if italic else 0),
        "FontBBox": [round(edge * scale) for edge in (head.xMin, head.yMin, head.xMax, head.yMax)],
        "ItalicAngle": round(font["post"].italicAngle),
        "Ascent": round(font["hhea"].ascent * scale),
        "Descent": round(font["hhea"].descent * scale),
        "CapHeight": round(font["OS/2"].sCapHeight * scale),
        "StemV": 140 if head.macStyle & 1 else 80,
    }


def embed(writer: PdfWriter, font: Subset) -> Ref:
    """Writes a Type0 font with its CIDFontType2 descendant (ISO 32000-1, 9.7.4; ISO 19005-2, 6.2.11)."""
    tag = "".join(chr(65 + byte % 26) for byte in hashlib.sha256(font.program).digest()[:6])
    suffix = "" if font.style is Style.REGULAR else f"-{font.style}"
    base = Name(f"{tag}+LiberationSerif{suffix}")
    program = writer.add_stream(font.program, {"Length1": len(font.program)})
    descriptor = writer.add(
        {"Type": Name("FontDescriptor"), "FontName": base, **font.metrics, "FontFile2": program}
    )
    descendant = writer.add(
        {
            "Type": Name("Font"),
            "Subtype": Name("CIDFontType2"),
            "BaseFont": base,
            "CIDSystemInfo": {"Registry": "Adobe", "Ordering": "Identity", "Supplement": 0},
            "FontDescriptor": descriptor,
            "DW": 500,
            "W": _widths(font),
            "CIDToGIDMap": Name("Identity"),
        }
    )
    return writer.add(
        {
            "Type": Name("Font"),
            "Subtype": Name("Type0"),
            "BaseFont": base,
            "Encoding": Name("Identity-H"),
            "DescendantFonts": [descendant],
            "ToUnicode": writer.add_stream(_to_unicode(font)),
        }
    )


def _widths(font: Subset) -> list[object]:
    table = advances(font.style)
    by_glyph = sorted((glyph, table[character]) for character, glyph in font.glyphs.items())
    array: list[object] = []
    for glyph, width in by_glyph:
        array += [glyph, [width]]
    return array


def _to_unicode(font: Subset) -> bytes:
    pairs = sorted((glyph, character) for character, glyph in font.glyphs.items())
    lines = [f"<{glyph:04X}> <{character.encode('utf-16-be').hex().upper()}>" for glyph, character in pairs]
    blocks = [lines[start : start + 100] for start in range(0, len(lines), 100)]
    return "\n".join(
        [
            "/CIDInit /ProcSet findresource begin",
            "12 dict begin\nbegincmap",
            "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def",
            "/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def",
            "1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange",
            *(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks),
            "endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend",
        ]
    ).encode()


def used_characters(texts: Iterable[tuple[Style, str]]) -> dict[Style, frozenset[str]]:
    """Which characters each style draws."""
    used: dict[Style, set[str]] = {}
    for style, text in texts:
        used.setdefault(style, set()).update(text)
    return {style: frozenset(used[style]) for style in Style if style in used}
