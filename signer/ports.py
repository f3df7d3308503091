"""The ports of the room: contracts in prose. Twins that fail on command stand beside the adapters."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol, runtime_checkable

from policies.algorithms import SignatureAlgorithm


class SigningKey(Protocol):
    """A private key with its certificate chain, checked once at load.

    `certificate` and `chain` are DER; `chain` excludes the signer and goes up to, not necessarily with, the
    root. `sign` takes the digest of the signed attributes (already hashed with `algorithm.digest`) and
    returns the raw signature value (RSA block, or DER `Ecdsa-Sig-Value`). It is safe to call from several
    threads. It raises `SigningRefused` when the key must not be used, `SignerUnavailable` when the device
    does not answer; after an error the caller must assume that the key may have been used.

    A key whose maker verifies each value before it gives it may say so by an attribute `proves`, which is True; of any
    other the caller verifies it.
    """

    @property
    def certificate(self) -> bytes: ...

    @property
    def chain(self) -> tuple[bytes, ...]: ...

    @property
    def algorithm(self) -> SignatureAlgorithm: ...

    def sign(self, digest: bytes) -> bytes: ...


class KeySession(Protocol):
    """What one process of a batch signs with: a key that is open, and the clock of the claimed times (aware).

    `close` ends it; nothing of it is used afterwards.
    """

    @property
    def key(self) -> SigningKey: ...

    def clock(self) -> datetime: ...

    def close(self) -> None: ...


class TimestampAuthority(Protocol):
    """RFC 3161. One call asks the authority once for one imprint (unless nothing was sent).

    `token` returns a DER `TimeStampToken` whose imprint, nonce, certificate and EKU were checked against the
    request. It raises `TimestampRefused` when the answer is wrong and `TimestampUnavailable` when there is
    none within the limit. `reserve` is the number of bytes to keep free in `/Contents` for one token. `close`
    ends what is under way with `TimestampUnavailable`.
    """

    @property
    def name(self) -> str: ...

    @property
    def reserve(self) -> int: ...

    def token(self, imprint: bytes, digest: str) -> bytes: ...

    def close(self) -> None: ...


class RevocationSource(Protocol):
    """Fresh revocation material for one certificate, as DER; parsing and judging is the caller's.

    `ocsp` returns an OCSPResponse, `crl` a CertificateList; either may be None when the certificate names no
    such service. Raises `RevocationUnavailable` when a named service gave no answer in time. `at` is now.
    """

    def ocsp(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None: ...

    def crl(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None: ...


class CertificateSource(Protocol):
    """The certificate of an issuer that a signature leaves out: DER of one certificate, or of a SignedData that holds
    some (`application/pkcs7-mime`); parsing and judging is the caller's.

    `addresses` are those that the certificate below it names, in its order: anybody may have written them. None when
    none of them may be asked. Raises `RevocationUnavailable` when one that may gave no answer in time. `at` is now.
    """

    def issuer(self, addresses: tuple[str, ...], at: datetime) -> bytes | None: ...


@runtime_checkable
class KeepingRevocationSource(RevocationSource, Protocol):
    """A source that keeps answers for a while and says so.

    `fresh` is the same source asking anew. `keeps` tells whether the next answer about this certificate would be a
    kept one: when it settles nothing, it is worth asking anew.
    """

    def fresh(self) -> RevocationSource: ...

    def keeps(self, certificate: bytes, issuer: bytes) -> bool: ...
