"""Is this certificate revoked now? Asked of OCSP, then of the CRL, before a key is used. Fails closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from policies.algorithms import OUTDATED_DIGESTS
from signer.errors import RevocationUnavailable
from signer.ports import RevocationSource
from signer.trust import crl, ocsp
from signer.trust.certificates import Certificate
from signer.trust.status import Answer, AnswerUnusable

SKEW = timedelta(minutes=5)
MAX_AGE = timedelta(days=1)
"""How old an answer without nextUpdate may be."""


class Unknown(Exception):
    """Nobody entitled to it said good or revoked; the text says why, in Vietnamese and English."""


def revoked_since(
    certificate: Certificate, issuer: Certificate, at: datetime, source: RevocationSource
) -> datetime | None:
    """None when the certificate is known good at `at`, else since when it is revoked. Raises `Unknown`.

    A suspension (certificateHold) counts as revoked. OCSP goes first; when it gives nothing usable the CRL
    decides.
    """
    if certificate.no_revocation_check or certificate.short_lived:
        return None
    causes: list[str] = []
    for fetch, read in ((source.ocsp, ocsp.answer), (source.crl, crl.answer)):
        try:
            return _revoked_at(_current(fetch, read, certificate, issuer, at))
        except Unknown as exc:
            causes.append(str(exc))
    raise Unknown("; ".join(causes))


def _revoked_at(answer: Answer) -> datetime | None:
    return None if answer.reason == "remove_from_crl" else answer.revoked_at


def _current(
    fetch: Callable[[bytes, bytes, datetime], bytes | None],
    read: Callable[[bytes, Certificate, Certificate], Answer | None],
    certificate: Certificate,
    issuer: Certificate,
    at: datetime,
) -> Answer:
    """The answer of one service, authentic and in force at `at`."""
    try:
        der = fetch(certificate.der, issuer.der, at)
        answer = read(der, certificate, issuer) if der is not None else None
    except RevocationUnavailable as exc:
        raise Unknown("không trả lời / no answer") from exc
    except AnswerUnusable as exc:
        raise Unknown(f"{exc.vi} / {exc.en}") from exc
    if answer is None:
        raise Unknown("không có trả lời về chứng thư này / no answer about it")
    until = answer.next_update or answer.this_update + MAX_AGE
    if not answer.this_update - SKEW <= at <= until:
        raise Unknown("trả lời không còn hiệu lực / the answer is not current")
    if answer.algorithm.digest in OUTDATED_DIGESTS:
        raise Unknown(f"ký bằng {answer.algorithm.digest} / signed with it")
    return answer
