"""The head of a publication that was cut: committed, its openings stored, and no checkpoint of it written yet.

The log's signature is in those openings. Whoever lost the catalogue since then knows of that head from nowhere else,
and must not sign another one of its size.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice

from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.log.checkpoint import SignedCheckpoint, open_checkpoint
from archive.log.note import VerifierKey
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.readback import read_bounded
from archive.storage.versions import borne_out

MAX_OPENINGS = 64 << 20  # bytes; of a part as it is written here: about 2 MB
_CHUNK = 1000  # names at once: of each lot the highest signed head counts


def begun(store: ObjectStore, key: VerifierKey, size: int) -> SignedCheckpoint | None:
    """The largest head beyond `size` leaves that the log signed in openings. Raises ArchiveUnavailable.

    Whether the entries beside it lead there does not matter: it was signed.
    """
    best: SignedCheckpoint | None = None
    names = _beyond(store, size)
    while lot := list(islice(names, _CHUNK)):
        for name, stop in reversed(lot):
            found = _head(store, key, name, stop)
            if found is not None:
                best = found
                break
    return best


def _beyond(store: ObjectStore, size: int) -> Iterator[tuple[str, int]]:
    """First parts in the order of their ends."""
    for name in store.list(keys.OPENINGS, keys.openings_key(size - 1, size, 9999) if size else ""):
        try:
            _, stop, part = keys.openings_stretch(name)
        except ValueError:
            continue
        if part == 0 and stop > size:
            yield name, stop


def _head(store: ObjectStore, key: VerifierKey, name: str, stop: int) -> SignedCheckpoint | None:
    def read(version: str) -> SignedCheckpoint:
        try:
            note = json.loads(read_bounded(store, name, MAX_OPENINGS, version))["note"].encode()
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as exc:
            raise ArchiveDamaged(f"{name}: has no note") from exc
        found = open_checkpoint(note, key)
        if found.size != stop:
            raise ArchiveDamaged(f"{name}: brings a head of {found.size} leaves")
        return found

    try:
        return borne_out(store, name, read)
    except (StorageRefused, ProofRefused, ArchiveDamaged):
        return None  # whatever it is, the log did not sign it
