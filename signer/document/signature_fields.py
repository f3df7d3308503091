"""The signatures of a file: every value, now or in an earlier revision, and what its bytes cover."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from policies.vocabulary import Coverage
from signer.document.fields import FormField, form_fields
from signer.document.history import History
from signer.document.objects import HexString, Ref
from signer.document.reader import PdfFile
from signer.document.stray_fields import stray_signature_fields

TIMESTAMP_SUBFILTER = "ETSI.RFC3161"
_END_OF_LINE = (b"", b"\n", b"\r", b"\r\n")


@dataclass(frozen=True, slots=True)
class SignatureField:
    """One signature value in its field.

    `value_ref` and `dict` are the signature dictionary (12.8.1), `contents` the bytes of the hole with their
    padding, `hole` the offsets of its `<` and just after its `>` (both -1 when /Contents is not a hexadecimal
    string of a plain object). `revision` is the revision that wrote it. `why` says why `coverage` is not
    "whole": `appended`, or for "partial" one of `byte-range`, `hole`, `not-an-end`, `wrong-revision`,
    `not-plain`, `shared`. `hidden` is a signature that an earlier revision showed and the newest does not. `stray`
    is one that stands on a page, and in no list of the form.
    """

    name: str
    ref: Ref
    value_ref: Ref | None
    dict: dict[str, Any]
    byte_range: tuple[int, ...]
    contents: bytes
    hole: tuple[int, int]
    revision: int
    type: str
    subfilter: str
    coverage: Coverage
    why: str | None
    hidden: bool
    stray: bool = False

    @property
    def is_timestamp(self) -> bool:
        """A document time-stamp (12.8.5). Some writers keep /Type /Sig; the subfilter decides then."""
        return self.type == "DocTimeStamp" or self.subfilter == TIMESTAMP_SUBFILTER

    @property
    def signed_end(self) -> int:
        """The offset after the last byte that the ByteRange covers; -1 when it is no range."""
        return self.byte_range[-2] + self.byte_range[-1] if len(self.byte_range) >= 2 else -1


def signatures(pdf: PdfFile, history: History | None = None) -> tuple[SignatureField, ...]:
    """Every signature of the file, in file order.

    Those that only an earlier revision shows are there too, marked `hidden`: a later revision may drop the
    form or a value to make a signed file look unsigned. So are widgets of pages that the newest revision's form
    does not list, marked `stray`. Raises `DocumentRefused` as the reader does.
    """
    history = history or History(pdf)
    found: dict[tuple[int, tuple[int, ...]], SignatureField] = {}
    for index in range(len(history.revisions) - 1, -1, -1):
        view = history.view(index)
        for field in _signed(view):
            # Not by its reference: a later revision may put another value under the same number.
            key = (field.ref.num, _range_of(view, field))
            if key not in found:
                found[key] = _signature(view, history, field, index)
    for field in _stray(pdf):
        made = _signature(pdf, history, field, len(history.revisions) - 1)
        found.setdefault((field.ref.num, made.byte_range), replace(made, stray=True))
    own = _own_holes(history, list(found.values()))
    return tuple(sorted(own, key=lambda signature: (signature.signed_end, signature.hole)))


def _own_holes(history: History, found: list[SignatureField]) -> list[SignatureField]:
    """One signature, one field: a value that several fields had when it was made belongs to none of them,
    and a field that got it later only borrows it."""
    made: dict[tuple[int, int], set[int]] = {}
    for each in found:
        if each.hole[0] >= 0 and not each.stray and _had(history, each):
            made.setdefault(each.hole, set()).add(each.ref.num)
    for each in found:
        if each.stray:
            made.setdefault(each.hole, {each.ref.num})
    return [
        each
        if each.hole[0] < 0 or made.get(each.hole) == {each.ref.num}
        else replace(each, coverage=Coverage.PARTIAL, why="shared")
        for each in found
    ]


def _had(history: History, signature: SignatureField) -> bool:
    """Whether the field had this value in the revision that wrote the value."""
    view = history.view(signature.revision)
    for field in _signed(view):
        if field.ref.num == signature.ref.num:
            contents = view.resolve(view.dictionary(field.value).get("Contents"))
            return isinstance(contents, HexString) and contents.start == signature.hole[0]
    return False


def _signed(view: PdfFile) -> list[FormField]:
    if "AcroForm" not in view.catalog:
        return []
    return [field for field in form_fields(view, pages=False) if _is_signed(field)]


def _is_signed(field: FormField) -> bool:
    """Whether a field has a signature as its value, also where it says that it is a field of another type."""
    value = field.value
    return isinstance(value, dict) and (field.type == "Sig" or ("ByteRange" in value and "Contents" in value))


def _stray(pdf: PdfFile) -> tuple[FormField, ...]:
    return stray_signature_fields(pdf, form_fields(pdf, pages=False) if "AcroForm" in pdf.catalog else ())


def _signature(view: PdfFile, history: History, field: FormField, index: int) -> SignatureField:
    value = view.dictionary(field.value)
    contents = view.resolve(value.get("Contents"))
    hole = (contents.start, contents.end) if isinstance(contents, HexString) else (-1, -1)
    direct = not isinstance(value.get("Contents"), Ref) and not isinstance(value.get("ByteRange"), Ref)
    if not direct or not _is_plain(view, field.value_ref or field.ref):  # 12.8.1: the values shall be direct
        hole = (-1, -1)
    byte_range = _range_of(view, field)
    written = _revision_at(history, hole[0])
    coverage, why = _coverage(history, byte_range, hole, written)
    return SignatureField(
        name=field.name,
        ref=field.ref,
        value_ref=field.value_ref,
        dict=value,
        byte_range=byte_range,
        contents=bytes(contents) if isinstance(contents, bytes) else b"",
        hole=hole,
        revision=index if written is None else written,
        type=_word(view, value.get("Type"), "Sig"),
        subfilter=_word(view, value.get("SubFilter"), ""),
        coverage=coverage,
        why=why,
        hidden=index < len(history.revisions) - 1,
    )


def _is_plain(view: PdfFile, ref: Ref) -> bool:
    entry = view.entry(ref.num)
    return entry is not None and entry.kind == "n"


def _word(view: PdfFile, value: Any, otherwise: str) -> str:
    found = view.resolve(value)
    return str(found) if isinstance(found, str) else otherwise


def _range_of(view: PdfFile, field: FormField) -> tuple[int, ...]:
    value = view.resolve(view.dictionary(field.value).get("ByteRange"))
    numbers = [view.resolve(item) for item in value] if isinstance(value, list) and len(value) <= 64 else []
    return tuple(n for n in numbers if type(n) is int)


def _revision_at(history: History, offset: int) -> int | None:
    for revision in history.revisions:
        if revision.start <= offset < revision.end:
            return revision.index
    return None


def _coverage(
    history: History, byte_range: tuple[int, ...], hole: tuple[int, int], written: int | None
) -> tuple[Coverage, str | None]:
    """What the range covers: everything but its own hole, up to the end of the revision that wrote it."""
    if len(byte_range) != 4 or byte_range[0] != 0 or min(byte_range) < 0:
        return Coverage.PARTIAL, "byte-range"
    if hole[0] < 0 or written is None:
        return Coverage.PARTIAL, "not-plain"
    if (byte_range[1], byte_range[2]) != hole:
        return Coverage.PARTIAL, "hole"
    end = byte_range[2] + byte_range[3]
    pdf, revision = history.pdf, history.revisions[written]
    if end > pdf.size or end < revision.mark:
        return Coverage.PARTIAL, "wrong-revision" if end < revision.start else "not-an-end"
    if pdf.read(end, 3) in _END_OF_LINE and end + 2 >= pdf.size:
        return Coverage.WHOLE, None
    if not _only_space(pdf, revision.mark, end):
        return Coverage.PARTIAL, "not-an-end"
    return Coverage.REVISION, "appended"


def _only_space(pdf: PdfFile, start: int, end: int) -> bool:
    return end - start <= 4096 and not pdf.read(start, end - start).strip(b"\0\t\n\f\r ")
