"""A `RevocationSource` that keeps answers on disk, so that several processes and a restart share them.

The folder is not trusted. What is kept are bytes as they came: whoever validates judges each answer again, in a worker,
so a forged file in the folder is worth no more than a forged answer from the network. An answer is kept only when a
worker found it authentic for its certificate, until its nextUpdate, and never longer than `age`.

One file for each question, named by the digest of the question, written aside and renamed: a crash leaves the old file
or the new one, and a leftover that the next sweep takes. A file that is not what it should be counts as absent.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from signer.errors import RevocationUnavailable
from signer.ports import RevocationSource
from signer.trust.certificates import Certificate, parse
from signer.trust.kept_until import kept_until
from signer.trust.locations import crl_urls, ocsp_urls
from signer.trust.unreadable import Unreadable

SUFFIX = ".answer"
_LEFTOVER = timedelta(hours=1)
Until = Callable[[str, bytes, bytes, bytes], datetime | None]
Count = Callable[[str, str], None]


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """Of the whole folder and of one answer. `age`: how long an answer is kept at most, whatever it says."""

    entries: int = 4000
    total_bytes: int = 512 << 20
    answer_bytes: int = 20 << 20
    age: timedelta = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class _Question:
    kind: str
    certificate: bytes
    issuer: bytes
    urls: tuple[str, ...]
    key: str


class CachedRevocationSource:
    """Answers of another source, kept; `inner` None is offline: what is not kept is not to be had.

    `now` is the clock. `until` says until when an answer may be kept: give one that asks a worker. `count` is told
    of each question: its kind and where its answer came from (`cache`, `source`, `none`). Safe for threads.
    """

    def __init__(
        self,
        inner: RevocationSource | None,
        folder: Path,
        now: Callable[[], datetime],
        *,
        until: Until = kept_until,
        limits: CacheLimits | None = None,
        count: Count | None = None,
    ) -> None:
        self._inner = inner
        self._folder = folder
        self._now = now
        self._until = until
        self._limits = limits or CacheLimits()
        self._count = count or (lambda _kind, _source: None)
        self._reads = True
        self._sweeping = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def fresh(self) -> CachedRevocationSource:
        """The same source asking anew; what it gets is kept for the others. Offline it has nothing to give."""
        other = CachedRevocationSource(
            self._inner, self._folder, self._now, until=self._until, limits=self._limits, count=self._count
        )
        other._reads = False
        return other

    def keeps(self, certificate: bytes, issuer: bytes) -> bool:
        """Whether the next question about it would be answered from the folder."""
        found = (_question(kind, certificate, issuer) for kind in ("ocsp", "crl"))
        return any(each is not None and self._read(each) is not None for each in found)

    def ocsp(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        """DER OCSPResponse about the certificate (contract: `signer.ports.RevocationSource`)."""
        return self._answer("ocsp", certificate, issuer, at)

    def crl(self, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        """DER CertificateList that covers the certificate (contract: `signer.ports.RevocationSource`)."""
        return self._answer("crl", certificate, issuer, at)

    def _answer(self, kind: str, certificate: bytes, issuer: bytes, at: datetime) -> bytes | None:
        question = _question(kind, certificate, issuer)
        if question is None:
            return None
        kept = self._read(question) if self._reads else None
        if kept is not None:
            self._count(kind, "cache")
            return kept
        if self._inner is None:
            self._count(kind, "none")
            if not question.urls:
                return None
            raise RevocationUnavailable("offline")
        return self._ask(self._inner, question, at)

    def _ask(self, inner: RevocationSource, question: _Question, at: datetime) -> bytes | None:
        ask = inner.ocsp if question.kind == "ocsp" else inner.crl
        try:
            body = ask(question.certificate, question.issuer, at)
        except RevocationUnavailable:
            self._count(question.kind, "none")
            raise
        self._count(question.kind, "none" if body is None else "source")
        if body is not None and len(body) <= self._limits.answer_bytes:
            self._keep(question, body)
        return body

    def _keep(self, question: _Question, body: bytes) -> None:
        """What cannot be kept is only asked for again."""
        until = self._until(question.kind, body, question.certificate, question.issuer)
        now = self._now()
        if until is None or until <= now:
            return
        try:
            self._write(question.key, packed(body, now, min(until, now + self._limits.age)))
            self._sweep(now)
        except OSError:
            return

    def _read(self, question: _Question) -> bytes | None:
        path = self._folder / (question.key + SUFFIX)
        try:
            if path.stat().st_size > self._limits.answer_bytes + 1024:
                return None
            return _unpacked(path.read_bytes(), self._now(), self._limits.age)
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _write(self, key: str, data: bytes) -> None:
        part = self._folder / f"{key}.{secrets.token_hex(8)}.part"
        try:
            descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            part.replace(self._folder / (key + SUFFIX))
        finally:
            part.unlink(missing_ok=True)

    def _sweep(self, now: datetime) -> None:
        """The oldest go first until the folder is within its limits. One thread of a process at a time."""
        if not self._sweeping.acquire(blocking=False):
            return
        try:
            count, size = 0, 0
            for path, modified, length in sorted(self._files(), key=lambda each: each[1], reverse=True):
                leftover = path.suffix != SUFFIX and modified < (now - _LEFTOVER).timestamp()
                old = path.suffix == SUFFIX and modified < (now - self._limits.age).timestamp()
                count, size = count + 1, size + length
                if leftover or old or count > self._limits.entries or size > self._limits.total_bytes:
                    path.unlink(missing_ok=True)
        finally:
            self._sweeping.release()

    def _files(self) -> Iterator[tuple[Path, float, int]]:
        with os.scandir(self._folder) as found:
            for each in found:
                try:
                    facts = each.stat(follow_symlinks=False)
                except OSError:
                    continue
                if each.is_file(follow_symlinks=False):
                    yield Path(each.path), facts.st_mtime, facts.st_size


def _question(kind: str, certificate: bytes, issuer: bytes) -> _Question | None:
    """OCSP is about one certificate; a CRL is about all of one issuer that name the same places."""
    try:
        leaf, above = parse(certificate), parse(issuer)
    except Unreadable:
        return None
    urls = ocsp_urls(leaf) if kind == "ocsp" else crl_urls(leaf)
    return _Question(kind, certificate, issuer, urls, _key(kind, leaf, above, urls))


def _key(kind: str, leaf: Certificate, above: Certificate, urls: tuple[str, ...]) -> str:
    subject = leaf.fingerprint if kind == "ocsp" else json.dumps(urls).encode()
    parts = (kind.encode(), above.fingerprint, subject)
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).hexdigest()


def packed(body: bytes, asked: datetime, until: datetime) -> bytes:
    """What a file of the folder holds."""
    head = {
        "asked": asked.astimezone(UTC).isoformat(),
        "until": until.astimezone(UTC).isoformat(),
        "sha256": hashlib.sha256(body).hexdigest(),
    }
    return json.dumps(head).encode() + b"\n" + body


def _unpacked(data: bytes, now: datetime, age: timedelta) -> bytes | None:
    """The answer while it may be used. A clock that was put back makes it one from the future: asked again."""
    line, _, body = data.partition(b"\n")
    head = json.loads(line)
    asked, until = (datetime.fromisoformat(head[name]) for name in ("asked", "until"))
    if head["sha256"] != hashlib.sha256(body).hexdigest():
        return None
    return body if asked <= now < min(until, asked + age) else None
