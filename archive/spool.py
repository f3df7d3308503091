"""Bytes between two stores: small ones in memory, others in a file that is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256 as new_sha256
from pathlib import Path

from archive.errors import ArchiveDamaged
from archive.ports import ObjectStore
from archive.storage.blocks import BLOCK, copy_hashed

SMALL = 8 * BLOCK  # bytes


@contextmanager
def fetched(
    store: ObjectStore, key: str, version: str, sha256: str, size: int, folder: Path | None = None
) -> Iterator[Path | bytes]:
    """The object's bytes, all read and hashed. `folder`: where a file may lie. ArchiveDamaged for other bytes."""
    with store.open(key, version) as stream:
        if size <= SMALL:
            data = b"".join(iter(lambda: stream.read(BLOCK), b""))
            _check(key, new_sha256(data).hexdigest(), len(data), sha256, size)
            yield data
            return
        with tempfile.TemporaryDirectory(dir=folder, prefix="antin-spool-") as place:
            path = Path(place) / "object"
            with path.open("wb") as file:
                found, length = copy_hashed(stream, file)
            _check(key, found, length, sha256, size)
            yield path


def _check(key: str, found: str, length: int, sha256: str, size: int) -> None:
    if (found, length) != (sha256, size):
        raise ArchiveDamaged(f"{key}: {length} bytes with SHA-256 {found}, expected {size} with {sha256}")
