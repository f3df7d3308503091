"""What the same bytes always mean is worked out once in a process: the digits' font stands in every document."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import TypeVar

T = TypeVar("T")
_MOST_BYTES = 256 << 10
_MOST_KEPT = 64


def kept_by_bytes(function: Callable[[bytes], T]) -> Callable[[bytes], T]:
    """A pure function of bytes whose last results are kept. They are shared: callers must not change them.

    Larger bytes are not kept, so that what is kept is bounded. What raises is not kept.
    """
    kept = lru_cache(_MOST_KEPT)(function)

    @wraps(function)
    def looked_up(data: bytes) -> T:
        return kept(data) if len(data) <= _MOST_BYTES else function(data)

    return looked_up
