"""What the command line shows: names as they can be read, and one line that says how far a long pass is.

Nothing of that line is written when standard error is a file.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

_EVERY = 0.2  # seconds
_A_MINUTE = 60.0
_SOON = 2.0  # seconds before which a forecast says nothing
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


class StagesLine(TerminalLine):
    """How far each stage of a long pass is, and when its end is to be expected by the pace so far.

    Where standard error is a file, one line when a stage begins and one a minute.
    """

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._say, self._clock = say, clock
        self._stage, self._from, self._since, self._said = "", 0, 0.0, 0.0

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        now = self._clock()
        begins = stage != self._stage
        if begins:
            # What an earlier run did is not of this one's pace.
            self._stage, self._from, self._since = stage, done, now
        text = f"{stage} {done:,}" + (f"/{total:,}" if total else "") + self._forecast(done, total, now)
        if self._shown:
            self.show(text)
        elif begins or now - self._said >= _A_MINUTE:
            self._said = now
            self._say(f"… {printable(text)}")

    def _forecast(self, done: int, total: int | None, now: float) -> str:
        here, seconds = done - self._from, now - self._since
        if not total or here <= 0 or seconds < _SOON or done >= total:
            return ""
        left = (total - done) / here * seconds
        return f" ({100 * done // total} %), {duration(left)} left"


def duration(seconds: float) -> str:
    """About how long: `40 s`, `7 min`, `3 h 20 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
