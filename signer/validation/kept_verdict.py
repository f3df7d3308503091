"""A verdict as the archive keeps it: by which policy and trust it was found, when, and on which material.

What was used and does not stand in the file goes with it, so that whoever reads the record later judges the same bytes
by the same answers (EN 319 102-1, 4.2.10: the validation report and what it rests on).
"""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Iterable
from datetime import UTC
from typing import Any

from policies.vocabulary import Level
from signer.validation.pieces import pieces
from signer.validation.values import DocumentReport, Evidence

MOST_BYTES = 128 << 10
"""Of answers in one record. A longer list stands there by its digest; the B-LT version that follows carries it."""


def as_kept(report: DocumentReport) -> dict[str, Any]:
    """For a version's record: times in ISO 8601, UTC; digests in hex; `der` (base64) of each answer on revocation a
    file that does not carry them all, the shorter ones first."""
    carried = all(each.level is Level.B_LT for each in report.signatures)
    bytes_of = _fitting(() if carried else (*report.evidence.ocsp, *report.evidence.crls))
    return {
        "at": report.at.astimezone(UTC).isoformat(),
        "policy": report.policy.identifier,
        "policy_sha256": report.policy.fingerprint.hex(),
        "trust": report.trust_label,
        "used": [
            {"kind": piece.kind, "sha256": piece.sha256, **bytes_of.get(piece.sha256, {})}
            for piece in pieces(report)
        ],
    }


def answers_of(kept: dict[str, Any]) -> Evidence:
    """The answers that a record carries, for judging its document again. Raises ValueError for another shape, or bytes
    that are not those that were named."""
    found: dict[str, list[bytes]] = {"ocsp": [], "crl": []}
    try:
        for piece in kept["used"]:
            if "der" in piece:
                found[piece["kind"]].append(_named(piece))
    except (KeyError, TypeError, AttributeError, Base64Error) as exc:
        raise ValueError("not a verdict as it is kept") from exc
    return Evidence(ocsp=tuple(found["ocsp"]), crls=tuple(found["crl"]))


def _fitting(answers: Iterable[bytes]) -> dict[str, dict[str, str]]:
    room, found = MOST_BYTES, {}
    for der in sorted(answers, key=len):
        if len(der) > room:
            break
        room -= len(der)
        found[hashlib.sha256(der).hexdigest()] = {"der": b64encode(der).decode("ascii")}
    return found


def _named(piece: dict[str, Any]) -> bytes:
    der = b64decode(piece["der"], validate=True)
    if hashlib.sha256(der).hexdigest() != piece["sha256"]:
        raise ValueError("not the bytes that were named")
    return der
