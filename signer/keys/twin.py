"""The twin of a signing key: the real one, or any failure that a device has shown, on command."""

from __future__ import annotations

import threading
from collections import deque
from enum import StrEnum

from policies.algorithms import SignatureAlgorithm
from policies.reasons import signing as reasons
from signer.errors import SignerUnavailable, SigningRefused
from signer.ports import SigningKey


class Failure(StrEnum):
    """What the next use of the key does."""

    REFUSES = "refuses"
    DIES = "dies"  # before it signed
    DIES_AFTER_SIGNING = "dies-after-signing"  # the key was used, and nobody has the value
    WRONG_SIGNATURE = "wrong-signature"
    EMPTY_SIGNATURE = "empty-signature"


class FailingSigningKey:
    """A `SigningKey` around another that obeys `fail_next`. `used` counts how often the key really signed."""

    def __init__(self, inner: SigningKey) -> None:
        self.inner = inner
        self.used = 0
        self._failures: deque[Failure] = deque()
        self._lock = threading.Lock()

    @property
    def certificate(self) -> bytes:
        return self.inner.certificate

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self.inner.chain

    @property
    def algorithm(self) -> SignatureAlgorithm:
        return self.inner.algorithm

    def fail_next(self, *failures: Failure) -> None:
        """The coming uses fail like this, one each; then all is well again."""
        self._failures.extend(failures)

    def sign(self, digest: bytes) -> bytes:
        """The value, or the commanded failure."""
        with self._lock:
            failure = self._failures.popleft() if self._failures else None
            if failure is Failure.REFUSES:
                raise SigningRefused(reasons.KEY_REFUSED, cause="PIN")
            if failure is Failure.DIES:
                raise SignerUnavailable("the key device does not answer")
            self.used += 1
        value = self.inner.sign(digest)
        if failure is Failure.DIES_AFTER_SIGNING:
            raise SignerUnavailable("the key device was lost while it signed")
        if failure is Failure.WRONG_SIGNATURE:
            return value[:-1] + bytes((value[-1] ^ 1,))
        return b"" if failure is Failure.EMPTY_SIGNATURE else value
