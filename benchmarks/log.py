"""The transparency log: leaves per second with every submitter waiting for its proof, and proofs in a large tree."""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, Engine, event

from api.transactions import Transactions
from archive.catalogue import log_rows
from archive.catalogue.tables import metadata
from archive.catalogue.values import Leaf
from archive.log import leaf as leaves
from archive.log.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint
from archive.log.edge import Edge, grow
from archive.log.leaf import LeafKind, Opening
from archive.log.loop import SequencerLoop
from archive.log.note import Ed25519LogKey, VerifierKey
from archive.log.proofs import LogProof, ProofMaker, verify_proof
from archive.log.reader import TileReader
from archive.log.sequencer import Sequencer
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from archive.storage.disk import Disk
from benchmarks.harness import Row, fsync_ms, percentile

SUBMITTERS = 64
LARGE = 1_000_000
LEAVES_A_SECOND, P95_SECONDS, PROOF_MS = 1000, 1.0, 5.0
START = datetime(2026, 1, 1, tzinfo=UTC)


def run(quick: bool) -> list[Row]:
    """Rows of the table; `quick` measures 5 seconds instead of 20, and 100,000 leaves instead of a million."""
    with tempfile.TemporaryDirectory(prefix="antin-bench-log-") as folder:
        return [
            _throughput(Path(folder) / "small", 5.0 if quick else 20.0),
            _large_tree(Path(folder) / "large", LARGE // 10 if quick else LARGE),
        ]


@dataclass
class Counts:
    """Durable steps of the process so far."""

    commits: int = 0
    fsyncs: int = 0


@contextmanager
def _counting() -> Iterator[Counts]:
    """Commits of write transactions and fsyncs of files and directories, while the block runs."""
    counts, real = Counts(), os.fsync

    def committed(conn: Connection) -> None:
        counts.commits += conn.get_execution_options().get("writes", 0)

    def fsync(descriptor: int) -> None:
        counts.fsyncs += 1
        real(descriptor)

    event.listen(Engine, "commit", committed)
    os.fsync = fsync  # type: ignore[assignment]
    try:
        yield counts
    finally:
        os.fsync = real
        event.remove(Engine, "commit", committed)


@dataclass
class Submitters:
    """Threads that each commit one leaf, wait until it is shown, make its proof, and begin again."""

    transactions: Transactions
    loop: SequencerLoop[Connection]
    tiles: TileReader
    key: VerifierKey
    seconds: list[float] = field(default_factory=list)
    proofs: list[tuple[LogProof, bytes]] = field(default_factory=list)
    measuring: bool = False
    stopping: bool = False

    def run(self, warm: float, measured: float) -> float:
        """Seconds measured; the waits of that time are then in `seconds`."""
        threads = [threading.Thread(target=self._submit_again_and_again) for _ in range(SUBMITTERS)]
        for thread in threads:
            thread.start()
        time.sleep(warm)
        self.measuring, start = True, time.perf_counter()
        time.sleep(measured)
        self.measuring, elapsed = False, time.perf_counter() - start
        self.stopping = True
        for thread in threads:
            thread.join()
        for proof, entry in self.proofs[::50]:  # each was checked against the root when it was made
            verify_proof(proof, entry, self.key)
        return elapsed

    def _submit_again_and_again(self) -> None:
        while not self.stopping:
            start = time.perf_counter()
            leaf = _leaf()
            shown = self.loop.expect(leaf.id)
            with self.transactions.write() as conn:
                log_rows.insert_leaf(conn, leaf)
            self.loop.wake(leaf.id)
            place = shown.result(60)
            proof = ProofMaker(self.tiles, place.head).inclusion(place.index, leaf.entry)
            if self.measuring:
                self.seconds.append(time.perf_counter() - start)
                self.proofs.append((proof, leaf.entry))


def _leaf() -> Leaf:
    leaf_id, digest = leaves.new_id(), sha256(os.urandom(16)).hexdigest()
    opening, second = Opening(digest, leaves.new_salt()), Opening(digest, leaves.new_salt())
    return Leaf(
        id=leaf_id.hex(),
        kind=LeafKind.AUDIT_HEAD,
        document=None,
        agency=None,
        head_ordinal=None,
        content_sha256=digest,
        record_sha256=digest,
        content_salt=opening.salt,
        record_salt=second.salt,
        predecessor=None,
        entry=leaves.encode(leaves.make_leaf(LeafKind.AUDIT_HEAD, leaf_id, opening, second)),
        log_index=None,
        created_at=START,
    )


def _throughput(folder: Path, measured: float) -> Row:
    folder.mkdir()
    key = Ed25519LogKey.generate("bench.antin.example/log")
    store = DirectoryStore(folder / "archive", clock=lambda: START)
    transactions = Transactions(f"sqlite:///{folder / 'catalogue.db'}")
    metadata.create_all(transactions.engine)
    transactions.engine.update_execution_options(writes=1)
    sequencer: Sequencer[Connection] = Sequencer(
        store=store,
        catalogue=log_rows,
        transaction=transactions.write,
        reading=transactions.read,
        signer=key,
        retain_until=lambda: START + timedelta(days=400),
    )
    loop = SequencerLoop(sequencer, prompt=False)  # as on a directory
    loop.start()

    def tail(start: int, stop: int) -> Sequence[bytes]:
        with transactions.look() as conn:
            return log_rows.sequenced(conn, start, stop)

    submitters = Submitters(transactions, loop, TileReader(store, tail), VerifierKey.parse(key.vkey))
    fsync = fsync_ms(folder)
    with _counting() as counts:
        elapsed = submitters.run(2.0, measured)
    size = store.open(keys.CHECKPOINT).read().split(b"\n")[1]
    loop.stop()
    transactions.close()
    rate, p95 = len(submitters.seconds) / elapsed, percentile(submitters.seconds, 0.95)
    each = f"{counts.commits / int(size):.2f} commits + {counts.fsyncs / int(size):.2f} file fsyncs a leaf"
    return Row(
        "log-leaves",
        f"log, {SUBMITTERS} submitters each waiting for its proof (SQLite, directory)",
        f"{rate:,.0f} leaves/s, p95 {p95:.3f} s",
        f"{each} (one fsync {fsync:.2f} ms)",
        f"≥ {LEAVES_A_SECOND:,} leaves/s, p95 ≤ {P95_SECONDS:.0f} s",
        rate >= LEAVES_A_SECOND and p95 <= P95_SECONDS,
        1000 / rate,
        more={"unit": "ms a leaf", "p95_ms": p95 * 1000},
    )


class UnsyncedDisk(Disk):
    """For building a large tree fast: nothing is measured while it is written."""

    def sync_directory(self, path: Path) -> None:
        """Not durable."""


def _large_tree(folder: Path, size: int) -> Row:
    key = Ed25519LogKey.generate("bench.antin.example/log")
    store = DirectoryStore(folder, clock=lambda: START, disk=UnsyncedDisk())
    head = open_checkpoint(_build(store, key, size), VerifierKey.parse(key.vkey))
    chosen = random.Random(5).choices(range(size), k=500)
    cold, warm = [], []

    def tail(start: int, stop: int) -> list[bytes]:
        return [_entry(i) for i in range(start, stop)]

    tiles = TileReader(store, tail)
    for index in chosen:
        for reader, times in ((TileReader(store, tail), cold), (tiles, warm)):
            start = time.perf_counter()
            ProofMaker(reader, head).inclusion(index, _entry(index))
            times.append((time.perf_counter() - start) * 1000)
    return Row(
        "log-proof",
        f"inclusion proof at {size:,} leaves, made out of tiles and verified",
        f"median {median(cold):.2f} ms, p95 {percentile(cold, 0.95):.2f} ms, nothing cached",
        f"with the reader's cache: median {median(warm):.2f} ms, p95 {percentile(warm, 0.95):.2f} ms",
        f"≤ {PROOF_MS:.0f} ms",
        percentile(cold, 0.95) <= PROOF_MS,
        median(cold),
        more={"unit": "ms a proof", "p95_ms": percentile(cold, 0.95)},
    )


def _entry(index: int) -> bytes:
    return b"%083d" % index


def _build(store: DirectoryStore, key: Ed25519LogKey, size: int) -> bytes:
    """Hash tiles of a tree of `size` leaves (no bundles), and its signed checkpoint."""
    edge, step = Edge(), 50_000
    for start in range(0, size, step):
        growth = grow(edge, [_entry(i) for i in range(start, min(size, start + step))])
        for tile, data in growth.tiles.items():
            if tile.level is not None:
                store.put(keys.tile_key(tile.path), data, sha256=sha256(data).hexdigest())
        edge = growth.edge
    return sign_checkpoint(Checkpoint(key.name, edge.size, edge.root()), key)
