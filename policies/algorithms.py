"""Signature algorithms that the service makes (TT 15/2025/TT-BKHCN, PL I; EN 319 142-1; ETSI TS 119 312)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    RSA_PKCS1V15 = "rsa-pkcs1v15"
    RSA_PSS = "rsa-pss"
    ECDSA = "ecdsa"


class Digest(StrEnum):
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


@dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """A scheme with its digest. RSA keys are 2048–4096 bits, ECDSA keys on P-256 or P-384."""

    scheme: Scheme = Scheme.RSA_PKCS1V15
    digest: Digest = Digest.SHA256

    def __str__(self) -> str:
        return f"{self.scheme}-{self.digest}"


DEFAULT = SignatureAlgorithm()

RSA_BITS = range(2048, 4096 + 1)
CURVES = {"secp256r1": Digest.SHA256, "secp384r1": Digest.SHA384}
"""Curves that may sign, each with the digest of its own strength."""

OUTDATED_DIGESTS = frozenset({"md5", "sha1"})
"""Hashes that no new signature and no certificate of a new signature may rest on."""

DIGEST_BYTES = {Digest.SHA256: 32, Digest.SHA384: 48, Digest.SHA512: 64}
