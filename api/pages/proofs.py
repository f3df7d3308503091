"""What pages are given of the log and of a place in it: plain frozen values, as `api.pages.views` has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Witness:
    """Another body that cosigned a head of the log, and when."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Proof:
    """Where a document stands in the log. `witnesses`: who cosigned a head that has it."""

    index: int
    size: int
    logged_at: datetime
    witnesses: tuple[Witness, ...] = ()


@dataclass(frozen=True, slots=True)
class LogView:
    """The log's newest checkpoint, and who cosigned which size of it last."""

    origin: str
    size: int
    root: str
    published_at: datetime | None
    checkpoint: str
    key: str
    checkpoint_url: str
    key_url: str
    tiles_url: str
    witnesses: tuple[Witness, ...] = ()
    witnessed_size: int = 0
