"""Durable file operations of one local disk, one method per step that a power cut can fall between.

The directory store is written over these; tests put a disk in their place that loses power at a chosen step.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


class Disk:
    """POSIX: an fsynced file keeps its bytes, an fsynced directory keeps its names."""

    def make_directory(self, path: Path) -> None:
        """One level; an existing directory is a success."""
        path.mkdir(exist_ok=True)

    @contextmanager
    def create(self, path: Path, mode: int) -> Iterator[BinaryIO]:
        """A new file for writing, of a mode that forbids it to whoever opens it later; its bytes are durable when
        the block ends."""
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())

    def link(self, source: Path, target: Path) -> None:
        """Give the file a second name, never over another: FileExistsError."""
        os.link(source, target, follow_symlinks=False)

    def replace(self, source: Path, target: Path) -> None:
        """Rename over whatever is there, atomically."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """A missing file is a success."""
        path.unlink(missing_ok=True)

    def sync_directory(self, path: Path) -> None:
        """Names given or taken away in this directory are durable when this returns."""
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


class CacheDisk(Disk):
    """Waits for no disk: what lies here lies elsewhere too, and is forgotten when the machine dies."""

    @contextmanager
    def create(self, path: Path, mode: int) -> Iterator[BinaryIO]:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file

    def sync_directory(self, path: Path) -> None: ...


class DurableDirectories:
    """Makes directories whose names are durable, top down; each costs its syncs once per process."""

    def __init__(self, disk: Disk, root: Path) -> None:
        self._disk = disk
        self._known = {root}

    def make(self, directory: Path) -> None:
        """The directory and its parents below the root."""
        missing = []
        while directory not in self._known:
            missing.append(directory)
            directory = directory.parent
        for found in reversed(missing):
            self._disk.make_directory(found)
            self._disk.sync_directory(found.parent)
            self._known.add(found)
