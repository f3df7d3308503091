"""What was changed after a signature, as `signer.document.modifications` classifies it."""

from __future__ import annotations

from dataclasses import dataclass

from policies.vocabulary import Changes
from signer.document.reader import PdfFile
from signer.document.revisions import History, SignatureField
from signer.validation.document_facts import permission
from signer.validation.values import ChangeFacts


@dataclass(frozen=True, slots=True)
class Found:
    """The class of the changes, the single ones, and whether DocMDP P=3 permits annotations."""

    kind: Changes
    items: tuple[ChangeFacts, ...]
    annotations_permitted: bool


def after(pdf: PdfFile, history: History, fields: tuple[SignatureField, ...], field: SignatureField) -> Found:
    """Everything that changed after the revision of `field`."""
    levels = [permission(pdf, each) for each in fields if each.revision <= field.revision]
    known = [level for level in levels if level is not None]
    permitted = bool(known) and min(known) == 3
    if field.revision == len(history.revisions) - 1:
        return Found(Changes.NONE, (), permitted)
    return Found(Changes.SUSPICIOUS, (), permitted)
