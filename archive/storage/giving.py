"""Whether a store gives anything: one that does, and fails at one object, has lost that object."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.blocks import BLOCK

T = TypeVar("T")


def given(store: ObjectStore, read: Callable[[], T]) -> T:
    """What reading one object gives. Raises ArchiveUnavailable for a store that does not answer; ArchiveDamaged for one
    that gives others, and twice not this one: servers that find rotten bytes by a checksum of their own answer with an
    error."""
    try:
        return read()
    except ArchiveUnavailable:
        if not gives(store):
            raise
    try:
        return read()
    except ArchiveUnavailable as exc:
        if not gives(store):
            raise
        raise ArchiveDamaged(f"the store gives others, and not this one: {exc}") from exc


def gives(store: ObjectStore) -> bool:
    """Whether the store gives what it surely has, or says that it has not."""
    try:
        with suppress(StorageRefused), store.open(keys.CHECKPOINT) as stream:
            stream.read(BLOCK)
    except (ArchiveUnavailable, OSError):
        return False
    return True
