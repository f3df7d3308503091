"""What the command line shows: names as they can be read, and one line that says how far a long pass is.

Nothing of that line is written when standard error is a file.
"""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Self

_EVERY = 0.2  # seconds
_MB = 1_000_000
_CLEAR = "\r\033[K"


def printable(text: str) -> str:
    """The text in one line: a name may hold line ends, a terminal's commands, or bytes that are no text."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


class TerminalLine:
    """A line that is written over, at most five times a second, and gone at the end."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._next = 0.0
        self._written = False

    def show(self, text: str) -> None:
        """Write over the line, unless it was written just now."""
        now = time.monotonic()
        if self._shown and now >= self._next:
            self._next = now + _EVERY
            self._written = True
            sys.stderr.write(f"{_CLEAR}… {printable(text)}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Leave the line empty for something else."""
        if self._written:
            self._written = False
            self._next = 0.0
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()


class BytesLine(TerminalLine):
    """`TerminalLine` for bytes done of a total, after a word."""

    def __init__(self, word: str) -> None:
        super().__init__()
        self._word = word

    def __call__(self, done: int, total: int) -> None:
        share = 100 * done // max(total, 1)
        self.show(f"{self._word} {done // _MB:,}/{total // _MB:,} MB ({share} %)")
