"""What a report is about, beside the validation itself."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ReportedFile:
    """The file that was validated, as its bearer calls it: name, bytes, SHA-256 in hex."""

    name: str
    size: int
    sha256: str
