"""The hole of the newest signature, for its time-stamp: found in the raw bytes of what this software wrote itself."""

from __future__ import annotations

import os
import re
from pathlib import Path

from signer.creation.native.form import fields_of
from signer.creation.native.grammar import reference
from signer.creation.native.locks import OWN
from signer.creation.native.reading import NativeFile, common
from signer.creation.native.source import Source
from signer.creation.native.unfit import Unfit, Unfitness
from signer.creation.token import Hole

_RANGE = re.compile(rb"/ByteRange \[0 +(\d{1,19}+) +(\d{1,19}+) +(\d{1,19}+)\]/Contents <\Z")
_NO_DIGITS = re.compile(rb"[^0-9A-Fa-f]")


def newest_hole(path: Path, field: str) -> Hole:
    """The hole of this field's signature, which covers the whole file.

    In the process that holds the key, and therefore for admitted bytes alone. Raises `Unfit` for whatever is not
    plainly so: the general path refuses it, or finds the hole of a signature that is written otherwise.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _hole(NativeFile(Source(descriptor)), field)
    finally:
        os.close(descriptor)


def _hole(file: NativeFile, name: str) -> Hole:
    catalog = common(file, file.trailer.get(b"Root", b""))
    field = fields_of(file, common(file, catalog.get(b"AcroForm", b""))).get(name)
    if field is None or field.found.get(b"FT") != b"/Sig" or b"V" not in field.found:
        raise Unfit(Unfitness.RULE)
    head, start, digits = file.own_signature(*reference(field.found[b"V"]), OWN)
    covered = _RANGE.search(head)
    if covered is None or len(digits) % 2 or _NO_DIGITS.search(digits):
        raise Unfit(Unfitness.GRAMMAR)
    opening, after = start - 1, start + len(digits) + 1
    if [int(number) for number in covered.groups()] != [opening, after, file.size - after]:
        raise Unfit(Unfitness.RULE)
    return Hole(start, len(digits), bytes.fromhex(digits.decode("ascii")))
