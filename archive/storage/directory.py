"""The embedded object store: a directory in which nothing is overwritten. Not for production.

Not trusted: root, or whoever owns the directory, can change anything in it; digests, log and fsck show it.
The service alone enforces retention here, therefore production mode refuses this store.

    objects/{key}        the bytes, mode 0444
    objects/{key}.lock   digest, size and lock, written before the bytes have a name
    parts/               bytes without a name yet, swept at start
    damaged/             what was found instead of archived bytes, moved aside by a repair and never removed
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import BinaryIO

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import Listed, StoredObject
from archive.storage import sidecar
from archive.storage.blocks import copy_hashed, hash_blocks
from archive.storage.disk import Disk, DurableDirectories
from archive.storage.keys import LOCK_SUFFIX, MUTABLE, check_key, check_sha256
from archive.storage.retention import allow_delete, check_zone, extended, locked
from archive.storage.work import WorkDirectory
from policies.reasons import archiving as reasons
from policies.vocabulary import LockMode

_READ_ONLY = 0o444
_STRIPES = 64


class DirectoryStore(WorkDirectory):
    """`ObjectStore` and `WorkArea` in one directory. Safe for threads; one process writes at a time.

    `clock` judges retention as a server's own clock would.
    """

    def __init__(
        self,
        root: Path,
        *,
        clock: Callable[[], datetime],
        production: bool = False,
        disk: Disk | None = None,
    ) -> None:
        if production:
            raise StorageRefused(reasons.DIRECTORY_IN_PRODUCTION)
        self._objects, self._parts, self._damaged = root / "objects", root / "parts", root / "damaged"
        for directory in (self._objects, self._parts, self._damaged):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        super().__init__(root / "work", disk)
        self._clock = clock
        self._directories = DurableDirectories(self._disk, self._objects)
        self._locks = [Lock() for _ in range(_STRIPES)]

    def put(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime | None = None,
        mode: LockMode = LockMode.COMPLIANCE,
    ) -> StoredObject:
        """As the port says. Each line tells what a power cut after it leaves."""
        path = self._path(check_key(key))
        check_zone(retain_until)
        with self._answering(key), self._part() as part:
            size = self._copy(key, source, check_sha256(sha256), part)
            # Cut: an unnamed part, swept at start.
            meant = locked(StoredObject(key, size, sha256, None), retain_until, mode)
            with self._changing(key):
                self._directories.make(path.parent)
                # Cut: empty directories.
                stored = self._write_lock(path, meant)
                # Cut: a lock without an object; the next put of the key takes it over.
                if not path.exists():
                    self._disk.link(part, path)
                # Cut: the object's name may be lost or kept. Nobody was told, so the put is repeated.
                self._disk.sync_directory(path.parent)
                # Commit point: object and lock outlive the cut.
            self._disk.remove(part)  # it has its name, or was there before
        return stored

    def open(self, key: str, version: str = "") -> BinaryIO:  # noqa: ARG002 (a key has one version here)
        try:
            return self._path(check_key(key)).open("rb")
        except FileNotFoundError as exc:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key) from exc
        except OSError as exc:
            raise ArchiveUnavailable(f"{key}: {os.strerror(exc.errno or 0)}") from exc

    def head(self, key: str, version: str = "") -> StoredObject | None:  # noqa: ARG002
        path = self._path(check_key(key))
        with self._answering(key):
            if not path.is_file():
                return None
            if key in MUTABLE:
                digest, size = hash_blocks(path)
                return StoredObject(key, size, digest, None)
            stored = sidecar.read(_lock_path(path), key)
        if stored is None:
            raise ArchiveDamaged(f"{key}: its lock file is gone")
        return stored

    def read(self, key: str, version: str = "", *, locks: bool = True) -> tuple[StoredObject, BinaryIO]:  # noqa: ARG002
        stored = self.head(key, version)
        if stored is None:
            raise StorageRefused(reasons.OBJECT_MISSING, key=key)
        return stored, self.open(key, version)

    def extend_retention(
        self,
        key: str,
        until: datetime,
        *,
        mode: LockMode = LockMode.COMPLIANCE,
        version: str = "",  # noqa: ARG002
    ) -> StoredObject:
        check_zone(until)
        return self._changed(key, lambda stored: extended(stored, until, mode))

    def set_hold(self, key: str, held: bool, *, version: str = "") -> StoredObject:  # noqa: ARG002
        return self._changed(key, lambda stored: replace(stored, hold=held))

    def list(self, prefix: str, after: str = "") -> Iterator[str]:
        """Lazily, directory by directory."""
        base, _, _ = prefix.rpartition("/")
        if base:
            check_key(base)
        walk = self._walk(self._objects / base if base else self._objects, f"{base}/" if base else "", prefix)
        return (key for key in walk if key > after)

    def inventory(self, prefix: str, after: str = "") -> Iterator[Listed]:
        for key in self.list(prefix, after):
            with self._answering(key):
                size = self._path(key).stat().st_size
            yield Listed(key, "", size, latest=True, deleted=False)

    def delete(self, key: str, version: str = "") -> None:  # noqa: ARG002
        path = self._path(check_key(key))
        with self._answering(key), self._changing(key):
            if not path.is_file():
                return
            stored = self.head(key)
            if stored is not None:
                allow_delete(stored, self._clock())
            self._disk.remove(path)
            # Cut: a lock without an object, as in `put`.
            self._disk.remove(_lock_path(path))
            self._disk.sync_directory(path.parent)

    def replace_damaged(
        self,
        key: str,
        source: Path | bytes,
        *,
        sha256: str,
        retain_until: datetime,
        mode: LockMode = LockMode.COMPLIANCE,
        version: str = "",  # noqa: ARG002
    ) -> StoredObject:
        """As the port says; `put` takes the key once the damaged bytes are out of its way."""
        path = self._path(check_key(key))
        check_zone(retain_until)
        with self._answering(key), self._changing(key):
            if path.is_file() and hash_blocks(path)[0] != check_sha256(sha256):
                self._set_aside(path, key)
            # Cut: the object is missing, and its evidence is kept; the repair is done again.
            if _unreadable(path, key):
                self._set_aside(_lock_path(path), key + LOCK_SUFFIX)
        return self.put(key, source, sha256=sha256, retain_until=retain_until, mode=mode)

    def put_mutable(self, key: str, data: bytes) -> None:
        if key not in MUTABLE:
            raise StorageRefused(reasons.KEY_NOT_ALLOWED, key=key)
        path = self._path(key)
        with self._answering(key), self._part() as part, self._changing(key):
            with self._disk.create(part, _READ_ONLY) as file:
                file.write(data)
            self._directories.make(path.parent)
            self._disk.replace(part, path)
            # Cut: the old bytes or the new ones, never a mixture.
            self._disk.sync_directory(path.parent)

    def tidy(self, key: str) -> None:
        """Nothing is left of what was replaced."""

    def sweep(self) -> None:
        """Removes parts that interrupted writers left. To be called at start, before anyone writes."""
        super().sweep()
        for part in self._parts.iterdir():
            self._disk.remove(part)

    def _copy(self, key: str, source: Path | bytes, sha256: str, part: Path) -> int:
        with self._disk.create(part, _READ_ONLY) as file:
            found, size = copy_hashed(source, file)
            if found != sha256:
                raise StorageRefused(reasons.DIGEST_DIFFERS, key=key)
        return size

    def _write_lock(self, path: Path, meant: StoredObject) -> StoredObject:
        """The sidecar that holds from now on. Under an existing object the lock is only ever extended."""
        known = sidecar.read(_lock_path(path), meant.key)
        if path.exists() and hash_blocks(path)[0] != meant.sha256:
            raise StorageRefused(reasons.OBJECT_EXISTS, key=meant.key)
        # A lock without an object is of a put that was cut, or of damaged bytes that a repair moved aside.
        if known is not None and (known.sha256, known.size) == (meant.sha256, meant.size):
            meant = locked(known, meant.retain_until, meant.mode)
        if known == meant:
            return meant
        self._replace_lock(path, meant)
        if meant.retain_until is not None:
            self._disk.sync_directory(path.parent)  # a locked object never has a name before its lock
        return meant

    def _set_aside(self, path: Path, name: str) -> None:
        """Durably there before its name here is taken away."""
        evidence = self._damaged / f"{name.replace('/', '~')}.{secrets.token_hex(8)}"
        self._disk.link(path, evidence)
        self._disk.sync_directory(self._damaged)
        # Cut: it has both names; the repair that is done again makes one more for the same bytes.
        self._disk.remove(path)
        self._disk.sync_directory(path.parent)

    def _changed(self, key: str, change: Callable[[StoredObject], StoredObject]) -> StoredObject:
        """The object under a changed lock or hold; durable when it returns."""
        with self._answering(key), self._changing(key):
            stored = self.head(key)
            if stored is None:
                raise StorageRefused(reasons.OBJECT_MISSING, key=key)
            changed = change(stored)
            if changed != stored:
                self._replace_lock(self._path(key), changed)
                self._disk.sync_directory(self._path(key).parent)
        return changed

    def _replace_lock(self, path: Path, stored: StoredObject) -> StoredObject:
        with self._part() as part:
            with self._disk.create(part, _READ_ONLY) as file:
                file.write(sidecar.encode(stored))
            self._disk.replace(part, _lock_path(path))
        return stored

    def _walk(self, directory: Path, at: str, prefix: str) -> Iterator[str]:
        try:
            with os.scandir(directory) as entries:
                names = sorted(e.name + ("/" if e.is_dir(follow_symlinks=False) else "") for e in entries)
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as exc:
            raise ArchiveUnavailable(f"{at}: {os.strerror(exc.errno or 0)}") from exc
        for name in names:
            key = at + name
            if not key.startswith(prefix) and not prefix.startswith(key):
                continue
            if name.endswith("/"):
                yield from self._walk(directory / name, key, prefix)
            elif not name.endswith(LOCK_SUFFIX):
                yield key

    def _changing(self, key: str) -> Lock:
        """Held while a sidecar is read, judged and replaced."""
        return self._locks[hash(key) % _STRIPES]

    @contextmanager
    def _part(self) -> Iterator[Path]:
        """A place for bytes that have no name yet; removed when they do not get one."""
        part = self._parts / secrets.token_hex(16)
        try:
            yield part
        except BaseException:
            self._disk.remove(part)
            raise

    @contextmanager
    def _answering(self, key: str) -> Iterator[None]:
        try:
            yield
        except OSError as exc:
            raise ArchiveUnavailable(f"{key}: {os.strerror(exc.errno or 0)}") from exc

    def _path(self, key: str) -> Path:
        return self._objects / key


def _unreadable(path: Path, key: str) -> bool:
    try:
        sidecar.read(_lock_path(path), key)
    except ArchiveDamaged:
        return True
    return False


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + LOCK_SUFFIX)
