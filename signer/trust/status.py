"""What an OCSP response or a CRL says about one certificate, if it may say anything (RFC 6960, RFC 5280).

Whether an answer is fresh enough for a moment is `signer.validation.revocation_freshness`'s question.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from policies.validation import AlgorithmFacts
from signer.trust.certificates import Certificate


class Kind(StrEnum):
    OCSP = "ocsp"
    CRL = "crl"


@dataclass(frozen=True, slots=True)
class Answer:
    """One authentic statement about one certificate. Times are aware, UTC.

    `revoked_at` is None for "good". `covers_expired_since`: the issuer keeps the status of certificates
    that expired after that (archive cut-off; expiredCertsOnCRL). `signer` made the answer. `invalid_since`: when the
    key is known or suspected to have been compromised, where the issuer says so (RFC 5280, 5.3.2). `doubt`: why
    (vi, en) a "revoked" does not count as such, and lets no other answer say "good" either.
    """

    kind: Kind
    der: bytes
    this_update: datetime
    next_update: datetime | None
    produced_at: datetime
    revoked_at: datetime | None
    reason: str
    covers_expired_since: datetime | None
    signer: Certificate
    algorithm: AlgorithmFacts
    invalid_since: datetime | None = None
    doubt: tuple[str, str] | None = None

    @property
    def doubtful_since(self) -> datetime | None:
        """From when on the certificate vouches for nothing: revoked, or suspected before that. None for "good"."""
        if self.revoked_at is None or self.invalid_since is None:
            return self.revoked_at
        return min(self.revoked_at, self.invalid_since)


class AnswerUnusable(Exception):
    """It is about this certificate (or may be) and must not be used. Sentences in both languages."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.vi = vi
        self.en = en


class NotSignedByIssuer(AnswerUnusable):
    """Neither the issuer nor a responder of its choice made it."""

    def __init__(self) -> None:
        super().__init__("không phải do nơi cấp chứng thư ký", "it is not signed by the certificate's issuer")


class UnknownCritical(AnswerUnusable):
    """It carries a critical extension that is not understood here."""

    def __init__(self) -> None:
        super().__init__("có phần mở rộng bắt buộc không biết", "it has an unknown critical extension")
