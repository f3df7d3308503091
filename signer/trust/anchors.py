"""Trust anchors: the certificates that a validation believes without asking further (RFC 5280, 6.1.1 d)."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from asn1crypto import cms

from policies.reasons import verification as reasons
from signer.errors import SigningRefused
from signer.trust.certificates import Certificate, parse, parse_all
from signer.trust.unreadable import MALFORMED, Unreadable

MAX_TRUST_FILE = 4 << 20
MAX_TRUST_FILES = 2000
_PKCS7 = re.compile(rb"-----BEGIN PKCS7-----(.*?)-----END", re.DOTALL)
_PEM = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Standing:
    """What a store says of one anchor: its domain (`policies.vocabulary.TrustDomain`; empty: none was said), since
    when its service is granted, and until when the trusted list that it came from is good. Times are aware, UTC.
    `stamps_only`: the list grants it for time-stamps alone."""

    certificate: bytes
    domain: str
    granted_since: datetime | None = None
    good_until: datetime | None = None
    stamps_only: bool = False


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Anchors (DER) and intermediates that help to build paths but are not trusted by themselves.

    `label` names the store's version; `domain` is whom those stand for that have no `standings` of their own.
    After `good_until`, or when `overdue` says that it has passed by the clock, nothing is found valid with them.
    """

    certificates: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    label: str = ""
    domain: str = ""
    standings: tuple[Standing, ...] = ()
    good_until: datetime | None = None
    overdue: bool = False

    def standing(self, certificate: Certificate) -> Standing:
        """Of one of the anchors."""
        found = (each for each in self.standings if each.certificate == certificate.der)
        return next(found, Standing(certificate.der, self.domain))

    def stale(self, at: datetime) -> bool:
        """Whether they were to be reviewed before that time."""
        return self.overdue or (self.good_until is not None and at > self.good_until)

    def seen(self, now: datetime) -> TrustAnchors:
        """The same as the clock makes them: who validates as of an earlier time uses today's store all the same."""
        return replace(self, overdue=True) if self.stale(now) else self

    def anchors(self) -> tuple[Certificate, ...]:
        """The anchors, read. One that cannot be read is no anchor."""
        return parse_all(self.certificates)

    def helpers(self) -> tuple[Certificate, ...]:
        """The intermediates, read."""
        return parse_all(self.intermediates)


def from_bytes(data: bytes, *, label: str = "", domain: str = "") -> TrustAnchors:
    """PEM (one or many) or one DER certificate. Self-issued certificates are anchors, others only help.

    When none is self-issued, all are anchors: then the caller pinned an intermediate on purpose.
    Raises `SigningRefused` when there is no certificate in it.
    """
    return _sort(read_certificates(data), label, domain)


def load(path: Path, *, label: str = "", domain: str = "") -> TrustAnchors:
    """A PEM or DER file, or a folder of them. Raises `SigningRefused` when there is no certificate in it."""
    files = sorted(path.iterdir())[:MAX_TRUST_FILES] if path.is_dir() else [path]
    found: list[Certificate] = []
    for file in files:
        if file.is_file() and file.stat().st_size <= MAX_TRUST_FILE:
            found += read_certificates(file.read_bytes())
    return _sort(found, label or path.name, domain)


def ders(data: bytes) -> tuple[bytes, ...]:
    """The certificates of a file as DER: of a PEM bundle, one DER, or a PKCS#7 of certificates alone (`.p7b`)."""
    return tuple(each.der for each in read_certificates(data))


def read_certificates(data: bytes) -> list[Certificate]:
    """Certificates of a PEM bundle, of one DER file or of a PKCS#7; what cannot be read is left out."""
    blocks = [_decoded(block) for block in _PEM.findall(data)] or _bundled(data) or [data]
    found = []
    for block in blocks:
        try:
            found.append(parse(block))
        except Unreadable:
            continue
    return found


def _bundled(data: bytes) -> list[bytes]:
    """RFC 5652, 5.1: a SignedData without signers, as authorities publish chains; PEM or DER."""
    armoured = _PKCS7.search(data)
    try:
        found = cms.ContentInfo.load(_decoded(armoured[1]) if armoured else data, strict=True)
        if found["content_type"].native != "signed_data":
            return []
        return [each.chosen.dump() for each in found["content"]["certificates"] if each.name == "certificate"]
    except MALFORMED:
        return []


def _decoded(block: bytes) -> bytes:
    try:
        return b64decode(block)
    except Base64Error:
        return b""


def _sort(found: Iterable[Certificate], label: str, domain: str) -> TrustAnchors:
    every = tuple(dict.fromkeys(found))
    if not every:
        raise SigningRefused(reasons.TRUST_EMPTY)
    roots = tuple(each for each in every if each.self_issued) or every
    helpers = tuple(each.der for each in every if each not in roots)
    return TrustAnchors(tuple(each.der for each in roots), helpers, label, domain)
