"""The signed file before it has a name: written and hashed in one pass, filled, then published at once.

    1. begin     copy the base with the revision behind it, hole empty; the digest is of the bytes written
    2. fill      the CMS into the hole
    3. publish   fsync, link to its name, fsync the folder        <- commit point; never overwrites
    discard      before that: nothing is left, whatever kills the process

The file has no name until it is published (O_TMPFILE), so a kill or a power cut leaves nothing behind. Where the
file system has no unnamed files it is `.antin-….part` beside its place: a kill leaves that, and the next signature
in that folder removes it.
Where the file system can clone (reflink), the clone is hashed: one pass that reads, none that writes.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from policies.reasons import signing as reasons
from signer.creation.append import BLOCK, around_hole
from signer.errors import SigningRefused
from signer.stages import Prepared

Progress = Callable[[int, int], None]
"""Bytes hashed and copied so far, and of how many."""
_FICLONE = 0x40049409
_WRITEBACK = 64 * BLOCK  # of so many bytes Linux is told to begin writing: that is what the advice does first
_SLACK = 1 << 20  # bytes that the folder and the journal may still need
_PARTS = ".antin-*.part"
_swept: set[Path] = set()  # once for each folder and process
_NO_UNNAMED = (errno.EOPNOTSUPP, errno.EISDIR, errno.ENOENT, errno.EINVAL)
_NO_LINKS = (errno.EPERM, errno.EOPNOTSUPP, errno.EMLINK)


def check_free(out: Path) -> None:
    """Raises FileExistsError when the name is taken, be it by a link that leads nowhere."""
    if os.path.lexists(out):
        raise FileExistsError(errno.EEXIST, "exists already", str(out))


def quiet(_done: int, _total: int) -> None:
    """No progress."""


class Staged:
    """One output under way. A context manager: what was not published is discarded."""

    def __init__(self, folder: Path) -> None:
        self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._part: Path | None = None
        self.path = folder
        try:
            self._file = self._unnamed()
        except OSError:
            os.close(self._folder)
            raise

    def _unnamed(self) -> int:
        try:
            return os.open(self.path, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
        except OSError as exc:
            if exc.errno not in _NO_UNNAMED:
                raise
        sweep(self.path)
        part = self.path / f".antin-{secrets.token_hex(8)}.part"
        file = os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o666)
        fcntl.flock(file, fcntl.LOCK_EX)
        self._part = part
        return file

    def write(self, base: Path, prepared: Prepared, progress: Progress = quiet) -> bytes:
        """Copy `base`, append the revision with its hole empty; the digest over the ByteRange.

        Raises `SigningRefused` when `base` has another length than when it was prepared, when the ranges are not
        the whole file without the hole, or when there is no room on the disk.
        """
        rest = around_hole(prepared)
        digest = hashlib.new(prepared.digest_algorithm)
        with base.open("rb", buffering=0) as source:
            found = os.fstat(source.fileno())
            size = found.st_size
            self._allow(found.st_mode)
            if size != prepared.base_size:
                raise SigningRefused(reasons.BASE_CHANGED, size=size, expected=prepared.base_size)
            cloned = self._clone(source.fileno(), size)
            if not cloned:
                self._check_room(size + len(prepared.tail))
            self._pass(
                self._file if cloned else source.fileno(), size, digest.update, progress, copy=not cloned
            )
        for part in rest:
            digest.update(part)
        self._append(prepared.tail, size)
        return digest.digest()

    def _allow(self, mode: int) -> None:
        """Nobody may read the output who may not read its source; before a byte of it is there."""
        ours = os.fstat(self._file).st_mode
        with contextlib.suppress(PermissionError):  # a file system without modes
            os.fchmod(self._file, ours & mode & 0o666 | 0o600)

    def _clone(self, source: int, size: int) -> bool:
        try:
            fcntl.ioctl(self._file, _FICLONE, source)
        except OSError:
            return False
        found = os.fstat(self._file).st_size
        if found != size:
            raise SigningRefused(reasons.BASE_CHANGED, size=found, expected=size)
        return True

    def _check_room(self, needed: int) -> None:
        free = shutil.disk_usage(self.path).free
        if needed + _SLACK > free:
            raise self._no_room(needed + _SLACK, free)

    def _no_room(self, needed: int, free: int) -> SigningRefused:
        return SigningRefused(
            reasons.NO_ROOM, folder=self.path, needed=f"{-(-needed >> 20):,}", free=f"{free >> 20:,}"
        )

    def _pass(
        self, source: int, size: int, update: Callable[[memoryview], None], progress: Progress, *, copy: bool
    ) -> None:
        """The one pass over the file: each block is read, hashed and, unless it is there already, written.

        Holes stay holes. The disk is given its work on the way, not all of it at the end.
        """
        view = memoryview(bytearray(min(BLOCK, max(size, 1))))
        done = 0
        while done < size:
            count = os.preadv(source, [view[: min(len(view), size - done)]], done)
            if not count:
                raise SigningRefused(reasons.BASE_CHANGED, size=done, expected=size)
            update(view[:count])
            if copy and _is_data(source, done, count):
                self._append(view[:count], done)
            done += count
            if copy and done % _WRITEBACK == 0:
                os.posix_fadvise(self._file, done - _WRITEBACK, _WRITEBACK, os.POSIX_FADV_DONTNEED)
            progress(done, size)

    def _append(self, data: bytes | memoryview, offset: int) -> None:
        rest = memoryview(data)
        try:
            while rest:
                count = os.pwrite(self._file, rest, offset)
                rest, offset = rest[count:], offset + count
        except OSError as exc:
            if exc.errno not in (errno.ENOSPC, errno.EDQUOT):
                raise
            raise self._no_room(offset + len(rest), shutil.disk_usage(self.path).free) from exc

    def fill(self, prepared: Prepared, cms: bytes) -> None:
        """Put the CMS into the hole. Raises `SigningRefused` when it does not fit."""
        start, digits = prepared.hole
        if 2 * len(cms) > digits:
            raise SigningRefused(reasons.CONTENTS_DO_NOT_FIT, size=len(cms), limit=digits // 2)
        self._append(cms.hex().encode(), start)

    def sync(self) -> None:
        """Everything written so far is on the disk."""
        os.fsync(self._file)

    def link(self, out: Path) -> None:
        """Give the file, which is synced, its name in the folder. Raises FileExistsError; never overwrites."""
        source = self._part or Path(f"/proc/self/fd/{self._file}")
        try:
            os.link(source, out.name, src_dir_fd=self._folder, dst_dir_fd=self._folder, follow_symlinks=True)
        except OSError as exc:
            if exc.errno == errno.EEXIST:
                raise FileExistsError(errno.EEXIST, "exists already", str(out)) from exc
            if self._part is None or exc.errno not in _NO_LINKS:
                raise OSError(exc.errno, exc.strerror, str(out)) from exc
            self._rename(out)
        self._drop_part()

    def _rename(self, out: Path) -> None:
        """Without links a name that appears between the question and the answer is lost."""
        check_free(out)
        if self._part is not None:
            self._part.rename(out)

    def sync_folder(self) -> None:
        """The name is on the disk, too."""
        os.fsync(self._folder)

    def publish(self, out: Path) -> None:
        """Sync, link, sync the folder. Raises FileExistsError, OSError."""
        self.sync()
        self.link(out)
        self.sync_folder()

    def _drop_part(self) -> None:
        if self._part is not None:
            self._part.unlink(missing_ok=True)
            self._part = None

    def close(self) -> None:
        """Discard what was not published."""
        if self._file >= 0:
            self._drop_part()
            os.close(self._file)
            os.close(self._folder)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _is_data(source: int, at: int, count: int) -> bool:
    """Whether any of these bytes is kept by the file system; the rest reads as zeros here and in the copy."""
    try:
        return os.lseek(source, at, os.SEEK_DATA) < at + count
    except OSError as exc:
        return exc.errno != errno.ENXIO  # nothing but a hole up to the end; else it cannot tell


def sync_folder(folder: Path) -> None:
    """The names in it are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove what killed processes left in a folder where files cannot be unnamed; those in use are locked."""
    if folder in _swept:
        return
    _swept.add(folder)
    for part in folder.glob(_PARTS):
        with contextlib.suppress(OSError):
            file = os.open(part, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
            with os.fdopen(file, "rb"):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink()
