"""Copying and hashing in blocks: memory does not grow with the file."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from hashlib import _Hash

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
    digest = sha256()
    size = copy_into(source, target, digest)
    return digest.hexdigest(), size


def hash_blocks(source: Path | bytes | BinaryIO) -> tuple[str, int]:
    """SHA-256 in hex and count of all bytes."""
    digest = sha256()
    size = copy_into(source, None, digest)
    return digest.hexdigest(), size


def copy_into(source: Path | bytes | BinaryIO, target: BinaryIO | None, digest: _Hash | None) -> int:
    """Every block to the target and into the digest, as far as they are given; the count of bytes."""
    size = 0
    with reading(source) as stream:
        while block := stream.read(BLOCK):
            if digest is not None:
                digest.update(block)
            if target is not None:
                target.write(block)
            size += len(block)
    return size
