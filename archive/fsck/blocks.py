"""Rows by the block: what belongs to them is then fetched for all of them at once, and memory stays bounded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

BLOCK = 500  # rows; also what one IN of a query may name
T = TypeVar("T")


def in_blocks(items: Iterable[T], size: int = BLOCK) -> Iterator[list[T]]:
    """The items in lists of at most `size`."""
    left = iter(items)
    while block := list(islice(left, size)):
        yield block
