"""How many bytes to keep free for a token, learned from the tokens that came."""

from __future__ import annotations

DEFAULT_RESERVE = 8192
SLACK = 512


class Reserve:
    """Starts at a safe default; after the first token, the largest seen plus slack. Safe for threads.

    A size that is read while another thread learns is either of the two: both were safe when they stood.
    """

    def __init__(self, size: int = DEFAULT_RESERVE) -> None:
        self._default = size
        self._largest = 0

    @property
    def size(self) -> int:
        return self._largest + SLACK if self._largest else self._default

    def learn(self, token: bytes) -> bytes:
        """Take note of a token's length and pass it through."""
        self._largest = max(self._largest, len(token))
        return token
