"""What an appearance paints besides its text: backgrounds, borders, pictures.

A field may have a background and a border. They may cover what the page says below, so filling a field must not
change them: `same_as` compares two appearances.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

from signer.document.objects import PdfObject, Stream
from signer.document.reader import PdfFile

_MOST_RECTANGLES = 4
_FILLS = frozenset(("f", "F", "f*", "B", "B*", "b", "b*"))
_STROKES = frozenset(("S", "s", "B", "B*", "b", "b*"))
_PATH = frozenset(("m", "l", "c", "v", "y", "h"))
_BESIDE_PATHS = frozenset(("sh", "BI"))
_DEVICE_SPACES = frozenset(("DeviceGray", "DeviceRGB", "DeviceCMYK"))
_SAYS_NOTHING = frozenset(("BMC", "BDC", "EMC", "MP", "DP", "ET"))
_MOST_PICTURES = 4 << 20  # bytes, as often as they are drawn


def _digest() -> hashlib.blake2b:
    return hashlib.blake2b(digest_size=16)


@dataclass(slots=True)
class Paint:
    """`fills`, `strokes` and `pictures`: whether anything of the kind is painted. `mark` stands for all that is
    painted, with every operator that says how: colours, paths, clips, widths."""

    fills: bool = False
    strokes: bool = False
    pictures: bool = False
    mark: bytes = b""
    _rectangles: int = 0
    _budget: int = _MOST_PICTURES
    _only_rectangles: bool = True
    _seen: hashlib.blake2b = field(default_factory=_digest)

    @property
    def anything(self) -> bool:
        """Whether anything but text is painted."""
        return self.fills or self.strokes or self.pictures

    def same_as(self, other: Paint) -> bool:
        """Whether both paint the same, in the same way. What is too much to look at is like nothing else."""
        if not self.anything and not other.anything:
            return True
        return bool(self.mark) and self.mark == other.mark

    def frame(self, numbers: tuple[float, ...]) -> None:
        """A form XObject begins, with this box and matrix: they place what it paints."""
        self._note("frame", list(numbers))

    def plain(
        self, operator: str, operands: list[Any], matrix: tuple[float, ...], *, written: bool = False
    ) -> bool:
        """Note an operator that shows no text. False when it paints what no plain field has: another path than a
        few rectangles, anything over text that is `written` already, or anything in a layer."""
        if operator in _SAYS_NOTHING:
            return operands[:1] != ["OC"]
        if operator in ("cs", "CS") and not _DEVICE_SPACES.issuperset(map(str, operands)):
            self.unknown()
        self._note(operator, [*operands, *matrix] if operator == "re" or operator in _PATH else operands)
        if operator == "re":
            self._rectangles += 1
        elif operator in _PATH:
            self._only_rectangles = False
        elif operator == "n":
            self._only_rectangles = True
        elif operator in _FILLS or operator in _STROKES:
            found = self._only_rectangles and self._rectangles <= _MOST_RECTANGLES
            self._only_rectangles = True
            self.fills = self.fills or operator in _FILLS
            self.strokes = self.strokes or operator in _STROKES
            self._painted()
            return found and not written
        elif operator in _BESIDE_PATHS:
            self.pictures = True
            self._painted()
            return False
        return True

    def picture(self, pdf: PdfFile, drawn: PdfObject, matrix: tuple[float, ...]) -> None:
        """Note that something else than a form XObject is drawn."""
        self._note("Do", list(matrix))
        self.pictures = True
        self._budget -= drawn.length + 1 if isinstance(drawn, Stream) else 1
        if self._budget < 0:
            self.mark = b""
            return
        if isinstance(drawn, Stream):
            self._seen.update(repr(sorted(drawn.dict.items(), key=lambda item: item[0])).encode())
            self._seen.update(pdf.raw_data(drawn))
        self._painted()

    def unknown(self) -> None:
        """What is painted is named by something that is not looked at: a colour that may be none, say."""
        self._budget, self.mark = -1, b""

    def _note(self, operator: str, operands: list[Any]) -> None:
        words = [
            f"{float(item) + 0.0:.5g}" if type(item) in (int, float) else repr(item) for item in operands
        ]
        self._seen.update(" ".join((operator, *words, "")).encode("utf-8", "backslashreplace"))

    def _painted(self) -> None:
        self.mark = self._seen.digest() if self._budget >= 0 else b""
