"""A file as it was when it was looked at, so that nobody signs half of one document and half of another."""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from policies.reasons import signing as reasons
from signer.errors import SigningRefused

MISTAKES = frozenset(
    (
        errno.EACCES,
        errno.EINVAL,
        errno.EISDIR,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EPERM,
        errno.EROFS,
    )
)
"""What the system says of names and rights that are wrong; all else may pass."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Which file it was and when it was last written (`changed`: nanoseconds); `size` in bytes."""

    device: int
    inode: int
    size: int
    changed: int


def look(source: Path) -> Seen:
    """The file as it is now. Raises OSError, also for what may not be read and for what is no regular file."""
    file = os.open(
        source, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC
    )  # a pipe without a writer holds nobody up
    try:
        found = os.fstat(file)
    finally:
        os.close(file)
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "not a regular file", str(source))
    return Seen(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def check_unchanged(source: Path, seen: Seen) -> None:
    """Raises `SigningRefused` when the file is another or was written meanwhile, OSError when it is gone."""
    if look(source) != seen:
        raise SigningRefused(reasons.SOURCE_CHANGED, path=source)
