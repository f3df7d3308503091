"""C2SP tlog-proof, and proofs out of the published tiles. Each proof made is verified before it leaves.

The tiles are not trusted: a tile that was changed gives a proof that does not reach the checkpoint's root.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from archive.errors import ArchiveDamaged, ProofRefused
from archive.log import merkle
from archive.log.checkpoint import Checkpoint, SignedCheckpoint, open_checkpoint, parse_decimal
from archive.log.leaf import MAX_ENTRY
from archive.log.note import MAX_NOTE, VerifierKey, strict_base64
from archive.log.reader import TileReader
from policies.reasons import archiving as reasons

HEADER = "c2sp.org/tlog-proof@v1"
MAX_PROOF = MAX_NOTE + 100_000  # bytes


@dataclass(frozen=True, slots=True)
class LogProof:
    """A parsed, not yet verified, proof. `extra` is authenticated by nothing."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: bytes
    extra: bytes | None = None

    def serialize(self) -> bytes:
        extra = [] if self.extra is None else [f"extra {base64.b64encode(self.extra).decode('ascii')}"]
        path = [base64.b64encode(h).decode("ascii") for h in self.path]
        lines = [HEADER, *extra, f"index {self.index}", *path, ""]
        return "".join(line + "\n" for line in lines).encode("ascii") + self.checkpoint


def parse_proof(data: bytes) -> LogProof:
    """The proof in its one encoding. Raises `ProofRefused`."""
    head, separator, checkpoint = data.partition(b"\n\n")
    if not separator or len(data) > MAX_PROOF:
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="size or empty line")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as exc:
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="ASCII") from exc
    if lines.pop(0) != HEADER:
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="header")
    extra = None
    if lines and lines[0].startswith("extra "):
        extra = strict_base64(lines.pop(0).removeprefix("extra "))
        if extra is None:
            raise ProofRefused(reasons.PROOF_MALFORMED, detail="extra")
    if not lines or not lines[0].startswith("index "):
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="index")
    index = parse_decimal(lines.pop(0).removeprefix("index "))
    if index is None:
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="index")
    return LogProof(index, _hashes(lines), checkpoint, extra)


def _hashes(lines: Sequence[str]) -> tuple[bytes, ...]:
    hashes = [strict_base64(line) for line in lines]
    if len(hashes) > merkle.MAX_PATH or any(h is None or len(h) != merkle.HASH_SIZE for h in hashes):
        raise ProofRefused(reasons.PROOF_MALFORMED, detail="inclusion path")
    return tuple(h for h in hashes if h is not None)


def verify_proof(proof: LogProof, entry: bytes, key: VerifierKey) -> SignedCheckpoint:
    """1. The log signed the checkpoint. 2. The entry lies at the index in its tree. Raises `ProofRefused`."""
    head = open_checkpoint(proof.checkpoint, key)
    if len(entry) > MAX_ENTRY:
        raise ProofRefused(reasons.ENTRY_TOO_LARGE, size=len(entry))
    merkle.verify_inclusion(merkle.leaf_hash(entry), proof.index, head.size, proof.path, head.root)
    return head


class ProofMaker:
    """Proofs against one published checkpoint. Raises `ArchiveDamaged` when the tiles do not bear it out."""

    def __init__(self, tiles: TileReader, head: SignedCheckpoint) -> None:
        self._tiles = tiles
        self._head = head

    def inclusion(self, index: int, entry: bytes) -> LogProof:
        """The proof that `entry` is leaf `index`. ValueError when the tree is not that large yet."""
        path = merkle.inclusion_path(index, self._head.size, self._tiles.at(self._head.size))
        try:
            merkle.verify_inclusion(merkle.leaf_hash(entry), index, self._head.size, path, self._head.root)
        except ProofRefused as exc:
            self._tiles.forget_tail()
            raise ArchiveDamaged(f"log: tiles do not prove leaf {index} of {self._head.size}") from exc
        return LogProof(index, path, self._head.note)

    def consistency(self, old: Checkpoint | SignedCheckpoint) -> tuple[bytes, ...]:
        """The proof that this tree continues the `old` one."""
        path = merkle.consistency_path(old.size, self._head.size, self._tiles.at(self._head.size))
        try:
            merkle.verify_consistency(old.size, old.root, self._head.size, self._head.root, path)
        except ProofRefused as exc:
            self._tiles.forget_tail()
            raise ArchiveDamaged(f"log: {self._head.size} leaves do not continue {old.size}") from exc
        return path
