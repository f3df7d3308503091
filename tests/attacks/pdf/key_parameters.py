"""Keys for RSASSA-PSS alone: signatures that are right under them and made otherwise than they permit."""

from __future__ import annotations

import hashlib
from datetime import datetime

from asn1crypto import crl as asn1_crl
from asn1crypto import ocsp as asn1_ocsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from signer.creation import cms as cms_builder
from tests.attacks.pdf.cases import Found, attack, genuine
from tests.attacks.pdf.certificates import ANSWERED, demo, rsa_key
from tests.attacks.pdf.handmade import Way, signed_data, token
from tests.signer.document import build
from tests.signer.trust import forge
from tests.signer.trust.forge import (
    NO_CHECK,
    NOW,
    OCSP_SIGNING,
    Party,
    Pss,
    announcing,
    issue,
    rewritten,
    signed_again,
)

_SOURCE = "RFC 4055, 1.2 and 3.3"
_KEY = Pss()  # SHA-256 with MGF1 over SHA-256, 32 bytes of salt at least
_STAMPING = (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), True)
_FORBIDDEN: dict[str, tuple[Pss | None, Pss | None]] = {  # what the key demands, what the signature has
    "another digest": (_KEY, Pss("sha512", "sha256", 64)),
    "another mask": (_KEY, Pss("sha256", "sha512")),
    "a shorter salt": (_KEY, Pss(salt=31)),
    "no salt": (_KEY, Pss(salt=0)),
    "PKCS#1 v1.5": (_KEY, None),
    "PKCS#1 v1.5, and the key demands no more than PSS": (None, None),
}
_BROKEN = Found("TOTAL-FAILED/SIG_CRYPTO_FAILURE", ("Leader",), ("verification.signature-wrong",))
_NO_CHAIN = Found("INDETERMINATE/NO_CERTIFICATE_CHAIN_FOUND", ("Leader",), ("verification.no-path",))
_NO_ANSWER = Found("INDETERMINATE/TRY_LATER", ("Leader",), ("verification.revocation-unusable",))
_NO_TIME = Found("INDETERMINATE/SIG_CONSTRAINTS_FAILURE", ("Leader",), ("verification.signature-wrong",))
_KINDS = {"certificate": _NO_CHAIN, "CRL": _NO_ANSWER, "OCSP response": _NO_ANSWER, "time-stamp": _NO_TIME}


def _way(pss: Pss | None, *chain: Party) -> Way:
    certificates = tuple(each.der for each in chain)
    if pss is None:
        return Way("sha256", "rsa", certificates)
    return Way(pss.digest, "pss", certificates, salt=pss.salt, mask=pss.mask)


def _signed_by(desk, leaf: Party, way: Way, stamp=None) -> bytes:
    def make(signed: bytes) -> bytes:
        cms = signed_data(leaf, way)(signed)
        return cms_builder.with_token(cms, stamp(cms)) if stamp else cms

    return desk.sign(build.prepared(), cms=make)


def _fresh_authority(desk) -> Party:
    return desk.answers(issue("DEMO CA thử", desk.identity("root"), ca=True, key=rsa_key()))


def _restricted(issuer: Party, demanded: Pss | None, **options) -> Party:
    """A certificate whose key is announced for PSS alone."""
    made = issue("DEMO PSS", issuer, key=rsa_key(), **options)
    return rewritten(made, issuer, announcing(demanded))


@attack("signature that its key forbids", _SOURCE, dict.fromkeys(_FORBIDDEN, _BROKEN))
def of_the_document(desk, variant, malicious):
    demanded, used = _FORBIDDEN[variant]
    ca = _fresh_authority(desk)
    leaf = _restricted(ca, demanded, subject=demo("Người ký"))
    return _signed_by(desk, leaf, _way(used if malicious else _KEY, ca))


@attack(
    "signature that its key forbids",
    _SOURCE,
    {f"{kind}: {how}": found for kind, found in _KINDS.items() for how in ("a shorter salt", "PKCS#1 v1.5")},
)
def of_other_things(desk, variant, malicious):
    kind, _, how = variant.partition(": ")
    used = _FORBIDDEN[how][1] if malicious else _KEY
    return _made(desk, kind, used)


def _made(desk, kind: str, used: Pss | None) -> bytes:
    if kind == "time-stamp":
        return _stamped(desk, used)
    if kind == "OCSP response":
        return _by_restricted_responder(desk, used)
    return _by_restricted_authority(desk, **{kind.lower(): used})


def _by_restricted_authority(desk, certificate: Pss | None = _KEY, crl: Pss | None = _KEY) -> bytes:
    """The CA's key demands `_KEY`; this is what it really uses."""
    ca = _restricted(desk.identity("root"), _KEY, ca=True)
    leaf = rewritten(issue("", ca, subject=demo("Người ký"), key=rsa_key()), ca, lambda _: None, certificate)
    desk.says(ca, crl=lambda at: _list(ca, at, crl))
    return _signed_by(desk, leaf, _way(None, ca))


def _by_restricted_responder(desk, used: Pss | None) -> bytes:
    ca = _fresh_authority(desk)
    leaf = issue("", ca, subject=demo("Người ký"), key=rsa_key(), extensions=((ANSWERED, False),))
    responder = _restricted(ca, _KEY, extensions=((OCSP_SIGNING, False), (NO_CHECK, False)))
    desk.says(ca, ocsp=lambda at: _response(leaf, ca, responder, at, used))
    return _signed_by(desk, leaf, _way(None, ca))


def _list(ca: Party, at: datetime, pss: Pss | None) -> bytes:
    parsed = asn1_crl.CertificateList.load(forge.crl(ca, this=at))
    signed_again(parsed, ("tbs_cert_list", "signature"), ca.key, pss)
    return parsed.dump(force=True)


def _response(leaf: Party, ca: Party, responder: Party, at: datetime, pss: Pss | None) -> bytes:
    response = asn1_ocsp.OCSPResponse.load(forge.answer(leaf, ca, responder, this=at))
    basic = response["response_bytes"]["response"].parsed
    basic["certs"] = [asn1_x509.Certificate.load(responder.der)]
    signed_again(basic, ("tbs_response_data", "signature"), responder.key, pss)
    return response.dump(force=True)


def _stamped(desk, used: Pss | None) -> bytes:
    ca = _fresh_authority(desk)
    authority = _restricted(ca, _KEY, subject=demo("TSA PSS"), extensions=(_STAMPING,))
    leaf = issue("", ca, subject=demo("Người ký"), key=rsa_key())

    def stamp(cms: bytes) -> bytes:
        imprint = hashlib.sha256(cms_builder.signature_value(cms)).digest()
        return token(authority, _way(used, ca), imprint, NOW)

    return _signed_by(desk, leaf, _way(None, ca), stamp)


_GOOD: dict[str, tuple[Pss | None, Pss]] = {
    "a longer salt": (_KEY, Pss(salt=64)),
    "the salt that the key demands": (Pss(salt=20), Pss(salt=20)),
    "two digests, as the key demands": (Pss("sha512", "sha256", 20), Pss("sha512", "sha256", 32)),
    "the key demands nothing more": (None, Pss("sha384", "sha384", 48)),
    "the key demands nothing more, another mask": (None, Pss("sha256", "sha512", 8)),
}


@genuine("keys for PSS alone", tuple(_GOOD))
def as_the_key_demands(desk, variant):
    demanded, used = _GOOD[variant]
    ca = _fresh_authority(desk)
    return _signed_by(desk, _restricted(ca, demanded, subject=demo("Người ký")), _way(used, ca))


@genuine("keys for PSS alone", tuple(f"{kind} with a longer salt" for kind in _KINDS))
def of_authorities(desk, variant):
    return _made(desk, variant.partition(" with")[0], Pss(salt=48))
