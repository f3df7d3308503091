"""OCSP and CRL over HTTP (RFC 6960, A.1; RFC 5280, 4.2.1.13), with a cache until nextUpdate; and its twin.

URLs come from certificates whose signatures lead to an anchor, never from the document itself. Answers are
handed over as they came; one that is authentic for the certificate is kept until its nextUpdate, anything
else is asked for again. A service that failed is left alone for a while, so that one dead responder does not
stop every validation for its time limit.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from signer import der
from signer.errors import RevocationUnavailable
from signer.trust import crl, ocsp
from signer.trust.certificates import Certificate, parse
from signer.trust.locations import crl_urls, ocsp_urls
from signer.trust.status import Answer, AnswerUnusable
from signer.trust.unreadable import Unreadable
from signer.web import NoAnswer, TooLarge, Web

_OCSP_HEADERS = {"Content-Type": "application/ocsp-request", "Accept": "application/ocsp-response"}
_SHA1 = "1.3.14.3.2.26"  # CertID digest that every responder knows (RFC 5019, 2.1.1)


@dataclass(frozen=True, slots=True)
class RevocationLimits:
    """Seconds and bytes of one exchange; `kept_bytes` bounds the whole cache (0: no answer is kept, nor read at all),
    `rest` is after a failure."""

    ocsp_seconds: float = 10.0
    ocsp_bytes: int = 256 << 10
    crl_seconds: float = 30.0
    crl_bytes: int = 20 << 20
    connections: int = 8
    kept_bytes: int = 64 << 20
    rest: timedelta = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class _Kept:
    body: bytes
    until: datetime


class _Cache:
    """Answers by question, oldest out first. Safe for threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._kept: dict[tuple[str, bytes], _Kept] = {}
        self._resting: dict[str, datetime] = {}
        self._lock = threading.Lock()

    def get(self, key: tuple[str, bytes], at: datetime) -> bytes | None:
        with self._lock:
            found = self._kept.get(key)
            return found.body if found is not None and at < found.until else None

    def put(self, key: tuple[str, bytes], body: bytes, until: datetime) -> None:
        with self._lock:
            old = self._kept.pop(key, None)
            self._size += len(body) - (0 if old is None else len(old.body))
            self._kept[key] = _Kept(body, until)
            while self._size > self._limit and self._kept:
                self._size -= len(self._kept.pop(next(iter(self._kept))).body)

    def rests(self, url: str, at: datetime) -> bool:
        with self._lock:
            until = self._resting.get(url)
            return until is not None and at < until

    def rest(self, url: str, until: datetime) -> None:
        with self._lock:
            if len(self._resting) > 1000:
                self._resting.clear()
            self._resting[url] = until


class HttpRevocationSource:
    """A `RevocationSource` over the network. Safe for several threads; `close` ends the session.

    `fresh()` is the same source asking anew (long-term data must be newer than the token); what it gets is
    kept for the others.
    """

    def __init__(self, limits: RevocationLimits | None = None, *, web: Web | None = None) -> None:
        self._limits = limits or RevocationLimits()
        self._web = web or Web(self._limits.connections)
        self._cache = _Cache(self._limits.kept_bytes)
        self._reads = True

    def fresh(self) -> HttpRevocationSource:
        """This source without reading its cache."""
        other = HttpRevocationSource(self._limits, web=self._web)
        other._cache, other._reads = self._cache, False
        return other

    def ocsp(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        """DER OCSPResponse about the certificate (contract: `signer.ports.RevocationSource`)."""
        pair = _pair(certificate, issuer)
        if pair is None:
            return None

        def post(url: str) -> bytes:
            request, limits = ocsp_request(*pair), self._limits
            answer = self._web.post(
                url, request, _OCSP_HEADERS, seconds=limits.ocsp_seconds, limit=limits.ocsp_bytes
            )
            return _body(answer.status, answer.body)

        owner = pair[0].fingerprint + pair[1].fingerprint
        return self._ask(ocsp_urls(pair[0]), owner, post, ocsp.answer, pair, at)

    def crl(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        """DER CertificateList that covers the certificate (contract: `signer.ports.RevocationSource`)."""
        pair = _pair(certificate, issuer)
        if pair is None:
            return None

        def get(url: str) -> bytes:
            limits = self._limits
            answer = self._web.get(url, {}, seconds=limits.crl_seconds, limit=limits.crl_bytes)
            return _body(answer.status, answer.body)

        return self._ask(crl_urls(pair[0]), pair[1].fingerprint, get, crl.answer, pair, at)

    def _ask(
        self,
        urls: Iterable[str],
        owner: bytes,
        fetch: Callable[[str], bytes],
        read: Callable[[bytes, Certificate, Certificate], Answer | None],
        pair: tuple[Certificate, Certificate],
        at: datetime,
    ) -> bytes | None:
        """The first URL that answers; None when the certificate names none."""
        causes: list[str] = []
        for url in urls:
            key = (url, owner)
            kept = self._cache.get(key, at) if self._reads else None
            if kept is not None:
                return kept
            if self._cache.rests(url, at):
                causes.append(f"{url}: no answer a moment ago")
                continue
            try:
                body = fetch(url)
            except (NoAnswer, TooLarge) as exc:
                causes.append(f"{url}: {type(exc).__name__} {exc}")
                self._cache.rest(url, at + self._limits.rest)
                continue
            self._keep(key, body, read, pair)
            return body
        if causes:
            raise RevocationUnavailable("; ".join(causes))
        return None

    def _keep(
        self,
        key: tuple[str, bytes],
        body: bytes,
        read: Callable[[bytes, Certificate, Certificate], Answer | None],
        pair: tuple[Certificate, Certificate],
    ) -> None:
        if not self._limits.kept_bytes:
            return
        try:
            answer = read(body, *pair)
        except AnswerUnusable:
            return
        if answer is not None and answer.next_update is not None:
            self._cache.put(key, body, answer.next_update)

    def close(self) -> None:
        """End the HTTP session."""
        self._web.close()


def _pair(certificate: bytes, issuer: bytes) -> tuple[Certificate, Certificate] | None:
    try:
        return parse(certificate), parse(issuer)
    except Unreadable:
        return None


def _body(status: int, body: bytes) -> bytes:
    if status != 200 or not body:
        raise NoAnswer(f"HTTP {status}")
    return body


def ocsp_request(certificate: Certificate, issuer: Certificate) -> bytes:
    """DER OCSPRequest about one certificate, without a nonce: cached and prepared answers are welcome."""
    name = certificate.parsed["tbs_certificate"]["issuer"].dump()
    key = bytes(issuer.parsed.public_key["public_key"])
    algorithm = der.encode(der.SEQUENCE, der.oid(_SHA1), der.encode(der.NULL))
    hashed = [hashlib.sha1(each, usedforsecurity=False).digest() for each in (name, key)]
    serial = certificate.parsed["tbs_certificate"]["serial_number"].dump()
    identifier = der.encode(
        der.SEQUENCE, algorithm, *(der.encode(der.OCTET_STRING, each) for each in hashed), serial
    )
    request = der.encode(der.SEQUENCE, identifier)
    return der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, der.encode(der.SEQUENCE, request)))


class Failure(StrEnum):
    """What the twin's next answer is instead of a good one."""

    DOWN = "down"
    SLOW = "slow"
    HUGE = "huge"
    GARBAGE = "garbage"
    OLD = "old"
    WRONG_ISSUER = "wrong-issuer"
    NOTHING = "nothing"  # the certificate names no such service


@dataclass(frozen=True, slots=True)
class _Wrong:
    """Answers that the twin gives on command: an old one, one of another issuer."""

    old: bytes = b""
    foreign: bytes = b""


class FailingRevocationSource:
    """The twin: answers from another source, or fails as commanded, one failure for each coming question.

    `always` fails every question alike. `asked` counts the questions that left the house.
    """

    def __init__(self, inner: object, *, old: bytes = b"", foreign: bytes = b"") -> None:
        self.asked = 0
        self.always: Failure | None = None
        self._inner = inner
        self._wrong = _Wrong(old, foreign)
        self._failures: deque[Failure] = deque()

    def fail_next(self, *failures: Failure) -> None:
        """The coming questions fail like this, one each; then all is well again."""
        self._failures.extend(failures)

    def ocsp(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        return self._answer("ocsp", certificate, issuer, at)

    def crl(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        return self._answer("crl", certificate, issuer, at)

    def _answer(self, kind: str, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        failure = self.always or (self._failures.popleft() if self._failures else None)
        if failure is Failure.NOTHING:
            return None
        self.asked += 1
        match failure:
            case Failure.DOWN | Failure.SLOW | Failure.HUGE:
                raise RevocationUnavailable(f"twin: {failure.value}")
            case Failure.GARBAGE:
                return b"<html>502 Bad Gateway</html>"
            case Failure.OLD:
                return self._wrong.old
            case Failure.WRONG_ISSUER:
                return self._wrong.foreign
            case _:
                found: bytes | None = getattr(self._inner, kind)(certificate, issuer, at)
                return found
