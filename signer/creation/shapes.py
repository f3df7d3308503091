"""Which shapes of documents the native path leaves to pyHanko, and which nobody signs.

A *rule* (a field that is missing, signed or locked, a certification, a misleading name) refuses the signature,
whoever would write it. A *shape* is how the bytes are made: what the native path does not write, pyHanko may, as
long as our reader and pyHanko's find the same document in them.
"""

from __future__ import annotations

from enum import StrEnum

from policies.reasons import document as reasons
from signer.document.history import History, after_end
from signer.document.reader import PdfFile


class SigningPath(StrEnum):
    """Who writes the revision: the native path, the general one over the whole object model, pyHanko; or nobody."""

    NATIVE = "native"
    GENERAL = "general"
    PYHANKO = "pyhanko"
    REFUSED = "refused"


class Shape(StrEnum):
    """How a document's bytes are made; `docs/signing-paths.md` says why each goes where it goes."""

    ORDINARY = "ordinary"
    NOT_ADMITTED = "not-admitted"
    ENCRYPTED = "encrypted"
    BLANK_END = "blank-end"
    FOREIGN_END = "foreign-end"
    UNFORESEEN = "unforeseen"
    HIDDEN_END = "hidden-end"
    BROKEN_CHAIN = "broken-chain"
    DAMAGED = "damaged"
    UNKNOWN_ENCRYPTION = "unknown-encryption"
    BEYOND_LIMITS = "beyond-limits"

    @property
    def path(self) -> SigningPath:
        """Who writes the revision behind a document of this shape."""
        return _PATHS.get(self, SigningPath.REFUSED)


_PATHS = {
    Shape.ORDINARY: SigningPath.NATIVE,
    Shape.NOT_ADMITTED: SigningPath.GENERAL,
    Shape.ENCRYPTED: SigningPath.PYHANKO,
    Shape.BLANK_END: SigningPath.PYHANKO,
    Shape.FOREIGN_END: SigningPath.PYHANKO,
    Shape.UNFORESEEN: SigningPath.PYHANKO,
}
_BY_FINDING = {
    "trailing-bytes": Shape.FOREIGN_END,
    "hidden-bytes": Shape.HIDDEN_END,
    "no-end-mark": Shape.HIDDEN_END,
}
_BY_REASON = {
    reason.id: shape
    for shape, found in {
        Shape.ENCRYPTED: (reasons.ENCRYPTED,),
        Shape.UNKNOWN_ENCRYPTION: (reasons.ENCRYPTION_UNSUPPORTED,),
        Shape.DAMAGED: (
            reasons.EMPTY,
            reasons.NOT_PDF,
            reasons.CUT_IN_HALF,
            reasons.MALFORMED,
            reasons.STREAM_DAMAGED,
            reasons.XREF_DAMAGED,
            reasons.XREF_LOOP,
            reasons.OBJECT_MISMATCH,
            reasons.WRONG_TYPE,
            reasons.FORM_TREE_BROKEN,
            reasons.FORM_UNSUPPORTED,
        ),
        Shape.BEYOND_LIMITS: (
            reasons.BOMB,
            reasons.NESTED_TOO_DEEP,
            reasons.OBJECT_TOO_LARGE,
            reasons.TOO_MANY_OBJECTS,
            reasons.TOO_MANY_REVISIONS,
            reasons.PAGE_TREE_TOO_DEEP,
            reasons.TOO_MANY_PAGES,
            reasons.TOO_LARGE,
        ),
        Shape.UNFORESEEN: (reasons.PARSER_FAILED,),
    }.items()
    for reason in found
}

GAVE_UP = frozenset((reasons.PARSER_FAILED.id, reasons.PARSER_KILLED.id, reasons.TOO_SLOW.id))
"""What the sandbox says when a task ended without an answer of its own."""


def shape_refused(reason_id: str) -> Shape | None:
    """The shape that a refusal speaks of; None when it is a rule, which no other path may pass by."""
    return _BY_REASON.get(reason_id)


def shape_of(pdf: PdfFile) -> Shape:
    """The shape of a file that our reader opened. Raises `DocumentRefused` when its revisions overlap."""
    findings = {_BY_FINDING.get(found.id, Shape.BROKEN_CHAIN) for found in History(pdf).findings}
    for shape in (Shape.BROKEN_CHAIN, Shape.HIDDEN_END):
        if shape in findings:
            return shape
    if any("Encrypt" in section.trailer for section in pdf.sections):
        return Shape.ENCRYPTED
    if Shape.FOREIGN_END in findings:
        return Shape.FOREIGN_END
    return Shape.BLANK_END if pdf.eof != pdf.size and not after_end(pdf) else Shape.UNFORESEEN
