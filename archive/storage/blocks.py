"""Copying and hashing in blocks: memory does not grow with the file."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
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


def hash_ahead(stream: BinaryIO) -> tuple[str, int]:
    """As `hash_blocks`; of a long stream, the next block is read while one is hashed."""
    digest, size = sha256(), 0
    with updating(digest) as take:
        while block := stream.read(BLOCK):
            take(block)
            size += len(block)
    return digest.hexdigest(), size


@contextmanager
def updating(*digests: _Hash) -> Iterator[Callable[[bytes], None]]:
    """What takes the next block into all of them. They are updated side by side while the caller fetches the next
    block; one block alone costs no thread. They hold all blocks when this ends."""
    last, running = b"", list[Future[None]]()
    threads: ThreadPoolExecutor | None = None

    def take(block: bytes) -> None:
        nonlocal last, running, threads
        for future in running:
            future.result()
        if last:
            threads = threads or ThreadPoolExecutor(len(digests), "digests")
            running = [threads.submit(digest.update, last) for digest in digests]
        last = block

    try:
        yield take
    finally:
        if threads is not None:
            threads.shutdown()
    for digest in digests:
        digest.update(last)


def copy_into(source: Path | bytes | BinaryIO, target: BinaryIO | None, *digests: _Hash) -> int:
    """Every block to the target, if there is one, and into the digests, several of them side by side; the count of
    bytes."""
    size = 0
    with reading(source) as stream, _taking(digests) as take:
        while block := stream.read(BLOCK):
            take(block)
            if target is not None:
                target.write(block)
            size += len(block)
    return size


@contextmanager
def _taking(digests: tuple[_Hash, ...]) -> Iterator[Callable[[bytes], None]]:
    if len(digests) > 1:
        with updating(*digests) as take:
            yield take
    else:
        yield digests[0].update if digests else lambda _: None
