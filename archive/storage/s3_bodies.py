"""What is sent: digests, kept from earlier or made in one pass, then the bytes, streamed and never all in memory."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5, sha256
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, cast

from archive.errors import StorageRefused
from archive.storage.blocks import BLOCK, updating
from archive.storage.hashed import HashedFiles
from policies.reasons import archiving as reasons

if TYPE_CHECKING:
    from hashlib import _Hash


class Part(NamedTuple):
    """Bytes of the source from `offset` on, with their digests."""

    offset: int
    length: int
    md5: bytes
    sha256: bytes

    @property
    def headers(self) -> dict[str, str]:
        """What lets a server refuse other bytes: SeaweedFS compares the first two, Ceph RGW the first and the last."""
        return {
            "Content-MD5": b64(self.md5),
            "x-amz-checksum-sha256": b64(self.sha256),
            "x-amz-content-sha256": self.sha256.hex(),
            "Content-Length": str(self.length),
        }


class Digests(NamedTuple):
    """SHA-256 (hex) of all bytes, their count, and the parts they are sent in."""

    sha256: str
    size: int
    parts: tuple[Part, ...]


def digests(source: Path | bytes, part_bytes: int, hashed: HashedFiles | None = None) -> Digests:
    """Reads it all once, unless `hashed` has what it needs; an empty source has one empty part."""
    kept = hashed.of(source) if hashed is not None and isinstance(source, Path) else None
    if kept is not None and kept.size <= part_bytes and len(kept.digests) > 1:
        large, small = (digest.digest() for digest in kept.digests)
        return Digests(large.hex(), kept.size, (Part(0, kept.size, small, large),))
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    whole = sha256() if size > part_bytes else None  # one part's digest is that of all
    parts: list[Part] = []
    with _opened(source) as stream:
        while not parts or parts[-1].length == part_bytes:
            part = _part(stream, len(parts) * part_bytes, part_bytes, whole)
            if parts and not part.length:
                break
            parts.append(part)
    found = parts[0].sha256.hex() if len(parts) == 1 else ""
    return Digests(whole.hexdigest() if whole else found, sum(part.length for part in parts), tuple(parts))


@contextmanager
def body(source: Path | bytes, part: Part) -> Iterator[bytes | BinaryIO]:
    """The part's bytes for one attempt: as they are, or as a stream of a file."""
    if isinstance(source, bytes):
        yield source if part.length == len(source) else source[part.offset : part.offset + part.length]
        return
    with source.open("rb", buffering=0) as file:
        file.seek(part.offset)
        yield cast(BinaryIO, _Slice(file, part.length, source.name))


class _Slice:
    """The part's bytes out of a file, for a socket. Raises StorageRefused when the file ends before."""

    def __init__(self, file: BinaryIO, length: int, name: str) -> None:
        self._file, self._left, self._name = file, length, name

    def read(self, size: int) -> bytes:
        data = self._file.read(min(size, self._left))
        if self._left and not data:
            raise StorageRefused(reasons.DIGEST_DIFFERS, key=self._name)
        self._left -= len(data)
        return data


@contextmanager
def _opened(source: Path | bytes) -> Iterator[BinaryIO]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
        return
    with source.open("rb", buffering=0) as file:
        yield file


def _part(stream: BinaryIO, offset: int, most: int, whole: _Hash | None) -> Part:
    small, large, length = md5(usedforsecurity=False), sha256(), 0
    with updating(small, large, *([whole] if whole is not None else [])) as take:
        while length < most and (block := stream.read(min(BLOCK, most - length))):
            take(block)
            length += len(block)
    return Part(offset, length, small.digest(), large.digest())


def b64(digest: bytes) -> str:
    return b64encode(digest).decode("ascii")
