"""The right edge of the tree: what is needed to append leaves, and the tiles that an append makes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from archive.log.merkle import fold_right, leaf_hash, subtree_levels
from archive.log.tiles import HEIGHT, WIDTH, TileId, encode_bundle, stored_partials


@dataclass(frozen=True, slots=True)
class Edge:
    """A tree of `size` leaves. Each level holds the hashes of its partial tile, 0 to 255 of them.

    `bundle` holds the entries of the partial bundle, as many as level 0 has hashes.
    """

    size: int = 0
    levels: tuple[tuple[bytes, ...], ...] = ()
    bundle: tuple[bytes, ...] = ()

    def root(self) -> bytes:
        """RFC 6962 root."""
        subtrees: list[bytes] = []
        for hashes in reversed(self.levels):
            subtrees += _complete_within(hashes)
        return fold_right(subtrees)


@dataclass(slots=True)
class Growth:
    """The edge after an append, and what is to be stored: every bundle and tile that became full by it, and above
    the tail those that became new or wider."""

    edge: Edge
    tiles: dict[TileId, bytes] = field(default_factory=dict)


def grow(edge: Edge, entries: Sequence[bytes]) -> Growth:
    """Appends entries. Raises `ProofRefused` for an entry that no bundle can hold."""
    levels = [list(hashes) for hashes in edge.levels]
    bundle, size = list(edge.bundle), edge.size
    tiles: dict[TileId, bytes] = {}
    for entry in entries:
        bundle.append(entry)
        size += 1
        _push(levels, 0, leaf_hash(entry), size, tiles)
        if len(bundle) == WIDTH:
            tiles[TileId(None, size // WIDTH - 1)] = encode_bundle(bundle)
            bundle.clear()
    grown = Edge(size, tuple(tuple(hashes) for hashes in levels), tuple(bundle))
    known = set(stored_partials(edge.size))
    for tile in stored_partials(size):
        if tile not in known:
            tiles[tile] = b"".join(levels[tile.level or 0])
    return Growth(grown, tiles)


def _push(levels: list[list[bytes]], level: int, added: bytes, size: int, tiles: dict[TileId, bytes]) -> None:
    """Adds a hash to a level; a tile that becomes full is emitted and goes as one hash to the level above."""
    if level == len(levels):
        levels.append([])
    hashes = levels[level]
    hashes.append(added)
    if len(hashes) == WIDTH:
        tiles[TileId(level, (size >> HEIGHT * (level + 1)) - 1)] = b"".join(hashes)
        above = subtree_levels(hashes)[-1][0]
        hashes.clear()
        _push(levels, level + 1, above, size, tiles)


def _complete_within(hashes: Sequence[bytes]) -> list[bytes]:
    """Hashes of the complete subtrees of falling size over neighbouring hashes, left to right."""
    if not hashes:
        return []
    levels = subtree_levels(hashes)
    found, at = [], 0
    for level in range(len(hashes).bit_length() - 1, -1, -1):
        if len(hashes) >> level & 1:
            found.append(levels[level][at >> level])
            at += 1 << level
    return found
