"""The index of an object stream: which objects it holds, and where each begins in its data (ISO 32000-2, 7.5.7)."""

from __future__ import annotations

import re
from typing import Any

from policies.reasons import document as reasons
from signer.errors import DocumentRefused

_INTEGERS = re.compile(rb"\d{1,10}")


def index_of(num: int, entries: dict[str, Any], data: bytes) -> list[tuple[int, int]]:
    """Number and offset of each object, in order, in the decoded `data` of the object stream `num`.

    Raises `DocumentRefused` when the index is not what the stream's dictionary says, or names an object twice.
    """
    count, first = entries.get("N"), entries.get("First")
    if type(count) is not int or type(first) is not int or not 0 <= first <= len(data):
        raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
    numbers = [int(digits) for digits in _INTEGERS.findall(data, 0, first)]
    if not 0 <= 2 * count <= len(numbers):
        raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
    starts = (first + at for at in numbers[1 : 2 * count : 2])
    pairs = list(zip(numbers[: 2 * count : 2], starts, strict=True))
    if len(dict(pairs)) != count:  # readers differ in which of two they take
        raise DocumentRefused(reasons.OBJECT_MISMATCH, number=num)
    return pairs
