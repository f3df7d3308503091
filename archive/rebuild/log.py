"""The log that is left in the store: its newest head, and that its entries lead there.

find     the highest signed head; beyond it, the head of a publication that was cut, out of its openings
verify   every entry and every tile, up to the root that the log signed, past every head that was seen elsewhere
edge_of  the same for entries that are rows already, where a rebuild goes on
entries  them again, for the catalogue
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from archive import openings
from archive.errors import ArchiveDamaged, ArchiveRefused, LogBehind, ProofRefused, StorageRefused
from archive.fsck import findings as ids
from archive.fsck.blocks import in_blocks
from archive.fsck.findings import Progress
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, check_not_behind
from archive.log.edge import Edge, grow
from archive.log.merkle import EMPTY_ROOT, leaf_hash
from archive.log.note import VerifierKey
from archive.log.proved import ProvedTiles, proved_edge
from archive.log.reader import TileReader
from archive.log.recovery import read_edge, read_heads
from archive.log.seen import behind, where
from archive.log.tiles import WIDTH, Entries, TileId, stored_partials
from archive.ports import ObjectStore
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.versions import borne_out
from policies.reasons import archiving as reasons

Found = Callable[[str, str, str], None]  # finding, place, what


@dataclass(frozen=True, slots=True)
class SourceLog:
    """`head` is the newest that was committed. What is published reaches to `published`, its last leaves are `tail`'s;
    then comes `rest`.

    `edge` is the tree's at `published`; None where what is stored beside the bundles does not lead to the head.
    """

    head: SignedCheckpoint
    published: int
    tail: Entries
    edge: Edge | None
    rest: tuple[bytes, ...] = ()


def find(store: ObjectStore, key: VerifierKey) -> SourceLog:
    """The newest head. Raises ArchiveRefused NOTHING_TO_REBUILD, ArchiveDamaged when a head is not this log's,
    LogBehind when one was signed to which nothing that is here leads, ArchiveDamaged where one may lie that the
    store does not give."""
    heads = read_heads(store, key)
    heads.require_read()
    known = [head for head in (heads.locked, heads.shown) if head is not None]
    try:
        for head in known:
            check_not_behind(
                head.checkpoint, [other.checkpoint for other in known if other.size == head.size]
            )
    except ProofRefused as exc:
        raise ArchiveDamaged(f"log: {exc}") from exc
    newest = max(known, key=lambda head: head.size, default=None)
    cut = _cut(store, key, newest.checkpoint if newest else Checkpoint(key.name, 0, EMPTY_ROOT))
    if cut is None and newest is not None:
        tail = openings.tail(store, key, newest.checkpoint)
        cut = SourceLog(newest, newest.size, tail, proved_edge(store, newest.checkpoint, tail))
    if cut is not None:
        check_reaches(cut, heads.signed())
        return cut
    if heads.begun is not None:
        raise behind(0, heads.signed()[0])
    raise ArchiveRefused(reasons.NOTHING_TO_REBUILD)


def _cut(store: ObjectStore, key: VerifierKey, shown: Checkpoint) -> SourceLog | None:
    """What is behind `shown` and was committed: the log's own signature is in its openings. Of a store that is written
    first that is one stretch; a second one may have got openings of more before their checkpoints."""
    size, tail = shown.size, openings.tail(store, key, shown)
    edge = now = _edge_at(store, size, tail)
    head, rest = None, list[bytes]()
    after = keys.openings_key(size - 1, size, 9999) if size else keys.OPENINGS
    for name in store.list(keys.OPENINGS, after):
        try:
            start, stop, part = keys.openings_stretch(name)
        except ValueError:
            continue
        skipped = size + len(rest) - start
        if part != 0 or not 0 <= skipped < stop - start:
            continue
        with suppress(ProofRefused, StorageRefused, ArchiveDamaged):
            head, added = borne_out(store, name, partial(_further, store, key, name, now, skipped))
            rest += added
            now = grow(now, added).edge if now is not None else None
    return None if head is None else SourceLog(head, size, tail, edge, tuple(rest))


def _further(
    store: ObjectStore, key: VerifierKey, name: str, edge: Edge | None, skipped: int, version: str
) -> tuple[SignedCheckpoint, list[bytes]]:
    """The head of these openings, and their entries behind `edge`. Raises ArchiveDamaged when those lead elsewhere."""
    head, entries = openings.read_signed(store, name, key, version)
    if not _leads(edge, entries[skipped:], head):
        raise ArchiveDamaged(f"{name}: its entries do not lead to its head")
    return head, entries[skipped:]


def _edge_at(store: ObjectStore, size: int, tail: Entries) -> Edge | None:
    """As what is stored besides has it; None where that is damaged: then `verify` alone tells."""
    try:
        return read_edge(store, size, tail)
    except (ArchiveDamaged, StorageRefused):
        return None


def _leads(edge: Edge | None, rest: list[bytes], head: SignedCheckpoint) -> bool:
    """Anybody who may write there can add openings of his own, with a note of ours."""
    try:
        return edge is None or grow(edge, rest).edge.root() == head.root
    except ProofRefused:
        return False


def check_reaches(log: SourceLog, known: Iterable[Checkpoint]) -> None:
    """Raises LogBehind when more leaves were seen elsewhere."""
    for head in known:
        if head.size > log.head.size:
            raise LogBehind(
                f"log: this store ends at {log.head.size} leaves, {head.size} were signed ({where(head)}): read the "
                "store that has them"
            )


def verify(
    store: ObjectStore,
    log: SourceLog,
    known: Iterable[Checkpoint],
    pool: Executor,
    found: Found,
    progress: Progress,
) -> None:
    """Raises ArchiveDamaged when entries do not lead to the head, or past one of `known`, which `check_reaches` saw.

    A tile of hashes that differs is told: receipts need it, but what it says can be computed.
    """
    seen = sorted((*known, log.head.checkpoint), key=lambda head: head.size)
    reader, edge = ProvedTiles(store, log.tail, log.edge), Edge()
    for bundle, hashes in _bundles(reader, log.published, pool):
        expected = [leaf_hash(entry) for entry in bundle]
        place = keys.tile_key(TileId(0, edge.size // WIDTH, len(bundle)).path)
        if hashes is None:
            found(ids.LOG_TILE_MISSING, place, "is not there, or not whole")
        elif hashes != expected:
            found(ids.LOG_TILE_DIFFERS, place, "its hashes are not those of the entries")
        edge = _past(edge, bundle, seen, reader, found)
        progress("verify", edge.size, log.head.size)
    for tile in stored_partials(edge.size):
        _compare(reader, tile, b"".join(edge.levels[tile.level or 0]), found)
    _past(edge, list(log.rest), seen, None, found)


def edge_of(entries: Iterable[bytes], known: Iterable[Checkpoint] = ()) -> Edge:
    """What the entries lead to. Raises ArchiveDamaged when it is not past one of `known`."""
    seen, edge = sorted(known, key=lambda head: head.size), Edge()
    for block in in_blocks(entries, WIDTH):
        edge = _past(edge, block, seen, None, lambda *_: None)
    return edge


def entries(store: ObjectStore, log: SourceLog, start: int, pool: Executor) -> Iterator[bytes]:
    """Entries from `start` on, in order. They were verified; who uses them compares the root once more."""
    reader, index = ProvedTiles(store, log.tail, log.edge), start // WIDTH * WIDTH
    for bundle, _ in _bundles(reader, log.published, pool, index // WIDTH):
        for entry in bundle:
            if index >= start:
                yield entry
            index += 1
    yield from log.rest[max(0, start - log.published) :]


def _bundles(
    reader: TileReader, size: int, pool: Executor, first: int = 0
) -> Iterator[tuple[list[bytes], list[bytes] | None]]:
    """Each bundle with its tile of level 0; None for a tile that cannot be read."""

    def fetch(n: int) -> tuple[list[bytes], list[bytes] | None]:
        width = min(WIDTH, size - n * WIDTH)
        bundle = TileId(None, n, width)
        try:
            found = reader.entries(bundle)
        except (ArchiveDamaged, ProofRefused, StorageRefused) as exc:
            raise ArchiveDamaged(f"{keys.tile_key(bundle.path)}: entries cannot be read: {exc}") from exc
        if bundle.of_tail:
            return found, list(map(leaf_hash, found))
        try:
            return found, reader.hashes(TileId(0, n, width))
        except (ArchiveDamaged, StorageRefused):
            return found, None

    return ahead(pool, fetch, range(first, -(-size // WIDTH)))


def _past(
    edge: Edge, added: list[bytes], seen: list[Checkpoint], reader: TileReader | None, found: Found
) -> Edge:
    """The edge after the entries, compared with every head on the way."""
    at = 0
    while at < len(added):
        stop = min([len(added), *(head.size - edge.size + at for head in seen if head.size > edge.size)])
        growth = grow(edge, added[at:stop])
        edge, at = growth.edge, stop
        for head in seen:
            if head.size == edge.size and head.root != edge.root():
                raise ArchiveDamaged(f"log: its entries do not lead to the root signed at {head.size}")
        for tile, data in growth.tiles.items() if reader is not None else ():
            if tile.full and tile.level and reader is not None:
                _compare(reader, tile, data, found)
    return edge


def _compare(reader: TileReader, tile: TileId, expected: bytes, found: Found) -> None:
    try:
        same = b"".join(reader.hashes(tile)) == expected
    except (ArchiveDamaged, StorageRefused) as exc:
        found(ids.LOG_TILE_MISSING, keys.tile_key(tile.path), str(exc))
        return
    if not same:
        found(ids.LOG_TILE_DIFFERS, keys.tile_key(tile.path), "its hashes are not those of the tiles below")
