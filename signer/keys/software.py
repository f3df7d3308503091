"""A private key in this process's memory, checked once when it is made."""

from __future__ import annotations

from dataclasses import dataclass, field

from policies.algorithms import DEFAULT, Scheme, SignatureAlgorithm
from signer.keys import checks, primitives


@dataclass(frozen=True)
class SoftwareKey:
    """A `SigningKey` over a key held in memory. Safe for several threads.

    Raises `SigningRefused` at construction: unreadable or mismatched certificate, weak key, scheme that does
    not fit. Nothing is checked per signature.
    """

    private_key: primitives.PrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)
    chain: tuple[bytes, ...] = field(default=(), repr=False)
    algorithm: SignatureAlgorithm = DEFAULT

    def __post_init__(self) -> None:
        checks.check_at_load(self.certificate, self.chain, self.private_key.public_key(), self.algorithm)

    @property
    def proves(self) -> bool:
        """OpenSSL verifies what it made with an RSA key before it gives it (against faults of the CRT), not so
        with ECDSA; that key and certificate belong together was checked at load."""
        return self.algorithm.scheme is not Scheme.ECDSA

    def sign(self, digest: bytes) -> bytes:
        """Signature value over a ready digest (contract: `signer.ports.SigningKey`)."""
        return primitives.sign(self.private_key, self.algorithm, digest)
