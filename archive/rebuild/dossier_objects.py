"""Everything that lies under `dossiers/`, dossier by dossier, read ahead and believed by nobody yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import suppress
from hashlib import sha256
from itertools import groupby

from archive.dossier_record import MAX_DOSSIER_RECORD
from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import ObjectStore
from archive.rebuild.dossier_values import Gathered, Stored
from archive.rebuild.gathering import bounded, versions
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.blocks import hash_blocks

_NAME = re.compile(r"version-(?P<version>[1-9][0-9]*)\.json|files/(?P<file>[0-9a-f]{64})")


def gathered(
    store: ObjectStore, after: str, pool: Executor, *, quick: bool, files: bool = True
) -> Iterator[Gathered]:
    """Dossier by dossier, those behind the dossier `after`, read ahead. `files`: without, records alone are read."""
    names = store.list(keys.DOSSIERS, f"{keys.dossier_prefix(after)[:-1]}0" if after else "")
    by_dossier = (
        (dossier, list(group))
        for dossier, group in groupby(
            names, key=lambda key: key.removeprefix(keys.DOSSIERS).partition("/")[0]
        )
    )
    return ahead(pool, lambda one: _gather(store, one[0], one[1], quick=quick, files=files), by_dossier)


def _gather(store: ObjectStore, dossier: str, names: list[str], *, quick: bool, files: bool) -> Gathered:
    return Gathered(dossier, tuple(_read(store, dossier, name, quick or not files) for name in names))


def _read(store: ObjectStore, dossier: str, key: str, quick: bool) -> Stored:
    match = _NAME.fullmatch(key.removeprefix(keys.dossier_prefix(dossier)))
    number = int(match["version"]) if match and match["version"] else None
    try:
        if match is None:
            fault = "nothing of this service has such a name"
            return Stored(key, None, store.head(key), fault=fault)
        if number is None and quick:
            head = store.head(key)
            return Stored(key, None, head, size=head.size if head else 0)
        found = _bytes(store, key, "", number)
        return found if match["file"] in (None, found.sha256) else _whole_version(store, found, match["file"])
    except (StorageRefused, ArchiveDamaged, OSError) as exc:
        return Stored(key, number, None, fault=str(exc))


def _bytes(store: ObjectStore, key: str, version: str, number: int | None) -> Stored:
    head, opened = store.read(key, version)
    with opened as stream:
        if number is None:
            found, size = hash_blocks(stream)
            return Stored(key, None, head, found, size)
        data = bounded(stream, key, MAX_DOSSIER_RECORD)
    return Stored(key, number, head, sha256(data).hexdigest(), len(data), data)


def _whole_version(store: ObjectStore, damaged: Stored, named: str) -> Stored:
    """The oldest version with the bytes that the name promises, as repair leaves one; else the damaged one."""
    for version in versions(store, damaged.key):
        with suppress(StorageRefused, ArchiveDamaged):
            found = _bytes(store, damaged.key, version, None)
            if found.sha256 == named:
                return found
    return damaged
