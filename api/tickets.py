"""What a check found, handed to the browser that asked: it brings the result back for a sealed report of it.

So nothing of an upload is kept here, any process can seal what another found, and the report says exactly what the
page said. Only what this service handed out comes back in: it carries a code under a key of the deployment's own.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import zlib
from collections.abc import Iterable
from datetime import datetime, timedelta

from policies.reasons import reporting as reasons
from signer import wire
from signer.document.pdfa.report import PdfaReport
from signer.errors import SigningRefused
from signer.reporting.values import ReportedFile
from signer.validation.values import DocumentReport, Evidence

PURPOSE = b"antin report ticket 1"
LIFETIME = timedelta(days=1)
SKEW = timedelta(minutes=5)  # between the clocks of two processes
LONGEST = 900_000  # characters: what comes back in a form is held in memory (`api.limits`)
EVIDENCE = 384 << 10  # bytes: what a page can carry; of the rest, the report has the digests
MOST_UNPACKED = 8 << 20
_CODE = 32


class Tickets:
    """`secret`: known to every process of the deployment and to nobody else."""

    def __init__(self, secret: bytes) -> None:
        self._key = hmac.digest(secret, PURPOSE, "sha256")

    def issue(self, file: ReportedFile, report: DocumentReport, conformity: PdfaReport | None = None) -> str:
        """The result as text for a form; large revocation lists in it are left to their digests. Empty when the
        rest is too much for a page."""
        kept = dataclasses.replace(report, evidence=_within(report.evidence), needs=())
        signatures = tuple(dataclasses.replace(each, evidence=Evidence()) for each in kept.signatures)
        told = file, dataclasses.replace(kept, signatures=signatures), conformity
        packed = zlib.compress(wire.dumps(told).encode(), 9)
        ticket = base64.urlsafe_b64encode(self._code(packed) + packed).decode("ascii")
        return ticket if len(ticket) <= LONGEST else ""

    def redeem(self, ticket: str, at: datetime) -> tuple[ReportedFile, DocumentReport, PdfaReport | None]:
        """What was issued. Raises SigningRefused TICKET_UNUSABLE for one that is not ours, or is old."""
        try:
            data = base64.b64decode(ticket.encode("ascii"), altchars=b"-_", validate=True)
        except ValueError as exc:
            raise SigningRefused(reasons.TICKET_UNUSABLE) from exc
        code, packed = data[:_CODE], data[_CODE:]
        if not hmac.compare_digest(code, self._code(packed)):
            raise SigningRefused(reasons.TICKET_UNUSABLE)
        try:
            file, report, conformity = wire.loads(zlib.decompressobj().decompress(packed, MOST_UNPACKED))
        except ValueError as exc:  # of another release, whose values were others
            raise SigningRefused(reasons.TICKET_UNUSABLE) from exc
        if not -SKEW <= at - report.at <= LIFETIME:
            raise SigningRefused(reasons.TICKET_UNUSABLE)
        return file, report, conformity

    def _code(self, packed: bytes) -> bytes:
        return hmac.digest(self._key, hashlib.sha256(packed).digest(), "sha256")


def _within(evidence: Evidence) -> Evidence:
    room = [EVIDENCE]
    certificates = _fitting(evidence.certificates, room)
    return Evidence(certificates, _fitting(evidence.ocsp, room), _fitting(evidence.crls, room))


def _fitting(items: Iterable[bytes], room: list[int]) -> tuple[bytes, ...]:
    kept = []
    for item in items:
        if len(item) <= room[0]:
            room[0] -= len(item)
            kept.append(item)
    return tuple(kept)
