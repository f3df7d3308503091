"""What lies in the store under one document: read, nothing believed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from itertools import groupby
from typing import BinaryIO

from archive.errors import ArchiveDamaged, ArchiveUnavailable, StorageRefused
from archive.ports import ObjectStore, StoredObject
from archive.record import MAX_RECORD
from archive.storage import keys
from archive.storage.blocks import BLOCK, hash_blocks
from archive.storage.versions import borne_out, of_others

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
    """One object. `sha256` is of its bytes as they are, None where they were not read; `data` of records alone.

    `silent`: the store does not give it; another version may do. `over`: it is such a one.
    """

    key: str
    form: Form
    stored: StoredObject | None
    sha256: str | None = None
    size: int = 0
    data: bytes = b""
    fault: str = ""
    silent: ArchiveUnavailable | None = None
    over: bool = False


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
    """Read them; contents only when not `quick`. Raises ArchiveUnavailable, but for events: see `Found.silent`."""
    return Gathered(document, tuple(_read(store, document, name, quick) for name in names))


def _read(store: ObjectStore, document: str, key: str, quick: bool) -> Found:
    form = _form(document, key)
    try:
        if form is Form.STRANGE or (quick and form is Form.CONTENT):
            stored = store.head(key)
            return Found(key, form, stored, size=stored.size if stored else 0)
        if form is Form.EVENT:
            return _bytes(store, key, "", form)
        return borne_out(store, key, lambda version: _named_bytes(store, key, version, form))
    except ArchiveUnavailable as exc:
        if form is not Form.EVENT:
            raise
        return Found(key, form, None, fault=str(exc), silent=exc)
    except _Differs as exc:
        return exc.found
    except (StorageRefused, ArchiveDamaged, OSError) as exc:
        return Found(key, form, None, fault=str(exc))


def further(store: ObjectStore, found: Found) -> Iterator[Found]:
    """The other versions of an event, for whoever does not believe this one: nothing in its name tells which is whole.
    Raises behind the last as `of_others` does, and ArchiveUnavailable when the store does not give this one."""
    yield from of_others(store, found.key, lambda version: _bytes(store, found.key, version, found.form))
    if found.silent is not None:
        raise found.silent


class _Differs(ArchiveDamaged):
    """The bytes are not those that its name promises."""

    def __init__(self, found: Found) -> None:
        super().__init__(f"{found.key}: other bytes than its name says")
        self.found = found


def _named_bytes(store: ObjectStore, key: str, version: str, form: Form) -> Found:
    found = _bytes(store, key, version, form)
    if _named(key) not in (None, found.sha256):
        raise _Differs(found)
    return found


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
            return Found(key, form, stored, digest, size, over=bool(version))
        data = bounded(stream, key, MAX_RECORD)
    return Found(key, form, stored, sha256(data).hexdigest(), len(data), data, over=bool(version))


def bounded(stream: BinaryIO, key: str, most: int) -> bytes:
    """All of it; raises ArchiveDamaged when that is more than `most` bytes."""
    data = b""
    while len(data) <= most and (block := stream.read(min(BLOCK, most + 1 - len(data)))):
        data += block
    if len(data) > most:
        raise ArchiveDamaged(f"{key}: longer than {most} bytes")
    return data
