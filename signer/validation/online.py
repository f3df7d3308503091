"""Validation with a network: the worker says what it lacks, the parent fetches, the worker judges again.

1. Validate with what is in the file.      2. Ask the port for each certificate whose status is unsettled.
3. Validate again with the answers.        Twice at most: new answers may bring responders of their own; and twice
   more while issuers are missing that may be fetched, each with a certificate of the level above.
   The digests of the first round are handed back: the bytes of a large file are read once.
   A kept answer that did not settle the status (it is older than needed) is asked for anew, once; where the
   responder's answer did not settle it, the list is asked for.

The worker that parses hostile bytes never has the network; what the network answers is parsed only there.
A source that does not answer leaves the status unsettled: INDETERMINATE / TRY_LATER, never a pass.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from policies.validation import ValidationProfile
from signer.errors import RevocationUnavailable
from signer.ports import CertificateSource, KeepingRevocationSource, RevocationSource
from signer.sandbox import Calls
from signer.trust.anchors import TrustAnchors
from signer.validation.values import NO_EVIDENCE, DocumentReport, Evidence, Need, Orphan, SignedDigest

T = TypeVar("T")
Ask = Callable[[bytes, bytes, datetime], bytes | None]
_TASK = "signer.validation.process:run"
_ROUNDS = 2
_MOST_NEEDS = 40
_FORESEEN = 16
_MOST_ORPHANS = 8


class Foreseen:
    """Certificates that the documents of one office need again and again: its signers', its authority's.

    They are asked about before the first round, so that most of these documents are judged in one. Only for
    files that the office made itself: others would choose what is asked. Bounded; safe for threads.
    """

    def __init__(self) -> None:
        self._needs: dict[Need, None] = {}
        self._lock = threading.Lock()

    def needs(self) -> list[Need]:
        """The last that were needed."""
        with self._lock:
            return list(self._needs)

    def remember(self, needs: Iterable[Need]) -> None:
        """These were needed now; the oldest are forgotten."""
        with self._lock:
            for need in needs:
                self._needs.pop(need, None)
                self._needs[need] = None
            while len(self._needs) > _FORESEEN:
                del self._needs[next(iter(self._needs))]


def validate_online(
    sandbox: Calls,
    path: Path,
    trust: TrustAnchors,
    at: datetime,
    profile: ValidationProfile,
    revocation: RevocationSource | None = None,
    password: str | None = None,
    *,
    evidence: Evidence = NO_EVIDENCE,
    foreseen: Foreseen | None = None,
    issuers: CertificateSource | None = None,
) -> DocumentReport:
    """Validate in a worker, fetching what is missing through `revocation` (None: offline).

    `foreseen` is for the office's own output alone. `issuers`: whoever may be asked for certificates that are left out.

    Raises `DocumentRefused` when the file cannot be read within limits, `SandboxUnavailable` without worker.
    """

    def judge(known: Evidence, digests: tuple[SignedDigest, ...]) -> DocumentReport:
        report: DocumentReport = sandbox.call(_TASK, path, trust, at, profile, known, password, digests)
        return report

    digests: tuple[SignedDigest, ...] = ()
    first: DocumentReport | None = None
    if issuers is not None:
        evidence, digests, first = with_issuers(judge, at, issuers, evidence)
    return in_rounds(
        judge,
        lambda report: report,
        at,
        revocation,
        evidence=evidence,
        foreseen=foreseen,
        digests=digests,
        first=first,
    )


def with_issuers(
    judge: Callable[[Evidence, tuple[SignedDigest, ...]], DocumentReport],
    at: datetime,
    issuers: CertificateSource,
    evidence: Evidence,
) -> tuple[Evidence, tuple[SignedDigest, ...], DocumentReport | None]:
    """The evidence with the issuers' certificates that the file leaves out, as far as they are given; digests; and the
    report by just that evidence, None when nobody has judged by it yet."""
    asked: set[Orphan] = set()
    digests: tuple[SignedDigest, ...] = ()
    for _ in range(_ROUNDS):
        report = judge(evidence, digests)
        digests = report.digests
        missing = [each for each in report.orphans if each.addresses and each not in asked][:_MOST_ORPHANS]
        asked.update(missing)
        found = tuple(data for each in missing if (data := _issuer(issuers, each, at)) is not None)
        if not found:
            return evidence, digests, report
        evidence = evidence + Evidence(found)
    return evidence, digests, None


def _issuer(issuers: CertificateSource, orphan: Orphan, at: datetime) -> bytes | None:
    try:
        return issuers.issuer(orphan.addresses, at)
    except RevocationUnavailable:
        return None


def in_rounds(
    judge: Callable[[Evidence, tuple[SignedDigest, ...]], T],
    report_of: Callable[[T], DocumentReport],
    at: datetime,
    revocation: RevocationSource | None,
    *,
    evidence: Evidence = NO_EVIDENCE,
    foreseen: Foreseen | None = None,
    digests: tuple[SignedDigest, ...] = (),
    first: T | None = None,
) -> T:
    """What `judge` says in the end: it is asked again, with the answers, while its report lacks some. `first`: what it
    has said to `evidence` already."""
    asking = _Asking(revocation, at)
    if foreseen is not None:
        evidence, first = evidence + asking.about(foreseen.needs()), None
    for _ in range(_ROUNDS):
        judged, first = first or judge(evidence, digests), None
        report = report_of(judged)
        digests = report.digests
        fresh = asking.unasked(report.needs)
        if foreseen is not None and revocation is not None:
            foreseen.remember(fresh)
        found = asking.otherwise(report.needs) + asking.anew(report.needs) + asking.about(fresh)
        if found == NO_EVIDENCE:
            return judged
        evidence = evidence + found
    return judge(evidence, digests)


class _Asking:
    """What one validation has asked so far. Each certificate is asked about once, and once more where the first
    answer was a kept one."""

    def __init__(self, revocation: RevocationSource | None, at: datetime) -> None:
        self._source = revocation
        self._at = at
        self._asked: set[Need] = set()
        self._kept: set[Need] = set()
        self._listed: set[Need] = set()

    def unasked(self, needs: Iterable[Need]) -> list[Need]:
        """Those that were not asked about yet, as many as one round may ask."""
        return [need for need in needs if need not in self._asked][:_MOST_NEEDS]

    def about(self, needs: list[Need]) -> Evidence:
        """The answers of the source, kept ones too."""
        if self._source is None:
            return NO_EVIDENCE
        self._asked.update(needs)
        if isinstance(self._source, KeepingRevocationSource):
            self._kept.update(need for need in needs if self._source.keeps(need.certificate, need.issuer))
        return fetch(self._source, needs, self._at, self._listed)

    def otherwise(self, needs: Iterable[Need]) -> Evidence:
        """Of those that an OCSP answer left unsettled, the CRLs."""
        open_still = [need for need in needs if need in self._asked and need not in self._listed]
        if self._source is None:
            return NO_EVIDENCE
        self._listed.update(open_still)
        found = [_ask(self._source.crl, need, self._at) for need in open_still]
        return Evidence(crls=tuple(dict.fromkeys(each for each in found if each is not None)))

    def anew(self, needs: Iterable[Need]) -> Evidence:
        """Of those that a kept answer left unsettled, the answers as they are now."""
        again = [need for need in needs if need in self._kept]
        self._kept.difference_update(again)
        if not again or not isinstance(self._source, KeepingRevocationSource):
            return NO_EVIDENCE
        return fetch(self._source.fresh(), again, self._at)


def fetch(
    revocation: RevocationSource, needs: list[Need], at: datetime, listed: set[Need] | None = None
) -> Evidence:
    """Answers about these certificates, as far as there are any: OCSP first, the CRL where there is none. `listed` gets
    those whose CRL was asked for."""
    ocsp: dict[bytes, None] = {}
    crls: dict[bytes, None] = {}
    for need in needs:
        response = _ask(revocation.ocsp, need, at)
        if response is not None:
            ocsp.setdefault(response)
        else:
            if listed is not None:
                listed.add(need)
            answer = _ask(revocation.crl, need, at)
            if answer is not None:
                crls.setdefault(answer)
    return Evidence(ocsp=tuple(ocsp), crls=tuple(crls))


def _ask(ask: Ask, need: Need, at: datetime) -> bytes | None:
    try:
        return ask(need.certificate, need.issuer, at)
    except RevocationUnavailable:
        return None
