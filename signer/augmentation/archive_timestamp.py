"""B-LTA: a document time-stamp over everything so far (EN 319 142-1, 5.4.3).

1. `prepare_document_timestamp`  an invisible new field and its empty hole, as one revision
2. the caller asks its authority for a token over `Prepared.digest`
3. `write`                       base, revision and token to another file

The field goes into the form and among the annotations of the first page, as every widget must.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from policies.reasons import verification as reasons
from signer.creation import two_step
from signer.creation.append import Built, Raw, Revision, digest_of
from signer.document.fields import form_fields
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize
from signer.errors import SigningRefused
from signer.stages import Prepared

MAX_CONTENTS = 32_767  # ISO 19005-2, 6.1.13: a string's limit, in bytes
_RANGE = b"[0 %10d %10d %10d]"
_PRINT_AND_LOCKED = 4 | 128
_APPEND_ONLY = 2
_SIGNATURES_EXIST = 1


def prepare_document_timestamp(path: Path, digest: str = "sha256", reserve: int = 8192) -> Prepared:
    """The revision with the empty time-stamp; `reserve` is the room for the token in bytes.

    Raises `SigningRefused` when the room is none that a string may have, `DocumentRefused` when the file is
    damaged or has bytes after its end.
    """
    if not 0 < reserve <= MAX_CONTENTS:
        raise SigningRefused(reasons.RESERVE_WRONG, size=reserve, limit=MAX_CONTENTS)
    with PdfFile.open(path) as pdf:
        revision = Revision(pdf)
        name = _free_name(pdf)
        value = revision.add(Raw(_dictionary(reserve)))
        field = revision.add(_field(name, value, pdf))
        _add_to_page(revision, field)
        _add_to_form(revision, field)
        return _prepared(path, revision.build(), value, reserve, digest, name)


def write(base: Path, prepared: Prepared, token: bytes, out: Path) -> None:
    """Write `base`, the revision and the token in its hole to `out`; `fsync` is the caller's.

    Raises `SigningRefused` when the token does not fit or the base is another file.
    """
    two_step.write(base, prepared, token, out)


def _free_name(pdf: PdfFile) -> str:
    taken = {field.name for field in form_fields(pdf, pages=False)}
    number = 1
    while f"DocTimeStamp{number}" in taken:
        number += 1
    return f"DocTimeStamp{number}"


def _dictionary(reserve: int) -> bytes:
    entries: dict[str, Any] = {
        "Type": Name("DocTimeStamp"),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.RFC3161"),
    }
    hole = b"0" * (2 * reserve)
    return serialize(entries)[:-2] + b"/ByteRange %b/Contents <%b>>>" % (_RANGE % (0, 0, 0), hole)


def _field(name: str, value: Ref, pdf: PdfFile) -> dict[str, Any]:
    return {
        "Type": Name("Annot"),
        "Subtype": Name("Widget"),
        "FT": Name("Sig"),
        "T": name.encode("ascii"),
        "V": value,
        "F": _PRINT_AND_LOCKED,
        "Rect": [0, 0, 0, 0],
        "P": pdf.page(0).ref,
    }


def _add_to_page(revision: Revision, field: Ref) -> None:
    page = revision.pdf.page(0).ref
    current = revision.value(page)
    annotations = current.get("Annots")
    if isinstance(annotations, Ref):
        revision.put(annotations, [*revision.pdf.array(annotations), field])
    else:
        revision.put(page, {**current, "Annots": [*(annotations or ()), field]})


def _add_to_form(revision: Revision, field: Ref) -> None:
    pdf = revision.pdf
    holder = pdf.catalog.get("AcroForm")
    form = pdf.dictionary(holder)
    fields = form.get("Fields")
    flags = form.get("SigFlags")
    wanted = (flags if isinstance(flags, int) else 0) | _SIGNATURES_EXIST | _APPEND_ONLY
    if isinstance(fields, Ref) and flags == wanted:
        revision.put(fields, [*pdf.array(fields), field])
        return
    new = {**form, "Fields": [*pdf.array(fields), field], "SigFlags": wanted}
    if isinstance(holder, Ref):
        revision.put(holder, new)
    else:
        revision.put(pdf.trailer["Root"], {**pdf.catalog, "AcroForm": new})


def _prepared(path: Path, built: Built, value: Ref, reserve: int, digest: str, name: str) -> Prepared:
    """Byte ranges into the tail, and the digest over base and tail."""
    tail = bytearray(built.tail)
    base, digits = built.base_size, 2 * reserve
    body = built.bodies[value.num] - base
    start = tail.index(b"/Contents <", body) + len(b"/Contents <") + base
    rest = base + len(tail) - start - digits - 1
    byte_range = (0, start - 1, start + digits + 1, rest)
    blank = _RANGE % (0, 0, 0)
    at = tail.index(blank, body)
    tail[at : at + len(blank)] = _RANGE % byte_range[1:]
    prepared = Prepared(base, bytes(tail), byte_range, (start, digits), b"", digest, name)
    return dataclasses.replace(prepared, digest=digest_of(path, prepared))
