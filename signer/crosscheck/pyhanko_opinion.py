"""pyHanko's opinion as a value. Without pyHanko: the service, which holds keys, reads these and never loads it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_WHOLE, _REVISION = "ENTIRE_FILE", "ENTIRE_REVISION"  # names of pyHanko's SignatureCoverageLevel


class Opinion(StrEnum):
    """NONE: pyHanko failed on the file, or was not asked because of its size."""

    AGREES = "agrees"
    DISAGREES = "disagrees"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PyhankoSignature:
    """What pyHanko reports of one signature; `coverage` and `modifications` are its own names for them.

    `timestamp` is None without a signature time-stamp, else whether that is intact, valid and trusted.
    """

    field: str
    intact: bool
    valid: bool
    trusted: bool
    coverage: str
    modifications: str
    docmdp_ok: bool
    timestamp: bool | None

    @property
    def good(self) -> bool:
        """Intact, valid, trusted, and nothing but permitted changes after it."""
        return (
            (self.intact and self.valid and self.trusted and self.docmdp_ok)
            and self.coverage in (_WHOLE, _REVISION)
            and self.modifications in ("NONE", "LTA_UPDATES", "FORM_FILLING")
            and self.timestamp is not False
        )


@dataclass(frozen=True, slots=True)
class PyhankoVerdict:
    """All signatures in file order; `failure` names the exception when pyHanko gave up."""

    signatures: tuple[PyhankoSignature, ...]
    failure: str | None = None

    @property
    def opinion(self) -> Opinion:
        """Agreement needs a signature, all of them good, and the newest over the whole file."""
        if self.failure is not None:
            return Opinion.NONE
        whole = bool(self.signatures) and self.signatures[-1].coverage == _WHOLE
        agreed = whole and all(signature.good for signature in self.signatures)
        return Opinion.AGREES if agreed else Opinion.DISAGREES

    @property
    def agrees(self) -> bool:
        """It does not contradict us: it agrees, or had no opinion (`failure` says why)."""
        return self.opinion is not Opinion.DISAGREES

    @property
    def summary(self) -> str:
        """One line for the operator."""
        if self.failure is not None:
            return f"no opinion ({self.failure})"
        rows = [_row(signature) for signature in self.signatures]
        return f"{self.opinion}: " + ("; ".join(rows) or "no signature found")


def _row(signature: PyhankoSignature) -> str:
    words = [
        word
        for word, holds in (
            ("intact", signature.intact),
            ("valid", signature.valid),
            ("trusted", signature.trusted),
            ("docmdp", signature.docmdp_ok),
        )
        if not holds
    ]
    if signature.timestamp is False:
        words.append("timestamp")
    state = "good" if signature.good else "not " + "/".join(words or ["permitted changes"])
    return f"{signature.field}: {state}, {signature.coverage}, {signature.modifications}"
