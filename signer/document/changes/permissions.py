"""What a signature lets later revisions do: DocMDP and FieldMDP (ISO 32000-2, 12.8.2.2 and 12.8.2.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from signer.document.objects import Ref
from signer.document.reader import PdfFile
from signer.document.signature_fields import SignatureField
from signer.document.text_strings import text_string

_MOST_REFERENCES = 32


@dataclass(frozen=True, slots=True)
class FieldLock:
    """A FieldMDP transform: `action` is All, Include or Exclude; `fields` are fully qualified names."""

    action: str
    fields: frozenset[str]

    def locks(self, name: str) -> bool:
        """Whether this field, or a field that it belongs to, is locked."""
        if self.action == "All":
            return True
        listed = any(name == given or name.startswith(given + ".") for given in self.fields)
        return listed if self.action == "Include" else not listed


@dataclass(frozen=True, slots=True)
class Permissions:
    """The locks of one signature. `level` is the smallest /P that it states (1 nothing, 2 forms and signatures,
    3 also annotations); None when it states none. `certifies`: it is the document's certification."""

    level: int | None = None
    locks: tuple[FieldLock, ...] = ()
    certifies: bool = False

    def locked(self, name: str | None) -> bool:
        """Whether a change to this field is forbidden by a lock."""
        return name is not None and any(lock.locks(name) for lock in self.locks)


def permissions_of(pdf: PdfFile, signature: SignatureField) -> Permissions:
    """The permissions in a signature's references and in the lock dictionary of its field.

    `pdf` is the view in which the signature stands. A transform that is not understood locks everything: what
    its signer wanted to forbid is then not allowed by mistake.
    """
    levels: list[int] = []
    locks: list[FieldLock] = []
    for item in pdf.array(signature.dict.get("Reference"))[:_MOST_REFERENCES]:
        reference = pdf.dictionary(item)
        parameters = pdf.dictionary(reference.get("TransformParams"))
        method = pdf.resolve(reference.get("TransformMethod"))
        if method == "DocMDP":
            levels.append(_level(pdf, parameters, 2))
        elif method == "FieldMDP":
            locks.append(_lock(pdf, parameters))
            if "P" in parameters:
                levels.append(_level(pdf, parameters, 2))
    own = pdf.dictionary(pdf.dictionary(signature.ref).get("Lock"))
    if own:
        locks.append(_lock(pdf, own))
        if "P" in own:
            levels.append(_level(pdf, own, 2))
    return Permissions(min(levels, default=None), tuple(locks), _certifies(pdf, signature))


def _level(pdf: PdfFile, parameters: dict[str, Any], otherwise: int) -> int:
    level = pdf.resolve(parameters.get("P"))
    if level is None:
        return otherwise
    return level if type(level) is int and level in (1, 2, 3) else 1


def _lock(pdf: PdfFile, parameters: dict[str, Any]) -> FieldLock:
    action = pdf.resolve(parameters.get("Action"))
    names = [pdf.resolve(name) for name in pdf.array(parameters.get("Fields"))]
    fields = frozenset(text_string(name) for name in names if isinstance(name, bytes))
    if action not in ("All", "Include", "Exclude"):
        return FieldLock("All", frozenset())
    return FieldLock(str(action), fields)


def _certifies(pdf: PdfFile, signature: SignatureField) -> bool:
    certified = pdf.dictionary(pdf.catalog.get("Perms")).get("DocMDP")
    return isinstance(certified, Ref) and certified == signature.value_ref
