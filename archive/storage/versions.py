"""The other versions of a key, for whoever has the store alone: where the object is damaged, a repair left a whole one.

Anybody who may write there can put one over it. So who asks takes none of them for being newer, or older: only what a
leaf of the log, a signature or the signed root bears out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from archive.errors import ArchiveDamaged, ArchiveUnavailable, ProofRefused, StorageRefused
from archive.ports import ObjectStore

MOST = 32  # versions of one key that are looked at: a repair writes one
T = TypeVar("T")
_FAULTS = (StorageRefused, ProofRefused, ArchiveDamaged, ArchiveUnavailable, OSError)


def others(store: ObjectStore, key: str) -> Iterator[str]:
    """Names of the versions over the object, the oldest first; none in a store without versions.

    Raises ArchiveDamaged behind the first `MOST` when there are more.
    """
    oldest, count = deque[str](maxlen=MOST + 1), 0
    for entry in store.inventory(key):
        if entry.key != key:
            break
        if not entry.deleted:
            oldest.append(entry.version)
            count += 1
    if oldest:
        oldest.pop()  # the object itself
    yield from reversed(oldest)
    if count > MOST + 1:
        raise ArchiveDamaged(f"{key}: more than {MOST} versions lie over it, and none of the first is whole")


def room(store: ObjectStore, key: str, most: int = MOST) -> bool:
    """Whether one more version may be laid over a key, and be found by who has the store alone."""
    return sum(
        entry.key == key and not entry.deleted for entry in islice(store.inventory(key), 4 * MOST)
    ) <= min(most, MOST)


def borne_out(store: ObjectStore, key: str, read: Callable[[str], T]) -> T:
    """What `read` gives of the object, or else of the first other version of which it gives something.

    `read` is told the version, and raises for one that nothing bears out. Raises what it raised of the object itself,
    or as `of_others` does.
    """
    try:
        return read("")
    except _FAULTS as exc:
        fault = exc
    for found in of_others(store, key, read):
        return found
    raise fault


def of_others(store: ObjectStore, key: str, read: Callable[[str], T]) -> Iterator[T]:
    """What `read` gives of each version over the object, the oldest first, until somebody believes it.

    Raises behind the last: ArchiveUnavailable when the store did not give one of them; as `others` does.
    """
    silent: ArchiveUnavailable | None = None
    for version in others(store, key):
        try:
            found = read(version)
        except ArchiveUnavailable as exc:
            silent = exc
            continue
        except _FAULTS:
            continue
        yield found
    if silent is not None:
        raise silent
