"""The work area: unarchived bytes by digest on the local disk, unlocked (`archive.ports.WorkArea`)."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import Hashed
from archive.storage.blocks import copy_into
from archive.storage.disk import Disk, DurableDirectories
from archive.storage.hashed import HashedFiles, Kept
from archive.storage.keys import check_sha256
from policies.reasons import archiving as reasons

_FILE_MODE = 0o400
_SHARD = 2  # digits


class WorkDirectory:
    """work/{first two digits}/{sha256}. Half-written files have another name and are swept at start.

    `hashed` is kept by the store that these files go to, which then need not read them before it sends them.
    """

    def __init__(self, root: Path, disk: Disk | None = None, hashed: HashedFiles | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()
        self._shards = DurableDirectories(self._disk, root)
        self._hashed = hashed or HashedFiles()
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put_work(self, source: Path | bytes | BinaryIO) -> str:
        """Copy in blocks; returns the SHA-256 in hex. Disk errors are `ArchiveUnavailable`."""

        def write(file: BinaryIO) -> Kept:
            digests = self._hashed.begin()
            return Kept(copy_into(source, file, *digests), digests)

        return self._written(write)

    def extend_work(self, sha256: str, tail: bytes) -> str:
        """The bytes of this digest followed by `tail`, copied and hashed once more only if they need to be."""
        base, path = self._kept(sha256), self.work_path(sha256)

        def write(file: BinaryIO) -> Kept:
            copied = copy_into(path, file)
            if copied != base.size:
                raise ArchiveDamaged(f"work area: {sha256} changed while it was copied")
            file.write(tail)
            return base.extended(tail)

        return self._written(write)

    def hashed_work(self, sha256: str) -> Hashed:
        """Size and state of SHA-256, from when the bytes were hashed if the file is as it was then, else anew."""
        return self._kept(sha256).hashed

    def _kept(self, sha256: str) -> Kept:
        kept = self._hashed.of(self._work_path(check_sha256(sha256)))
        if kept is not None:
            return kept
        path, digests = self.work_path(sha256), self._hashed.begin()
        found = Kept(copy_into(path, None, *digests), digests)
        if found.sha256 != sha256:
            raise ArchiveDamaged(f"work area: {sha256} holds other bytes ({found.sha256})")
        self._hashed.remember(path, found)
        return found

    def _written(self, write: Callable[[BinaryIO], Kept]) -> str:
        part = self._root / f"{secrets.token_hex(16)}.part"
        try:
            with self._disk.create(part, _FILE_MODE) as file:
                kept = write(file)
            sha256 = kept.sha256
            target = self._work_path(sha256)
            self._shards.make(target.parent)
            self._disk.replace(part, target)  # the same bytes, if there were any
            self._disk.sync_directory(target.parent)
        except OSError as exc:
            self._disk.remove(part)
            raise ArchiveUnavailable(f"work area: {os.strerror(exc.errno or 0)}") from exc
        except BaseException:
            self._disk.remove(part)
            raise
        self._hashed.remember(target, kept)
        return sha256

    def work_path(self, sha256: str) -> Path:
        """Where the bytes lie; `StorageRefused` when they are not there."""
        path = self._work_path(check_sha256(sha256))
        if not os.path.isfile(path):  # noqa: PTH113 (many times an act; pathlib's way costs twice as much)
            raise StorageRefused(reasons.OBJECT_MISSING, key=sha256)
        return path

    def remove_work(self, sha256: str) -> None:
        """Forget the bytes; missing ones are a success."""
        self._disk.remove(self._work_path(check_sha256(sha256)))

    def old_work(self, before: datetime) -> Iterator[str]:
        """Digests of bytes that nobody brought or read since; the system notes readings once a day."""
        for shard in sorted(self._root.iterdir()):
            if len(shard.name) == _SHARD and shard.is_dir():
                yield from (path.name for path in sorted(shard.iterdir()) if self._is_old(path, before))

    def clear_work(self, sha256: str, before: datetime) -> None:
        """Nobody needs them: they go, unless somebody brought them since. A writer that comes between is not robbed:
        what goes is looked at once more under a name of its own."""
        path = self._work_path(check_sha256(sha256))
        doomed = self._root / f"{secrets.token_hex(16)}.part"
        try:
            if not self._is_old(path, before):
                return
            self._disk.replace(path, doomed)
            if not self._is_old(doomed, before):
                self._disk.replace(doomed, path)
                return
            self._disk.remove(doomed)
        except FileNotFoundError:
            return
        except OSError as exc:
            raise ArchiveUnavailable(f"work area: {os.strerror(exc.errno or 0)}") from exc

    def _is_old(self, path: Path, before: datetime) -> bool:
        """Raises FileNotFoundError."""
        found = path.stat()
        return max(found.st_mtime, found.st_atime) < before.timestamp()

    def sweep(self) -> None:
        """Removes what interrupted copies left. To be called at start, before anyone writes."""
        for part in self._root.glob("*.part"):
            self._disk.remove(part)

    def _work_path(self, sha256: str) -> Path:
        return self._root.joinpath(sha256[:2], sha256)
