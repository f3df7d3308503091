"""What a leaf says: `antin.leaf/1`, a random id and two salted commitments. Nothing private.

Entry bytes: 0x01 (version) || kind (1 byte) || flags (1 byte, bit 0: predecessor) || id (16)
|| PDF commitment (32) || record commitment (32) || predecessor's leaf hash (32, only with its flag).
A commitment is SHA-256(domain || salt (32 bytes) || SHA-256 of the committed bytes). Who destroys the salt
leaves a leaf that proves nothing and reveals nothing.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from hashlib import sha256

from archive.errors import ProofRefused
from archive.log.merkle import HASH_SIZE
from policies.reasons import archiving as reasons

VERSION = 1
MAX_ENTRY = 65_535  # bytes; the length prefix of an entry bundle is a uint16
ID_SIZE = 16
SALT_SIZE = 32
_HAS_PREDECESSOR = 1
_FIXED = 3 + ID_SIZE + 2 * HASH_SIZE


class LeafKind(IntEnum):
    """What the leaf is about."""

    DOCUMENT = 1  # a version of a document: its PDF and its record
    EVENT = 2  # a later fact of a document: its PDF and the event's record
    AUDIT_HEAD = 3
    REGISTER_HEAD = 4
    DOSSIER = 5  # a version of a dossier: its record, which names the digests of its files


class Role(StrEnum):
    """What a commitment is to. Heads and dossiers commit to their own bytes as both, with two salts."""

    PDF = "pdf"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens a commitment: digest in hex and the salt (32 bytes)."""

    sha256: str
    salt: bytes

    def __post_init__(self) -> None:
        digest = bytes.fromhex(self.sha256)
        if len(self.salt) != SALT_SIZE or len(digest) != HASH_SIZE or digest.hex() != self.sha256:
            raise ValueError("an opening is a SHA-256 and a salt of 32 bytes")


@dataclass(frozen=True, slots=True)
class Leaf:
    """A decoded entry. `predecessor` is the leaf hash of the version that this one continues."""

    kind: LeafKind
    id: bytes
    pdf: bytes
    record: bytes
    predecessor: bytes | None = None


def new_id() -> bytes:
    """A random leaf id: it tells neither document nor time."""
    return secrets.token_bytes(ID_SIZE)


def new_salt() -> bytes:
    """A salt for one commitment, used once."""
    return secrets.token_bytes(SALT_SIZE)


def commitment(role: Role, opening: Opening) -> bytes:
    """SHA-256 over domain, salt and digest: 32 bytes."""
    domain = f"antin.commitment/1 {role.value}\n".encode("ascii")
    return sha256(domain + opening.salt + bytes.fromhex(opening.sha256)).digest()


def check_opening(committed: bytes, role: Role, opening: Opening) -> None:
    """Raises `ProofRefused` unless digest and salt open the commitment."""
    if not hmac.compare_digest(committed, commitment(role, opening)):
        raise ProofRefused(reasons.COMMITMENT_DIFFERS, role=role.value)


def make_leaf(
    kind: LeafKind,
    leaf_id: bytes,
    pdf: Opening,
    record: Opening,
    predecessor: bytes | None = None,
) -> Leaf:
    """A leaf that commits to both digests."""
    return Leaf(kind, leaf_id, commitment(Role.PDF, pdf), commitment(Role.RECORD, record), predecessor)


def encode(leaf: Leaf) -> bytes:
    """The one encoding of the leaf. ValueError for parts of a wrong size."""
    parts = (leaf.pdf, leaf.record) if leaf.predecessor is None else (leaf.pdf, leaf.record, leaf.predecessor)
    if len(leaf.id) != ID_SIZE or any(len(part) != HASH_SIZE for part in parts):
        raise ValueError("a leaf's id has 16 bytes, each hash 32")
    flags = 0 if leaf.predecessor is None else _HAS_PREDECESSOR
    return bytes((VERSION, leaf.kind, flags)) + leaf.id + b"".join(parts)


def decode(entry: bytes) -> Leaf:
    """The leaf in an entry; anything but the one encoding raises `ProofRefused`."""
    if len(entry) < _FIXED:
        raise ProofRefused(reasons.LEAF_MALFORMED, detail="length")
    version, kind, flags = entry[:3]
    if version != VERSION or flags & ~_HAS_PREDECESSOR or kind not in LeafKind._value2member_map_:
        raise ProofRefused(reasons.LEAF_MALFORMED, detail="header")
    if len(entry) != _FIXED + (HASH_SIZE if flags else 0):
        raise ProofRefused(reasons.LEAF_MALFORMED, detail="length")
    hashes = entry[3 + ID_SIZE :]
    predecessor = hashes[2 * HASH_SIZE :] or None
    return Leaf(
        LeafKind(kind),
        entry[3 : 3 + ID_SIZE],
        hashes[:HASH_SIZE],
        hashes[HASH_SIZE : 2 * HASH_SIZE],
        predecessor,
    )


def check_entry(entry: bytes) -> None:
    """Refuses an opaque entry that no bundle can hold."""
    if len(entry) > MAX_ENTRY:
        raise ProofRefused(reasons.ENTRY_TOO_LARGE, size=len(entry))
