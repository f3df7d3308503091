"""A signature in two steps: all that needs the document first, then what needs the key.

    1. prepare_signature   checks, builds the revision with an empty hole, hashes; in the sandbox, no key
    2. check_digest        the caller compares before the key is used
    3. complete            one use of the key; the CMS is put into the hole
    4. write               base and revision to another file; fsync and rename are the caller's

The base file is never written to. Until the caller puts the written file in its place, nothing has happened.
"""

from __future__ import annotations

import dataclasses
import hashlib
import unicodedata
from binascii import hexlify
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

from policies.layout import TEXT_FIELDS, YEAR_FIELD, Rect
from policies.reasons import signing as reasons
from signer.creation import cms as cms_builder
from signer.creation import fill as filling
from signer.creation.append import Built, Raw, Revision, around_hole, digest_of, digest_ranges, write_tail
from signer.creation.form import fields, is_signed, only_widget, output_colours, written
from signer.creation.native.kept import KeptDigest
from signer.creation.permission import check_earlier, lock_of
from signer.document.fields import FormField, Widget
from signer.document.reader import PdfFile
from signer.document.syntax import Name, Ref, serialize
from signer.document.text_strings import encode_text
from signer.errors import SigningRefused
from signer.ports import SigningKey
from signer.stages import Prepared
from signer.stamping.appearance import Appearance, Colours, signature_form

MAX_CONTENTS = 32_767  # ISO 19005-2, 6.1.13: a string's limit, in bytes
_AHEAD = timedelta(hours=7)
HANOI = timezone(_AHEAD)
RANGE = b"[0 %10d %10d %10d]"
_WIDE_RANGES = 9_900_000_000  # bytes of a file from which its offsets may need more than ten digits
_CONTROL = ("Cc", "Cf", "Zl", "Zp", "Cs", "Co", "Cn")


@dataclass(frozen=True, slots=True)
class SignatureRequest:
    """One signature to be prepared.

    `field` is an empty signature field of the file. `contents_size` is the room for the CMS with its token,
    in bytes. `name` is the signer's, `at` the claimed time (aware). `fills` are values of text fields by
    field name, written in the same revision. `digest_algorithm` as hashlib names it.
    """

    field: str
    contents_size: int
    name: str
    at: datetime
    appearance: Appearance | None = None
    fills: Mapping[str, str] = dataclasses.field(default_factory=dict)
    digest_algorithm: str = "sha256"
    reason: str = ""
    location: str = ""


def contents_size(key: SigningKey, reserve: int = 0) -> int:
    """Bytes to keep for a CMS of this key with a token of at most `reserve` bytes.

    Raises `SigningRefused` when PDF/A has no room for it.
    """
    size = cms_builder.size(key, reserve)
    _check_size(size)
    return size


def prepare_signature(path: Path, request: SignatureRequest) -> Prepared:
    """The revision that fills fields and signs one, with an empty hole, and the digest to be signed.

    Raises `SigningRefused` when the field is missing, of another kind or signed already, when a value or
    picture cannot be drawn, a field would be locked empty, an earlier signature would break, or the name
    misleads; `DocumentRefused` when the file is damaged or certified against changes.
    """
    drafted = draft_signature(path, request)
    return dataclasses.replace(drafted, digest=digest_of(path, drafted))


def draft_signature(path: Path, request: SignatureRequest, tail: bytes = b"") -> Prepared:
    """`prepare_signature` without its pass over the file: `digest` is empty, whoever copies the file hashes it.

    `tail` stands for a revision that is to be written behind the file first. Raises as `prepare_signature`.
    """
    check_request(request)
    with PdfFile.open(path, tail=tail) as pdf:
        revision = Revision(pdf)
        known = fields(pdf)
        fills = {name: value for name, value in request.fills.items() if name in known or name != YEAR_FIELD}
        target = _target(pdf, known, request.field)
        filled = {name: filling.fillable(known, name) for name in fills}
        check_earlier(pdf, known, (request.field, *fills))
        _check_left_empty(pdf, known, target, fills)
        colours = output_colours(pdf)
        signature = revision.reserve()
        for name, value in fills.items():
            filling.fill(revision, filled[name], value, colours)
        _sign_field(revision, target, signature, request, colours)
        revision.put(signature, Raw(_signature(pdf, target, request)))
        return _prepared(revision.build(), signature, request)


def check_request(request: SignatureRequest) -> None:
    """Raises `SigningRefused` for a hole that PDF/A has no room for, and for a name that misleads."""
    _check_size(request.contents_size)
    _check_name(request.name)


def _check_size(size: int) -> None:
    if not 0 < size <= MAX_CONTENTS:
        raise SigningRefused(reasons.CONTENTS_TOO_LARGE, size=size, limit=MAX_CONTENTS)


@lru_cache(maxsize=256)
def _check_name(name: str) -> None:
    for letter in name:
        if unicodedata.category(letter) in _CONTROL:
            raise SigningRefused(reasons.BAD_SIGNER_NAME, code=f"U+{ord(letter):04X}")


def _target(pdf: PdfFile, known: dict[str, FormField], name: str) -> FormField:
    target = known.get(name)
    if target is None:
        raise SigningRefused(reasons.FIELD_MISSING, field=name[:80])
    if target.type != "Sig" or only_widget(target) is None:
        raise SigningRefused(reasons.FIELD_WRONG_KIND, field=name, needed="chữ ký / signature")
    if is_signed(target):
        raise SigningRefused(reasons.FIELD_SIGNED, field=name)
    if pdf.dictionary(target.dict.get("SV")):
        raise SigningRefused(reasons.SEED_VALUES, field=name)
    return target


def _check_left_empty(
    pdf: PdfFile, known: dict[str, FormField], target: FormField, fills: Mapping[str, str]
) -> None:
    """A text field of ours that is locked while empty could never be filled: number before seal."""
    lock = lock_of(pdf, target.dict.get("Lock"))
    for name in TEXT_FIELDS:
        if lock is None or name not in known or name in fills or not lock.covers(name):
            continue
        if not written(known[name]):
            raise SigningRefused(reasons.FIELD_LEFT_EMPTY, field=name)


def _sign_field(
    revision: Revision, target: FormField, signature: Ref, request: SignatureRequest, colours: Colours
) -> None:
    """Only /V and /AP change, in the field and its widget (often one object)."""
    (widget,) = target.widgets
    revision.put(target.ref, {**revision.value(target.ref), "V": signature})
    rect = Rect(*widget.rect)
    if not rect.visible:
        return
    if request.appearance is None:
        raise SigningRefused(reasons.NOTHING_TO_SHOW, field=target.name)
    form = signature_form(
        request.appearance,
        rect,
        filling.rotation_of(revision.pdf, widget),
        colours,
        revision.add,
        _user_unit(revision.pdf, widget),
    )
    revision.put(widget.ref, {**revision.value(widget.ref), "AP": {"N": form}})


def _user_unit(pdf: PdfFile, widget: Widget) -> float:
    value = pdf.resolve(pdf.dictionary(widget.dict.get("P")).get("UserUnit"))
    return float(value) if isinstance(value, int | float) and value > 0 else 1.0


def _signature(pdf: PdfFile, target: FormField, request: SignatureRequest) -> bytes:
    """The signature dictionary, with ByteRange still blank and the hole full of zeros (EN 319 142-1, 6.3)."""
    reference = _reference(pdf, target)
    locked = b"" if reference is None else b"/Reference %b" % serialize(reference)
    hole = b"0" * (2 * request.contents_size)
    return b"%b%b/ByteRange %b/Contents <%b>>>" % (claims(request), locked, _range(pdf.size, 0, 0, 0), hole)


def claims(request: SignatureRequest) -> bytes:
    """The signature dictionary as far as it says who signs, when and why; still open."""
    who, why = _who_and_why(request.name, request.reason, request.location)
    return b"%b/M (%b)%b" % (who, pdf_date(request.at), why)


@lru_cache(maxsize=256)
def _who_and_why(name: str, reason: str, location: str) -> tuple[bytes, bytes]:
    who = {
        "Type": Name("Sig"),
        "Filter": Name("Adobe.PPKLite"),
        "SubFilter": Name("ETSI.CAdES.detached"),
        "Name": encode_text(unicodedata.normalize("NFC", name)),
    }
    why = {
        "Reason": encode_text(reason) if reason else None,
        "Location": encode_text(location) if location else None,
    }
    return serialize(who)[:-2], serialize(why)[2:-2]


def _reference(pdf: PdfFile, target: FormField) -> list[dict[str, Any]] | None:
    """The field's lock, as a FieldMDP reference over the catalog (ISO 32000-2, 12.8.2.4)."""
    lock = pdf.dictionary(target.dict.get("Lock"))
    if not lock:
        return None
    parameters: dict[str, Any] = {"Type": Name("TransformParams"), "V": Name("1.2"), "Action": lock["Action"]}
    if "Fields" in lock:
        parameters["Fields"] = [pdf.resolve(item) for item in pdf.array(lock["Fields"])]
    if "P" in lock:
        parameters["P"] = lock["P"]
    reference = {
        "Type": Name("SigRef"),
        "TransformMethod": Name("FieldMDP"),
        "TransformParams": parameters,
        "Data": pdf.trailer["Root"],
    }
    return [reference]


def pdf_date(at: datetime) -> bytes:
    """The claimed time in Vietnam's zone, with its offset (ISO 32000-2, 7.9.4)."""
    if at.tzinfo is None:
        raise ValueError("the claimed time must be aware")
    there = (at if at.tzinfo is UTC else at.astimezone(UTC)) + _AHEAD
    return b"D:%04d%02d%02d%02d%02d%02d+07'00'" % (
        there.year,
        there.month,
        there.day,
        there.hour,
        there.minute,
        there.second,
    )


def _range(size: int, *numbers: int) -> bytes:
    """A /ByteRange whose length depends on the size of the file alone."""
    if size < _WIDE_RANGES:
        return RANGE % numbers
    return b"[0 %19d %19d %19d]" % numbers


def _prepared(built: Built, signature: Ref, request: SignatureRequest) -> Prepared:
    digits = 2 * request.contents_size
    tail = bytearray(built.tail)
    base = built.base_size
    start = bytes(tail).index(b"/Contents <", built.bodies[signature.num] - base) + len(b"/Contents <") + base
    total = base + len(tail)
    byte_range = (0, start - 1, start + digits + 1, total - start - digits - 1)
    blank = _range(base, 0, 0, 0)
    at = bytes(tail).index(blank, built.bodies[signature.num] - base)
    tail[at : at + len(blank)] = _range(base, *byte_range[1:])
    return Prepared(
        base, bytes(tail), byte_range, (start, digits), b"", request.digest_algorithm, request.field
    )


def check_digest(base: Path, prepared: Prepared, kept: KeptDigest | None = None) -> None:
    """Hash again, outside of the sandbox, and compare: a worker that a hostile file took over must not choose what
    is signed. With `kept`, the state over the bytes that the caller means, these and no others may be signed,
    whatever the disk gave to the worker. Raises `SigningRefused` before the key is used."""
    again = digest_of(base, prepared) if kept is None else _digest_over(kept, base, prepared)
    if again != prepared.digest:
        raise SigningRefused(reasons.DIGEST_CHANGED)


def _digest_over(kept: KeptDigest, base: Path, prepared: Prepared) -> bytes:
    if kept.size != prepared.base_size:
        raise SigningRefused(reasons.BASE_CHANGED, size=prepared.base_size, expected=kept.size)
    rest = around_hole(prepared)
    if kept.algorithm == prepared.digest_algorithm:
        state = kept.started()
        for part in rest:
            state.update(part)
        return state.digest()
    same = hashlib.new(kept.algorithm)
    with base.open("rb", buffering=0) as source:
        made = digest_ranges(source.fileno(), kept.size, rest, prepared.digest_algorithm, same)
    return made if same.digest() == kept.state.digest() else b""


def fill_hole(prepared: Prepared, cms: bytes) -> bytes:
    """The tail with this CMS in its hole, in hexadecimal, followed by the zeros that were there.

    Raises `SigningRefused` when it does not fit.
    """
    start, digits = prepared.hole
    if 2 * len(cms) > digits:
        raise SigningRefused(reasons.CONTENTS_DO_NOT_FIT, size=len(cms), limit=digits // 2)
    at = start - prepared.base_size
    text = hexlify(cms)
    tail = memoryview(prepared.tail)
    return b"".join((tail[:at], text, tail[at + len(text) :]))


def complete(prepared: Prepared, key: SigningKey) -> bytes:
    """Use the key once and put the CMS into the hole: the finished bytes to append.

    Raises what `cms.build` and the key raise; the caller records intent before and result after.
    """
    return fill_hole(prepared, cms_builder.build(prepared.digest, key))


def write(base: Path, prepared: Prepared, cms: bytes, out: Path) -> None:
    """Write base and revision, with `cms` in its hole, to `out`. Memory does not grow with the file.

    Raises `SigningRefused` when `base` has another length than when this was prepared, or the CMS does not
    fit. A crash leaves a partial `out` and the base as it was.
    """
    write_tail(base, prepared.base_size, fill_hole(prepared, cms), out)
