"""C2SP tlog-checkpoint: origin, tree size and root as the text of a signed note. Origin = key name."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import dataclass

from archive.errors import ProofRefused
from archive.log.merkle import HASH_SIZE
from archive.log.note import SignedNote, VerifierKey, parse_note, sign_note, strict_base64, verify_note
from archive.ports import LogSigner
from policies.reasons import archiving as reasons

MAX_SIZE = 2**63 - 1
_DECIMAL = re.compile(r"\A(0|[1-9][0-9]{0,18})\Z")


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A tree head: `size` in leaves, `root` 32 bytes."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode('ascii')}\n"


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A checkpoint whose signature by the log's key was verified. `note` is the note as it was given.

    `others` names the further signers on it. Their signatures are not verified here.
    """

    checkpoint: Checkpoint
    note: bytes
    others: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.checkpoint.size

    @property
    def root(self) -> bytes:
        return self.checkpoint.root


def sign_checkpoint(checkpoint: Checkpoint, signer: LogSigner) -> bytes:
    """The checkpoint as a note signed by the log. ValueError when the key's name is not the origin."""
    if checkpoint.origin != signer.name:
        raise ValueError("the origin of a checkpoint is the name of its key")
    return sign_note(checkpoint.text(), signer)


def parse_decimal(text: str) -> int | None:
    """A non-negative number below 2**63 in its one decimal form, else None."""
    value = int(text) if _DECIMAL.match(text) else MAX_SIZE + 1
    return value if value <= MAX_SIZE else None


def parse_checkpoint(text: str) -> Checkpoint:
    """The text of a checkpoint, without extension lines (this log has none). Raises `ProofRefused`."""
    if text.count("\n") != 3:
        raise ProofRefused(reasons.CHECKPOINT_MALFORMED, detail="lines")
    return parse_extended(text)


def parse_extended(text: str) -> Checkpoint:
    """The text of any log's checkpoint; extension lines say nothing about the tree. Raises `ProofRefused`."""
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise ProofRefused(reasons.CHECKPOINT_MALFORMED, detail="lines")
    size, root = parse_decimal(lines[1]), strict_base64(lines[2])
    if size is None or root is None or len(root) != HASH_SIZE:
        raise ProofRefused(reasons.CHECKPOINT_MALFORMED, detail="size or root")
    return Checkpoint(lines[0], size, root)


def open_checkpoint(data: bytes, key: VerifierKey) -> SignedCheckpoint:
    """Parses and verifies in this order: note, the log's signature, text, origin. Raises `ProofRefused`."""
    note: SignedNote = parse_note(data)
    verify_note(note, key)
    checkpoint = parse_checkpoint(note.text)
    if checkpoint.origin != key.name:
        raise ProofRefused(reasons.WRONG_LOG, found=checkpoint.origin, expected=key.name)
    others = tuple(s.name for s in note.signatures if (s.name, s.key_id) != (key.name, key.key_id))
    return SignedCheckpoint(checkpoint, data, others)


def check_not_behind(checkpoint: Checkpoint, known: Iterable[Checkpoint]) -> None:
    """Refuses a head behind, or equal in size but different from, any head already seen (`ProofRefused`).

    The caller must still ask for a consistency proof from each smaller known head.
    """
    for seen in known:
        if seen.size > checkpoint.size:
            raise ProofRefused(reasons.ROLLED_BACK, size=checkpoint.size, known=seen.size)
        if seen.size == checkpoint.size and seen.root != checkpoint.root:
            raise ProofRefused(reasons.NOT_CONSISTENT, old=seen.size, new=checkpoint.size)
