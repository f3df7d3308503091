"""Documents of the demo agency: one generator for the demo, `antin sample` and the tests.

They are laid out as NĐ 30/2020/NĐ-CP, PL I prescribes (boxes "ô số" 1 to 10), are PDF/A-2b, and the same
spec always gives the same bytes. Nothing here knows how documents are prepared or signed.
"""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from api.demo.layout import compose
from api.demo.publishing import publish, user_space
from api.demo.specification import Anchors, DecisionSpec, ExpectedBox, Kind, Leak
from policies.numbering import civil_date

__all__ = [
    "Anchors",
    "DecisionSpec",
    "ExpectedBox",
    "Kind",
    "Leak",
    "decision",
    "expected_boxes",
    "of_this_year",
    "write_decision",
    "write_to",
]

_DEFAULT = DecisionSpec()


def of_this_year(at: datetime, spec: DecisionSpec = _DEFAULT) -> DecisionSpec:
    """The same document, printed to be numbered now: a number is refused whose date is of another year than the
    page says. `at` is aware."""
    return replace(spec, year=civil_date(at).year)


def decision(spec: DecisionSpec = _DEFAULT) -> bytes:
    """The document as bytes."""
    out = io.BytesIO()
    write_to(out, spec)
    return out.getvalue()


def write_decision(path: Path, spec: DecisionSpec = _DEFAULT) -> None:
    """Writes the document to `path` piece by piece; memory does not grow with `padding`."""
    with path.open("wb") as out:
        write_to(out, spec)


def write_to(out: BinaryIO, spec: DecisionSpec) -> None:
    """Writes the document to an open binary file."""
    publish(out, spec, compose(spec))


def expected_boxes(spec: DecisionSpec = _DEFAULT) -> tuple[ExpectedBox, ...]:
    """Where each later act belongs on `decision(spec)`, in default user space."""
    return tuple(ExpectedBox(box.role, box.page, user_space(spec, box.rect)) for box in compose(spec).boxes)
