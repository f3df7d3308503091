"""One revision against the one before it: what changed, what a rule has explained, what was found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from policies.vocabulary import Changes
from signer.document.changes.references import TRAILER, References
from signer.document.fields import FormField, form_fields
from signer.document.objects import Ref, Stream
from signer.document.reader import Entry, PdfFile

_MOST_COMPARED = 20_000


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """One change.

    `what` is its id (docs/verification lists them), `number` the object (-1: none), `revision` the revision
    that made it, `field` the form field concerned, `detail` a key or kind, `broke` the names of the signatures
    that do not permit it. `kind` is its weight as seen from the signature that was asked about. `covers`: it may lie
    over what the page says, and did not before.
    """

    kind: Changes
    what: str
    number: int
    revision: int
    field: str | None = None
    detail: str = ""
    broke: tuple[str, ...] = ()
    covers: bool = False


@dataclass(eq=False)
class Step:
    """Revision `index` compared with the one before. Rules call `found` and `explain`.

    `areas`: what the signatures of earlier steps draw over, by page and widget; it grows from step to step."""

    index: int
    before: PdfFile
    after: PdfFile
    changed: frozenset[int]
    references: References
    items: list[ChangeItem] = field(default_factory=list)
    explained: set[int] = field(default_factory=set)
    areas: dict[int, dict[int, float]] = field(default_factory=dict)

    def found(
        self,
        kind: Changes,
        what: str,
        number: int = -1,
        field: str | None = None,
        detail: str = "",
        *,
        covers: bool = False,
    ) -> None:
        """Note a change; the same change is noted once."""
        item = ChangeItem(kind, what, number, self.index, field, detail, covers=covers)
        if item not in self.items:
            self.items.append(item)

    def explain(self, *values: object) -> None:
        """A rule has looked at all of these objects (references; other values are ignored).

        Only what the revision before referred to may be given: a new reference may lead to any old object.
        """
        self.explained.update(value.num for value in values if isinstance(value, Ref))

    def explain_unshared(self, *values: object, within: tuple[object, ...] = ()) -> None:
        """The same for objects whose content the rule does not look at: only while nobody else uses them.

        `within`: what they stand in. Who else uses that, as a font or as a drawing, uses them as well.
        """
        if not any(self.shared(each) for each in within):
            self.explained.update(v.num for v in values if isinstance(v, Ref) and not self.shared(v))

    def shared(self, value: object) -> bool:
        """Whether more than one place refers to the object that this reference names."""
        if isinstance(value, Ref) and value.num in self._used:
            return self._used[value.num]
        return isinstance(value, Ref) and self.references.shared(value.num)

    @cached_property
    def _used(self) -> dict[int, bool]:
        """Whether anything else uses the catalog and the form."""
        root, form = self.before.trailer.get("Root"), self.before.catalog.get("AcroForm")
        owner = root.num if isinstance(root, Ref) else TRAILER
        owned = ((root, TRAILER), (form, owner))
        return {
            each.num: self.references.used_besides(self.before, each.num, its_owner)
            for each, its_owner in owned
            if isinstance(each, Ref)
        }

    def touched(self, value: object) -> bool:
        """Whether the object that this reference names was written again."""
        return isinstance(value, Ref) and value.num in self.changed

    def rewritten(self, value: object) -> bool:
        """Whether the object that this reference names was written again, and says something else now."""
        if not isinstance(value, Ref) or value.num not in self.changed:
            return False
        return not self.same(self.before.get(value.num), self.after.get(value.num))

    def is_new(self, num: int) -> bool:
        """Whether there was no such object before."""
        entry = self.before.entry(num)
        return entry is None or entry.kind == "f"

    def stood(self, num: int) -> bool:
        """Whether there was such an object in the first view that was compared, and it says the same since."""
        return not (self.is_new(num) or num in self.references.written or self.rewritten(Ref(num)))

    def generation_changed(self, num: int) -> bool:
        """Whether an object that was and is in use has another generation now (in object streams: 0)."""
        before, after = self.before.entry(num), self.after.entry(num)
        if before is None or after is None or "f" in (before.kind, after.kind):
            return False
        return _generation(before) != _generation(after)

    @cached_property
    def old_fields(self) -> tuple[FormField, ...]:
        return form_fields(self.before, pages=False)

    @cached_property
    def new_fields(self) -> tuple[FormField, ...]:
        return form_fields(self.after, pages=False)

    def same(self, old: Any, new: Any) -> bool:
        """Whether two values say the same, whether written directly or by reference.

        Equal references are the same: what they name is judged by itself. Gives up (False) on huge values.
        """
        stack = [(old, new)]
        compared = 0
        while stack:
            a, b = stack.pop()
            compared += 1
            if compared > _MOST_COMPARED:
                return False
            if isinstance(a, Ref) and a == b:
                continue
            a, b = self.before.resolve(a), self.after.resolve(b)
            if isinstance(a, dict) and isinstance(b, dict):
                if a.keys() != b.keys():
                    return False
                stack.extend((a[key], b[key]) for key in a)
            elif isinstance(a, list) and isinstance(b, list):
                if len(a) != len(b):
                    return False
                stack.extend(zip(a, b, strict=True))
            elif isinstance(a, Stream) and isinstance(b, Stream):
                if not self.before.same_bytes(a, self.after, b):
                    return False
                stack.append((a.dict, b.dict))
            elif isinstance(a, bytes) and isinstance(b, bytes):
                if a != b:  # in parentheses or in hexadecimal, it is the same string
                    return False
            elif type(a) is not type(b) or a != b:
                return False
        return True

    def differing(self, old: dict[str, Any], new: dict[str, Any]) -> list[str]:
        """The keys whose values are not the same in both dictionaries."""
        return [key for key in sorted({*old, *new}) if not self.same(old.get(key), new.get(key))]


def _generation(entry: Entry) -> int:
    return entry.extra if entry.kind == "n" else 0


Rule = Callable[[Step], None]
