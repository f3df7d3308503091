"""Trust anchors: the certificates that a validation believes without asking further (RFC 5280, 6.1.1 d)."""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from policies.reasons import verification as reasons
from signer.errors import SigningRefused
from signer.trust.certificates import Certificate, parse, parse_all
from signer.trust.unreadable import Unreadable

MAX_TRUST_FILE = 4 << 20
MAX_TRUST_FILES = 2000
_PEM = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----(.*?)-----END", re.DOTALL)


@dataclass(frozen=True, slots=True)
class TrustAnchors:
    """Anchors (DER) and intermediates that help to build paths but are not trusted by themselves.

    `label` names the store's version, `domain` whom it stands for (`demo`, `agency`, `public`).
    """

    certificates: tuple[bytes, ...]
    intermediates: tuple[bytes, ...] = ()
    label: str = ""
    domain: str = ""

    def anchors(self) -> tuple[Certificate, ...]:
        """The anchors, read. One that cannot be read is no anchor."""
        return parse_all(self.certificates)

    def helpers(self) -> tuple[Certificate, ...]:
        """The intermediates, read."""
        return parse_all(self.intermediates)


def from_bytes(data: bytes, *, label: str = "", domain: str = "") -> TrustAnchors:
    """PEM (one or many) or one DER certificate. Self-issued CA certificates are anchors, others only help.

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


def read_certificates(data: bytes) -> list[Certificate]:
    """Certificates of a PEM bundle or of one DER file; what cannot be read is left out."""
    blocks = [_decoded(block) for block in _PEM.findall(data)] or [data]
    found = []
    for block in blocks:
        try:
            found.append(parse(block))
        except Unreadable:
            continue
    return found


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
