"""The form as one more signature sees it: a flat list of named fields, one of them to be signed.

Nothing is refused here: what a rule forbids is `Unfit` too, so that the other way says which rule.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from policies.layout import TEXT_FIELDS
from signer.creation.native.grammar import Entries, references, remembered, text
from signer.creation.native.locks import Lock, check_earlier, lock_of
from signer.creation.native.reading import NativeFile
from signer.creation.native.unfit import Unfit, Unfitness
from signer.creation.native.written import NAME, NUMBER, REFERENCE, STRING, Written

_MOST_FIELDS = 200
_TEXT_FIELDS = frozenset(TEXT_FIELDS)
_KINDS = (b"/Sig", b"/Tx", b"/Btn", b"/Ch")
# As preparation writes a field, and as a signature or a value changes it.
OWN_FIELD = Written(
    rb"\n",
    {
        b"Type": NAME,
        b"Subtype": NAME,
        b"FT": NAME,
        b"T": STRING,
        b"F": NUMBER,
        b"Rect": rb"\[[-.0-9 ]*+\]",
        b"P": REFERENCE,
        b"MK": rb"<</R \d{1,3}+>>",
        b"TU": STRING,
        b"Lock": REFERENCE,
        b"DA": STRING,
        b"Q": NUMBER,
        b"V": REFERENCE + b"|" + STRING,
        b"AP": b"<</N %b>>" % REFERENCE,
    },
    rb"\nendobj\n",
)


_name = remembered(text)


@dataclass(slots=True)
class Field:
    """One field that is its own widget: its object and its dictionary."""

    num: int
    gen: int
    found: Entries

    @property
    def signed(self) -> bool:
        """Whether it may be a signature field with a value: any kind but the three that are plainly others."""
        return b"V" in self.found and self.found.get(b"FT") not in (b"/Tx", b"/Btn", b"/Ch")

    @property
    def written(self) -> bool:
        """Whether it is a text field with a text. Raises `Unfit` for a value that is no plain string."""
        return bool(text(self.found.get(b"V", b"()")))


def fields_of(file: NativeFile, form: Entries) -> dict[str, Field]:
    """The fields of the form by name. Raises `Unfit` for a form that is more than a flat list."""
    known: dict[str, Field] = {}
    refs = references(form.get(b"Fields", b""))
    if len(refs) > _MOST_FIELDS:
        raise Unfit(Unfitness.MANY_FIELDS)
    for num, gen in refs:
        found = file.dictionary(num, gen, OWN_FIELD)
        name = _name(found.get(b"T", b""))
        if not name or "." in name or name in known or found.get(b"Subtype") != b"/Widget":
            raise Unfit(Unfitness.NESTED_FIELDS)
        if b"Kids" in found or b"Parent" in found or found.get(b"FT") not in _KINDS:
            raise Unfit(Unfitness.NESTED_FIELDS)
        known[name] = Field(num, gen, found)
    return known


def target_of(
    file: NativeFile, known: dict[str, Field], name: str, fills: Set[str] = frozenset()
) -> tuple[Field, Lock | None]:
    """The empty signature field of this name, and its lock, when nothing forbids to sign it and to fill `fills`."""
    target = known.get(name)
    if target is None or target.found.get(b"FT") != b"/Sig" or b"V" in target.found or b"SV" in target.found:
        raise Unfit(Unfitness.RULE)
    touched = (name, *fills)
    for field in known.values():
        if field.signed:
            check_earlier(file, field.found, touched)
    lock = lock_of(file, target.found)
    if lock is not None:
        for empty in _TEXT_FIELDS:
            if empty in known and empty not in fills and lock.covers(empty) and not known[empty].written:
                raise Unfit(Unfitness.RULE)
    return target, lock
