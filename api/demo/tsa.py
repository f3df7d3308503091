"""The demo time-stamp authority: one RFC 3161 request in, one response out."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime

from asn1crypto import tsp

from api.demo.pki import DemoPki
from signer import der
from signer.creation import cms

POLICY = "1.3.6.1.4.1.99999.1"  # under no registered arc: this authority vouches for nothing
MAX_REQUEST = 4096
_LENGTHS = {"sha256": 32, "sha384": 48, "sha512": 64}
_BAD_ALGORITHM, _BAD_FORMAT, _BAD_POLICY = 0, 5, 15
_REJECTION = 2


def respond(pki: DemoPki, request: bytes, at: datetime, *, identity: str = "tsa") -> bytes:
    """DER TimeStampResp to a DER TimeStampReq; a request that cannot be served gets a rejection.

    `at` becomes genTime (whole seconds). `identity` names the signing role: tests stamp with wrong ones.
    """
    try:
        der.check(request, size=MAX_REQUEST)
        parsed = tsp.TimeStampReq.load(request, strict=True)
        imprint = parsed["message_imprint"]
        algorithm = imprint["hash_algorithm"]["algorithm"].native
        hashed = imprint["hashed_message"].native
        policy, nonce = parsed["req_policy"].native, parsed["nonce"].native
    except (ValueError, TypeError):
        return _rejected(_BAD_FORMAT)
    if len(hashed) != _LENGTHS.get(algorithm):
        return _rejected(_BAD_ALGORITHM)
    if policy not in (None, POLICY):
        return _rejected(_BAD_POLICY)
    content = _tst_info(imprint.dump(), nonce, at)
    token = cms.build_encapsulated(cms.TST_INFO, content, pki.signing_key(identity))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(0)), token)


def _tst_info(imprint: bytes, nonce: int | None, at: datetime) -> bytes:
    """TSTInfo version 1 with one second's accuracy (RFC 3161, 2.4.2)."""
    moment = at.astimezone(UTC).strftime("%Y%m%d%H%M%SZ").encode()
    return der.encode(
        der.SEQUENCE,
        der.integer(1),
        der.oid(POLICY),
        imprint,
        der.integer(secrets.randbits(120) | 1 << 120),
        der.encode(der.GENERALIZED_TIME, moment),
        der.encode(der.SEQUENCE, der.integer(1)),
        der.integer(nonce) if nonce is not None else b"",
    )


def _rejected(failure: int) -> bytes:
    """A TimeStampResp with status rejection and one PKIFailureInfo bit."""
    octets = bytearray(failure // 8 + 1)
    octets[failure // 8] = 0x80 >> failure % 8
    bits = der.encode(0x03, bytes((7 - failure % 8,)), bytes(octets))
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.integer(_REJECTION), bits))
