"""Reading ahead: a store answers many questions at once, the answers come in order, and few lie in memory."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

PARALLEL_READS = 8
WINDOW = 32  # answers that may wait
T = TypeVar("T")
R = TypeVar("R")


def ahead(pool: Executor, act: Callable[[T], R], items: Iterable[T], window: int = WINDOW) -> Iterator[R]:
    """`act` of each item, in their order; what it raises is raised in its turn."""
    left: deque[Future[R]] = deque()
    try:
        for item in items:
            left.append(pool.submit(act, item))
            if len(left) >= window:
                yield left.popleft().result()
        while left:
            yield left.popleft().result()
    finally:
        for future in left:
            future.cancel()
