"""The log's locked objects as rows, so that their locks, their fixity and their second copies are watched as well.

The sequencer writes no row: it must be quick, and what it writes follows from the leaves. Here each full tile,
bundle and checkpoint is read once, compared with what the catalogue's leaves and the log's key say that it must be,
and entered. One that is something else is entered as damaged, with the digest that it should have.

    new    what came since the last checkpoint that has a row: derived from its size, so quick for a large log
    all    every key below `log/`, by listing: finds what nobody derived
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256 as new_sha256
from itertools import islice, takewhile

from archive.catalogue import Connection, copy_rows, log_rows
from archive.catalogue.copies import FIRST, CopyRole, NewCopy, Shelf
from archive.errors import ArchiveDamaged, ArchiveUnavailable, LogConflict, ProofRefused, StorageRefused
from archive.log.checkpoint import open_checkpoint
from archive.log.merkle import subtree_levels
from archive.log.note import MAX_NOTE, VerifierKey
from archive.log.reader import TileReader, published_checkpoint
from archive.log.tail import kept
from archive.log.tiles import HEIGHT, MAX_BUNDLE, WIDTH, TileId, parse_path, tile_bytes
from archive.ports import ObjectStore, StoredObject
from archive.storage import keys
from archive.storage.giving import given
from archive.storage.readback import read_bounded
from policies.retention import lock_until
from policies.vocabulary import LockMode

log = logging.getLogger("antin.log")
Begin = Callable[[], AbstractContextManager[Connection]]
CHUNK = 200
MAX_OTHER = MAX_BUNDLE


@dataclass(frozen=True, slots=True)
class _Found:
    """One object as it is, and as it should be: `expected` None where its bytes follow from nothing."""

    shown: StoredObject
    role: CopyRole
    data: bytes
    expected: bytes | None

    @property
    def right(self) -> bytes:
        return self.data if self.expected is None else self.expected


@dataclass(slots=True)
class LogKeeper:
    """One log and its rows. Several may run: a row that is there stays as it is. Not for threads.

    `failed`: how many objects got no row so far, for the store gave others and not them.
    """

    store: ObjectStore
    reading: Begin
    writing: Begin
    key: VerifierKey
    failed: int = 0
    _last: dict[str, str] = field(
        default_factory=dict
    )  # of each group of other keys, as far as it was listed

    def enter_new(self, at: datetime) -> int:
        """What the log locked since the newest checkpoint with a row; how many rows that made.

        Raises ArchiveUnavailable, also where the store gives others and not one of these: a checkpoint's row says that
        all before it has one. Raises ProofRefused when the shown checkpoint is not this log's.
        """
        failed = self.failed
        shown = published_checkpoint(self.store, self.key)
        size = shown.size if shown else 0
        with self.reading() as conn:
            known = copy_rows.highest_checkpoint(conn)
        tiles = (keys.tile_key(tile.path) for tile in _full_tiles(known, size))
        entered = self._enter(tiles, at)
        entered += self._enter(self._others(), at)
        if self.failed > failed:
            raise ArchiveUnavailable(
                "log: what came new is not all given; its checkpoint is entered when it is"
            )
        # Checkpoints come last, the smallest first: the one with the highest row says that all before it is entered.
        after = keys.checkpoint_key(known) if known else ""
        # None beyond `size`: of what came meanwhile no tile was entered.
        last = keys.checkpoint_key(size)
        heads = takewhile(lambda key: key <= last, self.store.list(keys.CHECKPOINTS, after))
        return entered + self._enter(heads, at)

    def enter_all(self, at: datetime) -> int:
        """Every locked key of the log that has no row yet; partial tiles whose full one is there are taken away, unless
        the bucket's default retention keeps them still. Raises as `enter_new`."""
        shown = published_checkpoint(self.store, self.key)
        size = shown.size if shown else 0
        for tile in kept(self.store, size // WIDTH)[1:]:
            self._take_away(keys.tile_key(tile.path))
        return self._enter(self._listed(size), at)

    def _take_away(self, key: str) -> None:
        with suppress(StorageRefused):
            self.store.delete(key)

    def _listed(self, size: int) -> Iterator[str]:
        for key in self.store.list(keys.LOG):
            tile = parse_path(key.removeprefix(keys.LOG))
            if tile is not None and not tile.full and tile.outgrown(size):
                self._take_away(key)
            else:
                yield key

    def expected(self, key: str) -> bytes | None:
        """The bytes that a tile or bundle must have, by the catalogue's leaves, and the newest checkpoint, by its
        row; None for other keys.

        Raises ArchiveDamaged when the leaves, or the tiles below, do not give them.
        """
        if key.startswith(keys.CHECKPOINTS):
            with self.reading() as conn:
                row = log_rows.current_checkpoint(conn)
            return row.note if row is not None and keys.checkpoint_key(row.size) == key else None
        tile = parse_path(key.removeprefix(keys.LOG))
        if tile is None:
            return None
        if tile.level:
            return b"".join(self._root(tile.level - 1, tile.n * WIDTH + i) for i in range(tile.width))
        try:
            return tile_bytes(tile, self._leaves)
        except LogConflict as exc:
            raise ArchiveDamaged(f"{key}: {exc}") from exc

    def _leaves(self, start: int, stop: int) -> Sequence[bytes]:
        with self.reading() as conn:
            return log_rows.sequenced(conn, start, stop)

    def _root(self, level: int, n: int) -> bytes:
        hashes = TileReader(self.store, cached=0).hashes(TileId(level, n))
        return subtree_levels(hashes)[-1][0]

    def _others(self) -> Iterator[str]:
        """Keys that are neither tiles nor checkpoints, group by group, each from where it was listed last."""
        for low, high in ((keys.CHECKPOINTS + "~", keys.TILES), (keys.TILES + "~", "")):
            at = low
            while (key := next(iter(self.store.list(keys.LOG, at)), None)) is not None:
                if high and key >= high:
                    break
                group = "/".join(key.split("/")[:3])
                for found in self.store.list(group, self._last.get(group, "")):
                    yield found
                    self._last[group] = found
                at = group + "~"

    def _enter(self, wanted: Iterable[str], at: datetime) -> int:
        entered, left = 0, (key for key in wanted if _is_locked(key))
        while chunk := list(islice(left, CHUNK)):
            with self.reading() as conn:
                known = copy_rows.known_keys(conn, Shelf.LOG, chunk)
            entered += self._enter_chunk([key for key in chunk if key not in known], at)
        return entered

    def _enter_chunk(self, chunk: list[str], at: datetime) -> int:
        found = [each for each in (self._look(key, at) for key in chunk) if each is not None]
        with self.writing() as conn:
            for each in found:
                row = _row(each, at)
                copy_rows.add(conn, row)
                if each.right != each.data:
                    log.error("%s: is not what the catalogue's leaves give", row.key)
                    copy_rows.mark_damaged(conn, Shelf.LOG, [row], at)
        return len(found)

    def _look(self, key: str, at: datetime) -> _Found | None:
        """The object as it is; None when it is a tile that no leaf gives, it went away, or the store gives others and
        not this one: that keeps nobody else from a row. Raises ArchiveUnavailable."""
        try:
            return given(self.store, lambda: self._looked(key, at))
        except (ArchiveDamaged, StorageRefused, ProofRefused) as exc:
            log.error("%s: %s", key, exc)
            # What is there and is not ours, the audit tells of.
            self.failed += isinstance(exc.__cause__, ArchiveUnavailable)
            return None

    def _looked(self, key: str, at: datetime) -> _Found | None:
        shown = self.store.head(key)
        if shown is None:
            return None
        if shown.retain_until is None:
            log.warning("%s had no lock", key)
            shown = self.store.extend_retention(key, lock_until(at), version=shown.version)
        try:
            data = given(self.store, lambda: read_bounded(self.store, key, MAX_OTHER, shown.version))
        except ArchiveDamaged:
            right = self.expected(key)
            if right is None:
                raise
            return _Found(shown, _role(key), b"", right)  # what it should be is known: the repair mends it
        return _Found(shown, _role(key), data, self._right(key, data))

    def _right(self, key: str, data: bytes) -> bytes | None:
        if key.startswith(keys.CHECKPOINTS):
            head = open_checkpoint(data[: MAX_NOTE + 1], self.key)
            if keys.checkpoint_key(head.size) != key:
                raise ArchiveDamaged(f"is a checkpoint of size {head.size}")
            return None
        return self.expected(key)


def _full_tiles(known: int, size: int) -> Iterator[TileId]:
    """Those that a log of `size` has and one of `known` had not, from the lowest level up."""
    level = 0
    while size >> HEIGHT * (level + 1):
        for n in range(known >> HEIGHT * (level + 1), size >> HEIGHT * (level + 1)):
            if level == 0:
                yield TileId(None, n)
            yield TileId(level, n)
        level += 1


def _is_locked(key: str) -> bool:
    tile = parse_path(key.removeprefix(keys.LOG))
    return key not in keys.MUTABLE and (tile is None or tile.full)


def _role(key: str) -> CopyRole:
    if key.startswith(keys.CHECKPOINTS):
        return CopyRole.CHECKPOINT
    return CopyRole.TILE if key.startswith(keys.TILES) else CopyRole.LOG


def _row(found: _Found, at: datetime) -> NewCopy:
    shown, right = found.shown, found.right
    return NewCopy(
        store=FIRST,
        key=shown.key,
        version=shown.version,
        sha256=new_sha256(right).hexdigest(),
        size=len(right),
        owner=None,
        document=None,
        role=found.role,
        retain_until=shown.retain_until or at,
        mode=shown.mode or LockMode.GOVERNANCE,
        hold=shown.hold,
        read_back_at=at,
    )
