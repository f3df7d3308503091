"""Copies of stored objects as values: where each lies, and how it is watched over.

A shelf is one table's rows of one store: the documents' objects of the first store stand in `objects`, the log's
objects of the first store and everything in the second one in `object_copies`. Both tables have the same columns here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policies.fixity import Turn
from policies.locks import Lock
from policies.vocabulary import LockMode

FIRST, SECOND = "first", "second"  # the stores, by name


class Shelf(StrEnum):
    DOCUMENTS = "documents"
    LOG = "log"
    SECOND = "second"

    @property
    def store(self) -> str:
        """Which store its copies lie in."""
        return SECOND if self is Shelf.SECOND else FIRST


SHELVES = {FIRST: (Shelf.LOG, Shelf.DOCUMENTS), SECOND: (Shelf.SECOND,)}


class CopyRole(StrEnum):
    """What a copy without a row in `objects` is; documents' objects keep their `ObjectRole`."""

    TILE = "tile"  # hashes or entries of the log, full
    CHECKPOINT = "checkpoint"
    LOG = "log"  # what else the log locks: cosignatures, time-stamps of heads


@dataclass(frozen=True, slots=True)
class Copy:
    """One object in one store, as its row has it. `sha256` is what was archived.

    `owner`: the document, file or dossier whose retention keeps it; None: it is the log's. `document`: when it is one.
    """

    shelf: Shelf
    key: str
    version: str
    sha256: str
    size: int
    owner: str | None
    document: str | None
    role: str
    lock: Lock
    read_back_at: datetime
    kept: bool
    lock_due: datetime
    locked_at: datetime | None
    hardened_at: datetime | None
    fixity_due: datetime
    fixity_at: datetime | None
    fixity_state: str
    repaired_at: datetime | None
    copied_at: datetime | None

    @property
    def spread(self) -> float:
        """0 to 1, the object's own: its turns lie apart from those of others stored the same day."""
        return spread(self.sha256)

    @property
    def quarantine_from(self) -> datetime | None:
        """When its quarantine began; None for what is locked hard at once."""
        return None if self.owner is None else self.read_back_at


@dataclass(frozen=True, slots=True)
class NewCopy:
    """What was read back of a copy without a row in `objects`."""

    store: str
    key: str
    version: str
    sha256: str
    size: int
    owner: str | None
    document: str | None
    role: str
    retain_until: datetime
    mode: LockMode
    hold: bool
    read_back_at: datetime


@dataclass(frozen=True, slots=True)
class LockChange:
    """What was read back of a copy's lock, and when to look next. `kept` False: its lock is let end."""

    key: str
    version: str
    lock: Lock
    look_next: datetime
    kept: bool
    hardened: bool


@dataclass(frozen=True, slots=True)
class FixityChange:
    """What reading a copy said; `turn` None leaves it due."""

    key: str
    version: str
    state: str
    turn: Turn


def spread(sha256: str) -> float:
    """A number from 0 to 1 that belongs to the digest."""
    return int(sha256[:8], 16) / 0xFFFFFFFF
