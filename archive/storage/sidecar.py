"""What the directory store writes beside each object: its digest, size and lock (`antin.lock/1`)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from archive.errors import ArchiveDamaged
from archive.ports import StoredObject
from policies.vocabulary import LockMode

SCHEMA = "antin.lock/1"
MAX_SIDECAR = 1000  # bytes


def encode(stored: StoredObject) -> bytes:
    until = stored.retain_until
    fields = {
        "schema": SCHEMA,
        "key": stored.key,
        "sha256": stored.sha256,
        "size": stored.size,
        "retain_until": None if until is None else until.astimezone(UTC).isoformat(),
        "mode": stored.mode,
        "hold": stored.hold,
    }
    return (json.dumps(fields, sort_keys=True) + "\n").encode("utf-8")


def read(path: Path, key: str) -> StoredObject | None:
    """The sidecar of `key`; None when there is none; `ArchiveDamaged` when it is not one of ours."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_SIDECAR + 1)
    except FileNotFoundError:
        return None
    try:
        return _decode(data, key)
    except (ValueError, KeyError, TypeError) as exc:
        raise ArchiveDamaged(f"{key}: its lock file cannot be read") from exc


def _decode(data: bytes, key: str) -> StoredObject:
    fields = json.loads(data)
    until = fields["retain_until"]
    mode = fields.get("mode", None if until is None else LockMode.COMPLIANCE)  # the first sidecars have none
    stored = StoredObject(
        key=fields["key"],
        size=int(fields["size"]),
        sha256=fields["sha256"],
        retain_until=None if until is None else datetime.fromisoformat(until),
        mode=None if mode is None else LockMode(mode),
        hold=bool(fields.get("hold", False)),
    )
    if fields["schema"] != SCHEMA or stored.key != key:
        raise ValueError("a sidecar of something else")
    if stored.retain_until is not None and stored.retain_until.tzinfo is None:
        raise ValueError("a lock without a zone")
    return stored
