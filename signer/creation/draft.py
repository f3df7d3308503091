"""What the sandbox does of one signature: everything that reads the document, and nothing that reads all of it.

`draft` answers with the bytes to append and an empty hole. It does not hash: the process that holds the key
hashes the file's own bytes while it copies them, so that a worker that a hostile file took over cannot have other
bytes of the file signed, and the file is read once. What is appended is the worker's word: whoever signs bytes of
strangers must check the output, or give each file a worker of its own.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from policies.layout import INVISIBLE, Box
from policies.vocabulary import FieldRole
from signer.creation.plan import PreparationPlan
from signer.creation.prepare import prepare
from signer.creation.two_step import SignatureRequest, draft_signature
from signer.document.pdfa_size import beyond_pdfa
from signer.document.reader import PdfFile
from signer.stages import Appended, Draft


def draft(path: Path, request: SignatureRequest, make_field: bool = False) -> Draft:
    """Draft a signature of the file at `path`, which stays as it is.

    `make_field`: the field does not exist yet; an invisible one is made, in a revision of its own. Raises what
    `prepare` and `draft_signature` raise.
    """
    added = _field(path, request.field).tail if make_field else b""
    drafted = draft_signature(path, request, added)
    base = drafted.base_size - len(added)
    prepared = dataclasses.replace(drafted, base_size=base, tail=added + drafted.tail)
    with PdfFile.open(path) as pdf:
        return Draft(prepared, beyond_pdfa(pdf, base + len(prepared.tail)))


def field_plan(name: str) -> PreparationPlan:
    """One invisible signature field on the first page."""
    return PreparationPlan((Box(FieldRole.SEAL, 0, INVISIBLE, name),))


def _field(path: Path, name: str) -> Appended:
    return prepare(path, field_plan(name))
