"""Fewer bytes with the same answer: pieces are left out as long as it stays (ddmin)."""

from __future__ import annotations

from collections.abc import Callable


def minimised(data: bytes, still: Callable[[bytes], bool], tries: int) -> bytes:
    """The smallest that so many tries find. `still`: whether these bytes give the answer, too."""
    pieces = 2
    while tries > 0 and pieces <= len(data):
        size = -(-len(data) // pieces)
        for start in range(0, len(data), size):
            shorter = data[:start] + data[start + size :]
            tries -= 1
            if shorter and still(shorter):
                data, pieces = shorter, max(2, pieces - 1)
                break
            if tries <= 0:
                break
        else:
            if size == 1:
                break
            pieces = min(len(data), 2 * pieces)
    return data
