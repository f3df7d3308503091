"""What the rules share: the file, the findings, and lenient access to values of the wrong kind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from policies.reasons import document as reasons
from signer.document.objects import Name, Ref, Stream
from signer.document.pdfa.parts import PART_2, READER, Part
from signer.document.pdfa.report import PdfaFinding
from signer.document.reader import PdfFile
from signer.errors import DocumentRefused


class _Spent(DocumentRefused):
    """The check has cost what it may; no fault of what is being read."""


@dataclass(frozen=True, slots=True)
class PdfaLimits:
    """What one check may cost: findings kept, objects and pages of a file that is checked at all, values
    looked at, bytes decoded in all, content tokens read, bytes of one decoded stream, font program or metadata
    packet."""

    findings: int = 200
    objects: int = 250_000
    pages: int = 2_500
    values: int = 3_000_000
    decoded_bytes: int = 256 << 20
    tokens: int = 4_000_000
    stream_bytes: int = 64 << 20
    font_bytes: int = 16 << 20
    packet_bytes: int = 4 << 20
    form_depth: int = 24


@dataclass
class Context:
    """One check under way. `part` is what the file is judged by, `claims` what it says it is. `intent` is the colour
    space of the PDF/A output intent's profile ("RGB ", "GRAY", "CMYK"), "" without one. `embedded` are the file
    specifications with a file inside, with the number of the object that holds each; `associated` those that an /AF
    names."""

    pdf: PdfFile
    limits: PdfaLimits = field(default_factory=PdfaLimits)
    findings: dict[tuple[str, int], PdfaFinding] = field(default_factory=dict)
    complete: bool = True
    part: Part = PART_2
    claims: str = ""
    intent: str = ""
    embedded: dict[tuple[int, str], int] = field(default_factory=dict)
    associated: set[tuple[int, str]] = field(default_factory=set)
    unexamined: set[str] = field(default_factory=set)
    spent: int = 0
    profiles: dict[Ref, Any] = field(default_factory=dict)

    def fail(self, rule: str, text: str, number: int = 0) -> None:
        """Note a violated rule under its part's number, once for each object; nothing where that part has no such."""
        own = self.part.number(rule)
        if own is None:
            return
        if len(self.findings) >= self.limits.findings:
            self.complete = False
            return
        found = PdfaFinding(own, text[:300], number, self.part.area(own))
        self.findings.setdefault((own, number), found)

    def require(self, holds: bool, rule: str, text: str, number: int = 0) -> None:
        """Note a violated rule unless `holds`."""
        if not holds:
            self.fail(rule, text, number)

    @contextmanager
    def reading(self, number: int = 0) -> Iterator[None]:
        """What the strict reader refuses inside is a finding of its own."""
        try:
            yield
        except _Spent:
            self.complete = False
        except DocumentRefused as exc:
            self.fail(READER, str(exc), number)

    # --- values, whatever they are

    def get(self, value: Any) -> Any:
        """`value` resolved."""
        return self.pdf.resolve(value) if isinstance(value, Ref) else value

    def dictionary(self, value: Any) -> dict[str, Any]:
        """A dictionary or a stream's dictionary; {} for anything else."""
        found = self.pdf.resolve(value) if isinstance(value, Ref) else value
        if isinstance(found, dict):
            return found
        return found.dict if isinstance(found, Stream) else {}

    def array(self, value: Any) -> list[Any]:
        """An array; [] for anything else."""
        found = self.get(value)
        return found if isinstance(found, list) else []

    def name(self, value: Any) -> str:
        """A name; "" for anything else."""
        if value is None:  # most entries that rules ask for are not there
            return ""
        found = self.pdf.resolve(value) if isinstance(value, Ref) else value
        return str(found) if isinstance(found, Name) else ""

    def integer(self, value: Any) -> int | None:
        """An integer; None for anything else."""
        found = self.get(value)
        return found if type(found) is int else None

    def number(self, value: Any) -> float | None:
        """A number; None for anything else."""
        found = self.get(value)
        return float(found) if type(found) in (int, float) else None

    def data(self, stream: Stream, limit: int) -> bytes:
        """A stream's decoded bytes. Raises `DocumentRefused` beyond the limit, and when too much was decoded before.
        What is kept decoded is spent again: whoever asks reads it."""
        self.spend(0)
        made: list[int] = []
        try:
            data = self.pdf.stream_data(stream, limit, made.append)
        except DocumentRefused:
            self.spent += sum(made)
            raise
        self.spent += max(sum(made), len(data))
        return data

    def spend(self, cost: int) -> None:
        """Count work of the cost of so many decoded bytes. Raises `DocumentRefused` when that is too much."""
        self.spent += cost
        if self.spent > self.limits.decoded_bytes:
            raise _Spent(reasons.BOMB, limit=self.limits.decoded_bytes)


def number_of(value: Any, otherwise: int) -> int:
    """The object number of a reference; `otherwise` (the holder's) for a direct value."""
    return value.num if isinstance(value, Ref) else otherwise
