"""Until when a revocation answer may be kept: only one that is authentic for its certificate, and only while it says
that it is current (RFC 6960, 4.2.2.1; RFC 5280, 5.1.2.5). A function of bytes, so that a worker can be asked."""

from __future__ import annotations

from datetime import datetime

from signer.trust import crl, ocsp
from signer.trust.certificates import parse
from signer.trust.status import AnswerUnusable
from signer.trust.unreadable import Unreadable


def kept_until(kind: str, body: bytes, certificate: bytes, issuer: bytes) -> datetime | None:
    """nextUpdate of the `ocsp` or `crl` answer about this certificate; None when it is not to be kept. DER in."""
    read = ocsp.answer if kind == "ocsp" else crl.answer
    try:
        answer = read(body, parse(certificate), parse(issuer))
    except (AnswerUnusable, Unreadable):
        return None
    return None if answer is None else answer.next_update
