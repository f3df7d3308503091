"""`antin backup`. The service may run meanwhile.

1 the catalogue, as one snapshot
2 the bytes of documents under way that the snapshot names; they never change, they may be gone meanwhile
3 pictures, settings, the newest signed head
4 keys, encrypted, if they are asked for
5 the manifest; flushed, read back whole, and only then given its name
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import BinaryIO

from api.backup.container import BLOCK, KEYS, Writing, writing
from api.backup.sealed import seal
from api.backup.sources import Snapshot, snapshot
from api.settings import Settings
from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import WorkArea

LOG_KEY, DEMO = "log.key", "demo-pki"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a service keeps what a backup holds. `key` is the file of the log's key, `vkey` its public half."""

    settings: Settings
    work: WorkArea
    stamps: Path
    key: Path
    vkey: str


@dataclass(frozen=True, slots=True)
class Made:
    """What a backup holds. `missing`: digests that the catalogue names and the work area has not."""

    size: int
    leaves: int
    counts: dict[str, int]
    work: int
    missing: tuple[str, ...]
    keys: bool


def make_backup(place: Place, out: Path, at: datetime, passphrase: str | None = None) -> Made:
    """Write the backup; with the keys when there is a passphrase for them.

    Raises FileExistsError, ArchiveUnavailable when the catalogue does not answer, ArchiveDamaged when what is to be
    kept is not sound, BackupRefused for a short passphrase or when what was written cannot be read back.
    """
    with snapshot(place.settings.engine_url, out.parent) as catalogue:
        checkpoint = catalogue.checkpoint()
        counts = catalogue.counts()
        facts = {
            "made_at": at.isoformat(timespec="seconds"),
            "release": _release(),
            "engine": catalogue.engine,
            "revision": catalogue.revision(),
            "origin": place.settings.origin,
            "vkey": place.vkey,
            "leaves": checkpoint.size if checkpoint else 0,
            "counts": counts,
        }
        with writing(out, facts) as made:
            catalogue.write(made)
            kept, missing = _work(place, catalogue, made)
            _pictures(place, made)
            made.add("settings.json", [_settings(place.settings)])
            if checkpoint is not None:
                made.add("checkpoint", [checkpoint.note])
            if passphrase is not None:
                made.add(KEYS, [seal(_keys(place), passphrase, made.bound())])
    return Made(
        out.stat().st_size,
        checkpoint.size if checkpoint else 0,
        counts,
        kept,
        missing,
        passphrase is not None,
    )


def _work(place: Place, catalogue: Snapshot, made: Writing) -> tuple[int, tuple[str, ...]]:
    kept, missing = 0, []
    for sha256 in catalogue.under_way():
        try:
            file = place.work.work_path(sha256).open("rb")
        except (StorageRefused, FileNotFoundError):
            missing.append(sha256)
            continue
        with file:
            made.add(f"work/{sha256}", _blocks(file), packed=False)
        if made.members[f"work/{sha256}"].sha256 != sha256:
            raise ArchiveDamaged(f"work area: {sha256} holds other bytes")
        kept += 1
    return kept, tuple(missing)


def _keys(place: Place) -> dict[str, bytes]:
    """The log's key; with a demo's keys their whole folder, since nobody keeps them elsewhere."""
    found = {LOG_KEY: place.key.read_bytes()}
    demo = place.settings.data_dir / DEMO
    if place.settings.demo_pki:
        found |= {f"{DEMO}/{path.name}": path.read_bytes() for path in demo.iterdir() if path.is_file()}
    return found


def _pictures(place: Place, made: Writing) -> None:
    for path in sorted(place.stamps.glob("*.png")):
        with path.open("rb") as file:
            made.add(f"stamps/{path.name}", _blocks(file), packed=False)


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(BLOCK):
        yield block


def _settings(given: Settings) -> bytes:
    """Everything that was chosen; addresses of databases without their password."""
    chosen = given.model_dump(mode="json", exclude_unset=True, exclude={"database_url"})
    return (json.dumps(chosen, ensure_ascii=False, indent=1) + "\n").encode("utf-8")


def _release() -> str:
    try:
        return version("antin")
    except PackageNotFoundError:  # a tree that was not installed
        return ""
