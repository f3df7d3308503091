"""The log's last leaves, for which there is no full bundle yet, beside their openings: as a partial bundle.

Nobody who has the catalogue reads it, and no round of the log waits for it. It is there for a rebuild that finds the
openings of a stretch damaged: a sequencer keeps it when nothing else is to be done, or after some rounds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from hashlib import sha256

from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.log.tiles import MAX_BUNDLE, WIDTH, TileId, decode_bundle, encode_bundle, parse_path
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.giving import given
from archive.storage.readback import put_and_read_back, read_bounded


def keep_tail(store: ObjectStore, size: int, entries: Sequence[bytes], before: int = 0) -> None:
    """Keep the last `size % 256` leaves of a log of that size, in the place of those that were kept at size `before`.

    What does not go, under the default lock of its bucket, goes in a later night (`archive.log.kept`). Raises as the
    store does, ArchiveDamaged when others are kept as that bundle.
    """
    tile = _bundle(size)
    if tile is not None:
        data, key = encode_bundle(entries), keys.tile_key(tile.path)
        try:
            put_and_read_back(store, key, data, sha256=sha256(data).hexdigest())
        except StorageRefused as exc:
            raise ArchiveDamaged(f"log: {key} is kept with other bytes") from exc
    old = _bundle(before)
    if old is not None and old != tile:
        with suppress(StorageRefused):
            store.delete(keys.tile_key(old.path))


def _bundle(size: int) -> TileId | None:
    return TileId(None, size // WIDTH, size % WIDTH) if size % WIDTH else None


def kept(store: ObjectStore, n: int) -> list[TileId]:
    """The partial bundles with that number, the widest first."""
    found = []
    if n >= 0:
        for key in store.list(keys.tile_key(TileId(None, n).path) + ".p/"):
            if (tile := parse_path(key.removeprefix(keys.LOG))) is not None:
                found.append(tile)
    return sorted(found, key=lambda tile: -tile.width)


def kept_entries(store: ObjectStore, tile: TileId) -> list[bytes]:
    """What a kept bundle holds. Raises StorageRefused, ArchiveDamaged, ProofRefused."""
    return decode_bundle(read_bounded(store, keys.tile_key(tile.path), MAX_BUNDLE), tile.width)


def kept_tails(store: ObjectStore, size: int) -> Iterator[list[bytes]]:
    """What is kept of the last `size % 256` leaves, as far as it reaches, the longest first. Not trusted."""
    n, width = divmod(size, WIDTH)
    for tile in kept(store, n):
        with suppress(StorageRefused, ArchiveDamaged, ProofRefused):
            yield given(store, partial(kept_entries, store, tile))[:width]
