"""RSASSA-PSS: what a signature was made with, and what its key demands (RFC 4055, 1.2, 3.1 and 3.3).

A key that is announced as id-RSASSA-PSS makes no other signatures. Where it carries parameters, digest and mask of each
signature are the key's, and the salt is as long at least; without parameters every PSS signature is good.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from asn1crypto import keys

from signer.trust.unreadable import MALFORMED, Unreadable


@dataclass(frozen=True, slots=True)
class Parameters:
    """Names are asn1crypto's; `mask` is the digest of MGF1."""

    digest: str
    mask: str
    salt: int


@dataclass(frozen=True, slots=True)
class Restriction:
    """A key for PSS alone; `parameters` is None where it demands nothing more."""

    parameters: Parameters | None

    def permits(self, used: Parameters | None) -> bool:
        """Whether a signature with these parameters (None: no PSS signature) may be this key's."""
        wanted = self.parameters
        if used is None or wanted is None:
            return used is not None
        return (used.digest, used.mask) == (wanted.digest, wanted.mask) and used.salt >= wanted.salt


def parameters(found: Any) -> Parameters:
    """RSASSA-PSS-params as asn1crypto reads them. Raises `Unreadable`: MGF1 and the usual trailer are all we know."""
    try:
        mask = found["mask_gen_algorithm"]
        if mask["algorithm"].native != "mgf1" or found["trailer_field"].native != "trailer_field_bc":
            raise Unreadable("RSASSA-PSS parameters")
        return Parameters(
            str(found["hash_algorithm"]["algorithm"].native),
            str(mask["parameters"]["algorithm"].native),
            int(found["salt_length"].native),
        )
    except MALFORMED as exc:
        raise Unreadable("RSASSA-PSS parameters") from exc


@lru_cache(maxsize=512)
def restriction(public_key: bytes) -> Restriction | None:
    """Of a DER SubjectPublicKeyInfo; None for a key that is not for PSS alone. Raises `Unreadable`."""
    try:
        algorithm = keys.PublicKeyInfo.load(public_key, strict=True)["algorithm"]
        if algorithm["algorithm"].native != "rsassa_pss":
            return None
        found = algorithm["parameters"]
        absent = not found.dump()
    except MALFORMED as exc:
        raise Unreadable("public key") from exc
    return Restriction(None if absent else parameters(found))
