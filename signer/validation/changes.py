"""What was changed after a signature, as `signer.document.modifications` classifies it, in our values."""

from __future__ import annotations

from dataclasses import dataclass

from policies.reasons import changes as words
from policies.refusals import Reason
from policies.vocabulary import Changes
from signer.document.modifications import ChangeItem, Modifications
from signer.document.revisions import SignatureField
from signer.errors import DocumentRefused
from signer.validation.names import clean
from signer.validation.values import ChangeFacts

_MOST_ITEMS = 200
_REASONS: dict[str, Reason] = {each.id: each for each in vars(words).values() if isinstance(each, Reason)}


@dataclass(frozen=True, slots=True)
class Found:
    """The class of the changes, the single ones, and whether DocMDP P=3 permits annotations."""

    kind: Changes
    items: tuple[ChangeFacts, ...]
    annotations_permitted: bool


def after(modifications: Modifications, field: SignatureField) -> Found:
    """Everything that changed after the revision of `field`. What cannot be compared is suspicious."""
    try:
        report = modifications.after(field)
    except DocumentRefused as exc:
        item = ChangeFacts(
            Changes.SUSPICIOUS, words.UNCOMPARED, field.revision + 1, None, {"detail": exc.reason.id}
        )
        return Found(Changes.SUSPICIOUS, (item,), False)
    heaviest = sorted(report.items, key=lambda item: list(Changes).index(item.kind), reverse=True)
    items = tuple(_facts(item) for item in heaviest[:_MOST_ITEMS])
    return Found(report.kind, items, report.annotations_permitted)


def _facts(item: ChangeItem) -> ChangeFacts:
    reason = _REASONS.get(f"change.{item.what}")
    values = {"field": clean(item.field or ""), "detail": clean(item.detail), "object": str(item.number)}
    if reason is None:
        reason, values["detail"] = words.OTHER, item.what
    number = item.number if item.number >= 0 else None
    broke = tuple(clean(name) for name in item.broke)
    return ChangeFacts(item.kind, reason, item.revision, number, values, broke)
