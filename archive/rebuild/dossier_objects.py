"""Everything that lies under `dossiers/`, dossier by dossier, read ahead and believed by nobody yet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from concurrent.futures import Executor
from hashlib import sha256
from itertools import groupby

from archive.dossier_record import MAX_DOSSIER_RECORD
from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore
from archive.rebuild.dossier_values import Gathered, Stored
from archive.rebuild.gathering import bounded
from archive.storage import keys
from archive.storage.ahead import ahead
from archive.storage.blocks import hash_blocks
from archive.storage.versions import borne_out, of_others

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
        if number is not None:
            return _bytes(store, key, "", number)
        return borne_out(store, key, lambda version: _named_bytes(store, key, version, match["file"]))
    except ArchiveUnavailable as exc:
        if number is None:
            raise
        return Stored(key, number, None, fault=str(exc), silent=exc)
    except _Differs as exc:
        return exc.found
    except (StorageRefused, ArchiveDamaged, OSError) as exc:
        return Stored(key, number, None, fault=str(exc))


def _bytes(store: ObjectStore, key: str, version: str, number: int | None) -> Stored:
    head, opened = store.read(key, version)
    with opened as stream:
        if number is None:
            found, size = hash_blocks(stream)
            return Stored(key, None, head, found, size, over=bool(version))
        data = bounded(stream, key, MAX_DOSSIER_RECORD)
    return Stored(key, number, head, sha256(data).hexdigest(), len(data), data, over=bool(version))


class _Differs(ArchiveDamaged):
    """The bytes are not those that its name promises."""

    def __init__(self, found: Stored) -> None:
        super().__init__(f"{found.key}: other bytes than its name says")
        self.found = found


def _named_bytes(store: ObjectStore, key: str, version: str, named: str) -> Stored:
    found = _bytes(store, key, version, None)
    if named != found.sha256:
        raise _Differs(found)
    return found


def further(store: ObjectStore, stored: Stored) -> Iterator[Stored]:
    """As `gathering.further`, of a record."""
    yield from of_others(
        store, stored.key, lambda version: _bytes(store, stored.key, version, stored.version)
    )
    if stored.silent is not None:
        raise stored.silent
