"""`antin sample`: one document of the demo agency, written piece by piece."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from api.demo.documents import DecisionSpec, Kind, of_this_year, write_decision


def write_sample(out: Path, at: datetime, *, subject: str, kind: str, pages: int, megabytes: int) -> int:
    """Write the document, to be numbered in the year of `at`; its size in bytes. An existing file is not
    overwritten: FileExistsError."""
    spec = of_this_year(at, DecisionSpec(kind=Kind(kind), pages=pages, padding=megabytes << 20))
    if subject:
        spec = replace(spec, subject=subject)
    with out.open("xb"):
        pass
    write_decision(out, spec)
    return out.stat().st_size
