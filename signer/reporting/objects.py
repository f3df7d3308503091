"""The evidence of a report (TS 119 102-2, 4.4.3), each piece under an identifier made of its kind and digest."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from signer.reporting import uris
from signer.validation.values import ChainFacts, DocumentReport, SignatureReport, TimestampFacts

FILE = "file"
_PREFIX = {uris.CERTIFICATE: "C", uris.OCSP: "O", uris.CRL: "L", uris.TIMESTAMP: "T"}
_ANSWERS = {"ocsp": uris.OCSP, "crl": uris.CRL}


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece: kind, SHA-256 in hex, DER (None: only the digest is known); of a time-stamp also how it was judged,
    and in which signature it stands."""

    identifier: str
    kind: str
    sha256: str
    der: bytes | None
    stamp: TimestampFacts | None = None
    signature: SignatureReport | None = None


class Objects:
    """All evidence of one report. Same bytes, same identifier, in this and in every other report.

    Certificates, answers and tokens come before lists, which may be large.
    """

    def __init__(self, report: DocumentReport) -> None:
        self._pieces: dict[str, Piece] = {}
        for der in report.evidence.certificates:
            self._put(uris.CERTIFICATE, der)
        for der in report.evidence.ocsp:
            self._put(uris.OCSP, der)
        for each in report.signatures:
            if each.timestamp is not None and each.timestamp.token:
                self._put(uris.TIMESTAMP, each.timestamp.token, each.timestamp, each)
        for der in report.evidence.crls:
            self._put(uris.CRL, der)
        for each in report.signatures:
            self._mention(each.chain)
            self._mention(each.timestamp.chain if each.timestamp else None)

    def __iter__(self) -> Iterator[Piece]:
        return iter(self._pieces.values())

    def certificate(self, fingerprint: str) -> str:
        """Identifier of the certificate with this SHA-256."""
        return self._named(uris.CERTIFICATE, fingerprint)

    def answer(self, kind: str, sha256: str) -> str:
        """Identifier of a revocation answer, `ocsp` or `crl`."""
        return self._named(_ANSWERS[kind], sha256)

    def token(self, stamp: TimestampFacts | None) -> str | None:
        """Identifier of a time-stamp; None when there is none."""
        if stamp is None or not stamp.token:
            return None
        return _identifier(uris.TIMESTAMP, hashlib.sha256(stamp.token).hexdigest())

    def _put(
        self,
        kind: str,
        der: bytes,
        stamp: TimestampFacts | None = None,
        signature: SignatureReport | None = None,
    ) -> None:
        sha256 = hashlib.sha256(der).hexdigest()
        identifier = _identifier(kind, sha256)
        self._pieces.setdefault(identifier, Piece(identifier, kind, sha256, der, stamp, signature))

    def _mention(self, chain: ChainFacts | None) -> None:
        """Whatever a path names has an entry, be it a digest alone."""
        if chain is None:
            return
        for step in chain.path:
            self.certificate(step.fingerprint)
        for each in chain.answers:
            self.certificate(each.certificate)
            self.answer(each.kind, each.answer)

    def _named(self, kind: str, sha256: str) -> str:
        identifier = _identifier(kind, sha256)
        self._pieces.setdefault(identifier, Piece(identifier, kind, sha256, None))
        return identifier


def _identifier(kind: str, sha256: str) -> str:
    return f"{_PREFIX[kind]}-{sha256}"
