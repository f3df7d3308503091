"""Whether a store gives anything: one that does, and fails at one object, has lost that object."""

from __future__ import annotations

from contextlib import suppress

from archive.errors import ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.blocks import BLOCK


def gives(store: ObjectStore) -> bool:
    """Whether the store gives what it surely has, or says that it has not."""
    try:
        with suppress(StorageRefused), store.open(keys.CHECKPOINT) as stream:
            stream.read(BLOCK)
    except (ArchiveUnavailable, OSError):
        return False
    return True
