"""Names of ETSI TS 119 102-2, W3C and RFC 9231 for what a report tells; ours where there is none.

Ours begin with `urn:antin:`.
"""

from __future__ import annotations

import re

from policies.validation import Verdict
from policies.vocabulary import Indication, Level

_ETSI = "urn:etsi:019102:"
_TOTAL = {
    Indication.TOTAL_PASSED: "total-passed",
    Indication.TOTAL_FAILED: "total-failed",
    Indication.INDETERMINATE: "indeterminate",
}
_OF_OBJECT = {
    Indication.TOTAL_PASSED: "passed",
    Indication.TOTAL_FAILED: "failed",
    Indication.INDETERMINATE: "indeterminate",
}

CERTIFICATE = f"{_ETSI}validationObject:certificate"
CRL = f"{_ETSI}validationObject:CRL"
OCSP = f"{_ETSI}validationObject:OCSPResponse"
TIMESTAMP = f"{_ETSI}validationObject:timestamp"
SIGNED_DATA = f"{_ETSI}validationObject:signedData"
PROVEN_BY_VALIDATION = f"{_ETSI}poetype:validation"
LONG_TERM_PROCESS = f"{_ETSI}validationprocess:LTA"
FACTS = "urn:antin:report:facts"
FINDING = "urn:antin:report:finding"
CHANGE = "urn:antin:report:change"
LEFT_OUT = "urn:antin:report:left-out"

_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_NEWER = "http://www.w3.org/2007/05/xmldsig-more#"
_DIGESTS = {
    "md5": f"{_MORE}md5",
    "sha1": "http://www.w3.org/2000/09/xmldsig#sha1",
    "sha224": f"{_MORE}sha224",
    "sha256": _SHA256,
    "sha384": f"{_MORE}sha384",
    "sha512": "http://www.w3.org/2001/04/xmlenc#sha512",
    "sha3_224": f"{_NEWER}sha3-224",
    "sha3_256": f"{_NEWER}sha3-256",
    "sha3_384": f"{_NEWER}sha3-384",
    "sha3_512": f"{_NEWER}sha3-512",
}
_SIGNATURES = {
    ("rsassa_pkcs1v15", "sha1"): "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    **{
        ("rsassa_pkcs1v15", name): f"{_MORE}rsa-{name}"
        for name in ("md5", "sha224", "sha256", "sha384", "sha512")
    },
    **{("ecdsa", name): f"{_MORE}ecdsa-{name}" for name in ("sha1", "sha224", "sha256", "sha384", "sha512")},
    **{
        ("rsassa_pss", name): f"{_NEWER}{name.replace('_', '-')}-rsa-MGF1"
        for name in ("sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512")
    },
    ("eddsa", "sha512"): "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    ("eddsa", "shake_256"): "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed448",
}
_REASONS = {
    "key_compromise": "keyCompromise",
    "ca_compromise": "cACompromise",
    "affiliation_changed": "affiliationChanged",
    "superseded": "superseded",
    "cessation_of_operation": "cessationOfOperation",
    "certificate_hold": "certificateHold",
    "remove_from_crl": "removeFromCRL",
    "privilege_withdrawn": "privilegeWithdrawn",
    "aa_compromise": "aACompromise",
}
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]")


def of_signature(verdict: Verdict) -> tuple[str, str | None]:
    """Main indication and sub-indication of a signature (TS 119 102-2, 4.3.4.2 and 4.3.4.3)."""
    return f"{_ETSI}mainindication:{_TOTAL[verdict.indication]}", _sub_indication(verdict)


def of_object(verdict: Verdict) -> tuple[str, str | None]:
    """The same of anything that helps to validate a signature."""
    return f"{_ETSI}mainindication:{_OF_OBJECT[verdict.indication]}", _sub_indication(verdict)


def _sub_indication(verdict: Verdict) -> str | None:
    return None if verdict.sub_indication is None else f"{_ETSI}subindication:{verdict.sub_indication.value}"


def revocation_reason(name: str) -> str:
    """By asn1crypto's name (TS 119 102-2, 4.3.12.6.2)."""
    return f"{_ETSI}revocationReason:{_REASONS.get(name, 'unspecified')}"


def digest(name: str) -> str:
    """A digest algorithm, by asn1crypto's name."""
    return _DIGESTS.get(name, f"urn:antin:algorithm:{_safe(name)}")


def signature(scheme: str, digest_name: str) -> str:
    """A signature algorithm, by the names of `signer.trust.signatures`."""
    known = _SIGNATURES.get((scheme, digest_name))
    return known or f"urn:antin:algorithm:{_safe(scheme) or 'unknown'}-{_safe(digest_name) or 'unknown'}"


def level(reached: Level) -> str:
    """A baseline level (ETSI TS 119 192); ours for what is below, and for document time-stamps."""
    if reached in (Level.CMS, Level.DTS):
        return f"urn:antin:level:{reached.value}"
    return f"http://uri.etsi.org/ades/191x2/level/baseline/{reached.value}#"


def _safe(name: str) -> str:
    return _UNSAFE.sub("-", name)[:60]
