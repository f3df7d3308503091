"""Puts a time-stamp token into the newest signature: the only in-place write of the product.

Allowed only while nothing is appended behind that signature: a later signature would cover these bytes, and
every tool then finds it broken. The caller works on a copy and puts it in place after `fsync`: a crash in the
middle of the write leaves a damaged copy, never a damaged document.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from policies.reasons import signing as reasons
from signer.creation import cms as cms_builder
from signer.creation.form import fields, is_signed
from signer.document.reader import PdfFile
from signer.document.syntax import HexString
from signer.errors import SigningRefused


@dataclass(frozen=True, slots=True)
class Hole:
    """A signature's `/Contents`: offset of the first hex digit, count of digits, the CMS in it."""

    start: int
    digits: int
    contents: bytes


def newest_hole(path: Path, field: str, password: str | None = None) -> Hole:
    """The hole of this field's signature; `password` opens an encrypted file.

    Raises `SigningRefused` when there is no such signature, or anything lies behind the bytes it covers.
    """
    with PdfFile.open(path, password=password) as pdf:
        known = fields(pdf).get(field)
        if known is None or not is_signed(known):
            raise SigningRefused(reasons.FIELD_MISSING, field=field[:80])
        signature = pdf.dictionary(known.value)
        contents = signature.get("Contents")
        ranges = [pdf.resolve(value) for value in pdf.array(signature.get("ByteRange"))]
        if not isinstance(contents, HexString) or not _covers_all(pdf, contents, ranges):
            raise SigningRefused(reasons.NOT_NEWEST_SIGNATURE, field=field)
        return Hole(contents.start + 1, contents.end - contents.start - 2, bytes(contents))


def _covers_all(pdf: PdfFile, contents: HexString, ranges: list[Any]) -> bool:
    """Whether the ranges are the file from its first byte to its last, without exactly this hole."""
    return contents.start > 0 and ranges == [0, contents.start, contents.end, pdf.size - contents.end]


def fill_token(path: Path, field: str, token: bytes, password: str | None = None) -> None:
    """Write the token (DER TimeStampToken) into the newest signature of the file at `path`, in place.

    Raises `SigningRefused` when that signature is not the newest, has a token already, or has no room; the
    file is then as it was. `fsync` is the caller's.
    """
    hole = newest_hole(path, field, password)
    _write_in_place(path, hole.start, filling(hole, token))


def filling(hole: Hole, token: bytes) -> bytes:
    """The digits that stand from `hole.start` on once the token is in; the file need not be at hand.

    Raises `SigningRefused` when there is a token already, or no room for this one.
    """
    cms = cms_builder.with_token(hole.contents, token)
    if 2 * len(cms) > hole.digits:
        raise SigningRefused(reasons.CONTENTS_DO_NOT_FIT, size=len(cms), limit=hole.digits // 2)
    return cms.hex().encode()


def _write_in_place(path: Path, offset: int, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        view = memoryview(data)
        while view:
            count = os.pwrite(descriptor, view, offset)
            view, offset = view[count:], offset + count
    finally:
        os.close(descriptor)
