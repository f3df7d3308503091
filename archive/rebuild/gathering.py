"""What lies in the store under one document: read, nothing believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import groupby
from typing import BinaryIO

from archive.errors import ArchiveDamaged, StorageRefused
from archive.ports import ObjectStore, StoredObject
from archive.record import MAX_RECORD
from archive.storage import keys
from archive.storage.blocks import BLOCK, hash_blocks

_NAME = re.compile(
    r"(?P<content>[0-9a-f]{64})\.pdf|(?P<record>[0-9a-f]{64})\.record\.json|event-(?P<event>[1-9][0-9]*)\.json"
)


class Form(StrEnum):
    """What a key says that its object is."""

    CONTENT = "content"
    RECORD = "record"
    EVENT = "event"
    STRANGE = "strange"


@dataclass(frozen=True, slots=True)
class Found:
    """One object. `sha256` is of its bytes as they are, None where they were not read; `data` of records alone."""

    key: str
    form: Form
    stored: StoredObject | None
    sha256: str | None = None
    size: int = 0
    data: bytes = b""
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything under one document."""

    document: str
    objects: tuple[Found, ...]

    def of(self, form: Form) -> list[Found]:
        return [found for found in self.objects if found.form is form]


def by_document(names: Iterable[str]) -> Iterator[tuple[str, list[str]]]:
    """Sorted keys of documents, document by document."""
    for document, group in groupby(names, key=lambda key: key.removeprefix(keys.DOCUMENTS).partition("/")[0]):
        yield document, list(group)


def after_document(document: str) -> str:
    """Behind every key of that document, before those of the next one."""
    return f"{keys.DOCUMENTS}{document}0"  # "0" follows "/"


def gather(store: ObjectStore, document: str, names: list[str], *, quick: bool) -> Gathered:
    """Read them; contents only when not `quick`. Raises ArchiveUnavailable."""
    return Gathered(document, tuple(_read(store, document, name, quick) for name in names))


def _read(store: ObjectStore, document: str, key: str, quick: bool) -> Found:
    form = _form(document, key)
    try:
        if form is Form.STRANGE or (quick and form is Form.CONTENT):
            stored = store.head(key)
            return Found(key, form, stored, size=stored.size if stored else 0)
        found = _bytes(store, key, "", form)
        if found.sha256 == _named(key) or _named(key) is None:
            return found
        return _whole_version(store, found, form)
    except (StorageRefused, ArchiveDamaged, OSError) as exc:
        return Found(key, form, None, fault=str(exc))


def _form(document: str, key: str) -> Form:
    match = _NAME.fullmatch(key.removeprefix(keys.document_prefix(document)))
    return Form(match.lastgroup or "") if match else Form.STRANGE


def _named(key: str) -> str | None:
    """The digest in its name."""
    match = _NAME.fullmatch(key.rpartition("/")[2])
    return (match["content"] or match["record"]) if match else None


def _bytes(store: ObjectStore, key: str, version: str, form: Form) -> Found:
    stored, opened = store.read(key, version)
    with opened as stream:
        if form is Form.CONTENT:
            digest, size = hash_blocks(stream)
            return Found(key, form, stored, digest, size)
        data = bounded(stream, key, MAX_RECORD)
    return Found(key, form, stored, sha256(data).hexdigest(), len(data), data)


def bounded(stream: BinaryIO, key: str, most: int) -> bytes:
    """All of it; raises ArchiveDamaged when that is more than `most` bytes."""
    data = b""
    while len(data) <= most and (block := stream.read(min(BLOCK, most + 1 - len(data)))):
        data += block
    if len(data) > most:
        raise ArchiveDamaged(f"{key}: longer than {most} bytes")
    return data


def _whole_version(store: ObjectStore, damaged: Found, form: Form) -> Found:
    """The oldest version with the bytes that the name promises, as repair leaves one; else the damaged one."""
    for version in versions(store, damaged.key):
        with suppress(StorageRefused, ArchiveDamaged):
            found = _bytes(store, damaged.key, version, form)
            if found.sha256 == _named(damaged.key):
                return found
    return damaged


def versions(store: ObjectStore, key: str) -> list[str]:
    """Names of the key's versions, the oldest first; none in a store without versions."""
    found = [entry.version for entry in store.inventory(key) if entry.key == key and entry.version]
    return found[::-1]
