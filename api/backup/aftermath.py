"""What a restored catalogue lacks: its log compared with the logs that the object stores hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from archive.errors import ArchiveDamaged, LogBehind, ProofRefused
from archive.log import leaf as leaves
from archive.log.checkpoint import Checkpoint, SignedCheckpoint
from archive.log.note import VerifierKey
from archive.log.reader import TileReader, highest_checkpoint
from archive.log.seen import check_continues
from archive.log.sequencer import MAX_BATCH
from archive.log.tiles import WIDTH, TileId
from archive.openings import tail
from archive.ports import CheckpointRow, ObjectStore


@dataclass(frozen=True, slots=True)
class Compared:
    """The catalogue's log and one store's. `state`: same, ahead (a batch that is shown at the start), behind,
    lacking (the store's log is shorter than it can be), another.

    `lost` counts leaves that only the store has, by kind.
    """

    store: str
    state: str
    size: int
    lost: Mapping[str, int] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return self.state in ("same", "ahead")


def compare(row: CheckpointRow | None, name: str, store: ObjectStore, vkey: str) -> Compared:
    """Raises ArchiveUnavailable when the store does not answer."""
    key = VerifierKey.parse(vkey)
    head = highest_checkpoint(store, key)
    size, here = (head.size if head else 0), (row.size if row else 0)
    if head is None or here > size:
        return Compared(name, "ahead" if here - size <= MAX_BATCH and (head or not here) else "lacking", size)
    tiles = TileReader(store, tail(store, key, head.checkpoint))
    try:
        if row is not None:
            check_continues(tiles, head, Checkpoint(key.name, row.size, row.root))
    except (LogBehind, ArchiveDamaged):
        return Compared(name, "another", size)
    return Compared(name, "same" if here == size else "behind", size, _lost(tiles, head, here))


def _lost(tiles: TileReader, head: SignedCheckpoint, start: int) -> dict[str, int]:
    found: Counter[str] = Counter()
    for n in range(start // WIDTH, -(-head.size // WIDTH)):
        width = min(WIDTH, head.size - n * WIDTH)
        for place, entry in enumerate(tiles.entries(TileId(None, n, width))):
            if n * WIDTH + place >= start:
                found[_kind(entry)] += 1
    return dict(found)


def _kind(entry: bytes) -> str:
    try:
        return leaves.decode(entry).kind.name.lower()
    except ProofRefused:
        return "unknown"
