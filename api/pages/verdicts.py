"""From an indication of EN 319 102-1 to a colour and a sentence that an official knows; never by colour alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from policies.vocabulary import Changes, Indication, Integrity
from policies.vocabulary import SubIndication as Sub

Tone = Literal["good", "bad", "unsure", "none"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`key` names the sentence and its explanation in the catalogue of texts."""

    tone: Tone
    key: str


_CERTIFICATE = frozenset({Sub.REVOKED, Sub.EXPIRED, Sub.NOT_YET_VALID})
_ISSUER = frozenset({Sub.NO_CERTIFICATE_CHAIN_FOUND})
_REVOCATION = frozenset({Sub.TRY_LATER, Sub.REVOKED_NO_POE, Sub.REVOKED_CA_NO_POE})
_TIME = frozenset({Sub.NO_POE, Sub.OUT_OF_BOUNDS_NO_POE, Sub.OUT_OF_BOUNDS_NOT_REVOKED})


def verdict(
    indication: Indication,
    sub_indication: Sub | None = None,
    integrity: Integrity = Integrity.UNKNOWN,
    changes: Changes = Changes.NONE,
) -> Verdict:
    """The words for one signature, or for a document by its worst signature."""
    if indication is Indication.TOTAL_PASSED:
        return Verdict("good", "valid")
    if indication is Indication.NO_SIGNATURE:
        return Verdict("none", "unsigned")
    if indication is Indication.TOTAL_FAILED:
        return Verdict("bad", _why_failed(sub_indication, integrity, changes))
    return Verdict("unsure", _why_unknown(sub_indication, changes))


def _why_failed(sub: Sub | None, integrity: Integrity, changes: Changes) -> str:
    if sub in _CERTIFICATE:
        return "certificate"
    altered = integrity is Integrity.BROKEN or changes is Changes.FORBIDDEN or sub is Sub.HASH_FAILURE
    return "altered" if altered else "broken"


def _why_unknown(sub: Sub | None, changes: Changes) -> str:
    if sub in _ISSUER:
        return "issuer"
    if sub is Sub.CERTIFICATE_CHAIN_GENERAL_FAILURE:
        return "overdue"
    if sub in _REVOCATION:
        return "revocation"
    if sub in _TIME:
        return "time"
    if sub is Sub.SIG_CONSTRAINTS_FAILURE and changes in (Changes.SUSPICIOUS, Changes.ANNOTATIONS):
        return "changed"
    return "unknown"
