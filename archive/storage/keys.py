"""Names of everything in the object store, derived from ids and digests alone.

documents/{id}/{sha256}.pdf                 a version, signed bytes as they are
documents/{id}/{sha256}.record.json         its record, antin.record/1
documents/{id}/event-{n}.json               a later fact
dossiers/{id}/version-{n}.json              an act on a dossier, antin.dossier/1
dossiers/{id}/files/{sha256}                a plain file in it, the bytes as they came
log/deployment.json                         whose archive this is, antin.deployment/1
log/checkpoint                              the one mutable object
log/checkpoints/000/000/012/345             each signed checkpoint, by tree size
log/openings/000/000/012/345-{start}.0000.json   what opens the leaves from start to that size, antin.openings/1
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
TILES = "log/tile/"
COSIGNATURES = "log/cosignatures/"
DOCUMENTS = "documents/"
DOSSIERS = "dossiers/"
OPENINGS = "log/openings/"
MUTABLE = frozenset({CHECKPOINT})
CANARY = "canary/"
CONDITIONAL = "canary/conditional"
MAX_KEY = 200
LOCK_SUFFIX = ".lock"  # of the directory store's sidecars
CHECKPOINT_DIGITS = 12
LARGEST = 10**CHECKPOINT_DIGITS - 1

_SEGMENT = re.compile(r"\A[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\Z")
_OPENINGS = re.compile(r"\Alog/openings/([0-9/]+)-([0-9]+)\.([0-9]{4})\.json\Z")
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


def dossier_prefix(dossier_id: str) -> str:
    return f"{DOSSIERS}{dossier_id}/"


def dossier_version_key(dossier_id: str, number: int) -> str:
    """Versions of a dossier are numbered from 1."""
    if number < 1:
        raise ValueError("versions are numbered from 1")
    return check_key(f"{dossier_prefix(dossier_id)}version-{number}.json")


def dossier_file_key(dossier_id: str, sha256: str) -> str:
    return check_key(f"{dossier_prefix(dossier_id)}files/{check_sha256(sha256)}")


def tile_key(path: str) -> str:
    """`path` as `archive.log.tiles.TileId.path` has it."""
    return check_key(LOG + path)


def checkpoint_key(size: int) -> str:
    """Fixed width, so that the highest can be found without listing all."""
    return CHECKPOINTS + _by_size(size)


def openings_key(start: int, stop: int, part: int = 0) -> str:
    """What opens the leaves with start ≤ index < stop. Sorts by `stop`, then `start`, then part, from 0."""
    if not (0 <= part < 10_000 and 0 <= start < stop):
        raise ValueError(f"no such openings: {start} to {stop}, part {part}")
    return f"{OPENINGS}{_by_size(stop)}-{start:0{CHECKPOINT_DIGITS}d}.{part:04d}.json"


def openings_stretch(key: str) -> tuple[int, int, int]:
    """Inverse of `openings_key`: start, stop, part; ValueError for another key."""
    found = _OPENINGS.match(key)
    if found is None:
        raise ValueError(f"not a key of openings: {key}")
    stop, start, part = int(found[1].replace("/", "")), int(found[2]), int(found[3])
    if openings_key(start, stop, part) != key:
        raise ValueError(f"not a key of openings: {key}")
    return start, stop, part


def cosignatures_prefix(witness: str) -> str:
    """`witness` is the SHA-256 of the witness's verifier key."""
    return f"{COSIGNATURES}{check_sha256(witness)}/"


def cosignature_key(witness: str, size: int) -> str:
    """As `checkpoint_key`, for each witness."""
    return check_key(cosignatures_prefix(witness) + _by_size(size))


def cosignature_of(key: str) -> tuple[str, int]:
    """Inverse of `cosignature_key`: witness and size; ValueError for another key."""
    witness, _, digits = key.removeprefix(COSIGNATURES).partition("/")
    size = int(digits.replace("/", ""))
    try:
        same = cosignature_key(witness, size) == key
    except StorageRefused as exc:
        raise ValueError(f"not a cosignature's key: {key}") from exc
    if not same:
        raise ValueError(f"not a cosignature's key: {key}")
    return witness, size


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
