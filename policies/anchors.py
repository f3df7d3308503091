"""Anchors that are known by fingerprint, from the rows of `anchors.toml`. The certificates themselves are brought by
who runs the service, from their issuer; whatever has another fingerprint is not the one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from policies.vocabulary import TrustDomain

_SHA256 = re.compile(r"[0-9A-Fa-f]{64}")


class AnchorRole(StrEnum):
    """What a certificate of the store is for: to be believed, or only to help to build paths (RFC 5280, 6.1)."""

    ANCHOR = "anchor"
    INTERMEDIATE = "intermediate"


@dataclass(frozen=True, slots=True)
class KnownAnchor:
    """One certificate by the SHA-256 of its DER (lower-case hexadecimal). `confidence`: how sure the fingerprint is."""

    sha256: str
    name: str
    domain: TrustDomain
    role: AnchorRole
    published: str
    confidence: str


def known_anchors(rows: Iterable[Mapping[str, Any]]) -> dict[str, KnownAnchor]:
    """The table, by fingerprint. ValueError names the row and what is wrong with it."""
    found: dict[str, KnownAnchor] = {}
    for row in rows:
        made = _anchor(row)
        if made.sha256 in found:
            raise ValueError(f"anchor {made.sha256} is there twice")
        found[made.sha256] = made
    return found


def fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as people write it (colons, spaces, capitals) in its one form. ValueError for others."""
    plain = re.sub(r"[\s:]", "", text)
    if not _SHA256.fullmatch(plain):
        raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits")
    return plain.lower()


def _anchor(row: Mapping[str, Any]) -> KnownAnchor:
    name = row.get("name", "?")
    if set(row) != set(KnownAnchor.__slots__):
        raise ValueError(f"anchor {name}: keys are {', '.join(KnownAnchor.__slots__)}")
    if not all(isinstance(value, str) and value.strip() for value in row.values()):
        raise ValueError(f"anchor {name}: every value is a text")
    try:
        return KnownAnchor(
            fingerprint(row["sha256"]),
            name,
            TrustDomain(row["domain"]),
            AnchorRole(row["role"]),
            row["published"],
            row["confidence"],
        )
    except ValueError as exc:
        raise ValueError(f"anchor {name}: {exc}") from exc
