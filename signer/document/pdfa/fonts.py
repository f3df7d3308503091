"""6.2.11: fonts are embedded, hold every glyph that is shown, and agree with the widths in the file.

TrueType programs are read glyph by glyph. For CFF and Type 1 programs the dictionaries are checked, not the
glyphs: what An Tín writes is TrueType.
"""

from __future__ import annotations

import re
import sys
from array import array
from typing import Any

from fontTools import agl

from signer.document.objects import Name, Stream
from signer.document.pdfa.content import FontUse
from signer.document.pdfa.context import Context
from signer.document.pdfa.programs import check_program
from signer.document.pdfa.sfnt import FontProgram, read_font_program

SUBTYPES = frozenset({"Type1", "MMType1", "TrueType", "Type3", "Type0", "CIDFontType0", "CIDFontType2"})
_SHOWN = frozenset({"Type0", "Type1", "MMType1", "TrueType"})
FILES = ("FontFile", "FontFile2", "FontFile3")
_FILES_OF = {
    "Type1": ("FontFile", "FontFile3"),
    "MMType1": ("FontFile", "FontFile3"),
    "TrueType": ("FontFile2", "FontFile3"),
    "CIDFontType0": ("FontFile3",),
    "CIDFontType2": ("FontFile2", "FontFile3"),
}
SYMBOLIC = 4
_SUBSET = re.compile(r"[A-Z]{6}\+")
_AN_ENTRY, _A_WIDTH = 16, 8  # as costly as so many decoded bytes: one read, one of a range
TOLERANCE = 1.0  # thousandths of the em
_CODECS = {"WinAnsiEncoding": "cp1252", "MacRomanEncoding": "mac_roman"}


def font_rule(context: Context, _: str, node: dict[str, Any], number: int) -> None:
    """6.2.11.2 and 6.1.8-1: what every font dictionary says, used or not."""
    kind = context.name(node.get("Subtype"))
    if context.name(node.get("Type")) != "Font" or "Subtype" not in node:
        return
    context.require(kind in SUBTYPES, "6.2.11.2-2", f"the font subtype {kind or '?'}", number)
    base = context.name(node.get("BaseFont"))
    context.require(bool(base) or kind == "Type3", "6.2.11.2-3", "the font has no /BaseFont", number)
    try:
        base.encode("latin-1").decode("utf-8")
    except UnicodeError:
        context.fail("6.1.8-1", "the font's name is not UTF-8", number)
    if kind in ("Type1", "MMType1", "TrueType", "Type3"):
        _simple_dictionary(context, node, number)


def _simple_dictionary(context: Context, node: dict[str, Any], number: int) -> None:
    first, last = context.integer(node.get("FirstChar")), context.integer(node.get("LastChar"))
    context.require(first is not None, "6.2.11.2-4", "the font has no /FirstChar", number)
    context.require(last is not None, "6.2.11.2-5", "the font has no /LastChar", number)
    if first is not None and last is not None:
        count = len(context.array(node.get("Widths")))
        context.require(
            count == last - first + 1, "6.2.11.2-6", f"{count} widths for {first} to {last}", number
        )


def check_font(context: Context, use: FontUse) -> None:
    """Rules on a font with what was shown in it."""
    font = use.font
    kind = context.name(font.get("Subtype"))
    context.require(
        context.name(font.get("Type")) == "Font", "6.2.11.2-1", "a font without /Type /Font", use.number
    )
    if kind == "Type3" or not use.shown:
        return
    context.require(kind in _SHOWN, "6.2.11.2-2", f"text in a font of the subtype {kind or '?'}", use.number)
    if kind == "Type0":
        _composite(context, use)
        return
    descriptor = context.dictionary(font.get("FontDescriptor"))
    program = _program(context, descriptor, kind, use)
    if kind in ("Type1", "MMType1"):
        _char_set(context, descriptor, use)
    if kind == "TrueType" and program is not None:
        _TrueType(context, use, descriptor, program).check()


def _file(context: Context, descriptor: dict[str, Any], kind: str, use: FontUse) -> tuple[Stream | None, str]:
    """The embedded font program of its kind (6.2.11.4.1-1, 6.2.11.2-7; ISO 32000-1, table 126), and its key."""
    found = {key: context.get(descriptor.get(key)) for key in FILES if key in descriptor}
    streams = [(key, stream) for key, stream in found.items() if isinstance(stream, Stream)]
    if len(streams) == 1 and streams[0][0] in _FILES_OF.get(kind, FILES):
        key, stream = streams[0]
        subtype = context.name(stream.dict.get("Subtype"))
        allowed = subtype in context.part.font_files
        context.require(allowed, "6.2.11.2-7", f"font file of {subtype}", use.number)
        return stream, key
    if use.rendered:
        name = context.name(use.font.get("BaseFont")) or "?"
        context.fail("6.2.11.4.1-1", f"the font {name[:60]} is not embedded", use.number)
    return None, ""


def _program(context: Context, descriptor: dict[str, Any], kind: str, use: FontUse) -> FontProgram | None:
    """The font program as far as it is looked into: none of those that are not TrueType."""
    stream, key = _file(context, descriptor, kind, use)
    if stream is None:
        return None
    with context.reading(use.number):
        data = context.data(stream, context.limits.font_bytes)
        if not data:
            context.fail("6.2.11.4.1-1", "the font program has no bytes", use.number)
            return None
        try:
            if key != "FontFile2":
                context.unexamined.add("glyphs")
                check_program(data, key, context.name(stream.dict.get("Subtype")), context.spend)
                return None
            program = read_font_program(data)
            context.require(
                program.outlined or not use.rendered, "6.2.11.4.1-2", "the font has no outlines", use.number
            )
            return program
        except ValueError as exc:
            context.fail("6.2.11.4.1-2", f"the font program cannot be read: {exc}", use.number)
    return None


def _compare(
    context: Context, use: FontUse, program: FontProgram, glyph: int, width: float, *, asked: bool = False
) -> None:
    """One shown glyph: known (6.2.11.4.1-2), not .notdef (6.2.11.8-1), as wide as said (6.2.11.5-1). `asked`: .notdef
    was meant, not shown for want of another."""
    number = use.number
    if glyph == 0:
        if asked:
            context.fail("6.2.11.8-1", ".notdef is shown", number)
        elif use.rendered or context.part.notdef_unseen:
            context.fail("6.2.11.8-1/missing", ".notdef is shown for a code without a glyph", number)
    elif glyph >= program.glyphs:
        context.fail("6.2.11.4.1-2", f"the font has no glyph {glyph}", number)
    elif use.rendered and abs(program.width(glyph) - width) > TOLERANCE:
        said = f"glyph {glyph}: {width:g} in the file, {program.width(glyph):g} in the font"
        context.fail("6.2.11.5-1", said, number)


def _char_set(context: Context, descriptor: dict[str, Any], use: FontUse) -> None:
    """Part 1, 6.3.5: a subset of a Type 1 font lists its characters."""
    subset = _SUBSET.match(context.name(use.font.get("BaseFont"))) is not None
    listed = isinstance(context.get(descriptor.get("CharSet")), bytes)
    context.require(
        listed or not subset, "1:6.3.5-2", "a subset of a Type 1 font has no /CharSet", use.number
    )


def _described(context: Context, below: dict[str, Any], descriptor: dict[str, Any], number: int) -> None:
    """Part 1, 6.3.5: a subset of a CID font lists its characters."""
    subset = _SUBSET.match(context.name(below.get("BaseFont"))) is not None
    listed = isinstance(context.get(descriptor.get("CIDSet")), Stream)
    context.require(listed or not subset, "1:6.3.5-3", "a subset of a CID font has no /CIDSet", number)


# --- composite fonts


def _composite(context: Context, use: FontUse) -> None:
    identity = _encoding(context, use)
    descendants = context.array(use.font.get("DescendantFonts"))
    below = context.dictionary(descendants[0]) if descendants else {}
    descriptor = context.dictionary(below.get("FontDescriptor"))
    kind = context.name(below.get("Subtype"))
    program = _program(context, descriptor, kind, use)
    _described(context, below, descriptor, use.number)
    if program is None or kind != "CIDFontType2":
        return
    mapping = context.get(below.get("CIDToGIDMap"))
    sound = isinstance(mapping, Stream) or mapping == Name("Identity")
    context.require(sound, "6.2.11.3.2-1", "the CID font has no /CIDToGIDMap", use.number)
    glyphs = context.data(mapping, context.limits.font_bytes) if isinstance(mapping, Stream) else None
    _cid_set(context, descriptor, program, use)
    if identity:
        _shown_cids(context, use, below, program, glyphs)


def _encoding(context: Context, use: FontUse) -> bool:
    """6.2.11.3.1 and 6.2.11.3.3. Whether codes are CIDs of two bytes."""
    encoding = context.get(use.font.get("Encoding"))
    if encoding in ("Identity-H", "Identity-V"):
        return True
    context.unexamined.add("cmaps")
    if isinstance(encoding, Stream):
        _embedded_map(context, use, encoding)
    elif str(encoding) not in context.part.cmaps:
        context.fail("6.2.11.3.3-1", f"the CMap {str(encoding)[:60]} is not embedded", use.number)
    return False


def _embedded_map(context: Context, use: FontUse, encoding: Stream) -> None:
    program = context.data(encoding, context.limits.font_bytes)
    words = program.split()
    inside = b"0"
    for index, word in enumerate(words[:-1]):
        if word == b"/WMode":
            inside = words[index + 1]
        if word == b"usecmap" or words[index + 1] == b"usecmap":
            used = words[index].lstrip(b"/").decode("latin-1")
            context.require(
                used in context.part.cmaps, "6.2.11.3.3-3", f"the CMap uses {used[:60]}", use.number
            )
            break
    said = context.integer(encoding.dict.get("WMode")) or 0
    context.require(inside == b"%d" % said, "6.2.11.3.3-2", "/WMode differs from the CMap's", use.number)
    below = context.dictionary(next(iter(context.array(use.font.get("DescendantFonts"))), None))
    mine, its = (context.dictionary(d.get("CIDSystemInfo")) for d in (encoding.dict, below))
    equal = all(context.get(mine.get(key)) == context.get(its.get(key)) for key in ("Registry", "Ordering"))
    later = (context.integer(its.get("Supplement")) or 0) <= (context.integer(mine.get("Supplement")) or 0)
    context.require(equal, "6.2.11.3.1-1", "/CIDSystemInfo differs from the CMap's", use.number)
    context.require(later, "6.2.11.3.1-1/later", "/CIDSystemInfo is later than the CMap's", use.number)


def _shown_cids(
    context: Context, use: FontUse, below: dict[str, Any], program: FontProgram, glyphs: bytes | None
) -> None:
    widths = _cid_widths(context, below)
    usual = context.number(below.get("DW"))
    otherwise = 1000.0 if usual is None else usual
    advances = program.widths
    for cid in _cids(use):
        glyph = cid if glyphs is None else int.from_bytes(glyphs[2 * cid : 2 * cid + 2], "big")
        width = widths.get(cid, otherwise)
        known = 0 < glyph < len(advances) and glyph < program.glyphs
        if not known or abs(advances[glyph] - width) > TOLERANCE:
            _compare(context, use, program, glyph, width, asked=cid == 0)


def _cids(use: FontUse) -> set[int]:
    """The codes of two bytes that were shown; an odd last byte is none."""
    codes = array("H", b"".join([text[: len(text) & ~1] for text in use.shown]))
    if sys.byteorder == "little":
        codes.byteswap()
    return set(codes)


def _cid_widths(context: Context, below: dict[str, Any]) -> dict[int, float]:
    """/W as a table (ISO 32000-1, 9.7.4.3)."""
    found: dict[int, float] = {}
    given = context.array(below.get("W"))[:200_000]
    context.spend(_AN_ENTRY * len(given))
    items = [context.get(item) for item in given]
    index = 0
    while index + 1 < len(items) and len(found) <= 0x10000:
        first, second = items[index], items[index + 1]
        if isinstance(first, int) and isinstance(second, list):
            context.spend(_AN_ENTRY * len(second))
            for cid, width in enumerate(second, first):
                number = float(width) if type(width) is int else context.number(width)
                if number is not None:
                    found[cid] = number
            index += 2
        elif isinstance(first, int) and isinstance(second, int) and index + 2 < len(items):
            width = context.number(items[index + 2])
            last = min(second, 0xFFFF)
            context.spend(_A_WIDTH * max(0, last - first))
            found.update(dict.fromkeys(range(first, last + 1), width if width is not None else 1000.0))
            index += 3
        else:
            break
    return found


def _cid_set(context: Context, descriptor: dict[str, Any], program: FontProgram, use: FontUse) -> None:
    stream = context.get(descriptor.get("CIDSet"))
    if not isinstance(stream, Stream):
        return
    bits = context.data(stream, context.limits.font_bytes)
    context.spend(_AN_ENTRY * program.glyphs)
    missing = [
        g for g in range(program.glyphs) if not (bits[g >> 3 : (g >> 3) + 1] or b"\0")[0] << (g & 7) & 128
    ]
    context.require(not missing, "6.2.11.4.2-2", "/CIDSet does not name every glyph", use.number)


# --- simple TrueType fonts


class _TrueType:
    """One simple TrueType font (6.2.11.6)."""

    def __init__(
        self, context: Context, use: FontUse, descriptor: dict[str, Any], program: FontProgram
    ) -> None:
        self.context = context
        self.use = use
        self.program = program
        self.symbolic = bool((context.integer(descriptor.get("Flags")) or 0) & SYMBOLIC)
        encoding = context.get(use.font.get("Encoding"))
        self.encoding = encoding
        self.base = context.name(encoding.get("BaseEncoding") if isinstance(encoding, dict) else encoding)
        differences = encoding.get("Differences") if isinstance(encoding, dict) else None
        self.differences = self._differences(context.array(differences))

    def _differences(self, items: list[Any]) -> dict[int, str]:
        found: dict[int, str] = {}
        code = 0
        for item in items[:1_000]:
            value = self.context.get(item)
            if isinstance(value, Name):
                found[code] = str(value)
                code += 1
            elif type(value) is int:
                code = value
        return found

    def check(self) -> None:
        number, require = self.use.number, self.context.require
        maps = self.program.maps
        free = self.context.part.named_glyphs
        if self.symbolic:
            require(self.encoding is None, "6.2.11.6-3", "a symbolic font has /Encoding", number)
            one = len(maps) == 1 or (free and (3, 0) in maps)
            require(one, "6.2.11.6-4", f"symbolic, {len(maps)} maps", number)
        else:
            usable = len(maps) > 1 if (3, 0) in maps else bool(maps)
            require(usable, "6.2.11.6-1", "the font program has no map for a non-symbolic font", number)
            listed = all(agl.toUnicode(name) for name in self.differences.values())
            differs = isinstance(self.encoding, dict) and "Differences" in self.encoding
            named = free and (not self.differences or (listed and (3, 1) in maps))
            known = self.base in _CODECS and (named or not differs)
            require(known, "6.2.11.6-2", f"the encoding {self.base or '?'} of a non-symbolic font", number)
        for code in sorted({code for text in self.use.shown for code in text}):
            _compare(self.context, self.use, self.program, self._glyph(code), self._width(code))

    def _glyph(self, code: int) -> int:
        maps = self.program.maps
        if self.symbolic:
            symbols = maps.get((3, 0), {})
            for at in (code, 0xF000 + code, 0xF100 + code, 0xF200 + code):
                if at in symbols:
                    return symbols[at]
            return maps.get((1, 0), {}).get(code, 0)
        character = self._character(code)
        if (3, 1) in maps:
            return maps[3, 1].get(ord(character), 0) if character else 0
        try:
            mac = character.encode("mac_roman")
        except UnicodeEncodeError:
            return 0
        return maps.get((1, 0), {}).get(mac[0], 0) if mac else 0

    def _character(self, code: int) -> str:
        if code in self.differences:
            return str(agl.toUnicode(self.differences[code]))[:1]
        return bytes((code,)).decode(_CODECS.get(self.base, "cp1252"), "ignore")

    def _width(self, code: int) -> float:
        font = self.use.font
        widths = self.context.array(font.get("Widths"))
        index = code - (self.context.integer(font.get("FirstChar")) or 0)
        width = self.context.number(widths[index]) if 0 <= index < len(widths) else None
        if width is not None:
            return width
        descriptor = self.context.dictionary(font.get("FontDescriptor"))
        return self.context.number(descriptor.get("MissingWidth")) or 0.0
