"""The log ⇔ the catalogue: every entry, every tile, every locked checkpoint, and the one that readers are shown.

Three places hold each leaf: the catalogue's row, the entry bundle, the tile of level 0. Where one of them differs
from the two others, that one is named; the tree is then recomputed from what two of them agree on. The last leaves,
for which there is no full bundle yet, lie in rows and in openings; there the signed root decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial

from archive.catalogue import Connection, audit_log
from archive.errors import ArchiveDamaged, ProofRefused, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.findings import Progress, Report
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint
from archive.log.merkle import fold_right, leaf_hash, node_hash, subtree_levels
from archive.log.note import MAX_NOTE, VerifierKey
from archive.log.reader import TileReader
from archive.log.tail import kept, kept_entries
from archive.log.tiles import WIDTH, TileId, stored_partials
from archive.openings import tail
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.giving import given
from archive.storage.readback import read_bounded

_CATALOGUE = "catalogue, checkpoint row"
NO_ROW = "the log has it, the catalogue has no row with that index"
OTHER_ENTRY = "the catalogue's row has another entry than the log"


@dataclass(slots=True)
class _Tree:
    """The tree over the leaves so far: complete subtrees of falling size, and the hashes of open tiles."""

    size: int = 0
    subtrees: list[tuple[int, bytes]] = field(default_factory=list)
    open_tiles: list[list[bytes]] = field(default_factory=list)

    def push(self, leaf: bytes) -> None:
        self.size += 1
        level, current = 0, leaf
        while self.subtrees and self.subtrees[-1][0] == level:
            current = node_hash(self.subtrees.pop()[1], current)
            level += 1
        self.subtrees.append((level, current))

    def root_with(self, leaves: Sequence[bytes]) -> bytes:
        """The root when these come after."""
        grown = _Tree(self.size, list(self.subtrees))
        for leaf in leaves:
            grown.push(leaf)
        return grown.root()

    def root(self) -> bytes:
        return fold_right([subtree for _, subtree in self.subtrees])


def shown_checkpoint(store: ObjectStore, key: VerifierKey, report: Report) -> SignedCheckpoint | None:
    """The checkpoint at its one mutable place, if it is there and the log's own."""
    return _open(store, keys.CHECKPOINT, key, report)


def check_log(
    conn: Connection,
    store: ObjectStore,
    key: VerifierKey,
    shown: SignedCheckpoint | None,
    known: Iterable[Checkpoint],
    pool: Executor,
    report: Report,
    progress: Progress,
) -> int:
    """`shown` was read when this snapshot began; `known` are heads seen elsewhere (second store, witness).

    Returns how many leaves were compared.
    """
    row = _row_checkpoint(conn, key, report)
    sizes = [head.size for head in (shown, row) if head is not None]
    heads = _Heads(store, key, pool, report, [h for h in (shown and shown.checkpoint, row, *known) if h])
    tree = _check_entries(conn, store, min(sizes, default=0), heads, report, progress)
    _check_indices(conn, row, report)
    # What was committed when the snapshot began is shown by now, unless the log was set back or stands still.
    latest = shown_checkpoint(store, key, report)
    if sizes and latest is None:
        report.error(
            ids.LOG_CHECKPOINT_MISSING, keys.CHECKPOINT, "the log has leaves and shows no checkpoint"
        )
    heads.check_beyond(max(tree.size, latest.size if latest else 0))
    return tree.size


def check_row_not_behind(
    conn: Connection, key: VerifierKey, shown: SignedCheckpoint | None, report: Report
) -> None:
    """In a later snapshot: the catalogue commits a head before anybody is shown it."""
    row = _row_checkpoint(conn, key, report)
    size = row.size if row else 0
    if shown is not None and size < shown.size:
        what = f"stands at {size} leaves, readers are shown {shown.size}"
        report.error(ids.LOG_CHECKPOINT_OLDER, _CATALOGUE, what)


def _row_checkpoint(conn: Connection, key: VerifierKey, report: Report) -> Checkpoint | None:
    row = audit_log.checkpoint(conn)
    if row is None or not row["note"]:
        return None
    try:
        signed = open_checkpoint(row["note"], key)
    except ProofRefused as exc:
        report.error(ids.LOG_CHECKPOINT_BROKEN, _CATALOGUE, exc.text("en"))
        return None
    if (signed.size, signed.root) != (row["size"], row["root"]):
        report.error(
            ids.LOG_CHECKPOINT_REWRITTEN, _CATALOGUE, "its note says another size or root than the row"
        )
    return signed.checkpoint


def _check_indices(conn: Connection, row: Checkpoint | None, report: Report) -> None:
    size, highest = row.size if row else 0, audit_log.highest_index(conn)
    if highest + 1 > size:
        what = f"leaves up to {highest} are numbered, the checkpoint has {size}"
        report.error(ids.LOG_CHECKPOINT_OLDER, _CATALOGUE, what)


class _Heads:
    """Every head that must be a prefix of this log: those in hand, and all locked ones, in order of size."""

    def __init__(
        self,
        store: ObjectStore,
        key: VerifierKey,
        pool: Executor,
        report: Report,
        heads: Sequence[Checkpoint],
    ) -> None:
        self._store, self.key, self._report = store, key, report
        self._given = sorted(heads, key=lambda head: head.size)
        self._locked = ahead(pool, self._fetch, self._sizes())
        self._next = next(self._locked, None)

    def _sizes(self) -> Iterator[int]:
        for key in self._store.list(keys.CHECKPOINTS):
            with suppress(ValueError):  # told by its name
                yield keys.checkpoint_size(key)

    def _fetch(self, size: int) -> tuple[int, SignedCheckpoint | None, str]:
        """The locked checkpoint under the name of that size, or why there is none."""
        try:
            where = keys.checkpoint_key(size)
            data = given(self._store, lambda: read_bounded(self._store, where, MAX_NOTE))
            return size, open_checkpoint(data, self.key), ""
        except (ProofRefused, StorageRefused, ArchiveDamaged) as exc:
            return size, None, str(exc)

    def of(self, size: int) -> Checkpoint | None:
        """The given head of that size."""
        return next((head for head in self._given if head.size == size), None)

    def check(self, tree: _Tree) -> None:
        """Compare every head of the tree's present size."""
        while self._given and self._given[0].size <= tree.size:
            self._compare(self._given.pop(0), tree, "a known checkpoint")
        while self._next is not None and self._next[0] <= tree.size:
            size, signed, fault = self._next
            where = keys.checkpoint_key(size)
            if signed is None:
                self._report.error(ids.LOG_CHECKPOINT_BROKEN, where, fault)
            elif signed.size != size:
                what = f"is a checkpoint of size {signed.size}"
                self._report.error(ids.LOG_CHECKPOINT_REWRITTEN, where, what)
            else:
                self._compare(signed.checkpoint, tree, where)
            self._report.read["checkpoints"] += 1
            self._next = next(self._locked, None)

    def _compare(self, head: Checkpoint, tree: _Tree, where: str) -> None:
        if head.size == tree.size and head.root != tree.root():
            what = f"the log's first {tree.size} leaves have another root"
            self._report.error(ids.LOG_ROOT_DIFFERS, where, what)

    def check_beyond(self, size: int) -> None:
        """Heads larger than what is shown: the log was set back."""
        beyond = [head.size for head in self._given]
        beyond += [found[0] for found in (self._next, *self._locked) if found is not None]
        if max(beyond, default=0) > size:
            what = f"shows {size} leaves, but {max(beyond)} were signed"
            self._report.error(ids.LOG_CHECKPOINT_OLDER, keys.CHECKPOINT, what)


def _check_entries(
    conn: Connection, store: ObjectStore, size: int, heads: _Heads, report: Report, progress: Progress
) -> _Tree:
    reader, tree = TileReader(store, cached=1), _Tree()
    for start in range(0, size, WIDTH):
        width = min(WIDTH, size - start)
        for leaf in (
            _agreed(conn, reader, start, width, report)
            if width == WIDTH
            else _agreed_tail(conn, store, tree, width, heads, report)
        ):
            tree.push(leaf)
            _fill_tile(reader, tree, 0, leaf, report)
            heads.check(tree)
        report.read["entries"] += width
        progress("log", start + width, size)
    for tile in stored_partials(tree.size):
        _compare_tile(reader, tile, tree.open_tiles[tile.level or 0], report)
    return tree


def _agreed_tail(
    conn: Connection, store: ObjectStore, tree: _Tree, width: int, heads: _Heads, report: Report
) -> list[bytes]:
    """Leaf hashes of the log's tail, for which there is no full bundle. A signed root says who is right.

    What is wrong with openings is told where those are compared (`archive.fsck.opened`).
    """
    agreed = _tail_leaves(conn, store, tree, width, heads, report)
    for tile in kept(store, tree.size // WIDTH):
        where = keys.tile_key(tile.path)
        try:
            hashes = list(map(leaf_hash, given(store, partial(kept_entries, store, tile))))
        except StorageRefused:
            continue  # the service runs meanwhile, and has kept a wider one
        except (ArchiveDamaged, ProofRefused) as exc:
            report.error(ids.LOG_TILE_MISSING, where, str(exc))
            continue
        if hashes[:width] != agreed[: tile.width]:
            report.error(ids.LOG_TILE_DIFFERS, where, "other entries than the log's")
    return agreed


def _tail_leaves(
    conn: Connection, store: ObjectStore, tree: _Tree, width: int, heads: _Heads, report: Report
) -> list[bytes]:
    size = tree.size + width
    head = heads.of(size)
    found = audit_log.entries(conn, tree.size, tree.size + width)
    rows = [leaf_hash(found[index]) for index in sorted(found)]
    if len(rows) == width and head is not None and tree.root_with(rows) == head.root:
        return rows
    try:
        stored = tail(store, heads.key, head)(tree.size, size) if head is not None else []
        opened = list(map(leaf_hash, stored))
    except (ArchiveDamaged, ProofRefused, StorageRefused):
        opened = []
    for place in range(width):
        index = tree.size + place
        if index not in found:
            report.error(ids.LEAF_MISSING, f"leaf {index}", NO_ROW)
        elif opened and leaf_hash(found[index]) != opened[place]:
            report.error(ids.LEAF_DIFFERS, f"leaf {index}", OTHER_ENTRY)
    return opened or [leaf_hash(found.get(tree.size + place, b"")) for place in range(width)]


def _agreed(conn: Connection, reader: TileReader, start: int, width: int, report: Report) -> Iterator[bytes]:
    """Leaf hashes from `start` on, as at least two of the three places have them."""
    rows = audit_log.entries(conn, start, start + width)
    bundle = _bundle(reader, TileId(None, start // WIDTH, width), report)
    tile = _tile(reader, TileId(0, start // WIDTH, width), report)
    for place in range(width):
        index = start + place
        row = leaf_hash(rows[index]) if index in rows else None
        entry = leaf_hash(bundle[place]) if bundle else None
        hashed = tile[place] if tile else None
        agreed = row if row is not None and row in (entry, hashed) else entry or hashed or row
        if row is None:
            report.error(ids.LEAF_MISSING, f"leaf {index}", NO_ROW)
        elif row != agreed:
            report.error(ids.LEAF_DIFFERS, f"leaf {index}", OTHER_ENTRY)
        if entry not in (None, agreed):
            path = TileId(None, start // WIDTH, width).path
            report.error(ids.LOG_TILE_DIFFERS, keys.tile_key(path), f"another entry at leaf {index}")
        if hashed not in (None, agreed):
            path = TileId(0, start // WIDTH, width).path
            report.error(ids.LOG_TILE_DIFFERS, keys.tile_key(path), f"another hash at leaf {index}")
        yield agreed or leaf_hash(b"")


def _fill_tile(reader: TileReader, tree: _Tree, level: int, added: bytes, report: Report) -> None:
    """Compare each tile above level 0 when it is full; level 0 was compared leaf by leaf."""
    if level == len(tree.open_tiles):
        tree.open_tiles.append([])
    hashes = tree.open_tiles[level]
    hashes.append(added)
    if len(hashes) < WIDTH:
        return
    if level > 0:
        _compare_tile(reader, TileId(level, (tree.size >> 8 * (level + 1)) - 1), hashes, report)
    above = subtree_levels(hashes)[-1][0]
    hashes.clear()
    _fill_tile(reader, tree, level + 1, above, report)


def _compare_tile(reader: TileReader, tile: TileId, expected: list[bytes], report: Report) -> None:
    found = _tile(reader, tile, report)
    if found and found != expected:
        report.error(
            ids.LOG_TILE_DIFFERS, keys.tile_key(tile.path), "its hashes are not those of the tiles below"
        )


def _tile(reader: TileReader, tile: TileId, report: Report) -> list[bytes] | None:
    try:
        return given(reader.store, lambda: reader.hashes(tile))
    except (ArchiveDamaged, StorageRefused) as exc:
        report.error(ids.LOG_TILE_MISSING, keys.tile_key(tile.path), str(exc))
        return None


def _bundle(reader: TileReader, tile: TileId, report: Report) -> list[bytes] | None:
    try:
        return given(reader.store, lambda: reader.entries(tile))
    except (ArchiveDamaged, ProofRefused, StorageRefused) as exc:
        report.error(ids.LOG_TILE_MISSING, keys.tile_key(tile.path), str(exc))
        return None


def _open(store: ObjectStore, where: str, key: VerifierKey, report: Report) -> SignedCheckpoint | None:
    try:
        if given(store, lambda: store.head(where)) is None:
            return None
        return open_checkpoint(given(store, lambda: read_bounded(store, where, MAX_NOTE)), key)
    except (ProofRefused, StorageRefused, ArchiveDamaged) as exc:
        report.error(ids.LOG_CHECKPOINT_BROKEN, where, str(exc))
        return None
