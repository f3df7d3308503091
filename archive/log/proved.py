"""Tiles that the signed root bears out, from the top down: for whoever has the store alone.

Of a tile that was damaged and repaired there are several versions, and only the catalogue knows which one is whole. The
root does as well: it proves the right edge, each hash there a full tile, and each hash of that one a tile below it.
"""

from __future__ import annotations

from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.log.checkpoint import Checkpoint
from archive.log.edge import Edge
from archive.log.merkle import HASH_SIZE, leaf_hash, subtree_levels
from archive.log.reader import TileReader
from archive.log.recovery import load_edge
from archive.log.tiles import HEIGHT, WIDTH, Entries, TileId, decode_bundle, split_hashes
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.readback import read_bounded
from archive.storage.versions import borne_out


class ProvedTiles(TileReader):
    """A `TileReader` that takes the version of a full tile which leads to the root. Where none does, it gives the
    object as it is: who reads compares it, and tells.

    `edge` is a tree's whose root was signed; without one it is a plain reader.
    """

    def __init__(self, store: ObjectStore, tail: Entries, edge: Edge | None, cached: int = 8) -> None:
        super().__init__(store, tail, cached)
        self._edge = edge

    def _fetch(self, tile: TileId, limit: int) -> tuple[bytes, TileId]:
        expected = self._expected(tile) if tile.full else None
        if expected is None:
            return super()._fetch(tile, limit)
        key = keys.tile_key(tile.path)

        def read(version: str) -> bytes:
            data = read_bounded(self.store, key, limit, version)
            if _subtree(tile, data) != expected:
                raise ArchiveDamaged(f"{key}: does not lead to the root")
            return data

        try:
            return borne_out(self.store, key, read), tile
        except (ArchiveDamaged, ProofRefused, StorageRefused):
            return super()._fetch(tile, limit)

    def _expected(self, tile: TileId) -> bytes | None:
        """What the level above says of it; None where nothing that is proved says anything."""
        level = (tile.level or 0) + 1
        if self._edge is None or level >= len(self._edge.levels):
            return None
        n, place = divmod(tile.n, WIDTH)
        if n == self._edge.size >> HEIGHT * (level + 1):
            above = self._edge.levels[level]
            return above[place] if place < len(above) else None
        parent = TileId(level, n)
        try:
            levels, proved = self._levels(parent), self._expected(parent)
        except (ArchiveDamaged, StorageRefused):
            return None
        return levels[0][place] if levels[-1][0] == proved else None


def proved_edge(store: ObjectStore, head: Checkpoint, tail: Entries) -> Edge | None:
    """The edge of the tree that `head` names; None where what is stored does not lead to it."""
    try:
        return load_edge(store, head, tail)
    except (ArchiveDamaged, StorageRefused):
        return None


def _subtree(tile: TileId, data: bytes) -> bytes:
    """The hash that stands for the full tile in the level above. Raises ProofRefused, ArchiveDamaged."""
    if tile.level is None:
        hashes = list(map(leaf_hash, decode_bundle(data, WIDTH)))
    elif len(data) == WIDTH * HASH_SIZE:
        hashes = split_hashes(data, WIDTH) or []
    else:
        raise ArchiveDamaged(f"{tile.path}: has {len(data)} bytes")
    return subtree_levels(hashes)[-1][0]
