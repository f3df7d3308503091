"""Names of everything in the object store, derived from ids and digests alone.

documents/{id}/{sha256}.pdf                 a version, signed bytes as they are
documents/{id}/{sha256}.record.json         its record, antin.record/1
documents/{id}/event-{n}.json               a later fact
log/deployment.json                         whose archive this is, antin.deployment/1
log/checkpoint                              the one mutable object
log/checkpoints/000/000/012/345             each signed checkpoint, by tree size
log/cosignatures/{witness}/000/000/012/345  the same checkpoint with that witness's line
log/tile/{level}/{n}, log/tile/entries/{n}  C2SP tlog-tiles
canary/conditional                          what tells whether a server honours conditional writes
"""

from __future__ import annotations

import re

from archive.errors import StorageRefused
from policies.reasons import archiving as reasons

LOG = "log/"
DEPLOYMENT = "log/deployment.json"
CHECKPOINT = "log/checkpoint"
CHECKPOINTS = "log/checkpoints/"
COSIGNATURES = "log/cosignatures/"
DOCUMENTS = "documents/"
MUTABLE = frozenset({CHECKPOINT})
CANARY = "canary/"
CONDITIONAL = "canary/conditional"
MAX_KEY = 200
LOCK_SUFFIX = ".lock"  # of the directory store's sidecars
CHECKPOINT_DIGITS = 12

_SEGMENT = re.compile(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\Z")
_SHA256 = re.compile(r"\A[0-9a-f]{64}\Z")


def check_key(key: str) -> str:
    """The key, if every store can hold it: plain segments, no sidecar name. Raises `StorageRefused`."""
    plain = all(_SEGMENT.match(segment) for segment in key.split("/"))
    if not plain or len(key) > MAX_KEY or key.endswith(LOCK_SUFFIX):
        raise StorageRefused(reasons.KEY_NOT_ALLOWED, key=key[:MAX_KEY])
    return key


def check_sha256(sha256: str) -> str:
    """The digest, if it is 64 lower-case hex digits (`StorageRefused`)."""
    if not _SHA256.match(sha256):
        raise StorageRefused(reasons.KEY_NOT_ALLOWED, key=sha256[:MAX_KEY])
    return sha256


def document_prefix(document_id: str) -> str:
    return f"{DOCUMENTS}{document_id}/"


def pdf_key(document_id: str, sha256: str) -> str:
    return check_key(f"{document_prefix(document_id)}{check_sha256(sha256)}.pdf")


def record_key(document_id: str, sha256: str) -> str:
    """`sha256` is the record's own digest."""
    return check_key(f"{document_prefix(document_id)}{check_sha256(sha256)}.record.json")


def event_key(document_id: str, number: int) -> str:
    """Events of a document are numbered from 1."""
    if number < 1:
        raise ValueError("events are numbered from 1")
    return check_key(f"{document_prefix(document_id)}event-{number}.json")


def tile_key(path: str) -> str:
    """`path` as `archive.log.tiles.TileId.path` has it."""
    return check_key(LOG + path)


def checkpoint_key(size: int) -> str:
    """Fixed width, so that the highest can be found without listing all."""
    return CHECKPOINTS + _by_size(size)


def cosignatures_prefix(witness: str) -> str:
    """`witness` is the SHA-256 of the witness's verifier key."""
    return f"{COSIGNATURES}{check_sha256(witness)}/"


def cosignature_key(witness: str, size: int) -> str:
    """As `checkpoint_key`, for each witness."""
    return check_key(cosignatures_prefix(witness) + _by_size(size))


def _by_size(size: int) -> str:
    digits = f"{size:0{CHECKPOINT_DIGITS}d}"
    if size < 0 or len(digits) != CHECKPOINT_DIGITS:
        raise ValueError(f"tree size {size} is out of range")
    return "/".join(digits[i : i + 3] for i in range(0, CHECKPOINT_DIGITS, 3))


def checkpoint_size(key: str) -> int:
    """Inverse of `checkpoint_key`; ValueError for another key."""
    size = int(key.removeprefix(CHECKPOINTS).replace("/", ""))
    if checkpoint_key(size) != key:
        raise ValueError(f"not a checkpoint key: {key}")
    return size
