"""The work area: unarchived bytes by digest on the local disk, unlocked (`archive.ports.WorkArea`)."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import BinaryIO

from archive.errors import ArchiveUnavailable, StorageRefused
from archive.storage.blocks import copy_hashed
from archive.storage.disk import Disk, DurableDirectories
from archive.storage.keys import check_sha256
from policies.reasons import archiving as reasons

_FILE_MODE = 0o400


class WorkDirectory:
    """work/{first two digits}/{sha256}. Half-written files have another name and are swept at start."""

    def __init__(self, root: Path, disk: Disk | None = None) -> None:
        self._root = root
        self._disk = disk or Disk()
        self._shards = DurableDirectories(self._disk, root)
        root.mkdir(parents=True, exist_ok=True, mode=0o700)

    def put_work(self, source: Path | bytes | BinaryIO) -> str:
        """Copy in blocks; returns the SHA-256 in hex. Disk errors are `ArchiveUnavailable`."""
        part = self._root / f"{secrets.token_hex(16)}.part"
        try:
            with self._disk.create(part, _FILE_MODE) as file:
                sha256, _ = copy_hashed(source, file)
            target = self._work_path(sha256)
            self._shards.make(target.parent)
            self._disk.replace(part, target)  # the same bytes, if there were any
            self._disk.sync_directory(target.parent)
        except OSError as exc:
            raise ArchiveUnavailable(f"work area: {os.strerror(exc.errno or 0)}") from exc
        finally:
            self._disk.remove(part)
        return sha256

    def work_path(self, sha256: str) -> Path:
        """Where the bytes lie; `StorageRefused` when they are not there."""
        path = self._work_path(check_sha256(sha256))
        if not path.is_file():
            raise StorageRefused(reasons.OBJECT_MISSING, key=sha256)
        return path

    def remove_work(self, sha256: str) -> None:
        """Forget the bytes; missing ones are a success."""
        self._disk.remove(self._work_path(check_sha256(sha256)))

    def sweep(self) -> None:
        """Removes what interrupted copies left. To be called at start, before anyone writes."""
        for part in self._root.glob("*.part"):
            self._disk.remove(part)

    def _work_path(self, sha256: str) -> Path:
        return self._root / sha256[:2] / sha256
