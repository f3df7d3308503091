"""What is read under one dossier, what of it is believed, and the rows that it makes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from archive.catalogue.rebuild_rows import LeafRow
from archive.errors import ArchiveUnavailable
from archive.ports import StoredObject

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """One object of a dossier. `sha256` is of its bytes as they are, None where they were not read."""

    key: str
    version: int | None  # of a record
    head: StoredObject | None
    sha256: str | None = None
    size: int = 0
    data: bytes = b""
    fault: str = ""
    silent: ArchiveUnavailable | None = None  # the store does not give it; another version may do
    over: bool = False  # it is such a version


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything under one dossier."""

    dossier: str
    objects: tuple[Stored, ...]


@dataclass(frozen=True, slots=True)
class Believed:
    """A record to which a leaf commits."""

    stored: Stored
    value: Row
    leaf: LeafRow

    @property
    def version(self) -> int:
        return int(self.value["version"])


@dataclass(slots=True)
class Rows:
    """Rows of one dossier, by table; what opens its leaves; its agency."""

    tables: dict[str, list[Row]] = field(default_factory=dict)
    leaves: list[Row] = field(default_factory=list)
    agency: tuple[str, str, str] = ("", "", "")


def day_of(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def time_of(text: str | None) -> Any:
    return datetime.fromisoformat(text) if text else None
