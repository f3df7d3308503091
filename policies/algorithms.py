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
