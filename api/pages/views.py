"""What pages are given: plain frozen values. Routes fill them, templates only show them. Here what several pages show.

Times are aware datetimes (UTC), sizes bytes, lengths on pages millimetres from the top left corner of the page
as it is displayed. `indication`, `coverage` and the like carry the values of `policies.vocabulary`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from policies.vocabulary import Role

Day = date  # fields of that name would hide the type
Urgency = Literal[0, 1, 2, 3]  # thường, khẩn, thượng khẩn, hỏa tốc


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is signed in. `csrf` goes into every form."""

    name: str
    title: str
    roles: frozenset[Role]
    csrf: str


@dataclass(frozen=True, slots=True)
class PageImage:
    """A page rendered by the server from the very bytes. `width`, `height`: pixels; `text`: for screen readers."""

    number: int
    url: str
    width: int
    height: int
    text: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a select field."""

    value: str
    text: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An act that was done, is under way or failed."""

    at: datetime
    actor: str
    text: str
    outcome: Literal["done", "waiting", "failed"] = "done"
    note: str = ""
