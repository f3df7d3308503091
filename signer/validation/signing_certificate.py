"""Identification of the signing certificate (EN 319 102-1, 5.2.3; RFC 5035): the signer names it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from asn1crypto import tsp

from policies.reasons import verification as reasons
from policies.validation import ValidationProfile, indeterminate
from policies.vocabulary import Severity, SubIndication
from signer.trust.certificates import Certificate, same_name
from signer.trust.unreadable import MALFORMED
from signer.validation.format_checking import SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_V2, SignedMessage
from signer.validation.values import Finding, Outcome

_NOT_FOUND = indeterminate(SubIndication.NO_SIGNING_CERTIFICATE_FOUND)
_DIGESTS = {"sha1", "sha224", "sha256", "sha384", "sha512", "sha3_256", "sha3_384", "sha3_512"}


@dataclass(frozen=True, slots=True)
class Identified:
    """The certificate that the signer named; `referenced` when its digest is among the signed attributes."""

    certificate: Certificate | None
    referenced: bool
    outcome: Outcome


def identify(
    message: SignedMessage,
    pool: Iterable[Certificate],
    profile: ValidationProfile,
    *,
    must_name: bool = False,
) -> Identified:
    """The certificate of the SignerInfo, from the signature itself or, for leafless ones, from the pool.

    A missing signing-certificate attribute is a finding (a plain PDF signature); a wrong one is a no. `must_name`: the
    format demands the attribute, whatever the profile says, as that of time-stamps does (RFC 3161, 2.4.2; RFC 5816).
    """
    named = _named(message.identifier, dict.fromkeys((*message.certificates, *pool)))
    if not named:
        return Identified(None, False, _problem(reasons.SIGNING_CERTIFICATE_MISSING))
    # Where a signer wrote both, for older readers, both name him.
    attributes = (message.one(SIGNING_CERTIFICATE_V2), message.one(SIGNING_CERTIFICATE))
    references = [each for each in attributes if each is not None]
    if not references:
        return Identified(named[0], False, _unreferenced(profile, must_name))
    exact = next((c for c in named if all(_referenced(each, c) for each in references)), None)
    if exact is None:
        return Identified(None, False, _problem(reasons.SIGNING_CERTIFICATE_MISMATCH))
    return Identified(exact, True, Outcome())


def unnamed(message: SignedMessage, profile: ValidationProfile) -> Identified:
    """For a signature that names nobody (`adbe.x509.rsa_sha1`): its first certificate is the signer's."""
    if not message.certificates:
        return Identified(None, False, _problem(reasons.SIGNING_CERTIFICATE_MISSING))
    return Identified(message.certificates[0], False, _unreferenced(profile))


def named_in(message: SignedMessage) -> Certificate | None:
    """The certificate that the SignerInfo names, if it is in the signature; nothing is verified."""
    named = _named(message.identifier, message.certificates)
    return named[0] if named else None


def _problem(reason: Any) -> Outcome:
    return Outcome(_NOT_FOUND, (Finding(reason, Severity.ERROR),))


def _unreferenced(profile: ValidationProfile, must_name: bool = False) -> Outcome:
    reason = reasons.SIGNING_CERTIFICATE_UNREFERENCED
    if must_name or profile.require_signing_certificate_reference:
        verdict = indeterminate(SubIndication.SIG_CONSTRAINTS_FAILURE)
        return Outcome(verdict, (Finding(reason, Severity.ERROR),))
    return Outcome(findings=(Finding(reason, Severity.WARNING),))


def _named(identifier: Any, certificates: Iterable[Certificate]) -> list[Certificate]:
    """Those that the SignerIdentifier names; none when it cannot be read."""
    try:
        if identifier.name == "subject_key_identifier":
            key = identifier.chosen.native
            return [each for each in certificates if each.key_identifier == key]
        serial, issuer = identifier.chosen["serial_number"].native, identifier.chosen["issuer"]
        return [
            each for each in certificates if each.serial == serial and same_name(issuer, each.parsed.issuer)
        ]
    except MALFORMED:
        return []


def _same(named: Any, certificate: Certificate) -> bool:
    """IssuerSerial: the issuer's name, as a directory name, and the number (RFC 5035, 5)."""
    issuers = [each.chosen for each in named["issuer"] if each.name == "directory_name"]
    same = not issuers or any(same_name(each, certificate.parsed.issuer) for each in issuers)
    return same and bool(named["serial_number"].native == certificate.serial)


def _referenced(attribute: Any, certificate: Certificate) -> bool:
    """The first reference names the signing certificate (RFC 5035, 3); its digest must be this one's."""
    try:
        first = attribute["certs"][0]
        version_2 = isinstance(first, tsp.ESSCertIDv2)
        algorithm = first["hash_algorithm"]["algorithm"].native if version_2 else "sha1"
        if algorithm not in _DIGESTS:
            return False
        value = hashlib.new(algorithm, certificate.der, usedforsecurity=False).digest()
        if first["cert_hash"].native != value:
            return False
        named = first["issuer_serial"]
        return named.native is None or _same(named, certificate)
    except MALFORMED:
        return False
