"""The second path of a signature: pyHanko reads and writes the file, where the native path does not.

    1. open        our reader, with the password; the shape must be one that pyHanko may write
    2. rules       the same as on the native path, by the same functions
    3. objects     values, appearances and locks as the native path makes them
    4. write       by pyHanko: cross-references, trailer, encryption, placeholder; no key is here
    5. read back   by our reader: only what was meant is changed, and earlier signatures stand

Runs in the sandbox. Whatever pyHanko raises ends there; `choose` then gives the native path's own refusal.
"""

from __future__ import annotations

import dataclasses
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.crypt.permissions import StandardPermissions
from pyhanko.sign.fields import SigSeedSubFilter
from pyhanko.sign.signers.pdf_byterange import SignatureObject

from policies.layout import YEAR_FIELD
from policies.reasons import signing as reasons
from signer.creation import fill as filling
from signer.creation import prepare as preparation
from signer.creation import two_step
from signer.creation.append import digest_of
from signer.creation.form import fields, output_colours
from signer.creation.permission import check_earlier
from signer.creation.plan import PreparationPlan
from signer.creation.pyhanko_revision import PyhankoRevision, Tail
from signer.creation.read_back import Disagreement, check_appended, check_signature
from signer.creation.shapes import Shape, SigningPath, shape_of
from signer.creation.two_step import SignatureRequest
from signer.document.fields import FormField
from signer.document.reader import PdfFile
from signer.errors import SigningRefused
from signer.stages import Appended, Prepared

_FILL = StandardPermissions.ALLOW_ANNOTS_FORM_FILLING | StandardPermissions.ALLOW_FORM_FILLING
_CREATE = StandardPermissions.ALLOW_ANNOTS_FORM_FILLING


@dataclass(frozen=True, slots=True)
class Fallen:
    """What pyHanko made of a file of this shape."""

    shape: Shape
    made: Prepared | Appended


def prepare_signature(path: Path, request: SignatureRequest, password: str | None = None) -> Fallen:
    """`two_step.prepare_signature` by pyHanko; `password` opens an encrypted file.

    Raises what that raises for its rules, `DocumentRefused` for a password that does not open the file,
    `SigningRefused` when its permissions forbid to sign, `Disagreement` when the result must not be used, and
    whatever pyHanko raises on a file that it does not understand.
    """
    two_step._check_size(request.contents_size)
    two_step._check_name(request.name)
    with PdfFile.open(path, password=password) as pdf:
        shape = _allowed(pdf)
        known = fields(pdf)
        fills = {name: value for name, value in request.fills.items() if name in known or name != YEAR_FIELD}
        target = two_step._target(pdf, known, request.field)
        filled = {name: filling.fillable(known, name) for name in fills}
        check_earlier(pdf, known, (request.field, *fills))
        two_step._check_left_empty(pdf, known, target, fills)
        colours = output_colours(pdf)
        with PyhankoRevision(path, pdf, password) as revision:
            _check_permissions(revision, _FILL)
            signature = revision.reserve()
            for name, value in fills.items():
                filling.fill(revision, filled[name], value, colours)
            two_step._sign_field(revision, target, signature, request, colours)
            placeholder = _placeholder(revision, target, request)
            revision.put_object(signature, placeholder)
            prepared = _prepared(path, revision.write(), placeholder, request)
        check_signature(path, prepared, (target, *filled.values()), password)
        return Fallen(shape, prepared)


def prepare_fields(path: Path, plan: PreparationPlan, password: str | None = None) -> Fallen:
    """`prepare.prepare` by pyHanko: the revision that creates the fields of `plan`. Raises as above."""
    with PdfFile.open(path, password=password) as pdf:
        shape = _allowed(pdf)
        preparation.refuse_signed(pdf, plan)
        with PyhankoRevision(path, pdf, password) as revision:
            _check_permissions(revision, _CREATE)
            preparation.compose(revision, path, plan)
            appended = revision.appended()
        check_appended(path, appended, password)
        return Fallen(shape, appended)


def _allowed(pdf: PdfFile) -> Shape:
    shape = shape_of(pdf)
    if shape.path is not SigningPath.PYHANKO:
        raise Disagreement(shape)
    return shape


def _check_permissions(revision: PyhankoRevision, needed: StandardPermissions) -> None:
    """Who opened the file with the user's password is bound by its permissions (ISO 32000-2, table 22)."""
    if revision.permissions is not None and not revision.permissions & needed:
        raise SigningRefused(reasons.PERMISSION_WITHHELD)


def _placeholder(revision: PyhankoRevision, target: FormField, request: SignatureRequest) -> SignatureObject:
    """pyHanko's signature dictionary with the entries that the native path writes."""
    made = SignatureObject(
        timestamp=request.at.astimezone(two_step.HANOI),
        subfilter=SigSeedSubFilter.PADES,
        name=unicodedata.normalize("NFC", request.name),
        reason=request.reason or None,
        location=request.location or None,
        bytes_reserved=2 * request.contents_size,
    )
    reference = two_step._reference(revision.pdf, target)
    if reference is not None:
        made[generic.pdf_name("/Reference")] = revision.object_of(reference)
    return made


def _prepared(path: Path, tail: Tail, placeholder: SignatureObject, request: SignatureRequest) -> Prepared:
    """Put the ByteRange into its place and hash by our own code."""
    start, end = placeholder.contents.offsets
    size = tail.base + len(tail.data)
    placeholder.byte_range.fill_offsets(tail, start, end, size)
    prepared = Prepared(
        base_size=tail.base,
        tail=tail.data,
        byte_range=(0, start, end, size - end),
        hole=(start + 1, 2 * request.contents_size),
        digest=b"",
        digest_algorithm=request.digest_algorithm,
        field=request.field,
    )
    return dataclasses.replace(prepared, digest=digest_of(path, prepared))
