"""What changed after a signature, and whether the signatures of the file permit it.

    history = History(pdf)
    changes = Modifications(history, signatures(pdf, history))
    report = changes.after(signature)

1. Every later revision is compared with the one before it (`changes.*`: rules that explain, then what is left).
2. Each change is weighed by the locks of the signature asked about and by the document's certification.
3. Bytes that belong to no revision are changes too.

The verdict of a document is taken over all of its signatures: a number changed after the seal is form filling
to the leader's signature, and forbidden to the seal.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from policies.vocabulary import Changes
from signer.document.changes.catalog import compare_catalog, compare_trailer, compare_validation_data
from signer.document.changes.forms import compare_form
from signer.document.changes.leftovers import judge_leftovers
from signer.document.changes.page_tree import compare_pages
from signer.document.changes.permissions import Permissions, permissions_of
from signer.document.changes.references import References
from signer.document.changes.step import ChangeItem, Rule, Step
from signer.document.history import History
from signer.document.reader import PdfFile
from signer.document.rebuilding import may_be_rebuilt, rebuilt_otherwise
from signer.document.signature_fields import SignatureField, signatures

__all__ = ["ChangeItem", "ChangeReport", "Modifications", "classify"]

_RULES: tuple[Rule, ...] = (
    compare_trailer,
    compare_catalog,
    compare_validation_data,
    compare_form,
    compare_pages,
    judge_leftovers,
)
_WEIGHT = {kind: weight for weight, kind in enumerate(Changes)}
_ALWAYS_PERMITTED = (Changes.NONE, Changes.LONG_TERM_DATA)
# Understood, and outside of what /P 1 to 3 permits (12.8.2.2, table 257): then not suspicious but forbidden.
_OUTSIDE_DOCMDP = frozenset(
    (
        "appearance-replaced",
        "catalog-changed",
        "field-added",
        "field-changed",
        "field-duplicated",
        "form-changed",
    )
)
_HARMLESS_BYTES = "trailing-bytes"


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What changed after one signature. `kind` is the heaviest item's; `annotations_permitted`: it states /P 3,
    so that kind "annotations" has no effect."""

    kind: Changes
    items: tuple[ChangeItem, ...]
    annotations_permitted: bool = False


class Modifications:
    """The changes of a file, revision by revision; compared once, weighed for each signature."""

    def __init__(self, history: History, found: tuple[SignatureField, ...]) -> None:
        self._history = history
        self._signatures = found
        self._permissions = {self._key(s): self._permissions_of(s) for s in found}
        self._first = min((s.revision for s in found), default=0)
        self._steps: dict[int, tuple[ChangeItem, ...]] = {}
        self._references: References | None = None
        self._areas: dict[int, dict[int, float]] = {}

    def after(self, signature: SignatureField) -> ChangeReport:
        """The changes after the revision of this signature, weighed by its own locks and the certification."""
        return self._report(signature.revision, [self._permissions[self._key(signature)]])

    def after_revision(self, index: int) -> ChangeReport:
        """The same for whatever signatures this revision made."""
        own = [self._permissions[self._key(s)] for s in self._signatures if s.revision == index]
        return self._report(index, own)

    def _key(self, signature: SignatureField) -> tuple[int, tuple[int, ...]]:
        return signature.ref.num, signature.byte_range

    def _permissions_of(self, signature: SignatureField) -> Permissions:
        return permissions_of(self._history.view(signature.revision), signature)

    def _report(self, index: int, own: list[Permissions]) -> ChangeReport:
        certified = [
            self._permissions[self._key(s)]
            for s in self._signatures
            if s.revision <= index and self._permissions[self._key(s)].certifies
        ]
        rules = [*own, *certified]
        self._start_at(index)
        raw = [item for k in range(index + 1, len(self._history.revisions)) for item in self._step(k)]
        raw += self._bytes_outside(index)
        items = tuple(replace(item, kind=_weighed(item, rules), broke=self._broken_by(item)) for item in raw)
        kind = max((item.kind for item in items), key=_WEIGHT.__getitem__, default=Changes.NONE)
        return ChangeReport(kind, items, _level(rules) == 3)

    def _broken_by(self, item: ChangeItem) -> tuple[str, ...]:
        return tuple(
            s.name
            for s in self._signatures
            if s.revision < item.revision and not _permitted(item, self._permissions[self._key(s)])
        )

    # --- comparing

    def _start_at(self, index: int) -> None:
        """Revisions are compared in order, because who refers to whom is known only so far."""
        if index < self._first:
            self._first, self._references = index, None
            self._steps.clear()
            self._areas = {}

    def _step(self, index: int) -> tuple[ChangeItem, ...]:
        """The changes of one revision. Earlier ones are compared first: who refers to whom grows with them."""
        for k in range(self._first + 1, index + 1):
            if k not in self._steps:
                self._steps[k] = self._compare(k)
        return self._steps[index]

    def _compare(self, index: int) -> tuple[ChangeItem, ...]:
        history = self._history
        before, after = history.view(index - 1), history.view(index)
        if self._references is None:
            self._references = References.of(before)
        changed = history.changed(index)
        step = Step(index, before, after, changed, self._references, areas=self._areas)
        for rule in _RULES:
            rule(step)
        self._references.written.update(num for num in changed if not step.stood(num))
        self._references.add_objects(after, changed)
        return tuple(step.items)

    @cached_property
    def _rebuilt_otherwise(self) -> bool:
        return rebuilt_otherwise(self._history.pdf)

    def _bytes_outside(self, index: int) -> list[ChangeItem]:
        last = len(self._history.revisions)
        found = [*self._history.findings, *self._history.unreachable]
        end = self._history.revisions[index].mark
        newer = [each for k in range(index + 1, last) for each in self._history.sections(k)]
        shown: list[ChangeItem] = []
        if may_be_rebuilt(self._history.pdf, newer) and self._rebuilt_otherwise:
            shown.append(ChangeItem(Changes.SUSPICIOUS, "rebuilt-otherwise", -1, last))
        return shown + [
            ChangeItem(
                Changes.NONE if finding.id == _HARMLESS_BYTES else Changes.SUSPICIOUS, finding.id, -1, last
            )
            for finding in found
            if finding.offset >= end or finding.id == "prev-forward"
        ]


def _weighed(item: ChangeItem, rules: list[Permissions]) -> Changes:
    """The kind of a change under these locks."""
    if item.kind in _ALWAYS_PERMITTED:
        return item.kind
    level = _level(rules)
    locked = any(permissions.locked(item.field) for permissions in rules)
    if item.kind is Changes.FORM_FILL and (locked or level == 1):
        return Changes.FORBIDDEN
    if item.kind is Changes.FORM_FILL and item.covers and level is not None:
        return Changes.FORBIDDEN  # signing is permitted, a new place on the page is not
    if item.kind is Changes.ANNOTATIONS and (locked or level in (1, 2)):
        return Changes.FORBIDDEN
    if item.kind is Changes.ANNOTATIONS and item.covers and level == 3:
        return Changes.SUSPICIOUS
    if item.what in _OUTSIDE_DOCMDP and level is not None:
        return Changes.FORBIDDEN
    return item.kind


def _level(rules: list[Permissions]) -> int | None:
    return min((p.level for p in rules if p.level is not None), default=None)


def _permitted(item: ChangeItem, permissions: Permissions) -> bool:
    kind = _weighed(item, [permissions])
    if kind is Changes.ANNOTATIONS:
        return permissions.level == 3
    return kind not in (Changes.SUSPICIOUS, Changes.FORBIDDEN)


def classify(pdf: PdfFile, revision_index: int, *, history: History | None = None) -> ChangeReport:
    """Everything that changed after a revision, weighed by the signatures that this revision made.

    Raises `DocumentRefused` as the reader does. For several signatures of one file use `Modifications`, which
    compares once.
    """
    history = history or History(pdf)
    return Modifications(history, signatures(pdf, history)).after_revision(revision_index)
