"""What validation needs of the document: claimed times, security store, permissions.

The border to `signer.document`: everything here is a fact about bytes, nothing is judged.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from signer.document.reader import PdfFile, Stream
from signer.document.revisions import SignatureField
from signer.errors import DocumentRefused
from signer.trust.crl import MAX_CRL
from signer.validation.values import Evidence

_MOST_MATERIAL = 1000
_MOST_MATERIAL_BYTES = 128 << 20
_MOST_IMAGE_PAGES = 50
_MOST_STATED = 200
_DATE = re.compile(
    rb"(?:D:)?(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d))?)?)?)?)?"
    rb"(?:(Z)|([+-])(\d\d)(?:'?(\d\d))?)?"
)


def claimed_time(pdf: PdfFile, field: SignatureField) -> datetime | None:
    """/M of the signature dictionary, UTC; None when there is none that can be read (7.9.4)."""
    value = pdf.resolve(field.dict.get("M"))
    return parse_date(value) if isinstance(value, bytes) else None


def parse_date(value: bytes) -> datetime | None:
    """A PDF date as an aware time in UTC; without an offset it is taken as UTC. None when it is none."""
    match = _DATE.match(value)
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    try:
        offset = timedelta(hours=int(match[9] or 0), minutes=int(match[10] or 0))
        zone = timezone(-offset if match[8] == b"-" else offset)
        moment = datetime(year, month or 1, day or 1, hour, minute, min(second, 59), tzinfo=zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def stated_certificates(pdf: PdfFile, field: SignatureField) -> tuple[bytes, ...]:
    """/Cert of the signature dictionary: one byte string or several (ISO 32000-1, 12.8.1, table 252)."""
    try:
        value = pdf.resolve(field.dict.get("Cert"))
        items = value if isinstance(value, list) else [value]
        found = [pdf.resolve(item) for item in items[:_MOST_STATED]]
    except DocumentRefused:
        return ()
    return tuple(bytes(item) for item in found if isinstance(item, bytes))


def security_store(pdf: PdfFile) -> Evidence:
    """The document security store (EN 319 142-1, 5.4.2.2), as far as it can be read within limits."""
    try:
        store = pdf.dictionary(pdf.catalog.get("DSS"))
    except DocumentRefused:
        return Evidence()
    budget = [_MOST_MATERIAL_BYTES]
    return Evidence(
        _streams(pdf, store.get("Certs"), budget),
        _streams(pdf, store.get("OCSPs"), budget),
        _streams(pdf, store.get("CRLs"), budget),
    )


def _streams(pdf: PdfFile, value: Any, budget: list[int]) -> tuple[bytes, ...]:
    found: list[bytes] = []
    try:
        items = pdf.array(value)[:_MOST_MATERIAL]
    except DocumentRefused:
        return ()
    for item in items:
        try:
            stream = pdf.resolve(item)
            if isinstance(stream, Stream):
                data = pdf.stream_data(stream, min(MAX_CRL, budget[0]))
                budget[0] -= len(data)
                found.append(data)
        except DocumentRefused:
            continue
    return tuple(found)


def has_pictures(pdf: PdfFile) -> bool:
    """Does one of the first pages show an image? Only to say carefully that a picture is no signature."""
    try:
        for index in range(min(pdf.page_count, _MOST_IMAGE_PAGES)):
            resources = pdf.dictionary(pdf.page(index).dict.get("Resources"))
            for item in list(pdf.dictionary(resources.get("XObject")).values())[:200]:
                if pdf.dictionary(item).get("Subtype") == "Image":
                    return True
    except DocumentRefused:
        return False
    return False
