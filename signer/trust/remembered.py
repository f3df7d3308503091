"""Results of pure functions of bytes, kept for the process; those that its own state may have spoilt are not.

Near the end of the stack a parser fails on bytes that are sound. Who asks from there gets that answer, and nobody else:
kept, it would turn every later validation with that certificate or answer into a no.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")
_ROOM = 400  # frames; what the deepest of these functions needs for sound bytes is less than half


def remembered(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """`functools.lru_cache` for functions that answer damaged bytes with a value. What raises is not kept either."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        kept = lru_cache(maxsize=most)(function)

        @wraps(function)
        def looked_up(*args: P.args, **kwargs: P.kwargs) -> T:
            if _near_the_end():
                return function(*args, **kwargs)
            return kept(*args, **kwargs)  # type: ignore[arg-type]  # bytes and tuples of them, which are hashable

        return looked_up

    return decorate


def remembered_by_each_thread(most: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """The same, kept by every thread for itself: for results that are read on lazily, as asn1crypto's are. Two threads
    in one such object see each other's half-read fields."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        own = threading.local()

        @wraps(function)
        def looked_up(*args: P.args, **kwargs: P.kwargs) -> T:
            kept: Callable[P, T] | None = getattr(own, "kept", None)
            if kept is None:
                kept = own.kept = remembered(most)(function)
            return kept(*args, **kwargs)

        return looked_up

    return decorate


def _near_the_end() -> bool:
    """Whether fewer frames are left than these functions may need."""
    try:
        sys._getframe(max(1, sys.getrecursionlimit() - _ROOM))
    except ValueError:  # the stack is not that deep
        return False
    return True
