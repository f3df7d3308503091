"""One more signature by the native path: a `Prepared` of the same kind as the other ways make.

1. digest    the file's bytes, or the state kept from when they were hashed
2. read      the end, the sections, the form                      (`Unfit`: another way)
3. permit    the field is empty, no earlier signature forbids it  (`Unfit`: the other way says which rule)
4. draw      the stamp, and the values that are filled with it
5. assemble  the revision, and the digest over it around the hole
"""

from __future__ import annotations

import hashlib
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from policies.reasons import signing as reasons
from signer.creation.native.drawing import Stamps
from signer.creation.native.filling import filled, wanted
from signer.creation.native.form import fields_of, target_of
from signer.creation.native.kept import KeptDigest
from signer.creation.native.locks import Lock
from signer.creation.native.reading import NativeFile, common
from signer.creation.native.revision import Change, assembled
from signer.creation.native.showing import colours_of, stamp_of
from signer.creation.native.source import Source
from signer.creation.two_step import SignatureRequest, check_request, claims
from signer.errors import SigningRefused
from signer.stages import Prepared

if TYPE_CHECKING:
    from hashlib import _Hash

_DIGESTS = {"sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def prepare(
    path: Path, request: SignatureRequest, stamps: Stamps, kept: KeptDigest | None = None
) -> Prepared:
    """The revision that fills fields and signs one of the file at `path`, with an empty hole, and its digest.

    For the process that holds the key, and therefore for admitted bytes alone; others belong into the sandbox. `kept`
    is the state over exactly the bytes at `path`. Raises `Unfit` for every shape and every rule that is the other
    way's, `SigningRefused` for a request that no way takes.
    """
    check_request(request)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        source = Source(descriptor)
        state = _base_state(source, request.digest_algorithm, kept)
        return _prepared(NativeFile(source), state, request, stamps)
    finally:
        os.close(descriptor)


def _prepared(file: NativeFile, state: _Hash, request: SignatureRequest, stamps: Stamps) -> Prepared:
    root = file.trailer.get(b"Root", b"")
    catalog = common(file, root)
    form = common(file, catalog.get(b"AcroForm", b""))
    known = fields_of(file, form)
    fills = wanted(known, request.fills) if request.fills else {}
    target, lock = target_of(file, known, request.field, fills.keys())
    stamp = stamp_of(file, catalog, target, request.appearance, stamps)
    texts = filled(file, form, known, fills, colours_of(file, catalog)) if fills else []
    first, forms = file.next_number, len(texts)
    changes = [Change(text.field, text.value, number) for number, text in enumerate(texts, first + 1)]
    changes.append(Change(target, b"%d 0 R" % first, first + forms + stamp.count if stamp.count else 0))
    signature = claims(request) + _locked(lock, root)
    return assembled(file, changes, signature, [text.form for text in texts], stamp, state, request)


def _base_state(source: Source, algorithm: str, kept: KeptDigest | None) -> _Hash:
    if kept is not None and kept.algorithm == algorithm:
        if kept.size != source.size:
            raise SigningRefused(reasons.BASE_CHANGED, size=source.size, expected=kept.size)
        return kept.started()
    state = _DIGESTS[algorithm]()
    if kept is None:
        source.hash_into(state)
        return state
    again = hashlib.new(kept.algorithm)
    source.hash_into(state, again)
    if again.digest() != kept.state.digest():
        raise SigningRefused(reasons.DIGEST_CHANGED)
    return state


@lru_cache(maxsize=256)
def _locked(lock: Lock | None, root: bytes) -> bytes:
    """The field's lock, as a FieldMDP reference over the catalog (ISO 32000-2, 12.8.2.4)."""
    if lock is None:
        return b""
    fields = b"/Fields %b" % lock.fields if lock.fields else b""
    permission = b"/P %b" % lock.permission if lock.permission else b""
    return (
        b"/Reference [<</Type /SigRef/TransformMethod /FieldMDP/TransformParams "
        b"<</Type /TransformParams/V /1.2/Action %b%b%b>>/Data %b>>]"
    ) % (lock.action, fields, permission, root)
