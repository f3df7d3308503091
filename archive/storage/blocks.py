"""Copying and hashing in blocks: memory does not grow with the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20  # bytes


@contextmanager
def reading(source: Path | bytes | BinaryIO) -> Iterator[BinaryIO]:
    """A stream over the source; one that was given stays open."""
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb", buffering=0) as file:
            yield file
    else:
        yield source


def copy_hashed(source: Path | bytes | BinaryIO, target: BinaryIO) -> tuple[str, int]:
    """Copies all bytes; returns their SHA-256 in hex and their count."""
    digest, size = sha256(), 0
    with reading(source) as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            target.write(block)
            size += len(block)
    return digest.hexdigest(), size


def hash_blocks(source: Path | bytes | BinaryIO) -> tuple[str, int]:
    """SHA-256 in hex and count of all bytes."""
    digest, size = sha256(), 0
    with reading(source) as stream:
        while block := stream.read(BLOCK):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size
