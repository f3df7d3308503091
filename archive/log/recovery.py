"""Where a sequencer starts: the bucket's highest head, proved by its tiles and by the catalogue's leaves."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass

from archive.errors import ArchiveDamaged, ProofRefused
from archive.log.begun import Unread, begun
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, check_not_behind
from archive.log.edge import Edge, grow
from archive.log.merkle import EMPTY_ROOT, leaf_hash
from archive.log.note import VerifierKey
from archive.log.reader import TileReader, highest_checkpoint, published_checkpoint
from archive.log.seen import NOBODY_KNOWS, Seen, behind, check_continues, forked, maybe, seen
from archive.log.tiles import HEIGHT, WIDTH, Entries, TileId, tile_widths
from archive.ports import CheckpointRow, ObjectStore


@dataclass(frozen=True, slots=True)
class Heads:
    """What the bucket has: the highest locked checkpoint, the one that readers are shown, and beyond both that of a
    publication which was cut."""

    locked: SignedCheckpoint | None
    shown: SignedCheckpoint | None
    begun: SignedCheckpoint | None = None
    unread: Unread | None = None

    def base(self, origin: str) -> Checkpoint:
        """The head to start from."""
        return self.locked.checkpoint if self.locked else Checkpoint(origin, 0, EMPTY_ROOT)

    def signed(self) -> list[Seen]:
        """The head beyond it, which the log must reach; and the one that may lie where nobody could read."""
        found = [seen(self.begun, "in openings in the object store")] if self.begun else []
        return found + ([maybe(self.unread, "the object store")] if self.unread else [])

    def require_read(self) -> None:
        """For who has no catalogue that reaches further. Raises ArchiveDamaged."""
        if self.unread is not None:
            raise ArchiveDamaged(f"log: {self.unread.name} may bring a later head, and cannot be read")


def read_heads(store: ObjectStore, key: VerifierKey) -> Heads:
    """All of them. Raises `ArchiveDamaged` when a checkpoint is not signed by this log.

    In this order: another sequencer may go on meanwhile, and locks each head before it shows it.
    """
    try:
        shown = published_checkpoint(store, key)
        locked = highest_checkpoint(store, key)
        beyond = begun(store, key, locked.size if locked else 0)
        return Heads(locked, shown, beyond.head, beyond.unread)
    except ProofRefused as exc:
        raise ArchiveDamaged(f"log: a checkpoint in the bucket is not this log's: {exc}") from exc


def check_heads(heads: Heads, row: CheckpointRow, origin: str, known: Iterable[Checkpoint], gap: int) -> None:
    """Row ≥ bucket ≥ shown, row ≥ begun, row ≥ `known`, row - bucket ≤ `gap`. Anything else is `ArchiveDamaged`.

    A row that is behind, or another at the same size, is `LogBehind`.
    """
    base = heads.base(origin)
    try:
        check_not_behind(base, [heads.shown.checkpoint] if heads.shown else [])
    except ProofRefused as exc:
        raise ArchiveDamaged(f"log: {exc}") from exc
    for found in (Seen(origin, base.size, base.root, "in the object store"), *heads.signed(), *known):
        if found.size > row.size:
            raise behind(row.size, found)
        if found.size == row.size and found.root not in (row.root, NOBODY_KNOWS):
            raise forked(found)
    if row.size - base.size > gap:
        raise ArchiveDamaged(f"log: the bucket ends at {base.size}, the catalogue has {row.size} leaves")


def load_edge(store: ObjectStore, head: Checkpoint, entries: Entries) -> Edge:
    """The edge of the tree that `head` names. Raises `ArchiveDamaged`."""
    edge = read_edge(store, head.size, entries)
    if not hmac.compare_digest(edge.root(), head.root):
        tail = f"the catalogue's leaves from {head.size - len(edge.bundle)} on"
        raise ArchiveDamaged(f"log: tiles and {tail} do not give the root signed at {head.size}")
    return edge


def read_edge(store: ObjectStore, size: int, entries: Entries) -> Edge:
    """The edge of a tree of that size as it is said to be: its tail out of `entries`, above it the partial tiles.
    Compared with no root. Raises `ArchiveDamaged`."""
    tiles, bundle = TileReader(store, cached=0), tuple(entries(size - size % WIDTH, size))
    levels = [tuple(map(leaf_hash, bundle))] if size else []
    for level, width in list(enumerate(tile_widths(size)))[1:]:
        tile = TileId(level, size >> HEIGHT * (level + 1), width) if width else None
        levels.append(tuple(tiles.hashes(tile)) if tile else ())
    return Edge(size, tuple(levels), bundle)


def check_known(
    store: ObjectStore, heads: Heads, edge: Edge, known: Iterable[Checkpoint], entries: Entries
) -> None:
    """Every head that others saw lies on the way to the catalogue's row. Raises `LogBehind`."""
    tiles = TileReader(store, entries)
    for found in (*heads.signed(), *known):
        if found.root == NOBODY_KNOWS:
            continue  # the catalogue reaches as far
        if heads.locked is not None and found.size <= heads.locked.size:
            check_continues(tiles, heads.locked, found)
        elif grow(edge, entries(edge.size, found.size)).edge.root() != found.root:
            raise forked(found)
