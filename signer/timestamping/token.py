"""RFC 3161 requests, and the checks of an answer before anybody gets to hold the token.

    1. bounds       size, depth and count of elements, before a recursive parser sees the bytes
    2. status       granted
    3. content      one TSTInfo: version, imprint, nonce, policy, time near our clock
    4. certificate  the one that ESSCertID names, time-stamping alone and critical, valid at genTime
    5. signature    over the signed attributes, which bind the TSTInfo
    6. path         to a trust anchor

Revocation of the authority's certificate is not asked here: validation of the finished document does.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from asn1crypto import cms as asn1_cms
from asn1crypto import tsp

from policies.algorithms import OUTDATED_DIGESTS, RSA_BITS
from policies.reasons import signing as reasons
from signer import der
from signer.errors import TimestampRefused
from signer.trust import paths
from signer.trust.anchors import TrustAnchors
from signer.trust.certificates import Certificate, parse, parse_all, same_name
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong, facts, verify
from signer.trust.unreadable import MALFORMED

MAX_ANSWER = 64 << 10
MAX_CERTIFICATES = 16
DIGEST_OIDS = {
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
_GRANTED = ("granted", "granted_with_mods")
_TRUE = b"\x01\x01\xff"


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must meet. No anchors, no token: construction fails without one.

    `policy`: dotted TSA policy to ask for and to find. `now`: our clock; when given, genTime must lie within
    `tolerance` of it.
    """

    trust: TrustAnchors
    policy: str | None = None
    now: Callable[[], datetime] | None = None
    tolerance: timedelta = timedelta(minutes=10)

    def __post_init__(self) -> None:
        if not self.trust.certificates:
            raise ValueError("a time-stamp authority needs at least one trust anchor")


@dataclass(frozen=True, slots=True)
class Request:
    """One TimeStampReq as sent. `imprint` is the hash, `digest` its name, `der` the encoding."""

    der: bytes
    imprint: bytes
    digest: str
    nonce: int
    policy: str | None


def new_request(imprint: bytes, digest: str, policy: str | None = None) -> Request:
    """A request with a fresh 64-bit nonce and certReq (RFC 3161, 2.4.1).

    Raises ValueError when the imprint is not as long as the digest.
    """
    if digest not in DIGEST_OIDS or len(imprint) != hashlib.new(digest).digest_size:
        raise ValueError(f"an imprint of {len(imprint)} bytes is not a {digest}")
    nonce = secrets.randbits(63) | 1 << 62
    algorithm = der.encode(der.SEQUENCE, der.oid(DIGEST_OIDS[digest]), der.encode(der.NULL))
    encoded = der.encode(
        der.SEQUENCE,
        der.integer(1),
        der.encode(der.SEQUENCE, algorithm, der.encode(der.OCTET_STRING, imprint)),
        der.oid(policy) if policy else b"",
        der.integer(nonce),
        _TRUE,
    )
    return Request(encoded, imprint, digest, nonce, policy)


def accept(answer: bytes, request: Request, rules: TokenRules) -> bytes:
    """The DER token inside a TimeStampResp, as received, after every check. Raises `TimestampRefused`."""
    try:
        der.check(answer, size=MAX_ANSWER)
        token = _granted_token(answer)
        content = asn1_cms.ContentInfo.load(token, strict=True)["content"]
        info = _info(content)
        attributes = (
            content["signer_infos"][0]["signed_attrs"].untag().dump()
        )  # before asn1crypto touches them
        _check_content(info, request, rules)
        moment = info["gen_time"].native
        certificate = _signing_certificate(content)
        _check_signature(content, attributes, certificate)
        _check_certificate(certificate, _embedded(content), rules.trust, moment)
    except MALFORMED as exc:
        raise TimestampRefused(reasons.TIMESTAMP_UNREADABLE) from exc
    return token


def _granted_token(answer: bytes) -> bytes:
    """Step 2: the token's own bytes, cut out of the answer, not encoded anew."""
    response = der.expect(answer, 0, len(answer), der.SEQUENCE)
    status, *rest = der.children(answer, response)
    found = tsp.PKIStatusInfo.load(answer[status.start : status.end], strict=True)
    if found["status"].native not in _GRANTED:
        failures = sorted(found["fail_info"].native or ())
        raise TimestampRefused(
            reasons.TIMESTAMP_REJECTED, status=", ".join((found["status"].native, *failures))
        )
    if len(rest) != 1:
        raise der.DerError("granted, but not one token")
    return answer[rest[0].start : rest[0].end]


def _info(content: Any) -> Any:
    encapsulated = content["encap_content_info"]
    if encapsulated["content_type"].native != "tst_info" or len(content["signer_infos"]) != 1:
        raise der.DerError("not one signer over one TSTInfo")
    info = encapsulated["content"].parsed
    if not isinstance(info, tsp.TSTInfo) or info["version"].native != "v1":
        raise der.DerError("not a TSTInfo version 1")
    return info


def _check_content(info: Any, request: Request, rules: TokenRules) -> None:
    """Step 3."""
    imprint = info["message_imprint"]
    algorithm = imprint["hash_algorithm"]["algorithm"].native
    if (algorithm, imprint["hashed_message"].native) != (request.digest, request.imprint):
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_IMPRINT)
    if info["nonce"].native != request.nonce:
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_NONCE)
    policy = info["policy"].dotted
    if request.policy not in (None, policy):
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_POLICY, found=policy)
    moment = info["gen_time"].native
    if rules.now is not None and abs(moment - rules.now()) > rules.tolerance:
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_TIME, found=moment.isoformat())


def _embedded(content: Any) -> tuple[Certificate, ...]:
    choices = [each.chosen.dump() for each in content["certificates"] if each.name == "certificate"]
    return parse_all(choices[:MAX_CERTIFICATES])


def _attribute(signer: Any, name: str) -> Any:
    values = [each["values"] for each in signer["signed_attrs"] if each["type"].native == name]
    if len(values) != 1 or len(values[0]) != 1:
        raise der.DerError(f"not one {name}")
    return values[0][0]


def _signing_certificate(content: Any) -> Certificate:
    """Step 4, first half: the embedded certificate whose hash stands in the signed ESSCertID (RFC 5816)."""
    signer = content["signer_infos"][0]
    names = {each["type"].native for each in signer["signed_attrs"]}
    if "signing_certificate_v2" in names:
        identifier = _attribute(signer, "signing_certificate_v2")["certs"][0]
        algorithm = identifier["hash_algorithm"]["algorithm"].native
    else:
        identifier = _attribute(signer, "signing_certificate")["certs"][0]
        algorithm = "sha1"  # ESSCertID knows no other (RFC 2634, 5.4.1)
    wanted = identifier["cert_hash"].native
    for certificate in _embedded(content):
        if hashlib.new(algorithm, certificate.der).digest() == wanted and _is_sid(signer["sid"], certificate):
            return certificate
    raise _wrong_certificate("không có trong dấu thời gian / not in the token")


def _is_sid(identifier: Any, certificate: Certificate) -> bool:
    if identifier.name == "subject_key_identifier":
        return bool(identifier.chosen.native == certificate.key_identifier)
    chosen = identifier.chosen
    same_issuer = same_name(chosen["issuer"], certificate.parsed.issuer)
    return bool(same_issuer and chosen["serial_number"].native == certificate.serial)


def _check_signature(content: Any, attributes: bytes, certificate: Certificate) -> None:
    """Step 5. The message digest binds the TSTInfo, the signature binds the attributes."""
    signer = content["signer_infos"][0]
    digest = signer["digest_algorithm"]["algorithm"].native
    if digest in OUTDATED_DIGESTS or _attribute(signer, "content_type").native != "tst_info":
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_SIGNATURE)
    hashed = hashlib.new(digest, bytes(content["encap_content_info"]["content"])).digest()
    if _attribute(signer, "message_digest").native != hashed:
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_SIGNATURE)
    try:
        name = verify(
            certificate.public_key,
            signer["signature_algorithm"],
            signer["signature"].native,
            attributes,
            digest_hint=digest,
        )
    except (SignatureWrong, AlgorithmUnknown) as exc:
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_SIGNATURE) from exc
    if name in OUTDATED_DIGESTS:
        raise TimestampRefused(reasons.TIMESTAMP_WRONG_SIGNATURE)
    found = facts(certificate.public_key, name)
    if found.key == "rsa" and found.bits < RSA_BITS.start:
        raise _wrong_certificate(f"RSA {found.bits}")


def _check_certificate(
    certificate: Certificate, embedded: tuple[Certificate, ...], trust: TrustAnchors, moment: datetime
) -> None:
    """Step 4, second half, and step 6."""
    if certificate.purposes != frozenset({"time_stamping"}) or not certificate.purposes_critical:
        raise _wrong_certificate("EKU")
    if not certificate.valid_at(moment):
        raise _wrong_certificate("hết hạn hoặc chưa có hiệu lực / expired or not yet valid")
    pool = tuple(each.der for each in embedded)
    for path in _paths(certificate.der, pool, trust):
        if all(each.valid_at(moment) for each in path):
            return
    raise _wrong_certificate("không nối được tới nơi cấp tin cậy / no path to a trust anchor")


@lru_cache(maxsize=64)
def _paths(certificate: bytes, pool: tuple[bytes, ...], trust: TrustAnchors) -> tuple[paths.Path, ...]:
    """Paths without broken rules. Kept per certificate; time and document are judged for each token."""
    found = paths.build(parse(certificate), (*parse_all(pool), *trust.helpers()), trust.anchors())
    return tuple(path for path in found if paths.violation(path) is None)


def _wrong_certificate(cause: str) -> TimestampRefused:
    return TimestampRefused(reasons.TIMESTAMP_WRONG_CERTIFICATE, cause=cause)
