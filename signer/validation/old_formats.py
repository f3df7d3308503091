"""Signatures as they were made before PAdES: a digest inside (`adbe.pkcs7.sha1`), and a bare RSA value
(`adbe.x509.rsa_sha1`). ISO 32000-1, 12.8.3.2 and 12.8.3.3; deprecated by ISO 32000-2.

Both are verified as mathematics; that SHA-1 is below today's standard is acceptance's to say.
"""

from __future__ import annotations

import hmac
from dataclasses import replace

from asn1crypto import algos, core

from policies.reasons import verification as reasons
from policies.validation import failed, indeterminate
from policies.vocabulary import Integrity, Severity, SubIndication
from signer import der
from signer.trust import signatures
from signer.trust.certificates import Certificate, parse_all
from signer.trust.signatures import AlgorithmUnknown
from signer.trust.unreadable import MALFORMED
from signer.validation.cryptographic import DigestOf, Verified, verify_message
from signer.validation.format_checking import DATA, MAX_CERTIFICATES, FormatProblem, SignedMessage
from signer.validation.values import Finding, Outcome

PKCS7_SHA1 = "adbe.pkcs7.sha1"
X509_RSA_SHA1 = "adbe.x509.rsa_sha1"
_MOST = 1 << 14  # bytes of an RSA value in its OCTET STRING


def bare(contents: bytes, certificates: tuple[bytes, ...]) -> SignedMessage:
    """The value of an `adbe.x509.rsa_sha1` signature with the certificates of its /Cert, the signer's first.

    Raises `FormatProblem`.
    """
    try:
        value = der.read(contents)
        if value.end > _MOST:
            raise FormatProblem(reasons.CMS_UNREADABLE, what=f"> {_MOST} byte")
        signature = core.OctetString.load(contents[: value.end], strict=True).native
    except MALFORMED as exc:
        raise FormatProblem(reasons.CMS_UNREADABLE, what="OCTET STRING") from exc
    return SignedMessage(
        der=contents[: value.end],
        identifier=None,
        certificates=parse_all(certificates[:MAX_CERTIFICATES]),
        ocsp=(),
        crls=(),
        digest="sha1",
        algorithm=algos.SignedDigestAlgorithm({"algorithm": "sha1_rsa"}),
        signature=bytes(signature),
        content_type=DATA,
        content=None,
        attributes=None,
        signed={},
        unsigned={},
        padded_with_zeros=not contents[value.end :].strip(b"\0"),
    )


def verify_inner(message: SignedMessage, certificate: Certificate | None, digest_of: DigestOf) -> Verified:
    """An `adbe.pkcs7.sha1` signature: the content inside is the document's SHA-1, and is what is signed."""
    content = message.content or b""

    def of_content(name: str) -> bytes:
        return signatures.digest(name, content)

    verified = verify_message(message, certificate, of_content)
    try:
        same = hmac.compare_digest(digest_of("sha1"), content)
    except (OSError, AlgorithmUnknown):
        verdict = indeterminate(SubIndication.SIGNED_DATA_NOT_FOUND)
        outcome = Outcome(verdict, (Finding(reasons.DATA_NOT_FOUND, Severity.ERROR),))
        return replace(verified, integrity=Integrity.UNKNOWN, outcome=outcome)
    if same:
        return verified
    outcome = Outcome(failed(SubIndication.HASH_FAILURE), (Finding(reasons.HASH_WRONG, Severity.ERROR),))
    return replace(verified, integrity=Integrity.BROKEN, outcome=outcome)
