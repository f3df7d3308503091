"""Reads back, with our own reader, what pyHanko wrote, before any key is used.

The native path needs none of this: it writes exactly what it was given. Of pyHanko's revision nothing is
believed: not what it changed, not where the hole is, not what it did to earlier signatures.
"""

from __future__ import annotations

from pathlib import Path

from policies.vocabulary import Changes, Coverage
from signer.creation.form import fields
from signer.document.fields import FormField
from signer.document.history import History
from signer.document.modifications import Modifications
from signer.document.reader import PdfFile
from signer.document.signature_fields import SignatureField, signatures
from signer.document.syntax import HexString
from signer.stages import Appended, Prepared

_BREAKING = (Changes.SUSPICIOUS, Changes.FORBIDDEN)
_SIGNING = frozenset(("V", "AP"))


class Disagreement(Exception):
    """pyHanko reads, or wrote, something else than our reader finds: its result must not be used."""


def check_appended(path: Path, appended: Appended, password: str | None) -> None:
    """The revision ends the file, leads to the one before, and keeps catalog, encryption and old signatures.

    Raises `Disagreement`, or `DocumentRefused` as the reader does.
    """
    with (
        PdfFile.open(path, password=password) as before,
        PdfFile.open(path, tail=appended.tail, password=password) as after,
    ):
        _check_revision(before, after)


def check_signature(
    path: Path, prepared: Prepared, touched: tuple[FormField, ...], password: str | None
) -> None:
    """Besides: /V and /AP of the touched fields changed and nothing else, and the hole is the field's own.

    Raises as `check_appended`.
    """
    with (
        PdfFile.open(path, password=password) as before,
        PdfFile.open(path, tail=prepared.tail, password=password) as after,
    ):
        _check_revision(before, after)
        _check_changed(before, after, touched)
        _check_hole(after, prepared)


def _check_revision(before: PdfFile, after: PdfFile) -> None:
    newest = after.sections[0]
    _must(after.eof == after.size and newest.offset >= before.size, "the end")
    _must([s.offset for s in after.sections[1:]] == [s.offset for s in before.sections], "/Prev")
    for key in ("Root", "Info", "Encrypt"):
        _must(after.trailer.get(key) == before.trailer.get(key), f"/{key}")
    history = History(after)
    findings = {(found.id, found.offset) for found in history.findings}
    _must(findings <= {(found.id, found.offset) for found in History(before).findings}, "the revisions")
    _check_earlier(after, history, before.size)


def _check_earlier(after: PdfFile, history: History, base_size: int) -> None:
    found = signatures(after, history)
    modifications = Modifications(history, found)
    for signature in found:
        if 0 < signature.signed_end <= base_size:
            _must(modifications.after(signature).kind not in _BREAKING, signature.name)


def _check_changed(before: PdfFile, after: PdfFile, touched: tuple[FormField, ...]) -> None:
    named = {field.ref for field in touched} | {w.ref for field in touched for w in field.widgets}
    numbers = {num for num, entry in after.sections[0].items() if entry.kind != "f"}
    old = {num for num in numbers if num < before.next_object_number}
    _must(old <= {ref.num for ref in named}, "objects")
    for ref in named:
        was, now = before.dictionary(ref), after.dictionary(ref)
        _must(_without(was) == _without(now), f"object {ref.num}")


def _without(value: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in value.items() if key not in _SIGNING}


def _check_hole(after: PdfFile, prepared: Prepared) -> None:
    field = fields(after)[prepared.field]
    signature = after.dictionary(field.value)
    contents = signature.get("Contents")
    start, digits = prepared.hole
    _must(isinstance(contents, HexString), "/Contents")
    if isinstance(contents, HexString):
        _must((contents.start, contents.end) == (start - 1, start + digits + 1), "the hole")
    _must(tuple(after.array(signature.get("ByteRange"))) == prepared.byte_range, "/ByteRange")
    _must(_coverage(after, prepared.field) is Coverage.WHOLE, "the coverage")


def _coverage(after: PdfFile, name: str) -> Coverage | None:
    own: list[SignatureField] = [each for each in signatures(after) if each.name == name]
    return own[-1].coverage if own else None


def _must(holds: bool, what: str) -> None:
    if not holds:
        raise Disagreement(what)
