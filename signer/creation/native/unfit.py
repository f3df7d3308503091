"""What the native path leaves to the general one: each with its reason in docs/signing-paths.md."""

from __future__ import annotations

from enum import StrEnum


class Unfitness(StrEnum):
    """A shape, or `RULE`: something that is forbidden, which the general path refuses with the rule's name."""

    RULE = "rule"
    CERTIFIED = "certified"
    LOCK = "lock"
    NESTED_FIELDS = "nested-fields"
    MANY_FIELDS = "many-fields"
    RECTANGLE = "rectangle"
    FOREIGN_FONT = "foreign-font"
    HYBRID = "hybrid"
    LOOSE_TABLE = "loose-table"
    CROSS_REFERENCE = "cross-reference"
    SECTION_CHAIN = "section-chain"
    SIZE = "size"
    IDENTIFIERS = "identifiers"
    ENCRYPTED = "encrypted"
    HEADER = "header"
    END = "end"
    GRAMMAR = "grammar"
    DIRECT_OBJECT = "direct-object"
    OBJECT_NOT_THERE = "object-not-there"
    STREAM_OBJECT = "stream-object"
    PACKED_OBJECT = "packed-object"
    LONG_OBJECT = "long-object"
    LONG_STREAM = "long-stream"
    STREAM_LENGTH = "stream-length"
    STREAM_FILTER = "stream-filter"
    OBJECT_STREAM = "object-stream"
    LARGE_TABLE = "large-table"
    LARGE_FILE = "large-file"
    CHANGING = "changing"


class Unfit(Exception):
    """The native path does not write this signature; the general one may."""

    def __init__(self, shape: Unfitness) -> None:
        super().__init__(shape)
        self.shape = shape
