"""Whether the ink by which two faces of a button differ is a check mark: a few strokes, or one sign that marks.

A face that writes a digit before a number, or a word, says what nobody signed (ISO 32000-2, 12.7.5.2.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from signer.document.character_maps import font_reader
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused

_MOST_SIGNS, _MOST_PATHS, _MOST_STROKES = 2, 6, 24
_SIGNS = frozenset("xX×✓✔✕✖✗✘•●○■□◆◇★√☐☑☒")
_OF_DINGBATS = frozenset(
    b"345678HIJKLMNlmnopqrstuvw"
)  # ISO 32000-2, D.6: ticks, crosses, stars, discs, squares
_OF_SYMBOL = frozenset(b"\xb4\xb7\xd6\xa8")  # D.5: multiply, bullet, radical, diamond
_STANDARD = {"ZapfDingbats": _OF_DINGBATS, "Symbol": _OF_SYMBOL}
_BEGIN = frozenset(("m", "re"))


@dataclass(frozen=True, slots=True)
class Ink:
    """Something dark that a face draws. `signs`: how many, None for such as are no marks."""

    drawn: str
    signs: int | None = 0
    paths: int = 0
    strokes: int = 0


def path_ink(drawn: str, operators: list[str]) -> Ink:
    """A path that was filled or stroked, by the operators that made it."""
    begun = sum(operator in _BEGIN for operator in operators)
    return Ink(drawn, 0, begun, len(operators))


def text_ink(drawn: str, pdf: PdfFile, font: dict[str, Any], shown: Any) -> Ink:
    """A string that was shown in a font."""
    parts = shown if isinstance(shown, list) else [shown]
    raw = b"".join(part for part in parts if isinstance(part, bytes))
    return Ink(drawn, _signs(pdf, font, raw))


def is_a_mark(before: Iterable[Ink], after: Iterable[Ink]) -> bool:
    """Whether what comes and what goes is a mark each."""
    old, new = Counter(before), Counter(after)
    return all(_few(list(each.elements())) for each in (old - new, new - old))


def _few(inks: list[Ink]) -> bool:
    if any(ink.signs is None for ink in inks):
        return False
    return (
        sum(ink.signs or 0 for ink in inks) <= _MOST_SIGNS
        and sum(ink.paths for ink in inks) <= _MOST_PATHS
        and sum(ink.strokes for ink in inks) <= _MOST_STROKES
    )


def _signs(pdf: PdfFile, font: dict[str, Any], raw: bytes) -> int | None:
    known = _STANDARD.get(str(pdf.resolve(font.get("BaseFont"))))
    plain = not {"FontDescriptor", "Widths", "ToUnicode"} & set(font)
    if known and plain and not isinstance(pdf.resolve(font.get("Encoding")), dict):
        return len(raw.replace(b" ", b"")) if known.issuperset(raw.replace(b" ", b"")) else None
    try:
        text = font_reader(pdf, font).decode(raw)
    except DocumentRefused:
        return None
    signs = None if text is None else "".join(text.split())
    return len(signs) if signs is not None and _SIGNS.issuperset(signs) else None
