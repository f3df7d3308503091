"""Dictionaries as this software writes them, read by one pattern each."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import compress
from typing import Any

from signer.creation.native.grammar import Entries
from signer.patterns import compile_pattern

REFERENCE = rb"\d{1,10}+ \d{1,5}+ R"
NUMBER = rb"\d{1,10}+"
NAME = rb"/[A-Za-z]++"
STRING = rb"\((?:[^()\\]++|\\.)*+\)"


class Written:
    """A dictionary with some of these keys in this order, each value of its own kind and behind one space.

    No key can stand there twice, and each value is one that the grammar takes: what is read is what `entries` finds.
    """

    __slots__ = ("_keys", "_pattern", "source")

    def __init__(self, before: bytes, values: Mapping[bytes, bytes], behind: bytes = b"") -> None:
        """Patterns: of what stands before the dictionary, of the values by key, of what has to follow."""
        pairs = [rb"(?:/%b (%b))?+" % pair for pair in values.items()]
        self._keys = tuple(values)
        self.source = rb"%b<<%b>>(?=%b)" % (before, b"".join(pairs), behind)
        self._pattern = compile_pattern(self.source, re.DOTALL)

    def read(self, data: bytes, position: int) -> tuple[Entries, int] | None:
        """The entries and the dictionary's end; at `position` begins what stands before it."""
        found = self._pattern.match(data, position)
        if found is None:
            return None
        return self.entries(found.groups()), found.end()

    def entries(self, raws: Sequence[bytes | Any]) -> Entries:
        """The entries, from what each group of the pattern found."""
        return dict(compress(zip(self._keys, raws), raws))  # noqa: B905 (the pattern has a group for each key)
