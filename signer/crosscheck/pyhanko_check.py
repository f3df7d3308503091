"""pyHanko's opinion on our own output, in the background while the object is in quarantine.

pyHanko is known to fail on some good files (deep outlines, some roots) and to accept some bad ones (bytes
after the last %%EOF): it is a third opinion, never the deciding one. Revocation is not asked of it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

MAX_FILE = 100 << 20
"""Its difference analysis keeps every stream that it meets: a larger file would not fit a worker."""
_RECURSION = 5000


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


_WHOLE = SignatureCoverageLevel.ENTIRE_FILE.name
_REVISION = SignatureCoverageLevel.ENTIRE_REVISION.name


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


def check(path: Path, trust: Sequence[bytes], at: datetime) -> PyhankoVerdict:
    """pyHanko's verdict with these DER anchors at the moment `at` (aware). Never raises on account of the file."""
    if path.stat().st_size > MAX_FILE:
        return PyhankoVerdict((), f"larger than {MAX_FILE} bytes")
    roots = [x509.Certificate.load(der) for der in trust]
    try:
        with _deep_recursion(), path.open("rb") as file:
            reader = PdfFileReader(file)
            signatures = [_judged(embedded, roots, at) for embedded in reader.embedded_signatures]
    except Exception as exc:  # noqa: BLE001 (the border to pyHanko: it raises untyped errors on public files)
        return PyhankoVerdict((), f"{type(exc).__name__}: {exc}"[:300])
    return PyhankoVerdict(tuple(signatures))


def _judged(embedded: Any, roots: list[Any], at: datetime) -> PyhankoSignature:
    context = ValidationContext(
        trust_roots=roots,
        moment=at,
        allow_fetching=False,
        revocation_mode="soft-fail",
        weak_hash_algos={"md5"},
    )
    status = asyncio.run(
        async_validate_pdf_signature(
            embedded, signer_validation_context=context, ts_validation_context=context
        )
    )
    stamp = status.timestamp_validity
    return PyhankoSignature(
        field=str(embedded.field_name),
        intact=bool(status.intact),
        valid=bool(status.valid),
        trusted=bool(status.trusted),
        coverage=_name(status.coverage),
        modifications=_name(status.modification_level),
        docmdp_ok=bool(status.docmdp_ok),
        timestamp=None if stamp is None else bool(stamp.intact and stamp.valid and stamp.trusted),
    )


def _name(level: SignatureCoverageLevel | ModificationLevel | None) -> str:
    return "UNKNOWN" if level is None else str(level.name)


@contextmanager
def _deep_recursion() -> Iterator[None]:
    """Its difference analysis recurses along outlines and page trees."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _RECURSION))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
