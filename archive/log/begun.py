"""The head of a publication that was cut: committed, its openings stored, and no checkpoint of it written yet.

The log's signature is in those openings. Whoever lost the catalogue since then knows of that head from nowhere else,
and must not sign another one of its size.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from archive.errors import ArchiveDamaged, ArchiveUnavailable, ProofRefused, StorageRefused
from archive.log.checkpoint import SignedCheckpoint, open_checkpoint
from archive.log.note import VerifierKey
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.giving import given
from archive.storage.readback import read_bounded
from archive.storage.versions import borne_out

MAX_OPENINGS = 64 << 20  # bytes; of a first part as it is written here: about 2 MB
MAX_READ = 1 << 30  # bytes of parts that nobody signed: more is somebody's work
_CHUNK = 1000  # names at once: of each lot the highest signed head counts
_NOTE = re.compile(rb'"note":("(?:[^"\\]|\\.){1,20000}")')


@dataclass(frozen=True, slots=True)
class Unread:
    """A first part that the store does not give, though it gives others: it may bring a head of `size` leaves."""

    size: int
    name: str


@dataclass(frozen=True, slots=True)
class Begun:
    """The largest head that was signed in openings, and the largest that may have been."""

    head: SignedCheckpoint | None
    unread: Unread | None


def begun(store: ObjectStore, key: VerifierKey, size: int) -> Begun:
    """What openings bring beyond `size` leaves. Raises ArchiveUnavailable, and ArchiveDamaged where so many parts that
    nobody signed lie there that they are not all read.

    Whether the entries beside a note lead to it does not matter: it was signed.
    """
    best, unread, reading = None, None, _Reading(store, key)
    names = _beyond(store, size)
    while lot := list(islice(names, _CHUNK)):
        for name, stop in reversed(lot):
            found = reading.head(name, stop)
            if isinstance(found, Unread):
                unread = max(filter(None, (unread, found)), key=lambda each: each.size)
            elif found is not None:
                best = found
                break
    return Begun(best, unread)


def _beyond(store: ObjectStore, size: int) -> Iterator[tuple[str, int]]:
    """First parts in the order of their ends."""
    for name in store.list(keys.OPENINGS, keys.openings_key(size - 1, size, 9999) if size else ""):
        try:
            _, stop, part = keys.openings_stretch(name)
        except ValueError:
            continue
        if part == 0 and stop > size:
            yield name, stop


class _Reading:
    """Notes of first parts, so many bytes in all."""

    def __init__(self, store: ObjectStore, key: VerifierKey) -> None:
        self._store, self._key, self._left = store, key, MAX_READ

    def head(self, name: str, stop: int) -> SignedCheckpoint | Unread | None:
        """The head that the log signed there; None when it signed none."""
        if self._left <= 0:
            raise ArchiveDamaged(f"log: {name} and others before it: too much that this log did not sign")
        silent = False

        def read(version: str) -> SignedCheckpoint:
            nonlocal silent
            try:
                data = given(self._store, lambda: read_bounded(self._store, name, MAX_OPENINGS, version))
            except ArchiveDamaged as exc:
                silent = silent or isinstance(exc.__cause__, ArchiveUnavailable)
                raise
            self._left -= len(data)
            return self._signed(data, name, stop)

        try:
            return borne_out(self._store, name, read)
        except (StorageRefused, ProofRefused, ArchiveDamaged):
            return Unread(stop, name) if silent else None

    def _signed(self, data: bytes, name: str, stop: int) -> SignedCheckpoint:
        # Rows beside it may have a field of that name: each is tried.
        for match in _NOTE.finditer(data):
            try:
                found = open_checkpoint(json.loads(match[1]).encode(), self._key)
            except (ValueError, ProofRefused):
                continue
            if found.size == stop:
                return found
        raise ArchiveDamaged(f"{name}: brings no signed head of {stop} leaves")
