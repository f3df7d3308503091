"""C2SP tlog-tiles: the tree as tiles of up to 256 hashes, the entries as bundles. Paths and bytes, no store.

Tile (level, n) holds the hashes of the complete subtrees of 256**level leaves from n × 256 on.

The last bundle and the last tile of level 0, while they are partial, are the log's *tail*. They change with every
leaf and are made out of the leaves; no store has them. Full tiles and the partial ones above them are stored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from archive.errors import ProofRefused
from archive.log.leaf import MAX_ENTRY, check_entry
from archive.log.merkle import HASH_SIZE, leaf_hash
from policies.reasons import archiving as reasons

HEIGHT = 8
WIDTH = 1 << HEIGHT
MAX_BUNDLE = WIDTH * (2 + MAX_ENTRY)
Entries = Callable[[int, int], Sequence[bytes]]  # start, stop: those leaves
_PATH = re.compile(r"\Atile/(entries|\d{1,2})/((?:x\d{3}/){0,5}\d{3})(?:\.p/(\d{1,3}))?\Z")


@dataclass(frozen=True, slots=True)
class TileId:
    """Which tile. `level` None is an entry bundle. `width` 256 is a full tile, less a partial one."""

    level: int | None
    n: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not (1 <= self.width <= WIDTH and self.n >= 0 and (self.level is None or 0 <= self.level <= 63)):
            raise ValueError(f"no such tile: {self}")

    @property
    def full(self) -> bool:
        return self.width == WIDTH

    @property
    def of_tail(self) -> bool:
        """Made out of the leaves when it is asked for."""
        return not self.full and not self.level

    def outgrown(self, size: int) -> bool:
        """Whether a log of that size has the full tile in its place."""
        return size >> HEIGHT * ((self.level or 0) + 1) > self.n

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`."""
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.full else f".p/{self.width}"
        return f"tile/{level}/{encode_index(self.n)}{suffix}"


def parse_path(path: str) -> TileId | None:
    """Inverse of `TileId.path`; None for any other text."""
    found = _PATH.match(path)
    if found is None:
        return None
    level, index, width = found.groups()
    n = int(index.replace("x", "").replace("/", ""))
    try:
        tile = TileId(None if level == "entries" else int(level), n, int(width) if width else WIDTH)
    except ValueError:
        return None
    return tile if tile.path == path else None


def encode_index(n: int) -> str:
    """Groups of three digits, all but the last marked with x: 1234067 is x001/x234/067."""
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    return "/".join([f"x{group}" for group in groups[:-1]] + [groups[-1]])


def tile_widths(size: int) -> list[int]:
    """Width of the partial tile per level (0: none) for a tree of `size` leaves, up to its highest level."""
    widths = []
    while size:
        widths.append(size % WIDTH)
        size //= WIDTH
    return widths


def stored_partials(size: int) -> list[TileId]:
    """The partial tiles that are stored for a tree of `size` leaves: those above its tail."""
    return [
        TileId(level, size >> HEIGHT * (level + 1), width)
        for level, width in enumerate(tile_widths(size))
        if level and width
    ]


def tile_bytes(tile: TileId, entries: Entries) -> bytes:
    """A bundle, or a tile of level 0, out of its leaves. Raises what `entries` raises."""
    start = tile.n * WIDTH
    leaves = entries(start, start + tile.width)
    return encode_bundle(leaves) if tile.level is None else b"".join(map(leaf_hash, leaves))


def tile_of(level: int, index: int, size: int) -> TileId:
    """The tile at tile level `level` that holds hash `index`, as wide as a tree of `size` leaves has it."""
    count = size >> (HEIGHT * level)
    if not 0 <= index < count:
        raise ValueError(f"no hash {index} at level {level} in a tree of {size}")
    n = index // WIDTH
    return TileId(level, n, min(WIDTH, count - n * WIDTH))


def bundle_of(index: int, size: int) -> TileId:
    """The entry bundle that holds leaf `index` in a tree of `size` leaves."""
    tile = tile_of(0, index, size)
    return TileId(None, tile.n, tile.width)


def split_hashes(data: bytes, width: int) -> list[bytes] | None:
    """Hashes of a tile; None when its length is not that of `width` hashes."""
    if len(data) != width * HASH_SIZE:
        return None
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Entries, each after its length as a big-endian uint16."""
    for entry in entries:
        check_entry(entry)
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """Exactly `width` entries and nothing after them. Raises `ProofRefused`."""
    entries, at = [], 0
    for _ in range(width):
        length = int.from_bytes(data[at : at + 2], "big")
        if at + 2 + length > len(data):
            raise ProofRefused(reasons.PROOF_MALFORMED, detail="entry bundle")
        entries.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    if at != len(data):
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="entry bundle")
    return entries
