"""The file of a backup: written under another name, flushed, read back whole, and only then given its name."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import secrets
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from api.backup.refusals import BackupRefused
from policies.reasons import backup as reasons

SCHEMA = "antin.backup/1"
MANIFEST, KEYS = "manifest.json", "keys.enc"
MOST_MANIFEST = 64 << 20  # bytes
BLOCK = 1 << 20
# What may be in a backup; the names become names of files.
_NAMES = re.compile(
    r"(manifest\.json|database\.sqlite3|database/[a-z_]{1,63}\.[a-z_0-9]{1,63}\.copy|work/[0-9a-f]{64}|checkpoint"
    r"|stamps/[\w.-]{1,120}\.png|settings\.json|keys\.enc)",
    re.ASCII,
)
# What `zipfile` raises for files that are none (NotImplementedError: a compression that it does not know); all of them
# are told as a broken backup.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OverflowError,
    RuntimeError,
    ValueError,
    KeyError,
)


@dataclass
class Member:
    """Size in bytes and SHA-256 of one member."""

    size: int
    sha256: str


@dataclass
class Writing:
    """A backup that is being written. `facts` go into the manifest."""

    file: zipfile.ZipFile
    facts: dict[str, Any]
    members: dict[str, Member] = field(default_factory=dict)

    def add(self, name: str, blocks: Iterable[bytes], *, packed: bool = True) -> None:
        """One member. ValueError for a name that no backup has."""
        if not _NAMES.fullmatch(name):
            raise ValueError(f"not a member of a backup: {name}")
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        info.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0
        with self.file.open(info, "w", force_zip64=True) as out:
            for block in blocks:
                digest.update(block)
                size += len(block)
                out.write(block)
        self.members[name] = Member(size, digest.hexdigest())

    def bound(self) -> bytes:
        """What the keys are bound to: everything that is in the manifest besides them."""
        return _bound(self.facts, self.members)


@contextmanager
def writing(out: Path, facts: dict[str, Any]) -> Iterator[Writing]:
    """A new backup at `out`, there only when the block ended well and all of it was read back as it was written.

    FileExistsError when there is a file of that name; it is never written over.
    """
    if out.exists():
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(out))
    part = out.with_name(f".{out.name}.{secrets.token_hex(8)}.part")
    try:
        with _created(part) as raw:
            with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file:
                made = Writing(file, {"schema": SCHEMA, **facts})
                yield made
                manifest = json.dumps(_manifest(made.facts, made.members), ensure_ascii=False, indent=1)
                made.add(MANIFEST, [manifest.encode("utf-8")])
            raw.flush()
            os.fsync(raw.fileno())
            os.posix_fadvise(raw.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)  # so that it is read from the disk
        # Killed here: a part without its name, which nobody takes for a backup.
        with reading(part) as found:
            found.check()
        os.link(part, out)
        _sync(out.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def _created(part: Path) -> Iterator[BinaryIO]:
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w+b") as raw:
        yield raw


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass
class Reading:
    """A backup whose manifest was read; `check` reads the rest."""

    file: zipfile.ZipFile
    facts: dict[str, Any]
    members: dict[str, Member]
    id: str  # SHA-256 of the manifest

    def check(self) -> None:
        """Every member is there with its size and digest, and nothing besides. Raises BackupRefused."""
        names = self.file.namelist()
        if sorted(names) != sorted([*self.members, MANIFEST]):
            raise _damaged("members")
        for name in self.members:
            for _ in self.blocks(name):
                pass

    def blocks(self, name: str) -> Iterator[bytes]:
        """The member's bytes. Raises BackupRefused at the end when they are not those of the manifest."""
        known = self.members.get(name)
        if known is None:
            raise _damaged(name)
        digest, size = hashlib.sha256(), 0
        with _reading_zip(name), self.file.open(name) as member:
            while block := member.read(BLOCK):
                digest.update(block)
                size += len(block)
                if size > known.size:
                    break
                yield block
        if (size, digest.hexdigest()) != (known.size, known.sha256):
            raise _damaged(name)

    def read(self, name: str) -> bytes:
        """A small member, whole."""
        return b"".join(self.blocks(name))

    def named(self, folder: str) -> list[str]:
        """Members of that folder."""
        return sorted(name for name in self.members if name.startswith(folder + "/"))

    def bound(self) -> bytes:
        return _bound(self.facts, self.members)


@contextmanager
def reading(path: Path) -> Iterator[Reading]:
    """A backup. Raises BackupRefused when it is not one, or was cut."""
    with path.open("rb") as raw:
        with _reading_zip("ZIP"):
            file = zipfile.ZipFile(raw)
        with file:
            yield _open(file)


def _open(file: zipfile.ZipFile) -> Reading:
    with _reading_zip(MANIFEST), file.open(MANIFEST) as member:
        data = member.read(MOST_MANIFEST + 1)
    try:
        found = json.loads(data.decode("utf-8"))
        members = {
            name: Member(int(row["size"]), str(row["sha256"])) for name, row in found.pop("members").items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        raise _damaged(MANIFEST) from exc
    if found.get("schema") != SCHEMA or not all(_NAMES.fullmatch(name) for name in members):
        raise _damaged(MANIFEST)
    return Reading(file, found, members, hashlib.sha256(data).hexdigest())


@contextmanager
def _reading_zip(what: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as exc:
        raise _damaged(what) from exc
    except OSError as exc:
        if exc.errno != errno.EINVAL:  # a place that no file has
            raise
        raise _damaged(what) from exc


def _damaged(what: str) -> BackupRefused:
    return BackupRefused(reasons.DAMAGED, what=what)


def _manifest(facts: dict[str, Any], members: dict[str, Member]) -> dict[str, Any]:
    rows = {name: {"size": one.size, "sha256": one.sha256} for name, one in sorted(members.items())}
    return {**facts, "members": rows}


def _bound(facts: dict[str, Any], members: dict[str, Member]) -> bytes:
    others = {name: one for name, one in members.items() if name != KEYS}
    return json.dumps(_manifest(facts, others), ensure_ascii=False, sort_keys=True).encode("utf-8")
