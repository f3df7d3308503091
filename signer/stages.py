"""Values that pass between the stages of a signature. Both creation paths yield one `Prepared`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Prepared:
    """One revision, ready to be signed.

    `tail` is what is appended to the `base_size` bytes of the file; it holds the empty hole. Offsets are
    absolute in the resulting file. `byte_range` is as in the PDF; `hole` is the offset of the first hex digit
    and the count of hex digits of `/Contents` (2 × bytes). `digest` is over the ByteRange.
    """

    base_size: int
    tail: bytes
    byte_range: tuple[int, int, int, int]
    hole: tuple[int, int]
    digest: bytes
    digest_algorithm: str
    field: str


@dataclass(frozen=True, slots=True)
class Appended:
    """A revision without a signature of its own to be made (fields prepared, DSS): bytes to append."""

    base_size: int
    tail: bytes


@dataclass(frozen=True, slots=True)
class Draft:
    """One revision to be hashed, signed and appended (two, when the field was missing). `prepared.digest` is
    empty. `lost_pdfa` is what the file claims to be ("2B") and cannot be, because it is too large; else ""."""

    prepared: Prepared
    lost_pdfa: str = ""
