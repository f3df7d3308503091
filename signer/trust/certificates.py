"""Certificates as the validation steps see them: read once, typed, from bytes that nobody vouches for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from asn1crypto import cms, x509

from signer.trust.remembered import remembered_by_each_thread
from signer.trust.unreadable import MALFORMED, Unreadable

MAX_CERTIFICATE = 64 << 10
MAX_BUNDLE, MAX_BUNDLED = 256 << 10, 20
_SHORT_LIVED = "0.4.0.194121.2.1"  # ETSI EN 319 412-1, 5.2.2: too short-lived to be ever revoked
_SHORT_LIFE = timedelta(days=31)  # who claims it for longer is asked about like all others


@dataclass(frozen=True, slots=True, eq=False)
class Certificate:
    """One X.509 certificate (RFC 5280). Equal when its DER is. Times are aware, UTC.

    `usages` and `purposes` are None when the extension is missing; names are asn1crypto's
    (`digital_signature`, `time_stamping`, `ocsp_signing`). `authority`: it says that it is a CA's, as only version 3
    can (4.2.1.9). `extensions`: their object identifiers in order. `parsed` is the asn1crypto object.
    """

    der: bytes
    version: int
    subject: bytes
    issuer: bytes
    serial: int
    not_before: datetime
    not_after: datetime
    public_key: bytes
    authority: bool
    usages: frozenset[str] | None
    purposes: frozenset[str] | None
    purposes_critical: bool
    key_identifier: bytes | None
    authority_key_identifier: bytes | None
    no_revocation_check: bool
    short_lived: bool
    extensions: tuple[str, ...]
    parsed: Any = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.der == other.der

    def __hash__(self) -> int:
        return hash(self.der)

    @property
    def fingerprint(self) -> bytes:
        """SHA-256 over the DER."""
        return hashlib.sha256(self.der).digest()

    @property
    def self_issued(self) -> bool:
        return self.subject == self.issuer

    def valid_at(self, moment: datetime) -> bool:
        """Is the moment inside the certificate's period?"""
        return self.not_before <= moment <= self.not_after


@remembered_by_each_thread(512)
def parse(der: bytes) -> Certificate:
    """DER → certificate. Raises `Unreadable` when it is none, is too large, or has junk after it."""
    if len(der) > MAX_CERTIFICATE:
        raise Unreadable("certificate too large")
    try:
        return _read(der, x509.Certificate.load(der, strict=True))
    except MALFORMED as exc:
        raise Unreadable("certificate") from exc


def parse_all(ders: list[bytes] | tuple[bytes, ...]) -> tuple[Certificate, ...]:
    """Those that can be read, without doubles; the others are as good as absent."""
    found: dict[bytes, Certificate] = {}
    for der in ders:
        try:
            found.setdefault(der, parse(der))
        except Unreadable:
            continue
    return tuple(found.values())


def certificates_in(data: bytes) -> tuple[Certificate, ...]:
    """The one certificate, or those of a SignedData (RFC 5652, 5.1); none when it is neither."""
    alone = parse_all([data])
    if alone or len(data) > MAX_BUNDLE:
        return alone
    try:
        info = cms.ContentInfo.load(data, strict=True)
        if info["content_type"].native != "signed_data":
            return ()
        chosen = list(info["content"]["certificates"] or ())[:MAX_BUNDLED]
        return parse_all([each.chosen.dump() for each in chosen if each.name == "certificate"])
    except MALFORMED:
        return ()


def _read(der: bytes, parsed: Any) -> Certificate:
    body = parsed["tbs_certificate"]
    usages = parsed.key_usage_value
    purposes = parsed.extended_key_usage_value
    constraints = parsed.basic_constraints_value
    version = int(body["version"]) + 1
    extensions = tuple(each["extn_id"].dotted for each in body["extensions"])
    return Certificate(
        der=der,
        version=version,
        subject=_canonical(body["subject"]),
        issuer=_canonical(body["issuer"]),
        serial=body["serial_number"].native,
        not_before=body["validity"]["not_before"].native,
        not_after=body["validity"]["not_after"].native,
        public_key=body["subject_public_key_info"].dump(),
        authority=bool(version == 3 and constraints is not None and constraints["ca"].native),
        usages=None if usages is None else frozenset(usages.native),
        purposes=None if purposes is None else frozenset(purposes.native),
        purposes_critical="extended_key_usage" in parsed.critical_extensions,
        key_identifier=parsed.key_identifier,
        authority_key_identifier=parsed.authority_key_identifier,
        no_revocation_check=parsed.ocsp_no_check_value is not None,
        short_lived=_SHORT_LIVED in extensions and _period(body) <= _SHORT_LIFE,
        extensions=extensions,
        parsed=parsed,
    )


def _period(body: Any) -> timedelta:
    period: timedelta = body["validity"]["not_after"].native - body["validity"]["not_before"].native
    return period


def same_name(one: Any, other: Any) -> bool:
    """Whether two asn1crypto names are the same (RFC 5280, 7.1). Equal bytes, as nearly all are, spare the
    preparation of their strings."""
    return bool(one.chosen.contents == other.chosen.contents or one.hashable == other.hashable)


def _canonical(name: Any) -> bytes:
    """Names compare by RFC 5280, 7.1 (case, white space, string type), not by bytes."""
    return hashlib.sha256(name.hashable.encode("utf-8", "surrogatepass")).digest()
