"""Cryptographic verification (EN 319 102-1, 5.2.7; RFC 5652, 5.4 and 5.6).

1. The digest of the signed data is computed from the data, never taken from the signature.
2. It equals the message-digest attribute (or is what the value signs, when there are no attributes).
3. The signature value verifies over the attributes under the signing certificate's key.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from policies.reasons import verification as reasons
from policies.refusals import Reason
from policies.validation import Verdict, failed, indeterminate
from policies.vocabulary import Integrity, Severity, SubIndication
from signer import der
from signer.trust.certificates import Certificate
from signer.trust.signatures import AlgorithmUnknown, SignatureWrong, verify, verify_digest
from signer.trust.unreadable import MALFORMED
from signer.validation.format_checking import (
    ALGORITHM_PROTECTION,
    CONTENT_TYPE,
    MESSAGE_DIGEST,
    SignedMessage,
)
from signer.validation.names import clean
from signer.validation.values import Finding, Outcome

DigestOf = Callable[[str], bytes]
"""Digest name (asn1crypto's) → digest of the signed data. Raises `AlgorithmUnknown`, OSError."""


@dataclass(frozen=True, slots=True)
class Verified:
    """Integrity of the signed data; `digest` is the name of the digest that the signature value used."""

    outcome: Outcome
    integrity: Integrity
    digest: str


def verify_message(message: SignedMessage, certificate: Certificate | None, digest_of: DigestOf) -> Verified:
    """Verify one signature. Without a certificate only the digest of the data can be compared."""
    try:
        actual = digest_of(message.digest)
    except AlgorithmUnknown as exc:
        return _unknown(message, str(exc))
    except OSError:
        verdict = indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
        return _result(verdict, reasons.DATA_NOT_FOUND, Integrity.UNKNOWN, message.digest)
    if message.attributes is None:
        return _over_digest(message, certificate, actual)
    problem = _attributes(message, actual)
    if problem is not None:
        return problem
    if certificate is None:
        return Verified(Outcome(), Integrity.UNKNOWN, message.digest)
    return _value(message, lambda: _verify_attributes(message, certificate))


def _attributes(message: SignedMessage, actual: bytes) -> Verified | None:
    stated = message.one(MESSAGE_DIGEST)
    try:
        if stated is None or not hmac.compare_digest(bytes(stated.native), actual):
            verdict = failed(SubIndication.HASH_FAILURE)
            return _result(verdict, reasons.HASH_WRONG, Integrity.BROKEN, message.digest)
        content_type = message.one(CONTENT_TYPE)
        if content_type is None or content_type.dotted != message.content_type:
            verdict = failed(SubIndication.FORMAT_FAILURE)
            return _result(verdict, reasons.CONTENT_TYPE, Integrity.UNKNOWN, message.digest)
        if not _protection_agrees(message):
            verdict = failed(SubIndication.FORMAT_FAILURE)
            return _result(verdict, reasons.ALGORITHM_PROTECTION, Integrity.UNKNOWN, message.digest)
    except MALFORMED as exc:
        verdict = failed(SubIndication.FORMAT_FAILURE)
        finding = Finding(reasons.CMS_UNREADABLE, Severity.ERROR, {"what": type(exc).__name__})
        return Verified(Outcome(verdict, (finding,)), Integrity.UNKNOWN, message.digest)
    return None


def _protection_agrees(message: SignedMessage) -> bool:
    """CMS algorithm protection (RFC 6211), where the signer used it."""
    protection = message.one(ALGORITHM_PROTECTION)
    if protection is None:
        return True
    same_digest = protection["digest_algorithm"]["algorithm"].native == message.digest
    signature = protection["signature_algorithm"]
    same = signature.native is None or signature["algorithm"].dotted == message.algorithm["algorithm"].dotted
    return bool(same_digest and same)


def _verify_attributes(message: SignedMessage, certificate: Certificate) -> str:
    """Over the attributes as they travel; or, as RFC 5652, 5.4, says, over their DER encoding, which sorts them."""
    data = message.attributes or b""
    try:
        return _verify_over(data, message, certificate)
    except SignatureWrong:
        in_order = _sorted_set(data)
        if in_order == data:
            raise
        return _verify_over(in_order, message, certificate)


def _verify_over(data: bytes, message: SignedMessage, certificate: Certificate) -> str:
    return verify(
        certificate.public_key, message.algorithm, message.signature, data, digest_hint=message.digest
    )


def _sorted_set(encoded: bytes) -> bytes:
    """The elements of a SET OF in the order of DER (X.690, 11.6); as it stands when it is no DER."""
    try:
        whole = der.read(encoded)
        elements = [encoded[each.start : each.end] for each in der.children(encoded, whole)]
    except der.DerError:
        return encoded
    return encoded[: whole.content] + b"".join(sorted(elements))


def _over_digest(message: SignedMessage, certificate: Certificate | None, actual: bytes) -> Verified:
    if certificate is None:
        return Verified(Outcome(), Integrity.UNKNOWN, message.digest)
    key = certificate.public_key

    def check() -> str:
        return verify_digest(key, message.algorithm, message.signature, actual, digest_hint=message.digest)

    return _value(message, check)


def _value(message: SignedMessage, check: Callable[[], str]) -> Verified:
    try:
        digest = check()
    except SignatureWrong:
        verdict = failed(SubIndication.SIG_CRYPTO_FAILURE)
        return _result(verdict, reasons.SIGNATURE_WRONG, Integrity.BROKEN, message.digest)
    except AlgorithmUnknown as exc:
        return _unknown(message, str(exc))
    return Verified(Outcome(), Integrity.INTACT, digest)


def _unknown(message: SignedMessage, what: str) -> Verified:
    verdict = indeterminate(SubIndication.CRYPTO_CONSTRAINTS_FAILURE)
    finding = Finding(reasons.ALGORITHM_UNKNOWN, Severity.ERROR, {"what": clean(what)})
    return Verified(Outcome(verdict, (finding,)), Integrity.UNKNOWN, message.digest)


def _result(verdict: Verdict, reason: Reason, integrity: Integrity, digest: str, **values: Any) -> Verified:
    return Verified(Outcome(verdict, (Finding(reason, Severity.ERROR, values),)), integrity, digest)
