"""Whether one more signature is allowed by those that are in the file already.

ISO 32000-2, 12.8.2.2 (DocMDP), 12.8.2.4 (FieldMDP) and 12.7.5.5 (signature field locks).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from policies.reasons import document as document_reasons
from policies.reasons import signing as reasons
from signer.creation.form import is_signed
from signer.document.fields import FormField
from signer.document.reader import PdfFile
from signer.document.text_strings import text_string
from signer.errors import DocumentRefused, SigningRefused


@dataclass(frozen=True, slots=True)
class Lock:
    """What one signature locks: all fields, those named, or all but those named; and its /P, if any."""

    action: str
    names: tuple[str, ...]
    permission: int | None

    def covers(self, name: str) -> bool:
        """Whether this field, or a parent of it, is locked."""
        named = any(name == given or name.startswith(given + ".") for given in self.names)
        return {"All": True, "Include": named, "Exclude": not named}.get(self.action, True)


def lock_of(pdf: PdfFile, value: object) -> Lock | None:
    """A lock dictionary, or FieldMDP parameters; None for null. What is not understood locks all."""
    found = pdf.dictionary(value)
    if not found:
        return None
    permission = pdf.resolve(found.get("P"))
    names = tuple(_text(pdf.resolve(item)) for item in pdf.array(found.get("Fields")))
    return Lock(
        str(pdf.resolve(found.get("Action"))), names, permission if isinstance(permission, int) else None
    )


def _text(value: object) -> str:
    return text_string(value) if isinstance(value, bytes) else ""


def check_earlier(pdf: PdfFile, known: dict[str, FormField], touched: Iterable[str]) -> None:
    """Raise when an earlier signature forbids a change to one of the `touched` fields.

    `DocumentRefused` for a certification that allows nothing, `SigningRefused` for a lock.
    """
    touched = tuple(touched)
    for field in known.values():
        if not is_signed(field):
            continue
        for lock in _locks(pdf, field):
            for name in touched:
                if lock.permission == 1 or (lock.action and lock.covers(name)):
                    raise SigningRefused(reasons.BREAKS_EARLIER_SIGNATURE, earlier=field.name, field=name)


def _locks(pdf: PdfFile, field: FormField) -> list[Lock]:
    signature = pdf.dictionary(field.value)
    locks = []
    for item in pdf.array(signature.get("Reference")):
        reference: dict[str, Any] = pdf.dictionary(item)
        parameters = pdf.dictionary(reference.get("TransformParams"))
        method = pdf.resolve(reference.get("TransformMethod"))
        if method == "DocMDP":
            if pdf.resolve(parameters.get("P")) == 1:
                raise DocumentRefused(document_reasons.CERTIFIED, level=1)
        elif method == "FieldMDP":
            locks.append(lock_of(pdf, parameters) or Lock("All", (), None))
    own = lock_of(pdf, field.dict.get("Lock"))
    if own is not None:
        locks.append(own)
    return locks
