"""Proofs in very large logs: of 10,000,000 leaves and of 500,000,000, out of simulated tiles in the directory store.

The reader, the store and the verification are the product's; only the tiles that the measured proofs do not read are
missing (`benchmarks.simulated`). The checkpoint carries one witness's line, as readers get it.
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median

from archive.log.checkpoint import SignedCheckpoint
from archive.log.cosignature import Ed25519WitnessKey, cosign, with_lines
from archive.log.merkle import node_hash
from archive.log.note import Ed25519LogKey, VerifierKey, parse_note
from archive.log.proofs import ProofMaker, verify_proof
from archive.log.reader import TileReader
from archive.log.tiles import HEIGHT, TileId, tile_of, tile_widths
from archive.storage import keys
from archive.storage.directory import DirectoryStore
from benchmarks.harness import Row, percentile
from benchmarks.log import UnsyncedDisk
from benchmarks.simulated import SimulatedTree, write

TEN_MILLION, NATION = 10_000_000, 500_000_000
REACH_MS, REACH_BYTES = 10.0, 1500
CHOSEN = 500
AT = datetime(2026, 1, 1, tzinfo=UTC)


def run(quick: bool) -> list[Row]:
    """Rows of the table; `quick` proves 50 leaves instead of 500."""
    chosen = CHOSEN // 10 if quick else CHOSEN
    with tempfile.TemporaryDirectory(prefix="antin-bench-proofs-") as folder:
        return [
            _row("proof-10m", Path(folder) / "ten", TEN_MILLION, chosen, REACH_BYTES),
            _row("proof-500m", Path(folder) / "nation", NATION, chosen, None),
        ]


def _row(name: str, folder: Path, size: int, count: int, most: int | None) -> Row:
    chosen = random.Random(11).sample(range(size), k=count)
    key = Ed25519LogKey.generate("bench.antin.example/log")
    store = DirectoryStore(folder, clock=lambda: AT, disk=UnsyncedDisk())
    head = _witnessed(write(store, SimulatedTree(size, chosen), key))
    verifier = VerifierKey.parse(key.vkey)
    ours, least, sizes, paths = [], [], [], []
    for index in chosen:
        entry = SimulatedTree.entry(index)
        start = time.perf_counter()
        proof = ProofMaker(TileReader(store), head).inclusion(index, entry)  # a new reader: nothing is kept
        ours.append((time.perf_counter() - start) * 1000)
        data = proof.serialize()
        sizes.append(len(data))
        paths.append(32 * len(proof.path))
        verify_proof(proof, entry, verifier)
        least.append(_limit_ms(store, size, index))
    p95, largest, limit = percentile(ours, 0.95), max(sizes), median(least)
    return Row(
        name,
        f"proof for one of {size:,} leaves (simulated tiles), made and verified",
        f"median {median(ours):.2f} ms, p95 {p95:.2f} ms, nothing cached; {largest:,} bytes with a witness",
        f"reading its tiles and one hash a level: {limit:.2f} ms; hashes alone up to {max(paths):,} bytes",
        f"≤ {REACH_MS:.0f} ms, ≤ 1.5 KB" if most else f"≤ {REACH_MS:.0f} ms",
        p95 <= REACH_MS and (most is None or largest <= most),
        median(ours),
        limit,
        median(ours) / limit,
        more={"unit": "ms a proof", "p95_ms": p95, "bytes": largest},
    )


def _witnessed(head: SignedCheckpoint) -> SignedCheckpoint:
    witness = Ed25519WitnessKey.generate("witness.antin.example/w1")
    line = cosign(parse_note(head.note).text, AT, witness)
    return replace(head, note=with_lines(head.note, [line]), others=(witness.name,))


def _limit_ms(store: DirectoryStore, size: int, index: int) -> float:
    """The files of the leaf's own tiles read, and as many hashes as the tree has levels: no proof costs less."""
    start = time.perf_counter()
    found = b""
    for tile in _own_tiles(size, index):
        with store.open(keys.tile_key(tile.path)) as file:
            found = sha256(file.read()).digest()
    for _ in range(size.bit_length()):
        found = node_hash(found, found)
    return (time.perf_counter() - start) * 1000


def _own_tiles(size: int, index: int) -> list[TileId]:
    levels = range(len(tile_widths(size)))
    return [
        tile_of(level, index >> HEIGHT * level, size)
        for level in levels
        if index >> HEIGHT * level < size >> HEIGHT * level
    ]
