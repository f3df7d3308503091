"""The trust store on disk: its file, the key that signs it, and the newest version that somebody here has seen.

Every file is written aside, flushed and renamed, so that a crash leaves the old one or the new one.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from api.settings import SettingsError
from policies.reasons import trust as reasons
from signer.errors import TrustRefused
from signer.trust.store import TrustStore
from signer.trust.store_file import MAX_STORE, Opened, Seen, check_not_older, read, write
from signer.trust.store_keys import StoreKey, StorePin

OWNER_ONLY, READABLE = 0o600, 0o644


class Remembered:
    """The newest version of each store that was used, by the key that pins it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def check(self, opened: Opened) -> None:
        """Raises `TrustRefused` for a store older than the one seen; remembers a newer one.

        Two processes that start at once may both write; a store that went back meanwhile is seen at the next start.
        """
        known = self._read()
        seen = check_not_older(opened, known.get(str(opened.pin)))
        if seen != known.get(str(opened.pin)):
            known[str(opened.pin)] = seen
            rows = {pin: [each.version, each.sha256] for pin, each in known.items()}
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            replace_file(self._path, json.dumps(rows, indent=1).encode() + b"\n", OWNER_ONLY)

    def _read(self) -> dict[str, Seen]:
        """Nothing is there at the first start. What cannot be read stops: a memory that can be spoilt is none."""
        if not self._path.exists():
            return {}
        try:
            rows = json.loads(self._path.read_bytes())
            return {pin: Seen(int(version), str(digest)) for pin, (version, digest) in rows.items()}
        except (OSError, ValueError, TypeError, AttributeError) as exc:
            raise SettingsError(
                f"{self._path} cannot be read: it tells which trust store was seen last"
            ) from exc


def is_store(path: Path) -> bool:
    """Whether the path is a store's file, and not certificates."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"{")


def open_store(path: Path, pin: StorePin, remembered: Remembered | None) -> Opened:
    """The store, signed by the pinned key and not older than the one seen. Raises `TrustRefused`, SettingsError."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_STORE + 1)
    except OSError as exc:
        raise SettingsError(f"trust store {path} cannot be read") from exc
    opened = read(data, pin)
    if remembered is not None:
        remembered.check(opened)
    return opened


def save_store(path: Path, store: TrustStore, key: StoreKey) -> str:
    """Write the signed file in the place of the one before; its SHA-256."""
    data = write(store, key)
    replace_file(path, data, READABLE)
    return sha256(data).hexdigest()


def load_key(path: Path) -> StoreKey:
    """The store's private key. Raises `TrustRefused` when others may read it, SettingsError when nobody can."""
    try:
        if path.stat().st_mode & 0o077:
            raise TrustRefused(reasons.STORE_KEY_EXPOSED, path=path)
        text = path.read_text("ascii")
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"key file {path} cannot be read") from exc
    return StoreKey.parse(text)


def save_new(path: Path, data: bytes, mode: int = OWNER_ONLY) -> None:
    """A new file, durable before anything is signed with what it holds. Raises FileExistsError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


@contextmanager
def held(path: Path) -> Iterator[None]:
    """One change of a store at a time: who comes second waits for the first."""
    with path.open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def replace_file(path: Path, data: bytes, mode: int) -> None:
    """Atomically; the bytes and the name are on disk when it returns."""
    part = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        save_new(part, data, mode)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
