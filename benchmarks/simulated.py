"""A log of any size for the proof of a few leaves: the tiles that those proofs read, and no others.

Every hash on the way from a chosen leaf to the root is computed as in a real log. Every complete subtree of 256**n
leaves off that way has a made-up hash, the SHA-256 of its place: what lies below it is read by no proof. So a tree of
500 million leaves costs a few tiles for each chosen leaf, and its reader cannot tell it from a real one: same files,
same widths, same depth, a root that its own key signed.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, sign_checkpoint
from archive.log.merkle import leaf_hash, root_hash, subtree_levels
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.tiles import HEIGHT, WIDTH, TileId, tile_of, tile_widths
from archive.ports import ObjectStore
from archive.storage import keys


class SimulatedTree:
    """A tree of `size` leaves in which the entries of `chosen` are real. `entry(i)` is the entry of leaf i."""

    def __init__(self, size: int, chosen: Iterable[int]) -> None:
        self.size = size
        self._real: list[set[int]] = [set(chosen)]  # per tile level: hashes that have a chosen leaf below
        for _ in tile_widths(size):
            self._real.append({index >> HEIGHT for index in self._real[-1]})
        self._tiles: dict[TileId, tuple[bytes, ...]] = {}

    @staticmethod
    def entry(index: int) -> bytes:
        return b"%083d" % index  # as long as a leaf of an archived document

    def tiles(self) -> Iterable[tuple[TileId, bytes]]:
        """Every tile that a proof of a chosen leaf reads, the narrow ones at the right edge among them."""
        for level, width in enumerate(tile_widths(self.size)):
            count = self.size >> HEIGHT * level
            places = {index >> HEIGHT for index in self._real[level] if index < count}
            for n in sorted(places | ({count >> HEIGHT} if width else set())):
                tile = tile_of(level, n << HEIGHT, self.size)
                yield tile, b"".join(self._hashes(tile))

    def root(self) -> bytes:
        return root_hash(self.size, self._read)

    def _read(self, level: int, index: int) -> bytes:
        tile_level, inner = divmod(level, HEIGHT)
        first = index << inner
        levels = subtree_levels(self._hashes(tile_of(tile_level, first, self.size)))
        return levels[inner][(first % WIDTH) >> inner]

    def _hashes(self, tile: TileId) -> tuple[bytes, ...]:
        if tile not in self._tiles:
            first, level = tile.n << HEIGHT, tile.level or 0
            self._tiles[tile] = tuple(self._hash(level, first + i) for i in range(tile.width))
        return self._tiles[tile]

    def _hash(self, level: int, index: int) -> bytes:
        """The hash of the complete subtree of 256**level leaves at that place."""
        if index not in self._real[level]:
            return sha256(b"off the way %d %d" % (level, index)).digest()
        if level == 0:
            return leaf_hash(self.entry(index))
        return subtree_levels(self._hashes(TileId(level - 1, index)))[-1][0]


def write(store: ObjectStore, tree: SimulatedTree, key: Ed25519LogKey) -> SignedCheckpoint:
    """The tiles into the store; the signed head."""
    for tile, data in tree.tiles():
        store.put(keys.tile_key(tile.path), data, sha256=sha256(data).hexdigest())
    note = sign_checkpoint(Checkpoint(key.name, tree.size, tree.root()), key)
    return open_checkpoint(note, VerifierKey.parse(key.vkey))
