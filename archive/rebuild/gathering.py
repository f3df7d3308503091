"""What lies in the store under one document: read, nothing believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
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
        stored = store.head(key)
        if stored is None:  # a marker pretends that it is gone, and nothing is below
            return Found(key, form, None, fault="the store lists it and does not have it")
        if form is Form.STRANGE or (quick and form is Form.CONTENT):
            return Found(key, form, stored, size=stored.size)
        found = _bytes(store, stored, form)
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


def _bytes(store: ObjectStore, stored: StoredObject, form: Form) -> Found:
    with store.open(stored.key, stored.version) as stream:
        if form is Form.CONTENT:
            digest, size = hash_blocks(stream)
            return Found(stored.key, form, stored, digest, size)
        data = _bounded(stream, stored.key)
    return Found(stored.key, form, stored, sha256(data).hexdigest(), len(data), data)


def _bounded(stream: BinaryIO, key: str) -> bytes:
    data = b""
    while len(data) <= MAX_RECORD and (block := stream.read(min(BLOCK, MAX_RECORD + 1 - len(data)))):
        data += block
    if len(data) > MAX_RECORD:
        raise ArchiveDamaged(f"{key}: longer than {MAX_RECORD} bytes")
    return data


def _whole_version(store: ObjectStore, damaged: Found, form: Form) -> Found:
    """The oldest version with the bytes that the name promises, as repair leaves one; else the damaged one."""
    versions = [entry.version for entry in store.inventory(damaged.key) if entry.key == damaged.key]
    for version in reversed(versions):
        stored = store.head(damaged.key, version) if version else None
        if stored is not None:
            found = _bytes(store, stored, form)
            if found.sha256 == _named(damaged.key):
                return found
    return damaged
