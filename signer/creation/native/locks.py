"""What signatures that are there already forbid, and what the next one will.

ISO 32000-2, 12.7.5.5 (locks), 12.8.2.2 (DocMDP), 12.8.2.4 (FieldMDP). What is not understood is `Unfit`; so is what
is forbidden: the other way says by which rule.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from signer.creation.native.grammar import Entries, entries, items, reference, remembered, text
from signer.creation.native.reading import NativeFile, alone, raw_of
from signer.creation.native.unfit import Unfit, Unfitness
from signer.patterns import compile_pattern

# Up to its /Contents, a signature dictionary as this software writes it.
_STRING = rb"\((?:[^()\\]++|\\.)*+\)"
OWN = compile_pattern(
    rb"\n<</Type /Sig/Filter /Adobe\.PPKLite/SubFilter /ETSI\.CAdES\.detached"
    rb"/Name "
    + _STRING
    + rb"/M "
    + _STRING
    + rb"(?:/Reason "
    + _STRING
    + rb")?+(?:/Location "
    + _STRING
    + rb")?+"
    rb"/Reference \[<</Type /SigRef/TransformMethod /FieldMDP/TransformParams "
    rb"<</Type /TransformParams/V /1\.2/Action (/[A-Z][a-z]{2,6}+)(?:/Fields (\[[^\[\]<>{}/%]*+\]))?+(?:/P (\d))?+>>"
    rb"/Data \d++ \d++ R>>\]/ByteRange \[[0-9 ]*+\]/Contents <",
    re.DOTALL,
)


_ACTIONS = (b"/All", b"/Include", b"/Exclude")
_PERMISSIONS = (b"", b"1", b"2", b"3")


class Lock(NamedTuple):
    """A lock or FieldMDP parameters: raw /Action, /Fields and /P."""

    action: bytes
    fields: bytes
    permission: bytes

    def covers(self, name: str) -> bool:
        """Whether this field is locked; what is not understood locks all."""
        if self.action not in (b"/Include", b"/Exclude"):
            return True
        named = any(name == each or name.startswith(each + ".") for each in _names(self.fields))
        return named if self.action == b"/Include" else not named

    def forbids(self, names: tuple[str, ...]) -> bool:
        """Whether one of these fields must not change any more, or nothing must."""
        return self.permission == b"1" or any(self.covers(name) for name in names)


@lru_cache(maxsize=256)
def _forbids(lock: tuple[bytes, bytes, bytes], names: tuple[str, ...]) -> bool:
    return Lock(*lock).forbids(names)


@lru_cache(maxsize=256)
def _names(fields: bytes) -> tuple[str, ...]:
    return tuple(text(item) for item in items(fields or b"[]"))


def lock_of(file: NativeFile, field: Entries) -> Lock | None:
    """A signature field's own lock."""
    raw = field.get(b"Lock")
    return None if raw is None else _lock(raw_of(file, raw))


@remembered
def _lock(raw: bytes) -> Lock:
    """Raises `Unfit` for one that is not exactly as the standard has it: it would be copied as it is."""
    found = alone(raw)
    lock = Lock(found.get(b"Action", b""), found.get(b"Fields", b""), found.get(b"P", b""))
    if lock.action not in _ACTIONS or lock.permission not in _PERMISSIONS:
        raise Unfit(Unfitness.LOCK)
    _names(lock.fields)
    return lock


def check_earlier(file: NativeFile, field: Entries, names: tuple[str, ...]) -> None:
    """Raises `Unfit` when the signature of this field, or its field's lock, forbids to change one of `names`."""
    own, raw = file.signature(*reference(field[b"V"]), OWN)
    given = _given(file, raw) if own is None else own.groups(b"")
    if given is not None and _forbids(given, names):
        raise Unfit(Unfitness.RULE)
    lock = lock_of(file, field)
    if lock is not None and lock != given and _forbids(lock, names):
        raise Unfit(Unfitness.RULE)


def _given(file: NativeFile, raw: bytes) -> Lock | None:
    found, end = entries(raw)
    if raw[end:].strip() or found.get(b"Contents") != b"<>":
        raise Unfit(Unfitness.GRAMMAR)
    referred = found.get(b"Reference")
    return None if referred is None else _referred(file, referred)


def _referred(file: NativeFile, raw: bytes) -> Lock:
    """The parameters of the one FieldMDP reference. A DocMDP is the other way's: it knows its levels."""
    if not raw.startswith(b"[") or not raw[1:].lstrip().startswith(b"<<"):
        raise Unfit(Unfitness.LOCK)
    given, end = entries(raw, 1)
    parameters = given.get(b"TransformParams", b"")
    if raw[end:].strip() != b"]" or not parameters:
        raise Unfit(Unfitness.LOCK)
    if given.get(b"TransformMethod") != b"/FieldMDP":
        raise Unfit(Unfitness.CERTIFIED)
    return _lock(raw_of(file, parameters))
