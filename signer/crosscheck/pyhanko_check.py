"""pyHanko's opinion on our own output, in the background while the object is in quarantine.

pyHanko is known to fail on some good files (deep outlines, some roots) and to accept some bad ones (bytes
after the last %%EOF): it is a third opinion, never the deciding one. Revocation is not asked of it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from asn1crypto import x509
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.validation import async_validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext

from signer.crosscheck.pyhanko_opinion import PyhankoSignature, PyhankoVerdict

MAX_FILE = 100 << 20
"""Its difference analysis keeps every stream that it meets: a larger file would not fit a worker."""
_RECURSION = 5000


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
