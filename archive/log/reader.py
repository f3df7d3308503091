"""Reading the log: tiles and checkpoints from the object store, the tail from its leaves. None of it is trusted."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Lock

from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict, ProofRefused, StorageRefused
from archive.log.checkpoint import SignedCheckpoint, open_checkpoint
from archive.log.merkle import HASH_SIZE, HashReader, leaf_hash, subtree_levels
from archive.log.note import MAX_NOTE, VerifierKey
from archive.log.tiles import (
    HEIGHT,
    MAX_BUNDLE,
    WIDTH,
    Entries,
    TileId,
    bundle_of,
    decode_bundle,
    split_hashes,
    tile_bytes,
    tile_of,
)
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.readback import read_bounded
from archive.storage.versions import borne_out
from policies.reasons import archiving as reasons

_CACHED_TILES = 256  # about 40 KB each with their inner hashes

Levels = list[list[bytes]]


class TileReader:
    """Hashes of complete subtrees out of tiles, the last used ones kept. Safe for threads.

    `tail` gives leaves that no full bundle has yet: the catalogue's, or with nothing but the store those of its
    openings (`archive.openings.tail`). Without it there is no tail but what an earlier version stored.
    A tile's bytes are checked for length only; who builds a proof verifies it against a signed root.
    """

    def __init__(self, store: ObjectStore, tail: Entries | None = None, cached: int = _CACHED_TILES) -> None:
        self.store = store
        self._tail = tail
        self._cached = cached
        self._tiles: OrderedDict[TileId, Levels] = OrderedDict()
        # The tail as far as it was read: bundle, leaf hashes.
        self._grown_to: tuple[int, list[bytes]] = (0, [])
        self._forgotten = 0  # how often
        self._reading: dict[TileId, Future[Levels]] = {}
        self._lock = Lock()

    def at(self, size: int) -> HashReader:
        """A reader of the tree of `size` leaves, for which a checkpoint was published."""

        def read(level: int, index: int) -> bytes:
            tile_level, inner = divmod(level, HEIGHT)
            first = index << inner
            tile = tile_of(tile_level, first, size)
            return self._levels(tile)[inner][(first % WIDTH) >> inner]

        return read

    def entry(self, index: int, size: int) -> bytes:
        """The bytes of leaf `index`."""
        bundle = bundle_of(index, size)
        return self.entries(bundle)[index % WIDTH]

    def entries(self, bundle: TileId) -> list[bytes]:
        """All entries of a bundle. Raises `ProofRefused` for a malformed bundle."""
        data, tile = self._fetch(bundle, MAX_BUNDLE)
        return decode_bundle(data, tile.width)[: bundle.width]

    def hashes(self, tile: TileId) -> list[bytes]:
        """The hashes of a tile, without the cache: what is in the store now. Raises `ArchiveDamaged`."""
        data, found = self._fetch(tile, WIDTH * HASH_SIZE)
        hashes = split_hashes(data, found.width)
        if hashes is None:
            raise ArchiveDamaged(f"{found.path}: has {len(data)} bytes")
        return hashes[: tile.width]

    def shown(self, tile: TileId, size: int) -> bytes | None:
        """The bytes of a stored tile or bundle, or of the tail of a log of that size; None for another one."""
        if tile.of_tail:
            return tile_bytes(tile, self._leaves_of) if tile.n * WIDTH + tile.width <= size else None
        try:
            return read_bounded(self.store, keys.tile_key(tile.path), MAX_BUNDLE)
        except StorageRefused:
            return None

    def _levels(self, tile: TileId) -> Levels:
        with self._lock:
            levels = self._tiles.get(tile)
            if levels is not None:
                self._tiles.move_to_end(tile)
                return levels
            reading, first = self._reading.get(tile), tile not in self._reading
            if reading is None:
                reading = self._reading[tile] = Future()
        if first:
            self._read(tile, reading)
        return reading.result()

    def _read(self, tile: TileId, reading: Future[Levels]) -> None:
        """Once for all who ask meanwhile: a round of the log answers many at one moment, and each proves its leaf."""
        levels: Levels | None = None
        try:
            levels = subtree_levels(self._grown(tile) if tile.of_tail else self.hashes(tile))
            reading.set_result(levels)
        except BaseException as exc:
            shared = isinstance(exc, Exception)
            reading.set_exception(
                exc if shared else ArchiveUnavailable("log: who read this for others was stopped")
            )
            raise
        finally:
            self._ended(tile, reading, levels)

    def _ended(self, tile: TileId, reading: Future[Levels], levels: Levels | None) -> None:
        with self._lock:
            if self._reading.get(tile) is not reading:
                return  # forgotten meanwhile
            del self._reading[tile]
            if levels is not None:
                self._tiles[tile] = levels
                while len(self._tiles) > self._cached:
                    self._tiles.popitem(last=False)

    def forget_tail(self) -> None:
        """What was read of it proved nothing: it is read anew."""
        with self._lock:
            self._grown_to, self._forgotten = (0, []), self._forgotten + 1
            for those in (self._tiles, self._reading):
                for tile in [tile for tile in those if tile.of_tail]:
                    del those[tile]

    def _grown(self, tile: TileId) -> list[bytes]:
        """A tile of the tail: what was read of it before, and the leaves since then."""
        with self._lock:
            (n, known), forgotten = self._grown_to, self._forgotten
        known = known[: tile.width] if n == tile.n else []
        start = tile.n * WIDTH
        if self._tail is None or not known:
            hashes = self.hashes(tile)
        else:
            hashes = known + list(map(leaf_hash, self._leaves_of(start + len(known), start + tile.width)))
        with self._lock:
            if forgotten == self._forgotten:
                longer = (tile.n, len(hashes)) > (self._grown_to[0], len(self._grown_to[1]))
                self._grown_to = (tile.n, hashes) if longer else self._grown_to
        return hashes

    def _leaves_of(self, start: int, stop: int) -> Sequence[bytes]:
        if self._tail is None:
            raise ArchiveDamaged(f"log: nothing gives the leaves from {start} on")
        try:
            return self._tail(start, stop)
        except LogConflict as exc:
            raise ArchiveDamaged(f"log: {exc}") from exc

    def _fetch(self, tile: TileId, limit: int) -> tuple[bytes, TileId]:
        """The tile's bytes; a partial tile may have been replaced by its full one since."""
        if tile.of_tail and self._tail is not None:
            return tile_bytes(tile, self._leaves_of), tile
        for found in dict.fromkeys((tile, TileId(tile.level, tile.n))):
            try:
                return read_bounded(self.store, keys.tile_key(found.path), limit), found
            except StorageRefused:
                continue
        raise ArchiveDamaged(f"{tile.path}: not in the store")


def published_checkpoint(store: ObjectStore, key: VerifierKey) -> SignedCheckpoint | None:
    """The checkpoint that readers are shown; None for a new log. Raises `ProofRefused`."""
    try:
        data = read_bounded(store, keys.CHECKPOINT, MAX_NOTE)
    except StorageRefused:
        return None
    return open_checkpoint(data, key)


def checkpoint_at(store: ObjectStore, size: int, key: VerifierKey) -> SignedCheckpoint | None:
    """The locked checkpoint of that tree size; None when there is none. Raises `ProofRefused`, also for one of another
    size: an older note under a higher name would set the log back. One that was damaged and repaired has a newer
    version that is signed."""
    object_key = keys.checkpoint_key(size)

    def read(version: str) -> SignedCheckpoint:
        found = open_checkpoint(read_bounded(store, object_key, MAX_NOTE, version), key)
        if found.size != size:
            raise ProofRefused(
                reasons.PROOF_MALFORMED, detail=f"checkpoint of {found.size} in the place of {size}"
            )
        return found

    try:
        return borne_out(store, object_key, read)
    except StorageRefused:
        return None


def highest_checkpoint(store: ObjectStore, key: VerifierKey) -> SignedCheckpoint | None:
    """The largest locked checkpoint in the bucket. Raises `ProofRefused` when it is not the log's own."""
    size = highest_size(store)
    return None if size is None else checkpoint_at(store, size, key)


def highest_size(store: ObjectStore, prefix: str = keys.CHECKPOINTS) -> int | None:
    """The largest tree size that names an object below `prefix`: at most ten short listings for each digit."""
    digits = ""
    while len(digits) < keys.CHECKPOINT_DIGITS:
        following = (digits + d for d in "9876543210")
        found = next((d for d in following if _any_key(store, prefix, d)), None)
        if found is None:
            return None
        digits = found
    return int(digits)


def _any_key(store: ObjectStore, prefix: str, digits: str) -> bool:
    grouped = "/".join(digits[i : i + 3] for i in range(0, len(digits), 3))
    return next(iter(store.list(prefix + grouped)), None) is not None
