"""The form as one more signature sees it: a flat list of named fields, and what signatures in it forbid.

ISO 32000-2, 12.7.5.5 (locks), 12.8.2.2 (DocMDP), 12.8.2.4 (FieldMDP). Nothing is refused here: what a rule forbids
is `Unfit` too, so that the other way says which rule.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from policies.layout import TEXT_FIELDS
from signer.creation.native.grammar import Entries, Unfit, entries, reference, references, string
from signer.creation.native.reading import NativeFile

_MOST_FIELDS = 200
_NAMES = re.compile(rb"\[(?:[\0\t\n\f\r ]*+\([!-'*-\[\]-~ ]*+\))*+[\0\t\n\f\r ]*+\]")
_NAME = re.compile(rb"\(([^()]*+)\)")
_FOREIGN = (b"Kids", b"Parent")
_TEXT_FIELDS = frozenset(name.encode() for name in TEXT_FIELDS)


@dataclass(slots=True)
class Field:
    """One field that is its own widget: its object and its dictionary."""

    num: int
    gen: int
    found: Entries

    @property
    def signed(self) -> bool:
        return b"V" in self.found and self.found.get(b"FT") == b"/Sig"


@dataclass(slots=True)
class Lock:
    """A lock or FieldMDP parameters: raw /Action, /Fields and /P."""

    action: bytes
    fields: bytes
    permission: bytes

    def covers(self, name: bytes) -> bool:
        """Whether this field is locked; what is not understood locks all."""
        if self.action not in (b"/Include", b"/Exclude"):
            return True
        if _NAMES.fullmatch(self.fields or b"[]") is None:
            raise Unfit("lock")
        given = _NAME.findall(self.fields)
        named = any(name == each or name.startswith(each + b".") for each in given)
        return named if self.action == b"/Include" else not named


def fields_of(file: NativeFile, form: Entries) -> dict[bytes, Field]:
    """The fields of the form by name. Raises `Unfit` for a form that is more than a flat list."""
    known: dict[bytes, Field] = {}
    refs = references(form.get(b"Fields", b""))
    if len(refs) > _MOST_FIELDS:
        raise Unfit("many-fields")
    for num, gen in refs:
        found = file.dictionary(num, gen)
        name = string(found.get(b"T", b""))
        if not name.isascii() or b"." in name or name in known or any(key in found for key in _FOREIGN):
            raise Unfit("nested-fields")
        if found.get(b"Subtype") != b"/Widget":
            raise Unfit("nested-fields")
        known[name] = Field(num, gen, found)
    return known


def target_of(
    file: NativeFile, known: dict[bytes, Field], name: bytes, fills: Set[bytes] = frozenset()
) -> tuple[Field, Lock | None]:
    """The empty signature field of this name, and its lock, when nothing forbids to sign it and to fill `fills`."""
    target = known.get(name)
    if target is None or target.found.get(b"FT") != b"/Sig" or b"V" in target.found or b"SV" in target.found:
        raise Unfit("rule")
    for field in known.values():
        if field.signed:
            _check_earlier(file, field, (name, *fills))
    lock = lock_of(file, target)
    if lock is not None:
        for text in _TEXT_FIELDS & known.keys() - fills:
            if b"V" not in known[text].found and lock.covers(text):
                raise Unfit("rule")
    return target, lock


def lock_of(file: NativeFile, field: Field) -> Lock | None:
    """A signature field's own lock."""
    raw = field.found.get(b"Lock")
    return None if raw is None else _lock(dictionary(file, raw))


def _lock(found: Entries) -> Lock:
    return Lock(found.get(b"Action", b""), found.get(b"Fields", b""), found.get(b"P", b""))


def _check_earlier(file: NativeFile, field: Field, names: tuple[bytes, ...]) -> None:
    locks = []
    raw = file.signature(*reference(field.found[b"V"])).get(b"Reference")
    if raw is not None:
        if not raw.startswith(b"[") or not raw[1:].lstrip().startswith(b"<<"):
            raise Unfit("lock")
        given, end = entries(raw, 1)
        if raw[end:].strip() != b"]" or b"TransformParams" not in given:
            raise Unfit("lock")
        parameters = dictionary(file, given[b"TransformParams"])
        if given.get(b"TransformMethod") != b"/FieldMDP":
            raise Unfit("certified")
        locks.append(_lock(parameters))
    own = lock_of(file, field)
    if own is not None:
        locks.append(own)
    if any(lock.permission == b"1" or lock.covers(name) for lock in locks for name in names):
        raise Unfit("rule")


def dictionary(file: NativeFile, raw: bytes) -> Entries:
    """A dictionary that stands here or is referred to."""
    return entries(raw)[0] if raw.startswith(b"<<") else file.dictionary(*reference(raw))
