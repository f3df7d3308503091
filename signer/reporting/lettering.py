"""The letters of a printed report: Liberation Serif, cut down to what is used, and lines that fit a width.

A letter that the typeface lacks is written as its code point, `[U+4E2D]`: nothing is left out in silence.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from signer.reporting.blocks import Block, Kind
from signer.stamping.typefaces import Face, Typeface, typeface

ESCAPES = "[]U+0123456789ABCDEF"
ALWAYS = ESCAPES + " –•…/"
LONGEST = 2000  # characters of one block
_BOLD = frozenset({Kind.TITLE, Kind.SECTION, Kind.CARD, Kind.STRONG})


def face_of(kind: Kind) -> Face:
    """Bold for headings, else regular."""
    return Face.BOLD if kind in _BOLD else Face.REGULAR


class Lettering:
    """Both faces of one report. `write` gives text as it can be drawn."""

    def __init__(self, blocks: Iterable[Block], others: Iterable[str]) -> None:
        wanted = {Face.REGULAR: set(ALWAYS), Face.BOLD: set(ALWAYS)}
        for text in others:
            wanted[Face.REGULAR].update(_plain(text))
        for block in blocks:
            wanted[face_of(block.kind)].update(_plain(block.text))
            wanted[Face.REGULAR].update(_plain(block.label))
        self._faces = {face: _covering(face, letters) for face, letters in wanted.items()}

    def face(self, face: Face) -> Typeface:
        """The subset that has every letter of `write`."""
        return self._faces[face]

    def write(self, text: str, face: Face) -> str:
        """The text in NFC, cut to `LONGEST`, with code points for the letters that the typeface lacks."""
        known = self._faces[face].glyphs
        return "".join(each if each in known else f"[U+{ord(each):04X}]" for each in _plain(text))

    def lines(self, text: str, face: Face, size: float, width: float) -> list[str]:
        """The text in lines no wider than `width` points; a word that is wider is broken."""
        font, lines = self._faces[face], [""]
        for word in self._words(self.write(text, face), font, size, width):
            longer = f"{lines[-1]} {word}" if lines[-1] else word
            if font.width(longer, size) <= width or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def _words(self, text: str, font: Typeface, size: float, width: float) -> Iterator[str]:
        """Words, each no wider than a line. A single letter always is."""
        for word in text.split():
            part = ""
            for letter in word:
                if part and font.width(part + letter, size) > width:
                    yield part
                    part = ""
                part += letter
            yield part


def _plain(text: str) -> str:
    cut = text if len(text) <= LONGEST else text[:LONGEST] + "…"
    return unicodedata.normalize("NFC", " ".join(cut.split()))


def _covering(face: Face, letters: set[str]) -> Typeface:
    """The subset of those letters that the typeface has. Marks that nobody sees, such as those that turn a line
    round, count as missing."""
    seen = [letter for letter in letters if letter == " " or unicodedata.category(letter)[0] not in "CZ"]
    known = typeface(face, "".join(seen)).glyphs
    return typeface(face, "".join(letter for letter in seen if letter in known))
