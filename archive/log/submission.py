"""C2SP tlog-witness: the body of `add-checkpoint`, and what a witness that knows another size answers. Bytes only.

old 20852014            the size of the head that the witness last cosigned, 0 for none
PlRNCrwHpqhGrupu0L7g…   up to 63 hashes: the consistency proof from there (RFC 6962, 2.1.2)
                        an empty line
example.com/log …       the checkpoint, a signed note
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from hashlib import sha256

from archive.errors import ProofRefused
from archive.log.checkpoint import parse_decimal
from archive.log.merkle import HASH_SIZE
from archive.log.note import MAX_NOTE, strict_base64
from policies.reasons import archiving as reasons

ADD_CHECKPOINT = "add-checkpoint"
SIZE_TYPE = "text/x.tlog.size"
MAX_PROOF_LINES = 63
MAX_SUBMISSION = MAX_NOTE + 4096  # bytes


@dataclass(frozen=True, slots=True)
class Submission:
    """A parsed, not yet verified, request for a cosignature."""

    old: int
    proof: tuple[bytes, ...]
    note: bytes

    def serialize(self) -> bytes:
        """ValueError for more hashes than a witness has to take."""
        if len(self.proof) > MAX_PROOF_LINES:
            raise ValueError("a consistency proof has at most 63 hashes")
        hashes = "".join(f"{base64.b64encode(one).decode('ascii')}\n" for one in self.proof)
        return f"old {self.old}\n{hashes}\n".encode("ascii") + self.note


def parse_submission(data: bytes) -> Submission:
    """The request in its one encoding. Raises `ProofRefused`."""
    head, separator, note = data.partition(b"\n\n")
    if not separator or len(data) > MAX_SUBMISSION:
        raise _malformed("size or empty line")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as exc:
        raise _malformed("ASCII") from exc
    old = parse_decimal(first.removeprefix("old ")) if first.startswith("old ") else None
    if old is None:
        raise _malformed("old size")
    if len(lines) > MAX_PROOF_LINES:
        raise _malformed("too many hashes")
    return Submission(old, tuple(_hash(line) for line in lines), note)


def _hash(line: str) -> bytes:
    found = strict_base64(line)
    if found is None or len(found) != HASH_SIZE:
        raise _malformed("hash")
    return found


def _malformed(detail: str) -> ProofRefused:
    return ProofRefused(reasons.SUBMISSION_MALFORMED, detail=detail)


def size_answer(size: int) -> bytes:
    """The body that says which size the witness last cosigned."""
    return f"{size}\n".encode("ascii")


def parse_size_answer(body: bytes) -> int:
    """Its inverse. Raises `ProofRefused`."""
    try:
        size = parse_decimal(body.decode("ascii").removesuffix("\n")) if body.endswith(b"\n") else None
    except UnicodeDecodeError:
        size = None
    if size is None:
        raise ProofRefused(reasons.SUBMISSION_MALFORMED, detail="size")
    return size


def origin_path(origin: str) -> str:
    """Where a witness shows the last head of a log that it cosigned: `<SHA-256 of the origin>/checkpoint`."""
    return f"{sha256(origin.encode('utf-8')).hexdigest()}/checkpoint"
