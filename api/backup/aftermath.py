"""What a restored catalogue lacks: its log compared with the logs that the object stores hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice

from archive.errors import ArchiveDamaged, LogBehind, ProofRefused
from archive.log import leaf as leaves
from archive.log.checkpoint import Checkpoint
from archive.log.edge import grow
from archive.log.note import VerifierKey
from archive.log.proved import ProvedTiles
from archive.log.reader import TileReader
from archive.log.recovery import Heads, read_heads
from archive.log.seen import check_continues
from archive.log.sequencer import BATCH
from archive.log.tiles import WIDTH, TileId
from archive.ports import CheckpointRow, ObjectStore
from archive.rebuild.log import SourceLog, find

# Keys of the objects whose leaves are in the log from an index on.
Objects = Callable[[int], Iterable[str]]


@dataclass(frozen=True, slots=True)
class Compared:
    """The catalogue's log and one store's. `state`: same, ahead (a batch that is shown at the start), behind,
    lacking (the store's log is shorter than it can be, or objects of what it lacks are gone too), another, damaged
    (the store's log cannot be read).

    `lost` counts leaves that only the store has, by kind.
    """

    store: str
    state: str
    size: int
    lost: Mapping[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.state in ("same", "ahead")


def compare(
    row: CheckpointRow | None, name: str, store: ObjectStore, vkey: str, objects: Objects = lambda _start: ()
) -> Compared:
    """The highest head counts that the log signed, also one whose publication was cut: the start refuses to go on
    behind it as well. Raises ArchiveUnavailable when the store does not answer."""
    key, here = VerifierKey.parse(vkey), row.size if row else 0
    try:
        heads = read_heads(store, key)
        heads.require_read()
        newest = max(filter(None, (heads.locked, heads.begun)), key=lambda head: head.size, default=None)
        size = newest.size if newest else 0
        if heads.shown is not None and (heads.locked is None or heads.shown.size > heads.locked.size):
            return Compared(name, "damaged", size)  # a locked checkpoint is gone: the log does not start
        if newest is None or here > size:
            return Compared(name, _reaches(store, heads, here, size, objects), size)
        if here == size and row is not None and heads.begun is not None:
            return Compared(name, "ahead" if row.root == newest.root else "another", size)
        return _behind(row, name, find(store, key), store, key)
    except LogBehind:
        return Compared(name, "behind", size, {"unreadable": size - here})
    except ArchiveDamaged:
        return Compared(name, "damaged", 0)


def _reaches(store: ObjectStore, heads: Heads, here: int, size: int, objects: Objects) -> str:
    """Whether the store was a publication behind, or is older than the catalogue."""
    if here - size > BATCH or (here and heads.locked is None and heads.begun is None):
        return "lacking"
    there = (store.head(key) is not None for key in objects(size))
    return "ahead" if all(there) else "lacking"


def _behind(
    row: CheckpointRow | None, name: str, log: SourceLog, store: ObjectStore, key: VerifierKey
) -> Compared:
    tiles = ProvedTiles(store, log.tail, log.edge)
    here, size = row.size if row else 0, log.head.size
    try:
        if row is not None:
            _check_continues(tiles, log, Checkpoint(key.name, row.size, row.root))
    except ArchiveDamaged:
        return Compared(name, "another", size)
    return Compared(name, "same" if here == size else "behind", size, _lost(tiles, log, here))


def _check_continues(tiles: TileReader, log: SourceLog, old: Checkpoint) -> None:
    """Raises ArchiveDamaged."""
    if not log.rest:
        check_continues(tiles, log.head, old)
    elif log.edge is None:
        raise ArchiveDamaged("log: what is stored does not lead to its head")
    elif old.size <= log.published:
        check_continues(tiles, Checkpoint(old.origin, log.published, log.edge.root()), old)
    elif grow(log.edge, log.rest[: old.size - log.published]).edge.root() != old.root:
        raise ArchiveDamaged("log: another history")


def _lost(tiles: TileReader, log: SourceLog, start: int) -> dict[str, int]:
    found: Counter[str] = Counter()
    for n in range(start // WIDTH, -(-log.published // WIDTH)):
        width = min(WIDTH, log.published - n * WIDTH)
        for entry in islice(tiles.entries(TileId(None, n, width)), max(0, start - n * WIDTH), None):
            found[_kind(entry)] += 1
    found.update(map(_kind, log.rest[max(0, start - log.published) :]))
    return dict(found)


def _kind(entry: bytes) -> str:
    try:
        return leaves.decode(entry).kind.name.lower()
    except ProofRefused:
        return "unknown"
